//! The fallback where the kernel refuses an overlay: the layers copied into the writable memory file system.
//!
//! It gives the same view, at the price of memory and time. Written for a process that must not allocate and has a small
//! stack: the walk keeps two open directories for each level and no other memory. What an overlay's upper layer uses to
//! delete deletes here, too: a character device 0:0, and a folder marked as opaque
//! (`Documentation/filesystems/overlayfs.rst`, "whiteouts and opaque directories"). Other devices are left out, since the root
//! is mounted without devices anyway.

mod attributes;
mod entry;
mod remove;

use std::ffi::CStr;

use crate::sys::{self, Errno, Stat, call};

/// Deeper trees are refused: each level takes two descriptors of the process's limit.
const DEPTH: usize = 256;
/// Names at the top that the runtime has made itself.
const OWN: [&CStr; 3] = [c"proc", c"sys", c"dev"];
const OPEN_DIRECTORY: i32 = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_NOFOLLOW | libc::O_CLOEXEC;

/// A place on the memory file system for what must not be seen in the copy.
pub struct Workshop {
    /// Hard links of the layer that is being copied, named after device and inode.
    links: i32,
    /// Folders on their way out.
    removed: i32,
    /// What marks a folder that hides what lower layers have in it.
    opaque: &'static CStr,
    attributes: attributes::Copier,
}

impl Workshop {
    /// In a directory of the same file system that the copy goes to.
    pub fn new(directory: &CStr, user_namespace: bool) -> Result<Workshop, Errno> {
        let place = sys::open(libc::AT_FDCWD, directory, OPEN_DIRECTORY, 0)?;
        let make = |name| {
            sys::mkdir(place, name, 0o700)?;
            sys::open(place, name, OPEN_DIRECTORY, 0)
        };
        let (links, removed) = (make(c"links")?, make(c"removed")?);
        sys::close(place);
        // Only the host's root may use the other kind of name (xattr(7)).
        let opaque = match user_namespace {
            true => c"user.overlay.opaque",
            false => c"trusted.overlay.opaque",
        };
        Ok(Workshop {
            links,
            removed,
            opaque,
            attributes: attributes::Copier::new()?,
        })
    }

    /// Copies what is in the directory `from` into the directory `to`.
    pub fn copy_layer(&mut self, from: &CStr, to: &CStr) -> Result<(), Errno> {
        // A layer's own path may lead through a link.
        let flags = OPEN_DIRECTORY & !libc::O_NOFOLLOW;
        let source = sys::open(libc::AT_FDCWD, from, flags, 0)?;
        let target = sys::open(libc::AT_FDCWD, to, flags, 0)?;
        let mut walk = Walk {
            workshop: self,
            levels: [Level::NONE; DEPTH],
            depth: 0,
        };
        walk.enter(source, target)?;
        walk.run()?;
        // What is one file in this layer is another one in the next.
        remove::empty(self.removed, self.links)
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        sys::close(self.links);
        sys::close(self.removed);
    }
}

/// A directory that is being copied.
#[derive(Clone, Copy)]
struct Level {
    from: i32,
    to: i32,
}

impl Level {
    const NONE: Level = Level { from: -1, to: -1 };
}

struct Walk<'a> {
    workshop: &'a mut Workshop,
    levels: [Level; DEPTH],
    depth: usize,
}

impl Walk<'_> {
    fn enter(&mut self, from: i32, to: i32) -> Result<(), Errno> {
        let level = self.levels.get_mut(self.depth).ok_or(libc::ELOOP)?;
        *level = Level { from, to };
        self.depth += 1;
        Ok(())
    }

    /// Copies directory after directory, the innermost first, until the outermost is done.
    fn run(&mut self) -> Result<(), Errno> {
        while let Some(&Level { from, to }) = self.depth.checked_sub(1).and_then(|top| self.levels.get(top)) {
            let top = self.depth == 1;
            let mut inner = None;
            let read_all = each_entry(from, |name| {
                if top && OWN.contains(&name) {
                    return Ok(true);
                }
                inner = self.copy_entry(from, to, name)?;
                Ok(inner.is_none())
            })?;
            match inner {
                Some((from, to)) => self.enter(from, to)?,
                None if read_all => self.leave(top)?,
                None => {}
            }
        }
        Ok(())
    }

    /// The directory's attributes last: making its entries changes its time.
    fn leave(&mut self, top: bool) -> Result<(), Errno> {
        self.depth -= 1;
        let Some(&Level { from, to }) = self.levels.get(self.depth) else {
            return Ok(());
        };
        if !top {
            let about = sys::stat(from, c"", libc::AT_EMPTY_PATH)?;
            self.workshop.attributes.copy(from, to, &about)?;
        }
        sys::close(from);
        sys::close(to);
        Ok(())
    }

    /// Copies one entry; gives a directory's two descriptors, whose own entries are next.
    fn copy_entry(&mut self, from: i32, to: i32, name: &CStr) -> Result<Option<(i32, i32)>, Errno> {
        let about = sys::stat(from, name, libc::AT_SYMLINK_NOFOLLOW)?;
        let there = sys::stat(to, name, libc::AT_SYMLINK_NOFOLLOW);
        let is_directory = |about: &Stat| about.mode & libc::S_IFMT == libc::S_IFDIR;
        let removed = self.workshop.removed;
        if !is_directory(&about) {
            if there.is_ok() {
                remove::entry(removed, to, name)?;
            }
            entry::copy(self.workshop, from, to, name, &about)?;
            return Ok(None);
        }
        let source = sys::open(from, name, OPEN_DIRECTORY, 0)?;
        match there {
            Ok(there) if is_directory(&there) && !attributes::is_marked(source, self.workshop.opaque)? => {}
            other => {
                if other.is_ok() {
                    remove::entry(removed, to, name)?;
                }
                sys::mkdir(to, name, 0o700)?;
            }
        }
        Ok(Some((source, sys::open(to, name, OPEN_DIRECTORY, 0)?)))
    }
}

/// Calls `each` with the names in a directory, but `.` and `..`, from where it was left off. When `each` says false, the
/// directory is left off behind that name, and the answer is false, too.
fn each_entry(directory: i32, mut each: impl FnMut(&CStr) -> Result<bool, Errno>) -> Result<bool, Errno> {
    // struct linux_dirent64: inode, offset of the next, record length, type, name.
    const NEXT: usize = 8;
    const LENGTH: usize = 16;
    const NAME: usize = 19;
    let mut buffer = [0u8; 1024];
    loop {
        // SAFETY: pointer and length of a live buffer.
        let filled = unsafe { call!(libc::SYS_getdents64, directory, buffer.as_mut_ptr(), buffer.len()) }?;
        if filled == 0 {
            return Ok(true);
        }
        let mut rest = buffer.get(..filled).unwrap_or_default();
        while let (Some(&low), Some(&high)) = (rest.get(LENGTH), rest.get(LENGTH + 1)) {
            let length = usize::from(u16::from_le_bytes([low, high]));
            let (record, tail) = rest.split_at_checked(length).ok_or(libc::EIO)?;
            rest = tail;
            let next = record
                .get(NEXT..)
                .and_then(|next| next.first_chunk())
                .ok_or(libc::EIO)?;
            let name = record.get(NAME..);
            let name = name
                .and_then(|name| CStr::from_bytes_until_nul(name).ok())
                .ok_or(libc::EIO)?;
            if name == c"." || name == c".." || each(name)? {
                continue;
            }
            let next = i64::from_le_bytes(*next);
            // SAFETY: numbers only.
            unsafe { call!(libc::SYS_lseek, directory, next, libc::SEEK_SET) }?;
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests;
