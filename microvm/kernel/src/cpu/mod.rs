//! Instructions that Rust has no word for.

pub mod clock;
pub mod patch;
pub mod random;

use crate::cpu::patch::patch;
use crate::global::Value;
use crate::traps::entry;
use core::arch::asm;

/// Model-specific registers (SDM volume 4, table 2-2; AMD APM volume 2, appendix A).
pub mod msr {
    /// What the processor can do (MSR_PLATFORM_INFO).
    pub const PLATFORM_INFO: u32 = 0xce;
    /// CPUID faulting.
    pub const MISC_FEATURES_ENABLES: u32 = 0x140;
    /// Selectors of SYSCALL and SYSRET.
    pub const STAR: u32 = 0xc000_0081;
    /// Where SYSCALL goes.
    pub const LSTAR: u32 = 0xc000_0082;
    /// RFLAGS bits that SYSCALL clears.
    pub const SFMASK: u32 = 0xc000_0084;
    /// Base of the FS segment: the program's thread pointer.
    pub const FS_BASE: u32 = 0xc000_0100;
    /// Base of the GS segment.
    pub const GS_BASE: u32 = 0xc000_0101;
    /// KVM's clock (Linux, Documentation/virt/kvm/x86/msr.rst).
    pub const KVM_WALL_CLOCK: u32 = 0x4b56_4d00;
    /// KVM's clock, per processor.
    pub const KVM_SYSTEM_TIME: u32 = 0x4b56_4d01;
}

/// RFLAGS bits that are a program's to set: carry, parity, auxiliary carry, zero, sign, trap, direction, overflow,
/// alignment check, identification (SDM volume 1, 3.4.3). The others are the I/O privilege level, interrupts, and bits by
/// which the processor keeps its own state.
pub const USER_FLAGS: u64 = 1 | 1 << 2 | 1 << 4 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 10 | 1 << 11 | 1 << 18 | 1 << 21;

/// What CPUID answers.
#[derive(Clone, Copy)]
pub struct Cpuid {
    pub eax: u32,
    pub ebx: u32,
    pub ecx: u32,
    pub edx: u32,
}

/// Asks CPUID for a leaf and a subleaf.
pub fn cpuid(leaf: u32, subleaf: u32) -> Cpuid {
    let result = core::arch::x86_64::__cpuid_count(leaf, subleaf);
    Cpuid {
        eax: result.eax,
        ebx: result.ebx,
        ecx: result.ecx,
        edx: result.edx,
    }
}

static FEATURES: Value<Option<Cpuid>> = Value::new(None);

/// What CPUID answers to leaf 1, asked for once: each CPUID is an exit to the hypervisor.
pub fn features() -> Cpuid {
    let features = FEATURES.get().unwrap_or_else(|| cpuid(1, 0));
    FEATURES.set(Some(features));
    features
}

/// Executes an instruction, in ring 3 by way of ring 0: [`crate::traps::entry`] has a function for each that a system call
/// which is made in ring 3 may need.
macro_rules! from_ring_3 {
    ($instruction:literal, $function:path, $($operands:tt)*) => {
        if ring() == 0 {
            asm!($instruction, $($operands)*)
        } else {
            asm!("call {function}", function = sym $function, $($operands)*)
        }
    };
}

/// Writes a byte to an I/O port.
pub fn out8(port: u16, value: u8) {
    // SAFETY: port output touches no memory of this program; the devices behind the ports used have no DMA.
    unsafe { from_ring_3!("out dx, al", entry::ring_3_out8, in("dx") port, in("al") value, options(nomem)) }
}

/// Writes a double word to an I/O port; what it points to, if it is an address, has been written before.
pub fn out32(port: u16, value: u32) {
    // SAFETY: port output changes no memory of this program.
    unsafe { from_ring_3!("out dx, eax", entry::ring_3_out32, in("dx") port, in("eax") value, options(readonly)) }
}

/// Reads a byte from an I/O port.
pub fn in8(port: u16) -> u8 {
    let value: u8;
    // SAFETY: port input touches no memory.
    unsafe { from_ring_3!("in al, dx", entry::ring_3_in8, in("dx") port, out("al") value, options(nomem)) }
    value
}

/// Writes a string of bytes to an I/O port.
pub fn out_string(port: u16, bytes: &[u8]) {
    if ring() != 0 {
        return bytes.iter().for_each(|&byte| out8(port, byte));
    }
    // SAFETY: reads exactly `bytes`.
    unsafe {
        asm!("rep outsb", in("dx") port, inout("rsi") bytes.as_ptr() => _, inout("rcx") bytes.len() => _,
             options(readonly, nostack, preserves_flags));
    }
}

/// Writes a model-specific register.
///
/// # Safety
/// The register must exist, and the value must keep the kernel's assumptions (see the SDM for each).
pub unsafe fn wrmsr(register: u32, value: u64) {
    // SAFETY: the caller's.
    unsafe {
        from_ring_3!("wrmsr", entry::ring_3_wrmsr, in("ecx") register, in("eax") value as u32,
            in("edx") (value >> 32) as u32)
    }
}

/// Reads a model-specific register.
///
/// # Safety
/// The register must exist.
pub unsafe fn rdmsr(register: u32) -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: the caller's.
    unsafe { asm!("rdmsr", in("ecx") register, out("eax") low, out("edx") high, options(nomem, nostack)) }
    u64::from(high) << 32 | u64::from(low)
}

/// The time stamp counter, in its own ticks; not before the instructions that come before this.
pub fn rdtsc() -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: CR4.TSD is clear.
    unsafe {
        asm!(patch!(LFENCE), "rdtsc", out("eax") low, out("edx") high, options(nostack, preserves_flags));
    }
    u64::from(high) << 32 | u64::from(low)
}

/// The address whose access caused the page fault.
pub fn cr2() -> u64 {
    let value: u64;
    // SAFETY: reading CR2 has no effect.
    unsafe { asm!("mov {}, cr2", out(reg) value, options(nomem, nostack, preserves_flags)) }
    value
}

/// Sets bits of CR4.
///
/// # Safety
/// The processor must know the bits, and the kernel must be ready for what they turn on.
pub unsafe fn set_cr4(bits: u64) {
    // SAFETY: the caller's.
    unsafe {
        asm!("mov {old}, cr4", "or {old}, {bits}", "mov cr4, {old}", old = out(reg) _, bits = in(reg) bits,
             options(nostack));
    }
}

/// The privilege level that this executes in.
pub fn ring() -> u64 {
    let selector: u64;
    // SAFETY: reading CS has no effect.
    unsafe { asm!("mov {}, cs", out(reg) selector, options(nomem, nostack, preserves_flags)) }
    selector & 3
}

/// The physical address of the top-level page table; in ring 0.
pub fn cr3() -> u64 {
    let value: u64;
    // SAFETY: reading CR3 has no effect.
    unsafe { asm!("mov {}, cr3", out(reg) value, options(nomem, nostack, preserves_flags)) }
    value
}

/// Changes the top-level page table, and makes the processor forget every translation that is not global; in ring 0.
///
/// # Safety
/// It must map the kernel as the one before did.
pub unsafe fn set_cr3(table: u64) {
    // SAFETY: the caller's.
    unsafe { asm!("mov cr3, {}", in(reg) table, options(nostack, preserves_flags)) }
}

/// Makes the processor forget every translation that is not global. In ring 3 that is left to the change of tables by
/// which a call made there ends.
pub fn flush_translations() {
    if ring() == 0 {
        // SAFETY: changes no mapping.
        unsafe { set_cr3(cr3()) }
    }
}

/// Makes the processor forget the translation of one address; in ring 3 as above.
pub fn flush_translation(address: u64) {
    if ring() != 0 {
        return;
    }
    // SAFETY: changes no mapping.
    unsafe { asm!("invlpg [{}]", in(reg) address, options(nostack, preserves_flags)) }
}

/// Sets an extended control register (which parts of the floating-point state programs may use).
///
/// # Safety
/// CR4.OSXSAVE must be set and `value` supported (CPUID leaf 0xd).
pub unsafe fn xsetbv(value: u64) {
    // SAFETY: the caller's.
    unsafe {
        asm!("xsetbv", in("ecx") 0, in("eax") value as u32, in("edx") (value >> 32) as u32, options(nostack));
    }
}

/// Resets the processor: an exception without a gate, in the handler of one in the handler of one (SDM volume 3, 7.15,
/// interrupt 8). In ring 0.
pub fn triple_fault() -> ! {
    static NO_GATES: [u64; 2] = [0; 2];
    // SAFETY: nothing of the kernel's is executed after that.
    unsafe { asm!("lidt [{}]", "ud2", in(reg) &NO_GATES, options(noreturn)) }
}
