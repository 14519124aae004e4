//! What Linux's 64-bit boot protocol hands over (Linux, Documentation/arch/x86/boot.rst, "64-bit boot protocol", and
//! zero-page.rst): the zero page, and a processor in long mode with every address below 4 GiB mapped to itself.

use super::{Handover, ram_ranges};
use crate::memory::Ram;
use kvm_bindings::{kvm_dtable, kvm_segment, kvm_sregs};
use linux_loader::configurator::linux::LinuxBootConfigurator;
use linux_loader::configurator::{BootConfigurator, BootParams};
use linux_loader::loader::bootparam::{boot_e820_entry, boot_params, setup_header};
use vm_memory::{Bytes, GuestAddress};

/// Where the zero page lies.
pub const ZERO_PAGE: GuestAddress = GuestAddress(0x7000);
/// Where the descriptors of the two segments lie.
const DESCRIPTORS: GuestAddress = GuestAddress(0x5000);
/// Where the page tables lie: a table of level 4, one of level 3, and four of level 2, a page each.
const PAGE_TABLES: u64 = 0x9000;
const PAGE: u64 = 4096;
/// End of the page that the stack is in, for an entry that wants one.
pub const STACK: u64 = 0x9000;

/// Fields of the setup header that a kernel in an ELF file, which has none, finds: its magic numbers, the version of the
/// protocol (2.15), and that it is loaded high.
const BOOT_FLAG: u16 = 0xaa55;
const MAGIC: u32 = u32::from_le_bytes(*b"HdrS");
const VERSION: u16 = 0x20f;
const LOADED_HIGH: u8 = 1;
/// `type_of_loader` of one without a number of its own.
const OTHER_LOADER: u8 = 0xff;
/// `E820_TYPE_RAM`.
const RAM: u32 = 1;

/// Bits of a page table entry (SDM volume 3, table 5-15 and following): present, writable, a page of 2 MiB.
const PRESENT: u64 = 1;
const WRITABLE: u64 = 1 << 1;
const LARGE: u64 = 1 << 7;
/// Control registers (SDM volume 3, 2.5): protection and paging; the bit that is always 1; physical address extension.
const CR0: u64 = 1 | 1 << 4 | 1 << 31;
const CR4: u64 = 1 << 5;
/// EFER: long mode is enabled and active.
const EFER: u64 = 1 << 8 | 1 << 10;
/// The selectors `__BOOT_CS` and `__BOOT_DS`, and their descriptors: flat, code of 64 bits, and data.
const CODE_SELECTOR: u16 = 0x10;
const DATA_SELECTOR: u16 = 0x18;
const CODE: u64 = 0x00af_9b00_0000_ffff;
const DATA: u64 = 0x00cf_9300_0000_ffff;

/// Writes zero page, page tables and descriptors, if there is room.
pub fn write(handover: &Handover, header: Option<setup_header>, memory: &Ram) -> Option<()> {
    let mut params = boot_params {
        hdr: header.unwrap_or(setup_header {
            boot_flag: BOOT_FLAG,
            header: MAGIC,
            version: VERSION,
            loadflags: LOADED_HIGH,
            ..Default::default()
        }),
        acpi_rsdp_addr: handover.acpi_tables,
        ..Default::default()
    };
    params.hdr.type_of_loader = OTHER_LOADER;
    // All of these lie below 4 GiB: the gap there has no RAM.
    params.hdr.cmd_line_ptr = handover.command_line.start as u32;
    params.hdr.cmdline_size = (handover.command_line.end - handover.command_line.start) as u32;
    params.hdr.ramdisk_image = handover.initramfs.start as u32;
    params.hdr.ramdisk_size = (handover.initramfs.end - handover.initramfs.start) as u32;
    for (place, range) in params.e820_table.iter_mut().zip(ram_ranges(handover.memory_bytes)) {
        *place = boot_e820_entry {
            addr: range.start,
            size: range.end - range.start,
            r#type: RAM,
        };
        params.e820_entries += 1;
    }
    LinuxBootConfigurator::write_bootparams(&BootParams::new(&params, ZERO_PAGE), &**memory).ok()?;
    write_page_tables(memory)?;
    memory.write_obj([0, 0, CODE, DATA], DESCRIPTORS).ok()
}

fn write_page_tables(memory: &Ram) -> Option<()> {
    let table = |number: u64| PAGE_TABLES + number * PAGE;
    let write = |entry: u64, at: u64| memory.write_obj(entry, GuestAddress(at)).ok();
    write(table(1) | PRESENT | WRITABLE, table(0))?;
    for gib in 0..4 {
        write(table(2 + gib) | PRESENT | WRITABLE, table(1) + gib * 8)?;
    }
    (0..4 * 512).try_for_each(|page| write(page << 21 | PRESENT | WRITABLE | LARGE, table(2) + page * 8))
}

/// Puts the processor's state into long mode.
pub fn set_mode(sregs: &mut kvm_sregs) {
    (sregs.cr0, sregs.cr3, sregs.cr4, sregs.efer) = (CR0, PAGE_TABLES, CR4, EFER);
    sregs.gdt = kvm_dtable {
        base: DESCRIPTORS.0,
        limit: 4 * 8 - 1,
        ..Default::default()
    };
    let data = kvm_segment {
        limit: u32::MAX,
        selector: DATA_SELECTOR,
        type_: 3,
        present: 1,
        db: 1,
        s: 1,
        g: 1,
        ..Default::default()
    };
    (sregs.ds, sregs.es, sregs.fs, sregs.gs, sregs.ss) = (data, data, data, data, data);
    sregs.cs = kvm_segment {
        selector: CODE_SELECTOR,
        type_: 0xb,
        db: 0,
        l: 1,
        ..data
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    const MEMORY: u64 = 5 << 30;

    /// Memory into which all was written.
    static WRITTEN: LazyLock<Ram> = LazyLock::new(|| {
        let memory = Ram::reserve(MEMORY).unwrap();
        let handover = Handover {
            memory_bytes: MEMORY,
            on_demand: MEMORY,
            initramfs: 0x400_0000..0x400_5000,
            command_line: 0x2_0000..0x2_0010,
            acpi_tables: 0xe_0000,
        };
        write(&handover, None, &memory).unwrap();
        memory
    });

    #[test]
    fn the_zero_page_says_where_everything_lies() {
        let params: boot_params = WRITTEN.read_obj(ZERO_PAGE).unwrap();
        let header = params.hdr;
        assert_eq!(({ header.boot_flag }, { header.header }), (BOOT_FLAG, MAGIC));
        assert_eq!(({ header.cmd_line_ptr }, { header.cmdline_size }), (0x2_0000, 0x10));
        assert_eq!(
            ({ header.ramdisk_image }, { header.ramdisk_size }),
            (0x400_0000, 0x5000)
        );
        assert_eq!({ params.acpi_rsdp_addr }, 0xe_0000);
        let map = params.e820_table;
        let map = map[..params.e820_entries.into()]
            .iter()
            .map(|entry| (entry.addr, entry.size));
        assert_eq!(
            map.collect::<Vec<_>>(),
            [(0, 0x9_fc00), (1 << 20, 0xbff0_0000), (1 << 32, 2 << 30)]
        );
    }

    proptest! {
        #[test]
        fn every_address_below_4_gib_is_mapped_to_itself(address in 0u64..1 << 32) {
            let entry = |table: u64, shift: u32| -> u64 {
                let at = (table & !0xfff) + (address >> shift & 0x1ff) * 8;
                WRITTEN.read_obj(GuestAddress(at)).unwrap()
            };
            let level_4 = entry(PAGE_TABLES, 39);
            let level_3 = entry(level_4, 30);
            let level_2 = entry(level_3, 21);
            prop_assert!([level_4, level_3, level_2].iter().all(|entry| entry & 3 == PRESENT | WRITABLE));
            prop_assert!(level_4 & LARGE == 0 && level_3 & LARGE == 0 && level_2 & LARGE != 0);
            prop_assert_eq!((level_2 & !0x1f_ffff) + (address & 0x1f_ffff), address);
        }
    }
}
