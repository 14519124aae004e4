//! A target on this host's kernel: a backend under the stopwatch, with the image of the workload.

use super::{Backend, Output, Target, Wrote};
use crate::error::Error;
use crate::measure::clock::ms_between;
use crate::measure::memory;
use crate::measure::memory::series::Budget;
use crate::measure::ready::Ready;
use crate::measure::stopwatch::{self, Observation};
use crate::measure::work::Report;
use crate::workloads::image::Image;
use crate::workloads::sha256;
use reports::model::{self, Message};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

/// A target on this host's kernel.
pub struct Local {
    name: String,
    backend: Box<dyn Backend>,
    image: Rc<Image>,
    timeout: Duration,
    described: model::Target,
    metrics: Vec<model::Definition>,
    wrote: Wrote,
}

impl Wrote {
    fn and(self, output: Output) -> Self {
        match self {
            Wrote::Nothing => Wrote::Once(output),
            Wrote::Once(before) | Wrote::Always(before) if before == output => Wrote::Always(output),
            _ => Wrote::Various,
        }
    }
}

impl Local {
    /// Runs `image` on `backend`, each time for at most `timeout`. `name` is that of its row.
    pub fn new(name: &str, backend: Box<dyn Backend>, image: Rc<Image>, timeout: Duration) -> Result<Self, Error> {
        let described = model::Target {
            name: name.into(),
            ..backend.describe(&image)?
        };
        Ok(Local {
            name: name.into(),
            backend,
            image,
            timeout,
            described,
            metrics: Vec::new(),
            wrote: Wrote::Nothing,
        })
    }
}

impl Target for Local {
    fn name(&self) -> &str {
        &self.name
    }

    fn describe(&self) -> model::Target {
        self.described.clone()
    }

    fn run(&mut self) -> Result<model::Sample, Error> {
        let seen = stopwatch::run(self.backend.as_ref(), &self.image, self.timeout)?;
        let report = Report::read(&seen.stdout.bytes);
        for definition in report.iter().flat_map(Report::definitions) {
            if !self.metrics.iter().any(|known| known.id == definition.id) {
                self.metrics.push(definition);
            }
        }
        let sample = sample(self.name(), &seen, report.as_ref(), self.image.ready(), self.timeout);
        if sample.error.is_none() && self.wrote != Wrote::Various {
            let output = Output {
                length: seen.stdout.length,
                sha256: sha256(&seen.stdout.bytes),
            };
            self.wrote = std::mem::replace(&mut self.wrote, Wrote::Various).and(output);
        }
        Ok(sample)
    }

    fn wrote(&self) -> &Wrote {
        &self.wrote
    }

    fn metrics(&self) -> Vec<model::Definition> {
        self.metrics.clone()
    }

    fn files(&self) -> Result<Vec<PathBuf>, Error> {
        self.backend.files(&self.image)
    }

    fn system_calls(&mut self) -> Result<u64, Message> {
        stopwatch::system_calls(self.backend.as_ref(), &self.image, self.timeout)
    }

    fn memory(&mut self) -> Result<model::Instance, Error> {
        memory::look(self.backend.as_ref(), &self.image, self.timeout, Budget::default())
    }
}

fn sample(
    target: &str,
    seen: &Observation,
    report: Option<&Report>,
    ready: &Ready,
    timeout: Duration,
) -> model::Sample {
    let mut metrics = seen.counted.clone();
    metrics.set("exit_ms", ms_between(seen.asked_ns, seen.gone_ns));
    if let Some(ready_ns) = seen.ready_ns {
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
        error: error(seen, ready, timeout),
        ..model::Sample::default()
    }
}

/// The steps of the start, and the program's own way to its first byte, or to another mark.
fn phases(seen: &Observation) -> Vec<model::Phase> {
    let Some(ready_ns) = seen.ready_ns else {
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
pub fn error(seen: &Observation, ready: &Ready, timeout: Duration) -> Option<Message> {
    let why = match &seen.end {
        _ if seen.timed_out => Message::new("timed-out").with("seconds", timeout.as_secs_f64()),
        end if end.failure.is_some() => return end.failure.clone().map(Message::plain),
        end if end.killed().is_some() => return end.killed().map(|why| with_said(why, seen)),
        end if end.status != 0 => Message::new("status").with("status", f64::from(end.status)),
        _ if seen.ready_ns.is_some() => return None,
        _ => match ready {
            Ready::Line(text) if seen.stdout.first_ns.is_some() => Message::new("no-line").with("line", text.as_str()),
            _ => Message::new("no-output"),
        },
    };
    let why = match &seen.end.note {
        Some(note) => Message::new("noted").with("why", why).with("note", note.clone()),
        None => why,
    };
    Some(with_said(why, seen))
}

/// Why a run failed, with what the program wrote to stderr.
fn with_said(why: Message, seen: &Observation) -> Message {
    why.with_said(&String::from_utf8_lossy(&seen.stderr.bytes))
}
