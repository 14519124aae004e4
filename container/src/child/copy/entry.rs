//! One entry of a layer that is no folder: a file, a symbolic link, a pipe, a socket, a whiteout.

use std::ffi::CStr;

use super::{Workshop, attributes};
use crate::sys::{self, Errno, Stat, call};

/// Copies it to where nothing is now.
pub fn copy(workshop: &mut Workshop, from: i32, to: i32, name: &CStr, about: &Stat) -> Result<(), Errno> {
    match about.mode & libc::S_IFMT {
        libc::S_IFREG if about.links > 1 => {
            let mut buffer = [0; 36];
            let first = identity(about, &mut buffer);
            match link(workshop.links, first, to, name) {
                Err(libc::ENOENT) => {
                    file(workshop, from, to, name, about)?;
                    link(to, name, workshop.links, first)
                }
                other => other,
            }
        }
        libc::S_IFREG => file(workshop, from, to, name, about),
        libc::S_IFLNK => symbolic_link(from, to, name, about),
        kind @ (libc::S_IFIFO | libc::S_IFSOCK) => {
            sys::mknod(to, name, kind | 0o600, 0)?;
            attributes::copy_by_name(to, name, about)
        }
        // A whiteout has removed what was there; other devices are not for containers.
        _ => Ok(()),
    }
}

/// Device and inode as a name.
fn identity<'a>(about: &Stat, buffer: &'a mut [u8; 36]) -> &'a CStr {
    let (device, inode) = (about.device, about.inode);
    for (index, byte) in buffer.iter_mut().enumerate().take(32) {
        let number = if index < 16 { device } else { inode };
        let digit = (number >> (4 * (index % 16))) as u8 & 0xf;
        *byte = b'a' + digit;
    }
    CStr::from_bytes_until_nul(buffer).unwrap_or(c"")
}

fn link(from: i32, name: &CStr, to: i32, new: &CStr) -> Result<(), Errno> {
    // SAFETY: terminated strings.
    unsafe { call!(libc::SYS_linkat, from, name.as_ptr(), to, new.as_ptr(), 0) }.map(drop)
}

fn file(workshop: &mut Workshop, from: i32, to: i32, name: &CStr, about: &Stat) -> Result<(), Errno> {
    let source = sys::open(from, name, libc::O_RDONLY | libc::O_NOFOLLOW | libc::O_CLOEXEC, 0)?;
    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL | libc::O_CLOEXEC;
    let target = sys::open(to, name, flags, 0o600)?;
    let copied = loop {
        // SAFETY: numbers and a null offset.
        match unsafe { call!(libc::SYS_sendfile, target, source, 0, 1 << 30) } {
            Ok(0) => break workshop.attributes.copy(source, target, about),
            Ok(_) => {}
            Err(errno) => break Err(errno),
        }
    };
    sys::close(source);
    sys::close(target);
    copied
}

fn symbolic_link(from: i32, to: i32, name: &CStr, about: &Stat) -> Result<(), Errno> {
    let mut path = [0u8; libc::PATH_MAX as usize];
    // SAFETY: pointer and length of a live buffer, one byte kept for the zero that readlinkat(2) does not write.
    unsafe {
        call!(
            libc::SYS_readlinkat,
            from,
            name.as_ptr(),
            path.as_mut_ptr(),
            path.len() - 1
        )?;
        call!(libc::SYS_symlinkat, path.as_ptr(), to, name.as_ptr())?;
    }
    attributes::copy_by_name(to, name, about)
}
