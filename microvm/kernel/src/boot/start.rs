//! Ring 0, first part: everything that needs privilege before the program can run, and nothing else.
//!
//! Isolab's own monitor has done all of it before the first instruction, by the kernel's [`abi::Shortcut`], which names the same
//! registers; it begins with [`prepare_in_ring_3`].

use crate::cpu::{self, msr};
use crate::boot::entry::{
    KERNEL_CODE, SYSRET_BASE, TASK_STATE, USER_CODE, USER_DATA, task_state, task_state_descriptor,
};
use crate::traps::entry::prepare_in_ring_3;
use crate::traps::fast_path;
use crate::abi;
use crate::power;
use core::arch::asm;

/// CR4.OSXSAVE.
const OSXSAVE: u64 = 1 << 18;
/// XCR0 bits that programs are given where the processor has them: x87, SSE, AVX, AVX-512. (Not AMX: it has to be asked
/// for by a system call that this kernel does not have.)
pub const FLOATING_POINT_STATE: u64 = 0b1110_0111;
/// RFLAGS bits that SYSCALL clears: all that a program can set, and the I/O privilege level, interrupts, nested task and
/// resume beside them. The kernel begins with none of them.
pub const SYSCALL_MASK: u64 = cpu::USER_FLAGS | 1 << 9 | 3 << 12 | 1 << 14 | 1 << 16;
/// The selectors of SYSCALL and SYSRET.
pub const STAR: u64 = (SYSRET_BASE as u64) << 48 | (KERNEL_CODE as u64) << 32;
/// RFLAGS of new code in ring 3: interrupts off (there are none), only the bit that is always 1.
pub const RFLAGS: u64 = 2;

/// The first Rust function: called once by [`crate::boot::entry`], with the physical address of the PVH start info.
pub extern "C" fn start(start_info: u64) -> ! {
    power::phase(abi::phase::KERNEL);

    // SAFETY: runs once, before anything else uses the descriptor; the values are those of SDM volume 3, 8.2.3: present,
    // type 9 (available 64-bit TSS), limit 103.
    unsafe {
        let base = (&raw const task_state) as u64;
        let low = 103 | (base & 0xff_ffff) << 16 | 0x89 << 40 | (base >> 24 & 0xff) << 56;
        (&raw mut task_state_descriptor).write([low, base >> 32]);
        asm!("ltr {0:x}", in(reg) TASK_STATE, options(nostack, preserves_flags));
    }

    // SAFETY: these registers exist on every 64-bit processor; `probe_entry` is made to be entered so.
    unsafe {
        cpu::wrmsr(msr::STAR, STAR);
        cpu::wrmsr(msr::LSTAR, fast_path::probe_entry as *const () as u64);
        cpu::wrmsr(msr::SFMASK, SYSCALL_MASK);
    }

    const XSAVE: u32 = 1 << 26;
    if cpu::features().ecx & XSAVE != 0 {
        let state = cpu::cpuid(0xd, 0);
        // SAFETY: the processor has XSAVE, and only states it names are asked for; x87 is always among them.
        unsafe {
            cpu::set_cr4(OSXSAVE);
            cpu::xsetbv(u64::from(state.eax) & FLOATING_POINT_STATE | 1);
        }
    }

    // SAFETY: an `iretq` frame that leads to `prepare_in_ring_3` in ring 3, which sets its own stack.
    unsafe {
        asm!(
            "push {data}", "push 0", "push {flags}", "push {code}", "push {rip}", "iretq",
            data = const USER_DATA, flags = const RFLAGS, code = const USER_CODE,
            rip = in(reg) prepare_in_ring_3 as *const () as u64,
            in("rdi") start_info,
            options(noreturn)
        );
    }
}
