//! A terminal of the program's own (pty(7)).
//!
//! It is opened inside, from the container's own /dev/pts: a terminal of the host's would have no name there, and
//! ttyname(3) would fail. The end that the caller keeps comes out over a socket (unix(7), SCM_RIGHTS).

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;

use nix::errno::Errno;
use nix::pty::Winsize;

use crate::error::{Error, ErrorStep};
use crate::rights;

/// Whether the program's standard input, output and error are a terminal of its own.
#[derive(Debug, Clone, Default)]
pub enum Terminal {
    /// They are what the fields of [`Stdio3`](crate::Stdio3) say.
    #[default]
    None,
    /// They are, and it is the controlling terminal of the program's session; see [`Terminal::new`].
    Own(OwnTerminal),
}

/// A terminal that is asked for.
#[derive(Debug, Clone)]
pub struct OwnTerminal {
    size: Winsize,
    sender: Arc<UnixDatagram>,
}

/// Where the caller's end of the terminal arrives.
#[derive(Debug)]
pub struct TerminalEnd(UnixDatagram);

impl Terminal {
    /// Asks for a terminal of this size, for one start; the second value gives the caller's end of it then.
    pub fn new(size: Winsize) -> Result<(Terminal, TerminalEnd), Error> {
        let (sender, receiver) = UnixDatagram::pair().map_err(|error| {
            let errno = error.raw_os_error().unwrap_or(libc::EIO);
            failed("socketpair", errno)
        })?;
        let sender = Arc::new(sender);
        Ok((Terminal::Own(OwnTerminal { size, sender }), TerminalEnd(receiver)))
    }
}

impl OwnTerminal {
    /// The size that the window begins with.
    pub(crate) fn size(&self) -> [u16; 4] {
        let Winsize {
            ws_row,
            ws_col,
            ws_xpixel,
            ws_ypixel,
        } = self.size;
        [ws_row, ws_col, ws_xpixel, ws_ypixel]
    }

    /// The socket that the caller's end is sent over.
    pub(crate) fn sender(&self) -> BorrowedFd<'_> {
        self.sender.as_fd()
    }
}

impl TerminalEnd {
    /// The caller's end: what is written to it is typed, what the program writes can be read from it, and its window's size
    /// (tty_ioctl(4), TIOCSWINSZ) is the program's. It is there once [`start`](crate::start) has succeeded.
    pub fn receive(self) -> Result<OwnedFd, Error> {
        let received = rights::receive_descriptor(self.0.as_raw_fd()).map_err(|errno| failed("recvmsg", errno))?;
        // SAFETY: the kernel has just made this descriptor for us.
        Ok(unsafe { OwnedFd::from_raw_fd(received) })
    }
}

fn failed(tried: &str, errno: i32) -> Error {
    let errno = Errno::from_raw(errno);
    let mut error = Error::of_resource(ErrorStep::Terminal, tried, errno);
    if errno == Errno::EAGAIN {
        error.hint = "no container has been started with this terminal".into();
    }
    error
}
