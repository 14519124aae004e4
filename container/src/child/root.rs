//! The container's file system, from the host's mounts to a root of its own.
//!
//! It is put together on a memory file system that covers /proc in the new mount namespace: a directory that every
//! host has and that nothing else is needed from. The mount points proc, sys and dev are made in the writable layer
//! before the overlay is mounted. There, they hide whatever an image has under these names, a symbolic link above all
//! (CVE-2021-30465, CVE-2025-31133), and cost no copy-up.

use std::ffi::CStr;
use std::sync::atomic::Ordering::*;

use super::copy::Workshop;
use super::stdio::{self, Sources};
use super::{Line, terminal, volumes};
use crate::kernel_files::{MASKED, READ_ONLY};
use crate::launch::Launch;
use crate::plan::{Kind, NameFile, Plan};
use crate::steps::Step;
use crate::sys::{self, Errno, call};

const HERE: i32 = libc::AT_FDCWD;
/// Device files of /dev: name, major, minor (`Documentation/admin-guide/devices.txt`), and the host's for those who
/// may not make any.
const DEVICES: [(&CStr, u32, u32, &CStr); 6] = [
    (c"dev/null", 1, 3, c"/dev/null"),
    (c"dev/zero", 1, 5, c"/dev/zero"),
    (c"dev/full", 1, 7, c"/dev/full"),
    (c"dev/random", 1, 8, c"/dev/random"),
    (c"dev/urandom", 1, 9, c"/dev/urandom"),
    (c"dev/tty", 5, 0, c"/dev/tty"),
];
const LINKS: [(&CStr, &CStr); 5] = [
    (c"/proc/self/fd", c"dev/fd"),
    (c"/proc/self/fd/0", c"dev/stdin"),
    (c"/proc/self/fd/1", c"dev/stdout"),
    (c"/proc/self/fd/2", c"dev/stderr"),
    (c"pts/ptmx", c"dev/ptmx"),
];
const CAREFUL: u64 = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;

/// Builds the root and moves into it. Returns what becomes the program's standard descriptors.
pub fn build(launch: &Launch, line: &Line) -> Sources {
    let plan = &launch.plan;
    line.done(
        Step::Propagation,
        sys::mount(c"", c"/", c"", libc::MS_REC | libc::MS_PRIVATE, None),
    );
    volumes::take_hold(launch, line);
    line.done(Step::Stage, stage(plan));
    mount_layers(plan, line);
    line.done(Step::Proc, sys::mount(c"proc", c"root/proc", c"proc", CAREFUL, None));
    line.done(Step::Devices, devices(plan));
    let terminal_flags = libc::MS_NOSUID | libc::MS_NOEXEC;
    line.done(
        Step::Terminals,
        sys::mount(
            c"devpts",
            c"root/dev/pts",
            c"devpts",
            terminal_flags,
            Some(plan.terminal_options),
        ),
    );
    if plan.own_ipc {
        let queues = sys::mkdir(HERE, c"dev/mqueue", 0o755)
            .and_then(|()| sys::mount(c"mqueue", c"root/dev/mqueue", c"mqueue", CAREFUL, None));
        line.done(Step::MessageQueues, queues);
    }
    let shared = sys::mount(c"shm", c"root/dev/shm", c"tmpfs", CAREFUL, Some(c"mode=1777,size=64m"));
    line.done(Step::SharedMemory, shared);
    // Before the volumes, which may cover /dev.
    let terminal = plan.terminal.as_ref();
    let terminal = terminal.map(|terminal| line.done(Step::Terminal, terminal::open(terminal, plan.uid)));
    let stdio = stdio::take_hold(plan, terminal).unwrap_or_else(|errno| line.fail(Step::Session, 0, errno));
    line.done(Step::Mask, mask(launch));
    volumes::mount(launch, line);
    line.done(Step::Pivot, pivot());
    if let Some(name) = &plan.host_name {
        // SAFETY: pointer and length of a live buffer.
        line.done(Step::HostName, unsafe {
            call!(libc::SYS_sethostname, name.as_ptr(), name.len())
        });
    }
    stdio
}

/// The layers as one file system at `root`: an overlay, or a copy where the kernel refuses that.
fn mount_layers(plan: &Plan, line: &Line) {
    if !plan.name_files.is_empty() {
        line.done(Step::NameFiles, write_name_files(plan));
    }
    for (name, mount) in plan.layers.iter().zip(plan.layer_mounts) {
        line.done(Step::Overlay, attach_layer(name, *mount));
    }
    if let (true, Some(layer)) = (plan.binds_layer, plan.layers.first()) {
        return line.done(Step::BindLayer, bind_layer(layer));
    }
    let flags = libc::MS_NOSUID | libc::MS_NODEV;
    match sys::mount(c"overlay", c"root", c"overlay", flags, Some(plan.overlay_options)) {
        // No overlay in this kernel, not for this user, or not on these file systems.
        Err(libc::ENODEV | libc::EPERM | libc::EINVAL | libc::ELOOP | libc::EOPNOTSUPP | libc::ESTALE) => {
            line.report.copied.store(true, Relaxed);
            line.done(Step::Copy, copy_layers(plan, flags));
        }
        other => line.done(Step::Overlay, other),
    }
}

/// The layer itself as the root. What is mounted upon must be directories: a link of the image's could lead anywhere.
fn bind_layer(layer: &CStr) -> Result<(), Errno> {
    sys::bind(layer, c"root")?;
    for place in [c"root/proc", c"root/sys", c"root/dev"] {
        let flags = libc::O_PATH | libc::O_DIRECTORY | libc::O_NOFOLLOW | libc::O_CLOEXEC;
        sys::close(sys::open(HERE, place, flags, 0)?);
    }
    let flags = libc::MS_REMOUNT | libc::MS_BIND | libc::MS_RDONLY | libc::MS_NOSUID | libc::MS_NODEV;
    sys::mount(c"", c"root", c"", flags, None)
}

fn attach_layer(name: &CStr, mount: i32) -> Result<(), Errno> {
    sys::mkdir(HERE, name, 0o755)?;
    let place = sys::open(HERE, name, libc::O_PATH | libc::O_DIRECTORY | libc::O_CLOEXEC, 0)?;
    let attached = volumes::attach(mount, place);
    sys::close(place);
    attached
}

fn copy_layers(plan: &Plan, flags: u64) -> Result<(), Errno> {
    // `work` is for an overlay, and there is none.
    let mut workshop = Workshop::new(c"work", plan.id_maps.is_some())?;
    for layer in plan.layers {
        workshop.copy_layer(layer, c"upper")?;
    }
    // Over those of the image.
    write_name_files(plan)?;
    sys::bind(c"upper", c"root")?;
    sys::mount(c"", c"root", c"", libc::MS_REMOUNT | libc::MS_BIND | flags, None)
}

/// Writes the files of /etc that are the container's into the writable layer, where they hide the image's.
fn write_name_files(plan: &Plan) -> Result<(), Errno> {
    if plan.name_files.is_empty() {
        return Ok(());
    }
    match sys::mkdir(HERE, c"upper/etc", 0o755) {
        Err(libc::EEXIST) => {}
        other => other?,
    }
    let flags = libc::O_DIRECTORY | libc::O_NOFOLLOW | libc::O_PATH | libc::O_CLOEXEC;
    let etc = match sys::open(HERE, c"upper/etc", flags, 0) {
        // A copied image has a link or a file there. What a link leads to is the host's.
        Err(libc::ELOOP | libc::ENOTDIR) => return Ok(()),
        other => other?,
    };
    let written = plan.name_files.iter().try_for_each(|file| write_name_file(etc, file));
    sys::close(etc);
    written
}

fn write_name_file(etc: i32, file: &NameFile) -> Result<(), Errno> {
    // What a copied image has there may be a link.
    // SAFETY: a terminated string.
    match unsafe { call!(libc::SYS_unlinkat, etc, file.name.as_ptr(), 0) } {
        Err(libc::ENOENT) => {}
        // A folder of the image's, which stays.
        Err(libc::EISDIR) => return Ok(()),
        other => drop(other?),
    }
    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL | libc::O_NOFOLLOW | libc::O_CLOEXEC;
    let opened = sys::open(etc, file.name, flags, 0o644)?;
    let written = sys::write(opened, file.text);
    sys::close(opened);
    written
}

fn stage(plan: &Plan) -> Result<(), Errno> {
    // SAFETY: a number. What is made below gets exactly the mode it is made with.
    let _ = unsafe { call!(libc::SYS_umask, 0) };
    // The devices of the container's /dev are here, unless the program may make some of its own.
    let no_devices = if plan.makes_devices { libc::MS_NODEV } else { 0 };
    let flags = libc::MS_NOSUID | no_devices;
    sys::mount(c"stage", c"/proc", c"tmpfs", flags, Some(plan.stage_options))?;
    sys::chdir(c"/proc")?;
    for directory in [
        c"upper",
        c"upper/proc",
        c"upper/sys",
        c"upper/dev",
        c"work",
        c"root",
        c"dev",
        c"dev/pts",
        c"dev/shm",
    ] {
        sys::mkdir(HERE, directory, 0o755)?;
    }
    // What covers directories that are hidden.
    sys::mkdir(HERE, c"empty", 0o555)
}

fn devices(plan: &Plan) -> Result<(), Errno> {
    for (path, major, minor, host) in DEVICES {
        let made = match plan.makes_devices {
            // Those it makes must not be openable, so /dev has no devices but these, shown one by one.
            true => Err(libc::EPERM),
            false => sys::mknod(HERE, path, libc::S_IFCHR | 0o666, libc::makedev(major, minor)),
        };
        match made {
            // In a user namespace nobody may make devices: show the host's. Its mode is the host's business.
            Err(libc::EPERM) => {
                sys::mknod(HERE, path, libc::S_IFREG | 0o666, 0)?;
                sys::bind(host, path)?;
                let flags = libc::MS_NOSUID | libc::MS_NOEXEC | libc::MS_RDONLY;
                sys::mount(c"", path, c"", libc::MS_REMOUNT | libc::MS_BIND | flags, None)?;
            }
            other => other?,
        }
    }
    for (target, path) in LINKS {
        sys::symlink(target, path)?;
    }
    sys::mount(c"dev", c"root/dev", c"", libc::MS_BIND | libc::MS_REC, None)
}

/// Covers what tells about the host, and makes what steers it read-only.
fn mask(launch: &Launch) -> Result<(), Errno> {
    for (path, kind) in MASKED {
        match kind {
            Kind::File => bind_where_there(c"dev/null", path).map(drop)?,
            Kind::Directory if bind_where_there(c"empty", path)? => read_only(path)?,
            Kind::Directory => {}
        }
    }
    for path in READ_ONLY {
        if bind_where_there(path, path)? {
            read_only(path)?;
        }
    }
    for (cover, path) in launch.covers.iter().zip(launch.plan.masked_sys) {
        // Looked for first: to give up a cover that nobody needs costs an RCU grace period.
        match sys::stat(HERE, path, 0) {
            Err(libc::ENOENT) => {}
            Err(errno) => return Err(errno),
            Ok(_) => cover.store(volumes::open_tree(c"empty", libc::MOUNT_ATTR_RDONLY)?, Relaxed),
        }
    }
    Ok(())
}

/// Binds `source` to `path`; false where this kernel has no such file.
fn bind_where_there(source: &CStr, path: &CStr) -> Result<bool, Errno> {
    match sys::bind(source, path) {
        Err(libc::ENOENT) => Ok(false),
        bound => bound.map(|()| true),
    }
}

fn read_only(path: &CStr) -> Result<(), Errno> {
    sys::mount(
        c"",
        path,
        c"",
        libc::MS_REMOUNT | libc::MS_BIND | libc::MS_RDONLY | CAREFUL,
        None,
    )
}

/// Makes `root` the root. Both arguments name the same directory: the old root then lies on top of the new one
/// (pivot_root(2), "pivot_root(".", ".")").
fn pivot() -> Result<(), Errno> {
    sys::chdir(c"root")?;
    sys::pivot_root(c".", c".")
}

/// Detaches the old root, and the host's mounts with it. The old root lies on top of the new one, so that it is what
/// umount2(2) finds at `/`.
pub fn detach_host() -> Result<(), Errno> {
    sys::detach(c"/")
}

/// Mounts /sys, read-only. The caller must be in the new network namespace, whose devices sysfs shows, and the host's /sys
/// still in sight: in a user namespace, the kernel allows no view of what was hidden.
pub fn mount_sys(launch: &Launch) -> Result<(), Errno> {
    sys::mount(c"sysfs", c"/sys", c"sysfs", CAREFUL | libc::MS_RDONLY, None)?;
    for (cover, path) in launch.covers.iter().zip(launch.plan.masked_sys) {
        let tree = cover.load(Relaxed);
        if tree < 0 {
            continue;
        }
        match sys::open(HERE, path, libc::O_PATH | libc::O_NOFOLLOW | libc::O_CLOEXEC, 0) {
            Err(libc::ENOENT) => {}
            target => {
                let target = target?;
                volumes::attach(tree, target)?;
                sys::close(target);
            }
        }
        sys::close(tree);
    }
    Ok(())
}

/// Mounts the container's control group, read-only: programs look there for their limits. The caller is in the group's own
/// namespace.
pub fn mount_cgroup() -> Result<(), Errno> {
    let flags = CAREFUL | libc::MS_RDONLY;
    sys::mount(c"cgroup", c"/sys/fs/cgroup", c"cgroup2", flags, None)
}

/// Makes the root read-only; what is mounted below stays as it is.
pub fn make_read_only() -> Result<(), Errno> {
    let flags = libc::MS_REMOUNT | libc::MS_BIND | libc::MS_RDONLY | libc::MS_NOSUID | libc::MS_NODEV;
    sys::mount(c"", c"/", c"", flags, None)
}
