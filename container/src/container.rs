//! The life of one container: start, signal, wait, stop, remove.

use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering::Acquire;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::unistd::Pid;

use crate::arena::Arena;
use crate::cgroup::{Group, Place};
use crate::descriptors::Descriptors;
use crate::dumpable::Dumpable;
use crate::error::{Error, ErrorStep};
use crate::hints;
use crate::init::Shared;
use crate::link::Ends;
use crate::planner::{self, Workplace};
use crate::process::Process;
use crate::report::{Failure, Report};
use crate::seccomp;
use crate::spec::Spec;
use crate::stack::{self, Stacks};
use crate::start::Start;
use crate::starter::{self, Parent};
use crate::statistics::Statistics;
use crate::status::ExitStatus;
use crate::steps::Step;
use crate::sys;
use crate::timeline::{self, ExplainedStep, Stamp};

/// A started container. Dropping it kills it and removes what it used.
pub struct Container {
    /// Before `group`, which can be removed only once its processes are gone.
    process: Process,
    group: Option<Group>,
    start: Arc<Start>,
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

/// Starts a container and returns once its program has been executed, or with the reason why not.
///
/// Needs Linux 5.12. What was made before a failure is gone when this returns.
pub fn start(spec: &Spec) -> Result<Container, Error> {
    let report = Report::new(sys::now_ns());
    let shared = Shared::get()?;
    let link = Ends::new()?;
    let (mut arena, mut descriptors) = (Arena::private()?, Descriptors::Here);
    let workplace = Workplace {
        arena: &mut arena,
        descriptors: &mut descriptors,
    };
    let planned = planner::plan(spec, shared, &link, None, workplace)?;
    let stacks = Stacks::get()?;
    let start = Arc::new(Start::new(arena, planned, report, stacks.roles())?);
    start.report.starter.end(Step::Plan);

    // From here on the group is removed whatever happens.
    let group = start.place.as_ref().map(Place::group);
    let changes_ids = start.plan.id_maps.as_ref().is_some_and(|maps| maps.become_root);
    // Put back when this start is over, whatever comes of it.
    let _dumpable = changes_ids.then(Dumpable::remember);
    let explained = |failure| hints::explain(&start, failure);
    let pid1 = starter::begin(&start, Parent::Starter).map_err(explained)?;
    // SAFETY: just made, owned by nobody else.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pid1.pidfd) };
    let process = Process::of_child(pid1.pid, pidfd, link.keep(), Arc::clone(&start));
    stack::give_back(stacks, start.clone());
    let mut container = Container {
        process,
        group,
        start: Arc::clone(&start),
    };
    start.use_filter(seccomp::filter(spec.seccomp, &spec.capabilities));
    starter::map_ids(&start, pid1).map_err(explained)?;
    starter::wait_for_exec(&start, pid1);
    container.check_start()?;
    start.report.program.end(Step::Exec);
    Ok(container)
}

impl Container {
    /// A container that another process has begun to start, and has waited for.
    pub(crate) fn taken_over(process: Process, group: Option<Group>, start: Arc<Start>) -> Result<Container, Error> {
        let mut container = Container { process, group, start };
        container.check_start()?;
        Ok(container)
    }

    /// Looks whether the program has been executed, now that its process uses the starter's memory no more.
    fn check_start(&mut self) -> Result<(), Error> {
        let report = &self.start.report;
        if let Some(failure) = report.failure() {
            return Err(hints::explain(&self.start, failure));
        }
        if !report.prepared.load(Acquire) {
            return Err(self.process.died_in_set_up());
        }
        self.process.take_program()?;
        if report.by_helper.load(Acquire)
            && let Some((step, errno)) = self.process.link.helper_failure()?
        {
            let errno = errno as i32;
            return Err(hints::explain(&self.start, Failure { step, item: 0, errno }));
        }
        self.process.link.end_start();
        Ok(())
    }

    /// Pid 1 of the container as the host sees it.
    pub fn pid(&self) -> Pid {
        self.process.pid
    }

    /// A descriptor of the program's process that becomes readable when the program has ended (pidfd_open(2)). Everything else
    /// of the container ends with [`wait`](Self::wait).
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.process.program().as_fd()
    }

    /// Every process of the container as the host sees it, pid 1 first. Empty once it has been waited for.
    pub fn pids(&self) -> Vec<i32> {
        self.process.pids()
    }

    /// How the root was made.
    pub fn root(&self) -> RootKind {
        let copied = self.start.report.copied.load(Acquire);
        if copied { RootKind::Copy } else { RootKind::Overlay }
    }

    /// When each phase of the start ended, one after the other.
    pub fn stamps(&self) -> Vec<Stamp> {
        timeline::stamps(&self.start.report)
    }

    /// Every step of the start with its kernel call, its purpose and its cost, in order of their beginnings.
    pub fn explain(&self) -> Vec<ExplainedStep> {
        timeline::explain(&self.start.report)
    }

    /// Sends a signal to the program, through pid 1, which forwards it. SIGKILL ends the whole container at once.
    pub fn signal(&self, signal: Signal) -> Result<(), Error> {
        let sent = match signal {
            // Nobody can forward it, pid 1 itself would stop.
            Signal::SIGSTOP => self.process.stop_program(),
            _ => self.process.send(signal),
        };
        sent.map_err(|errno| Error {
            step: ErrorStep::Signal,
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
