//! Two processes that wait for each other in turn, over pipes.
//!
//! It shows what the scheduler takes to change from one to the other. The amount counts hundred round trips of one byte.
//! Each is four system calls and two wake-ups. On one processor they are context switches; on two, one processor wakes the
//! other, which in a virtual machine may need the hypervisor.

use crate::partner::{self, ECHO};
use crate::samples::Samples;
use crate::work::{Done, Request, Work, Workload};
use std::io::{Read, Write};
use std::process::{Child, Stdio};
use std::time::Instant;

pub const WORKLOAD: Workload = Workload {
    name: "switch",
    counts: "hundred round trips",
    usual: 20,
    prepare,
};

fn prepare(request: Request) -> Result<Work, String> {
    let rounds = request.amount * 100;
    let mut samples = Samples::new(rounds);
    let started = partner::command(ECHO)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut partner = started.map_err(|error| format!("cannot start a process: {error}"))?;
    // It has started when it answers.
    round_trip(&mut partner, 0)?;
    Ok(Box::new(move || {
        let mut sum = 0;
        let start = Instant::now();
        for round in 0..rounds {
            sum += samples.time(1, || round_trip(&mut partner, round as u8))?;
        }
        let elapsed = start.elapsed();
        drop(partner.stdin.take());
        let ended = partner.wait();
        if !ended.is_ok_and(|status| status.success()) {
            return Err("the other process failed".into());
        }
        Ok(Done {
            ops: rounds,
            elapsed,
            checksum: sum,
            metrics: samples.in_us("round_trip").into(),
        })
    }))
}

fn round_trip(partner: &mut Child, byte: u8) -> Result<u64, String> {
    let (Some(to), Some(from)) = (&mut partner.stdin, &mut partner.stdout) else {
        return Err("the pipes are gone".into());
    };
    let mut answer = [0];
    let answered = to.write_all(&[byte]).and_then(|()| from.read_exact(&mut answer));
    answered.map_err(|error| format!("the other process does not answer: {error}"))?;
    Ok(u64::from(answer[0]))
}
