//! Makes the first disk the root: an EROFS file system, which is read-only, with one in memory above it that takes what is
//! written, where the kernel has overlayfs; as containers have it.

use crate::{FILE_SYSTEMS, decimal, log, syscalls as sys};
use core::ffi::CStr;

const DISK: &CStr = c"/.isolab/disk";
const WRITTEN: &CStr = c"/.isolab/written";
const ROOT: &CStr = c"/.isolab/root";
const LAYERS: &CStr = c"lowerdir=/.isolab/disk,upperdir=/.isolab/written/files,workdir=/.isolab/written/work";

/// Switches to it, and takes along what is mounted. False, with a reason in the log, where that cannot be done.
pub fn switch() -> bool {
    for path in [DISK, WRITTEN, ROOT] {
        sys::mkdir(path, 0o755);
    }
    let mounted = sys::mount(c"/dev/vda", DISK, c"erofs", sys::MS_RDONLY);
    if mounted < 0 {
        return failed(
            [b"mount the root disk ", b"/dev/vda", b" as EROFS"],
            mounted,
            match -mounted {
                // The kernel looks for the file system before it looks for the device.
                sys::ENODEV | sys::ENOENT => {
                    b": the kernel needs EROFS, virtio_mmio and virtio_blk, built in or as modules"
                }
                _ => b": is it a whole EROFS image?",
            },
        );
    }
    let root = match add_layer() {
        0 => ROOT,
        // A kernel without overlayfs: the root is read-only.
        error if error == -sys::ENODEV => DISK,
        error => return failed([b"mount an overlay over the root disk", b"", b""], error, b""),
    };
    sys::chdir(root);
    for (path, _) in FILE_SYSTEMS {
        // As seen from the new root.
        let Ok(below) = CStr::from_bytes_with_nul(&path.to_bytes_with_nul()[1..]) else {
            continue;
        };
        sys::mkdir(below, 0o755);
        let moved = sys::move_mount(path, below);
        // What the kernel does not have is not mounted, and cannot be moved.
        if moved < 0 && moved != -sys::EINVAL {
            return failed(
                [b"move ", path.to_bytes(), b" to the root disk"],
                moved,
                match -moved {
                    sys::ENOENT => b": the root is read-only, and has no such directory",
                    _ => b"",
                },
            );
        }
    }
    // pivot_root(2) does not take the initramfs for an old root. Its files are out of reach from here on.
    let moved = sys::move_mount(c".", c"/");
    let rooted = if moved < 0 { moved } else { sys::chroot(c".") };
    rooted == 0 || failed([b"make the disk the root", b"", b""], rooted, b"")
}

fn add_layer() -> isize {
    let mounted = sys::mount(c"tmpfs", WRITTEN, c"tmpfs", 0);
    if mounted < 0 {
        return mounted;
    }
    sys::mkdir(c"/.isolab/written/files", 0o755);
    sys::mkdir(c"/.isolab/written/work", 0o755);
    sys::mount_with(c"overlay", ROOT, c"overlay", 0, Some(LAYERS))
}

/// Says what cannot be done.
fn failed(what: [&[u8]; 3], error: isize, why: &[u8]) -> bool {
    let [verb, path, rest] = what;
    log(&[b"cannot ", verb, path, rest, b", error ", &decimal(-error), why]);
    false
}
