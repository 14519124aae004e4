//! What the kernel does about an exception.

use crate::global::Value;
use crate::memory::layout::{PAGE, USER_END, direct};
use crate::memory::{Fault, MEMORY};
use crate::memory::vma::{EXECUTE, READ, WRITE};
use crate::traps::entry::{Frame, prepare_done, ring_3_out32, syscall_entry};
use crate::abi;
use crate::counts;
use crate::cpu::{self, clock};
use crate::traps::fast_path;
use crate::log;
use crate::memory::page_table;
use crate::cpu::patch;
use crate::power;
use crate::boot::prepare;
use crate::traps::signals;
use crate::boot::start;
use crate::memory::user_access;

/// Page fault error code: the page was present.
const PF_PRESENT: u64 = 1;
/// Page fault error code: a write.
const PF_WRITE: u64 = 2;
/// Page fault error code: an access with the rights of ring 3.
pub const PF_USER: u64 = 4;
/// Page fault error code: an instruction fetch.
const PF_FETCH: u64 = 16;

const DIVIDE: u64 = 0;
const DEBUG: u64 = 1;
const BREAKPOINT: u64 = 3;
pub const UNDEFINED: u64 = 6;
const PROTECTION: u64 = 13;
pub const PAGE_FAULT: u64 = 14;
const X87: u64 = 16;
const ALIGNMENT: u64 = 17;
const SIMD: u64 = 19;

/// Every exception that is not a system call.
pub extern "C" fn trap(frame: &mut Frame) {
    // The kernel executes in ring 3, too.
    let from_user = frame.cs & 3 == 3 && !page_table::kernel_is_open();
    if frame.vector == PAGE_FAULT {
        return page_fault(frame, from_user);
    }
    if !from_user {
        if frame.vector == UNDEFINED && frame.rip == prepare_done as *const () as u64 {
            return start_program(frame);
        }
        // Until the program starts, the kernel's requests in ring 3 come here.
        if frame.vector == UNDEFINED && frame.rip == ring_3_out32 as *const () as u64 {
            cpu::out32(frame.rdx as u16, frame.rax as u32);
            frame.rip += 2;
            return;
        }
        kernel_fault(frame, 0);
    }
    // An address that is not canonical is a general protection fault and no page fault (SDM volume 1, 3.3.7.1).
    let over = match frame.vector {
        UNDEFINED => user_access::helper_done(frame),
        PROTECTION => fast_path::failed(frame) || counts::caught_cpuid(frame),
        _ => false,
    };
    if over {
        return;
    }
    let (signal, what) = match frame.vector {
        DIVIDE => (signals::SIGFPE, "division by zero or overflow"),
        DEBUG | BREAKPOINT => (signals::SIGTRAP, "breakpoint"),
        // Where `int3` is not delivered as a breakpoint it arrives as an undefined instruction.
        UNDEFINED if user_access::read::<u8>(frame.rip) == Ok(0xcc) => (signals::SIGTRAP, "breakpoint"),
        UNDEFINED => (signals::SIGILL, "undefined instruction"),
        X87 | SIMD => (signals::SIGFPE, "floating-point exception"),
        ALIGNMENT => (signals::SIGBUS, "unaligned access"),
        _ => (signals::SIGSEGV, "general protection fault"),
    };
    signals::fatal(frame, signal, what, None);
}

/// Whether the next page fault is for ring 0: it was found in ring 3 that it cannot be resolved.
pub static IN_RING_0: Value<bool> = Value::new(false);

/// A page fault of the program where ring 0 is emulated; in ring 3, called by [`crate::traps::entry`]. One that cannot be
/// resolved is made again, for ring 0 to say so.
pub extern "C" fn fault_in_ring_3(address: u64, error: u64) {
    let fault = match address {
        0..USER_END => resolve(address, access(error)),
        _ => Fault::Unmapped,
    };
    match fault {
        Fault::Resolved => {}
        // SAFETY: the frame is the program's, and it has not seen it yet.
        Fault::ResolvedDirty { frame, .. } => unsafe { direct(frame).write_bytes(0, PAGE as usize) },
        _ => IN_RING_0.set(true),
    }
}

/// The kind of access that an error code names.
fn access(error: u64) -> u8 {
    match error & (PF_WRITE | PF_FETCH) {
        0 => READ,
        PF_WRITE => WRITE,
        _ => EXECUTE,
    }
}

/// Gives the program a page, if it has one there, and counts that.
fn resolve(address: u64, access: u8) -> Fault {
    let mut memory = MEMORY.borrow();
    let before = memory.frames.used_bytes();
    let fault = memory.fault(address, access);
    if matches!(fault, Fault::Resolved | Fault::ResolvedDirty { .. }) {
        counts::page_fault((memory.frames.used_bytes() - before) / PAGE);
    }
    fault
}

/// A page fault of the program, or of the kernel on the program's memory.
fn page_fault(frame: &mut Frame, from_user: bool) {
    IN_RING_0.set(false);
    let address = cpu::cr2();
    let access = access(frame.error);
    // With SMAP, an access that the processor makes for ring 3 with the rights of ring 0 can never succeed. (QEMU's software
    // processor pops the program's stack so for RETF and IRET; to do something about it would be to loop.)
    let by_processor = frame.cs & 3 == 3 && frame.error & PF_USER == 0;
    let fault = if address < USER_END && !prepare::is_running() && !by_processor {
        resolve(address, access)
    } else {
        Fault::Unmapped
    };
    match fault {
        Fault::Resolved => {}
        Fault::ResolvedDirty { page, frame: physical } => user_access::zero_page(frame, page, physical, from_user),
        Fault::OutOfMemory => {
            let used = MEMORY.borrow().frames.used_bytes() >> 20;
            log!("out of memory: the program uses {used} MiB, and this machine has no more; give it more memory");
            power::exit(abi::status::SIGNAL + signals::SIGKILL)
        }
        _ if !from_user => {
            if !user_access::recover(frame) {
                kernel_fault(frame, address)
            }
        }
        _ if user_access::helper_failed(frame) || fast_path::failed(frame) => {}
        Fault::Unmapped => {
            let what = match frame.error & PF_PRESENT {
                0 => "nothing is mapped there",
                _ => "the address is the kernel's",
            };
            signals::fatal(frame, signals::SIGSEGV, what, Some((address, access)))
        }
        Fault::BehindFile => {
            let what = "the file that is mapped there has ended";
            signals::fatal(frame, signals::SIGBUS, what, Some((address, access)))
        }
        Fault::Forbidden => signals::fatal(
            frame,
            signals::SIGSEGV,
            "the mapping there forbids it",
            Some((address, access)),
        ),
    }
}

/// `prepare` is done, and something is left for ring 0: closes the kernel to ring 3 for good and starts the program, where
/// SYSCALL enters ring 0 or its costs are to be counted, or says why not.
fn start_program(frame: &mut Frame) {
    page_table::close_kernel();
    match prepare::take_result() {
        Ok(program) => {
            let entry = if prepare::syscall_stays_in_ring_3() {
                prepare::listen_to_ring_3();
                fast_path::counting_entry()
            } else {
                patch::harden();
                syscall_entry as *const () as u64
            };
            if counts::are_on() {
                // Finding the clock takes CPUIDs, which ring 3 must not execute from here on.
                clock::monotonic();
                counts::catch_cpuid();
            }
            // SAFETY: made to be entered by SYSCALL.
            unsafe { cpu::wrmsr(cpu::msr::LSTAR, entry) }
            frame.rip = program.entry;
            frame.rsp = program.stack;
            frame.rflags = start::RFLAGS;
            // The ABI leaves RDX as a function to call at exit, if it is not zero; the rest is cleared for tidiness.
            (frame.rdx, frame.rax, frame.rbx, frame.rcx, frame.rdi, frame.rsi) = (0, 0, 0, 0, 0, 0);
            power::phase(abi::phase::PROGRAM);
        }
        Err(error) => {
            log!("cannot start the program: {error}");
            power::exit(abi::status::NOT_EXECUTABLE)
        }
    }
}

/// A fault of the kernel itself: a bug in it.
fn kernel_fault(frame: &Frame, address: u64) -> ! {
    log!(
        "fault in the kernel: exception {} (error {:#x}) at {:#x}, address {:#x}: this is a bug in the kernel",
        frame.vector,
        frame.error,
        frame.rip,
        address
    );
    power::exit(abi::status::KERNEL_FAULT)
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo) -> ! {
    if cpu::ring() == 3 {
        // In ring 3 there is no log; the trap handler tells where this was.
        // SAFETY: does not return.
        unsafe { core::arch::asm!("ud2", options(noreturn)) }
    }
    log!("panic in the kernel: {info}");
    power::exit(abi::status::KERNEL_FAULT)
}
