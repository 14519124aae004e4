//! The fallback where the kernel refuses an overlay: the layers copied into the writable memory file system.
//!
//! It gives the same view, at the price of memory and time. Written for a process that must not allocate: buffers are
//! on the stack, one open directory for each level. What an overlay's upper layer uses to delete (a character device
//! 0:0, `Documentation/filesystems/overlayfs.rst`, "whiteouts") deletes here, too; other devices are left out, since the root
//! is mounted without devices anyway.

use std::ffi::CStr;

use crate::sys::{self, Errno, Stat, call};

/// Deeper trees are refused rather than overflowing the stack.
const DEPTH: u32 = 64;
/// Names at the top that the runtime has made itself.
const OWN: [&CStr; 3] = [c"proc", c"sys", c"dev"];

/// Copies what is in the directory `from` into the directory `to`.
pub fn copy_layer(from: &CStr, to: &CStr) -> Result<(), Errno> {
    let open = |path: &CStr| {
        sys::open(
            libc::AT_FDCWD,
            path,
            libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC,
            0,
        )
    };
    let (source, target) = (open(from)?, open(to)?);
    let copied = copy_directory(source, target, 0);
    sys::close(source);
    sys::close(target);
    copied
}

fn copy_directory(from: i32, to: i32, depth: u32) -> Result<(), Errno> {
    if depth == DEPTH {
        return Err(libc::ELOOP);
    }
    // struct linux_dirent64: inode, offset, record length, type, name.
    const LENGTH: usize = 16;
    const NAME: usize = 19;
    let mut buffer = [0u8; 512];
    loop {
        // SAFETY: pointer and length of a live buffer.
        let filled = unsafe { call!(libc::SYS_getdents64, from, buffer.as_mut_ptr(), buffer.len()) }?;
        if filled == 0 {
            return Ok(());
        }
        let mut rest = buffer.get(..filled).unwrap_or_default();
        while let (Some(&low), Some(&high)) = (rest.get(LENGTH), rest.get(LENGTH + 1)) {
            let (record, tail) = rest
                .split_at_checked(usize::from(u16::from_le_bytes([low, high])))
                .ok_or(libc::EIO)?;
            rest = tail;
            let name = record
                .get(NAME..)
                .and_then(|name| CStr::from_bytes_until_nul(name).ok())
                .ok_or(libc::EIO)?;
            let own = depth == 0 && OWN.contains(&name);
            if name != c"." && name != c".." && !own {
                copy_entry(from, to, name, depth)?;
            }
        }
    }
}

fn copy_entry(from: i32, to: i32, name: &CStr, depth: u32) -> Result<(), Errno> {
    let about = sys::stat(from, name, libc::AT_SYMLINK_NOFOLLOW)?;
    let kind = about.mode & libc::S_IFMT;
    if kind == libc::S_IFDIR {
        match sys::mkdir(to, name, 0o700) {
            Err(libc::EEXIST) => {}
            other => other?,
        }
        let source = sys::open(
            from,
            name,
            libc::O_RDONLY | libc::O_DIRECTORY | libc::O_NOFOLLOW | libc::O_CLOEXEC,
            0,
        )?;
        let target = sys::open(
            to,
            name,
            libc::O_RDONLY | libc::O_DIRECTORY | libc::O_NOFOLLOW | libc::O_CLOEXEC,
            0,
        )?;
        let copied = copy_directory(source, target, depth + 1).and_then(|()| own(target, &about));
        sys::close(source);
        sys::close(target);
        return copied;
    }
    // SAFETY: a terminated string.
    match unsafe { call!(libc::SYS_unlinkat, to, name.as_ptr(), 0) } {
        Err(libc::ENOENT) => {}
        other => drop(other?),
    }
    match kind {
        libc::S_IFREG => copy_file(from, to, name, &about),
        libc::S_IFLNK => copy_link(from, to, name),
        _ => Ok(()),
    }
}

/// Owner and mode as in the layer. Owners that this user namespace does not have stay the caller.
fn own(fd: i32, about: &Stat) -> Result<(), Errno> {
    // SAFETY: numbers only. EINVAL, EPERM: see above.
    unsafe {
        let _ = call!(libc::SYS_fchown, fd, about.uid, about.gid);
        call!(libc::SYS_fchmod, fd, about.mode & 0o7777).map(drop)
    }
}

fn copy_file(from: i32, to: i32, name: &CStr, about: &Stat) -> Result<(), Errno> {
    let source = sys::open(from, name, libc::O_RDONLY | libc::O_NOFOLLOW | libc::O_CLOEXEC, 0)?;
    let target = sys::open(
        to,
        name,
        libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL | libc::O_CLOEXEC,
        0o600,
    )?;
    let copied = loop {
        // SAFETY: numbers and a null offset.
        match unsafe { call!(libc::SYS_sendfile, target, source, 0, 1 << 30) } {
            Ok(0) => break own(target, about),
            Ok(_) => {}
            Err(errno) => break Err(errno),
        }
    };
    sys::close(source);
    sys::close(target);
    copied
}

fn copy_link(from: i32, to: i32, name: &CStr) -> Result<(), Errno> {
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
        call!(libc::SYS_symlinkat, path.as_ptr(), to, name.as_ptr()).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    use super::*;

    fn copy(from: &Path, to: &Path) -> Result<(), Errno> {
        let path = |path: &Path| CString::new(path.to_str().unwrap()).unwrap();
        copy_layer(&path(from), &path(to))
    }

    #[test]
    fn a_higher_layer_replaces_and_merges() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for directory in ["low/d", "high/d", "out/proc"] {
            fs::create_dir_all(path(directory)).unwrap();
        }
        for (file, text) in [
            ("low/d/a", "low a"),
            ("low/d/b", "low b"),
            ("high/d/b", "high b"),
            ("high/proc", "hidden"),
        ] {
            fs::write(path(file), text).unwrap();
        }
        symlink("b", path("high/d/link")).unwrap();
        symlink("/outside", path("low/e")).unwrap();
        fs::write(path("high/e"), "a file now").unwrap();
        fs::set_permissions(path("low/d/a"), fs::Permissions::from_mode(0o4751)).unwrap();
        for layer in ["low", "high"] {
            copy(&path(layer), &path("out")).unwrap();
        }
        let read = |name: &str| fs::read_to_string(path(name)).unwrap();
        assert_eq!(read("out/d/a"), "low a");
        assert_eq!(read("out/d/b"), "high b");
        assert_eq!(read("out/d/link"), "high b");
        assert_eq!(read("out/e"), "a file now");
        assert_eq!(
            fs::metadata(path("out/d/a")).unwrap().permissions().mode() & 0o7777,
            0o4751
        );
        assert!(path("out/proc").is_dir());
    }

    #[test]
    fn large_folders_and_files_are_copied_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir(&from).unwrap();
        fs::create_dir(&to).unwrap();
        for number in 0..300 {
            fs::write(
                from.join(format!("a-rather-long-name-of-a-file-{number}")),
                number.to_string(),
            )
            .unwrap();
        }
        let large: Vec<u8> = (0..3_000_000u32).map(|byte| byte as u8).collect();
        fs::write(from.join("large"), &large).unwrap();
        copy(&from, &to).unwrap();
        assert_eq!(fs::read_dir(&to).unwrap().count(), 301);
        assert_eq!(fs::read(to.join("large")).unwrap(), large);
    }

    #[test]
    fn a_tree_too_deep_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("from").join("d/".repeat(70))).unwrap();
        fs::create_dir(folder.path().join("to")).unwrap();
        assert_eq!(
            copy(&folder.path().join("from"), &folder.path().join("to")),
            Err(libc::ELOOP)
        );
    }
}
