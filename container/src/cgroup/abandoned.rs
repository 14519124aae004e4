//! Groups that nobody owns any more.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::sys::statfs::{CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, fstatfs};

use super::removal;
use crate::error::Error;

/// The directory of a group that its owner has left.
pub struct Abandoned {
    path: PathBuf,
    directory: File,
}

impl Abandoned {
    /// The groups in a directory whose names begin so. What is not on a cgroup file system, or behind a link, is none.
    pub fn find(base: &Path, prefix: &str) -> Vec<Abandoned> {
        let named = |name: &OsStr| name.as_bytes().starts_with(prefix.as_bytes());
        let entries = std::fs::read_dir(base).into_iter().flatten().flatten();
        let groups = entries.filter(|entry| named(&entry.file_name())).filter_map(|entry| {
            let path = entry.path();
            let directory = removal::open(&path).ok()?;
            let kind = fstatfs(&directory).ok()?.filesystem_type();
            [CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC]
                .contains(&kind)
                .then_some(Abandoned { path, directory })
        });
        groups.collect()
    }

    /// Kills what is still in it, and removes it.
    pub fn kill_and_remove(&self) -> Result<(), Error> {
        removal::kill(&self.directory);
        removal::remove(&self.path)
    }
}
