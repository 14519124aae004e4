//! What goes between this process and a container's: a socket to its init, over which the program's status comes, and by which
//! the init notices when this process is gone; and a socket for the start alone, over which a descriptor of the program's process
//! comes, and then what the helper has to say.
//!
//! Sockets, not pipes: who gets hold of an end through /proc/PID/fd cannot open the other one. Each container has its own.

use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::errno::Errno;

use crate::abi;
use crate::error::{Error, ErrorStep, errno_of};
use crate::rights;
use crate::steps::Step;

/// Both ends, until the container's processes have their own.
pub struct Ends {
    ours: UnixStream,
    theirs: UnixStream,
    start: UnixStream,
    starting: UnixStream,
}

/// This process's ends.
pub struct Link {
    socket: UnixStream,
    /// Closed at the other end when the program has been executed; the helper says there why it cannot be.
    start: Option<UnixStream>,
}

impl Ends {
    /// Makes the sockets.
    pub fn new() -> Result<Ends, Error> {
        let pair = || UnixStream::pair().map_err(|error| failed("socketpair", &error));
        let ((ours, theirs), (start, starting)) = (pair()?, pair()?);
        Ok(Ends {
            ours,
            theirs,
            start,
            starting,
        })
    }

    /// The init's end.
    pub fn theirs(&self) -> BorrowedFd<'_> {
        self.theirs.as_fd()
    }

    /// This process's.
    pub fn ours(&self) -> BorrowedFd<'_> {
        self.ours.as_fd()
    }

    /// This process's end for the start.
    pub fn start(&self) -> BorrowedFd<'_> {
        self.start.as_fd()
    }

    /// The end of the processes of the start.
    pub fn starting(&self) -> BorrowedFd<'_> {
        self.starting.as_fd()
    }

    /// Keeps this process's ends only, now that the container's processes have copies of the others.
    pub fn keep(self) -> Link {
        Link {
            socket: self.ours,
            start: Some(self.start),
        }
    }
}

impl Link {
    /// Readable when the program has ended; it hangs up when pid 1 has.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// What wait(2) says of the program, once the init has ended; `None` when the init did not get to say it. It is the last
    /// that was written: what was meant for an init that died before it took it may come first.
    pub fn status(&self) -> Option<i32> {
        const MOST: u64 = 64;
        let mut said = Vec::new();
        self.socket.set_nonblocking(true).ok()?;
        // An error is that there is no more: what was read before it counts.
        let _ = (&self.socket).take(MOST).read_to_end(&mut said);
        said.last_chunk().copied().map(i32::from_ne_bytes)
    }

    /// The descriptor of the program's process that pid 1 has sent; once, before [`helper_failure`](Self::helper_failure).
    pub fn program(&self) -> Result<OwnedFd, Error> {
        let socket = self.start.as_ref().map_or(-1, AsRawFd::as_raw_fd);
        let received = rights::receive_descriptor(socket)
            .map_err(|errno| Error::of_resource(ErrorStep::Wait, "recvmsg", Errno::from_raw(errno)))?;
        // SAFETY: the kernel has just made this descriptor for us.
        Ok(unsafe { OwnedFd::from_raw_fd(received) })
    }

    /// Nothing more comes for the start: a container that waits has no use for its socket.
    pub fn end_start(&mut self) {
        self.start = None;
    }

    /// Waits until the helper has executed the program, or has failed to: the step, and what the kernel answered.
    pub fn helper_failure(&mut self) -> Result<Option<(Step, Errno)>, Error> {
        let mut said = [0; size_of::<abi::Failure>()];
        let Some(mut start) = self.start.take() else {
            return Ok(None);
        };
        match start.read_exact(&mut said) {
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
    Error::of_resource(Step::Plan, tried, errno_of(error))
}
