//! The end of a group: its processes killed, the groups below it removed, and itself.
//!
//! A program with CAP_SYS_ADMIN may divide its own group, as deep and as wide as it likes, so what is below a group is walked
//! with open directories and without recursion.

use std::ffi::{CStr, CString};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::dir::{Dir, Type};
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::{UnlinkatFlags, unlinkat};

use super::failed;
use crate::error::{Error, errno_of};
use crate::pidfd;

/// How long a group may be busy after its last process has been reaped or killed.
const BUSY: Duration = Duration::from_secs(2);
/// How long to wait before it is tried again.
const PAUSE: Duration = Duration::from_micros(50);

/// Removes a group and those below it. A process leaves its group a moment after it has been waited for, so a busy one is tried
/// again for a while. One that is not there is no error.
pub fn remove(path: &Path) -> Result<(), Error> {
    let mut until = Instant::now() + BUSY;
    loop {
        match fs::remove_dir(path) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) if error.raw_os_error() != Some(libc::EBUSY) => {
                return Err(failed("rmdir", path, errno_of(&error)));
            }
            Err(_) => {}
        }
        match open(path) {
            Ok(directory) if is_divided(&directory) => {
                remove_below(directory).map_err(|errno| failed("rmdir below", path, errno))?;
                until = Instant::now() + BUSY;
            }
            _ if Instant::now() > until => return Err(failed("rmdir", path, Errno::EBUSY)),
            _ => std::thread::sleep(PAUSE),
        }
    }
}

/// The directory of a group, and nothing that a link leads to.
pub fn open(path: &Path) -> io::Result<File> {
    let flags = libc::O_DIRECTORY | libc::O_NOFOLLOW;
    File::options().read(true).custom_flags(flags).open(path)
}

/// Kills what is in a group, with `cgroup.kill` also what is in those below.
pub fn kill(directory: &File) {
    // cgroup v2, Linux 5.14: all at once.
    let at_once =
        file_in(directory, c"cgroup.kill", OFlag::O_WRONLY).is_some_and(|mut file| file.write_all(b"1").is_ok());
    if !at_once {
        processes(directory)
            .into_iter()
            .for_each(|process| kill_one(directory, process));
    }
}

/// Whether there are groups below: a directory of a cgroup file system has one link for each, and two of its own.
fn is_divided(directory: &File) -> bool {
    directory.metadata().is_ok_and(|about| about.nlink() > 2)
}

/// Removes the groups below, the innermost first.
fn remove_below(top: File) -> Result<(), Errno> {
    let (mut current, mut depth) = (top, 0);
    loop {
        let next = match remove_undivided(&current)? {
            Some(divided) => {
                depth += 1;
                divided
            }
            None if depth == 0 => return Ok(()),
            None => {
                depth -= 1;
                c"..".to_owned()
            }
        };
        current = directory_in(&current, &next)?;
    }
}

/// Removes the groups in a directory that are not divided themselves; gives the first that is.
fn remove_undivided(directory: &File) -> Result<Option<CString>, Errno> {
    for name in groups_in(directory)? {
        let until = Instant::now() + BUSY;
        loop {
            match unlinkat(directory, name.as_c_str(), UnlinkatFlags::RemoveDir) {
                Ok(()) | Err(Errno::ENOENT) => break,
                Err(Errno::EBUSY) => {}
                Err(errno) => return Err(errno),
            }
            let inner = directory_in(directory, &name)?;
            if is_divided(&inner) {
                return Ok(Some(name));
            }
            if Instant::now() > until {
                return Err(Errno::EBUSY);
            }
            kill(&inner);
            std::thread::sleep(PAUSE);
        }
    }
    Ok(None)
}

fn groups_in(directory: &File) -> Result<Vec<CString>, Errno> {
    let mut entries = Dir::from_fd(directory_in(directory, c".")?.into())?;
    let mut names = Vec::new();
    for entry in entries.iter() {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type() == Some(Type::Directory) && name != c"." && name != c".." {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

fn directory_in(directory: &File, name: &CStr) -> Result<File, Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(directory, name, flags, Mode::empty()).map(File::from)
}

fn file_in(directory: &File, name: &CStr, how: OFlag) -> Option<File> {
    let flags = how | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(directory, name, flags, Mode::empty()).map(File::from).ok()
}

fn processes(directory: &File) -> Vec<i32> {
    let mut text = String::new();
    let read =
        file_in(directory, c"cgroup.procs", OFlag::O_RDONLY).and_then(|mut file| file.read_to_string(&mut text).ok());
    let lines = text.lines().filter(|_| read.is_some());
    lines
        .filter_map(|line| line.parse().ok())
        .filter(|pid| *pid > 0)
        .collect()
}

/// Kills one of a group's processes, and not another that has its id by then.
fn kill_one(directory: &File, process: i32) {
    // ESRCH: it has just ended by itself.
    let Ok(pidfd) = pidfd::open(process) else { return };
    if processes(directory).contains(&process) {
        let _ = pidfd::send(&pidfd, Signal::SIGKILL);
    }
}
