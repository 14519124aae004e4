//! Signals. SIGINT and SIGTERM: noted, and made visible to poll(2) by a pipe that is never read. The second one ends isolab at
//! once, as if none were caught: what it started dies with it, and what it leaves in the folder for temporary files is
//! removed by the next isolab.
//!
//! The handler restarts interrupted system calls (SA_RESTART), so that no library is surprised by EINTR in the middle of
//! its work; isolab looks here between its steps, and waits with the pipe among its descriptors.

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use std::os::fd::{AsRawFd, BorrowedFd, IntoRawFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering};

static CAUGHT: AtomicI32 = AtomicI32::new(0);
static WRITER: AtomicI32 = AtomicI32::new(-1);
static READER: OnceLock<BorrowedFd<'static>> = OnceLock::new();

extern "C" fn note(signal: libc::c_int) {
    if CAUGHT.swap(signal, Ordering::SeqCst) != 0 {
        // SAFETY: signal(2) and raise(3) are async-signal-safe. The signal is delivered once this handler has returned.
        unsafe {
            libc::signal(signal, libc::SIG_DFL);
            libc::raise(signal);
        }
        return;
    }
    // SAFETY: write(2) is async-signal-safe, the byte lives on this stack, and the pipe does not block. Its result does not
    // matter: a full pipe is readable already. errno is put back as the interrupted code left it.
    unsafe {
        let errno = *libc::__errno_location();
        libc::write(WRITER.load(Ordering::SeqCst), [1_u8].as_ptr().cast(), 1);
        *libc::__errno_location() = errno;
    }
}

/// From here on SIGINT and SIGTERM are noted instead of ending isolab.
pub fn catch() -> Result<(), Errno> {
    let (reader, writer) = nix::unistd::pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
    let reader = reader.into_raw_fd();
    // SAFETY: the descriptor is never closed after it was taken out of its owner.
    if READER.set(unsafe { BorrowedFd::borrow_raw(reader) }).is_err() {
        return Ok(());
    }
    WRITER.store(writer.as_raw_fd(), Ordering::SeqCst);
    std::mem::forget(writer);
    let action = SigAction::new(SigHandler::Handler(note), SaFlags::SA_RESTART, SigSet::empty());
    // Whoever ignores it passes that on, and then the kernel reaps what isolab has to wait for (wait(2)).
    let usual = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: no handler.
    unsafe { sigaction(Signal::SIGCHLD, &usual) }?;
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        // SAFETY: the handler does only what signal-safety(7) allows.
        unsafe { sigaction(signal, &action) }?;
    }
    Ok(())
}

/// The signal that has arrived, if one has.
pub fn caught() -> Option<Signal> {
    Signal::try_from(CAUGHT.load(Ordering::SeqCst)).ok()
}

/// Readable once a signal has arrived; `None` where [`catch`] was not called.
pub fn descriptor() -> Option<BorrowedFd<'static>> {
    READER.get().copied()
}
