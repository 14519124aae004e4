//! The control group of a container before it is made: which directories, what is written to which files, and who enters.
//! Allocates nothing.

use core::ffi::CStr;
use core::sync::atomic::{AtomicI32, Ordering::*};

use super::Descriptor;
use crate::sys::{self, Errno};

/// One directory of a group, to be made.
#[repr(C)]
pub struct PartPlan {
    /// Whether it is v2, which pid 1 is born into.
    pub is_v2: bool,
    /// The directory that it is made in.
    pub directory: Descriptor,
    pub name: &'static CStr,
    /// What is written before anybody enters.
    pub files: &'static [Value],
    /// What limits memory, and what counts it, of a group that pid 1 is born in: written last, by the program's process.
    pub late: &'static [Value],
    pub current: Value,
    /// The most memory there may be.
    pub memory_bytes: u64,
    /// What a process of v1 enters by; opened ahead for those that have no right to.
    pub tasks: Value,
}

/// A file below the hierarchy's directory, and what to write to it.
#[repr(C)]
pub struct Value {
    pub file: &'static CStr,
    pub text: &'static [u8],
    /// Whether it was not asked for itself, and is left out where this kernel does not have it.
    pub implied: bool,
    /// The file, opened for a process that cannot reach it; -1 before.
    pub open: AtomicI32,
}

/// The group of a container before it is made.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct GroupPlan {
    pub parts: &'static [PartPlan],
}

/// What failed, in a form that fits into a report: the part's index, and the file's from 1 on, 0 for the directory.
pub type Item = u16;

/// How many files a part has at most, for [`Item`].
pub const FILES: usize = 64;

/// What was done with a group when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// Making it.
    Create,
    /// Entering it.
    Enter,
}

fn item(part: usize, file: usize) -> Item {
    (part * FILES + file) as Item
}

impl Value {
    fn write(&self, directory: Descriptor) -> Result<(), Errno> {
        match sys::write_to(directory, self.file, self.text) {
            Err(libc::ENOENT | libc::EOPNOTSUPP) if self.implied => Ok(()),
            other => other,
        }
    }

    fn open(&self, directory: Descriptor, flags: i32) -> Result<(), Errno> {
        match sys::open(directory, self.file, flags | libc::O_CLOEXEC, 0) {
            Err(libc::ENOENT) if self.implied => {}
            opened => self.open.store(opened?, Relaxed),
        }
        Ok(())
    }

    fn opened(&self) -> Option<Descriptor> {
        Some(self.open.load(Relaxed)).filter(|file| *file >= 0)
    }
}

impl GroupPlan {
    /// Whether a part is v2, which must be there before pid 1 is.
    pub fn has_v2(&self) -> bool {
        self.parts.iter().any(|part| part.is_v2)
    }

    /// Whether a part is v1, which processes enter by themselves.
    pub fn has_v1(&self) -> bool {
        self.parts.iter().any(|part| !part.is_v2)
    }

    /// Makes the directories and writes the limits.
    pub fn create(&self) -> Result<(), (Item, Errno)> {
        for (index, part) in self.parts.iter().enumerate() {
            sys::mkdir(part.directory, part.name, 0o755).map_err(|errno| (item(index, 0), errno))?;
            for (file, value) in part.files.iter().enumerate() {
                let written = value.write(part.directory);
                written.map_err(|errno| (item(index, file + 1), errno))?;
            }
        }
        Ok(())
    }

    /// Opens what processes without any right to the group enter it, and limit its memory, with.
    pub fn open_for_others(&self) -> Result<(), (Item, Errno)> {
        for (index, part) in self.parts.iter().enumerate() {
            let failed = |errno| (item(index, 0), errno);
            if !part.is_v2 {
                part.tasks.open(part.directory, libc::O_WRONLY).map_err(failed)?;
            }
            if !part.late.is_empty() {
                part.current.open(part.directory, libc::O_RDONLY).map_err(failed)?;
            }
            for value in part.late {
                value.open(part.directory, libc::O_WRONLY).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Closes what [`open_for_others`](Self::open_for_others) has opened.
    pub fn close_opened(&self) {
        for part in self.parts {
            for value in part.late.iter().chain([&part.current, &part.tasks]) {
                let file = value.open.swap(-1, Relaxed);
                if file >= 0 {
                    sys::close(file);
                }
            }
        }
    }

    /// The directory of the part that is v2, open, to be cloned into; none where there is no such part.
    pub fn open_v2(&self) -> Result<Option<Descriptor>, (Item, Errno)> {
        let Some(index) = self.parts.iter().position(|part| part.is_v2) else {
            return Ok(None);
        };
        let part = &self.parts[index];
        let flags = libc::O_PATH | libc::O_DIRECTORY | libc::O_CLOEXEC;
        let opened = sys::open(part.directory, part.name, flags, 0);
        opened.map(Some).map_err(|errno| (item(index, 0), errno))
    }

    /// Moves the calling thread, and what it clones later, into the parts that are v1.
    pub fn enter(&self) -> Result<(), (Item, Errno)> {
        for (index, part) in self.parts.iter().enumerate().filter(|(_, part)| !part.is_v2) {
            let entered = match part.tasks.opened() {
                Some(tasks) => sys::write(tasks, b"0"),
                None => sys::write_to(part.directory, part.tasks.file, b"0"),
            };
            entered.map_err(|errno| (item(index, 0), errno))?;
        }
        Ok(())
    }

    /// Limits the memory of a group that pid 1 was born in. `more` is what may still be used before the program runs.
    ///
    /// Until then, a process of the group shares the memory of the one that starts it. When a limit is reached, the kernel
    /// ends all who share the memory of the process that it picks: so no limit is set that is near.
    pub fn limit_memory(&self, more: u64) -> Result<(), (Item, Errno)> {
        for (index, part) in self.parts.iter().enumerate().filter(|(_, part)| !part.late.is_empty()) {
            let late = |file: usize| item(index, part.files.len() + file + 1);
            let used = part.current.opened().map_or(Ok(0), read_number);
            let used = used.map_err(|errno| (late(0), errno))?;
            if used.saturating_add(more) > part.memory_bytes {
                return Err((late(0), libc::ENOMEM));
            }
            for (file, value) in part.late.iter().enumerate() {
                if let Some(open) = value.opened() {
                    sys::write(open, value.text).map_err(|errno| (late(file), errno))?;
                }
            }
        }
        Ok(())
    }

    /// Whether there is memory to be limited by [`limit_memory`](Self::limit_memory).
    pub fn limits_memory_late(&self) -> bool {
        self.parts.iter().any(|part| !part.late.is_empty())
    }
}

/// Reads a file that is a number.
fn read_number(file: Descriptor) -> Result<u64, Errno> {
    let mut text = [0u8; 24];
    // SAFETY: pointer and length of a live buffer.
    let length = unsafe { sys::call!(libc::SYS_pread64, file, text.as_mut_ptr(), text.len(), 0) }?;
    let digits = text.iter().take(length).take_while(|byte| byte.is_ascii_digit());
    Ok(digits.fold(0u64, |number, digit| {
        number.saturating_mul(10).saturating_add(u64::from(digit - b'0'))
    }))
}
