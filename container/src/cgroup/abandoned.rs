//! Groups that nobody owns any more.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::statfs::{CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, fstatfs};

use super::group::remove;
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
            let flags = libc::O_DIRECTORY | libc::O_NOFOLLOW;
            let directory = File::options().read(true).custom_flags(flags).open(&path).ok()?;
            let kind = fstatfs(&directory).ok()?.filesystem_type();
            [CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC]
                .contains(&kind)
                .then_some(Abandoned { path, directory })
        });
        groups.collect()
    }

    /// Kills what is still in it, and removes it.
    pub fn kill_and_remove(&self) -> Result<(), Error> {
        // cgroup v2, Linux 5.14: all at once.
        let killed = self
            .open("cgroup.kill", libc::O_WRONLY)
            .is_some_and(|mut file| file.write_all(b"1").is_ok());
        if !killed {
            self.processes().into_iter().for_each(|process| self.kill(process));
        }
        remove(&self.path)
    }

    fn open(&self, name: &str, flags: i32) -> Option<File> {
        let name = std::ffi::CString::new(name).ok()?;
        let flags = flags | libc::O_CLOEXEC | libc::O_NOFOLLOW;
        // SAFETY: a terminated string.
        let opened = Errno::result(unsafe { libc::openat(self.directory.as_raw_fd(), name.as_ptr(), flags) });
        // SAFETY: just opened, owned by nobody else.
        opened.ok().map(|fd| File::from(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    fn processes(&self) -> Vec<i32> {
        let mut text = String::new();
        let read = self
            .open("cgroup.procs", libc::O_RDONLY)
            .and_then(|mut file| file.read_to_string(&mut text).ok());
        let lines = text.lines().filter(|_| read.is_some());
        lines
            .filter_map(|line| line.parse().ok())
            .filter(|pid| *pid > 0)
            .collect()
    }

    /// Kills one of its processes, and not another that has its id by then.
    fn kill(&self, process: i32) {
        // SAFETY: numbers only.
        let opened = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, process, 0) });
        // ESRCH: it has just ended by itself.
        let Ok(pidfd) = opened else { return };
        // SAFETY: just opened, owned by nobody else.
        let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd as i32) };
        if self.processes().contains(&process) {
            // SAFETY: pidfd_send_signal(2) with numbers and a null pointer.
            let _ = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), libc::SIGKILL, 0, 0) };
        }
    }
}
