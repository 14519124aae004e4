//! Reads, writes and copies large arrays.
//!
//! It shows what the way to memory carries. The amount is the size of each of two arrays in MiB. A large shared cache may
//! hold them: take more then. A virtual machine translates addresses twice (nested paging), which costs little here, since
//! whole pages are used in order.

use crate::work::{Done, Metric, Request, Work, Workload};
use std::time::{Duration, Instant};

pub const WORKLOAD: Workload = Workload {
    name: "memory-bandwidth",
    counts: "MiB of each array",
    usual: 24,
    prepare,
};

const PASSES: u32 = 6;

fn prepare(request: Request) -> Result<Work, String> {
    let words = (request.amount as usize) << 17;
    let array = |first: u64| {
        let mut array: Vec<u64> = Vec::new();
        array
            .try_reserve_exact(words)
            .map_err(|error| format!("{} MiB of memory: {error}", request.amount))?;
        array.extend((0..words as u64).map(|index| index ^ first));
        Ok::<_, String>(array)
    };
    let (mut from, mut to) = (array(1)?, array(2)?);
    Ok(Box::new(move || {
        let start = Instant::now();
        let mut sum = 0_u64;
        let [mut read, mut written, mut copied] = [Duration::ZERO; 3];
        for pass in 0..PASSES {
            let began = Instant::now();
            sum = from.iter().fold(sum, |sum, word| sum.wrapping_add(*word));
            read += began.elapsed();
            let began = Instant::now();
            to.fill(std::hint::black_box(u64::from(pass)));
            written += began.elapsed();
            let began = Instant::now();
            to.copy_from_slice(std::hint::black_box(&from));
            copied += began.elapsed();
            std::mem::swap(&mut from, &mut to);
        }
        let elapsed = start.elapsed();
        let bytes = words as u64 * 8 * u64::from(PASSES);
        // What copying carries is counted once, as in memcpy's figures.
        let rate = |name, time: Duration| Metric::higher(name, bytes as f64 / time.as_secs_f64() / 1e9, "GB/s");
        Ok(Done {
            ops: bytes * 3,
            elapsed,
            checksum: sum ^ to.iter().fold(0_u64, |sum, word| sum.wrapping_add(*word)),
            metrics: vec![rate("read", read), rate("write", written), rate("copy", copied)],
        })
    }))
}
