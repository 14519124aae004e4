//! What one more instance takes of the host's memory, and of what it consists.
//!
//! A [`look`] holds one instance in its first write ([`hold`]), for the [`views`] that other tools show, and then starts one
//! after the other ([`series`]) and sees how the memory that the host uses ([`host`]) rises with each ([`slope`]). The
//! processes' own memory is read from a few of those instances ([`parts`]); the rest of the rise is what the kernel keeps for
//! one: page tables, stacks, namespaces, cgroups, and files in a tmpfs.

pub mod hold;
mod host;
mod parts;
pub mod series;
mod slope;
mod tasks;
mod views;

pub use views::of_instance;

use crate::error::Error;
use crate::targets::Backend;
use crate::workloads::image::Image;
use hold::{Held, Stage};
use reports::model::{Memory, OneMore};
use series::Budget;
use std::time::{Duration, Instant};

/// The memory of all instances of a series together is at most this part of what the host has left.
const PART_OF_HOST: u64 = 4;

/// The host is at rest where its memory drifts by no more than this part of an instance within some 30 ms,
const PART_AT_REST: f64 = 0.125;
/// or by what is little for any instance.
const LEAST_AT_REST_BYTES: f64 = 131_072.0;

impl Default for Budget {
    /// On a quiet host, a look takes 0.2 to 0.4 s.
    fn default() -> Self {
        Budget {
            time: Duration::from_millis(150),
            patience: Duration::from_secs(2),
            bytes: 1 << 30,
        }
    }
}

/// Looks at the memory of `image` on this backend. Every instance may take at most `timeout` to its first write.
pub fn look(backend: &dyn Backend, image: &Image, timeout: Duration, budget: Budget) -> Result<Memory, Error> {
    let stage = Stage::new()?;
    let hold = || stage.hold(backend, image, timeout);
    let first = hold()?;
    let mut memory = views::of_instance(first.instance());
    hold::end(vec![first])?;
    match one_more(&hold, &memory, budget)? {
        Ok(one_more) => memory.one_more = Some(one_more),
        Err(why) => drop(memory.missing.insert("one_more".into(), why)),
    }
    Ok(memory)
}

/// Tries until there is a figure, or no more patience. The inner error is why there is none.
fn one_more(
    hold: &dyn Fn() -> Result<Held, Error>,
    one: &Memory,
    mut budget: Budget,
) -> Result<Result<OneMore, String>, Error> {
    let resident = one.rss_bytes.unwrap_or(0);
    let available = available_bytes();
    if resident.saturating_mul(series::FEWEST as u64) > available / 2 {
        return Ok(Err(format!(
            "the host has too little memory left, {} MiB, for {} instances at once",
            available >> 20,
            series::FEWEST
        )));
    }
    budget.bytes = budget.bytes.min(available / PART_OF_HOST);
    let began = Instant::now();
    loop {
        let found = attempt(hold, one, budget)?;
        if found.is_ok() || began.elapsed() > budget.patience {
            return Ok(found);
        }
    }
}

fn attempt(
    hold: &dyn Fn() -> Result<Held, Error>,
    one: &Memory,
    budget: Budget,
) -> Result<Result<OneMore, String>, Error> {
    let rest_bytes = (one.uss_bytes.unwrap_or(0) as f64 * PART_AT_REST).max(LEAST_AT_REST_BYTES);
    if let Err(why) = series::settle(&mut host::read, rest_bytes, budget.patience / 4) {
        return Ok(Err(why));
    }
    let series = series::grow(&budget, hold, &mut host::read)?;
    let found = parts_of_several(&series.instances).and_then(|parts| Ok((series.rise(parts.anonymous as f64)?, parts)));
    let count = series.instances.len() as u32;
    hold::end(series.instances)?;
    let (slope, parts) = match found {
        Ok(found) => found,
        Err(why) => return Ok(Err(why)),
    };
    let kernel = slope.bytes - parts.own() as f64;
    if kernel < -series::ACCEPTABLE * slope.bytes {
        return Ok(Err(format!(
            "the host's memory rose by {:.0} KiB for each instance, which is less than the {} KiB of its processes: other \
             programs gave memory back meanwhile",
            slope.bytes / 1024.0,
            parts.own() >> 10
        )));
    }
    Ok(Ok(OneMore {
        bytes: slope.bytes as u64,
        standard_error_bytes: slope.standard_error as u64,
        instances: count,
        program_bytes: parts.program,
        runtime_bytes: parts.runtime,
        monitor_bytes: parts.monitor,
        guest_ram_bytes: parts.guest_ram,
        kernel_bytes: kernel.max(0.0) as u64,
        shared_file_bytes: parts.shared_files,
        caveats: host::distortions(),
    }))
}

/// The parts of one that is typical of several; the last ones may still be on their way to rest.
fn parts_of_several(instances: &[Held]) -> Result<parts::Parts, String> {
    let count = instances.len();
    let mut all = [count / 3, count / 2, count * 2 / 3]
        .into_iter()
        .filter_map(|index| instances.get(index))
        .map(|held| parts::of_processes(&tasks::processes(held.instance())))
        .collect::<Result<Vec<_>, _>>()?;
    all.sort_by_key(parts::Parts::own);
    all.get(all.len() / 2)
        .copied()
        .ok_or_else(|| "there were no instances".into())
}

/// Memory that can be given to new instances without swapping (MemAvailable, proc_meminfo(5)).
fn available_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    crate::host::meminfo_bytes(&text, "MemAvailable").unwrap_or(0)
}
