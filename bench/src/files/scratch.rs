//! A directory of the lab's own for as long as it runs.
//!
//! It holds an flock(2) on it. What a lab that was killed has left has none, and the next lab removes it.

use crate::error::Error;
use nix::fcntl::{Flock, FlockArg};
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A directory that is removed when it is dropped, or by the next lab after this one was killed.
#[derive(Debug)]
pub struct Scratch {
    // In this order: a field is dropped after those before it. The directory is removed before its lock is given up, and
    // before the folder that it is in.
    directory: TempDir,
    _lock: Flock<File>,
    _folder: Folder,
}

impl Scratch {
    /// A new one in the folder for temporary files (`TMPDIR`, or /tmp).
    pub fn new() -> Result<Self, Error> {
        let folder = Folder::of_this_user();
        let failed = |error: std::io::Error| {
            Error::from_cause(format_args!("cannot make a directory in {}", folder.0.display()), error)
                .remedy("Make room there, or name another folder: TMPDIR=/path isolab …")
        };
        loop {
            folder.make().map_err(failed)?;
            let directory = match TempDir::new_in(&folder.0) {
                // The last lab beside this one has just removed the folder.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                made => made.map_err(failed)?,
            };
            if let Some(lock) = lock(directory.path()) {
                return Ok(Scratch {
                    directory,
                    _lock: lock,
                    _folder: folder,
                });
            }
            // Another lab's sweep took it for a left-over between the two steps: take the next name.
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// The folder that holds the directories of all of this user's labs, removed with the last of them. With a folder of their
/// own, a sweep need not read all that others keep in /tmp.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn of_this_user() -> Self {
        let user = nix::unistd::geteuid();
        Folder(std::env::temp_dir().join(format!("isolab-work-{user}")))
    }

    /// Whether it is there and this user's own: anybody may make one in /tmp.
    fn is_ours(&self) -> std::io::Result<bool> {
        let found = std::fs::symlink_metadata(&self.0)?;
        Ok(found.is_dir() && found.uid() == nix::unistd::geteuid().as_raw())
    }

    fn make(&self) -> std::io::Result<()> {
        let made = match std::fs::create_dir(&self.0) {
            // Its subfolders are layers: the programs of every user namespace must get through, whatever the umask.
            Ok(()) => self.open_to_all(),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => match self.is_ours() {
                Ok(false) => Err(std::io::Error::other(
                    "what has that name there is not a directory of this user",
                )),
                other => other.map(drop),
            },
            Err(error) => Err(error),
        };
        match made {
            // Removed meanwhile by the last lab beside this one: the next step finds that out.
            Err(error) if error.kind() == ErrorKind::NotFound && std::env::temp_dir().is_dir() => Ok(()),
            other => other,
        }
    }

    /// Not by its name, which may mean something else by now.
    fn open_to_all(&self) -> std::io::Result<()> {
        let flags = nix::libc::O_DIRECTORY | nix::libc::O_NOFOLLOW;
        let directory = File::options().read(true).custom_flags(flags).open(&self.0)?;
        directory.set_permissions(PermissionsExt::from_mode(0o755))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Not empty while other labs have something in it.
        let _ = std::fs::remove_dir(&self.0);
    }
}

/// Removes the directories of labs that were killed; gives how many there were.
pub fn sweep() -> usize {
    let folder = Folder::of_this_user();
    if !folder.is_ours().unwrap_or(false) {
        // Usual: no lab has one now.
        return 0;
    }
    let mut swept = 0;
    let entries = std::fs::read_dir(&folder.0).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        if let Some(_lock) = lock(&path) {
            // What cannot be removed now is tried again by the next lab.
            let _ = std::fs::remove_dir_all(&path);
            swept += 1;
        }
    }
    swept
}

/// The lock on the directory at `path`, unless it is held or the directory is no longer there.
fn lock(path: &Path) -> Option<Flock<File>> {
    let directory = File::open(path).ok()?;
    let inode = directory.metadata().ok()?.ino();
    let lock = Flock::lock(directory, FlockArg::LockExclusiveNonblock).ok()?;
    (std::fs::metadata(path).ok()?.ino() == inode).then_some(lock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_removes_what_nobody_holds_and_leaves_what_a_lab_uses() {
        let used = Scratch::new().unwrap();
        let left = TempDir::new_in(Folder::of_this_user().0.clone()).unwrap().keep();
        std::fs::write(left.join("file"), "x").unwrap();
        assert!(sweep() >= 1);
        assert!(used.path().is_dir());
        assert!(!left.exists());
    }

    #[test]
    fn a_folder_of_somebody_elses_making_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder(place.path().join("folder"));
        std::os::unix::fs::symlink(place.path(), &folder.0).unwrap();
        assert!(folder.make().is_err());
        std::fs::remove_file(&folder.0).unwrap();
        folder.make().unwrap();
        folder.make().unwrap();
        assert!(folder.is_ours().unwrap());
    }
}
