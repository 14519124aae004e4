//! A fixed amount of floating-point work in vector registers.
//!
//! No kernel and hardly any memory, as in `cpu`. The amount counts million steps of the logistic map in chaos, of 1024
//! numbers side by side, which the compiler puts into vector instructions. A processor whose vector state had to be saved
//! more often, or lazily, by a hypervisor would show here.

use crate::work::{Done, Request, Work, Workload};
use std::time::Instant;

pub const WORKLOAD: Workload = Workload {
    name: "float",
    counts: "million steps",
    usual: 200,
    prepare,
};

const LANES: usize = 1024;

fn prepare(request: Request) -> Result<Work, String> {
    let rounds = request.amount * 1_000_000 / LANES as u64;
    let mut lanes = [0_f32; LANES];
    for (index, lane) in lanes.iter_mut().enumerate() {
        *lane = (index as f32 + 0.5) / LANES as f32;
    }
    Ok(Box::new(move || {
        let start = Instant::now();
        for _ in 0..rounds {
            for lane in &mut lanes {
                *lane = 3.99 * *lane * (1.0 - *lane);
            }
        }
        let elapsed = start.elapsed();
        let checksum = lanes
            .iter()
            .fold(0_u64, |sum, lane| sum.rotate_left(7) ^ u64::from(lane.to_bits()));
        Ok(Done {
            ops: rounds * LANES as u64,
            elapsed,
            checksum,
            metrics: Vec::new(),
        })
    }))
}
