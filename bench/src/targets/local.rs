//! A target on this host's kernel: a backend under the stopwatch, with the image of the workload.

use super::{Backend, Target};
use crate::error::Error;
use crate::measure::clock::ms_between;
use crate::measure::memory;
use crate::measure::memory::series::Budget;
use crate::measure::stopwatch::{self, Observation};
use crate::workloads::image::Image;
use reports::model;
use serde::Deserialize;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

/// A target on this host's kernel.
pub struct Local {
    backend: Box<dyn Backend>,
    image: Rc<Image>,
    timeout: Duration,
    described: model::Target,
}

impl Local {
    /// Runs `image` on `backend`, each time for at most `timeout`.
    pub fn new(backend: Box<dyn Backend>, image: Rc<Image>, timeout: Duration) -> Result<Self, Error> {
        let described = backend.describe(&image)?;
        Ok(Local {
            backend,
            image,
            timeout,
            described,
        })
    }
}

impl Target for Local {
    fn name(&self) -> &str {
        self.backend.name()
    }

    fn describe(&self) -> model::Target {
        self.described.clone()
    }

    fn run(&mut self) -> Result<model::Sample, Error> {
        let seen = stopwatch::run(self.backend.as_ref(), &self.image, self.timeout)?;
        Ok(sample(self.name(), &seen, self.timeout))
    }

    fn files(&self) -> Result<Vec<PathBuf>, Error> {
        self.backend.files(&self.image)
    }

    fn system_calls(&mut self) -> Result<u64, String> {
        stopwatch::system_calls(self.backend.as_ref(), &self.image, self.timeout)
    }

    fn memory(&mut self) -> Result<model::Memory, Error> {
        memory::look(self.backend.as_ref(), &self.image, self.timeout, Budget::default())
    }
}

fn sample(target: &str, seen: &Observation, timeout: Duration) -> model::Sample {
    model::Sample {
        target: target.into(),
        ready_ms: seen.stdout.first_ns.map(|ready_ns| ms_between(seen.asked_ns, ready_ns)),
        exit_ms: ms_between(seen.asked_ns, seen.gone_ns),
        phases: phases(seen),
        work: work(seen),
        exit_code: seen.end.status,
        vm_exits: seen
            .end
            .vm_exits
            .iter()
            .map(|(reason, count)| (reason.into(), *count))
            .collect(),
        counters: Some(seen.counters.clone()),
        error: error(seen, timeout),
        ..model::Sample::default()
    }
}

/// The steps of the start, and the program's own way to its first byte.
fn phases(seen: &Observation) -> Vec<model::Phase> {
    let Some(ready_ns) = seen.stdout.first_ns else {
        return Vec::new();
    };
    let mut began_ns = seen.asked_ns;
    let mut phases = Vec::with_capacity(seen.end.stamps.len() + 1);
    let program = ("program".to_owned(), ready_ns);
    for (name, at_ns) in seen
        .end
        .stamps
        .iter()
        .filter(|(_, at_ns)| *at_ns < ready_ns)
        .chain([&program])
    {
        phases.push(model::Phase {
            name: name.into(),
            ms: ms_between(began_ns, *at_ns),
        });
        began_ns = *at_ns;
    }
    phases
}

/// What the lab's workloads say of their work, one line of JSON.
#[derive(Deserialize)]
struct Report {
    ops: u64,
    inside_ms: f64,
    ops_per_s: f64,
    checksum: String,
}

fn work(seen: &Observation) -> Option<model::Work> {
    let line = seen
        .stdout
        .bytes
        .split(|byte| *byte == b'\n')
        .rfind(|line| !line.is_empty())?;
    let report: Report = serde_json::from_slice(line).ok()?;
    Some(model::Work {
        ops_per_s: report.ops_per_s,
        ops: report.ops,
        inside_ms: report.inside_ms,
        outside_ms: seen
            .stdout
            .first_ns
            .zip(seen.stdout.last_ns)
            .map(|(first, last)| ms_between(first, last)),
        checksum: report.checksum,
    })
}

/// Why the run counts as failed.
fn error(seen: &Observation, timeout: Duration) -> Option<String> {
    let said = String::from_utf8_lossy(&seen.stderr.bytes);
    let said = match said.trim() {
        "" => String::new(),
        said => format!("; on stderr: {said}"),
    };
    match &seen.end {
        _ if seen.timed_out => Some(format!(
            "ended after {} s, the time it is allowed{said}",
            timeout.as_secs_f64()
        )),
        end if end.failure.is_some() => end.failure.clone(),
        end if end.status > 128 => Some(format!("the workload was ended by signal {}{said}", end.status - 128)),
        end if end.status != 0 => Some(format!("the workload ended with status {}{said}", end.status)),
        _ if seen.stdout.first_ns.is_none() => Some(format!("the workload wrote nothing to stdout{said}")),
        _ => None,
    }
}
