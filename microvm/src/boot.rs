//! Loads a kernel and its initramfs, and writes what the PVH boot protocol hands over (Xen's `docs/misc/pvh.pandoc` and
//! `xen/include/public/arch-x86/hvm/start_info.h`).

use crate::kernel::Image;
use crate::memory::{GAP_END, GAP_START, Ram};
use crate::{Error, Initramfs};
use linux_loader::configurator::pvh::PvhBootConfigurator;
use linux_loader::configurator::{BootConfigurator, BootParams};
use linux_loader::loader::elf::PvhBootCapability;
use linux_loader::loader::elf::start_info::{hvm_memmap_table_entry, hvm_modlist_entry, hvm_start_info};
use linux_loader::loader::{Elf, KernelLoader};
use std::io::{Cursor, Read, Seek};
use vm_memory::{GuestAddress, GuestMemoryBackend, ReadVolatile};

/// `XEN_HVM_START_MAGIC_VALUE`.
const START_MAGIC: u32 = 0x336e_c578;
/// `XEN_HVM_MEMMAP_TYPE_RAM`.
const RAM: u32 = 1;
/// Where the start info lies.
pub const START_INFO: GuestAddress = GuestAddress(0x6000);
/// Where the module list lies.
const MODULES: GuestAddress = GuestAddress(0x6100);
/// Where the memory map lies.
const MEMORY_MAP: GuestAddress = GuestAddress(0x6200);
/// Where the command line lies.
const COMMAND_LINE: GuestAddress = GuestAddress(0x2_0000);
/// Where ACPI tables lie, the root pointer first: where a PC has its firmware, which is no RAM.
pub const ACPI_TABLES: GuestAddress = GuestAddress(0xe_0000);
/// Longest command line that there is room for.
pub const COMMAND_LINE_MAX: usize = (64 << 10) - 1;
/// End of conventional memory: above is where a PC has its firmware.
const LOW_END: u64 = 0x9_fc00;
/// Memory goes on here.
const HIGH_START: u64 = 1 << 20;

/// Where the processor begins.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Physical address of the first instruction, in 32-bit protected mode.
    pub address: GuestAddress,
}

/// What goes into the guest's memory.
pub struct Payload<'a> {
    /// The kernel.
    pub kernel: Image,
    /// Its files.
    pub initramfs: &'a Initramfs,
    /// More files, in an archive of their own behind the first, where the kernel takes several.
    pub second_archive: &'a [u8],
    /// The kernel's command line.
    pub command_line: String,
    /// The longest that it reads.
    pub command_line_max: usize,
    /// Tables for [`ACPI_TABLES`], or none.
    pub acpi_tables: &'a [u8],
}

/// Puts everything into the guest's memory.
pub fn load(payload: Payload, memory: &Ram, memory_bytes: u64) -> Result<Entry, Error> {
    let Payload {
        mut kernel,
        initramfs,
        second_archive,
        command_line,
        command_line_max,
        acpi_tables,
    } = payload;
    let mib = memory_bytes >> 20;
    let inspected = kernel.layout().map_err(|why| kernel.bad(why))?;
    inspected.check_bootable(memory_bytes).map_err(|why| kernel.bad(why))?;
    let loaded = match &mut kernel {
        Image::Builtin(bytes) => load_elf(memory, &mut Cursor::new(&bytes[..])),
        Image::File { file, .. } => load_elf(memory, file),
    };
    let (address, kernel_end) = loaded.map_err(|why| kernel.bad(why))?;

    let start = kernel_end.next_multiple_of(4096);
    let mut size = put_initramfs(initramfs, memory, GuestAddress(start), mib)?;
    if !second_archive.is_empty() {
        size = size.next_multiple_of(4096);
        let at = GuestAddress(start + size);
        memory.write(second_archive, at).ok_or(Error::DoesNotFit {
            what: "the initramfs",
            mib,
        })?;
        size += second_archive.len() as u64;
    }
    let mut command_line = command_line.into_bytes();
    if command_line.len() > command_line_max {
        return Err(Error::CommandLine {
            bytes: command_line.len(),
            most: command_line_max,
        });
    }
    command_line.push(0);
    memory.write(&command_line, COMMAND_LINE).ok_or(Error::DoesNotFit {
        what: "the command line",
        mib,
    })?;
    let module = hvm_modlist_entry {
        paddr: start,
        size,
        ..Default::default()
    };
    memory
        .write(acpi_tables, ACPI_TABLES)
        .and_then(|()| {
            let tables = if acpi_tables.is_empty() { 0 } else { ACPI_TABLES.0 };
            write_start_info(memory_bytes, memory, module, tables)
        })
        .ok_or(Error::DoesNotFit {
            what: "the boot information",
            mib,
        })?;
    Ok(Entry { address })
}

/// Loads the segments; gives the PVH entry and one past the last byte of the kernel.
fn load_elf(memory: &Ram, image: &mut (impl Read + ReadVolatile + Seek)) -> Result<(GuestAddress, u64), String> {
    let loaded = Elf::load(&**memory, None, image, None).map_err(|error| error.to_string())?;
    match loaded.pvh_boot_cap {
        PvhBootCapability::PvhEntryPresent(address) => Ok((address, loaded.kernel_end)),
        _ => Err("its PVH entry cannot be read".into()),
    }
}

/// Puts the initramfs at a page of the guest's memory; gives its size.
fn put_initramfs(initramfs: &Initramfs, memory: &Ram, at: GuestAddress, mib: u64) -> Result<u64, Error> {
    let no_room = Error::DoesNotFit {
        what: "the initramfs",
        mib,
    };
    match initramfs {
        Initramfs::Bytes(bytes) => memory.write(bytes, at).map(|()| bytes.len() as u64).ok_or(no_room),
        Initramfs::Shared {
            head,
            file,
            bytes,
            tail,
        } => {
            let file_at = at.0 + head.len() as u64;
            if *bytes > memory.last_addr().0.saturating_sub(file_at) {
                return Err(no_room);
            }
            if *bytes > 0 {
                memory
                    .map_file(file, *bytes as usize, GuestAddress(file_at))
                    .map_err(Error::ReadInitramfs)?;
            }
            let written = memory.write(head, at);
            let written = written.and_then(|()| memory.write(tail, GuestAddress(file_at + bytes)));
            written
                .map(|()| head.len() as u64 + bytes + tail.len() as u64)
                .ok_or(no_room)
        }
    }
}

fn write_start_info(memory_bytes: u64, memory: &Ram, module: hvm_modlist_entry, rsdp_paddr: u64) -> Option<()> {
    let map = memory_map(memory_bytes);
    let start_info = hvm_start_info {
        magic: START_MAGIC,
        version: 1,
        nr_modules: 1,
        modlist_paddr: MODULES.0,
        cmdline_paddr: COMMAND_LINE.0,
        memmap_paddr: MEMORY_MAP.0,
        memmap_entries: map.len() as u32,
        rsdp_paddr,
        ..Default::default()
    };
    let mut params = BootParams::new(&start_info, START_INFO);
    params.set_sections(&map, MEMORY_MAP);
    params.set_modules(&[module], MODULES);
    PvhBootConfigurator::write_bootparams(&params, &**memory).ok()
}

/// The RAM that the guest is told of.
fn memory_map(bytes: u64) -> Vec<hvm_memmap_table_entry> {
    let ram = |addr, end| hvm_memmap_table_entry {
        addr,
        size: end - addr,
        type_: RAM,
        reserved: 0,
    };
    let mut map = vec![ram(0, LOW_END), ram(HIGH_START, bytes.min(GAP_START))];
    if bytes > GAP_START {
        map.push(ram(GAP_END, GAP_END + bytes - GAP_START));
    }
    map
}
