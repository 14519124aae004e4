//! The process that becomes the program: it builds the file system, everything it must not keep goes, it executes.
//!
//! The order: the root, since the network is not there before; the control group, while the descriptor for it is; what
//! needs nothing of what is still to come, signals and standard input and output among it; the namespaces; the resource limits
//! and ids, while the capabilities for them are; the filter, under no_new_privs; then, when pid 1 has cut off the host's mounts,
//! what the filter allows: the working directory as the user that the program runs as, and exec.

use std::sync::atomic::Ordering::*;

use super::{Launch, Line, exec, root, stdio, wait_for_gate};
use crate::plan::{GroupMaker, Plan};
use crate::report::{Failure, gate};
use crate::spec::Rlimit;
use crate::steps::Step;
use crate::sys::{self, CloneArgs, Errno, call};

/// Starts the process and returns its id.
pub fn clone(launch: &Launch) -> Result<i32, Errno> {
    let stack = launch.stacks.program;
    let arguments = CloneArgs {
        flags: (libc::CLONE_VM | libc::CLONE_CHILD_CLEARTID) as u64,
        child_tid: launch.report.program.as_ptr() as u64,
        exit_signal: libc::SIGCHLD as u64,
        stack: stack.base,
        stack_size: stack.size,
        ..Default::default()
    };
    // SAFETY: the program's own stack; pid 1, and so the lab, keeps the launch until `Report::program` is cleared or
    // every process of the container is dead; `main` keeps to the rules.
    unsafe { sys::clone_onto(&arguments, main, launch) }
}

extern "C" fn main(launch: *const Launch) -> ! {
    // SAFETY: see `clone`.
    let launch = unsafe { &*launch };
    let (plan, report) = (&launch.plan, &launch.report);
    let line = Line {
        report,
        log: &report.main,
    };
    let stdio = root::build(launch, &line);
    // In a user namespace, /sys can be mounted only while the host's is in sight.
    let leave_early = plan.id_maps.is_none();
    if leave_early {
        report.open_gate(gate::ROOT);
    }
    if let Some(group) = plan.group.as_ref().filter(|group| group.has_v1()) {
        if plan.group_maker == GroupMaker::Program {
            group
                .create()
                .unwrap_or_else(|(item, errno)| line.fail(Step::CgroupMake, item, errno));
            report.main.end(Step::CgroupMake);
            report.open_gate(gate::CGROUP);
        }
        group
            .enter()
            .unwrap_or_else(|(item, errno)| line.fail(Step::CgroupEnter, item, errno));
        report.main.end(Step::CgroupEnter);
    }
    line.done(Step::BoundingSet, drop_bounding_set(plan.capabilities));
    reset_signals();
    line.done(Step::Session, stdio::session(stdio));
    if plan.own_network {
        wait_for_gate(launch, gate::NETWORK);
        report.main.end(Step::WaitNetwork);
        line.done(Step::JoinNetwork, join_network(plan));
    }
    line.done(Step::Sys, root::mount_sys(launch));
    if plan.read_only_root {
        line.done(Step::ReadOnlyRoot, root::make_read_only());
    }
    if !leave_early {
        report.open_gate(gate::ROOT);
    }
    if plan.own_cgroup_view {
        line.done(Step::CgroupNamespace, sys::unshare(libc::CLONE_NEWCGROUP));
    }
    if !plan.rlimits.is_empty() {
        set_limits(plan, limit_while_privileged)
            .unwrap_or_else(|(index, errno)| line.fail(Step::ResourceLimits, index, errno));
        report.main.end(Step::ResourceLimits);
    }
    line.done(Step::Capabilities, drop_capabilities(plan));
    line.done(Step::NoNewPrivileges, sys::prctl(libc::PR_SET_NO_NEW_PRIVS, 1));
    wait_for_gate(launch, gate::FILTER);
    if let Some(Some(filter)) = launch.filter.get() {
        let program = libc::sock_fprog {
            len: filter.len() as u16,
            filter: filter.as_ptr().cast_mut(),
        };
        // Without SPEC_ALLOW, kernels before 5.16 switch the processor's speculation off for the whole program.
        let flags = libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW;
        // SAFETY: a sock_fprog that describes the filter, which the kernel copies.
        let set = unsafe {
            call!(
                libc::SYS_seccomp,
                libc::SECCOMP_SET_MODE_FILTER,
                flags,
                &raw const program
            )
        };
        line.done(Step::Seccomp, set);
    }
    wait_for_gate(launch, gate::PID1);
    report.main.end(Step::WaitLeaveHost);
    line.done(Step::CloseFiles, exec::close_files(plan));
    line.done(Step::ChangeDirectory, change_directory(plan));
    let way = exec::way(plan).unwrap_or_else(|errno| line.fail(Step::Exec, 0, errno));
    set_limits(plan, limit_descriptors).unwrap_or_else(|(index, errno)| line.fail(Step::ResourceLimits, index, errno));
    report.prepared.store(true, Release);
    report.fail(Failure {
        step: Step::Exec,
        item: 0,
        errno: exec::become_program(plan, way),
    });
    sys::exit_process(127)
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

/// Moves into the network namespace that pid 1 has made (setns(2) with a pidfd, Linux 5.8).
///
/// The kernel asks whether pid 1 may be traced. Pid 1 runs on the lab's memory, and another container of the same lab
/// that changes its ids at this moment makes that memory untraceable: then it is put right, and tried again.
fn join_network(plan: &Plan) -> Result<(), Errno> {
    const TRIES: u32 = 1000;
    // SAFETY: numbers only. 1 is pid 1 of this pid namespace.
    let pidfd = unsafe { call!(libc::SYS_pidfd_open, 1, 0) }? as i32;
    let mut joined = Err(libc::EPERM);
    for _ in 0..TRIES {
        // SAFETY: numbers only.
        joined = unsafe { call!(libc::SYS_setns, pidfd, libc::CLONE_NEWNET) }.map(drop);
        if joined != Err(libc::EPERM) || !plan.dumpable {
            break;
        }
        sys::prctl(libc::PR_SET_DUMPABLE, 1)?;
    }
    sys::close(pidfd);
    joined
}

/// Takes every capability but those wanted out of the bounding set: exec can give none of them back.
pub fn drop_bounding_set(wanted: u64) -> Result<(), Errno> {
    for capability in 0..64 {
        if wanted >> capability & 1 == 0
            && let Err(errno) = sys::prctl(libc::PR_CAPBSET_DROP, capability)
        {
            match errno {
                // Past the last capability that this kernel has.
                libc::EINVAL => break,
                errno => return Err(errno),
            }
        }
    }
    Ok(())
}

/// Becomes the user and drops every capability that was not asked for.
///
/// Inheritable and ambient sets end empty (CVE-2022-24769); what root keeps over exec is what the bounding set has.
fn drop_capabilities(plan: &Plan) -> Result<(), Errno> {
    // SAFETY: numbers only, or an empty list. The raw calls change this process alone, which is what is wanted.
    unsafe {
        call!(
            libc::SYS_prctl,
            libc::PR_CAP_AMBIENT,
            libc::PR_CAP_AMBIENT_CLEAR_ALL,
            0,
            0,
            0
        )?;
        if plan.clear_groups {
            call!(libc::SYS_setgroups, 0, 0)?;
        }
        call!(libc::SYS_setresgid, plan.gid, plan.gid, plan.gid)?;
        call!(libc::SYS_setresuid, plan.uid, plan.uid, plan.uid)?;
    }
    keep_capabilities(if plan.uid == 0 { plan.capabilities } else { 0 })
}

/// Sets the effective and permitted capabilities to those of `wanted` that are there, the inheritable ones to none.
pub fn keep_capabilities(wanted: u64) -> Result<(), Errno> {
    // _LINUX_CAPABILITY_VERSION_3: two structs of 32 bits each for effective, permitted, inheritable.
    let header: [u32; 2] = [0x2008_0522, 0];
    let mut data = [[0u32; 3]; 2];
    // SAFETY: header and data have the layout and size of version 3.
    unsafe {
        call!(libc::SYS_capget, header.as_ptr(), data.as_mut_ptr())?;
        for (half, [effective, permitted, inheritable]) in data.iter_mut().enumerate() {
            *permitted &= (wanted >> (32 * half)) as u32;
            *effective = *permitted;
            *inheritable = 0;
        }
        call!(libc::SYS_capset, header.as_ptr(), data.as_ptr()).map(drop)
    }
}

/// Changes to the working directory and makes sure that it lies inside the root: a path through /proc/self/fd could
/// lead to a directory of the host (CVE-2024-21626). The kernel then names it "(unreachable)…" (getcwd(2)).
fn change_directory(plan: &Plan) -> Result<(), Errno> {
    sys::chdir(&plan.cwd)?;
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
