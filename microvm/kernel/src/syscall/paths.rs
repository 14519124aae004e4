//! System calls on paths.

use crate::errno::{Errno, Result};
use crate::files::{self, FILES, Node, Open};
use crate::memory::user_access::{self, StringBuffer};

/// The working directory stands for the descriptor: the root, always.
pub const AT_FDCWD: u64 = -100i64 as u64;
/// The link itself is meant, not what it leads to.
pub const AT_SYMLINK_NOFOLLOW: u64 = 0x100;
/// An empty path means the descriptor itself.
const AT_EMPTY_PATH: u64 = 0x1000;
const O_ACCMODE: u64 = 3;
const O_CREAT: u64 = 0o100;
const O_DIRECTORY: u64 = 0o200_000;
const O_NOFOLLOW: u64 = 0o400_000;

/// The node that a descriptor and a path mean.
fn find(descriptor: u64, path: &[u8], follow: bool) -> Result<Node> {
    if path.is_empty() {
        return Err(Errno::ENOENT);
    }
    let root = files::ROOT;
    let directory = match descriptor as i32 {
        -100 => root,
        _ if path.first() == Some(&b'/') => root,
        descriptor => match *FILES.borrow().get(descriptor as u64)? {
            Open::Node(node, _) if node.is_directory() => node,
            _ => return Err(Errno::ENOTDIR),
        },
    };
    FILES.borrow().find(&directory, path, follow)
}

/// `open`, `openat`: read-only.
pub fn open(descriptor: u64, path: u64, flags: u64) -> Result<u64> {
    let mut buffer = StringBuffer::uninit();
    let path = user_access::read_string(path, &mut buffer)?;
    if path == b"/dev/null" {
        return FILES.borrow().open(Open::Null);
    }
    let node = find(descriptor, path, flags & O_NOFOLLOW == 0);
    if flags & (O_ACCMODE | O_CREAT) != 0 && (node.is_ok() || flags & O_CREAT != 0) {
        return Err(Errno::EROFS);
    }
    let node = node?;
    if !node.is_directory() && flags & O_DIRECTORY == O_DIRECTORY {
        return Err(Errno::ENOTDIR);
    }
    if !node.is_directory() && !node.is_file() {
        return Err(Errno::ELOOP);
    }
    FILES.borrow().open(Open::Node(node, 0))
}

/// `stat`, `lstat`, `newfstatat`.
pub fn stat(descriptor: u64, path: u64, address: u64, flags: u64) -> Result<u64> {
    let mut buffer = StringBuffer::uninit();
    let path = user_access::read_string(path, &mut buffer)?;
    if path.is_empty() && flags & AT_EMPTY_PATH != 0 {
        return super::descriptors::stat(descriptor, address);
    }
    let node = find(descriptor, path, flags & AT_SYMLINK_NOFOLLOW == 0)?;
    user_access::write(address, node.stat()).map(|()| 0)
}

/// `access`, `faccessat`: whatever exists may be read and executed, nothing may be written.
pub fn access(descriptor: u64, path: u64, mode: u64) -> Result<u64> {
    const W_OK: u64 = 2;
    let mut buffer = StringBuffer::uninit();
    find(descriptor, user_access::read_string(path, &mut buffer)?, true)?;
    if mode & W_OK != 0 { Err(Errno::EROFS) } else { Ok(0) }
}

/// `readlink`, `readlinkat`.
pub fn read_link(descriptor: u64, path: u64, address: u64, bytes: u64) -> Result<u64> {
    let mut buffer = StringBuffer::uninit();
    let path = user_access::read_string(path, &mut buffer)?;
    if path == b"/proc/self/exe" {
        let program = FILES.borrow().program_path();
        if bytes > 0 {
            user_access::write(address, b'/')?;
            user_access::write_bytes(address + 1, &program[..program.len().min(bytes as usize - 1)])?;
        }
        return Ok((program.len() as u64 + 1).min(bytes));
    }
    let node = find(descriptor, path, false)?;
    if node.is_file() || node.is_directory() {
        return Err(Errno::EINVAL);
    }
    let count = node.data.len().min(bytes as usize);
    user_access::write_bytes(address, &node.data[..count])?;
    Ok(count as u64)
}

/// `getcwd`.
pub fn working_directory(address: u64, bytes: u64) -> Result<u64> {
    if bytes < 2 {
        return Err(Errno::ERANGE);
    }
    user_access::write(address, *b"/\0").map(|()| 2)
}
