//! Processes by descriptors, which mean the same process for ever (pidfd_open(2)).

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;

/// A descriptor of a process (pidfd_open(2)).
pub fn open(pid: i32) -> Result<OwnedFd, Errno> {
    // SAFETY: numbers only.
    let opened = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    // SAFETY: just made, owned by nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(opened as i32) })
}

/// pidfd_send_signal(2).
pub fn send(pidfd: &OwnedFd, signal: Signal) -> Result<(), Errno> {
    // SAFETY: numbers and a null pointer.
    let sent = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal as i32, 0, 0) };
    Errno::result(sent).map(drop)
}

/// Whether a descriptor becomes readable within that time.
pub fn readable_within(fd: BorrowedFd, time: Duration) -> bool {
    let deadline = Instant::now() + time;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        // Rounded up: the last fraction of a millisecond must not become a busy loop.
        let timeout = PollTimeout::try_from(left + Duration::from_micros(999)).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(fd, PollFlags::POLLIN)], timeout) {
            Ok(1..) => return true,
            _ if left.is_zero() => return false,
            _ => {}
        }
    }
}

/// How a process that has been reaped has ended, as wait(2) says it; `None` before Linux 6.15, which does not keep it.
pub fn status_of_reaped(pidfd: &OwnedFd) -> Option<i32> {
    /// `struct pidfd_info`, PIDFD_INFO_SIZE_VER0 (`include/uapi/linux/pidfd.h`).
    #[repr(C)]
    #[derive(Default)]
    struct Info {
        mask: u64,
        cgroup: u64,
        ids: [u32; 11],
        exit_code: i32,
    }
    /// `_IOWR(PIDFS_IOCTL_MAGIC, 11, struct pidfd_info)`
    const PIDFD_GET_INFO: libc::c_ulong = 0xc040_ff0b;
    const PIDFD_INFO_EXIT: u64 = 1 << 3;
    let mut info = Info {
        mask: PIDFD_INFO_EXIT,
        ..Info::default()
    };
    // SAFETY: a struct of the size that the number says.
    let answered = unsafe { libc::ioctl(pidfd.as_raw_fd(), PIDFD_GET_INFO, &raw mut info) };
    (answered == 0 && info.mask & PIDFD_INFO_EXIT != 0).then_some(info.exit_code)
}
