//! Control groups: limits and accounting, on version 1, version 2, and hosts that mount both.
//!
//! A container's group is made below the lab's own or one above it, so that limits on the lab hold for its containers.
//! - v1: one directory per controller, made by the program's process, which is faster than having the lab run beside
//!   it. Each process enters by writing `0` to `tasks`: a thread that moves itself needs no RCU grace period, which
//!   costs 11 to 15 ms when starts are some time apart (`cgroup_procs_write_start` in kernel/cgroup/cgroup.c;
//!   `Documentation/admin-guide/cgroup-v1/cgroups.rst`).
//! - v2: one directory, made by the lab, which pid 1 is born into (CLONE_INTO_CGROUP, clone3(2);
//!   `Documentation/admin-guide/cgroup-v2.rst`).

mod hierarchy;
mod statistics;
mod v1;
mod v2;

use std::ffi::{CStr, CString};
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use nix::errno::Errno;

pub use hierarchy::{Controller, Hierarchies};

use crate::error::Error;
use crate::spec::Limits;
use crate::statistics::Statistics;
use crate::sys;

/// The group of one container: a directory, or with v1 one for each controller.
#[derive(Debug)]
pub struct Group {
    directories: Vec<Directory>,
}

/// One directory of a group.
#[derive(Debug)]
struct Directory {
    version: Version,
    path: PathBuf,
}

/// Version of a hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Version 1, with the controller that decides which files there are.
    V1(Controller),
    /// Version 2.
    V2,
}

/// A value and the file it goes into.
struct Setting {
    controller: Controller,
    file: &'static str,
    value: String,
}

/// One directory to be made, with everything ready for a process that must not allocate.
#[derive(Debug)]
pub struct Part {
    version: Version,
    mounted: &'static hierarchy::Mounted,
    directory: RawFd,
    name: CString,
    /// Below `directory`, and what to write.
    files: Vec<(CString, String)>,
    tasks: CString,
    /// The same file, opened by the lab for processes that have no right to.
    open_tasks: OnceLock<OwnedFd>,
}

/// The group of a container before it is made.
#[derive(Debug)]
pub struct Place {
    parts: Vec<Part>,
}

/// What failed, in a form that fits into a report: the part's index, and the file's from 1 on, 0 for the directory.
pub type Item = u16;

/// How many files a part has at most, for [`Item`].
const FILES: usize = 64;

impl Place {
    /// Prepares the group for the limits; `None` when nothing is limited.
    pub fn find(limits: &Limits, name: &str) -> Result<Option<Place>, Error> {
        check(limits)?;
        let wanted = wanted(limits);
        if wanted.is_empty() {
            return Ok(None);
        }
        let hierarchies = Hierarchies::get()?;
        let mut parts: Vec<Part> = Vec::new();
        for controller in wanted {
            let (version, mounted) = hierarchies.find(controller)?;
            if !parts.iter().any(|part| std::ptr::eq(part.mounted, mounted)) {
                parts.push(Part::new(version, mounted, limits, name)?);
            }
        }
        Ok(Some(Place { parts }))
    }

    /// The directories the group's own will be made in.
    pub fn bases(&self) -> impl Iterator<Item = &Path> {
        self.parts.iter().map(|part| part.mounted.base.as_path())
    }

    /// Whether a part is v2, which must be there before pid 1 is.
    pub fn has_v2(&self) -> bool {
        self.parts.iter().any(|part| part.version == Version::V2)
    }

    /// Makes the directories and writes the limits. Allocates nothing.
    pub fn create(&self) -> Result<(), (Item, sys::Errno)> {
        for (index, part) in self.parts.iter().enumerate() {
            let item = |file| (index * FILES + file) as Item;
            sys::mkdir(part.directory, &part.name, 0o755).map_err(|errno| (item(0), errno))?;
            for (file, (path, value)) in part.files.iter().enumerate() {
                write(part.directory, path, value.as_bytes()).map_err(|errno| (item(file + 1), errno))?;
            }
        }
        Ok(())
    }

    /// Moves the calling thread, and what it clones later, into the parts that are v1. Allocates nothing.
    pub fn enter(&self) -> Result<(), (Item, sys::Errno)> {
        for (index, part) in self
            .parts
            .iter()
            .enumerate()
            .filter(|(_, part)| part.version != Version::V2)
        {
            let entered = match part.open_tasks.get() {
                Some(tasks) => sys::write(tasks.as_raw_fd(), b"0"),
                None => write(part.directory, &part.tasks, b"0"),
            };
            entered.map_err(|errno| ((index * FILES) as Item, errno))?;
        }
        Ok(())
    }

    /// Opens what processes without any right to the group enter it with.
    pub fn open_for_others(&self) -> Result<(), (Item, sys::Errno)> {
        for (index, part) in self
            .parts
            .iter()
            .enumerate()
            .filter(|(_, part)| part.version != Version::V2)
        {
            let opened = sys::open(part.directory, &part.tasks, libc::O_WRONLY | libc::O_CLOEXEC, 0);
            let opened = opened.map_err(|errno| ((index * FILES) as Item, errno))?;
            // SAFETY: just opened, owned by nobody else.
            let _ = part.open_tasks.set(unsafe { OwnedFd::from_raw_fd(opened) });
        }
        Ok(())
    }

    /// Whether a part is v1, which processes enter by themselves.
    pub fn has_v1(&self) -> bool {
        self.parts.iter().any(|part| part.version != Version::V2)
    }

    /// The error for what [`create`](Self::create) or [`enter`](Self::enter) could not do.
    pub fn explain(&self, doing: Doing, (item, errno): (Item, sys::Errno)) -> Error {
        let (part, file) = (usize::from(item) / FILES, usize::from(item) % FILES);
        let Some(part) = self.parts.get(part) else {
            return failed("use", Path::new("a control group"), Errno::from_raw(errno));
        };
        let below = |path: &CString| part.mounted.base.join(path.to_string_lossy().as_ref());
        let (what, path) = match (doing, file.checked_sub(1).and_then(|file| part.files.get(file))) {
            (Doing::Enter, _) => ("write 0 to".to_owned(), below(&part.tasks)),
            (Doing::Create, Some((file, value))) => (format!("write {value:?} to"), below(file)),
            (Doing::Create, None) => ("mkdir".to_owned(), below(&part.name)),
        };
        failed(&what, &path, Errno::from_raw(errno))
    }

    /// The group, to be used and removed, whether or not it has been made already.
    pub fn group(&self) -> Group {
        let directories = self.parts.iter().map(|part| Directory {
            version: part.version,
            path: part.mounted.base.join(part.name.to_string_lossy().as_ref()),
        });
        Group {
            directories: directories.collect(),
        }
    }
}

/// What was done with a group when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// Making it.
    Create,
    /// Entering it.
    Enter,
}

impl Part {
    fn new(version: Version, mounted: &'static hierarchy::Mounted, limits: &Limits, name: &str) -> Result<Part, Error> {
        let below = |file: &str| CString::new(format!("{name}/{file}")).unwrap_or_default();
        let settings = match version {
            Version::V1(_) => v1::settings(limits, &mounted.base)?,
            Version::V2 => v2::settings(limits),
        };
        let settings = settings
            .into_iter()
            .filter(|setting| mounted.controls(setting.controller));
        Ok(Part {
            version,
            mounted,
            directory: mounted.descriptor()?,
            name: CString::new(name).unwrap_or_default(),
            files: settings.map(|setting| (below(setting.file), setting.value)).collect(),
            tasks: below("tasks"),
            open_tasks: OnceLock::new(),
        })
    }
}

/// Writes to a file of the cgroup file system.
fn write(directory: RawFd, path: &CStr, value: &[u8]) -> Result<(), sys::Errno> {
    let file = sys::open(directory, path, libc::O_WRONLY | libc::O_CLOEXEC, 0)?;
    let written = sys::write(file, value);
    sys::close(file);
    written
}

/// The least memory a container starts with, as with Docker. Until the program runs, pid 1 shares the lab's memory, and
/// an out-of-memory kill would end both.
const MEMORY_MIN: u64 = 6 << 20;

/// Refuses what no kernel would take, and what no container could start with.
fn check(limits: &Limits) -> Result<(), Error> {
    let wrong = |tried, hint: &str| {
        Err(Error {
            step: "spec",
            tried,
            errno: None,
            hint: hint.to_owned(),
        })
    };
    match limits {
        Limits {
            memory_bytes: Some(bytes),
            ..
        } if *bytes < MEMORY_MIN => wrong(
            format!("memory limit {bytes} bytes"),
            "a container needs at least 6 MiB",
        ),
        Limits { cpus: Some(cpus), .. } if !(*cpus > 0.0 && cpus.is_finite()) => wrong(
            format!("{cpus} processors"),
            "give a number above 0: 0.5 is half of one",
        ),
        Limits { pids: Some(0), .. } => wrong("0 tasks".into(), "the program itself is one"),
        Limits {
            cpu_weight: Some(weight),
            ..
        } if !(1..=10_000).contains(weight) => wrong(
            format!("processor weight {weight}"),
            "give 1 to 10000; 100 is the usual share",
        ),
        Limits {
            io_weight: Some(weight),
            ..
        } if !(1..=10_000).contains(weight) => wrong(
            format!("disk weight {weight}"),
            "give 1 to 10000; 100 is the usual share",
        ),
        _ => Ok(()),
    }
}

/// The controllers that the limits need.
fn wanted(limits: &Limits) -> Vec<Controller> {
    let chosen = [
        (
            limits.memory_bytes.is_some() || limits.swap_bytes.is_some(),
            Controller::Memory,
        ),
        (limits.cpus.is_some() || limits.cpu_weight.is_some(), Controller::Cpu),
        (limits.pids.is_some(), Controller::Pids),
        (limits.cpuset.is_some(), Controller::Cpuset),
        (limits.io_weight.is_some(), Controller::Io),
    ];
    chosen
        .into_iter()
        .filter(|(wanted, _)| *wanted)
        .map(|(_, controller)| controller)
        .collect()
}

/// The period of the processor quota, in µs: the kernel's and Docker's default.
const PERIOD_US: u64 = 100_000;

/// The quota for that many processors, in µs a period. The kernel takes no less than 1 ms.
fn quota_us(cpus: f64) -> u64 {
    ((cpus * PERIOD_US as f64).round() as u64).max(1000)
}

/// Pid 1 of the container is not counted, and neither is its helper thread, which is gone when the program starts.
fn tasks_with_pid1(pids: u32) -> u64 {
    u64::from(pids) + 1
}

impl Group {
    /// An open directory to clone into, if a part is v2.
    pub fn clone_target(&self) -> Result<Option<fs::File>, Error> {
        let v2 = self
            .directories
            .iter()
            .find(|directory| directory.version == Version::V2);
        v2.map(|directory| {
            fs::File::open(&directory.path).map_err(|error| failed("open", &directory.path, errno_of(&error)))
        })
        .transpose()
    }

    /// What it has used.
    pub fn statistics(&self) -> Statistics {
        let mut statistics = Statistics::default();
        for directory in &self.directories {
            match directory.version {
                Version::V1(controller) => statistics::read_v1(controller, &directory.path, &mut statistics),
                Version::V2 => statistics::read_v2(&directory.path, &mut statistics),
            }
        }
        statistics
    }

    /// Removes it. Its processes must have ended.
    pub fn remove(mut self) -> Result<(), Error> {
        let directories = std::mem::take(&mut self.directories);
        directories
            .iter()
            .map(|directory| remove(&directory.path))
            .fold(Ok(()), Result::and)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for directory in &self.directories {
            // Nobody is left to tell: `sweep` finds what could not be removed.
            let _ = remove(&directory.path);
        }
    }
}

fn processes(directory: &Path) -> Vec<i32> {
    let text = fs::read_to_string(directory.join("cgroup.procs")).unwrap_or_default();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

/// How long a group may be busy after its last process has been reaped.
const BUSY: Duration = Duration::from_secs(2);

/// rmdir(2), again while it is busy: a process leaves its group a moment after it has been waited for.
pub fn remove(path: &Path) -> Result<(), Error> {
    let began = Instant::now();
    loop {
        match fs::remove_dir(path) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) if error.raw_os_error() == Some(libc::EBUSY) && began.elapsed() < BUSY => {
                std::thread::sleep(Duration::from_micros(50));
            }
            Err(error) => return Err(failed("rmdir", path, errno_of(&error))),
        }
    }
}

/// Kills what is still in a group that nobody owns any more, and removes it.
pub fn kill_and_remove(path: &Path) -> Result<(), Error> {
    for process in processes(path) {
        // ESRCH: it has just ended by itself.
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(process), nix::sys::signal::Signal::SIGKILL);
    }
    remove(path)
}

fn errno_of(error: &io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
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
            "a real-time process may not enter a group without real-time budget: start the lab without `chrt`"
        }
        Errno::EINVAL => "the kernel refuses this value: choose one it accepts on this machine",
        Errno::EBUSY => "the group above has processes of its own, which v2 forbids: run in a delegated group",
        Errno::ENOSPC => "the kernel's number of control groups is used up, or a cpuset is empty: remove unused ones",
        _ => "",
    };
    Error {
        step: "cgroup",
        tried: format!("{what} {}", path.display()),
        errno: Some(errno),
        hint: hint.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_a_share_of_the_period() {
        assert_eq!(quota_us(0.5), 50_000);
        assert_eq!(quota_us(2.0), 200_000);
        assert_eq!(quota_us(0.000_1), 1000);
    }

    #[test]
    fn limits_that_nothing_could_start_with_are_refused() {
        let refused = [
            Limits {
                memory_bytes: Some(1 << 20),
                ..Limits::default()
            },
            Limits {
                cpus: Some(f64::NAN),
                ..Limits::default()
            },
            Limits {
                cpus: Some(0.0),
                ..Limits::default()
            },
            Limits {
                pids: Some(0),
                ..Limits::default()
            },
            Limits {
                cpu_weight: Some(0),
                ..Limits::default()
            },
            Limits {
                io_weight: Some(20_000),
                ..Limits::default()
            },
        ];
        for limits in refused {
            assert_eq!(check(&limits).map_err(|error| error.step), Err("spec"), "{limits:?}");
        }
        assert_eq!(
            check(&Limits {
                memory_bytes: Some(u64::MAX),
                cpus: Some(0.01),
                ..Limits::default()
            }),
            Ok(())
        );
    }

    #[test]
    fn controllers_follow_from_the_limits() {
        assert_eq!(wanted(&Limits::default()), []);
        let limits = Limits {
            cpus: Some(0.5),
            pids: Some(3),
            ..Limits::default()
        };
        assert_eq!(wanted(&limits), [Controller::Cpu, Controller::Pids]);
    }
}
