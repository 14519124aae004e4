//! Pid 1 of a container: forwards signals to the program, reaps orphans, ends with the program and with the lab. As any
//! other process, the helper that executes a program which may lead to /proc/self/exe: here, that is this file.
//!
//! Freestanding, so that a waiting container costs a few pages: no libc, no data segment. The runtime starts it with
//! every signal blocked, descriptor 0 an eventfd(2) for the program's wait status, descriptor 1 the read end of a pipe
//! whose other end the lab alone holds, and `argv[1]` the program's process id. When pid 1 ends, the kernel kills
//! everything else in the pid namespace (pid_namespaces(7)).
//!
//! The helper is started with `argv[0]` [`HELPER`], the program and its arguments after it, and the same eventfd(2) as
//! descriptor 3, to which it adds the number of the error, shifted by 32 bits.

#![no_std]
#![no_main]

use core::arch::{asm, global_asm};

// Entry: rsp points at argc, argv… (System V ABI, x86-64, 3.4.1).
global_asm!(".globl _start", "_start:", "xor ebp, ebp", "mov rdi, rsp", "and rsp, -16", "call {main}", "ud2", main = sym main);

const SYS_WRITE: usize = 1;
const SYS_GETPID: usize = 39;
const SYS_EXECVE: usize = 59;
const SYS_READ: usize = 0;
const SYS_KILL: usize = 62;
const SYS_WAIT4: usize = 61;
const SYS_PPOLL: usize = 271;
const SYS_SIGNALFD4: usize = 289;
const SYS_EXIT_GROUP: usize = 231;
const SYS_PRCTL: usize = 157;
const PR_SET_DUMPABLE: usize = 4;
const PR_SET_NAME: usize = 15;
const WNOHANG: usize = 1;
const SIGCHLD: u32 = 17;
const POLLIN: u16 = 1;
/// What a shell shows for SIGKILL: the lab is gone.
const LAB_GONE: usize = 128 + 9;
/// `sizeof(struct signalfd_siginfo)`; the signal's number is its first field.
const SIGNAL_INFO_WORDS: usize = 32;

#[repr(C)]
struct PollFd {
    fd: i32,
    events: u16,
    revents: u16,
}

fn syscall(number: usize, a: usize, b: usize, c: usize, d: usize, e: usize) -> isize {
    let answer: isize;
    // SAFETY: every call below passes pointers to live locals of the size the call expects, or numbers.
    unsafe {
        asm!("syscall", inlateout("rax") number as isize => answer, in("rdi") a, in("rsi") b, in("rdx") c,
            in("r10") d, in("r8") e, out("rcx") _, out("r11") _, options(nostack));
    }
    answer
}

fn exit(code: usize) -> ! {
    loop {
        syscall(SYS_EXIT_GROUP, code, 0, 0, 0, 0);
    }
}

/// The decimal number `argv[1]`, or 0.
///
/// # Safety
/// `stack` is the stack the kernel made: argc, then that many pointers to terminated strings.
unsafe fn program_id(stack: *const usize) -> isize {
    // SAFETY: the caller vouches for the layout, and argc says how many pointers there are.
    unsafe {
        if *stack < 2 {
            return 0;
        }
        let mut digits = *stack.add(2) as *const u8;
        let mut number = 0isize;
        while (*digits).is_ascii_digit() {
            number = number.wrapping_mul(10).wrapping_add((*digits - b'0') as isize);
            digits = digits.add(1);
        }
        number
    }
}

/// Takes every child that has ended; ends with the program's status when it is among them.
fn reap(program: isize) {
    loop {
        let mut status = 0u32;
        let child = syscall(SYS_WAIT4, usize::MAX, &raw mut status as usize, WNOHANG, 0, 0);
        if child <= 0 {
            return;
        }
        if child == program {
            // eventfd(2) adds: 0 means "nothing yet", so the status goes in plus one.
            let value = u64::from(status) + 1;
            syscall(SYS_WRITE, 0, &raw const value as usize, 8, 0, 0);
            let signal = status & 0x7f;
            exit(if signal == 0 {
                (status >> 8 & 0xff) as usize
            } else {
                128 + signal as usize
            });
        }
    }
}

/// What the helper is called. A script whose interpreter is /proc/self/exe has another name here, and is refused.
const HELPER: &[u8] = b"isolab-exec\0";
/// Docker's exit code for what cannot be executed.
const CANNOT_EXECUTE: usize = 126;

/// Executes the program that the arguments after the first name.
///
/// # Safety
/// As for [`program_id`]; the environment's pointers follow those of the arguments and a null.
unsafe fn execute(stack: *const usize) -> ! {
    // SAFETY: the caller vouches for the layout; a string is read up to its first difference or its end.
    unsafe {
        let count = *stack;
        let (arguments, environment) = (stack.add(1), stack.add(count + 2));
        let name = *arguments as *const u8;
        if count < 2 || (0..HELPER.len()).any(|index| *name.add(index) != HELPER[index]) {
            exit(CANNOT_EXECUTE);
        }
        let program = *arguments.add(1);
        let answer = syscall(SYS_EXECVE, program, arguments.add(1) as usize, environment as usize, 0, 0);
        let value = (answer.unsigned_abs() as u64) << 32;
        syscall(SYS_WRITE, 3, &raw const value as usize, 8, 0, 0);
        exit(CANNOT_EXECUTE)
    }
}

extern "C" fn main(stack: *const usize) -> ! {
    if syscall(SYS_GETPID, 0, 0, 0, 0, 0) != 1 {
        // SAFETY: as below.
        unsafe { execute(stack) };
    }
    // SAFETY: _start passes the stack pointer of the very beginning.
    let program = unsafe { program_id(stack) };
    syscall(SYS_PRCTL, PR_SET_DUMPABLE, 0, 0, 0, 0);
    syscall(SYS_PRCTL, PR_SET_NAME, c"isolab-init".as_ptr() as usize, 0, 0, 0);
    let every_signal = u64::MAX;
    // What has happened before waits in it: blocked signals stay pending over exec.
    let signals = syscall(SYS_SIGNALFD4, usize::MAX, &raw const every_signal as usize, 8, 0, 0);
    loop {
        let mut waiting = [
            PollFd {
                fd: 1,
                events: 0,
                revents: 0,
            },
            PollFd {
                fd: signals as i32,
                events: POLLIN,
                revents: 0,
            },
        ];
        syscall(SYS_PPOLL, waiting.as_mut_ptr() as usize, 2, 0, 0, 0);
        if waiting[0].revents != 0 {
            exit(LAB_GONE);
        }
        if waiting[1].revents & POLLIN == 0 {
            continue;
        }
        let mut info = [0u32; SIGNAL_INFO_WORDS];
        if syscall(
            SYS_READ,
            signals as usize,
            info.as_mut_ptr() as usize,
            size_of_val(&info),
            0,
            0,
        ) <= 0
        {
            continue;
        }
        match info[0] {
            SIGCHLD => reap(program),
            signal => {
                syscall(SYS_KILL, program as usize, signal as usize, 0, 0, 0);
            }
        }
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    exit(125)
}
