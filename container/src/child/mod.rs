//! What runs in the new namespaces, until the program and the init have been executed.
//!
//! Pid 1 shares the lab's memory (CLONE_VM) and descriptors by copy. That makes it start without a copied page table,
//! and obliges everything in this folder to the rules at the top of `sys.rs`: system calls only, no allocation, no
//! panic. It reads the [`Plan`], and writes to the [`Report`] alone.
//!
//! The order, each with its reason:
//! 1. the parent-death signal, so that a killed lab leaves nothing half made;
//! 2. the id maps, since nothing can be created by an owner without an id;
//! 3. the program's process, which builds the file system (`root.rs`) and drops its privileges (`program.rs`), while
//!    pid 1 makes the network namespace on another processor: that one call takes as long as all the mounts;
//! 4. the host's mounts go, by pid 1;
//! 5. the program executes, then pid 1 its init.

mod copy;
mod exec;
mod network;
mod program;
mod root;
mod stdio;
mod terminal;
mod volumes;

use std::sync::atomic::{AtomicI32, Ordering::*};
use std::sync::{Arc, OnceLock};

use crate::kernel_files::MASKED_SYS;
use crate::plan::{GroupMaker, Plan};
use crate::report::{Failure, Log, Report, gate, word};
use crate::seccomp::Instruction;
use crate::stack::Stack;
use crate::steps::Step;
use crate::sys::{self, Errno, call};

/// What lab and child share for one start.
pub struct Launch {
    pub plan: Plan,
    pub report: Report,
    pub stacks: LaunchStacks,
    /// The system-call filter, which the lab compiles while pid 1 is on its way. Behind [`gate::FILTER`].
    pub filter: OnceLock<Option<Arc<[Instruction]>>>,
    /// What covers directories of /sys, taken hold of while its place is still in sight.
    pub covers: [AtomicI32; MASKED_SYS.len()],
}

/// Who runs on which stack.
#[derive(Debug, Clone, Copy)]
pub struct LaunchStacks {
    pub pid1: Stack,
    pub program: Stack,
}

impl Launch {
    pub fn new(plan: Plan, report: Report, stacks: LaunchStacks) -> Self {
        Launch {
            plan,
            report,
            stacks,
            filter: OnceLock::new(),
            covers: [const { AtomicI32::new(-1) }; MASKED_SYS.len()],
        }
    }
}

/// One line of work: a log, and what to do when a step fails.
struct Line<'a> {
    report: &'a Report,
    log: &'a Log,
}

impl Line<'_> {
    /// Notes the end of a step, or its failure, which ends the process.
    fn done<T>(&self, step: Step, result: Result<T, Errno>) -> T {
        match result {
            Ok(value) => {
                self.log.end(step);
                value
            }
            Err(errno) => self.fail(step, 0, errno),
        }
    }

    /// Notes the failure of a step, or of one of several that the step consists of, and ends the process.
    fn fail(&self, step: Step, item: u16, errno: Errno) -> ! {
        self.report.fail(Failure { step, item, errno });
        sys::exit_process(125)
    }
}

/// Pid 1: see the top of the file.
pub extern "C" fn pid1(launch: *const Launch) -> ! {
    // SAFETY: the lab keeps the launch until `Report::pid1` says that this process uses it no more.
    let launch = unsafe { &*launch };
    let (plan, report) = (&launch.plan, &launch.report);
    let line = Line {
        report,
        log: &report.main,
    };
    report.main.end(Step::Clone);

    // Were SIGCHLD ignored here, as it may be in the lab, the program's status would be lost.
    program::reset_signal(libc::SIGCHLD);
    // The lab's own end of the lifeline, copied like every descriptor: only the lab may hold it.
    sys::close(plan.shared.lifeline_keeper());
    line.done(Step::DeathSignal, die_with_the_lab(plan));
    if let Some(maps) = &plan.id_maps {
        wait_for_gate(launch, gate::IDS);
        report.main.end(Step::WaitIds);
        if maps.become_root {
            line.done(Step::BecomeRoot, become_root(plan));
            // Changing ids cleared the parent-death signal (prctl(2)).
            line.done(Step::DeathSignal, die_with_the_lab(plan));
        }
    }
    let program = line.done(Step::CloneProgram, program::clone(launch));

    let line = Line {
        report,
        log: &report.side,
    };
    report.side.begin();
    if plan.own_network {
        line.done(Step::Network, sys::unshare(libc::CLONE_NEWNET));
        report.open_gate(gate::NETWORK);
        line.done(Step::Loopback, network::loopback_up());
    }
    wait_for_gate(launch, gate::ROOT);
    report.side.end(Step::WaitRoot);
    line.done(Step::LeaveHost, root::leave_host());
    if let Some(group) = plan.group.as_ref().filter(|group| group.has_v1()) {
        if plan.group_maker == GroupMaker::Program {
            wait_for_gate(launch, gate::CGROUP);
            report.side.end(Step::Pid1WaitCgroup);
        }
        group
            .enter()
            .unwrap_or_else(|(item, errno)| line.fail(Step::Pid1Cgroup, item, errno));
        report.side.end(Step::Pid1Cgroup);
    }
    if plan.own_cgroup_view {
        line.done(Step::Pid1CgroupNamespace, sys::unshare(libc::CLONE_NEWCGROUP));
    }
    // Once the program has been executed, `start` returns, and the thread that called it may end.
    line.done(Step::Pid1Lifeline, sys::prctl(libc::PR_SET_PDEATHSIG, 0).map(drop));
    report.open_gate(gate::PID1);

    wait_for_exec(report);
    if report.failure().is_some() {
        sys::exit_process(125);
    }
    let errno = exec::become_init(plan, program);
    line.fail(Step::InitExec, 0, errno)
}

/// Waits until the program's process uses the lab's memory no more. The kernel wakes one sleeper only, and the lab
/// sleeps there, too: whoever wakes wakes the other.
pub fn wait_for_exec(report: &Report) {
    while report.program.load(Acquire) == word::BUSY && report.pid1.load(Acquire) == word::BUSY {
        // With a timeout, since pid 1 may be killed before there is a program's process.
        sys::futex_wait(&report.program, word::BUSY, Some(100));
    }
    sys::futex_wake(&report.program);
}

/// Asks for SIGKILL when the lab's thread ends, then looks whether the lab is gone already. For the set-up only: from the
/// program's exec on the init watches the lifeline instead, which does not depend on a thread.
fn die_with_the_lab(plan: &Plan) -> Result<(), Errno> {
    sys::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as u64)?;
    if lab_is_gone(plan) {
        sys::exit_process(125);
    }
    Ok(())
}

fn lab_is_gone(plan: &Plan) -> bool {
    let mut waiting = libc::pollfd {
        fd: plan.shared.lifeline(),
        events: 0,
        revents: 0,
    };
    // SAFETY: one pollfd, no waiting.
    let ready = unsafe { call!(libc::SYS_poll, &raw mut waiting, 1, 0) };
    ready == Ok(1) && waiting.revents & libc::POLLHUP != 0
}

/// How often a gate is looked at before sleeping at it: for less than what a sleep and the wake-up on another processor take.
const YIELDS: u32 = 200;

fn wait_for_gate(launch: &Launch, bit: u32) {
    for _ in 0..YIELDS {
        if launch.report.gates.load(Acquire) & bit != 0 {
            return;
        }
        sys::yield_processor();
    }
    loop {
        let gates = launch.report.gates.load(Acquire);
        if gates & gate::ABANDONED != 0 {
            sys::exit_process(125);
        }
        if gates & bit != 0 {
            return;
        }
        sys::futex_wait(&launch.report.gates, gates, Some(100));
        if lab_is_gone(&launch.plan) {
            sys::exit_process(125);
        }
    }
}

fn become_root(plan: &Plan) -> Result<(), Errno> {
    // SAFETY: numbers only. The raw calls change this process alone, which is what is wanted.
    unsafe {
        call!(libc::SYS_setresgid, 0, 0, 0)?;
        call!(libc::SYS_setresuid, 0, 0, 0)?;
    }
    // The lab's memory is this process's: changing ids made it untraceable, and the program's process could not join
    // the network namespace.
    if plan.dumpable {
        sys::prctl(libc::PR_SET_DUMPABLE, 1)?;
    }
    Ok(())
}
