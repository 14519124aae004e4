//! The group of a container before it is made, with everything ready for a process that must not allocate.

use std::ffi::{CStr, CString};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::sync::OnceLock;

use nix::errno::Errno;

use super::group::{Directory, Group};
use super::hierarchy::Mounted;
use super::limits::{check, wanted};
use super::{Controller, Hierarchies, Setting, Version, failed, v1, v2};
use crate::error::Error;
use crate::spec::Limits;
use crate::sys;

/// One directory to be made, with everything ready for a process that must not allocate.
#[derive(Debug)]
pub struct Part {
    version: Version,
    mounted: &'static Mounted,
    directory: RawFd,
    name: CString,
    /// What is written before anybody enters.
    files: Vec<Value>,
    /// What is written when nobody in it shares this process's memory: the kernel kills all who share the memory of the
    /// process that it picks when a limit on memory is reached.
    late: Vec<Value>,
    tasks: CString,
    /// The same file, opened by the lab for processes that have no right to.
    open_tasks: OnceLock<OwnedFd>,
}

/// A file below the hierarchy's directory, and what to write to it.
#[derive(Debug)]
struct Value {
    file: CString,
    text: String,
    implied: bool,
}

impl Value {
    fn write(&self, directory: RawFd) -> Result<(), sys::Errno> {
        match write(directory, &self.file, self.text.as_bytes()) {
            Err(libc::ENOENT | libc::EOPNOTSUPP) if self.implied => Ok(()),
            other => other,
        }
    }
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
    /// Prepares the group for the limits; `None` when nothing is limited, and then it is given no name.
    pub fn find(limits: &Limits, name: impl FnOnce() -> String) -> Result<Option<Place>, Error> {
        check(limits)?;
        let wanted = wanted(limits);
        if wanted.is_empty() {
            return Ok(None);
        }
        let name = name();
        let places = Hierarchies::get()?.places(&wanted)?;
        let parts = places
            .into_iter()
            .map(|(version, mounted)| Part::new(version, mounted, limits, &name));
        Ok(Some(Place {
            parts: parts.collect::<Result<_, _>>()?,
        }))
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
            for (file, value) in part.files.iter().enumerate() {
                value.write(part.directory).map_err(|errno| (item(file + 1), errno))?;
            }
        }
        Ok(())
    }

    /// Writes the limits on memory that had to wait until nobody in the group shares this process's.
    pub fn limit_memory(&self) -> Result<(), (Item, sys::Errno)> {
        for (index, part) in self.parts.iter().enumerate() {
            for (file, value) in part.late.iter().enumerate() {
                let item = (index * FILES + part.files.len() + file + 1) as Item;
                value.write(part.directory).map_err(|errno| (item, errno))?;
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
        let value = file
            .checked_sub(1)
            .and_then(|file| part.files.iter().chain(&part.late).nth(file));
        let (what, path) = match (doing, value) {
            (Doing::Enter, _) => ("write 0 to".to_owned(), below(&part.tasks)),
            (Doing::Create, Some(value)) => (format!("write {:?} to", value.text), below(&value.file)),
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
    fn new(version: Version, mounted: &'static Mounted, limits: &Limits, name: &str) -> Result<Part, Error> {
        let below = |file: &str| CString::new(format!("{name}/{file}")).unwrap_or_default();
        let settings = match version {
            Version::V1(_) => v1::settings(limits, &mounted.base)?,
            Version::V2 => v2::settings(limits),
        };
        // With v1, a process enters only when it has made what takes memory, and what it shares is counted elsewhere.
        let is_late = |setting: &Setting| version == Version::V2 && setting.controller == Controller::Memory;
        let settings = settings
            .into_iter()
            .filter(|setting| mounted.controls(setting.controller));
        let (late, early): (Vec<_>, Vec<_>) = settings.partition(is_late);
        let values = |settings: Vec<Setting>| {
            let values = settings.into_iter().map(|setting| Value {
                file: below(setting.file),
                text: setting.value,
                implied: setting.implied,
            });
            values.collect()
        };
        Ok(Part {
            version,
            mounted,
            directory: mounted.descriptor()?,
            name: CString::new(name).unwrap_or_default(),
            files: values(early),
            late: values(late),
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
