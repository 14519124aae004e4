//! A directory of the lab's own for as long as it runs.
//!
//! It holds an flock(2) on it. What a lab that was killed has left has none, and the next lab removes it.

use crate::error::Error;
use nix::fcntl::{Flock, FlockArg};
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const PREFIX: &str = "isolab-scratch-";

/// A directory that is removed when it is dropped, or by the next lab after this one was killed.
#[derive(Debug)]
pub struct Scratch {
    // Removed before its lock is given up: a field is dropped after those before it.
    directory: TempDir,
    _lock: Flock<File>,
}

impl Scratch {
    /// A new one in the folder for temporary files (`TMPDIR`, or /tmp).
    pub fn new() -> Result<Self, Error> {
        let parent = std::env::temp_dir();
        let failed = |error: std::io::Error| {
            Error::from_cause(format_args!("cannot make a directory in {}", parent.display()), error)
                .remedy("Make room there, or name another folder: TMPDIR=/path isolab …")
        };
        loop {
            let directory = tempfile::Builder::new()
                .prefix(PREFIX)
                .tempdir_in(&parent)
                .map_err(failed)?;
            if let Some(lock) = lock(directory.path()) {
                return Ok(Scratch { directory, _lock: lock });
            }
            // Another lab's sweep took it for a left-over between the two steps: take the next name.
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// Removes the directories of labs that were killed, where they belong to this user.
pub fn sweep() {
    let uid = nix::unistd::geteuid().as_raw();
    let Ok(entries) = std::fs::read_dir(std::env::temp_dir()) else {
        return;
    };
    let left: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX))
        .filter(|entry| {
            entry
                .metadata()
                .is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == uid)
        })
        .map(|entry| entry.path())
        .collect();
    for path in left {
        if let Some(_lock) = lock(&path) {
            // What cannot be removed now is tried again by the next lab.
            let _ = std::fs::remove_dir_all(&path);
        }
    }
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
        let left = tempfile::Builder::new().prefix(PREFIX).tempdir().unwrap().keep();
        std::fs::write(left.join("file"), "x").unwrap();
        sweep();
        assert!(used.path().is_dir());
        assert!(!left.exists());
    }
}
