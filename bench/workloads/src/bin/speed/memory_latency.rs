//! Follows pointers through memory in random order.
//!
//! It shows what one access costs, from the cache to pages that no TLB holds. The amount is the largest size in MiB;
//! smaller ones are 1 and 16 MiB. Each step waits for the one before. Where the TLB misses, a processor in a virtual
//! machine walks two page tables (nested paging, up to 24 steps for 4); huge pages make both walks shorter, so the largest
//! size is measured with and without them.

use crate::kernel::{HUGE_PAGE, Mapping};
use crate::random::Random;
use crate::work::{Done, Metric, Request, Work, Workload};
use std::time::{Duration, Instant};

pub const WORKLOAD: Workload = Workload {
    name: "memory-latency",
    counts: "MiB of the largest size",
    usual: 40,
    prepare,
};

/// Bytes of a cache line; each holds one pointer.
const LINE: usize = 64;
const STEPS: u64 = 200_000;

/// A chain through all lines of a memory, in random order.
struct Chain {
    name: String,
    memory: Mapping,
}

impl Chain {
    fn new(mebibytes: u64, huge: bool) -> Result<Option<Chain>, String> {
        let bytes = (mebibytes as usize) << 20;
        let wanted = bytes.next_multiple_of(HUGE_PAGE);
        let mut memory = Mapping::new(wanted).map_err(|error| format!("{mebibytes} MiB of memory: {error}"))?;
        // A kernel that cannot be asked has none to give.
        if memory.huge_pages(huge).is_err() && huge {
            return Ok(None);
        }
        // Sattolo's shuffle: one cycle through all lines.
        let lines = (bytes / LINE) as u64;
        let mut order: Vec<u32> = (0..lines as u32).collect();
        let mut random = Random::new();
        for last in (1..lines).rev() {
            order.swap(last as usize, random.below(last) as usize);
        }
        let words = memory.bytes();
        for (line, next) in order.iter().enumerate() {
            let place = line * LINE;
            words[place..place + 4].copy_from_slice(&next.to_ne_bytes());
        }
        let name = format!("step_{mebibytes}_mib{}", if huge { "_huge" } else { "" });
        Ok(Some(Chain { name, memory }))
    }

    /// Follows it; gives the line where it ends up.
    fn follow(&mut self) -> (u64, Duration) {
        let words = self.memory.bytes();
        let start = Instant::now();
        let mut line = 0_u32;
        for _ in 0..STEPS {
            let place = line as usize * LINE;
            let Some(next) = words.get(place..).and_then(|rest| rest.first_chunk()) else {
                break;
            };
            line = u32::from_ne_bytes(*next);
        }
        (u64::from(line), start.elapsed())
    }
}

fn prepare(request: Request) -> Result<Work, String> {
    let mut sizes = vec![1, 16, request.amount];
    sizes.retain(|size| *size <= request.amount);
    sizes.dedup();
    let mut chains = Vec::new();
    for size in sizes {
        chains.extend(Chain::new(size, false)?);
    }
    chains.extend(Chain::new(request.amount, true)?);
    Ok(Box::new(move || {
        let start = Instant::now();
        let mut checksum = 0_u64;
        let mut metrics = Vec::new();
        for mut chain in chains {
            let (end, elapsed) = chain.follow();
            checksum = checksum.rotate_left(9) ^ end;
            metrics.push(Metric::lower(
                chain.name,
                elapsed.as_nanos() as f64 / STEPS as f64,
                "ns",
            ));
        }
        Ok(Done {
            ops: STEPS * metrics.len() as u64,
            elapsed: start.elapsed(),
            checksum,
            metrics,
        })
    }))
}
