//! A start that is planned here and carried out by a fresh process of the small runtime executable (`runtime/main.rs`).
//!
//! As an engine hands a finished bundle to its runtime (OCI runtime specification), everything that can be known ahead is in a
//! file in memory: the runtime maps it, and makes system calls only. It ends when the program has been executed; pid 1 is the
//! child of the caller, who takes it over.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering::Acquire;

use nix::sys::epoll::{Epoll, EpollCreateFlags};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use crate::abi;
use crate::arena::Arena;
use crate::cgroup::{Group, Place};
use crate::container::Container;
use crate::descriptors::Descriptors;
use crate::error::{Error, errno_of};
use crate::hints;
use crate::init::Shared;
use crate::launch::Roles;
use crate::link::{Ends, Link};
use crate::planner::{self, Workplace};
use crate::process::Process;
use crate::report::Report;
use crate::seccomp;
use crate::spec::{Init, Spec, Stdio};
use crate::start::Start;
use crate::steps::Step;
use crate::sys;

/// See the top of the file. The caller executes the runtime, keeps this until that process has ended, and does not ignore
/// SIGCHLD. Dropping it then ends and removes what was started.
pub struct Bundle {
    start: Arc<Start>,
    /// Until it is the container's.
    link: Option<Link>,
    group: Option<Group>,
    /// Where pid 1 has no init: readable when it has ended.
    ended: Option<Epoll>,
    place: String,
}

impl std::fmt::Debug for Bundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bundle").finish_non_exhaustive()
    }
}

impl Bundle {
    /// Plans the start, and gives the descriptors that the runtime's process is to have as 0, 1, 2 and so on.
    pub fn new(spec: &Spec) -> Result<(Bundle, Vec<OwnedFd>), Error> {
        let shared = Shared::get()?;
        let link = Ends::new()?;
        let mut arena = Arena::shared()?;
        let mut given = Vec::new();
        for (number, stdio) in (0..).zip([&spec.stdio.stdin, &spec.stdio.stdout, &spec.stdio.stderr]) {
            given.push(standard(stdio, number)?);
        }
        let mut descriptors = Descriptors::Given(given);
        let file = arena.file().map(OwnedFd::as_fd).map(|file| descriptors.lend(file));
        let numbers = (file.transpose()?, descriptors.lend(shared.runtime()?)?);
        debug_assert_eq!(numbers, (Some(abi::START_FILE), abi::RUNTIME_IMAGE));
        let workplace = Workplace {
            arena: &mut arena,
            descriptors: &mut descriptors,
        };
        let ended = match spec.init {
            Init::Small => None,
            Init::None => {
                let made = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC);
                Some(made.map_err(|errno| Error::of_resource(Step::Plan, "epoll_create1", errno))?)
            }
        };
        let planned = planner::plan(
            spec,
            shared,
            &link,
            ended.as_ref().map(|ended| ended.0.as_fd()),
            workplace,
        )?;
        let filter = seccomp::filter(spec.seccomp, &spec.capabilities);
        let filter = arena.list(filter.map_or(Vec::new(), |filter| filter.to_vec()))?;
        // Its stacks are the runtime's.
        let start = Start::new(arena, planned, Report::new(sys::now_ns()), Roles::NONE)?;
        // SAFETY: in the arena, as the launch is.
        unsafe { start.set_filter(filter) };
        let place = format!("{:x} {:x}", start.arena().base() as u64, start.launch().as_ptr() as u64);
        let group = start.place.as_ref().map(Place::group);
        let bundle = Bundle {
            start: Arc::new(start),
            link: Some(link.keep()),
            group,
            ended,
            place,
        };
        Ok((bundle, descriptors.given()))
    }

    /// The executable for execve(2), by a descriptor of the process that is given them.
    pub fn executable(&self) -> String {
        format!("/proc/self/fd/{}", abi::RUNTIME_IMAGE)
    }

    /// The arguments, `argv[0]` first.
    pub fn arguments(&self) -> [&str; 2] {
        ["isolab-runtime", &self.place]
    }

    /// What becomes readable when the program has ended, or the start has failed; only before [`container`](Self::container).
    pub fn ended(&self) -> BorrowedFd<'_> {
        match (&self.ended, &self.link) {
            (Some(ended), _) => ended.0.as_fd(),
            (None, Some(link)) => link.as_fd(),
            (None, None) => unreachable!("`container` takes the bundle"),
        }
    }

    /// Pid 1 as this process sees it, as soon as it is there. It is this process's child.
    pub fn pid(&self) -> Option<i32> {
        Some(self.start.report.pid.load(Acquire)).filter(|pid| *pid > 0)
    }

    /// The container, once the runtime's process has ended; an error for one that did not get to be.
    pub fn container(mut self) -> Result<Container, Error> {
        let report = &self.start.report;
        let begun = self.pid().filter(|_| report.awaited.load(Acquire));
        if let Some(pid) = begun {
            let pidfd = Process::open(pid)?;
            if let Some(link) = self.link.take() {
                let process = Process::of_child(pid, pidfd, link, Arc::clone(&self.start));
                return Container::taken_over(process, self.group.take(), Arc::clone(&self.start));
            }
        }
        // What is there of it ends with this bundle.
        Err(match report.failure() {
            Some(failure) => hints::explain(&self.start, failure),
            None => Error {
                step: Step::Runtime.into(),
                tried: "have the runtime executable start the container, which ended too early".into(),
                errno: None,
                hint: "memory is short, or something killed it".into(),
            },
        })
    }
}

impl Drop for Bundle {
    fn drop(&mut self) {
        // `container` has taken the group with it.
        if let (Some(pid), Some(link)) = (self.pid(), self.link.take()) {
            match Process::open(pid) {
                // Dropping it ends it.
                Ok(pidfd) => drop(Process::of_child(pid, pidfd, link, Arc::clone(&self.start))),
                // By its number, which is nobody else's as long as it is not reaped. What it answers does not matter: it is
                // dead then, or was already.
                Err(_) => {
                    let pid = Pid::from_raw(pid);
                    let _ = kill(pid, Signal::SIGKILL);
                    let _ = waitpid(pid, None);
                }
            }
        }
    }
}

fn standard(stdio: &Stdio, number: i32) -> Result<OwnedFd, Error> {
    let made = match stdio {
        Stdio::Fd(fd) => fd.try_clone(),
        // SAFETY: borrowed for a moment; one that is closed is an error of dup.
        Stdio::Inherit => unsafe { BorrowedFd::borrow_raw(number) }.try_clone_to_owned(),
        Stdio::Null => std::fs::File::options()
            .read(true)
            .write(true)
            .open("/dev/null")
            .map(OwnedFd::from),
    };
    made.map_err(|error| Error::of_resource(Step::Runtime, "duplicate a standard descriptor", errno_of(&error)))
}
