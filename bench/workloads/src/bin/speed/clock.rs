//! Reads the clock over and over.
//!
//! With a vDSO and a good clock source it takes no kernel at all. The amount counts thousand readings of CLOCK_MONOTONIC.
//! Programs that measure or log do it all the time. A virtual machine whose clock has to be asked for in its kernel, or in
//! the hypervisor, shows it here.

use crate::samples::Samples;
use crate::work::{Done, Request, Work, Workload};
use std::time::Instant;

pub const WORKLOAD: Workload = Workload {
    name: "clock",
    counts: "thousand readings",
    usual: 10,
    prepare,
};

/// Readings between two that are looked at.
const BATCH: u64 = 100;

fn prepare(request: Request) -> Result<Work, String> {
    let batches = request.amount * 1000 / BATCH;
    let mut samples = Samples::new(batches);
    Ok(Box::new(move || {
        let start = Instant::now();
        for _ in 0..batches {
            samples.time(BATCH, || {
                for _ in 0..BATCH {
                    std::hint::black_box(Instant::now());
                }
            });
        }
        Ok(Done {
            ops: batches * BATCH,
            elapsed: start.elapsed(),
            checksum: batches,
            metrics: samples.in_ns("reading").into(),
        })
    }))
}
