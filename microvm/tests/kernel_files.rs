//! What the lab says of kernel files, bootable or not.

use microvm::kernel::{builtin, inspect};
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

/// Where the first program header lies.
const FIRST_SEGMENT: usize = 64;

#[test]
fn the_builtin_kernel_boots_by_pvh_from_one_mib() {
    let inspection = inspect(builtin()).unwrap();
    let elf = inspection.check_bootable(ROOM).unwrap();
    assert_eq!(elf.load_start, 1 << 20);
    assert!(
        elf.pvh_entry
            .is_some_and(|entry| (elf.load_start..elf.load_end).contains(&entry))
    );
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
    assert!(refusal(&patched(FIRST_SEGMENT + 24, &0x8000u64.to_le_bytes())).contains("boot information"));
    assert!(refusal(&patched(FIRST_SEGMENT + 24, &(1u64 << 32).to_le_bytes())).contains("give it more"));
    let mut arm = vec![0; 4096];
    arm[0x38..0x3c].copy_from_slice(b"ARM\x64");
    assert!(refusal(&arm).contains("ARM"));
    let mut bzimage = vec![0; 4096];
    bzimage[0x202..0x206].copy_from_slice(b"HdrS");
    assert!(
        microvm::kernel::unpack(&bzimage)
            .unwrap_err()
            .contains("older than 2.08")
    );
    let note = builtin().windows(4).rposition(|window| window == b"Xen\0").unwrap();
    assert!(refusal(&patched(note, b"Abc")).contains("no PVH entry"));
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
}
