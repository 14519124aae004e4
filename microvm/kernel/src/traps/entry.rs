//! How the processor comes from ring 3 into the kernel, by an exception or a system call, and goes back.

use crate::cpu::USER_FLAGS;
use crate::boot::entry::{USER_CODE, USER_DATA};
use crate::cpu::patch::patch;
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

/// Page fault error code (SDM volume 3, 5.7): ring 3 fetched an instruction.
const USER_FETCH: u64 = 1 << 2 | 1 << 4;
/// Numbers of system calls end below this.
const CALLS: usize = 512;

/// The calls that need no privilege: they change nothing but memory, page tables included. Where ring 0 is emulated, they
/// are made in ring 3; two visits of ring 0 for a few instructions each cost less than one for hundreds.
static IN_RING_3: [u64; CALLS / 64] = {
    let numbers = [
        2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 21, 25, 28, 79, 89, 217, 257, 262, 267, 269,
    ];
    let mut bits = [0; CALLS / 64];
    let mut n = 0;
    while n < numbers.len() {
        bits[numbers[n] / 64] |= 1 << (numbers[n] % 64);
        n += 1;
    }
    bits
};

unsafe extern "C" {
    /// Where the SYSCALL instruction goes.
    pub fn syscall_entry();
    /// Where page faults go if SYSCALL stays in ring 3: some of them are system calls.
    pub fn page_fault_or_system_call();
    /// Where undefined instructions go then: some of them are the end of a system call that was made in ring 3.
    pub fn undefined_or_end_of_call();
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
    ".if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21",
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
    // `light` does not answer there jumps to `syscall_entry`, a page of the kernel's, and faults: an instruction fetch of
    // ring 3 there is a system call, and is given the frame of one. RCX and R11 are what the program put there, so an
    // address that IRETQ would refuse makes it an ordinary fault, and of the flags the program gets its own.
    ".globl page_fault_or_system_call",
    "page_fault_or_system_call:",
    "    push rax",
    "    lea rax, [rip + syscall_entry]",
    "    cmp rax, [rsp + 16]",
    "    jne 3f",
    "    mov eax, [rsp + 8]",
    "    and eax, {user_fetch}",
    "    cmp eax, {user_fetch}",
    "    jne 3f",
    "    mov rax, rcx",
    "    shr rax, 47",
    "    jnz 3f",
    "    mov rax, [rsp]",
    "    cmp rax, {calls}",
    "    jae 2f",
    "    bt [rip + {in_ring_3}], rax",
    "    jnc 2f",
    // The call is made in ring 3, with the kernel's memory open to it, and with flags of the kernel's.
    "    lea rax, [rip + syscall_in_ring_3]",
    "    mov [rsp + 16], rax",
    "    mov qword ptr [rsp + 32], {flags}",
    "    mov eax, offset boot_pml4 - {base}",
    "    mov cr3, rax",
    "    pop rax",
    "    add rsp, 8",
    "    iretq",
    "2:  pop rax",
    "    add rsp, 8",
    "    mov [rsp], rcx",
    "    and r11d, {user_flags}",
    "    mov [rsp + 16], r11",
    "    cld",
    "    make_system_call",
    "    iretq",
    "3:  pop rax",
    "    push 14",
    "    jmp trap_common",

    // A call that was made in ring 3 is over, and the kernel's memory is closed again. (While it is closed, ring 3 cannot
    // fetch the instruction that ends there.)
    ".globl undefined_or_end_of_call",
    "undefined_or_end_of_call:",
    "    push rax",
    "    lea rax, [rip + syscall_in_ring_3_done]",
    "    cmp rax, [rsp + 8]",
    "    jne 2f",
    "    mov eax, offset program_pml4 - {base}",
    "    mov cr3, rax",
    "    pop rax",
    "    mov [rsp], rcx",
    "    and r11d, {user_flags}",
    "    mov [rsp + 16], r11",
    "    iretq",
    "2:  pop rax",
    "    push 0",
    "    push 6",

    // The processor clears no more of the program's flags than TF, IF and NT (SDM volume 3, 7.12.1.3).
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
    patch!(CLAC),
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

    // SYSCALL as the processor does it: ring 0, the program's stack still in RSP, its RIP in RCX, its flags in R11, the
    // flags in SFMASK cleared. There is one processor, so a fixed place will do to keep RSP in.
    ".macro system_call_on stack",
    "    mov [rip + user_rsp], rsp",
    "    lea rsp, [rip + \\stack]",
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
    ".endm",
    ".balign 16",
    ".globl syscall_entry",
    "syscall_entry:",
    "    system_call_on kernel_stack_top",
    // No page of the program's or of the helper's lies just below the non-canonical addresses, so RCX cannot be one
    // here: `sysretq` would fault in ring 0, on the program's stack.
    "    sysretq",

    // The same in ring 3, where `page_fault` leads to. Faults on the way use the kernel's stack from its top.
    "syscall_in_ring_3:",
    "    system_call_on ring_3_stack_top",
    "syscall_in_ring_3_done:",
    "    ud2",

    ".section .bss",
    ".balign 8",
    "user_rsp: .zero 8",
    base = const crate::memory::layout::KERNEL_BASE,
    flags = const crate::boot::start::RFLAGS,
    user_flags = const USER_FLAGS,
    user_fetch = const USER_FETCH,
    calls = const CALLS,
    in_ring_3 = sym IN_RING_3,
    system_call = sym crate::syscall::system_call,
    trap = sym crate::traps::faults::trap,
    user_data = const USER_DATA,
    user_code = const USER_CODE,
);
