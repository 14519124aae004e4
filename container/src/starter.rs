//! What the process that starts a container does itself, isolab or the runtime executable: the control group where it has to be
//! there first, pid 1, the id maps, and the wait for the program.

use core::sync::atomic::Ordering::*;

use crate::child;
use crate::launch::Launch;
use crate::plan::{GroupMaker, IdMapPlan};
use crate::report::{Failure, gate, word};
use crate::steps::Step;
use crate::sys::{self, CloneArgs, Errno, call};

/// Pid 1 as the process that made it holds it.
#[derive(Debug, Clone, Copy)]
pub struct Pid1 {
    pub pid: i32,
    /// Close-on-exec.
    pub pidfd: i32,
}

/// Whose child pid 1 is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parent {
    /// The process that makes it.
    Starter,
    /// That one's own parent, so that the starter may end before it (CLONE_PARENT).
    #[allow(dead_code, reason = "for the runtime executable")]
    StartersParent,
}

/// Makes pid 1, and the group that it is born into. It shares this process's memory until it has executed its init, so no
/// signal may reach it: a handler would run in it.
pub fn begin(launch: &Launch, parent: Parent) -> Result<Pid1, Failure> {
    let (plan, report) = (&launch.plan, &launch.report);
    let failed = |step| move |(item, errno)| Failure { step, item, errno };
    let mut directory = None;
    if let Some(group) = plan.group.as_ref().filter(|_| plan.group_maker == GroupMaker::Starter) {
        group.create().map_err(failed(Step::CgroupCreate))?;
        group.open_for_others().map_err(failed(Step::CgroupOpen))?;
        directory = group.open_v2().map_err(failed(Step::CgroupOpen))?;
        report.starter.end(Step::CgroupCreate);
    }
    let mut pidfd = -1i32;
    let (parent, exit_signal) = match parent {
        Parent::Starter => (0, libc::SIGCHLD),
        // It is the starter's own, which its parent is told of.
        Parent::StartersParent => (libc::CLONE_PARENT, 0),
    };
    let into_group = if directory.is_some() { sys::CLONE_INTO_CGROUP } else { 0 };
    let flags =
        (libc::CLONE_VM | libc::CLONE_PIDFD | libc::CLONE_CHILD_CLEARTID | libc::CLONE_PARENT_SETTID | parent) as u64;
    let arguments = CloneArgs {
        flags: flags | into_group | plan.clone_flags,
        pidfd: &raw mut pidfd as u64,
        child_tid: report.pid1_word.as_ptr() as u64,
        // The kernel writes it before anything can end this process in between.
        parent_tid: report.pid.as_ptr() as u64,
        exit_signal: exit_signal as u64,
        stack: launch.stacks().pid1.base,
        stack_size: launch.stacks().pid1.size,
        cgroup: directory.unwrap_or(0) as u64,
        ..Default::default()
    };
    let before = mask_signals(u64::MAX);
    // SAFETY: the stack is pid 1's own until `pid1_word` is RELEASED, which whoever owns launch and stacks waits for;
    // `child::pid1` keeps to the rules of `sys`.
    let cloned = unsafe { sys::clone_onto(&arguments, child::pid1, launch) };
    mask_signals(before);
    if let Some(directory) = directory {
        sys::close(directory);
    }
    match cloned {
        Ok(pid) => Ok(Pid1 { pid, pidfd }),
        Err(errno) => Err(Failure {
            step: Step::Clone,
            item: 0,
            errno,
        }),
    }
}

/// Sets this thread's signal mask and returns the one before. Not with libc, which leaves two signals out.
fn mask_signals(mask: u64) -> u64 {
    let mut before = 0u64;
    // SAFETY: two sets of 8 bytes. It cannot fail.
    let _ = unsafe {
        call!(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            &raw const mask,
            &raw mut before,
            8
        )
    };
    before
}

/// Writes the id maps of pid 1's user namespace, which only a process outside can. The files of a process that is dead cannot be
/// written: that is noticed by [`wait_for_exec`].
pub fn map_ids(launch: &Launch, pid1: Pid1) -> Result<(), Failure> {
    let Some(maps) = &launch.plan.id_maps else {
        return Ok(());
    };
    launch.report.starter.begin();
    let step = Step::IdMaps;
    match write_id_maps(maps, pid1.pid) {
        Err(_) if has_ended(pid1) => return Ok(()),
        Err((item, errno)) => return Err(Failure { step, item, errno }),
        Ok(()) => {}
    }
    launch.report.starter.end(step);
    launch.report.open_gate(gate::IDS);
    Ok(())
}

/// The files, in the order that they are written in.
pub const ID_FILES: [&str; 3] = ["setgroups", "uid_map", "gid_map"];

fn write_id_maps(maps: &IdMapPlan, pid: i32) -> Result<(), (u16, Errno)> {
    let texts: [&[u8]; 3] = [b"deny", maps.uids, maps.gids];
    for (item, (file, text)) in (0..).zip(ID_FILES.iter().zip(texts)) {
        if item > 0 || maps.deny_setgroups {
            write_of_process(pid, file, text).map_err(|errno| (item, errno))?;
        }
    }
    Ok(())
}

/// Writes to a file of `/proc/PID`.
fn write_of_process(pid: i32, name: &str, text: &[u8]) -> Result<(), Errno> {
    let mut digits = [0; 12];
    let parts = [
        b"/proc/",
        child::decimal(pid, &mut digits).to_bytes(),
        b"/",
        name.as_bytes(),
    ];
    let mut path = [0u8; 40];
    let room = path.iter_mut().take(39);
    for (place, byte) in room.zip(parts.into_iter().flatten()) {
        *place = *byte;
    }
    let path = core::ffi::CStr::from_bytes_until_nul(&path).map_err(|_| libc::ENAMETOOLONG)?;
    sys::write_to(libc::AT_FDCWD, path, text)
}

/// Waits until the process that becomes the program uses this process's memory no more: it has executed a program, or is dead.
///
/// The kernel says so in a word, but not of a process that dumps core, and then pid 1 ends soon.
pub fn wait_for_exec(launch: &Launch, pid1: Pid1) {
    let program = match launch.plan.without_init {
        true => &launch.report.pid1_word,
        false => &launch.report.program_word,
    };
    while program.load(Acquire) == word::BUSY && !has_ended(pid1) {
        sys::futex_wait(program, word::BUSY, Some(100));
    }
    launch.report.awaited.store(true, Release);
}

fn has_ended(pid1: Pid1) -> bool {
    sys::poll_now(pid1.pidfd, libc::POLLIN) != 0
}
