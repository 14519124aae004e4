//! How the processor comes from ring 3 into the kernel, by an exception or a system call, and goes back.

use crate::entry::{USER_CODE, USER_DATA};
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
    // Completes a `SyscallFrame` on top of what the processor or the entry left, makes the call, and takes it down again.
    // The arguments are where Rust wants them but for the fourth, and the number, which goes on the stack.
    ".macro make_system_call",
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
    ".endm",

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
    "    make_system_call",
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
    "    make_system_call",
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
    trap = sym crate::traps::trap,
    user_data = const USER_DATA,
    user_code = const USER_CODE,
);
