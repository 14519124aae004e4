//! Pid 1 of a container and the program's process as isolab holds them: signalled, waited for, ended.
//!
//! A program with CAP_SYS_PTRACE may trace its init: stop it, have it say anything, keep it from ending. So isolab learns from the
//! kernel that the program has ended, and of such a program also how, and ends what keeps pid 1.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

use crate::capability::Capability;
use crate::error::{Error, ErrorStep};
use crate::link::Link;
use crate::pidfd;
use crate::start::Start;
use crate::status::ExitStatus;

/// Pid 1 of a container. Dropping it kills and reaps it.
pub struct Process {
    pub pid: Pid,
    pub pidfd: OwnedFd,
    /// The program's process, once it has been executed, where it is not pid 1 itself.
    program: Option<OwnedFd>,
    /// Its init's socket.
    pub link: Link,
    pub ended: Option<ExitStatus>,
    /// Whether SIGKILL was sent.
    killed: AtomicBool,
    start: Arc<Start>,
}

/// How long the init may take to say how the program has ended, on a host that is busy with others: before Linux 6.15 nobody else can.
const INIT_SAYS: Duration = Duration::from_secs(10);

/// How long pid 1 may take to end once it is killed, before everything else of the container is killed one by one.
const PID1_ENDS: Duration = Duration::from_millis(200);

impl Process {
    /// A descriptor of pid 1, a child of this process that nobody has reaped.
    pub fn open(pid: i32) -> Result<OwnedFd, Error> {
        pidfd::open(pid)
            .map_err(|errno| Error::of_resource(ErrorStep::Wait, format!("pidfd_open of pid 1 ({pid})"), errno))
    }

    /// Takes hold of pid 1 by its descriptor.
    pub fn of_child(pid: i32, pidfd: OwnedFd, link: Link, start: Arc<Start>) -> Process {
        Process {
            pid: Pid::from_raw(pid),
            pidfd,
            link,
            program: None,
            ended: None,
            killed: AtomicBool::new(false),
            start,
        }
    }

    /// Sends a signal to pid 1, which forwards it. SIGKILL goes to the program as well: its end is waited for first.
    pub fn send(&self, signal: Signal) -> Result<(), Errno> {
        if self.ended.is_some() {
            return Err(Errno::ESRCH);
        }
        if signal == Signal::SIGKILL {
            self.killed.store(true, Relaxed);
            // ESRCH: pid 1 has reaped it.
            let _ = self.program.as_ref().map(|program| pidfd::send(program, signal));
        }
        pidfd::send(&self.pidfd, signal)
    }

    /// Takes hold of the program's process, which pid 1 has sent a descriptor of where it is not that itself.
    pub fn take_program(&mut self) -> Result<(), Error> {
        let plan = &self.start.plan;
        match plan.without_init {
            false => self.program = Some(self.link.program()?),
            // It was sent all the same, and comes before what the helper says.
            true if plan.ended.is_some() => drop(self.link.program()?),
            true => {}
        }
        Ok(())
    }

    /// The program's process.
    pub fn program(&self) -> &OwnedFd {
        self.program.as_ref().unwrap_or(&self.pidfd)
    }

    /// Stops the program.
    pub fn stop_program(&self) -> Result<(), Errno> {
        pidfd::send(self.program(), Signal::SIGSTOP)
    }

    /// Whether the program ends within that time.
    pub fn ends_within(&self, time: Duration) -> bool {
        pidfd::readable_within(self.program().as_fd(), time)
    }

    /// Waits until the program has ended, and ends pid 1: it may be stopped.
    fn end_with_program(&self) {
        let is_pid1 = self.program.is_none();
        let mut waiting = [PollFd::new(self.program().as_fd(), PollFlags::POLLIN)];
        // A pid 1 that was killed may be kept from ending.
        if !is_pid1 || !self.killed.load(Relaxed) {
            while poll(&mut waiting, PollTimeout::NONE) == Err(Errno::EINTR) {}
        }
        if !is_pid1 {
            // It is readable, too, when the init is dead.
            pidfd::readable_within(self.link.as_fd(), INIT_SAYS);
        }
        // ESRCH: it has ended, and waits to be reaped.
        let _ = self.send(Signal::SIGKILL);
        // A process that is traced stops once more when it is killed, until its tracer is dead (ptrace(2), PTRACE_O_TRACEEXIT).
        while !pidfd::readable_within(self.pidfd.as_fd(), PID1_ENDS) {
            self.kill_all();
        }
    }

    /// Kills everything below pid 1.
    fn kill_all(&self) {
        let below = || self.pids().into_iter().skip(1);
        let opened: Vec<_> = below().filter_map(|pid| Some((pid, pidfd::open(pid).ok()?))).collect();
        // Another process may have such an id by the time that it is opened.
        let still: Vec<i32> = below().collect();
        for (_, pidfd) in opened.iter().filter(|(pid, _)| still.contains(pid)) {
            let _ = pidfd::send(pidfd, Signal::SIGKILL);
        }
    }

    /// Every process of the container, pid 1 first; none once it has been waited for.
    pub fn pids(&self) -> Vec<i32> {
        let mut pids = Vec::new();
        if self.ended.is_none() {
            pids.push(self.pid.as_raw());
        }
        // Orphans become children of pid 1, so the tree below it is everything.
        let mut next = 0;
        while let Some(&pid) = pids.get(next) {
            pids.extend(children(pid));
            next += 1;
        }
        pids
    }

    /// What wait(2) says of the program, once everything has been reaped: the init's word, but of a program that may trace
    /// the init the kernel's. That one is of the first thread alone, which may have ended before the others.
    fn program_status(&self) -> Option<i32> {
        let traces_init = self.start.plan.capabilities >> Capability::SysPtrace as u8 & 1 == 1;
        let of_kernel = || self.program.as_ref().and_then(pidfd::status_of_reaped);
        match traces_init {
            true => of_kernel().or_else(|| self.link.status()),
            false => self.link.status().or_else(of_kernel),
        }
    }

    /// Reaps it, and says how the program ended; asks `out_of_memory` about a SIGKILL.
    pub fn wait(&mut self, out_of_memory: impl Fn() -> bool) -> Result<ExitStatus, Error> {
        if let Some(ended) = self.ended {
            return Ok(ended);
        }
        self.end_with_program();
        let waited = loop {
            match waitid(Id::PIDFd(self.pidfd.as_fd()), WaitPidFlag::WEXITED) {
                Err(Errno::EINTR) => {}
                // Reaped by the kernel, if this process ignores SIGCHLD, or by another part of it that waits for all.
                Err(Errno::ECHILD) if pidfd::readable_within(self.pidfd.as_fd(), Duration::ZERO) => {
                    break Ok(WaitStatus::Signaled(self.pid, Signal::SIGKILL, false));
                }
                other => break other,
            }
        };
        let waited = waited.map_err(|errno| Error {
            step: ErrorStep::Wait,
            tried: format!("waitid for pid 1 ({})", self.pid),
            errno: Some(errno),
            hint: String::new(),
        })?;
        // The kernel lets pid 1 be reaped only after everything else in its pid namespace is dead.
        self.start.report.release();
        let status = match (self.program_status(), waited) {
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
            step: ErrorStep::SetUp,
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
fn children(pid: i32) -> impl Iterator<Item = i32> {
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
