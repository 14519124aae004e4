//! Pid 1 of a container as isolab holds it: cloned, signalled, waited for, ended.

use std::fs;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering::Acquire;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

use crate::cgroup::Group;
use crate::child;
use crate::error::Error;
use crate::hints;
use crate::launch::Launch;
use crate::link::{Ends, Link};
use crate::report::word;
use crate::status::ExitStatus;
use crate::sys::{self, CloneArgs};

/// Pid 1 of a container. Dropping it kills and reaps it.
pub struct Process {
    pub pid: Pid,
    pub pidfd: OwnedFd,
    /// Its init's socket.
    pub link: Link,
    pub ended: Option<ExitStatus>,
    launch: Arc<Launch>,
}

/// Makes pid 1. It shares this process's memory until it has executed its init, so no signal may reach it: a handler
/// of isolab's would run in it.
pub fn clone(launch: &Arc<Launch>, group: Option<&Group>, link: Ends) -> Result<Process, Error> {
    let directory = group.map(Group::clone_target).transpose()?.flatten();
    let mut pidfd = -1i32;
    let into_group = if directory.is_some() { sys::CLONE_INTO_CGROUP } else { 0 };
    let flags = (libc::CLONE_VM | libc::CLONE_PIDFD | libc::CLONE_CHILD_CLEARTID) as u64;
    let arguments = CloneArgs {
        flags: flags | into_group | launch.plan.clone_flags,
        pidfd: &raw mut pidfd as u64,
        child_tid: launch.report.pid1_word.as_ptr() as u64,
        exit_signal: libc::SIGCHLD as u64,
        stack: launch.stacks.pid1.base,
        stack_size: launch.stacks.pid1.size,
        cgroup: directory.as_ref().map_or(0, |directory| directory.as_raw_fd() as u64),
        ..Default::default()
    };
    let before = mask_signals(u64::MAX);
    // SAFETY: the stack is pid 1's own until `pid1_word` is RELEASED (`stack::give_back` holds the launch for that);
    // the launch lives as long; `child::pid1` keeps to the rules of `sys`.
    let cloned = unsafe { sys::clone_onto(&arguments, child::pid1, Arc::as_ptr(launch)) };
    mask_signals(before);
    let pid = cloned.map_err(|errno| hints::clone_failed(&launch.plan, Errno::from_raw(errno)))?;
    // SAFETY: CLONE_PIDFD has made this descriptor; nobody else has it.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    Ok(Process {
        pid: Pid::from_raw(pid),
        pidfd,
        link: link.ours(),
        ended: None,
        launch: Arc::clone(launch),
    })
}

/// Sets this thread's signal mask and returns the one before. Not with libc, which leaves two signals out.
fn mask_signals(mask: u64) -> u64 {
    let mut before = 0u64;
    // SAFETY: two sets of 8 bytes. It cannot fail.
    let _ = unsafe {
        sys::call!(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            &raw const mask,
            &raw mut before,
            8
        )
    };
    before
}

/// pidfd_send_signal(2).
fn send(pidfd: &OwnedFd, signal: Signal) -> Result<(), Errno> {
    // SAFETY: numbers and a null pointer.
    let sent = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal as i32, 0, 0) };
    Errno::result(sent).map(drop)
}

impl Process {
    /// pidfd_send_signal(2).
    pub fn send(&self, signal: Signal) -> Result<(), Errno> {
        if self.ended.is_some() {
            return Err(Errno::ESRCH);
        }
        send(&self.pidfd, signal)
    }

    /// Stops the program, which is pid 1's first child.
    pub fn stop_program(&self) -> Result<(), Errno> {
        let first = || children(self.pid.as_raw()).next();
        let program = first().filter(|_| self.ended.is_none()).ok_or(Errno::ESRCH)?;
        // SAFETY: numbers only.
        let pidfd = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, program, 0) })?;
        // SAFETY: just opened, owned by nobody else.
        let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd as i32) };
        // Another process may have its id by the time that it is opened; this one is a child of pid 1.
        match first() == Some(program) {
            true => send(&pidfd, Signal::SIGSTOP),
            false => Err(Errno::ESRCH),
        }
    }

    /// Whether it ends within that time.
    pub fn ends_within(&self, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            // Rounded up: the last fraction of a millisecond must not become a busy loop.
            let timeout = PollTimeout::try_from(left + Duration::from_micros(999)).unwrap_or(PollTimeout::MAX);
            match poll(&mut [PollFd::new(self.pidfd.as_fd(), PollFlags::POLLIN)], timeout) {
                Ok(1..) => return true,
                _ if left.is_zero() => return false,
                _ => {}
            }
        }
    }

    /// Reaps it, and says how the program ended; asks `out_of_memory` about a SIGKILL.
    pub fn wait(&mut self, out_of_memory: impl Fn() -> bool) -> Result<ExitStatus, Error> {
        if let Some(ended) = self.ended {
            return Ok(ended);
        }
        let waited = loop {
            match waitid(Id::PIDFd(self.pidfd.as_fd()), WaitPidFlag::WEXITED) {
                Err(Errno::EINTR) => {}
                // Reaped by the kernel, if this process ignores SIGCHLD, or by another part of it that waits for all.
                Err(Errno::ECHILD) if self.ends_within(Duration::ZERO) => {
                    break Ok(WaitStatus::Signaled(self.pid, Signal::SIGKILL, false));
                }
                other => break other,
            }
        };
        let waited = waited.map_err(|errno| Error {
            step: "wait",
            tried: format!("waitid for pid 1 ({})", self.pid),
            errno: Some(errno),
            hint: String::new(),
        })?;
        // The kernel lets pid 1 be reaped only after everything else in its pid namespace is dead.
        self.launch.report.release();
        let status = match (self.link.status(), waited) {
            (Some(status), _) => ExitStatus::from_wait(status),
            (None, WaitStatus::Signaled(_, signal, _)) => ExitStatus::Signal {
                signal: signal as i32,
                out_of_memory: false,
            },
            (None, WaitStatus::Exited(_, code)) => ExitStatus::Code(code as u8),
            (None, _) => ExitStatus::Code(125),
        };
        let status = match status {
            ExitStatus::Signal {
                signal: libc::SIGKILL, ..
            } => ExitStatus::Signal {
                signal: libc::SIGKILL,
                out_of_memory: out_of_memory(),
            },
            other => other,
        };
        self.ended = Some(status);
        Ok(status)
    }

    /// Kills and reaps it.
    pub fn end(&mut self) -> Result<(), Error> {
        if self.ended.is_none() {
            // ESRCH: it has ended, and waits to be reaped.
            let _ = self.send(Signal::SIGKILL);
            self.wait(|| false)?;
        }
        Ok(())
    }

    /// Waits until the program's process uses this process's memory no more: it has executed a program, or is dead.
    ///
    /// The kernel says so in a word, but not of a process that dumps core, and then pid 1 ends soon.
    pub fn wait_for_exec(&self) {
        let program = &self.launch.report.program_word;
        while program.load(Acquire) == word::BUSY && !self.ends_within(Duration::ZERO) {
            sys::futex_wait(program, word::BUSY, Some(100));
        }
    }

    /// Reaps it, and says why there is no program.
    pub fn died_in_set_up(&mut self) -> Error {
        // Pid 1 ends with the program's process. Should it not, this end of it is not waited for longer.
        if !self.ends_within(SET_UP_END) {
            // ESRCH: it has ended after all.
            let _ = self.send(Signal::SIGKILL);
        }
        let last = self.launch.report.last_step().map_or("", |step| step.describe().name);
        let (end, hint) = match self.wait(|| false) {
            Ok(ExitStatus::Signal { signal, .. }) => {
                let name =
                    Signal::try_from(signal).map_or_else(|_| format!("signal {signal}"), |name| name.to_string());
                let hint = match signal {
                    libc::SIGKILL => "it comes from a memory limit too small for the set-up, or from outside",
                    _ => "",
                };
                (format!("{name} ended it"), hint.to_owned())
            }
            Ok(ExitStatus::Code(code)) => (format!("it ended with code {code}"), String::new()),
            Err(error) => ("it ended".to_owned(), error.to_string()),
        };
        Error {
            step: "set-up",
            tried: format!("prepare the container: {end} after the step {last:?}"),
            errno: None,
            hint,
        }
    }
}

/// How long pid 1 may take to end after the program's process: it may be in the middle of a network namespace, which takes
/// seconds on a host that is busy with others.
const SET_UP_END: Duration = Duration::from_secs(10);

impl Drop for Process {
    fn drop(&mut self) {
        // Nobody is left to tell; a process that cannot be reaped here is reaped when isolab ends.
        let _ = self.end();
    }
}

/// The children of every thread of a process (proc_tid_children(5)).
pub fn children(pid: i32) -> impl Iterator<Item = i32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    threads.flat_map(|thread| {
        let text = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        text.split_whitespace()
            .filter_map(|pid| pid.parse().ok())
            .collect::<Vec<i32>>()
    })
}
