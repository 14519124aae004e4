//! Control groups: limits and accounting, on version 1, version 2, and hosts that mount both.
//!
//! A container's group is made below isolab's own or one above it, so that limits on isolab hold for its containers.
//! - v1: one directory per controller, made by the program's process, which is faster than having isolab run beside
//!   it. Each process enters by writing `0` to `tasks`: a thread that moves itself needs no RCU grace period, which
//!   costs 11 to 15 ms when starts are some time apart (`cgroup_procs_write_start` in kernel/cgroup/cgroup.c;
//!   `Documentation/admin-guide/cgroup-v1/cgroups.rst`).
//! - v2: one directory, made by isolab, which pid 1 is born into (CLONE_INTO_CGROUP, clone3(2);
//!   `Documentation/admin-guide/cgroup-v2.rst`).

mod abandoned;
mod group;
mod hierarchy;
mod limits;
mod mounts;
mod place;
mod removal;
mod statistics;
mod tree;
mod v1;
mod v2;

use std::path::Path;

use nix::errno::Errno;

pub use abandoned::{Abandoned, take_back};
pub use group::Group;
pub use hierarchy::{Controller, Hierarchies};
pub use place::Place;

use crate::error::{Error, ErrorStep};

/// Version of a hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Version 1, with the controller that decides which files there are.
    V1(Controller),
    /// Version 2.
    V2,
}

/// A value and the file it goes into.
#[derive(Debug)]
struct Setting {
    controller: Controller,
    file: &'static str,
    value: String,
    /// Whether it was not asked for itself, and is left out where this kernel does not have it.
    implied: bool,
}

impl Setting {
    fn new(controller: Controller, file: &'static str, value: String) -> Setting {
        Setting {
            controller,
            file,
            value,
            implied: false,
        }
    }

    fn implied(controller: Controller, file: &'static str, value: String) -> Setting {
        let implied = true;
        Setting {
            implied,
            ..Setting::new(controller, file, value)
        }
    }
}

impl Setting {
    /// Whether a new group has this value already. Each write is an open, a write and a close.
    fn is_usual(&self) -> bool {
        let usual = [
            ("memory.limit_in_bytes", "-1"),
            ("memory.max", "max"),
            ("cpu.shares", "1024"),
            ("cpu.weight", "100"),
        ];
        usual.contains(&(self.file, self.value.as_str()))
    }
}

fn failed(what: &str, path: &Path, errno: Errno) -> Error {
    let hint = match errno {
        Errno::EACCES | Errno::EPERM => {
            "this part of the cgroup tree is not yours: run as root, or in a delegated group \
             (`systemd-run --user --scope -p Delegate=yes …`), or leave the limits out"
        }
        Errno::EROFS => "the cgroup tree is mounted read-only: remount it writable, or leave the limits out",
        Errno::ENOENT => "this kernel's controller has no such setting: leave this limit out",
        Errno::EINVAL if path.ends_with("tasks") => {
            "a real-time process may not enter a group without real-time budget: start isolab without `chrt`"
        }
        Errno::EINVAL => "the kernel refuses this value: choose one it accepts on this machine",
        Errno::EBUSY if path.to_string_lossy().ends_with("limit_in_bytes") => "it uses more than that: raise the limit",
        Errno::EBUSY => "the group above has processes of its own, which v2 forbids: run in a delegated group",
        Errno::ENOMEM => "what the kernel keeps for the container takes as much already: raise the limit on memory",
        Errno::ENOSPC => "the kernel's number of control groups is used up, or a cpuset is empty: remove unused ones",
        _ => "",
    };
    Error {
        step: ErrorStep::Cgroup,
        tried: format!("{what} {}", path.display()),
        errno: Some(errno),
        hint: hint.to_owned(),
    }
}
