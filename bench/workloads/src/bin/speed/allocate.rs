//! Allocates and frees memory of many sizes.
//!
//! It is mostly the C library's work, with a visit to the kernel now and then. The amount counts thousand allocations of 16
//! bytes to 32 KiB, of which up to 512 live at once. What differs between targets is the price of the kernel's share: fresh
//! pages, and memory given back.

use crate::random::Random;
use crate::samples::Samples;
use crate::work::{Done, Request, Work, Workload};
use std::time::Instant;

pub const WORKLOAD: Workload = Workload {
    name: "allocate",
    counts: "thousand allocations",
    usual: 50,
    prepare,
};

const ALIVE: usize = 512;
/// Allocations between two looks at the clock.
const BATCH: u64 = 100;

fn prepare(request: Request) -> Result<Work, String> {
    let batches = request.amount * 1000 / BATCH;
    let mut samples = Samples::new(batches);
    Ok(Box::new(move || {
        let mut random = Random::new();
        let mut alive: Vec<Vec<u8>> = (0..ALIVE).map(|_| Vec::new()).collect();
        let mut sum = 0_u64;
        let start = Instant::now();
        for _ in 0..batches {
            samples.time(BATCH, || {
                for _ in 0..BATCH {
                    // Sizes spread evenly over powers of two: small ones are as frequent as in programs.
                    let bytes = 16 << random.below(12);
                    let place = random.below(ALIVE as u64) as usize;
                    let mut memory = Vec::with_capacity(bytes);
                    memory.push(bytes.trailing_zeros() as u8);
                    sum += u64::from(
                        std::mem::replace(&mut alive[place], memory)
                            .first()
                            .copied()
                            .unwrap_or(0),
                    );
                }
            });
        }
        Ok(Done {
            ops: batches * BATCH,
            elapsed: start.elapsed(),
            checksum: sum,
            metrics: samples.in_ns("allocation").into(),
        })
    }))
}
