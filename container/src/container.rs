//! The life of one container: start, signal, wait, stop, remove.

use std::fs;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::atomic::Ordering::Acquire;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

use crate::cgroup::{Doing, Group, Place};
use crate::child::{self, Launch};
use crate::error::Error;
use crate::hints;
use crate::init::Shared;
use crate::notes;
use crate::plan::{GroupMaker, IdMaps, Plan};
use crate::report::{Failure, Report, gate};
use crate::spec::Spec;
use crate::stack::{self, Stacks};
use crate::statistics::Statistics;
use crate::status::ExitStatus;
use crate::steps::Step;
use crate::sys::{self, CloneArgs};
use crate::timeline::{self, ExplainedStep, Stamp};

/// A started container. Dropping it kills it and removes what it used.
pub struct Container {
    /// Before `group`, which can be removed only once its processes are gone.
    process: Process,
    group: Option<Group>,
    launch: Arc<Launch>,
}

impl std::fmt::Debug for Container {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Container")
            .field("pid", &self.process.pid)
            .field("ended", &self.process.ended)
            .finish_non_exhaustive()
    }
}

/// How a container's root was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootKind {
    /// The layers under a writable one, as an overlay.
    Overlay,
    /// The kernel refused an overlay: the layers copied into memory.
    Copy,
}

/// Pid 1 of a container. Dropping it kills and reaps it.
struct Process {
    pid: Pid,
    pidfd: OwnedFd,
    /// Where it writes the program's wait status.
    status: EventFd,
    ended: Option<ExitStatus>,
    launch: Arc<Launch>,
}

/// Starts a container and returns once its program has been executed, or with the reason why not. A script, and a program
/// on a volume, is executed by a helper: why that failed is known to [`Container::wait`] only.
///
/// Needs Linux 5.12. What was made before a failure is gone when this returns.
pub fn start(spec: &Spec) -> Result<Container, Error> {
    let report = Report::new(sys::now_ns());
    let shared = Shared::get()?;
    let status = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK).map_err(no_descriptor)?;
    let plan = Plan::new(spec, shared, status.as_raw_fd())?;
    if let Some(place) = &plan.group {
        notes::write(&spec.state_dir, place.bases())?;
    }
    let stacks = Stacks::get()?;
    let launch = Arc::new(Launch::new(plan, report, stacks.roles()));
    let (plan, report) = (&launch.plan, &launch.report);
    report.main.end(Step::Plan);

    // From here on the group is removed whatever happens.
    let group = plan.group.as_ref().map(Place::group);
    if let Some(place) = plan.group.as_ref().filter(|_| plan.group_maker == GroupMaker::Lab) {
        place
            .create()
            .map_err(|failure| place.explain(Doing::Create, failure))?;
        place
            .open_for_others()
            .map_err(|failure| place.explain(Doing::Enter, failure))?;
        report.main.end(Step::CgroupCreate);
    }
    let process = clone(&launch, group.as_ref(), status)?;
    stack::give_back(stacks, Arc::clone(&launch));
    let mut container = Container { process, group, launch };
    container.map_ids()?;
    container.await_program()?;
    Ok(container)
}

fn no_descriptor(errno: Errno) -> Error {
    let hint = "too many open files: raise `ulimit -n`".into();
    Error {
        step: "plan",
        tried: "eventfd".into(),
        errno: Some(errno),
        hint,
    }
}

/// Makes pid 1. It shares this process's memory until it has executed its init, so no signal may reach it: a handler
/// of the lab's would run in it.
fn clone(launch: &Arc<Launch>, group: Option<&Group>, status: EventFd) -> Result<Process, Error> {
    let directory = group.map(Group::clone_target).transpose()?.flatten();
    let mut pidfd = -1i32;
    let into_group = if directory.is_some() { sys::CLONE_INTO_CGROUP } else { 0 };
    let flags = (libc::CLONE_VM | libc::CLONE_PIDFD | libc::CLONE_CHILD_CLEARTID) as u64;
    let arguments = CloneArgs {
        flags: flags | into_group | launch.plan.clone_flags,
        pidfd: &raw mut pidfd as u64,
        child_tid: launch.report.pid1.as_ptr() as u64,
        exit_signal: libc::SIGCHLD as u64,
        stack: launch.stacks.pid1.base,
        stack_size: launch.stacks.pid1.size,
        cgroup: directory.as_ref().map_or(0, |directory| directory.as_raw_fd() as u64),
        ..Default::default()
    };
    let before = mask_signals(u64::MAX);
    // SAFETY: the stack is pid 1's own until `pid1` is RELEASED (`stack::give_back` holds the launch for that);
    // the launch lives as long; `child::pid1` keeps to the rules of `sys`.
    let cloned = unsafe { sys::clone_onto(&arguments, child::pid1, Arc::as_ptr(launch)) };
    mask_signals(before);
    let pid = cloned.map_err(|errno| hints::clone_failed(&launch.plan, Errno::from_raw(errno)))?;
    // SAFETY: CLONE_PIDFD has made this descriptor; nobody else has it.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    Ok(Process {
        pid: Pid::from_raw(pid),
        pidfd,
        status,
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

/// Whether this process may be traced by others of its user (PR_SET_DUMPABLE), as it was before the first start.
pub fn dumpable() -> bool {
    static DUMPABLE: OnceLock<bool> = OnceLock::new();
    // SAFETY: prctl(2) without pointers.
    *DUMPABLE.get_or_init(|| unsafe { libc::prctl(libc::PR_GET_DUMPABLE) } == 1)
}

impl Container {
    /// Writes the id maps, which only a process outside can.
    fn map_ids(&self) -> Result<(), Error> {
        if let Some(maps) = &self.launch.plan.id_maps {
            self.launch.report.lab.begin();
            write_id_maps(self.process.pid, maps)?;
            self.launch.report.lab.end(Step::IdMaps);
            self.launch.report.open_gate(gate::IDS);
        }
        Ok(())
    }

    /// Waits until the program has been executed, or pid 1 has ended.
    fn await_program(&mut self) -> Result<(), Error> {
        let Launch { plan, report, .. } = &*self.launch;
        child::wait_for_exec(report);
        if plan.changes_ids() && plan.dumpable {
            // SAFETY: prctl(2) without pointers.
            let _ = unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 1) };
        }
        if let Some(failure) = report.failure() {
            return Err(hints::explain(plan, failure));
        }
        if !report.prepared.load(Acquire) {
            return Err(self.process.died_in_set_up());
        }
        report.main.end(Step::Exec);
        Ok(())
    }

    /// Pid 1 of the container as the host sees it.
    pub fn pid(&self) -> Pid {
        self.process.pid
    }

    /// A descriptor of pid 1 that becomes readable when the container has ended (pidfd_open(2)).
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.process.pidfd.as_fd()
    }

    /// Every process of the container as the host sees it, pid 1 first. Empty once it has been waited for.
    pub fn pids(&self) -> Vec<i32> {
        let mut pids = Vec::new();
        if self.process.ended.is_none() {
            pids.push(self.process.pid.as_raw());
        }
        // Orphans become children of pid 1, so the tree below it is everything.
        let mut next = 0;
        while let Some(&pid) = pids.get(next) {
            pids.extend(children(pid));
            next += 1;
        }
        pids
    }

    /// How the root was made.
    pub fn root(&self) -> RootKind {
        let copied = self
            .launch
            .report
            .main
            .entries()
            .iter()
            .any(|(step, ..)| *step == Step::Copy);
        if copied { RootKind::Copy } else { RootKind::Overlay }
    }

    /// When each phase of the start ended, one after the other.
    pub fn stamps(&self) -> Vec<Stamp> {
        timeline::stamps(&self.launch.report)
    }

    /// Every step of the start with its kernel call, its purpose and its cost, in order of their beginnings.
    pub fn explain(&self) -> Vec<ExplainedStep> {
        timeline::explain(&self.launch.report)
    }

    /// Sends a signal to the program, through pid 1, which forwards it. SIGKILL ends the whole container at once.
    pub fn signal(&self, signal: Signal) -> Result<(), Error> {
        let program = children(self.process.pid.as_raw()).next().map(Pid::from_raw);
        let sent = match (signal, program) {
            // Nobody can forward it, pid 1 itself would stop.
            (Signal::SIGSTOP, Some(program)) => kill(program, signal),
            _ => self.process.send(signal),
        };
        sent.map_err(|errno| Error {
            step: "signal",
            tried: format!("send {signal}"),
            errno: Some(errno),
            hint: if errno == Errno::ESRCH {
                "the container has ended already".into()
            } else {
                String::new()
            },
        })
    }

    /// Waits for the program to end.
    pub fn wait(&mut self) -> Result<ExitStatus, Error> {
        let out_of_memory = || {
            let kills = self.group.as_ref().and_then(|group| group.statistics().oom_kills);
            kills.is_some_and(|kills| kills > 0)
        };
        self.process.wait(out_of_memory)
    }

    /// Ends the program: SIGTERM, and SIGKILL if it is still there after `grace`.
    pub fn stop(&mut self, grace: Duration) -> Result<ExitStatus, Error> {
        if self.process.ended.is_none() {
            // ESRCH: it has just ended by itself.
            let _ = self.process.send(Signal::SIGTERM);
            if !self.process.ends_within(grace) {
                let _ = self.process.send(Signal::SIGKILL);
            }
        }
        self.wait()
    }

    /// Removes everything the container used: processes, control groups, mounts. Kills it if it still runs.
    pub fn remove(mut self) -> Result<(), Error> {
        self.process.end()?;
        match self.group.take() {
            Some(group) => group.remove(),
            None => Ok(()),
        }
    }

    /// What the container has used; `None` when it has no control group, because no limit was asked for.
    pub fn statistics(&self) -> Option<Statistics> {
        self.group.as_ref().map(Group::statistics)
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

fn write_id_maps(pid: Pid, maps: &IdMaps) -> Result<(), Error> {
    let write = |file: &str, text: &str| {
        let path = format!("/proc/{pid}/{file}");
        fs::write(&path, text).map_err(|error| Error {
            step: "id maps",
            tried: format!("write {text:?} to {path}"),
            errno: error.raw_os_error().map(Errno::from_raw),
            hint: "an ordinary user may map only their own id; root any that its own namespace has, at most 340 lines, \
                   none of them overlapping; a security module may forbid it (kernel.apparmor_restrict_unprivileged_userns)"
                .into(),
        })
    };
    if maps.deny_setgroups {
        write("setgroups", "deny")?;
    }
    write("uid_map", &maps.uids)?;
    write("gid_map", &maps.gids)
}

impl Process {
    fn send(&self, signal: Signal) -> Result<(), Errno> {
        if self.ended.is_some() {
            return Err(Errno::ESRCH);
        }
        // SAFETY: pidfd_send_signal(2) with numbers and a null pointer.
        let sent = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, self.pidfd.as_raw_fd(), signal as i32, 0, 0) };
        Errno::result(sent).map(drop)
    }

    fn ends_within(&self, time: Duration) -> bool {
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

    fn wait(&mut self, out_of_memory: impl Fn() -> bool) -> Result<ExitStatus, Error> {
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
        let written = self.status.read().unwrap_or(0);
        // The helper adds the number of an error above 32 bits, the init the program's status plus one.
        let by_helper = (written >> 32 != 0).then_some(Failure {
            step: Step::Exec,
            item: 0,
            errno: (written >> 32) as i32,
        });
        let by_init = self.launch.report.failure().filter(|_| written == 0);
        if let Some(failure) = by_helper.or(by_init) {
            return Err(hints::explain(&self.launch.plan, failure));
        }
        let status = match (u32::try_from(written.wrapping_sub(1)), waited) {
            (Ok(status), _) => ExitStatus::from_wait(status as i32),
            (Err(_), WaitStatus::Signaled(_, signal, _)) => ExitStatus::Signal {
                signal: signal as i32,
                out_of_memory: false,
            },
            (Err(_), WaitStatus::Exited(_, code)) => ExitStatus::Code(code as u8),
            (Err(_), _) => ExitStatus::Code(125),
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
    fn end(&mut self) -> Result<(), Error> {
        if self.ended.is_none() {
            // ESRCH: it has ended, and waits to be reaped.
            let _ = self.send(Signal::SIGKILL);
            self.wait(|| false)?;
        }
        Ok(())
    }

    fn died_in_set_up(&mut self) -> Error {
        let hint = match self.wait(|| false) {
            Ok(ExitStatus::Signal { signal, .. }) => {
                format!(
                    "signal {signal} ended it: SIGKILL comes from a memory limit too small for the set-up, or from outside"
                )
            }
            Ok(ExitStatus::Code(code)) => format!("it ended with code {code}"),
            Err(error) => error.to_string(),
        };
        Error {
            step: "set-up",
            tried: "prepare the container in pid 1".into(),
            errno: None,
            hint,
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nobody is left to tell; a process that cannot be reaped here is reaped when the lab ends.
        let _ = self.end();
    }
}
