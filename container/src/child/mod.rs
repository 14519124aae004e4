//! What runs in the new namespaces, until the program and the init have been executed.
//!
//! Pid 1 shares isolab's memory (CLONE_VM) and descriptors by copy. That makes it start without a copied page table,
//! and obliges everything in this folder to the rules at the top of `sys/mod.rs`: system calls only, no allocation, no
//! panic. It reads the [`Plan`], and writes to the [`Report`] alone.
//!
//! The order, each with its reason:
//! 1. the parent-death signal, so that a killed isolab leaves nothing half made;
//! 2. the id maps, since nothing can be created by an owner without an id;
//! 3. the program's process, which builds the file system (`root.rs`) and drops its privileges (`program.rs`), while
//!    pid 1 makes the network namespace on another processor: that one call takes as long as all the mounts;
//! 4. pid 1 becomes its init, which has none of isolab's memory and descriptors and can be traced with
//!    CAP_SYS_PTRACE only (CVE-2016-9962);
//! 5. only then the program is executed.
//!
//! Without an init, pid 1 itself is the program's process, and its child makes the network namespace and ends.

mod copy;
mod exec;
mod executable;
mod helper;
mod network;
mod program;
mod root;
mod stdio;
mod terminal;
mod volumes;

pub use exec::decimal;
#[allow(unused_imports, reason = "the runtime makes no namespace that is shared")]
pub use network::loopback_up;

use std::sync::atomic::{AtomicU32, Ordering::*};

use crate::launch::Launch;
use crate::plan::{GroupMaker, GroupPlan, Plan};
use crate::report::{Failure, Log, Report, gate, word};
use crate::steps::Step;
use crate::sys::{self, Errno, call, credentials};

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
    // SAFETY: isolab keeps the launch until `Report::pid1_word` says that this process uses it no more.
    let launch = unsafe { &*launch };
    let (plan, report) = (&launch.plan, &launch.report);
    let line = Line {
        report,
        log: &report.pid1,
    };
    report.pid1.begin_after(&report.starter);
    report.pid1.end(Step::Clone);

    // Were SIGCHLD ignored here, as it may be in isolab, the program's status would be lost.
    program::reset_signal(libc::SIGCHLD);
    // isolab's own end of the lifeline, copied like every descriptor: only isolab may hold it.
    sys::close(plan.lifeline_keeper);
    line.done(Step::DeathSignal, die_with_isolab(plan));
    // Where pivot_root(2) takes it along. isolab's working directory would stay within reach.
    line.done(Step::DeathSignal, sys::chdir(c"/"));
    if let Some(maps) = &plan.id_maps {
        wait_for_gate(launch, gate::IDS);
        report.pid1.end(Step::WaitIds);
        if maps.become_root {
            line.done(Step::BecomeRoot, credentials::change_ids(0, 0));
            // Changing ids cleared the parent-death signal (prctl(2)).
            line.done(Step::DeathSignal, die_with_isolab(plan));
        }
    }
    if plan.without_init {
        program::as_pid1(launch);
    }
    line.done(Step::CloneProgram, open_executed(report));
    let program = line.done(Step::CloneProgram, program::clone(launch));

    if plan.own_network {
        make_network(launch, &line);
    }
    if let Some(network) = plan.joined_network {
        line.done(Step::Pid1JoinNetwork, network::enter(network));
    }
    if let Some(group) = plan.group.filter(GroupPlan::has_v1) {
        if plan.group_maker == GroupMaker::Program {
            wait_for_child(launch, gate::CGROUP, program);
            report.pid1.end(Step::Pid1WaitCgroup);
        }
        group
            .enter()
            .unwrap_or_else(|(item, errno)| line.fail(Step::Pid1Cgroup, item, errno));
        report.pid1.end(Step::Pid1Cgroup);
    }
    if plan.own_cgroup_view {
        line.done(Step::Pid1CgroupNamespace, sys::unshare(libc::CLONE_NEWCGROUP));
    }
    // Once the program has been executed, `start` returns, and the thread that called it may end.
    line.done(Step::Pid1Lifeline, sys::prctl(libc::PR_SET_PDEATHSIG, 0).map(drop));
    line.done(
        Step::Pid1Privileges,
        exec::become_harmless(plan, report.executed[1].load(Relaxed)),
    );
    let errno = exec::become_init(plan, program);
    line.fail(Step::InitExec, 0, errno)
}

fn make_network(launch: &Launch, line: &Line) {
    let socket = line.done(Step::Network, network::make(launch));
    line.done(Step::Loopback, network::loopback_up(socket));
}

/// Asks for SIGKILL when isolab's thread ends, then looks whether isolab is gone already. For the set-up only: the
/// init watches a socket instead, which does not depend on a thread.
fn die_with_isolab(plan: &Plan) -> Result<(), Errno> {
    sys::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as u64)?;
    if isolab_is_gone(plan) {
        sys::exit_process(125);
    }
    Ok(())
}

fn isolab_is_gone(plan: &Plan) -> bool {
    sys::poll_now(plan.lifeline, 0) & libc::POLLHUP != 0
}

/// How often a gate is looked at before sleeping at it: for less than what a sleep and the wake-up on another processor take.
const YIELDS: u32 = 200;

/// Waits until pid 1 or isolab opens the gate. It needs no look at whether they are alive: pid 1's end is everybody's,
/// and an isolab that ends closes the lifeline.
fn wait_for_gate(launch: &Launch, bit: u32) {
    wait_until(launch, &launch.report.gates, |gates| gates & bit != 0);
}

/// Waits until pid 1's child opens the gate. When it is dead, pid 1 ends as its init would: with its status.
fn wait_for_child(launch: &Launch, bit: u32, child: i32) {
    wait_until(launch, &launch.report.gates, |gates| {
        if gates & bit != 0 {
            return true;
        }
        let mut status = 0i32;
        // SAFETY: room for an int.
        let ended = unsafe { call!(libc::SYS_wait4, child, &raw mut status, libc::WNOHANG, 0) };
        if ended == Ok(child as usize) {
            end_as(launch, status);
        }
        false
    });
}

/// Ends pid 1 because its child has ended so.
fn end_as(launch: &Launch, status: i32) -> ! {
    // isolab has no other way to learn it; when it is gone itself, nobody has to.
    let _ = sys::write(launch.plan.link, &status.to_ne_bytes());
    sys::exit_process(125)
}

/// Opens the pipe that tells when pid 1 has executed its init.
fn open_executed(report: &Report) -> Result<(), Errno> {
    for (end, number) in report.executed.iter().zip(sys::pipe()?) {
        end.store(number, Relaxed);
    }
    Ok(())
}

/// Waits until pid 1 has executed its init. The word alone does not tell: the kernel clears it a moment before pid 1
/// leaves isolab's memory, and in that moment a program could open it (/proc/1/mem).
fn wait_for_init(launch: &Launch) {
    wait_until(launch, &launch.report.pid1_word, |pid1| pid1 == word::RELEASED);
    let (mut byte, reader) = (0u8, launch.report.executed[0].load(Relaxed));
    // Nobody writes to it: it ends with pid 1's exec, or with pid 1 and so with everybody.
    // SAFETY: room for one byte.
    while unsafe { call!(libc::SYS_read, reader, &raw mut byte, 1) } == Err(libc::EINTR) {}
}

/// Waits until the host's mounts are cut off.
fn wait_for_leaver(launch: &Launch) {
    wait_until(launch, &launch.report.leaver_word, |leaver| leaver == word::RELEASED);
}

fn wait_until(launch: &Launch, word: &AtomicU32, reached: impl Fn(u32) -> bool) {
    for _ in 0..YIELDS {
        if reached(word.load(Acquire)) {
            return;
        }
        sys::yield_processor();
    }
    loop {
        let value = word.load(Acquire);
        if reached(value) {
            return;
        }
        sys::futex_wait(word, value, Some(100));
        if isolab_is_gone(&launch.plan) {
            sys::exit_process(125);
        }
    }
}
