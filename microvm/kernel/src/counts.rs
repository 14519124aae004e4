//! Counts what a program costs, where the command line asks for it (`counts`): page faults, system calls by where they were
//! answered, CPUID instructions. Told to the monitor at the end.

use crate::abi::{COUNTED_CALLS, Counts, port};
use crate::cpu::{self, msr};
use crate::global::{Global, Value};
use crate::memory::layout::KERNEL_BASE;
use crate::traps::entry::Frame;
use crate::traps::fast_path;

static ON: Value<bool> = Value::new(false);

#[unsafe(link_section = ".large.counts")]
static COUNTS: Global<Counts> = Global::new(Counts {
    page_faults: 0,
    pages: 0,
    cpuids: 0,
    table_switches: 0,
    in_ring_0: [0; COUNTED_CALLS],
    in_ring_3: [0; COUNTED_CALLS],
    made: [0; COUNTED_CALLS],
});

/// Counts from now on.
pub fn turn_on() {
    ON.set(true);
}

/// Whether anything is counted.
pub fn are_on() -> bool {
    ON.get()
}

/// The program made a system call that the kernel answers.
pub fn system_call(number: u64) {
    if !are_on() {
        return;
    }
    let counts = &mut *COUNTS.borrow();
    let by_number = match cpu::ring() {
        0 => &mut counts.in_ring_0,
        _ => {
            // To the table that opens the kernel's memory, and back.
            counts.table_switches += 2;
            &mut counts.in_ring_3
        }
    };
    if let Some(count) = by_number.get_mut(number as usize) {
        *count += 1;
    }
}

/// A page fault of the program gave it so many pages.
pub fn page_fault(pages: u64) {
    if are_on() {
        let mut counts = COUNTS.borrow();
        counts.page_faults += 1;
        counts.pages += pages;
    }
}

/// Lets every CPUID of ring 3 be a general protection fault (SDM volume 4, IA32_MISC_FEATURES_ENABLES), so that it can be
/// counted. In ring 0.
pub fn catch_cpuid() {
    /// MSR_PLATFORM_INFO: the processor can do so.
    const CAN_FAULT: u64 = 1 << 31;
    // SAFETY: KVM has the first register, whatever the processor; the second exists where the first says so.
    unsafe {
        if cpu::rdmsr(msr::PLATFORM_INFO) & CAN_FAULT != 0 {
            cpu::wrmsr(msr::MISC_FEATURES_ENABLES, 1);
        }
    }
}

/// If a general protection fault of the program is one of its CPUIDs: executes it.
pub fn caught_cpuid(frame: &mut Frame) -> bool {
    const CPUID: [u8; 2] = [0x0f, 0xa2];
    if !are_on() || crate::memory::user_access::read(frame.rip) != Ok(CPUID) {
        return false;
    }
    let answer = cpu::cpuid(frame.rax as u32, frame.rcx as u32);
    (frame.rax, frame.rbx) = (answer.eax.into(), answer.ebx.into());
    (frame.rcx, frame.rdx) = (answer.ecx.into(), answer.edx.into());
    frame.rip += CPUID.len() as u64;
    COUNTS.borrow().cpuids += 1;
    true
}

/// Tells the monitor.
pub fn tell() {
    if are_on() {
        let mut counts = COUNTS.borrow();
        fast_path::made(&mut counts.made);
        // The monitor reads them during the port's instruction.
        cpu::out32(port::COUNTS, (&raw const *counts as u64 - KERNEL_BASE) as u32);
    }
}
