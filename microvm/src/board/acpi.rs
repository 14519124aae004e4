//! The tables by which Linux learns what this machine has (Advanced Configuration and Power Interface Specification 6.5,
//! chapters 5 and 19): processors, the I/O APIC, the devices with their interrupt lines, and that the rest of a PC is
//! missing, so that nothing is probed.

use crate::boot::ACPI_TABLES;
use crate::devices::block;
use acpi_tables::Aml;
use acpi_tables::aml::{Device, EISAName, IO, Interrupt, Memory32Fixed, Name, Path, ResourceTemplate, Scope};
use acpi_tables::fadt::{FADTBuilder, Flags};
use acpi_tables::madt::{EnabledStatus, IoApic, LocalInterruptController, MADT, ProcessorLocalApic};
use acpi_tables::rsdp::Rsdp;
use acpi_tables::sdt::Sdt;
use acpi_tables::xsdt::XSDT;

/// Where they lie.
const ADDRESS: u64 = ACPI_TABLES.0;
/// What there is room for.
const ROOM: usize = 0x2_0000;
/// Where a processor's local APIC lies.
const LOCAL_APIC: u32 = 0xfee0_0000;
/// Where the I/O APIC lies.
const IO_APIC: u32 = 0xfec0_0000;
const MAKER: [u8; 6] = *b"ISOLAB";
const MODEL: [u8; 8] = *b"MICROVM ";
/// IA-PC boot architecture flags (table 5.10): no VGA, no message-signalled interrupts, no CMOS clock that a driver could
/// use (the one that there is tells the date, and has neither alarm nor interrupt). That bit 1 is clear says that there
/// is no keyboard controller.
const BOOT_ARCHITECTURE: u16 = 1 << 2 | 1 << 3 | 1 << 5;

/// A serial port: its first I/O port and its interrupt line.
pub type SerialPort = (u16, u32);

/// The tables of a machine; the root pointer is at [`ADDRESS`].
pub fn make(cpus: u8, serial_ports: [SerialPort; 2], disk_lines: &[u32]) -> Vec<u8> {
    // The root pointer comes first and is written last.
    let mut tables = vec![0; Rsdp::len().next_multiple_of(16)];
    let mut add = |table: &dyn Aml| {
        let address = ADDRESS + tables.len() as u64;
        table.to_aml_bytes(&mut tables);
        tables.resize(tables.len().next_multiple_of(16), 0);
        address
    };

    let dsdt = add(&devices(serial_ports, disk_lines));
    let mut fadt = FADTBuilder::new(MAKER, MODEL, 1)
        .dsdt_64(dsdt)
        .flag(Flags::HwReducedAcpi);
    fadt.iapc_boot_arch = BOOT_ARCHITECTURE.into();
    let fadt = add(&fadt.finalize());

    let mut madt = MADT::new(MAKER, MODEL, 1, LocalInterruptController::Address(LOCAL_APIC));
    for id in 0..cpus {
        madt.add_structure(ProcessorLocalApic::new(id, id, EnabledStatus::Enabled));
    }
    madt.add_structure(IoApic::new(0, IO_APIC, 0));
    let madt = add(&madt);

    let mut xsdt = XSDT::new(MAKER, MODEL, 1);
    xsdt.add_entry(fadt);
    xsdt.add_entry(madt);
    let xsdt = add(&xsdt);

    let mut root = Vec::new();
    Rsdp::new(MAKER, xsdt).to_aml_bytes(&mut root);
    tables[..root.len()].copy_from_slice(&root);
    debug_assert!(tables.len() <= ROOM);
    tables
}

/// The table of devices.
fn devices(serial_ports: [SerialPort; 2], disk_lines: &[u32]) -> Sdt {
    let hardware_id = EISAName::new("PNP0501"); // a 16550A
    let port = |index: usize, name: &str| {
        let (first, line) = serial_ports[index];
        let mut bytes = Vec::new();
        Device::new(
            name.into(),
            vec![
                &Name::new("_HID".into(), &hardware_id),
                &Name::new("_UID".into(), &(index as u8)),
                &Name::new(
                    "_CRS".into(),
                    &ResourceTemplate::new(vec![
                        &IO::new(first, first, 1, 8),
                        // Consumed by the device, edge-triggered, active high, not shared.
                        &Interrupt::new(true, true, false, false, line),
                    ]),
                ),
            ],
        )
        .to_aml_bytes(&mut bytes);
        bytes
    };
    let (com1, com2) = (port(0, "COM1"), port(1, "COM2"));
    let disks = disk_lines.iter().enumerate().flat_map(disk).collect();
    let mut bytes = Vec::new();
    Scope::new(Path::new("\\_SB_"), vec![&Raw(com1), &Raw(com2), &Raw(disks)]).to_aml_bytes(&mut bytes);
    let header_bytes = 36;
    let mut table = Sdt::new(*b"DSDT", header_bytes, 2, MAKER, MODEL, 1);
    table.append_slice(&bytes);
    table
}

/// A disk: a virtio device behind registers in memory (the identifier is Linux's, drivers/virtio/virtio_mmio.c).
fn disk((index, line): (usize, &u32)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let registers = block::ADDRESS + index as u64 * block::SIZE;
    Device::new(
        format!("DSK{index}").as_str().into(),
        vec![
            &Name::new("_HID".into(), &"LNRO0005"),
            &Name::new("_UID".into(), &(index as u8)),
            &Name::new(
                "_CRS".into(),
                &ResourceTemplate::new(vec![
                    &Memory32Fixed::new(true, registers as u32, block::SIZE as u32),
                    &Interrupt::new(true, true, false, false, *line),
                ]),
            ),
        ],
    )
    .to_aml_bytes(&mut bytes);
    bytes
}

/// Bytes that are AML already.
struct Raw(Vec<u8>);

impl Aml for Raw {
    fn to_aml_bytes(&self, sink: &mut dyn acpi_tables::AmlSink) {
        sink.vec(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::CPUS_MAX;

    /// Every table that can be reached from the root, checked by its sum.
    #[test]
    fn the_tables_can_be_walked_from_the_root_and_their_sums_are_zero() {
        let tables = make(CPUS_MAX, [(0x3f8, 4), (0x2f8, 3)], &[5, 6]);
        let sum = |bytes: &[u8]| bytes.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        let at = |address: u64| &tables[(address - ADDRESS) as usize..];
        let quad = |bytes: &[u8], at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        let table = |address: u64, name: &[u8]| {
            let bytes = at(address);
            let length = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
            assert_eq!(&bytes[..4], name);
            assert_eq!(sum(&bytes[..length]), 0, "{name:?}");
            bytes[..length].to_vec()
        };
        assert_eq!(&tables[..8], b"RSD PTR ");
        assert_eq!(sum(&tables[..20]), 0);
        assert_eq!(sum(&tables[..36]), 0);
        let xsdt = table(quad(&tables, 24), b"XSDT");
        assert_eq!(xsdt.len(), 36 + 16);
        let fadt = table(quad(&xsdt, 36), b"FACP");
        table(quad(&fadt, 140), b"DSDT");
        let madt = table(quad(&xsdt, 44), b"APIC");
        assert_eq!(madt.len(), 44 + 8 * usize::from(CPUS_MAX) + 12);
        assert!(tables.len() <= ROOM);
    }
}
