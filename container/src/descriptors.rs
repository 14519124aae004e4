//! Descriptors that a start needs: which number each has in the process that carries it out.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

use crate::error::{Error, errno_of};
use crate::spec::{Stdio, Stdio3};
use crate::steps::Step;
use crate::validate::wrong;
use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::stat::fstat;

/// See the top of the file.
pub enum Descriptors {
    /// This process carries it out.
    Here,
    /// Another does, which is given these as its descriptors 0, 1, 2, …
    Given(Vec<OwnedFd>),
}

impl Descriptors {
    /// The number of a descriptor that stays open in this process until the start is over.
    pub fn lend(&mut self, descriptor: BorrowedFd) -> Result<RawFd, Error> {
        match self {
            Descriptors::Here => Ok(descriptor.as_raw_fd()),
            Descriptors::Given(given) => {
                let copy = descriptor
                    .try_clone_to_owned()
                    .map_err(|error| Error::of_resource(Step::Plan, "duplicate a descriptor", errno_of(&error)))?;
                given.push(copy);
                Ok(given.len() as RawFd - 1)
            }
        }
    }

    /// The number of a standard descriptor; -1 for /dev/null. Another process is given those first.
    pub fn standard(&self, stdio: &Stdio, number: RawFd) -> RawFd {
        match (self, stdio) {
            (_, Stdio::Null) => -1,
            (Descriptors::Here, Stdio::Fd(fd)) => fd.as_raw_fd(),
            _ => number,
        }
    }

    /// Refuses a standard descriptor that is a directory, or one that only names a file (O_PATH): through it the program could
    /// open files outside of its root, whatever that is (openat(2)).
    ///
    /// # Errors
    /// Such a descriptor. One that is closed is none.
    pub fn stay_inside(stdio: &Stdio3) -> Result<(), Error> {
        for (number, each) in [&stdio.stdin, &stdio.stdout, &stdio.stderr].into_iter().enumerate() {
            let descriptor = match each {
                Stdio::Null => continue,
                Stdio::Fd(fd) => fd.as_raw_fd(),
                Stdio::Inherit => number as RawFd,
            };
            // SAFETY: the number is only looked at, and a closed one is an error.
            let descriptor = unsafe { BorrowedFd::borrow_raw(descriptor) };
            let directory = fstat(descriptor).is_ok_and(|stat| stat.st_mode & libc::S_IFMT == libc::S_IFDIR);
            let path = fcntl(descriptor, FcntlArg::F_GETFL).is_ok_and(|flags| flags & libc::O_PATH != 0);
            if directory || path {
                return Err(wrong(
                    format!("standard descriptor {number}"),
                    "it is a directory, through which the program could reach the files of the host: redirect it from a file, a pipe or /dev/null",
                ));
            }
        }
        Ok(())
    }

    /// What another process is given.
    pub fn given(self) -> Vec<OwnedFd> {
        match self {
            Descriptors::Here => Vec::new(),
            Descriptors::Given(given) => given,
        }
    }
}
