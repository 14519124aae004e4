//! `isolab run -t`: a terminal of the program's own, connected to this one (pty(7)).

use crate::error::Error;
use crate::target::Stdio;
use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{Winsize, openpty};
use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};
use nix::unistd::{read, write};
use std::io::Stdin;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

nix::ioctl_read_bad!(get_size, libc::TIOCGWINSZ, Winsize);
nix::ioctl_write_ptr_bad!(set_size, libc::TIOCSWINSZ, Winsize);

/// How often the size of the window is looked at, in ms.
const SIZE_EVERY: u16 = 200;

/// The two terminals. Dropping it gives this one its settings back.
pub struct Relay {
    here: Stdin,
    saved: Termios,
    inside: OwnedFd,
    size: Winsize,
}

impl Relay {
    /// Opens a terminal for the program, and hands what is typed here on to it as it is.
    pub fn open() -> Result<(Self, Stdio), Error> {
        let failed =
            |what: &'static str| move |errno: Errno| Error::from_cause(format_args!("cannot {what}"), errno.desc());
        let here = std::io::stdin();
        let saved = tcgetattr(&here).map_err(|_| {
            Error::new("-t needs a terminal on stdin, and stdin is none")
                .remedy("Leave -t out, or run it on a terminal.")
        })?;
        let size = window_size(here.as_fd()).map_err(failed("read the size of this terminal"))?;
        let pty = openpty(&size, &saved).map_err(failed("open a terminal for the program (openpty)"))?;
        let copy = || {
            let copy = pty.slave.try_clone();
            copy.map_err(|error| Error::from_cause("cannot hand over the terminal", error))
        };
        let stdio = Stdio {
            stdin: copy()?,
            stdout: copy()?,
            stderr: copy()?,
        };
        let mut raw = saved.clone();
        cfmakeraw(&mut raw);
        tcsetattr(&here, SetArg::TCSANOW, &raw).map_err(failed("change the settings of this terminal"))?;
        let relay = Self {
            here,
            saved,
            inside: pty.master,
            size,
        };
        Ok((relay, stdio))
    }

    /// Hands on what is typed and what is written, until `ended` can be read.
    pub fn run(&mut self, ended: BorrowedFd<'_>) -> Result<(), Error> {
        loop {
            let mut fds = [self.here.as_fd(), self.inside.as_fd(), ended].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
            match poll(&mut fds, PollTimeout::from(SIZE_EVERY)) {
                Err(Errno::EINTR) => continue,
                Err(errno) => return Err(Error::from_cause("cannot wait for the terminal", errno.desc())),
                Ok(_) => {}
            }
            let [typed, written, over] = fds.map(|fd| fd.any().unwrap_or(false));
            self.follow_size();
            if typed {
                hand_on(self.here.as_fd(), self.inside.as_fd());
            }
            // What was written before the end is still to be read after it.
            let more = written && hand_on(self.inside.as_fd(), std::io::stdout().as_fd());
            if over && !more {
                return Ok(());
            }
        }
    }

    fn follow_size(&mut self) {
        if let Ok(size) = window_size(self.here.as_fd())
            && size != self.size
        {
            // SAFETY: the descriptor is a terminal, and the size a valid one. A failure leaves the old size.
            let _ = unsafe { set_size(self.inside.as_raw_fd(), &size) };
            self.size = size;
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // Where the terminal has gone there is nothing to give back.
        let _ = tcsetattr(&self.here, SetArg::TCSADRAIN, &self.saved);
    }
}

fn window_size(terminal: BorrowedFd<'_>) -> Result<Winsize, Errno> {
    let mut size = Winsize {
        ws_row: 0,
        ws_col: 0,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: the size is written to a value of our own.
    unsafe { get_size(terminal.as_raw_fd(), &mut size) }.map(|_| size)
}

/// Copies what there is to read; false at the end (a terminal whose program has gone answers EIO).
fn hand_on(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> bool {
    let mut buffer = [0; 4096];
    let Ok(count @ 1..) = read(from, &mut buffer) else {
        return false;
    };
    let mut rest = &buffer[..count];
    while !rest.is_empty() {
        match write(to, rest) {
            Ok(count) => rest = &rest[count..],
            Err(Errno::EINTR) => {}
            // Nobody reads any more: the program is told by its own writes.
            Err(_) => return false,
        }
    }
    true
}
