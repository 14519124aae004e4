//! Starts processes that end at once: fork, exec, exit and wait.
//!
//! It is the life of a shell script's commands. The amount counts processes. The kernel makes page tables, maps a file and
//! takes it all down again, which in a virtual machine means many changes of page tables; with nested paging they stay
//! inside the guest.

use crate::partner::{self, END};
use crate::samples::Samples;
use crate::work::{Done, Request, Work, Workload};
use std::process::{Command, Stdio};
use std::time::Instant;

pub const WORKLOAD: Workload = Workload {
    name: "spawn",
    counts: "processes",
    usual: 100,
    prepare,
};

fn prepare(request: Request) -> Result<Work, String> {
    let mut samples = Samples::new(request.amount);
    let mut command = partner::command(END);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    start_one(&mut command)?;
    Ok(Box::new(move || {
        let start = Instant::now();
        for _ in 0..request.amount {
            samples.time(1, || start_one(&mut command))?;
        }
        Ok(Done {
            ops: request.amount,
            elapsed: start.elapsed(),
            checksum: request.amount,
            metrics: samples.in_us("process").into(),
        })
    }))
}

fn start_one(command: &mut Command) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("a process ended with {status}")),
        Err(error) => Err(format!("cannot start a process: {error}")),
    }
}
