//! Volumes and memory file systems, mounted where the image cannot lead them astray.
//!
//! A target is looked up inside the root, component by component, and mounted on by its descriptor: neither a link in the
//! image nor one that another container makes meanwhile changes where that is (CVE-2021-30465).

use std::ffi::CStr;
use std::sync::atomic::Ordering::*;

use super::Line;
use crate::launch::Launch;
use crate::plan::{Kind, Target};
use crate::steps::Step;
use crate::sys::{self, Errno, call};

const RESOLVE_IN_ROOT: u64 = libc::RESOLVE_IN_ROOT | libc::RESOLVE_NO_MAGICLINKS;

/// Takes hold of the volumes, while the host's files are in sight.
pub fn take_hold(launch: &Launch, line: &Line) {
    let plan = &launch.plan;
    if plan.volumes.is_empty() {
        return;
    }
    for (index, (volume, hold)) in plan.volumes.iter().zip(launch.volumes).enumerate() {
        let opened = open_tree(volume.source, volume.attributes);
        let tree = opened.unwrap_or_else(|errno| line.fail(Step::VolumeSource, index as u16, errno));
        hold.store(tree, Relaxed);
    }
    line.done(Step::VolumeSource, Ok(()));
}

/// A copy of the source's mounts that is attached nowhere yet.
pub fn open_tree(source: &CStr, attributes: u64) -> Result<i32, Errno> {
    let flags = libc::OPEN_TREE_CLONE | libc::OPEN_TREE_CLOEXEC | libc::AT_RECURSIVE as u32;
    // SAFETY: a terminated string.
    let tree = unsafe { call!(libc::SYS_open_tree, libc::AT_FDCWD, source.as_ptr(), flags) }? as i32;
    set_attributes(tree, attributes)?;
    Ok(tree)
}

/// mount_setattr(2) on a whole tree.
fn set_attributes(tree: i32, attributes: u64) -> Result<(), Errno> {
    // struct mount_attr: set, clear, propagation, userns_fd.
    let attr: [u64; 4] = [attributes, 0, libc::MS_PRIVATE, 0];
    let flags = libc::AT_EMPTY_PATH | libc::AT_RECURSIVE;
    // SAFETY: a terminated string and a struct mount_attr of the first published size.
    unsafe {
        call!(
            libc::SYS_mount_setattr,
            tree,
            c"".as_ptr(),
            flags,
            attr.as_ptr(),
            size_of_val(&attr)
        )
    }
    .map(drop)
}

/// Attaches a detached tree at an open directory or file.
pub fn attach(tree: i32, target: i32) -> Result<(), Errno> {
    let flags = libc::MOVE_MOUNT_F_EMPTY_PATH | libc::MOVE_MOUNT_T_EMPTY_PATH;
    // SAFETY: terminated strings.
    unsafe { call!(libc::SYS_move_mount, tree, c"".as_ptr(), target, c"".as_ptr(), flags) }.map(drop)
}

/// Mounts what the plan lists below the root.
pub fn mount(launch: &Launch, line: &Line) {
    let plan = &launch.plan;
    if plan.volumes.is_empty() && plan.tmpfs.is_empty() && plan.cwd_target.is_none() {
        return;
    }
    let root = sys::open(
        libc::AT_FDCWD,
        c"root",
        libc::O_PATH | libc::O_DIRECTORY | libc::O_CLOEXEC,
        0,
    );
    let root = root.unwrap_or_else(|errno| line.fail(Step::Volumes, 0, errno));
    for (index, (volume, hold)) in plan.volumes.iter().zip(launch.volumes).enumerate() {
        let source = hold.load(Relaxed);
        let attached = open_target(root, &volume.target).and_then(|target| {
            attach(source, target)?;
            sys::close(target);
            Ok(())
        });
        attached.unwrap_or_else(|errno| line.fail(Step::Volumes, index as u16, errno));
        sys::close(source);
    }
    for (index, tmpfs) in plan.tmpfs.iter().enumerate() {
        let mounted = open_target(root, &tmpfs.target).and_then(|target| {
            let tree = memory_file_system(tmpfs.size)?;
            attach(tree, target)?;
            sys::close(tree);
            sys::close(target);
            Ok(())
        });
        mounted.unwrap_or_else(|errno| line.fail(Step::Volumes, (plan.volumes.len() + index) as u16, errno));
    }
    if !plan.volumes.is_empty() || !plan.tmpfs.is_empty() {
        line.done(Step::Volumes, Ok(()));
    }
    if let Some(target) = &plan.cwd_target {
        let made = open_target(root, target).map(sys::close);
        line.done(Step::WorkingDirectory, made);
    }
    sys::close(root);
}

/// A tmpfs that is attached nowhere yet (fsopen(2), fsmount(2)).
fn memory_file_system(size: Option<&CStr>) -> Result<i32, Errno> {
    const FSOPEN_CLOEXEC: u32 = 1;
    const FSMOUNT_CLOEXEC: u32 = 1;
    const SET_STRING: u32 = 1;
    const CREATE: u32 = 6;
    let nothing = std::ptr::null::<u8>();
    // SAFETY: terminated strings or null where fsconfig(2) takes none.
    unsafe {
        let context = call!(libc::SYS_fsopen, c"tmpfs".as_ptr(), FSOPEN_CLOEXEC)? as i32;
        call!(
            libc::SYS_fsconfig,
            context,
            SET_STRING,
            c"mode".as_ptr(),
            c"1777".as_ptr(),
            0
        )?;
        if let Some(size) = size {
            call!(
                libc::SYS_fsconfig,
                context,
                SET_STRING,
                c"size".as_ptr(),
                size.as_ptr(),
                0
            )?;
        }
        call!(libc::SYS_fsconfig, context, CREATE, nothing, nothing, 0)?;
        let attributes = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV | libc::MOUNT_ATTR_NOEXEC;
        let tree = call!(libc::SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes)? as i32;
        sys::close(context);
        Ok(tree)
    }
}

/// Opens a path inside the root, making what is missing. Symbolic links are followed inside the root only, and never
/// into /proc, whose files act on processes (CVE-2025-52881).
fn open_target(root: i32, target: &Target) -> Result<i32, Errno> {
    let mut directory = root;
    for (index, step) in target.steps.iter().enumerate() {
        let last = index + 1 == target.steps.len();
        let opened = match sys::open_resolving(root, step.path, libc::O_PATH, RESOLVE_IN_ROOT) {
            Err(libc::ENOENT) => {
                match target.kind {
                    Kind::File if last => sys::mknod(directory, step.name, libc::S_IFREG | 0o644, 0)?,
                    _ => sys::mkdir(directory, step.name, 0o755)?,
                }
                sys::open_resolving(root, step.path, libc::O_PATH, RESOLVE_IN_ROOT)?
            }
            other => other?,
        };
        if directory != root {
            sys::close(directory);
        }
        if in_proc(opened)? {
            return Err(libc::EXDEV);
        }
        directory = opened;
    }
    Ok(directory)
}

fn in_proc(fd: i32) -> Result<bool, Errno> {
    // struct statfs of x86-64 has 15 words; the first is f_type.
    let mut information = [0u64; 15];
    // SAFETY: a buffer of that size.
    unsafe { call!(libc::SYS_fstatfs, fd, information.as_mut_ptr()) }?;
    Ok(information[0] == libc::PROC_SUPER_MAGIC as u64)
}
