//! Descriptors that a start needs: which number each has in the process that carries it out.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

use crate::error::{Error, errno_of};
use crate::spec::Stdio;
use crate::steps::Step;

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

    /// What another process is given.
    pub fn given(self) -> Vec<OwnedFd> {
        match self {
            Descriptors::Here => Vec::new(),
            Descriptors::Given(given) => given,
        }
    }
}
