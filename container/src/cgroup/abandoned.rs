//! Groups that nobody owns any more.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::statfs::{CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, fstatfs};

use super::{Controller, removal, tree};
use crate::error::{Error, errno_of};

/// The directory of a group that its owner has left.
pub struct Abandoned {
    path: PathBuf,
    directory: File,
}

impl Abandoned {
    /// The groups in a directory whose names begin so. What is not on a cgroup file system, or behind a link, is none; nor is
    /// there one in a directory that is gone.
    pub fn find(base: &Path, prefix: &str) -> Result<Vec<Abandoned>, Error> {
        let failed = |tried: &str, path: &Path, error: &io::Error| super::failed(tried, path, errno_of(error));
        let entries = match std::fs::read_dir(base) {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(Vec::new());
            }
            other => other.map_err(|error| failed("read", base, &error))?,
        };
        let mut groups = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| failed("read", base, &error))?;
            if !entry.file_name().as_bytes().starts_with(prefix.as_bytes()) {
                continue;
            }
            let path = entry.path();
            let directory = match removal::open(&path) {
                // Gone meanwhile, a link, a file.
                Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ELOOP | libc::ENOTDIR)) => {
                    continue;
                }
                other => other.map_err(|error| failed("open", &path, &error))?,
            };
            if is_group(&directory).map_err(|errno| super::failed("statfs", &path, errno))? {
                groups.push(Abandoned { path, directory });
            }
        }
        Ok(groups)
    }

    /// Kills what is still in it, and removes it.
    pub fn kill_and_remove(&self) -> Result<(), Error> {
        removal::kill(&self.directory);
        removal::remove(&self.path)
    }
}

fn is_group(directory: &File) -> Result<bool, Errno> {
    let kind = fstatfs(directory)?.filesystem_type();
    Ok([CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC].contains(&kind))
}

/// Takes back what a group was made to hand down, given as [`Place::notes`](super::Place::notes) has it behind the `+`:
/// `CONTROLLER DIRECTORY`. What is not that, or no control group, is left alone.
pub fn take_back(note: &[u8]) {
    let mut words = note.splitn(2, |byte| *byte == b' ');
    let (Some(name), Some(top)) = (words.next(), words.next()) else {
        return;
    };
    let top = Path::new(OsStr::from_bytes(top));
    let controller = Controller::ALL
        .into_iter()
        .find(|controller| controller.v2_name().as_bytes() == name);
    let is_group = removal::open(top).is_ok_and(|directory| is_group(&directory) == Ok(true));
    if let Some(controller) = controller.filter(|_| is_group) {
        tree::take_back(top, controller);
    }
}
