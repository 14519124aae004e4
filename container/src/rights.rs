//! A descriptor handed from one process to another over a Unix socket (unix(7), SCM_RIGHTS). For a process that shares
//! isolab's memory, too: see the top of `sys/mod.rs`.

use crate::sys::{Errno, call};

/// `struct cmsghdr` with one descriptor (unix(7), SCM_RIGHTS), padded to whole words.
#[repr(C)]
#[derive(Default)]
struct Rights {
    length: usize,
    level: i32,
    kind: i32,
    descriptor: i32,
    padding: i32,
}

/// Calls `number`, sendmsg(2) or recvmsg(2), for a message of one byte and `rights`: without a byte it would not arrive.
fn message(number: i64, socket: i32, rights: &mut Rights, flags: i32) -> Result<(), Errno> {
    let mut byte = 0u8;
    // struct iovec: base, length.
    let parts = [&raw mut byte as usize, 1];
    // struct msghdr: name and its length, parts and their number, control data and its length, flags.
    let mut message = [
        0,
        0,
        parts.as_ptr() as usize,
        1,
        &raw mut *rights as usize,
        size_of::<Rights>(),
        0,
    ];
    // SAFETY: a struct msghdr of x86-64 that describes live values; the kernel writes to the byte and the rights only, and to
    // lengths and flags of the header, which nothing else borrows.
    unsafe { call!(number, socket, message.as_mut_ptr(), flags) }.map(drop)
}

/// Sends a copy of a descriptor over a Unix socket.
pub fn send_descriptor(socket: i32, descriptor: i32) -> Result<(), Errno> {
    let mut rights = Rights {
        length: size_of::<Rights>() - size_of::<i32>(),
        level: libc::SOL_SOCKET,
        kind: libc::SCM_RIGHTS,
        descriptor,
        padding: 0,
    };
    message(libc::SYS_sendmsg, socket, &mut rights, libc::MSG_NOSIGNAL)
}

/// Receives what [`send_descriptor`] has sent; EAGAIN when nothing was. The descriptor is the caller's, close-on-exec.
pub fn receive_descriptor(socket: i32) -> Result<i32, Errno> {
    let mut rights = Rights::default();
    message(
        libc::SYS_recvmsg,
        socket,
        &mut rights,
        libc::MSG_CMSG_CLOEXEC | libc::MSG_DONTWAIT,
    )?;
    // Nothing in it: there was no free descriptor.
    match rights.kind == libc::SCM_RIGHTS && rights.level == libc::SOL_SOCKET {
        true => Ok(rights.descriptor),
        false => Err(libc::EMFILE),
    }
}
