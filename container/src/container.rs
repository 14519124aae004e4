//! The life of one container: start, signal, wait, stop, remove.

use std::os::fd::BorrowedFd;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use crate::{Error, Spec, Statistics};

/// A started container. Dropping it kills it and removes what it used.
#[derive(Debug)]
pub struct Container {
    _private: (),
}

/// A moment of the start. Consecutive stamps are consecutive steps: the step `name` ended at `at_ns`, and began
/// where the step before it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Which step ended.
    pub name: &'static str,
    /// When, in ns of CLOCK_MONOTONIC.
    pub at_ns: u64,
}

/// One step of the start, explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedStep {
    /// Its name.
    pub name: &'static str,
    /// The kernel call, with its arguments where they matter.
    pub call: String,
    /// What it is for.
    pub purpose: &'static str,
    /// Which process did it: `lab`, `pid 1`, `helper`, `program`.
    pub by: &'static str,
    /// When it began, in ns after the start was asked for.
    pub began_ns: u64,
    /// What it cost, in ns.
    pub cost_ns: u64,
}

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// It ended by itself with this code.
    Code(u8),
    /// A signal ended it.
    Signal {
        /// The signal's number.
        signal: i32,
        /// Whether the out-of-memory killer of its control group sent it.
        out_of_memory: bool,
    },
}

impl ExitStatus {
    /// The status a shell shows: the code, or 128 + the signal's number.
    pub fn code(self) -> u8 {
        match self {
            ExitStatus::Code(code) => code,
            ExitStatus::Signal { signal, .. } => 128u8.saturating_add(signal as u8),
        }
    }
}

/// Starts a container and returns once its program has been executed, or with the reason why not.
pub fn start(spec: &Spec) -> Result<Container, Error> {
    let _ = spec;
    Err(Error {
        step: "clone",
        tried: "nothing yet".into(),
        errno: None,
        hint: String::new(),
    })
}

/// Removes what labs that were killed have left: control groups and notes in `state_dir`. Returns how many
/// containers were removed.
pub fn sweep(state_dir: &Path) -> Result<usize, Error> {
    let _ = state_dir;
    Ok(0)
}

impl Container {
    /// Pid 1 of the container as the host sees it.
    pub fn pid(&self) -> Pid {
        unimplemented!()
    }

    /// A descriptor of pid 1 that becomes readable when the container has ended (pidfd_open(2)).
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        unimplemented!()
    }

    /// Every process of the container as the host sees it, pid 1 first.
    pub fn pids(&self) -> Vec<i32> {
        unimplemented!()
    }

    /// When each step of the start ended.
    pub fn stamps(&self) -> Vec<Stamp> {
        unimplemented!()
    }

    /// Every step of the start with its kernel call, its purpose and its cost.
    pub fn explain(&self) -> Vec<ExplainedStep> {
        unimplemented!()
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: Signal) -> Result<(), Error> {
        let _ = signal;
        unimplemented!()
    }

    /// Waits for the program to end.
    pub fn wait(&mut self) -> Result<ExitStatus, Error> {
        unimplemented!()
    }

    /// Ends the program: SIGTERM, and SIGKILL if it is still there after `grace`.
    pub fn stop(&mut self, grace: Duration) -> Result<ExitStatus, Error> {
        let _ = grace;
        unimplemented!()
    }

    /// Removes everything the container used: processes, control groups, mounts. Kills it if it still runs.
    pub fn remove(self) -> Result<(), Error> {
        unimplemented!()
    }

    /// What the container has used; `None` when it has no control group.
    pub fn statistics(&self) -> Option<Statistics> {
        unimplemented!()
    }
}
