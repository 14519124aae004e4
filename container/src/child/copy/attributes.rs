//! Owner, mode, extended attributes and time of what is copied.

use std::ffi::CStr;

use crate::sys::{Errno, Stat, call};

/// The most bytes that the names of a file's extended attributes, or the value of one, may have (XATTR_LIST_MAX and
/// XATTR_SIZE_MAX in linux/limits.h).
const MOST: usize = 65_536;
/// Marks of an overlay, which are not the file's own.
const OVERLAY: [&[u8]; 2] = [b"trusted.overlay.", b"user.overlay."];

/// What copies attributes: memory for names and values that are too large for a small stack.
pub struct Copier(*mut [u8; 2 * MOST]);

impl Copier {
    pub fn new() -> Result<Copier, Errno> {
        let (readable, private) = (
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
        );
        // SAFETY: new memory at an address of the kernel's choice, zeroed, and aligned for bytes.
        let memory = unsafe { call!(libc::SYS_mmap, 0, 2 * MOST, readable, private, -1i32) }?;
        Ok(Copier(memory as *mut _))
    }

    /// Gives an open file or folder what another one has. Owners that this user namespace does not have stay the caller.
    pub fn copy(&mut self, from: i32, to: i32, about: &Stat) -> Result<(), Errno> {
        // SAFETY: numbers only. EINVAL, EPERM: see above.
        unsafe {
            let _ = call!(libc::SYS_fchown, to, about.uid, about.gid);
            call!(libc::SYS_fchmod, to, about.mode & 0o7777)?;
        }
        // After the owner, whose change takes a file's capabilities away.
        self.copy_extended(from, to)?;
        set_time(to, std::ptr::null(), about)
    }

    fn copy_extended(&mut self, from: i32, to: i32) -> Result<(), Errno> {
        // SAFETY: mapped as long as this is there, and borrowed as this is.
        let (names, value) = unsafe { &mut *self.0 }.split_at_mut(MOST);
        // SAFETY: pointer and length of a live buffer.
        let length = match unsafe { call!(libc::SYS_flistxattr, from, names.as_mut_ptr(), names.len()) } {
            Err(libc::EOPNOTSUPP) => return Ok(()),
            other => other?,
        };
        let mut rest = names.get(..length).unwrap_or_default();
        while let Ok(name) = CStr::from_bytes_until_nul(rest) {
            rest = rest.get(name.count_bytes() + 1..).unwrap_or_default();
            if OVERLAY.iter().any(|mark| name.to_bytes().starts_with(mark)) {
                continue;
            }
            // SAFETY: terminated strings; pointer and length of a live buffer, of which as much is written as was read.
            let set = unsafe {
                let length = call!(
                    libc::SYS_fgetxattr,
                    from,
                    name.as_ptr(),
                    value.as_mut_ptr(),
                    value.len()
                )?;
                call!(libc::SYS_fsetxattr, to, name.as_ptr(), value.as_ptr(), length, 0)
            };
            match set {
                // A kind that the memory file system does not have, or this user may not set.
                Ok(_) | Err(libc::EOPNOTSUPP | libc::EPERM | libc::EINVAL) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }
}

impl Drop for Copier {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`, and borrowed by nobody.
        let _ = unsafe { call!(libc::SYS_munmap, self.0, 2 * MOST) };
    }
}

/// The same for what cannot be opened, which has no extended attributes here.
pub fn copy_by_name(directory: i32, name: &CStr, about: &Stat) -> Result<(), Errno> {
    let no_follow = libc::AT_SYMLINK_NOFOLLOW;
    // SAFETY: a terminated string. EINVAL, EPERM: as above.
    unsafe {
        let _ = call!(
            libc::SYS_fchownat,
            directory,
            name.as_ptr(),
            about.uid,
            about.gid,
            no_follow
        );
        if about.mode & libc::S_IFMT != libc::S_IFLNK {
            call!(libc::SYS_fchmodat, directory, name.as_ptr(), about.mode & 0o7777)?;
        }
    }
    set_time(directory, name.as_ptr(), about)
}

/// utimensat(2) of a name in a directory, or of an open file when the name is null.
fn set_time(directory: i32, name: *const libc::c_char, about: &Stat) -> Result<(), Errno> {
    let flags = if name.is_null() { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
    let times = [about.accessed, about.modified];
    // SAFETY: null or a terminated string, and two struct timespec.
    unsafe { call!(libc::SYS_utimensat, directory, name, times.as_ptr(), flags) }.map(drop)
}

/// Whether a folder has an extended attribute that says yes.
pub fn is_marked(directory: i32, name: &CStr) -> Result<bool, Errno> {
    let mut value = [0u8; 2];
    // SAFETY: a terminated string; pointer and length of a live buffer.
    let length = unsafe {
        call!(
            libc::SYS_fgetxattr,
            directory,
            name.as_ptr(),
            value.as_mut_ptr(),
            value.len()
        )
    };
    match length {
        Ok(length) => Ok(value.get(..length) == Some(b"y")),
        Err(libc::ENODATA | libc::EOPNOTSUPP | libc::EPERM | libc::ERANGE) => Ok(false),
        Err(errno) => Err(errno),
    }
}
