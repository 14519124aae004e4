//! `isolab`: see `isolab --help`.
//!
//! The C library calls `main` here, not Rust's runtime. That would, for a message on stack overflow, read /proc/self/maps
//! and set up a signal stack first: a tenth of the time that a small program takes in all, paid by every command, and by every
//! machine's monitor once more.

#![no_main]

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl, open};
use nix::libc;
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::stat::Mode;
use std::os::fd::{BorrowedFd, IntoRawFd};

// SAFETY: the only symbol of this name in the program, with the signature that the C library calls it by.
#[unsafe(no_mangle)]
extern "C" fn main(_: libc::c_int, _: *const *const libc::c_char) -> libc::c_int {
    prepare();
    bench::targets::runtime::run_if_asked();
    // Flushes stdout.
    std::process::exit(bench::cli::main().into())
}

/// What the rest relies on, as of any Rust program: a closed pipe is an error of write(2), and no file of isolab's own
/// becomes one of the standard descriptors because that was closed.
fn prepare() {
    // SAFETY: no handler is installed.
    let _ = unsafe { signal(Signal::SIGPIPE, SigHandler::SigIgn) };
    for number in 0..=2 {
        // SAFETY: asked only whether it is open.
        let standard = unsafe { BorrowedFd::borrow_raw(number) };
        if fcntl(standard, FcntlArg::F_GETFD) == Err(Errno::EBADF) {
            // The lowest free number is this one. Without /dev/null it stays closed.
            let _ = open("/dev/null", OFlag::O_RDWR, Mode::empty()).map(IntoRawFd::into_raw_fd);
        }
    }
}
