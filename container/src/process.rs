//! Pid 1 of a container as isolab holds it: cloned, signalled, waited for, ended.

use std::fs;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

use crate::error::Error;
use crate::link::Link;
use crate::start::Start;
use crate::status::ExitStatus;

/// Pid 1 of a container. Dropping it kills and reaps it.
pub struct Process {
    pub pid: Pid,
    pub pidfd: OwnedFd,
    /// Its init's socket.
    pub link: Link,
    pub ended: Option<ExitStatus>,
    start: Arc<Start>,
}

/// pidfd_send_signal(2).
fn send(pidfd: &OwnedFd, signal: Signal) -> Result<(), Errno> {
    // SAFETY: numbers and a null pointer.
    let sent = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal as i32, 0, 0) };
    Errno::result(sent).map(drop)
}

impl Process {
    /// A descriptor of pid 1, a child of this process that nobody has reaped.
    pub fn open(pid: i32) -> Result<OwnedFd, Error> {
        // SAFETY: numbers only.
        let opened = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) });
        let failed = |errno| Error::of_descriptor("wait", format!("pidfd_open of pid 1 ({pid})"), errno);
        let pidfd = opened.map_err(failed)?;
        // SAFETY: just made, owned by nobody else.
        Ok(unsafe { OwnedFd::from_raw_fd(pidfd as i32) })
    }

    /// Takes hold of pid 1 by its descriptor.
    pub fn of_child(pid: i32, pidfd: OwnedFd, link: Link, start: Arc<Start>) -> Process {
        Process {
            pid: Pid::from_raw(pid),
            pidfd,
            link,
            ended: None,
            start,
        }
    }

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
        self.start.report.release();
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

    /// Reaps it, and says why there is no program.
    pub fn died_in_set_up(&mut self) -> Error {
        // Pid 1 ends with the program's process. Should it not, this end of it is not waited for longer.
        if !self.ends_within(SET_UP_END) {
            // ESRCH: it has ended after all.
            let _ = self.send(Signal::SIGKILL);
        }
        let last = self.start.report.last_step().map_or("", |step| step.describe().name);
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
