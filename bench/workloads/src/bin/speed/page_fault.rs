//! Touches fresh pages, which the kernel has to find, clear and map.
//!
//! The amount counts MiB of small pages (256 in each). A virtual machine's page is mapped twice: by the guest's kernel, and
//! at its first use by the host's, which then stays.

use crate::kernel::{Mapping, PAGE};
use crate::samples::Samples;
use crate::work::{Done, Request, Work, Workload};
use std::time::Instant;

pub const WORKLOAD: Workload = Workload {
    name: "page-fault",
    counts: "MiB",
    usual: 12,
    prepare,
};

/// MiB that are mapped, touched and unmapped in one go.
const REGION: usize = 1 << 20;
/// Pages between two looks at the clock.
const BATCH: usize = 64;

fn prepare(request: Request) -> Result<Work, String> {
    let mut samples = Samples::new(request.amount * (REGION / PAGE / BATCH) as u64);
    Ok(Box::new(move || {
        let start = Instant::now();
        let mut sum = 0_u64;
        for _ in 0..request.amount {
            let mut region = Mapping::new(REGION).map_err(|error| format!("mmap of {REGION} bytes: {error}"))?;
            // Where this fails, there are no huge pages either.
            let _ = region.huge_pages(false);
            for batch in region.bytes().chunks_mut(BATCH * PAGE) {
                sum += samples.time(BATCH as u64, || {
                    batch
                        .chunks_mut(PAGE)
                        .map(|page| {
                            page[0] = 1;
                            u64::from(page[0]) + u64::from(page[PAGE - 1])
                        })
                        .sum::<u64>()
                });
            }
        }
        Ok(Done {
            ops: request.amount * (REGION / PAGE) as u64,
            elapsed: start.elapsed(),
            checksum: sum,
            metrics: samples.in_ns("fault").into(),
        })
    }))
}
