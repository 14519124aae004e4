//! What isolab says of kernel files, bootable or not.

use microvm::kernel::{Protocol, builtin, inspect};
use proptest::prelude::*;

const ROOM: u64 = 64 << 20;

/// Why a kernel is refused, by inspection or by the check that follows.
fn refusal(bytes: &[u8]) -> String {
    let checked = inspect(bytes).and_then(|inspection| inspection.check_bootable(ROOM).map(drop));
    checked.expect_err("it should be refused")
}

/// The built-in kernel with some bytes changed.
fn patched(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut kernel = builtin().to_vec();
    kernel[at..at + bytes.len()].copy_from_slice(bytes);
    kernel
}

/// e_phnum.
const SEGMENTS: usize = 56;
/// Where the first two program headers lie.
const FIRST_SEGMENT: usize = 64;
const SECOND_SEGMENT: usize = FIRST_SEGMENT + 56;

#[test]
fn the_builtin_kernel_boots_by_pvh_from_one_mib() {
    let inspection = inspect(builtin()).unwrap();
    let place = inspection.check_bootable(ROOM).unwrap();
    assert_eq!(place.load.start, 1 << 20);
    assert!(matches!(place.protocol, Protocol::Pvh(entry) if place.load.contains(&entry)));
    assert!(inspection.to_string().ends_with("boots     yes, by PVH"));
}

#[test]
fn the_builtin_kernel_uses_no_sse_register() {
    let mut decoder = iced_x86::Decoder::with_ip(64, code(), 0xffff_ffff_8010_0000, iced_x86::DecoderOptions::NONE);
    let mut instructions = 0;
    while decoder.can_decode() {
        let instruction = decoder.decode();
        instructions += 1;
        for register in (0..instruction.op_count()).map(|operand| instruction.op_register(operand)) {
            assert!(
                !(register.is_xmm() || register.is_ymm() || register.is_st() || register.is_mm()),
                "{instruction} at {:#x}",
                instruction.ip()
            );
        }
    }
    assert!(instructions > 5_000, "only {instructions} instructions were looked at");
}

/// The kernel's code.
fn code() -> &'static [u8] {
    use object::{Object, ObjectSection};
    let file = object::File::parse(builtin()).unwrap();
    file.section_by_name(".text").unwrap().data().unwrap()
}

#[test]
fn a_kernel_that_cannot_boot_is_refused_with_its_reason() {
    assert_eq!(refusal(b""), "the file is empty");
    assert!(refusal(b"#!/bin/sh").contains("neither an ELF file"));
    assert!(refusal(&patched(4, &[1])).contains("32-bit"));
    assert!(refusal(&patched(18, &[183])).contains("another processor"));
    assert!(refusal(&builtin()[..builtin().len() / 2]).contains("truncated or damaged"));
    assert!(refusal(&patched(SECOND_SEGMENT + 24, &0x8000u64.to_le_bytes())).contains("boot information"));
    assert!(refusal(&patched(SECOND_SEGMENT + 24, &(1u64 << 32).to_le_bytes())).contains("give it more"));
    let mut arm = vec![0; 4096];
    arm[0x38..0x3c].copy_from_slice(b"ARM\x64");
    assert!(refusal(&arm).contains("ARM"));
    assert!(refusal(b"\x1f\x8b\x08\0").contains("gunzip"));
    assert!(refusal(b"\x28\xb5\x2f\xfd").contains("unzstd"));
    assert!(refusal(b"\xed\xab\xee\xdb\x03").contains("rpm2cpio"));
    assert!(refusal(b"!<arch>\ndebian-binary").contains("dpkg-deb"));
    let mut bzimage = vec![0; 4096];
    bzimage[0x202..0x206].copy_from_slice(b"HdrS");
    assert!(
        microvm::kernel::unpack(&bzimage)
            .unwrap_err()
            .contains("older than 2.08")
    );
    let note = builtin().windows(4).rposition(|window| window == b"Xen\0").unwrap();
    assert!(refusal(&patched(note, b"Abc")).contains("neither a PVH entry"));
}

const ENTRY: usize = 24;

#[test]
fn without_a_pvh_entry_a_kernel_boots_by_the_64_bit_protocol_and_a_program_does_not() {
    let note = builtin().windows(4).rposition(|window| window == b"Xen\0").unwrap();
    let mut kernel = patched(note, b"Abc");
    kernel[ENTRY..ENTRY + 8].copy_from_slice(&0x10_0200_u64.to_le_bytes());
    let place = inspect(&kernel).unwrap().check_bootable(ROOM).unwrap();
    assert_eq!(place.protocol, Protocol::Linux64(0x10_0200));
    assert_eq!(place.load.start, 1 << 20);
    // Every segment where it is loaded, as programs have it.
    let segments = u16::from_le_bytes([kernel[SEGMENTS], kernel[SEGMENTS + 1]]);
    for segment in 0..usize::from(segments) {
        // p_vaddr becomes p_paddr.
        let at = FIRST_SEGMENT + 56 * segment + 16;
        kernel.copy_within(at + 8..at + 16, at);
    }
    assert!(refusal(&kernel).contains("Is it a program and not a kernel?"));
}

#[test]
fn an_entry_outside_of_what_is_loaded_is_refused() {
    let note = builtin().windows(4).rposition(|window| window == b"Xen\0").unwrap();
    assert!(refusal(&patched(note + 4, &0x4000_0000_u32.to_le_bytes())).contains("entry lies outside"));
}

/// A bzImage of protocol 2.12 without a compressed kernel, as Memtest86+ is one; `entries` is its field xloadflags.
fn self_contained(entries: u16) -> Vec<u8> {
    let mut image = vec![0; 1536 + 142_784];
    image[0x1f1] = 2;
    image[0x1f4..0x1f8].copy_from_slice(&(142_784u32 / 16).to_le_bytes());
    image[0x202..0x208].copy_from_slice(b"HdrS\x0c\x02");
    image[0x20e..0x210].copy_from_slice(&0x100_u16.to_le_bytes());
    image[0x214..0x218].copy_from_slice(&0x10_0000_u32.to_le_bytes());
    image[0x236..0x238].copy_from_slice(&entries.to_le_bytes());
    image[0x260..0x264].copy_from_slice(&0x8_0000_u32.to_le_bytes());
    image[0x300..0x306].copy_from_slice(b"Tester");
    image
}

#[test]
fn a_bzimage_boots_by_its_own_64_bit_entry_and_one_without_is_called_32_bit() {
    let inspection = inspect(&self_contained(1)).unwrap();
    let place = inspection.check_bootable(ROOM).unwrap();
    assert_eq!(place.protocol, Protocol::Linux64(0x10_0200));
    assert_eq!(place.load, 0x10_0000..0x18_0000);
    assert!(
        inspection
            .to_string()
            .ends_with("boots     yes, by Linux's 64-bit protocol")
    );
    assert!(refusal(&self_contained(4)).contains("Tester is a 32-bit kernel"));
    let mut low = self_contained(1);
    low[0x216] = 0;
    assert!(refusal(&low).contains("boot information"));
    let mut large = self_contained(1);
    large[0x263] = 0x10;
    assert!(refusal(&large).contains("give it more"));
    assert!(inspect(&self_contained(1)[..0x210]).unwrap_err().contains("truncated"));
}

proptest! {
    #[test]
    fn no_bytes_make_the_inspection_panic(at in 0usize..400, value: u64, length in 0usize..9000) {
        let _ = inspect(&patched(at, &value.to_le_bytes())).map(|inspection| inspection.to_string());
        let _ = inspect(&builtin()[..length]).map(|inspection| inspection.to_string());
        let mut bzimage = builtin()[..length.max(0x210)].to_vec();
        bzimage[..4].fill(0);
        bzimage[0x202..0x206].copy_from_slice(b"HdrS");
        bzimage[0x206..0x210].copy_from_slice(&[value.to_le_bytes(), value.to_be_bytes()].concat()[..10]);
        let _ = inspect(&bzimage).map(|inspection| inspection.to_string());
    }

    #[test]
    fn no_setup_header_makes_the_inspection_panic(at in 0x1f0usize..0x268, value: u64, length in 0usize..2000) {
        let mut image = self_contained(1);
        image[at..at + 8].copy_from_slice(&value.to_le_bytes());
        for image in [&image[..], &image[..length]] {
            if let Ok(inspection) = inspect(image) {
                let _ = inspection.to_string();
                if let Ok(place) = inspection.check_bootable(ROOM) {
                    prop_assert!(place.load.start >= 1 << 20 && place.load.end <= ROOM);
                    prop_assert!(matches!(place.protocol, Protocol::Linux64(entry) if place.load.contains(&entry)));
                }
            }
        }
    }
}
