//! Pid 1 of a container: forwards signals to the program, reaps orphans, ends with the program and with isolab.
//!
//! isolab starts it with every signal blocked, [`INIT_LINK`] as its only descriptor, `argv[1]` the program's process id,
//! one capability, the one to signal, and a filter of the system calls made here (`src/seccomp/init.rs`). A program
//! without CAP_SYS_PTRACE cannot trace it, because its executable cannot be read (ptrace(2), "Ptrace access mode checking";
//! execve(2) and PR_SET_DUMPABLE); one with it can, and gets no further than this process's filter. When it ends, the kernel kills everything else in the pid namespace (pid_namespaces(7)).

use crate::abi::INIT_LINK;
use crate::sys::{self, call};

const PR_SET_NAME: i32 = 15;
const WNOHANG: usize = 1;
const SIGCHLD: u32 = 17;
const POLLIN: u16 = 1;
/// What a shell shows for SIGKILL: isolab is gone.
const ISOLAB_GONE: usize = 128 + 9;
/// `sizeof(struct signalfd_siginfo)`; the signal's number is its first field.
const SIGNAL_INFO_WORDS: usize = 32;

#[repr(C)]
struct PollFd {
    fd: i32,
    events: u16,
    revents: u16,
}

/// The number that the text begins with, or 0.
///
/// # Safety
/// `text` is a terminated string.
unsafe fn number(mut text: *const u8) -> usize {
    let mut number = 0usize;
    // SAFETY: the caller vouches for the string, which is read up to its first byte that is no digit.
    unsafe {
        while (*text).is_ascii_digit() {
            number = number.wrapping_mul(10).wrapping_add((*text - b'0').into());
            text = text.add(1);
        }
    }
    number
}

/// Takes every child that has ended; ends with the program's status when it is among them.
fn reap(program: usize) {
    loop {
        let mut status = 0u32;
        // SAFETY: room for an int.
        let child = unsafe { call!(sys::WAIT4, usize::MAX, &raw mut status, WNOHANG, 0) };
        match child {
            Ok(0) | Err(_) => return,
            Ok(child) if child == program => {
                // SAFETY: the bytes of an int.
                let _ = unsafe { call!(sys::WRITE, INIT_LINK, &raw const status, size_of_val(&status)) };
                let signal = status & 0x7f;
                sys::exit(if signal == 0 {
                    (status >> 8 & 0xff) as usize
                } else {
                    128 + signal as usize
                });
            }
            Ok(_) => {}
        }
    }
}

/// # Safety
/// `arguments` are at least two pointers to terminated strings.
pub unsafe fn run(arguments: *const *const u8) -> ! {
    // SAFETY: the caller vouches for the strings; the others are live locals of the size that the call expects.
    let (program, signals) = unsafe {
        let program = number(*arguments.add(1));
        let _ = call!(sys::PRCTL, PR_SET_NAME, c"isolab-init".as_ptr());
        let every_signal = u64::MAX;
        // What has happened before waits in it: blocked signals stay pending over exec.
        (program, call!(sys::SIGNALFD4, usize::MAX, &raw const every_signal, 8, 0))
    };
    let Ok(signals) = signals else { sys::exit(125) };
    loop {
        let wait = |fd, events| PollFd { fd, events, revents: 0 };
        let mut waiting = [wait(INIT_LINK, 0), wait(signals as i32, POLLIN)];
        // SAFETY: an array of two.
        let _ = unsafe { call!(sys::PPOLL, waiting.as_mut_ptr(), waiting.len(), 0, 0, 0) };
        if waiting[0].revents != 0 {
            sys::exit(ISOLAB_GONE);
        }
        if waiting[1].revents & POLLIN == 0 {
            continue;
        }
        let mut info = [0u32; SIGNAL_INFO_WORDS];
        // SAFETY: pointer and length of a live buffer.
        let filled = unsafe { call!(sys::READ, signals, info.as_mut_ptr(), size_of_val(&info)) };
        match (filled, info[0]) {
            (Err(_), _) => {}
            (Ok(_), SIGCHLD) => reap(program),
            (Ok(_), signal) => {
                // SAFETY: numbers.
                let _ = unsafe { call!(sys::KILL, program, signal) };
            }
        }
    }
}
