//! The network namespace: made by pid 1, joined by the program's process.
//!
//! A descriptor goes from one to the other. By pid 1's id, setns(2) would ask whether pid 1 may be traced, and that it
//! must not be.

use crate::launch::Launch;
use crate::report::gate;
use crate::rights;
use crate::sys::{self, Errno, call};

/// Makes the namespace and sends a descriptor of it on its way. Returns a socket in it.
pub fn make(launch: &Launch) -> Result<i32, Errno> {
    sys::unshare(libc::CLONE_NEWNET)?;
    let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC;
    // SAFETY: numbers only.
    let socket = unsafe { call!(libc::SYS_socket, libc::AF_INET, kind, 0) }? as i32;
    // The descriptor of a socket's namespace (linux/sockios.h).
    const SIOCGSKNS: u32 = 0x894c;
    // SAFETY: numbers only.
    let namespace = unsafe { call!(libc::SYS_ioctl, socket, SIOCGSKNS) }? as i32;
    // Over isolab's end, which every process of the start has a copy of, to the end that the program's process has, too.
    rights::send_descriptor(launch.plan.link_keeper, namespace)?;
    launch.report.open_gate(gate::NETWORK);
    Ok(socket)
}

/// Moves into the namespace, behind [`gate::NETWORK`].
pub fn join(launch: &Launch) -> Result<(), Errno> {
    let namespace = rights::receive_descriptor(launch.plan.link)?;
    enter(namespace)?;
    sys::close(namespace);
    Ok(())
}

/// Moves into a network namespace.
pub fn enter(namespace: i32) -> Result<(), Errno> {
    // SAFETY: numbers only.
    unsafe { call!(libc::SYS_setns, namespace, libc::CLONE_NEWNET) }.map(drop)
}

/// Sets `lo` up (netdevice(7), SIOCSIFFLAGS). The kernel then gives it 127.0.0.1 and ::1.
pub fn loopback_up(socket: i32) -> Result<(), Errno> {
    let mut request = InterfaceFlags {
        name: [0; 16],
        flags: (libc::IFF_UP | libc::IFF_RUNNING) as i16,
        rest: [0; 22],
    };
    request.name[0] = b'l';
    request.name[1] = b'o';
    // SAFETY: a struct ifreq of the kernel's size.
    unsafe { call!(libc::SYS_ioctl, socket, libc::SIOCSIFFLAGS, &raw const request) }.map(drop)
}

/// `struct ifreq` with the flags member of its union.
#[repr(C)]
struct InterfaceFlags {
    name: [u8; 16],
    flags: i16,
    rest: [u8; 22],
}
