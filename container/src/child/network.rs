//! The network namespace's loopback device.

use crate::sys::{self, Errno, call};

/// Sets `lo` up (netdevice(7), SIOCSIFFLAGS). The kernel then gives it 127.0.0.1 and ::1.
pub fn loopback_up() -> Result<(), Errno> {
    // SAFETY: numbers only.
    let socket = unsafe {
        call!(
            libc::SYS_socket,
            libc::AF_INET,
            libc::SOCK_DGRAM | libc::SOCK_CLOEXEC,
            0
        )
    }? as i32;
    let mut request = InterfaceFlags {
        name: [0; 16],
        flags: (libc::IFF_UP | libc::IFF_RUNNING) as i16,
        rest: [0; 22],
    };
    request.name[0] = b'l';
    request.name[1] = b'o';
    // SAFETY: a struct ifreq of the kernel's size.
    let answer = unsafe { call!(libc::SYS_ioctl, socket, libc::SIOCSIFFLAGS, &raw const request) };
    sys::close(socket);
    answer.map(drop)
}

/// `struct ifreq` with the flags member of its union.
#[repr(C)]
struct InterfaceFlags {
    name: [u8; 16],
    flags: i16,
    rest: [u8; 22],
}
