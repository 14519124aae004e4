//! The runtime: a fresh process that carries out one start which isolab has planned (`src/bundle.rs`), and ends when the
//! program has been executed.
//!
//! What it does is the library's own code, compiled without the standard library: a C library's start-up alone takes as long as
//! a third of all mounts.

#![no_std]
#![no_main]
#![allow(dead_code, reason = "the library uses the rest of what both share")]

extern crate core as std;

use core::arch::global_asm;
use core::ffi::CStr;
use core::sync::atomic::Ordering::Acquire;

#[path = "../init/abi.rs"]
mod abi;
#[path = "../src/child/mod.rs"]
mod child;
#[path = "../src/kernel_files.rs"]
mod kernel_files;
#[path = "../src/launch.rs"]
mod launch;
mod memory;
#[path = "../src/plan/mod.rs"]
mod plan;
#[path = "../src/report.rs"]
mod report;
#[path = "../src/rights.rs"]
mod rights;
#[path = "../src/starter.rs"]
mod starter;
#[path = "../src/steps.rs"]
mod steps;
#[path = "../src/sys/mod.rs"]
mod sys;

use launch::{Launch, Roles};
use report::Failure;
use starter::Parent;
use steps::Step;
use sys::{Errno, call};

/// As `docker run` ends when it could not start a container.
const FAILED: i32 = 125;

// Entry: rsp points at argc, argv… (System V ABI, x86-64, 3.4.1).
global_asm!(".globl _start", "_start:", "xor ebp, ebp", "mov rdi, rsp", "and rsp, -16", "call {main}", "ud2", main = sym main);

extern "C" fn main(stack: *const usize) -> ! {
    let began_ns = sys::now_ns();
    // SAFETY: _start passes the stack pointer of the very beginning: argc, then that many pointers to terminated strings.
    let place = unsafe {
        match *stack {
            2.. => CStr::from_ptr(*stack.add(2).cast()),
            _ => c"",
        }
    };
    let Some(launch) = take_over(place) else {
        sys::exit_process(FAILED);
    };
    launch.report.starter.begin_at(began_ns);
    launch.report.starter.end(Step::Runtime);
    match carry_out(launch) {
        Ok(()) => sys::exit_process(0),
        Err(failure) => {
            launch.report.fail(failure);
            sys::exit_process(FAILED)
        }
    }
}

/// Maps the start where isolab has it: `BASE LAUNCH`, both in hexadecimal.
fn take_over(place: &CStr) -> Option<&'static Launch> {
    let mut numbers = place.to_str().ok()?.split(' ').map(|digits| u64::from_str_radix(digits, 16));
    let (base, launch) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_SHARED | libc::MAP_FIXED_NOREPLACE;
    // SAFETY: a mapping that replaces none.
    let mapped = unsafe { map(base, abi::START_BYTES, protection, flags, abi::START_FILE) };
    if mapped != Ok(base as usize) {
        return None;
    }
    // SAFETY: isolab has put a launch there, if it is of the same size; what changes in it is atomic.
    let launch = unsafe { &*(launch as *const Launch) };
    if launch.size != size_of::<Launch>() {
        return None;
    }
    launch.set_stacks(Roles::map().ok()?);
    Some(launch)
}

/// # Safety
/// mmap(2) with these arguments does not change what is mapped.
unsafe fn map(place: u64, bytes: usize, protection: i32, flags: i32, file: i32) -> Result<usize, Errno> {
    // SAFETY: the caller vouches for it.
    unsafe { call!(libc::SYS_mmap, place, bytes, protection, flags, file) }
}

fn carry_out(launch: &Launch) -> Result<(), Failure> {
    // isolab is pid 1's parent: this process ends before it.
    let pid1 = starter::begin(launch, Parent::StartersParent).inspect_err(|_| {
        // Writable, and so is what isolab waits with.
        let _ = launch.plan.ended.map(|ended| sys::add_to_epoll(ended, launch.plan.start_keeper, libc::EPOLLOUT));
    })?;
    if let Some(ended) = launch.plan.ended {
        let failed = |errno| Failure {
            step: Step::Clone,
            item: 0,
            errno,
        };
        // On its way, it stays open when this process has ended.
        rights::send_descriptor(launch.plan.start, pid1.pidfd).map_err(failed)?;
        sys::add_to_epoll(ended, pid1.pidfd, libc::EPOLLIN).map_err(failed)?;
    }
    starter::map_ids(launch, pid1)?;
    starter::wait_for_exec(launch, pid1);
    let report = &launch.report;
    if report.prepared.load(Acquire) {
        if report.by_helper.load(Acquire) {
            // The helper is not the program yet: its end closes with its own exec.
            sys::close(launch.plan.start);
            sys::wait_for_hang_up(launch.plan.start_keeper);
        }
        report.program.end(Step::Exec);
    }
    Ok(())
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    sys::exit_process(FAILED)
}
