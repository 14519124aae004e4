//! The socket between this process and a container's init: the program's status comes over it, and the init notices by it
//! when this process is gone.
//!
//! A socket, not a pipe: who gets hold of an end through /proc/PID/fd cannot open the other one. Each container has its own.

use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::errno::Errno;

use crate::abi;
use crate::error::{Error, TOO_MANY_FILES};
use crate::rights;
use crate::steps::Step;

/// Both ends, until the init has its own.
pub struct Ends {
    ours: UnixStream,
    theirs: UnixStream,
}

/// This process's end.
pub struct Link(UnixStream);

impl Ends {
    /// Makes the socket.
    pub fn new() -> Result<Ends, Error> {
        let (ours, theirs) = UnixStream::pair().map_err(|error| failed("socketpair", &error))?;
        Ok(Ends { ours, theirs })
    }

    /// The init's end.
    pub fn theirs(&self) -> BorrowedFd<'_> {
        self.theirs.as_fd()
    }

    /// This process's.
    pub fn ours(&self) -> BorrowedFd<'_> {
        self.ours.as_fd()
    }

    /// Keeps this process's end only, now that the init's process has a copy of the other.
    pub fn keep(self) -> Link {
        Link(self.ours)
    }
}

impl Link {
    /// Readable when the program has ended; it hangs up when pid 1 has.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// What wait(2) says of the program, once the init has ended; `None` when the init did not get to say it. It is the last
    /// that was written: what a process sent that died before anybody took it may come first.
    pub fn status(&self) -> Option<i32> {
        const MOST: u64 = 64;
        let mut said = Vec::new();
        self.0.set_nonblocking(true).ok()?;
        // An error is that there is no more: what was read before it counts.
        let _ = (&self.0).take(MOST).read_to_end(&mut said);
        said.last_chunk().copied().map(i32::from_ne_bytes)
    }

    /// Waits until the helper has executed the program, or has failed to: the step, and what the kernel answered. Its
    /// process has sent the pipe that this comes over before it became the helper.
    pub fn helper_failure(&self) -> Result<Option<(Step, Errno)>, Error> {
        let received = rights::receive_descriptor(self.0.as_raw_fd());
        let received = received.map_err(|errno| failed("recvmsg", &io::Error::from_raw_os_error(errno)))?;
        // SAFETY: the kernel has just made this descriptor for us.
        let mut pipe = io::PipeReader::from(unsafe { OwnedFd::from_raw_fd(received) });
        let mut said = [0; size_of::<abi::Failure>()];
        match pipe.read_exact(&mut said) {
            Ok(()) => {
                let [a, b, c, d, errno @ ..] = said;
                let step = match u32::from_ne_bytes([a, b, c, d]) {
                    abi::part::USER => Step::User,
                    abi::part::NO_NEW_PRIVILEGES => Step::NoNewPrivileges,
                    abi::part::FILTER => Step::Seccomp,
                    abi::part::DIRECTORY => Step::ChangeDirectory,
                    _ => Step::Exec,
                };
                Ok(Some((step, Errno::from_raw(i32::from_ne_bytes(errno)))))
            }
            // It closed without a word: the program has been executed, or the process is dead.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(failed("read", &error)),
        }
    }
}

fn failed(tried: &str, error: &io::Error) -> Error {
    let errno = error.raw_os_error().map(Errno::from_raw);
    Error {
        step: "plan",
        tried: tried.into(),
        errno,
        hint: match errno {
            Some(Errno::EMFILE) => TOO_MANY_FILES.into(),
            _ => String::new(),
        },
    }
}
