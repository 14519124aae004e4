//! Instructions that are put into the kernel's code when it is known that the processor executes them in ring 0.
//!
//! Each place holds a NOP of the same three bytes until then: processors without SMAP do not know STAC and CLAC, and
//! hypervisors that emulate ring 0 may know none of these. (Linux does the same: Documentation/arch/x86, "alternatives".)

use crate::cpu;
use crate::memory::layout::{KERNEL_BASE, direct};

/// Leaves room for the instruction, and notes where: `STAC` and `CLAC` allow the kernel the program's memory and forbid
/// it again, `LFENCE` keeps what comes after it from being executed before.
macro_rules! patch {
    (STAC) => {
        $crate::cpu::patch::patch!("0xcb010f")
    };
    (CLAC) => {
        $crate::cpu::patch::patch!("0xca010f")
    };
    (LFENCE) => {
        $crate::cpu::patch::patch!("0xe8ae0f")
    };
    ($bytes:literal) => {
        concat!(
            "777: .byte 0x0f, 0x1f, 0x00\n",
            ".pushsection .patches, \"a\", @progbits\n.quad 777b, ",
            $bytes,
            "\n.popsection"
        )
    };
}
pub(crate) use patch;

/// A place in the code, and the instruction for it, the first byte lowest.
#[repr(C)]
struct Patch {
    place: *mut [u8; 3],
    instruction: u64,
}

unsafe extern "C" {
    static patches_start: Patch;
    static patches_end: Patch;
}

/// Turns on what the processor has against a kernel that is led astray, and puts in the instructions for it; in ring 0, where
/// that executes natively, with the kernel's memory closed to ring 3: from now on the kernel executes nothing of the
/// program's (SMEP), touches the program's memory only where it means to (SMAP), and ring 3 cannot read the descriptor
/// tables' addresses (UMIP).
pub fn harden() {
    const SMEP: u32 = 1 << 7;
    const SMAP: u32 = 1 << 20;
    const UMIP: u32 = 1 << 2;
    let features = match cpu::cpuid(0, 0).eax {
        0..7 => return,
        _ => cpu::cpuid(7, 0),
    };
    let smap = features.ebx & SMAP != 0;
    let (mut patch, end) = (&raw const patches_start, &raw const patches_end);
    while patch < end {
        // SAFETY: the linker gathers what `patch!` notes between these two (kernel.ld). In the map of all memory the code may
        // be written, none of it is being executed, and the change of CR4 below makes the processor fetch it anew.
        unsafe {
            let bytes = (*patch).instruction.to_le_bytes();
            if smap || bytes[1] != 0x01 {
                let place: *mut [u8; 3] = direct((*patch).place as u64 - KERNEL_BASE).cast();
                place.write_volatile([bytes[0], bytes[1], bytes[2]]);
            }
            patch = patch.add(1);
        }
    }
    // CR4 (SDM volume 3, 2.5).
    let bit = |present: bool, bit: u32| u64::from(present) << bit;
    let protections = bit(features.ebx & SMEP != 0, 20) | bit(smap, 21) | bit(features.ecx & UMIP != 0, 11);
    // SAFETY: the processor has them, and the kernel does as they demand.
    unsafe { cpu::set_cr4(protections) }
}
