//! Descriptors 0, 1 and 2 of the program, and its session.

use crate::plan::Plan;
use crate::sys::{self, Errno, call};

/// What becomes descriptors 0, 1 and 2.
pub struct Sources {
    copies: [i32; 3],
    terminal: bool,
}

/// Takes hold of them in the directory that the root is put together in, before a volume can cover /dev.
pub fn take_hold(plan: &Plan, terminal: Option<i32>) -> Result<Sources, Errno> {
    let null = || sys::open(libc::AT_FDCWD, c"root/dev/null", libc::O_RDWR | libc::O_CLOEXEC, 0);
    let fds = terminal.map_or(plan.stdio, |terminal| [terminal; 3]);
    let mut copies = [0i32; 3];
    for (copy, fd) in copies.iter_mut().zip(fds) {
        *copy = match fd {
            -1 => null()?,
            // Copies above 2, since a source may itself be one of 0 to 2.
            // SAFETY: fcntl(2) with a number.
            fd => match unsafe { call!(libc::SYS_fcntl, fd, libc::F_DUPFD_CLOEXEC, 3) } {
                Ok(copy) => copy as i32,
                // An inherited descriptor that isolab itself does not have.
                Err(libc::EBADF) => null()?,
                Err(errno) => return Err(errno),
            },
        };
    }
    Ok(Sources {
        copies,
        terminal: terminal.is_some(),
    })
}

/// Begins a session and puts the three in their places.
pub fn session(sources: Sources) -> Result<(), Errno> {
    // SAFETY: no arguments; the umask is a number.
    unsafe {
        call!(libc::SYS_setsid)?;
        call!(libc::SYS_umask, 0o022)?;
    }
    for (number, copy) in sources.copies.into_iter().enumerate() {
        // A /dev/null opened while 0 to 2 were free may be the very number wanted; dup3 refuses equal numbers.
        if copy as usize == number {
            // SAFETY: numbers only.
            unsafe { call!(libc::SYS_fcntl, copy, libc::F_SETFD, 0) }?;
        } else {
            // SAFETY: numbers only.
            unsafe { call!(libc::SYS_dup3, copy, number, 0) }?;
        }
    }
    if sources.terminal {
        // SAFETY: numbers only.
        unsafe { call!(libc::SYS_ioctl, 0, libc::TIOCSCTTY, 0) }?;
    }
    Ok(())
}
