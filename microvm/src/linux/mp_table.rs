//! The table by which Linux learns of processors and interrupt lines where there is no ACPI (Intel, MultiProcessor
//! Specification 1.4, chapter 4).

use super::CPUS_MAX;

/// Where it lies: in the last KiB of conventional memory, one of the three places where it is looked for (4.1).
pub const ADDRESS: u32 = 0x9_fc00;
/// What there is room for.
const ROOM: usize = 1024;
/// Where a processor's local APIC lies.
const LOCAL_APIC: u32 = 0xfee0_0000;
/// Where the I/O APIC lies.
const IO_APIC: u32 = 0xfec0_0000;
/// Version of KVM's local and I/O APICs.
const APIC_VERSION: u8 = 0x14;
/// Interrupt lines of a PC's ISA bus.
const LINES: u8 = 16;
/// Destination: every local APIC.
const ALL: u8 = 0xff;

/// The table for that many processors.
pub fn make(cpus: u8) -> Vec<u8> {
    let cpus = cpus.min(CPUS_MAX);
    let io_apic_id = cpus;
    let mut entries: Vec<u8> = Vec::new();
    let mut count: u16 = 0;
    let mut add = |entry: &[u8]| {
        entries.extend_from_slice(entry);
        count += 1;
    };
    for id in 0..cpus {
        // Processor (4.3.1): usable, and the first one boots; family 6; has an FPU and an APIC.
        let flags = 1 | u8::from(id == 0) << 1;
        let mut entry = [0; 20];
        entry[..8].copy_from_slice(&[0, id, APIC_VERSION, flags, 0x00, 0x06, 0, 0]);
        entry[8..12].copy_from_slice(&0x0201_u32.to_le_bytes());
        add(&entry);
    }
    // Bus (4.3.2).
    add(b"\x01\x00ISA   ");
    // I/O APIC (4.3.3).
    let mut io_apic = [2, io_apic_id, APIC_VERSION, 1, 0, 0, 0, 0];
    io_apic[4..].copy_from_slice(&IO_APIC.to_le_bytes());
    add(&io_apic);
    // Interrupt lines (4.3.4): each to the input of the same number, polarity and trigger mode as the bus has them.
    for line in 0..LINES {
        add(&[3, 0, 0, 0, 0, line, io_apic_id, line]);
    }
    // Local lines (4.3.5): ExtINT at input 0 of the boot processor, NMI at input 1 of all.
    add(&[4, 3, 0, 0, 0, 0, 0, 0]);
    add(&[4, 1, 0, 0, 0, 0, ALL, 1]);

    // Configuration table header (4.2), behind the 16 bytes of the floating pointer.
    let mut header = [0; 44];
    header[..4].copy_from_slice(b"PCMP");
    header[4..6].copy_from_slice(&((44 + entries.len()) as u16).to_le_bytes());
    header[6] = 4;
    header[8..28].copy_from_slice(b"ISOLAB  MICROVM     ");
    header[34..36].copy_from_slice(&count.to_le_bytes());
    header[36..40].copy_from_slice(&LOCAL_APIC.to_le_bytes());
    header[7] = checksum(&[&header, &entries]);

    // Floating pointer (4.1): one paragraph long, version 1.4, no default configuration, no IMCR.
    let mut pointer = [0; 16];
    pointer[..4].copy_from_slice(b"_MP_");
    pointer[4..8].copy_from_slice(&(ADDRESS + 16).to_le_bytes());
    pointer[8] = 1;
    pointer[9] = 4;
    pointer[10] = checksum(&[&pointer]);
    let table = [&pointer[..], &header, &entries].concat();
    debug_assert!(table.len() <= ROOM);
    table
}

/// The byte that makes the sum of all bytes 0.
fn checksum(parts: &[&[u8]]) -> u8 {
    parts
        .iter()
        .flat_map(|part| part.iter())
        .fold(0u8, |sum, byte| sum.wrapping_sub(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_fits_its_place_and_its_sums_are_zero_for_any_number_of_processors() {
        for cpus in 1..=CPUS_MAX {
            let table = make(cpus);
            let length = usize::from(u16::from_le_bytes([table[20], table[21]]));
            assert_eq!(table.len(), 16 + length);
            assert!(table.len() <= ROOM, "{} bytes", table.len());
            assert_eq!(table[..16].iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)), 0);
            assert_eq!(table[16..].iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)), 0);
        }
    }
}
