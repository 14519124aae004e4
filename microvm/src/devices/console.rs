//! The host's end of the guest's console: where its output goes and its input comes from.

use crate::Error;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll, ppoll};
use nix::sys::time::TimeSpec;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

/// A guest's console.
#[derive(Debug, Default)]
pub enum Console {
    /// The process's standard input and output.
    #[default]
    Standard,
    /// Files, pipes or terminals of the caller's. A reader that stops reading makes the guest wait.
    Files {
        /// What the guest's program reads.
        input: OwnedFd,
        /// What it writes.
        output: OwnedFd,
    },
}

impl Console {
    /// What the guest's program reads.
    pub(crate) fn input(&self) -> BorrowedFd<'_> {
        match self {
            // SAFETY: nobody closes a process's standard descriptors; one that was closed before answers EBADF.
            Console::Standard => unsafe { BorrowedFd::borrow_raw(libc::STDIN_FILENO) },
            Console::Files { input, .. } => input.as_fd(),
        }
    }

    /// What it writes.
    pub(crate) fn output(&self) -> BorrowedFd<'_> {
        match self {
            // SAFETY: as above.
            Console::Standard => unsafe { BorrowedFd::borrow_raw(libc::STDOUT_FILENO) },
            Console::Files { output, .. } => output.as_fd(),
        }
    }

    /// The descriptors.
    pub(crate) fn descriptors(&self) -> [RawFd; 2] {
        [self.input().as_raw_fd(), self.output().as_raw_fd()]
    }
}

/// A poll this long sees that the machine is to end, should its signal come just before the poll.
const GLANCE: u8 = 100;

/// Output is written out when the guest pauses, or when this much has gathered.
const GATHERED: usize = 256;

/// The guest's output on its way.
pub struct Output<'a> {
    to: BorrowedFd<'a>,
    gathered: Vec<u8>,
}

impl<'a> Output<'a> {
    /// Nothing yet.
    pub fn new(console: &'a Console) -> Self {
        Self {
            to: console.output(),
            gathered: Vec::new(),
        }
    }

    /// Takes bytes; says whether it is time to write them out.
    pub fn gather(&mut self, bytes: &[u8]) -> bool {
        self.gathered.extend_from_slice(bytes);
        self.gathered.len() >= GATHERED
    }

    /// Writes everything out; waits for a slow reader, but not when the machine is to end.
    pub fn flush(&mut self, stopped: &dyn Fn() -> bool) -> Result<(), Error> {
        let mut bytes = &self.gathered[..];
        while !bytes.is_empty() {
            match nix::unistd::write(self.to, bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(Errno::EINTR | Errno::EAGAIN) if stopped() => break,
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => {
                    let _ = poll(
                        &mut [PollFd::new(self.to, PollFlags::POLLOUT)],
                        PollTimeout::from(GLANCE),
                    );
                }
                Err(errno) => return Err(Error::Output(io::Error::from_raw_os_error(errno as i32))),
            }
        }
        self.gathered.clear();
        Ok(())
    }
}

/// The guest's input, looked at when the guest looks for it.
pub struct Input<'a> {
    from: BorrowedFd<'a>,
    ended: bool,
}

impl<'a> Input<'a> {
    /// Not looked at yet.
    pub fn new(console: &'a Console) -> Self {
        Self {
            from: console.input(),
            ended: false,
        }
    }

    /// Whether there is no more.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Takes what there is, if anything, without waiting.
    pub fn take<'b>(&mut self, buffer: &'b mut [u8]) -> &'b [u8] {
        if self.ended || !self.wait(Duration::ZERO) {
            return &[];
        }
        match nix::unistd::read(self.from, buffer) {
            Ok(count) if count > 0 => &buffer[..count],
            Err(Errno::EINTR | Errno::EAGAIN) => &[],
            // A descriptor that is closed or cannot be read has no input, like one at its end.
            _ => {
                self.ended = true;
                &[]
            }
        }
    }

    /// Waits until there is something or the input has ended; not longer than that, and not beyond a signal.
    pub fn wait(&self, time: Duration) -> bool {
        let mut polled = [PollFd::new(self.from, PollFlags::POLLIN)];
        self.ended || ppoll(&mut polled, Some(TimeSpec::from(time)), None).is_ok_and(|count| count > 0)
    }
}

/// Waits for input, in a thread of its own, and reads it; 0 bytes at its end. None when the machine is to end.
pub fn wait_and_read(input: BorrowedFd, buffer: &mut [u8], stopped: &dyn Fn() -> bool) -> Option<usize> {
    loop {
        if stopped() {
            return None;
        }
        // Not a blocking read: a signal that comes just before it would be lost.
        let mut polled = [PollFd::new(input, PollFlags::POLLIN)];
        match poll(&mut polled, PollTimeout::from(GLANCE)) {
            Ok(0) | Err(Errno::EINTR) => continue,
            _ => {}
        }
        match nix::unistd::read(input, buffer) {
            Ok(count) => return Some(count),
            Err(Errno::EINTR | Errno::EAGAIN) => {}
            // As above.
            Err(_) => return Some(0),
        }
    }
}

/// Lets time pass; not beyond a signal.
pub fn sleep(time: Duration) {
    let _ = ppoll(&mut [], Some(TimeSpec::from(time)), None);
}
