//! What the PVH boot protocol hands over (Xen's `docs/misc/pvh.pandoc` and `xen/include/public/arch-x86/hvm/start_info.h`).

use super::{Handover, ram_ranges};
use crate::abi::RAM_ON_DEMAND;
use crate::memory::Ram;
use linux_loader::configurator::pvh::PvhBootConfigurator;
use linux_loader::configurator::{BootConfigurator, BootParams};
use linux_loader::loader::elf::start_info::{hvm_memmap_table_entry, hvm_modlist_entry, hvm_start_info};
use std::ops::Range;
use vm_memory::GuestAddress;

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

/// Writes it, if there is room.
pub fn write(handover: &Handover, memory: &Ram) -> Option<()> {
    let entry = |range: Range<u64>, type_| hvm_memmap_table_entry {
        addr: range.start,
        size: range.end - range.start,
        type_,
        reserved: 0,
    };
    let mut map = Vec::new();
    for range in ram_ranges(handover.memory_bytes) {
        let border = handover.on_demand.clamp(range.start, range.end);
        let parts = [(range.start..border, RAM), (border..range.end, RAM_ON_DEMAND)];
        let parts = parts.into_iter().filter(|(range, _)| !range.is_empty());
        map.extend(parts.map(|(range, kind)| entry(range, kind)));
    }
    let start_info = hvm_start_info {
        magic: START_MAGIC,
        version: 1,
        nr_modules: 1,
        modlist_paddr: MODULES.0,
        cmdline_paddr: handover.command_line.start,
        memmap_paddr: MEMORY_MAP.0,
        memmap_entries: map.len() as u32,
        rsdp_paddr: handover.acpi_tables,
        ..Default::default()
    };
    let module = hvm_modlist_entry {
        paddr: handover.initramfs.start,
        size: handover.initramfs.end - handover.initramfs.start,
        ..Default::default()
    };
    let mut params = BootParams::new(&start_info, START_INFO);
    params.set_sections(&map, MEMORY_MAP);
    params.set_modules(&[module], MODULES);
    PvhBootConfigurator::write_bootparams(&params, &**memory).ok()
}
