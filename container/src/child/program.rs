//! The process that becomes the program: it builds the file system, everything it must not keep goes, it executes.
//!
//! The order: the root, since the network is not there before; what needs nothing of what is still to come, signals and
//! standard input and output among it; the namespaces and the control group, when pid 1 has made them; the resource limits,
//! while the capabilities for them are; the filter, under no_new_privs; then, when pid 1 is its init, exec. A program that
//! runs as another user than the root of its user namespace gets its ids, capabilities and filter from the helper
//! (`helper.rs`), because they would be changed in isolab's memory here.

use std::sync::atomic::Ordering::*;

use super::exec::Way;
use super::{
    Line, end_as, exec, helper, network, root, stdio, wait_for_child, wait_for_gate, wait_for_init, wait_for_leaver,
};
use crate::launch::Launch;
use crate::plan::{GroupMaker, GroupPlan, Plan, Rlimit};
use crate::report::{Failure, gate, word};
use crate::rights;
use crate::steps::Step;
use crate::sys::{self, CloneArgs, Errno, call, credentials};

/// Starts the process and returns its id. isolab gets a descriptor of it.
pub fn clone(launch: &Launch) -> Result<i32, Errno> {
    let stack = launch.stacks().program;
    let mut pidfd = -1i32;
    let arguments = CloneArgs {
        flags: (libc::CLONE_VM | libc::CLONE_CHILD_CLEARTID | libc::CLONE_PIDFD) as u64,
        pidfd: &raw mut pidfd as u64,
        child_tid: launch.report.program_word.as_ptr() as u64,
        exit_signal: libc::SIGCHLD as u64,
        stack: stack.base,
        stack_size: stack.size,
        ..Default::default()
    };
    // SAFETY: the program's own stack; pid 1, and so isolab, keeps the launch until `Report::program_word` is cleared
    // or every process of the container is dead; `main` keeps to the rules.
    let program = unsafe { sys::clone_onto(&arguments, main, launch) }?;
    rights::send_descriptor(launch.plan.start, pidfd)?;
    Ok(program)
}

extern "C" fn main(launch: *const Launch) -> ! {
    // SAFETY: see `clone`.
    let launch = unsafe { &*launch };
    launch.report.program.begin();
    // Only pid 1 may hold it.
    sys::close(launch.report.executed[1].load(Relaxed));
    become_program(launch, None)
}

/// Pid 1 where there is no init: it becomes the program, and has a child make the network namespace.
pub fn as_pid1(launch: &Launch) -> ! {
    let report = &launch.report;
    report.program.begin_after(&report.pid1);
    let maker = launch.plan.own_network.then(|| {
        let line = Line {
            report,
            log: &report.program,
        };
        line.done(Step::CloneMaker, clone_maker(launch))
    });
    if maker.is_none() {
        report.program_word.store(word::RELEASED, Release);
    }
    become_program(launch, maker)
}

fn clone_maker(launch: &Launch) -> Result<i32, Errno> {
    let stack = launch.stacks().program;
    let arguments = CloneArgs {
        flags: (libc::CLONE_VM | libc::CLONE_CHILD_CLEARTID) as u64,
        child_tid: launch.report.program_word.as_ptr() as u64,
        exit_signal: libc::SIGCHLD as u64,
        stack: stack.base,
        stack_size: stack.size,
        ..Default::default()
    };
    // SAFETY: the stack of the program's process, which there is none of; the rest as in `clone`.
    unsafe { sys::clone_onto(&arguments, make_network, launch) }
}

extern "C" fn make_network(launch: *const Launch) -> ! {
    // SAFETY: see `clone_maker`.
    let launch = unsafe { &*launch };
    let line = Line {
        report: &launch.report,
        log: &launch.report.pid1,
    };
    line.log.begin();
    super::make_network(launch, &line);
    sys::exit_process(0)
}

/// The way to the program, from the host's mounts on. `maker` is the child that makes the network namespace; none where pid 1 does,
/// or nobody.
fn become_program(launch: &Launch, maker: Option<i32>) -> ! {
    let (plan, report) = (&launch.plan, &launch.report);
    let line = Line {
        report,
        log: &report.program,
    };
    let stdio = root::build(launch, &line);
    // In a user namespace, /sys can be mounted only while the host's is in sight.
    let leave_early = plan.id_maps.is_none();
    if leave_early {
        line.done(Step::LeaveHost, leave_host(launch));
    }
    if let Some(group) = plan.group.filter(GroupPlan::has_v1) {
        if plan.group_maker == GroupMaker::Program {
            group
                .create()
                .unwrap_or_else(|(item, errno)| line.fail(Step::CgroupMake, item, errno));
            report.program.end(Step::CgroupMake);
            report.open_gate(gate::CGROUP);
        }
        group
            .enter()
            .unwrap_or_else(|(item, errno)| line.fail(Step::CgroupEnter, item, errno));
        report.program.end(Step::CgroupEnter);
    }
    line.done(Step::BoundingSet, credentials::drop_bounding_set(bounding_set(plan)));
    reset_signals();
    line.done(Step::Session, stdio::session(stdio));
    if plan.own_network {
        match maker {
            Some(maker) => wait_for_child(launch, gate::NETWORK, maker),
            None => wait_for_gate(launch, gate::NETWORK),
        }
        report.program.end(Step::WaitNetwork);
        line.done(Step::JoinNetwork, network::join(launch));
    }
    if let Some(network) = plan.joined_network {
        line.done(Step::JoinNetwork, network::enter(network));
    }
    line.done(Step::Sys, root::mount_sys(launch));
    if plan.read_only_root {
        line.done(Step::ReadOnlyRoot, root::make_read_only());
    }
    if !leave_early {
        line.done(Step::LeaveHost, leave_host(launch));
    }
    if plan.own_cgroup_view {
        line.done(Step::CgroupNamespace, sys::unshare(libc::CLONE_NEWCGROUP));
        if plan.group.is_some_and(|group| group.has_v2()) {
            line.done(Step::CgroupMount, root::mount_cgroup());
        }
    }
    if !plan.rlimits.is_empty() {
        set_limits(plan, limit_while_privileged)
            .unwrap_or_else(|(index, errno)| line.fail(Step::ResourceLimits, index, errno));
        report.program.end(Step::ResourceLimits);
    }
    wait_for_gate(launch, gate::FILTER);
    if !plan.changes_user() {
        line.done(Step::Capabilities, drop_capabilities(plan));
        line.done(Step::NoNewPrivileges, sys::prctl(libc::PR_SET_NO_NEW_PRIVS, 1));
        if !launch.filter().is_empty() {
            line.done(Step::Seccomp, sys::set_filter(launch.filter()));
        }
        line.done(Step::ChangeDirectory, change_directory(plan));
    }
    let errno = execute(launch, &line, maker);
    report.fail(Failure {
        step: Step::Exec,
        item: 0,
        errno,
    });
    sys::exit_process(127)
}

/// Has the host's mounts cut off. The kernel waits for an RCU grace period there, which this process can use: a thread of it
/// waits in its stead, and is gone before the exec.
fn leave_host(launch: &Launch) -> Result<(), Errno> {
    sys::chdir(c"/")?;
    let (stack, word) = (launch.stacks().leaver, &launch.report.leaver_word);
    let flags = libc::CLONE_VM | libc::CLONE_FS | libc::CLONE_FILES | libc::CLONE_SIGHAND | libc::CLONE_THREAD;
    let arguments = CloneArgs {
        flags: (flags | libc::CLONE_CHILD_CLEARTID) as u64,
        child_tid: word.as_ptr() as u64,
        stack: stack.base,
        stack_size: stack.size,
        ..Default::default()
    };
    word.store(word::BUSY, Release);
    // SAFETY: the thread's own stack; the launch is kept as for this process, whose end is the thread's; `leave` keeps to the
    // rules.
    if unsafe { sys::clone_onto(&arguments, leave, launch) }.is_ok() {
        return Ok(());
    }
    // The limit on tasks counts it.
    word.store(word::RELEASED, Release);
    root::detach_host()
}

extern "C" fn leave(launch: *const Launch) -> ! {
    // SAFETY: see `leave_host`.
    let launch = unsafe { &*launch };
    if let Err(errno) = root::detach_host() {
        let step = Step::LeaveHost;
        launch.report.fail(Failure { step, item: 0, errno });
        sys::exit_process(125);
    }
    sys::exit_thread()
}

/// Executes the program, or the helper that does. Returns only when that failed.
fn execute(launch: &Launch, line: &Line, maker: Option<i32>) -> Errno {
    let (plan, report) = (&launch.plan, &launch.report);
    let way = exec::way(plan).unwrap_or_else(|errno| line.fail(Step::Exec, 0, errno));
    if let Some(group) = plan.group.filter(GroupPlan::limits_memory_late) {
        group
            .limit_memory(EXEC_BYTES + plan.argument_bytes)
            .unwrap_or_else(|(item, errno)| line.fail(Step::LimitMemory, item, errno));
        report.program.end(Step::LimitMemory);
    }
    wait_for_leaver(launch);
    report.program.end(Step::WaitLeaveHost);
    if !plan.without_init {
        wait_for_init(launch);
        report.program.end(Step::WaitInit);
    }
    if let Some(maker) = maker {
        line.done(Step::WaitMaker, wait_for_end(launch, maker));
    }
    match way {
        Way::Direct => line.done(Step::CloseFiles, exec::keep([], FIRST_CLOSED)),
        Way::Helper => {
            let descriptors = line.done(Step::Helper, helper::prepare(launch));
            line.done(Step::CloseFiles, helper::keep(&descriptors));
            report.by_helper.store(true, Release);
        }
    }
    set_limits(plan, limit_descriptors).unwrap_or_else(|(index, errno)| line.fail(Step::ResourceLimits, index, errno));
    report.prepared.store(true, Release);
    match way {
        Way::Direct => exec::become_program(plan),
        Way::Helper => helper::become_helper(launch),
    }
}

/// Waits until a child is dead, and has no memory any more: its word is cleared a moment before. With one that failed, pid 1 ends.
fn wait_for_end(launch: &Launch, child: i32) -> Result<(), Errno> {
    let mut status = 0i32;
    loop {
        // SAFETY: room for an int.
        match unsafe { call!(libc::SYS_wait4, child, &raw mut status, 0, 0) } {
            Err(libc::EINTR) => {}
            Err(errno) => return Err(errno),
            Ok(_) if status == 0 => return Ok(()),
            Ok(_) => end_as(launch, status),
        }
    }
}

/// More than the kernel takes for two execs, arguments and environment not counted.
const EXEC_BYTES: u64 = 2 << 20;

/// The first descriptor that is not the program's.
const FIRST_CLOSED: i32 = 3;

/// The capabilities that an exec may still give: what the program keeps, and what the helper needs to become its user.
fn bounding_set(plan: &Plan) -> u64 {
    match plan.changes_user() {
        true => plan.capabilities | credentials::SETUID | credentials::SETGID | credentials::SETPCAP,
        false => plan.capabilities,
    }
}

fn set_limits(plan: &Plan, set: fn(&Rlimit) -> Result<(), Errno>) -> Result<(), (u16, Errno)> {
    for (index, limit) in plan.rlimits.iter().enumerate() {
        set(limit).map_err(|errno| (index as u16, errno))?;
    }
    Ok(())
}

/// Sets a limit, but of the one on descriptors only the hard limit, and that only upwards: the set-up still needs many.
fn limit_while_privileged(limit: &Rlimit) -> Result<(), Errno> {
    if limit.resource != libc::RLIMIT_NOFILE {
        return set_limit(limit.resource, [limit.soft, limit.hard]);
    }
    let mut current = [0u64; 2];
    // SAFETY: no new value; room for a struct rlimit64, which is two u64.
    unsafe { call!(libc::SYS_prlimit64, 0, limit.resource, 0, current.as_mut_ptr()) }?;
    set_limit(limit.resource, [current[0], current[1].max(limit.hard)])
}

/// Sets the limit on descriptors, now that three are left. Lowering needs no privilege.
fn limit_descriptors(limit: &Rlimit) -> Result<(), Errno> {
    match limit.resource {
        libc::RLIMIT_NOFILE => set_limit(limit.resource, [limit.soft, limit.hard]),
        _ => Ok(()),
    }
}

fn set_limit(resource: u32, pair: [u64; 2]) -> Result<(), Errno> {
    // SAFETY: a struct rlimit64; no old value is asked for.
    unsafe { call!(libc::SYS_prlimit64, 0, resource, pair.as_ptr(), 0) }.map(drop)
}

/// Drops every capability that was not asked for. Root gets over exec what the bounding set has; who is another user in a
/// user namespace of its own keeps what is ambient.
fn drop_capabilities(plan: &Plan) -> Result<(), Errno> {
    if plan.clear_groups {
        credentials::clear_groups()?;
    }
    credentials::keep_capabilities(plan.capabilities, plan.uid != 0)
}

/// Changes to the working directory and makes sure that it lies inside the root: a path through /proc/self/fd could
/// lead to a directory of the host (CVE-2024-21626). The kernel then names it "(unreachable)…" (getcwd(2)).
fn change_directory(plan: &Plan) -> Result<(), Errno> {
    sys::chdir(plan.cwd)?;
    let mut path = [0u8; libc::PATH_MAX as usize];
    // SAFETY: pointer and length of a live buffer.
    unsafe { call!(libc::SYS_getcwd, path.as_mut_ptr(), path.len()) }?;
    if path[0] == b'/' { Ok(()) } else { Err(libc::EXDEV) }
}

/// No signal ignored or blocked: neither is the program's to inherit.
fn reset_signals() {
    (1..=64).for_each(reset_signal);
    let none = 0u64;
    // SAFETY: an empty set of 8 bytes.
    let _ = unsafe { call!(libc::SYS_rt_sigprocmask, libc::SIG_SETMASK, &raw const none, 0, 8) };
}

/// Gives a signal its default action.
pub fn reset_signal(signal: i32) {
    // struct sigaction of the kernel: handler, flags, restorer, mask. All zero is SIG_DFL.
    let default = [0u64; 4];
    // SAFETY: a struct sigaction of the kernel's size. SIGKILL and SIGSTOP answer EINVAL, which is right.
    let _ = unsafe { call!(libc::SYS_rt_sigaction, signal, default.as_ptr(), 0, 8) };
}
