//! A fixed amount of integer work, on the processor alone.
//!
//! Containers and virtual machines on hardware should cost nothing. The amount counts million steps of a xorshift generator
//! whose every step depends on the one before, so that the processor can neither skip nor overlap them. No memory, no
//! kernel: what differs between targets is the processor's time taken away.

use crate::random::Random;
use crate::work::{Done, Request, Work, Workload};
use std::time::Instant;

pub const WORKLOAD: Workload = Workload {
    name: "cpu",
    counts: "million steps",
    usual: 40,
    prepare,
};

fn prepare(request: Request) -> Result<Work, String> {
    let ops = request.amount * 1_000_000;
    Ok(Box::new(move || {
        let start = Instant::now();
        let checksum = work(ops);
        Ok(Done {
            ops,
            elapsed: start.elapsed(),
            checksum,
            metrics: Vec::new(),
        })
    }))
}

/// `steps` steps of the generator, with a multiplication mixed into the sum.
fn work(steps: u64) -> u64 {
    let mut random = Random::new();
    let mut sum = 0_u64;
    for _ in 0..steps {
        sum = sum
            .rotate_left(5)
            .wrapping_add(random.next())
            .wrapping_mul(0x2545_f491_4f6c_dd1d);
    }
    sum
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_checksum_depends_on_every_step() {
        let sums: std::collections::HashSet<u64> = (1..1000).map(super::work).collect();
        assert_eq!(sums.len(), 999);
    }
}
