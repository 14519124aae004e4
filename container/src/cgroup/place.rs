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
    /// What limits memory, and what counts it, of a group that pid 1 is born in: written last, by the program's process.
    late: Vec<Value>,
    current: Value,
    /// The most memory there may be.
    memory_bytes: u64,
    tasks: CString,
    /// The same file, opened by isolab for processes that have no right to.
    open_tasks: OnceLock<OwnedFd>,
}

/// A file below the hierarchy's directory, and what to write to it.
#[derive(Debug)]
struct Value {
    file: CString,
    text: String,
    implied: bool,
    /// The file, opened by isolab for a process that cannot reach it.
    open: OnceLock<OwnedFd>,
}

impl Value {
    fn new(file: CString, text: String, implied: bool) -> Value {
        let open = OnceLock::new();
        Value {
            file,
            text,
            implied,
            open,
        }
    }

    fn open(&self, directory: RawFd, flags: i32) -> Result<(), sys::Errno> {
        match sys::open(directory, &self.file, flags | libc::O_CLOEXEC, 0) {
            Err(libc::ENOENT) if self.implied => Ok(()),
            opened => {
                // SAFETY: just opened, owned by nobody else.
                let _ = self.open.set(unsafe { OwnedFd::from_raw_fd(opened?) });
                Ok(())
            }
        }
    }

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

    /// Limits the memory of a group that pid 1 was born in. `more` is what may still be used before the program runs.
    ///
    /// Until then, a process of the group shares the memory of this library's caller. When a limit is reached, the kernel
    /// ends all who share the memory of the process that it picks: so no limit is set that is near. Allocates nothing.
    pub fn limit_memory(&self, more: u64) -> Result<(), (Item, sys::Errno)> {
        for (index, part) in self.parts.iter().enumerate().filter(|(_, part)| !part.late.is_empty()) {
            let item = |file: usize| (index * FILES + part.files.len() + file + 1) as Item;
            let used = part
                .current
                .open
                .get()
                .map_or(Ok(0), |file| read_number(file.as_raw_fd()));
            let used = used.map_err(|errno| (item(0), errno))?;
            if used.saturating_add(more) > part.memory_bytes {
                return Err((item(0), libc::ENOMEM));
            }
            for (file, value) in part.late.iter().enumerate() {
                if let Some(open) = value.open.get() {
                    sys::write(open.as_raw_fd(), value.text.as_bytes()).map_err(|errno| (item(file), errno))?;
                }
            }
        }
        Ok(())
    }

    /// Whether there is memory to be limited by [`limit_memory`](Self::limit_memory).
    pub fn limits_memory_late(&self) -> bool {
        self.parts.iter().any(|part| !part.late.is_empty())
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

    /// Opens what processes without any right to the group enter it, and limit its memory, with.
    pub fn open_for_others(&self) -> Result<(), (Item, sys::Errno)> {
        for (index, part) in self.parts.iter().enumerate() {
            let item = |errno| ((index * FILES) as Item, errno);
            if part.version != Version::V2 {
                let opened = sys::open(part.directory, &part.tasks, libc::O_WRONLY | libc::O_CLOEXEC, 0);
                // SAFETY: just opened, owned by nobody else.
                let _ = part
                    .open_tasks
                    .set(unsafe { OwnedFd::from_raw_fd(opened.map_err(item)?) });
            }
            if !part.late.is_empty() {
                part.current.open(part.directory, libc::O_RDONLY).map_err(item)?;
            }
            for value in &part.late {
                value.open(part.directory, libc::O_WRONLY).map_err(item)?;
            }
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
            let values = settings
                .into_iter()
                .map(|setting| Value::new(below(setting.file), setting.value, setting.implied));
            values.collect()
        };
        Ok(Part {
            version,
            mounted,
            directory: mounted.descriptor()?,
            name: CString::new(name).unwrap_or_default(),
            files: values(early),
            late: values(late),
            current: Value::new(below("memory.current"), String::new(), false),
            memory_bytes: limits.memory_bytes.unwrap_or(u64::MAX),
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

/// Reads a file that is a number.
fn read_number(file: RawFd) -> Result<u64, sys::Errno> {
    let mut text = [0u8; 24];
    // SAFETY: pointer and length of a live buffer.
    let length = unsafe { sys::call!(libc::SYS_pread64, file, text.as_mut_ptr(), text.len(), 0) }?;
    let digits = text.iter().take(length).take_while(|byte| byte.is_ascii_digit());
    Ok(digits.fold(0u64, |number, digit| {
        number.saturating_mul(10).saturating_add(u64::from(digit - b'0'))
    }))
}
