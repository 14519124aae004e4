//! What the boot loader left: RAM, initramfs, command line (PVH start info, Xen's `xen/include/public/arch-x86/hvm/start_info.h`).

use crate::abi;
use crate::memory::layout::direct;
use core::slice;

/// `hvm_start_info`, version 1.
#[repr(C)]
struct StartInfo {
    magic: u32,
    version: u32,
    flags: u32,
    modules: u32,
    module_list: u64,
    command_line: u64,
    rsdp: u64,
    memory_map: u64,
    memory_map_entries: u32,
    reserved: u32,
}

/// `hvm_modlist_entry`.
#[repr(C)]
struct Module {
    address: u64,
    size: u64,
    command_line: u64,
    reserved: u64,
}

/// `hvm_memmap_table_entry`.
#[repr(C)]
struct MemoryMapEntry {
    address: u64,
    size: u64,
    kind: u32,
    reserved: u32,
}

/// `XEN_HVM_START_MAGIC_VALUE`.
const MAGIC: u32 = 0x336e_c578;
/// `XEN_HVM_MEMMAP_TYPE_RAM`.
const RAM: u32 = 1;
/// A longer command line is cut.
const COMMAND_LINE_MAX: usize = 64 << 10;

/// A range of guest-physical memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    pub start: u64,
    pub end: u64,
}

/// What the boot loader left.
pub struct BootInfo {
    command_line: u64,
    command_line_bytes: usize,
    memory_map: &'static [MemoryMapEntry],
    /// The initramfs; empty when there is none.
    pub initramfs: Range,
    /// Everything of the boot loader's that lies in RAM and is still needed.
    pub reserved: [Range; 4],
}

impl BootInfo {
    /// Reads the start info at a physical address.
    pub fn read(physical: u64) -> Result<Self, &'static str> {
        // SAFETY: the boot protocol puts a start info there, in RAM, which the direct map covers to 1 GiB.
        let info = unsafe { &*direct(physical).cast::<StartInfo>() };
        if info.magic != MAGIC {
            return Err("not booted by the PVH protocol: the start info has a wrong magic number");
        }
        if info.version < 1 || info.memory_map_entries == 0 {
            return Err("the boot loader gave no memory map (PVH start info version 0)");
        }
        // SAFETY: the protocol gives the number of entries at this address.
        let memory_map =
            unsafe { slice::from_raw_parts(direct(info.memory_map).cast(), info.memory_map_entries as usize) };
        let mut initramfs = Range::default();
        if info.modules > 0 {
            // SAFETY: as above; the first module is the initramfs.
            let module = unsafe { &*direct(info.module_list).cast::<Module>() };
            initramfs = Range {
                start: module.address,
                end: module.address.saturating_add(module.size),
            };
        }
        let mut command_line_bytes = 0;
        if info.command_line != 0 {
            // SAFETY: a string that ends in a zero byte.
            while command_line_bytes < COMMAND_LINE_MAX
                && unsafe { *direct(info.command_line).add(command_line_bytes) } != 0
            {
                command_line_bytes += 1;
            }
        }
        let range = |start: u64, bytes: usize| Range {
            start,
            end: start + bytes as u64,
        };
        Ok(Self {
            command_line: info.command_line,
            command_line_bytes,
            memory_map,
            initramfs,
            reserved: [
                Range {
                    start: initramfs.start,
                    end: initramfs.end.checked_next_multiple_of(abi::FRAMES_ALIGNMENT).unwrap_or(u64::MAX),
                },
                range(physical, size_of::<StartInfo>()),
                range(info.command_line, command_line_bytes + 1),
                range(info.memory_map, size_of_val(memory_map)),
            ],
        })
    }

    /// The command line; it stays where it is.
    pub fn command_line(&self) -> &'static [u8] {
        // SAFETY: measured in `read`; the frames it lies in are reserved.
        unsafe { slice::from_raw_parts(direct(self.command_line), self.command_line_bytes) }
    }

    /// The ranges of RAM, in the order of the map.
    pub fn ram(&self) -> impl Iterator<Item = Range> {
        self.of_kind(RAM)
    }

    /// Those that the machine has when it has asked for them.
    pub fn ram_on_demand(&self) -> impl Iterator<Item = Range> {
        self.of_kind(abi::RAM_ON_DEMAND)
    }

    fn of_kind(&self, kind: u32) -> impl Iterator<Item = Range> {
        let ram = self.memory_map.iter().filter(move |entry| entry.kind == kind);
        ram.map(|entry| Range {
            start: entry.address,
            end: entry.address.saturating_add(entry.size),
        })
    }
}
