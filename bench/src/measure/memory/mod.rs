//! What one more instance takes of the host's memory, and of what it consists.
//!
//! A [`look`] holds one instance in its first write ([`hold`]), for the [`views`] that other tools show, and then starts one
//! after the other ([`series`]) and sees how the memory that the host uses ([`host`]) rises with each ([`slope`]). The
//! processes' own memory is read from a few of those instances ([`parts`]); the rest of the rise is what the kernel keeps for
//! one: page tables, stacks, namespaces, cgroups, and files in a tmpfs.

pub mod hold;
pub mod host;
pub mod parts;
pub mod series;
mod slope;
mod smaps;
mod tasks;
mod views;

pub use views::of_instance;

use crate::error::Error;
use crate::targets::{Backend, cgroup};
use crate::workloads::image::Image;
use hold::{Held, Stage};
use reports::model::{self, Interval, Message};
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

/// What one more instance takes of the host's memory: the slope of the memory that the host uses, page cache left out,
/// over the number of instances that are alive at once. `kernel_bytes` is the rest that the parts of its processes leave.
#[derive(Clone, Debug, Default, PartialEq)]
struct OneMore {
    /// The slope.
    bytes: u64,
    /// Its standard error.
    standard_error_bytes: u64,
    /// How many instances were alive at the end.
    instances: u32,
    /// Anonymous and shared memory of the program.
    program_bytes: u64,
    /// Of the container's own processes.
    runtime_bytes: u64,
    /// Of the virtual machine monitor.
    monitor_bytes: u64,
    /// Of the guest.
    guest_ram_bytes: u64,
    /// What the kernel keeps for it: page tables, stacks, namespaces, cgroups, files in a tmpfs.
    kernel_bytes: u64,
    /// File pages that the instance maps, not counted in `bytes`: they are there once for all instances, as page cache.
    shared_file_bytes: u64,
}

/// Half of a 95 % interval, in standard errors.
const REACH: f64 = 1.96;

impl OneMore {
    /// Notes it in a look, with what distorts it on this host.
    fn note(&self, look: &mut model::Instance) {
        let figures = [
            ("memory_bytes", self.bytes),
            ("memory_program_bytes", self.program_bytes),
            ("memory_runtime_bytes", self.runtime_bytes),
            ("memory_monitor_bytes", self.monitor_bytes),
            ("memory_guest_ram_bytes", self.guest_ram_bytes),
            ("memory_kernel_bytes", self.kernel_bytes),
            ("memory_shared_file_bytes", self.shared_file_bytes),
        ];
        // A part that a target has not, such as guest RAM of a process, is no figure of it.
        for (id, bytes) in figures.into_iter().filter(|(_, bytes)| *bytes > 0) {
            look.metrics.set(id, bytes as f64);
        }
        let (bytes, reach) = (self.bytes as f64, REACH * self.standard_error_bytes as f64);
        let interval = Interval {
            low: bytes - reach,
            high: bytes + reach,
        };
        look.intervals.insert("memory_bytes".into(), interval);
        look.alive = Some(self.instances);
        look.caveats = host::distortions();
    }
}

/// Looks at the memory of `image` on this backend. Every instance may take at most `timeout` to its first write.
pub fn look(backend: &dyn Backend, image: &Image, timeout: Duration, budget: Budget) -> Result<model::Instance, Error> {
    let stage = Stage::new()?;
    let hold = || stage.hold(backend, image, timeout);
    let first = hold()?;
    let mut look = views::of_instance(first.instance());
    hold::end(vec![first])?;
    match one_more(&hold, &look, budget)? {
        Ok(one_more) => one_more.note(&mut look),
        Err(why) => drop(look.missing.insert("memory_bytes".into(), why)),
    }
    Ok(look)
}

/// Tries until there is a figure, or no more patience. The inner error is why there is none.
fn one_more(
    hold: &dyn Fn() -> Result<Held, Error>,
    one: &model::Instance,
    mut budget: Budget,
) -> Result<Result<OneMore, Message>, Error> {
    let resident = one.metrics.get("rss_bytes").unwrap_or(0.0);
    let available = available_bytes();
    if resident * series::FEWEST as f64 > available as f64 / 2.0 {
        return Ok(Err(Message::new("little-memory")
            .with("mib", (available >> 20) as f64)
            .with("count", series::FEWEST as f64)));
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
    one: &model::Instance,
    budget: Budget,
) -> Result<Result<OneMore, Message>, Error> {
    let unique = one.metrics.get("uss_bytes").unwrap_or(0.0);
    let rest_bytes = (unique * PART_AT_REST).max(LEAST_AT_REST_BYTES);
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
        return Ok(Err(Message::new("memory-came-back")
            .with("kib", (slope.bytes / 1024.0).round())
            .with("own", (parts.own() >> 10) as f64)));
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
    }))
}

/// The parts of one that is typical of several; the last ones may still be on their way to rest.
pub fn parts_of_several(instances: &[Held]) -> Result<parts::Parts, Message> {
    let count = instances.len();
    let mut all = [count / 3, count / 2, count * 2 / 3]
        .into_iter()
        .filter_map(|index| instances.get(index))
        .map(|held| parts::of_processes(&tasks::processes(held.instance())))
        .collect::<Result<Vec<_>, _>>()?;
    all.sort_by_key(parts::Parts::own);
    all.get(all.len() / 2)
        .copied()
        .ok_or_else(|| Message::new("too-few-instances"))
}

/// That a file of the kernel cannot be read.
fn cannot_read(path: &str, error: &std::io::Error) -> Message {
    Message::new("cannot-read")
        .with("path", path)
        .with("answer", error.to_string())
}

/// Memory that can be given to new instances without swapping (MemAvailable, proc_meminfo(5)), and that the limits of isolab's
/// own control groups leave.
pub fn available_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let host = crate::host::meminfo_bytes(&text, "MemAvailable").unwrap_or(0);
    cgroup::left_to_this_process().map_or(host, |left| left.min(host))
}
