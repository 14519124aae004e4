//! Ends badly, as it is asked to: `segv`, `oom`, `panic` of the guest kernel, `fork-bomb`. What else does it take down?
//!
//! `crash KIND` writes what it is about to do and does it. It cannot harm a host: it takes at most [`MOST_MEMORY`], makes at most
//! [`MOST_CHILDREN`] processes, which do nothing and die with it, and asks no kernel but the built-in guest kernel to panic.

use super::Workload;
use super::kernel::{self, Child};
use std::hint::black_box;
use std::io::Write;

pub const WORKLOAD: Workload = Workload { name: "crash", run };

/// The most memory that `oom` takes: twice what a micro-VM has by default.
const MOST_MEMORY: usize = 256 << 20;
const PIECE: usize = 1 << 20;
/// The most processes that `fork-bomb` makes.
const MOST_CHILDREN: usize = 200;
/// No program has anything here: the lowest addresses are never mapped (mmap_min_addr, proc_sys_vm(5)).
const NOWHERE: usize = 0x10;
/// The system call that makes the built-in guest kernel panic (`microvm/abi.rs`). Linux has none of that number.
const PANIC: i64 = 0x6372_7368;

fn run(arguments: &[String]) -> Result<(), String> {
    match arguments.first().map(String::as_str) {
        Some("segv") => segv(),
        Some("oom") => out_of_memory(),
        Some("panic") => panic(),
        Some("fork-bomb") => fork_bomb(),
        _ => Err("say how: segv, oom, panic or fork-bomb".into()),
    }
}

fn say(text: &str) {
    let mut stdout = std::io::stdout();
    // What is to be shown happens whether somebody reads of it or not.
    let _ = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
}

fn segv() -> Result<(), String> {
    say(&format!("writing to the address {NOWHERE:#x}"));
    // SAFETY: it is not: this is what is to be shown. Nothing is mapped there, and the write ends the program.
    unsafe { std::ptr::without_provenance_mut::<u8>(black_box(NOWHERE)).write_volatile(1) };
    Err("the write went through".into())
}

fn out_of_memory() -> Result<(), String> {
    // Before any other program, should the host run out of memory all the same (proc_pid_oom_score_adj(5)).
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    kernel::limit_address_space(MOST_MEMORY as u64);
    say("taking memory, and writing to all of it");
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    loop {
        let mut piece = Vec::new();
        if piece.try_reserve_exact(PIECE).is_err() || pieces.len() * PIECE >= MOST_MEMORY {
            let taken = (pieces.len() * PIECE) >> 20;
            return Err(format!(
                "{taken} MiB, and nothing ended it: it stops by itself here (--memory sets a limit)"
            ));
        }
        piece.resize(PIECE, 1);
        pieces.push(black_box(piece));
    }
}

fn panic() -> Result<(), String> {
    let [name, ..] = kernel::names();
    if name != "isolab" {
        return Err(format!(
            "the kernel here is {name}, which is not asked to panic; the built-in guest kernel is (--on microvm)"
        ));
    }
    say("asking the guest kernel to panic");
    Err(format!("it did not: {}", kernel::call(PANIC)))
}

fn fork_bomb() -> Result<(), String> {
    say("making processes, one after the other");
    let mut children = Vec::new();
    while children.len() < MOST_CHILDREN {
        match Child::new() {
            Ok(child) => children.push(child),
            Err(error) => {
                say(&format!(
                    "the kernel refused after {} processes: {error}",
                    children.len()
                ));
                return Ok(());
            }
        }
    }
    say(&format!(
        "{} processes, and nothing stopped it: it stops by itself here (--pids sets a limit)",
        children.len()
    ));
    Ok(())
}
