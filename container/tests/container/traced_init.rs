//! A program that may trace pid 1, and makes it stop or lie.

use std::io::Write;
use std::os::fd::{FromRawFd, OwnedFd};
use std::time::Duration;

use container::{Capability, ExitStatus, Spec};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{ForkResult, fork};

use crate::run::{payload, start};
use crate::{Need, Test};

pub const TESTS: &[Test] = &[
    (
        "a program that stops pid 1 and ends is waited for all the same, and has its own status",
        Need::Root,
        stopped,
    ),
    (
        "a program that keeps pid 1 from ending is ended with it",
        Need::Root,
        kept_from_ending,
    ),
    (
        "a program that has pid 1 lie about its end is not believed",
        Need::Root,
        lying,
    ),
];

/// What the program in the container does.
pub fn act(way: &str) -> i32 {
    match way {
        "stop" => leave_tracer(|| {
            stop();
            say(3 << 8);
        }),
        // A traced process stops once more when it ends, whatever ends it (ptrace(2), "BUGS").
        "keep" => leave_tracer(|| ptrace(libc::PTRACE_SEIZE, 0, libc::PTRACE_O_TRACEEXIT as usize)),
        "keep-on" => {
            ptrace(libc::PTRACE_SEIZE, 0, libc::PTRACE_O_TRACEEXIT as usize);
            println!("ready");
            std::thread::sleep(Duration::from_secs(1000));
            1
        }
        "lie" => lie_and_die(),
        other => panic!("no way {other}"),
    }
}

fn ptrace(request: u32, address: usize, data: usize) {
    // SAFETY: the address is null, and data is null or a struct user_regs_struct.
    let answered = unsafe { libc::syscall(libc::SYS_ptrace, request, 1, address, data) };
    Errno::result(answered).expect("ptrace");
}

/// Takes hold of pid 1, and stops it.
fn stop() {
    ptrace(libc::PTRACE_SEIZE, 0, 0);
    ptrace(libc::PTRACE_INTERRUPT, 0, 0);
    let mut status = 0;
    // SAFETY: room for an int.
    let stopped = unsafe { libc::waitpid(1, &raw mut status, libc::__WALL) };
    assert!(stopped == 1 && libc::WIFSTOPPED(status));
}

/// Pid 1's end of its socket to isolab.
fn link() -> OwnedFd {
    // SAFETY: numbers only; each answer is a new descriptor.
    unsafe {
        let pidfd = Errno::result(libc::syscall(libc::SYS_pidfd_open, 1, 0)).expect("pidfd_open");
        let link = Errno::result(libc::syscall(libc::SYS_pidfd_getfd, pidfd, 0, 0)).expect("pidfd_getfd");
        OwnedFd::from_raw_fd(link as i32)
    }
}

fn say(status: i32) {
    std::fs::File::from(link())
        .write_all(&status.to_ne_bytes())
        .expect("write");
}

/// Ends with 7, and leaves a child that traces pid 1.
fn leave_tracer(trace: fn()) -> i32 {
    let (mut told, teller) = std::io::pipe().expect("pipe");
    // SAFETY: a single thread.
    if let ForkResult::Child = unsafe { fork() }.expect("fork") {
        trace();
        drop(teller);
        loop {
            std::thread::sleep(Duration::from_secs(1000));
        }
    }
    drop(teller);
    let _ = std::io::Read::read(&mut told, &mut [0]);
    7
}

/// Says that it ended well, and has pid 1 end, which kills everything else.
fn lie_and_die() -> i32 {
    stop();
    say(0);
    // SAFETY: a struct of numbers.
    let mut registers: libc::user_regs_struct = unsafe { std::mem::zeroed() };
    ptrace(libc::PTRACE_GETREGS, 0, (&raw mut registers).addr());
    // The instruction behind which it was stopped is a system call; -1: none to be begun anew.
    registers.rip -= 2;
    registers.rax = libc::SYS_exit_group as u64;
    registers.rdi = 0;
    registers.orig_rax = u64::MAX;
    ptrace(libc::PTRACE_SETREGS, 0, (&raw const registers).addr());
    ptrace(libc::PTRACE_DETACH, 0, 0);
    std::thread::sleep(Duration::from_secs(1000));
    1
}

fn traced(way: &str) -> Spec {
    let mut spec = payload(&["trace-init", way]);
    spec.capabilities = [Capability::SysPtrace].into();
    spec
}

/// How the program ended, as isolab sees it.
fn end_of(way: &str) -> ExitStatus {
    let mut running = start(traced(way)).unwrap();
    let patience = PollTimeout::from(20_000u16);
    let mut waiting = [PollFd::new(running.container.pidfd(), PollFlags::POLLIN)];
    assert_eq!(
        poll(&mut waiting, patience),
        Ok(1),
        "the end of the program is not seen"
    );
    running.container.wait().unwrap()
}

/// Whether the kernel tells how a process ended that another has reaped (PIDFD_INFO_EXIT, Linux 6.15).
fn kernel_tells() -> bool {
    let kernel = nix::sys::utsname::uname().unwrap();
    let numbers = kernel
        .release()
        .to_str()
        .unwrap()
        .split(['.', '-'])
        .flat_map(str::parse);
    numbers.take(2).collect::<Vec<u32>>() >= vec![6, 15]
}

fn stopped() {
    let expected = if kernel_tells() { 7 } else { 3 };
    assert_eq!(end_of("stop"), ExitStatus::Code(expected));
}

fn kept_from_ending() {
    assert_eq!(end_of("keep"), ExitStatus::Code(7));
    let mut running = start(traced("keep-on")).unwrap();
    assert_eq!(running.read_line(), "ready");
    running.container.remove().unwrap();
}

fn lying() {
    let killed = ExitStatus::Signal {
        signal: libc::SIGKILL,
        out_of_memory: false,
    };
    let expected = if kernel_tells() { killed } else { ExitStatus::Code(0) };
    assert_eq!(end_of("lie"), expected);
}
