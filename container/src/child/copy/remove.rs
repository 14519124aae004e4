//! Removal of whole trees, without recursion: what is inside a folder that goes is moved beside it first.

use std::ffi::CStr;

use super::{OPEN_DIRECTORY, each_entry};
use crate::child::exec::decimal;
use crate::sys::{self, Errno, call};

/// Removes an entry, and all that is in it. `removed` is an empty directory of the same file system.
pub fn entry(removed: i32, directory: i32, name: &CStr) -> Result<(), Errno> {
    match unlink(directory, name, 0) {
        Err(libc::EISDIR) => {
            rename(directory, name, removed, c"0")?;
            take_apart(removed)
        }
        other => other,
    }
}

/// Removes all that is in a directory which holds no directories.
pub fn empty(removed: i32, directory: i32) -> Result<(), Errno> {
    rewind(directory)?;
    each_entry(directory, |name| entry(removed, directory, name).map(|()| true)).map(drop)
}

/// Removes the folders in a directory. Each is emptied into that directory, where it is the last.
fn take_apart(removed: i32) -> Result<(), Errno> {
    // The folders there are named 0 to `made`, and those below `gone` are gone.
    let (mut made, mut gone) = (0, 0);
    while gone <= made {
        let mut digits = [0; 12];
        let name = decimal(gone, &mut digits);
        let folder = sys::open(removed, name, OPEN_DIRECTORY, 0)?;
        // A name may be passed over while others are removed: read again until there is none.
        loop {
            let mut any = false;
            rewind(folder)?;
            each_entry(folder, |inner| {
                any = true;
                match unlink(folder, inner, 0) {
                    Err(libc::EISDIR) => {
                        made += 1;
                        rename(folder, inner, removed, decimal(made, &mut [0; 12]))?;
                    }
                    other => other?,
                }
                Ok(true)
            })?;
            if !any {
                break;
            }
        }
        sys::close(folder);
        unlink(removed, name, libc::AT_REMOVEDIR)?;
        gone += 1;
    }
    Ok(())
}

fn rewind(directory: i32) -> Result<(), Errno> {
    // SAFETY: numbers only.
    unsafe { call!(libc::SYS_lseek, directory, 0, libc::SEEK_SET) }.map(drop)
}

fn unlink(directory: i32, name: &CStr, flags: i32) -> Result<(), Errno> {
    // SAFETY: a terminated string.
    unsafe { call!(libc::SYS_unlinkat, directory, name.as_ptr(), flags) }.map(drop)
}

fn rename(from: i32, name: &CStr, to: i32, new: &CStr) -> Result<(), Errno> {
    // SAFETY: terminated strings.
    unsafe { call!(libc::SYS_renameat2, from, name.as_ptr(), to, new.as_ptr(), 0) }.map(drop)
}
