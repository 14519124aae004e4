//! A target on this host's kernel: a backend under the stopwatch, with the image of the workload and, where the workload
//! would not hold still for its memory to be looked at, of one that does.

use super::{Backend, Target};
use crate::error::Error;
use crate::measure::clock::ms_between;
use crate::measure::memory;
use crate::measure::stopwatch::{self, Observation};
use crate::measure::work::Report;
use crate::workloads::image::Image;
use reports::model::{self, Message};
use std::rc::Rc;
use std::time::Duration;

/// How many instances are alive at once, at most, when the host is asked how much memory it has left.
const MOST_INSTANCES: u64 = 10;
/// Together they take no more than this, but for two of them, which are the least to say anything of one's share.
const ENOUGH_BYTES: u64 = 256 << 20;

/// A backend, and what it is to run.
pub struct Subject {
    /// How.
    pub backend: Box<dyn Backend>,
    /// What.
    pub image: Rc<Image>,
}

/// A target on this host's kernel.
pub struct Local {
    timed: Subject,
    still: Subject,
    timeout: Duration,
    described: model::Target,
    metrics: Vec<model::Definition>,
}

impl Local {
    /// `timed` is timed, and the memory of `still` is looked at. Every run may take at most `timeout`.
    pub fn new(timed: Subject, still: Subject, timeout: Duration) -> Result<Self, Error> {
        let described = timed.backend.describe(&timed.image)?;
        Ok(Local {
            timed,
            still,
            timeout,
            described,
            metrics: Vec::new(),
        })
    }
}

impl Target for Local {
    fn name(&self) -> &str {
        self.timed.backend.name()
    }

    fn describe(&self) -> model::Target {
        self.described.clone()
    }

    fn run(&mut self) -> Result<model::Sample, Error> {
        let seen = stopwatch::run(self.timed.backend.as_ref(), &self.timed.image, self.timeout)?;
        let report = Report::read(&seen.stdout.bytes);
        for definition in report.iter().flat_map(Report::definitions) {
            if !self.metrics.iter().any(|known| known.id == definition.id) {
                self.metrics.push(definition);
            }
        }
        Ok(sample(self.name(), &seen, report.as_ref(), self.timeout))
    }

    fn metrics(&self) -> Vec<model::Definition> {
        self.metrics.clone()
    }

    fn system_calls(&mut self) -> Result<u64, String> {
        stopwatch::system_calls(self.timed.backend.as_ref(), &self.timed.image, self.timeout)
    }

    fn memory(&mut self) -> Result<model::Memory, Error> {
        let hold = || stopwatch::hold(self.still.backend.as_ref(), &self.still.image, self.timeout);
        let one = hold()?;
        let mut memory = memory::of_instance(one.instance());
        one.end()?;
        let before = memory::available_bytes();
        let Some(instances) = instances(memory.rss_bytes, before) else {
            memory.missing.insert(
                "host_delta_bytes".into(),
                "the host has too little memory left for several".into(),
            );
            return Ok(memory);
        };
        let many = (0..instances).map(|_| hold()).collect::<Result<Vec<_>, _>>()?;
        memory::add_host_delta(&mut memory, before, memory::available_bytes(), instances);
        many.into_iter().try_for_each(stopwatch::Held::end)?;
        Ok(memory)
    }
}

/// How many instances of this size to start at once: never so many that the host gets into need.
fn instances(each_bytes: Option<u64>, available_bytes: Option<u64>) -> Option<u32> {
    let (each, available) = (each_bytes?.max(1), available_bytes?);
    let count = (ENOUGH_BYTES / each).clamp(2, MOST_INSTANCES);
    (each.saturating_mul(count) <= available / 4).then_some(count as u32)
}

fn sample(target: &str, seen: &Observation, report: Option<&Report>, timeout: Duration) -> model::Sample {
    let mut metrics = seen.counters.figures();
    metrics.set("exit_ms", ms_between(seen.asked_ns, seen.gone_ns));
    if let Some(ready_ns) = seen.stdout.first_ns {
        metrics.set("ready_ms", ms_between(seen.asked_ns, ready_ns));
    }
    if let Some(report) = report {
        report
            .figures()
            .iter()
            .for_each(|(id, figure)| metrics.set(id.clone(), figure));
        if let Some((first, last)) = seen.stdout.first_ns.zip(seen.stdout.last_ns) {
            metrics.set("outside_ms", ms_between(first, last));
        }
    }
    model::Sample {
        target: target.into(),
        metrics,
        phases: phases(seen),
        checksum: report.and_then(|report| report.checksum.as_deref()).map(Into::into),
        exit_code: seen.end.status,
        vm_exits: seen
            .end
            .vm_exits
            .iter()
            .map(|(reason, count)| (reason.into(), *count))
            .collect(),
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

/// Why the run counts as failed.
fn error(seen: &Observation, timeout: Duration) -> Option<Message> {
    let why = match &seen.end {
        _ if seen.timed_out => Message::new("timed-out").with("seconds", timeout.as_secs_f64()),
        end if end.failure.is_some() => return end.failure.clone().map(Message::plain),
        end if end.status > 128 => Message::new("signal").with("signal", f64::from(end.status - 128)),
        end if end.status != 0 => Message::new("status").with("status", f64::from(end.status)),
        _ if seen.stdout.first_ns.is_none() => Message::new("no-output"),
        _ => return None,
    };
    let said = String::from_utf8_lossy(&seen.stderr.bytes);
    Some(match said.trim() {
        "" => why,
        said => Message::new("said").with("why", why).with("said", said),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_instances_are_started_in_small_numbers_and_never_beyond_what_the_host_has() {
        let mib = |mebibytes: u64| Some(mebibytes << 20);
        assert_eq!(instances(mib(1), mib(1024)), Some(10));
        assert_eq!(instances(mib(64), mib(4096)), Some(4));
        assert_eq!(instances(mib(512), mib(8192)), Some(2));
        assert_eq!(instances(mib(512), mib(2048)), None);
        assert_eq!(instances(None, mib(2048)), None);
    }
}
