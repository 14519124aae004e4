//! The group of a container before it is made, with everything ready for a process that must not allocate.

use std::ffi::{CStr, CString};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::sync::OnceLock;

use nix::errno::Errno;

use super::group::{Directory, Group};
use super::hierarchy::Mounted;
use super::limits::{check, wanted};
use super::{Hierarchies, Version, failed, v1, v2};
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
    /// Prepares the group for the limits; `None` when nothing is limited, and then it is given no name.
    pub fn find(limits: &Limits, name: impl FnOnce() -> String) -> Result<Option<Place>, Error> {
        check(limits)?;
        let wanted = wanted(limits);
        if wanted.is_empty() {
            return Ok(None);
        }
        let name = name();
        let hierarchies = Hierarchies::get()?;
        let mut parts: Vec<Part> = Vec::new();
        for controller in wanted {
            let (version, mounted) = hierarchies.find(controller)?;
            if !parts.iter().any(|part| std::ptr::eq(part.mounted, mounted)) {
                parts.push(Part::new(version, mounted, limits, &name)?);
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
    fn new(version: Version, mounted: &'static Mounted, limits: &Limits, name: &str) -> Result<Part, Error> {
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
