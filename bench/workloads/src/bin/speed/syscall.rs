//! Makes one of the cheapest system calls over and over.
//!
//! It shows what it costs to enter the kernel and to come back. The amount counts hundred calls of getppid(2), which the C
//! library never answers by itself. A program in a container enters the host's kernel, through its system-call filter; one
//! in a virtual machine that of its guest, which the host need not know of.

use crate::samples::Samples;
use crate::work::{Done, Request, Work, Workload};
use std::time::Instant;

pub const WORKLOAD: Workload = Workload {
    name: "syscall",
    counts: "hundred calls",
    usual: 50,
    prepare,
};

/// Calls between two looks at the clock.
const BATCH: u64 = 100;

fn prepare(request: Request) -> Result<Work, String> {
    let mut samples = Samples::new(request.amount);
    Ok(Box::new(move || {
        let start = Instant::now();
        for _ in 0..request.amount {
            samples.time(BATCH, || {
                for _ in 0..BATCH {
                    std::hint::black_box(std::os::unix::process::parent_id());
                }
            });
        }
        Ok(Done {
            ops: request.amount * BATCH,
            elapsed: start.elapsed(),
            checksum: request.amount,
            metrics: samples.in_ns("call").into(),
        })
    }))
}
