//! System calls that ring 3 answers itself, where SYSCALL leaves it in ring 3.
//!
//! A hypervisor without hardware virtualization may execute SYSCALL without entering ring 0, and emulate ring 0 at a
//! price of tens of microseconds a visit. LSTAR then points into the helper page, and the calls that every start of a C
//! library makes, and that concern nobody but the program, are answered there: constants, the first steps of the heap's
//! end, and the book of its own signal actions, which lie in the page behind; and the time, once the kernel has found the
//! clock, which lies in the page after that. Every other call goes on to
//! [`crate::traps::entry::syscall_entry`]. Where SYSCALL enters ring 0, nothing of this is used.

use crate::abi::COUNTED_CALLS;
use crate::cpu::USER_FLAGS;
use crate::errno::Errno;
use crate::memory::layout::{CLOCK, STACK_SIZE, USER_END};
use crate::cpu::clock::Clock;
use crate::boot::prepare;
use crate::traps::signals::{SIGKILL, SIGSTOP};
use crate::boot::start::RFLAGS;
use crate::syscall::PROCESS;
use crate::traps::entry::{Frame, IN_RING_3};
use crate::cpu;
use crate::memory::user_access::in_helper;
use core::arch::{asm, global_asm};

unsafe extern "C" {
    /// Where SYSCALL goes while it is not known what it does.
    pub fn probe_entry();
    static light_counting_entry: u8;
    static light_made: [u16; COUNTED_CALLS];
    static light_end: u8;
    static light_rdi: u64;
    static mut light_sets_base: u8;
}

global_asm!(
    ".text",
    // Tells the privilege level in which SYSCALL arrives, and goes back the way that is right there.
    ".globl probe_entry",
    "probe_entry:",
    "    mov eax, cs",
    "    test al, 3",
    "    jnz 1f",
    "    sysretq",
    "1:  jmp rcx",

    ".section .process, \"aw\", @progbits",
    ".balign 8",
    ".globl light_sets_base",
    "light_sets_base: .quad 0",
    "light_made: .zero 2 * {counted}",
    "light_rsp: .quad 0",
    "light_rdi: .quad 0",
    "light_rcx: .quad 0",
    "light_rdx: .quad 0",
    "light_r8: .quad 0",
    "light_seconds: .quad 0",
    "    .zero 64",
    "light_stack:",

    // Where system calls are counted they come here first.
    ".section .helper, \"ax\", @progbits",
    ".balign 16",
    "light_counting_entry:",
    "    cmp rax, {counted}",
    "    jae light_entry",
    "    mov [rip + light_rdi], rdi",
    "    lea rdi, [rip + light_made]",
    "    inc word ptr [rdi + 2 * rax]",
    "    jnz 1f",
    "    dec word ptr [rdi + 2 * rax]", // as many as can be counted
    "1:",
    "    mov rdi, [rip + light_rdi]",

    // RAX is the number, RCX the way back, R11 the flags; RDI, RSI, RDX, R10 are arguments. Only RAX may change.
    "light_entry:",
    "    cmp eax, 12",
    "    je light_break",
    "    cmp eax, 13",
    "    je light_action",
    "    cmp eax, 131",
    "    je light_alternate_stack",
    "    cmp eax, 158",
    "    je light_thread_pointer",
    "    cmp eax, 302",
    "    je light_limit",
    "    cmp eax, 318",
    "    je light_random",
    "    cmp eax, 228",
    "    je light_clock",
    "    cmp eax, 334", // rseq
    "    je light_unknown",
    "    cmp eax, 273", // set_robust_list
    "    je light_zero",
    "    cmp eax, 218", // set_tid_address
    "    je light_process",
    "    cmp eax, 186", // gettid
    "    je light_process",
    "    cmp eax, 39", // getpid
    "    je light_process",
    "light_heavy:",
    "    cmp rax, 512",
    "    jae 1f",
    "    bt [rip + light_calls], rax",
    "    jc 2f",
    "1:  jmp [rip + light_kernel]",
    "2:  jmp [rip + light_ring_3]",

    "light_zero:",
    "    xor eax, eax",
    "light_return:", // as SYSRET: flags from R11; on a stack of its own, since a program may keep data below its own
    "    mov [rip + light_rsp], rsp",
    "    lea rsp, [rip + light_stack]",
    "    push r11",
    "    popfq",
    "    mov rsp, [rip + light_rsp]",
    "    jmp rcx",
    "light_process:",
    "    mov eax, {process}",
    "    jmp light_return",
    "light_unknown:",
    "    mov rax, -{enosys}",
    "    jmp light_return",

    // brk(RDI): where the end is; forward, as far as there is heap from the start.
    "light_break:",
    "    mov rax, [rip + {heap} + 16]",
    "    cmp rdi, [rip + {heap}]",
    "    jb light_return",
    "    cmp rdi, rax",
    "    jb 1f",
    "    cmp rdi, [rip + {heap} + 8]",
    "    ja 1f",
    "    mov [rip + {heap} + 16], rdi",
    "    mov rax, rdi",
    "    jmp light_return",
    "1:  mov eax, 12",
    "    jmp light_heavy",

    // rt_sigaction(RDI signal, RSI new, RDX old, R10 8). What is refused is the kernel's, and with new and old at one place,
    // where the order matters.
    "light_action:",
    "    cmp rsi, rdx",
    "    je light_heavy",
    "    cmp r10, 8",
    "    jne light_heavy",
    "    cmp rdi, {sigkill}",
    "    je light_heavy",
    "    cmp rdi, {sigstop}",
    "    je light_heavy",
    "    lea eax, [rdi - 1]",
    "    cmp eax, 63",
    "    mov eax, 13",
    "    ja light_heavy",
    "    mov [rip + light_rdi], rdi",
    "    lea eax, [rdi - 1]",
    "    shl eax, 5",
    "    lea rdi, [rip + {signals}]",
    "    add rdi, rax",
    "    test rdx, rdx",
    "    jz 1f",
    "    mov rax, [rdi]",
    "    mov [rdx], rax",
    "    mov rax, [rdi + 8]",
    "    mov [rdx + 8], rax",
    "    mov rax, [rdi + 16]",
    "    mov [rdx + 16], rax",
    "    mov rax, [rdi + 24]",
    "    mov [rdx + 24], rax",
    "1:  test rsi, rsi",
    "    jz 2f",
    "    mov rax, [rsi]",
    "    mov [rdi], rax",
    "    mov rax, [rsi + 8]",
    "    mov [rdi + 8], rax",
    "    mov rax, [rsi + 16]",
    "    mov [rdi + 16], rax",
    "    mov rax, [rsi + 24]",
    "    mov [rdi + 24], rax",
    "2:  mov rdi, [rip + light_rdi]",
    "    jmp light_zero",

    // sigaltstack(RDI new, RSI old), behind the 64 actions and the mask.
    "light_alternate_stack:",
    "    cmp rdi, rsi",
    "    je light_heavy",
    "    mov [rip + light_rdi], rdi",
    "    test rsi, rsi",
    "    jz 1f",
    "    mov rax, [rip + {signals} + 2056]",
    "    mov [rsi], rax",
    "    mov rax, [rip + {signals} + 2064]",
    "    mov [rsi + 8], rax",
    "    mov rax, [rip + {signals} + 2072]",
    "    mov [rsi + 16], rax",
    "1:  test rdi, rdi",
    "    jz light_zero",
    "    mov rax, [rdi]",
    "    mov [rip + {signals} + 2056], rax",
    "    mov rax, [rdi + 8]",
    "    mov [rip + {signals} + 2064], rax",
    "    mov rax, [rdi + 16]",
    "    mov [rip + {signals} + 2072], rax",
    "    jmp light_zero",

    // arch_prctl(RDI ARCH_SET_FS, RSI base).
    "light_thread_pointer:",
    "    cmp rdi, 0x1002",
    "    jne light_heavy",
    "    cmp byte ptr [rip + light_sets_base], 0",
    "    je light_heavy",
    "    mov rax, rsi",
    "    shr rax, 47",
    "    mov eax, 158",
    "    jnz light_heavy",
    "    wrfsbase rsi",
    "    jmp light_zero",

    // prlimit64(RDI 0, RSI RLIMIT_STACK, RDX none, R10 old).
    "light_limit:",
    "    test rdi, rdi",
    "    jnz light_heavy",
    "    cmp rsi, 3",
    "    jne light_heavy",
    "    test rdx, rdx",
    "    jnz light_heavy",
    "    test r10, r10",
    "    jz light_zero",
    "    mov [rip + light_rdi], rdi",
    "    mov eax, {stack}",
    "    mov [r10], rax",
    "    mov rax, -1",
    "    mov [r10 + 8], rax",
    "    jmp light_zero",

    // getrandom(RDI to, RSI 8 bytes). The processors that need this file have RDRAND.
    "light_random:",
    "    cmp rsi, 8",
    "    jne light_heavy",
    "    mov [rip + light_rdi], rdi",
    "    rdrand rax",
    "    jnc 1f",
    "    mov [rdi], rax",
    "    mov eax, 8",
    "    jmp light_return",
    "1:  mov eax, 318",
    "    jmp light_heavy",

    // clock_gettime(RDI CLOCK_REALTIME or CLOCK_MONOTONIC, RSI to): as `cpu::clock`. An odd version is one that is being written.
    "light_clock:",
    "    cmp rdi, 1",
    "    ja light_heavy",
    "    mov [rip + light_rdi], rdi",
    "    mov [rip + light_rcx], rcx",
    "    mov [rip + light_rdx], rdx",
    "    mov [rip + light_r8], r8",
    "    movabs r8, {clock}",
    "    cmp byte ptr [r8 + {ready}], 0",
    "    je 4f",
    "1:  mov edi, [r8]",
    "    test edi, 1",
    "    jnz 1b",
    "    lfence",
    "    rdtsc",
    "    shl rdx, 32",
    "    or rax, rdx",
    "    sub rax, [r8 + {ticks}]",
    "    mov cl, [r8 + {shift}]",
    "    test cl, cl",
    "    js 2f",
    "    shl rax, cl",
    "    jmp 3f",
    "2:  neg cl",
    "    shr rax, cl",
    "3:  mov edx, [r8 + {factor}]",
    "    mul rdx",
    "    shrd rax, rdx, 32",
    "    add rax, [r8 + {time}]",
    "    cmp edi, [r8]",
    "    jne 1b",
    "    cmp qword ptr [rip + light_rdi], 0",
    "    jne 3f",
    "    add rax, [r8 + {wall}]",
    "3:  xor edx, edx",
    "    mov ecx, 1000000000",
    "    div rcx",
    "    mov [rip + light_seconds], rax",
    "    mov rax, rdx",
    "    mov rdi, [rip + light_rdi]",
    "    mov rcx, [rip + light_rcx]",
    "    mov rdx, [rip + light_rdx]",
    "    mov r8, [rip + light_r8]",
    "    mov [rsi + 8], rax",
    "    mov rax, [rip + light_seconds]",
    "    mov [rsi], rax",
    "    jmp light_zero",
    "4:  mov r8, [rip + light_r8]",
    "    jmp light_heavy",
    "light_end:",

    ".balign 8",
    "light_kernel: .quad syscall_entry",
    "light_ring_3: .quad ring_3_gate",
    "light_calls: .quad {calls0}, {calls1}, {calls2}, {calls3}, {calls4}, {calls5}, {calls6}, {calls7}",
    calls0 = const IN_RING_3[0],
    calls1 = const IN_RING_3[1],
    calls2 = const IN_RING_3[2],
    calls3 = const IN_RING_3[3],
    calls4 = const IN_RING_3[4],
    calls5 = const IN_RING_3[5],
    calls6 = const IN_RING_3[6],
    calls7 = const IN_RING_3[7],
    counted = const COUNTED_CALLS,
    sigkill = const SIGKILL,
    sigstop = const SIGSTOP,
    process = const PROCESS,
    enosys = const Errno::ENOSYS as u64,
    stack = const STACK_SIZE,
    clock = const CLOCK,
    ticks = const Clock::TICKS,
    shift = const Clock::SHIFT,
    factor = const Clock::FACTOR,
    time = const Clock::TIME,
    wall = const Clock::WALL,
    ready = const Clock::READY,
    signals = sym crate::traps::signals::SIGNALS,
    heap = sym crate::memory::heap::BREAK,
);

/// Finds out what SYSCALL does; in ring 3, while LSTAR is [`probe_entry`].
pub fn syscall_stays_in_ring_3() -> bool {
    let selector: u64;
    // SAFETY: `probe_entry` changes nothing but RAX, and comes back to ring 3.
    unsafe { asm!("syscall", out("rax") selector, out("rcx") _, out("r11") _, options(nostack)) }
    selector & 3 == 3
}

/// Finds out what ring 3 can do itself; there.
pub fn prepare() {
    const FSGSBASE: u32 = 1;
    let has_it = prepare::syscall_stays_in_ring_3() && cpu::cpuid(7, 0).ebx & FSGSBASE != 0;
    // SAFETY: a single assignment. (A processor without SMEP and leaf 7 has no hypervisor of that kind either.)
    unsafe { (&raw mut light_sets_base).write(has_it.into()) }
}

/// The entry that counts, where ring 3 sees it.
pub fn counting_entry() -> u64 {
    in_helper(&raw const light_counting_entry)
}

/// The system calls that the counting entry has seen, by number. The program may have changed them.
pub fn made(counts: &mut [u16; COUNTED_CALLS]) {
    // SAFETY: nothing else uses them now.
    *counts = unsafe { (&raw const light_made).read() }
}

/// If a fault that cannot be resolved was made here, by an address that the program gave: the call answers EFAULT. The
/// program may have jumped here, with anything in RCX and R11.
pub fn failed(frame: &mut Frame) -> bool {
    let here = (counting_entry()..in_helper(&raw const light_end)).contains(&frame.rip)
        && prepare::syscall_stays_in_ring_3()
        && frame.rcx < USER_END;
    if here {
        // SAFETY: written before every access to the program's memory.
        frame.rdi = unsafe { (&raw const light_rdi).read() };
        (frame.rip, frame.rflags) = (frame.rcx, frame.r11 & USER_FLAGS | RFLAGS);
        frame.rax = (Errno::EFAULT as u64).wrapping_neg();
    }
    here
}
