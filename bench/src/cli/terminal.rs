//! `isolab run -t`: a terminal of the program's own, connected to this one (pty(7)).
//!
//! What is typed here is typed there as it is, what the program writes there is written here, and the window there has
//! the size of this one whenever that changes (SIGWINCH).

use crate::error::Error;
use container::{Terminal, TerminalEnd};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;
use nix::poll::{PollFd, PollFlags};
use nix::pty::Winsize;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};
use nix::unistd::{read, write};
use reports::model::Message;
use std::io::Stdin;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

nix::ioctl_read_bad!(get_size, libc::TIOCGWINSZ, Winsize);
nix::ioctl_write_ptr_bad!(set_size, libc::TIOCSWINSZ, Winsize);
nix::ioctl_write_int_bad!(open_peer, libc::TIOCGPTPEER);

/// A terminal that was asked for and is not there yet.
pub struct Asked {
    here: Stdin,
    saved: Termios,
    end: TerminalEnd,
}

/// Asks for a terminal of the size of this one.
pub fn ask() -> Result<(Terminal, Asked), Error> {
    let here = std::io::stdin();
    let saved = tcgetattr(&here)
        .map_err(|_| Error::new(Message::new("no-terminal")).remedy(Message::new("do-without-terminal")))?;
    let size = window_size(here.as_fd()).map_err(failed("cannot-read-terminal-size"))?;
    let (terminal, end) =
        Terminal::new(size).map_err(|error| Error::from_cause(Message::new("cannot-ask-terminal-program"), error))?;
    Ok((terminal, Asked { here, saved, end }))
}

impl Asked {
    /// Connects this terminal and the program's, now that it has started. From here on what is typed goes there.
    pub fn connect(self) -> Result<Relay, Error> {
        let Self { here, saved, end } = self;
        let inside = end
            .receive()
            .map_err(|error| Error::from_cause(Message::new("cannot-connect-program-terminal"), error))?;
        let connect = failed("cannot-connect-program-terminal");
        fcntl(&inside, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map_err(connect)?;
        // SAFETY: the descriptor is the other end of a terminal, and the answer a new descriptor.
        let program_side = unsafe {
            let opened = open_peer(inside.as_raw_fd(), libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC);
            OwnedFd::from_raw_fd(opened.map_err(connect)?)
        };
        let mut resized = SigSet::empty();
        resized.add(Signal::SIGWINCH);
        // A blocked signal waits to be read instead of being ignored.
        resized.thread_block().map_err(connect)?;
        let resized =
            SignalFd::with_flags(&resized, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).map_err(connect)?;
        let mut raw = saved.clone();
        cfmakeraw(&mut raw);
        tcsetattr(&here, SetArg::TCSANOW, &raw).map_err(failed("cannot-change-terminal"))?;
        let relay = Relay {
            here,
            saved,
            inside,
            resized,
            typing: true,
            typed: Vec::new(),
            _program_side: program_side,
        };
        // It may have changed before it was watched.
        relay.follow_size();
        Ok(relay)
    }
}

/// The two terminals. Dropping it gives this one its settings back.
pub struct Relay {
    here: Stdin,
    saved: Termios,
    inside: OwnedFd,
    /// Held so that the other end stays up while the program itself has closed all of its own.
    _program_side: OwnedFd,
    resized: SignalFd,
    /// Whether there is still something that can be typed.
    typing: bool,
    /// What was typed and has not yet found room inside.
    typed: Vec<u8>,
}

/// What [`Relay::waits_for`] waits for, in its order.
const PARTS: usize = 3;

impl Relay {
    /// What to wait for before the next [`hand_on`](Self::hand_on).
    pub fn waits_for(&self) -> [PollFd<'_>; PARTS] {
        let resized = PollFd::new(self.resized.as_fd(), PollFlags::POLLIN);
        let (here, inside) = match (self.typing, self.typed.is_empty()) {
            (_, false) => (resized, PollFlags::POLLIN | PollFlags::POLLOUT),
            (true, true) => (PollFd::new(self.here.as_fd(), PollFlags::POLLIN), PollFlags::POLLIN),
            (false, true) => (resized, PollFlags::POLLIN),
        };
        [
            PollFd::new(self.resized.as_fd(), PollFlags::POLLIN),
            here,
            PollFd::new(self.inside.as_fd(), inside),
        ]
    }

    /// Hands on what is ready. True when the program had written something: then there may be more.
    pub fn hand_on(&mut self, ready: [bool; PARTS]) -> bool {
        let [resized, here, inside] = ready;
        if resized {
            // However many there were, the size is the present one.
            while let Ok(Some(_)) = self.resized.read_signal() {}
            self.follow_size();
        }
        if here && self.typing && self.typed.is_empty() {
            self.typing = take(self.here.as_fd(), &mut self.typed);
        }
        if let Ok(count) = write(&self.inside, &self.typed) {
            self.typed.drain(..count);
        }
        let mut written = Vec::new();
        inside && take(self.inside.as_fd(), &mut written) && write_all(&written)
    }

    fn follow_size(&self) {
        if let Ok(size) = window_size(self.here.as_fd()) {
            // SAFETY: the descriptor is a terminal, and the size a valid one. A failure leaves the old size.
            let _ = unsafe { set_size(self.inside.as_raw_fd(), &size) };
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // Where the terminal has gone there is nothing to give back.
        let _ = tcsetattr(&self.here, SetArg::TCSADRAIN, &self.saved);
    }
}

fn failed(tried: &'static str) -> impl Fn(Errno) -> Error + Copy {
    move |errno| Error::from_cause(Message::new(tried), errno)
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

/// Reads what is there; false when nothing is, or nothing will be any more (a terminal whose other end is gone
/// answers EIO).
fn take(from: BorrowedFd<'_>, into: &mut Vec<u8>) -> bool {
    let mut buffer = [0; 4096];
    match read(from, &mut buffer) {
        Ok(count) => {
            into.extend_from_slice(&buffer[..count]);
            count > 0
        }
        Err(_) => false,
    }
}

/// Writes to stdout. False when nobody reads any more: the program is told by its own writes.
fn write_all(mut rest: &[u8]) -> bool {
    while !rest.is_empty() {
        match write(std::io::stdout(), rest) {
            Ok(count) => rest = &rest[count..],
            Err(Errno::EINTR) => {}
            Err(_) => return false,
        }
    }
    true
}
