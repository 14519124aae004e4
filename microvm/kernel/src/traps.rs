//! Exceptions and system calls: how the processor comes from ring 3 into the kernel and goes back.

use crate::entry::{USER_CODE, USER_DATA, prepare_done};
use crate::layout::USER_END;
use crate::memory::{Fault, MEMORY};
use crate::power::{self, PHASE_PROGRAM};
use crate::regions::{EXECUTE, READ, WRITE};
use crate::{cpu, light, log, page_table, prepare, signals, start, user};
use core::arch::global_asm;

/// What a trap pushes: by the stub, by the processor.
#[repr(C)]
pub struct Frame {
    pub r15: u64,
    pub r14: u64,
    pub r13: u64,
    pub r12: u64,
    pub r11: u64,
    pub r10: u64,
    pub r9: u64,
    pub r8: u64,
    pub rbp: u64,
    pub rdi: u64,
    pub rsi: u64,
    pub rdx: u64,
    pub rcx: u64,
    pub rbx: u64,
    pub rax: u64,
    pub vector: u64,
    pub error: u64,
    pub rip: u64,
    pub cs: u64,
    pub rflags: u64,
    pub rsp: u64,
    pub ss: u64,
}

/// What a system call leaves at the top of the kernel stack.
#[repr(C)]
pub struct SyscallFrame {
    pub rdi: u64,
    pub rsi: u64,
    pub rdx: u64,
    pub r10: u64,
    pub r8: u64,
    pub r9: u64,
    pub rip: u64,
    pub cs: u64,
    pub rflags: u64,
    pub rsp: u64,
    pub ss: u64,
}

unsafe extern "C" {
    /// Where the SYSCALL instruction goes.
    pub fn syscall_entry();
}

global_asm!(
    ".section .text.interrupts, \"ax\", @progbits",
    // One stub for each exception, 16 bytes apart; those without an error code push a zero in its place.
    ".set vector, 0",
    ".rept 32",
    ".balign 16",
    ".if vector == 14",
    "    jmp page_fault",
    ".elseif vector == 8 || (vector >= 10 && vector <= 13) || vector == 17 || vector == 21",
    "    push vector",
    "    jmp trap_common",
    ".else",
    "    push 0",
    "    push vector",
    "    jmp trap_common",
    ".endif",
    ".set vector, vector + 1",
    ".endr",

    ".text",
    // Some hypervisors execute SYSCALL in ring 3 without entering ring 0: it sets RCX, R11 and RIP as it should. What
    // `light` does not answer there jumps here, to a page of the kernel's, and faults: a page fault from ring 3 whose RIP
    // is `syscall_entry` is a system call, and is given the frame of one.
    "page_fault:",
    "    push rax",
    "    lea rax, [rip + syscall_entry]",
    "    cmp rax, [rsp + 16]",
    "    pop rax",
    "    jne 2f",
    "    add rsp, 8",
    "    mov [rsp], rcx",
    "    mov [rsp + 16], r11",
    "    push r9",
    "    push r8",
    "    push r10",
    "    push rdx",
    "    push rsi",
    "    push rdi",
    "    mov rcx, r10",
    "    push rax",
    "    call {system_call}",
    "    add rsp, 8",
    "    pop rdi",
    "    pop rsi",
    "    pop rdx",
    "    pop r10",
    "    pop r8",
    "    pop r9",
    "    iretq",
    "2:  push 14",

    "trap_common:",
    "    push rax",
    "    push rbx",
    "    push rcx",
    "    push rdx",
    "    push rsi",
    "    push rdi",
    "    push rbp",
    "    push r8",
    "    push r9",
    "    push r10",
    "    push r11",
    "    push r12",
    "    push r13",
    "    push r14",
    "    push r15",
    "    mov rdi, rsp",
    "    cld",
    "    mov rbp, rsp",
    "    and rsp, -16",
    "    call {trap}",
    "    mov rsp, rbp",
    "    pop r15",
    "    pop r14",
    "    pop r13",
    "    pop r12",
    "    pop r11",
    "    pop r10",
    "    pop r9",
    "    pop r8",
    "    pop rbp",
    "    pop rdi",
    "    pop rsi",
    "    pop rdx",
    "    pop rcx",
    "    pop rbx",
    "    pop rax",
    "    add rsp, 16",
    "    iretq",

    // SYSCALL as the processor does it: ring 0, the program's stack still in RSP, its RIP in RCX, its flags in R11. There
    // is one processor, so a fixed place will do to keep RSP in.
    ".balign 16",
    ".globl syscall_entry",
    "syscall_entry:",
    "    mov [rip + user_rsp], rsp",
    "    lea rsp, [rip + kernel_stack_top]",
    "    push {user_data}",
    "    push [rip + user_rsp]",
    "    push r11",
    "    push {user_code}",
    "    push rcx",
    "    push r9",
    "    push r8",
    "    push r10",
    "    push rdx",
    "    push rsi",
    "    push rdi",
    "    mov rcx, r10",
    "    push rax",
    "    call {system_call}",
    "    add rsp, 8",
    "    pop rdi",
    "    pop rsi",
    "    pop rdx",
    "    pop r10",
    "    pop r8",
    "    pop r9",
    "    pop rcx",
    "    add rsp, 8",
    "    pop r11",
    "    pop rsp",
    // The last page below the non-canonical addresses is never mapped, so RCX cannot be non-canonical here.
    "    sysretq",

    ".section .bss",
    ".balign 8",
    "user_rsp: .zero 8",
    system_call = sym crate::syscall::system_call,
    trap = sym trap,
    user_data = const USER_DATA,
    user_code = const USER_CODE,
);

/// Page fault error code: the page was present.
const PF_PRESENT: u64 = 1;
/// Page fault error code: a write.
const PF_WRITE: u64 = 2;
/// Page fault error code: an instruction fetch.
const PF_FETCH: u64 = 16;

const DIVIDE: u64 = 0;
const DEBUG: u64 = 1;
const BREAKPOINT: u64 = 3;
const UNDEFINED: u64 = 6;
const PAGE_FAULT: u64 = 14;
const X87: u64 = 16;
const ALIGNMENT: u64 = 17;
const SIMD: u64 = 19;

/// Every exception that is not a system call.
extern "C" fn trap(frame: &mut Frame) {
    let from_user = frame.cs & 3 == 3;
    if frame.vector == PAGE_FAULT {
        return page_fault(frame, from_user);
    }
    if frame.vector == UNDEFINED && from_user {
        if frame.rip == prepare_done as *const () as u64 {
            return start_program(frame);
        }
        if user::helper_done(frame) {
            return;
        }
    }
    if !from_user || prepare::is_running() {
        kernel_fault(frame, 0);
    }
    let (signal, what) = match frame.vector {
        DIVIDE => (signals::SIGFPE, "division by zero or overflow"),
        DEBUG | BREAKPOINT => (signals::SIGTRAP, "breakpoint"),
        // Where `int3` is not delivered as a breakpoint it arrives as an undefined instruction.
        UNDEFINED if user::read::<u8>(frame.rip) == Ok(0xcc) => (signals::SIGTRAP, "breakpoint"),
        UNDEFINED => (signals::SIGILL, "undefined instruction"),
        X87 | SIMD => (signals::SIGFPE, "floating-point exception"),
        ALIGNMENT => (signals::SIGBUS, "unaligned access"),
        _ => (signals::SIGSEGV, "general protection fault"),
    };
    signals::fatal(frame, signal, what, None);
}

/// A page fault of the program, or of the kernel on the program's memory.
fn page_fault(frame: &mut Frame, from_user: bool) {
    let address = cpu::cr2();
    let access = match frame.error & (PF_WRITE | PF_FETCH) {
        0 => READ,
        PF_WRITE => WRITE,
        _ => EXECUTE,
    };
    let fault = if address < USER_END && !prepare::is_running() {
        // SAFETY: a borrow for one call; the kernel takes page faults only where it has borrowed nothing.
        unsafe { MEMORY.borrow().fault(address, access) }
    } else {
        Fault::Unmapped
    };
    match fault {
        Fault::Resolved => {}
        Fault::ResolvedDirty(page) => user::zero_page(frame, page, from_user),
        Fault::OutOfMemory => {
            // SAFETY: a borrow for one expression.
            let used = unsafe { MEMORY.borrow().frames.used_bytes() } >> 20;
            log!("out of memory: the program uses {used} MiB, and this machine has no more; give it more memory");
            power::exit(128 + signals::SIGKILL)
        }
        _ if !from_user => {
            if !user::recover(frame) {
                kernel_fault(frame, address)
            }
        }
        _ if prepare::is_running() => kernel_fault(frame, address),
        _ if user::helper_failed(frame) || light::failed(frame) => {}
        Fault::Unmapped => {
            let what = match frame.error & PF_PRESENT {
                0 => "nothing is mapped there",
                _ => "the address is the kernel's",
            };
            signals::fatal(frame, signals::SIGSEGV, what, Some((address, access)))
        }
        Fault::Forbidden => signals::fatal(
            frame,
            signals::SIGSEGV,
            "the mapping there forbids it",
            Some((address, access)),
        ),
    }
}

/// `prepare` is done: closes the kernel to ring 3 for good and starts the program.
fn start_program(frame: &mut Frame) {
    page_table::close_kernel();
    cpu::flush_translations();
    match prepare::take_result() {
        Ok(program) => {
            let entry = match prepare::syscall_stays_in_ring_3() {
                true => light::entry(),
                false => syscall_entry as *const () as u64,
            };
            // SAFETY: both are made to be entered by SYSCALL.
            unsafe { cpu::wrmsr(cpu::msr::LSTAR, entry) }
            frame.rip = program.entry;
            frame.rsp = program.stack;
            frame.rflags = start::RFLAGS;
            // The ABI leaves RDX as a function to call at exit, if it is not zero; the rest is cleared for tidiness.
            (frame.rdx, frame.rax, frame.rbx, frame.rcx, frame.rdi, frame.rsi) = (0, 0, 0, 0, 0, 0);
            power::phase(PHASE_PROGRAM);
        }
        Err(error) => {
            log!("cannot start the program: {error}");
            power::exit(prepare::CANNOT_START)
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
    power::exit(KERNEL_FAULT)
}

/// Exit status after a fault of the kernel itself.
const KERNEL_FAULT: u8 = 255;

#[panic_handler]
fn panic(info: &core::panic::PanicInfo) -> ! {
    if prepare::is_running() {
        // In ring 3 there is no log; the trap handler tells where this was.
        // SAFETY: does not return.
        unsafe { core::arch::asm!("ud2", options(noreturn)) }
    }
    log!("panic in the kernel: {info}");
    power::exit(KERNEL_FAULT)
}
