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

/// Page fault error code (SDM volume 3, 5.7): ring 3 fetched an instruction where it is not allowed to.
const USER_FETCH: u64 = 1 | 1 << 2 | 1 << 4;
/// Numbers of system calls end below this.
const CALLS: usize = 512;

/// Where ring 0 is emulated, these calls are made in ring 3; two visits of ring 0 for a few instructions each cost less than
/// one for hundreds. They need no privilege but for the instructions that [`crate::cpu::from_ring_3`] asks ring 0 for.
pub static IN_RING_3: [u64; CALLS / 64] = {
    let numbers = [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 16, 17, 19, 20, 21, 25, 28, 35, 63, 72, 79, 89, 96, 97, 99, 102, 104, 107,
        108, 110, 201, 204, 217, 228, 229, 230, 257, 262, 267, 269, 271, 302, 318,
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
    /// Where undefined instructions go then: some of them are a request of the kernel's in ring 3.
    pub fn undefined_or_request();
    /// The code that runs [`crate::boot::prepare::prepare`] in ring 3.
    pub fn prepare_in_ring_3();
    /// The instruction by which it comes back.
    pub fn prepare_done();
    /// Executes `out dx, eax` for ring 3; the functions below likewise.
    pub fn ring_3_out32();
    /// `out dx, al`.
    pub fn ring_3_out8();
    /// `in al, dx`.
    pub fn ring_3_in8();
    /// `wrmsr`.
    pub fn ring_3_wrmsr();
}

global_asm!(
    // All but RAX and RSP.
    ".macro push_registers",
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
    ".endm",
    ".macro pop_registers",
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
    ".endm",

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
    // the helper page does not answer there jumps to a page of the kernel's, and faults: an instruction fetch of ring 3
    // there is a system call. RCX and R11 are what the program put there, so an address that IRETQ would refuse makes it an
    // ordinary fault, and of the flags the program gets its own. Few instructions, since each is emulated: the calls of
    // IN_RING_3 are looked at in ring 3.
    ".globl page_fault_or_system_call",
    "page_fault_or_system_call:",
    "    cmp qword ptr [rsp + 8], offset ring_3_gate",
    "    jne 2f",
    "    cmp qword ptr [rsp], {user_fetch}",
    "    jne 3f",
    "    mov qword ptr [rsp + 8], offset syscall_in_ring_3",
    "    mov qword ptr [rsp + 24], {flags}",
    "    mov [rsp], rax", // in the place of the error code
    "    mov eax, offset boot_pml4 - {base}",
    "    mov cr3, rax",
    "    pop rax",
    "    iretq",
    "2:  cmp qword ptr [rsp + 8], offset syscall_entry",
    "    jne 3f",
    "    cmp qword ptr [rsp], {user_fetch}",
    "    jne 3f",
    "    push rcx",
    "    shr rcx, 47",
    "    pop rcx",
    "    jnz 3f",
    "    add rsp, 8",
    "    mov [rsp], rcx",
    "    and r11d, {user_flags}",
    "    mov [rsp + 16], r11",
    "    cld",
    "    make_system_call",
    "    iretq",
    // A fault of the program's is dealt with in ring 3, too, with its address in RAX; what the processor and this leave at the
    // top of the kernel's stack is read there before anything else.
    "3:  test byte ptr [rsp], {by_user}",
    "    jz 4f",
    "    cmp byte ptr [rip + {in_ring_0}], 0",
    "    jne 4f",
    "    push rax",
    "    mov rax, cr3",
    "    cmp eax, offset program_pml4 - {base}",
    "    jne 5f",
    "    mov eax, offset boot_pml4 - {base}",
    "    mov cr3, rax",
    "    mov rax, cr2",
    "    push {user_data}",
    "    push offset ring_3_stack_top",
    "    push {flags}",
    "    push {user_code}",
    "    push offset fault_in_ring_3",
    "    iretq",
    "5:  pop rax",
    "4:  push 14",
    "    jmp trap_common",

    // The kernel in ring 3 asks for something by an undefined instruction at an address that only it can execute. (While its
    // memory is closed, ring 3 cannot fetch an instruction there.) First the end of a call: its memory is closed again.
    ".globl undefined_or_request",
    "undefined_or_request:",
    "    cmp qword ptr [rsp], offset syscall_in_ring_3_done",
    "    jne 2f",
    "    mov [rsp], rcx",
    "    mov [rsp + 16], r11",
    "    mov ecx, offset program_pml4 - {base}",
    "    mov cr3, rcx",
    "    mov rcx, [rsp]",
    "    iretq",
    "2:  cmp qword ptr [rsp], offset fault_in_ring_3_done",
    "    jne 2f",
    "    mov eax, offset program_pml4 - {base}",
    "    mov cr3, rax",
    "    mov rax, [rip + fault_rax]",
    "    lea rsp, [rip + fault_frame]",
    "    iretq",
    ".macro request name, operation:vararg",
    "2:  cmp qword ptr [rsp], offset \\name",
    "    jne 2f",
    "    \\operation",
    "    add qword ptr [rsp], 2", // behind the undefined instruction
    "    iretq",
    ".endm",
    "    request ring_3_out32, out dx, eax",
    "    request ring_3_in8, in al, dx",
    "    request ring_3_out8, out dx, al",
    "    request ring_3_wrmsr, wrmsr",
    // The program is ready: RDI is its first instruction, RSI its stack, EDX:EAX and ECX are the write of LSTAR.
    "2:  cmp qword ptr [rsp], offset prepare_done_at_once",
    "    jne 2f",
    "    wrmsr",
    "    mov [rsp], rdi",
    "    mov qword ptr [rsp + 16], {flags}",
    "    mov [rsp + 24], rsi",
    "    mov eax, offset program_pml4 - {base}",
    "    mov cr3, rax",
    "    mov al, {program_phase}",
    "    out {phase_port}, al",
    "    xor edx, edx", // a function to call at exit (System V ABI, AMD64 supplement, 3.4.1)
    "    iretq",
    "2:  push 0",
    "    push 6",

    // The processor clears no more of the program's flags than TF, IF and NT (SDM volume 3, 7.12.1.3).
    "trap_common:",
    "    push rax",
    "    push_registers",
    "    mov rdi, rsp",
    "    cld",
    patch!(CLAC),
    "    mov rbp, rsp",
    "    and rsp, -16",
    "    call {trap}",
    "    mov rsp, rbp",
    "    pop_registers",
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

    // The same in ring 3, where the gate leads to: with the kernel's memory open, on a stack of its own. (Faults on the way use
    // the kernel's stack from its top.) The program may have jumped to the gate itself, with anything in RAX and RCX.
    "syscall_in_ring_3:",
    "    and r11d, {user_flags}",
    "    mov [rip + user_rsp], rsp",
    "    lea rsp, [rip + ring_3_stack_top]",
    "    push {user_data}",
    "    push [rip + user_rsp]",
    "    push r11",
    "    push {user_code}",
    "    push rcx",
    "    shr rcx, 47",
    "    jz 2f",
    "    mov qword ptr [rsp], 0",
    "2:  cmp rax, {calls}",
    "    jae 3f",
    "    bt [rip + {in_ring_3}], rax",
    "    jnc 3f",
    "    make_system_call",
    "    jmp 4f",
    "3:  mov rax, -{enosys}",
    "4:  pop rcx",
    "    add rsp, 8",
    "    pop r11",
    "    pop rsp",
    "syscall_in_ring_3_done:",
    "    ud2",
    ".globl ring_3_gate",
    "ring_3_gate:",
    "    ud2",

    // A page fault of the program. At the top of the kernel's stack lie, downwards, SS, RSP, RFLAGS, CS, RIP, the error code and
    // RAX; the next trap of the kernel's overwrites them.
    "fault_in_ring_3:",
    "    push_registers",
    "    mov rdi, rax",
    "    lea rbx, [rip + kernel_stack_top]",
    "    mov rsi, [rbx - 48]",
    "    mov rax, [rbx - 56]",
    "    mov [rip + fault_rax], rax",
    "    mov rax, [rbx - 40]",
    "    mov [rip + fault_frame], rax",
    "    mov rax, [rbx - 24]",
    "    mov [rip + fault_frame + 16], rax",
    "    mov rax, [rbx - 16]",
    "    mov [rip + fault_frame + 24], rax",
    "    call {fault}",
    "    pop_registers",
    "fault_in_ring_3_done:",
    "    ud2",

    // Requests of the kernel's in ring 3.
    ".globl ring_3_out32",
    "ring_3_out32:",
    "    ud2",
    "    ret",
    ".globl ring_3_out8",
    "ring_3_out8:",
    "    ud2",
    "    ret",
    ".globl ring_3_in8",
    "ring_3_in8:",
    "    ud2",
    "    ret",
    ".globl ring_3_wrmsr",
    "ring_3_wrmsr:",
    "    ud2",
    "    ret",

    // In ring 3, on a stack of its own: traps use the kernel stack from its top. Comes back with the program's start, or,
    // where something is left to do in ring 0, with none.
    ".globl prepare_in_ring_3",
    "prepare_in_ring_3:",
    "    lea rsp, [rip + ring_3_stack_top]",
    "    call {prepare}",
    "    test rax, rax",
    "    jz 2f",
    "    mov rdi, rax",
    "    mov rsi, rdx",
    "    movabs rax, {helper}",
    "    lea rdx, [rip + light_entry]",
    "    add rax, rdx",
    "    lea rdx, [rip + helper_start]",
    "    sub rax, rdx",
    "    mov ecx, {lstar}",
    "    mov rdx, rax",
    "    shr rdx, 32",
    "prepare_done_at_once:",
    "    ud2",
    ".globl prepare_done",
    "2:",
    "prepare_done:",
    "    ud2",

    // What IRETQ takes to go back to the program from a fault that was dealt with in ring 3, and the program's RAX.
    ".section .data",
    ".balign 8",
    "fault_frame: .quad 0, {user_code}, 0, 0, {user_data}",
    "fault_rax: .quad 0",
    ".section .bss",
    ".balign 8",
    "user_rsp: .zero 8",
    base = const crate::memory::layout::KERNEL_BASE,
    flags = const crate::boot::start::RFLAGS,
    user_flags = const USER_FLAGS,
    user_fetch = const USER_FETCH,
    calls = const CALLS,
    enosys = const crate::errno::Errno::ENOSYS as u64,
    helper = const crate::memory::layout::HELPER,
    lstar = const crate::cpu::msr::LSTAR,
    phase_port = const crate::abi::port::PHASE,
    program_phase = const crate::abi::phase::PROGRAM,
    in_ring_3 = sym IN_RING_3,
    by_user = const crate::traps::faults::PF_USER,
    in_ring_0 = sym crate::traps::faults::IN_RING_0,
    fault = sym crate::traps::faults::fault_in_ring_3,
    prepare = sym crate::boot::prepare::prepare,
    system_call = sym crate::syscall::system_call,
    trap = sym crate::traps::faults::trap,
    user_data = const USER_DATA,
    user_code = const USER_CODE,
);
