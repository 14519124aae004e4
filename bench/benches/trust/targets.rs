//! What the claims are tried on: isolab's own `hello`, which can be told to compute before it says hello, on a target.

use bench::error::Error;
use bench::measure::scheduler::{self, Conductor};
use bench::plan::{Machine, Schedule};
use bench::targets::local::Local;
use bench::targets::registry::{Purpose, TargetKind};
use bench::targets::{Backend, Target};
use bench::workloads::Workload;
use bench::workloads::image::Image;
use reports::model::Samples;
use reports::{Lang, render};
use std::rc::Rc;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(120);

struct Quiet;

impl Conductor for Quiet {
    fn pause(&mut self, gap: Duration) {
        std::thread::sleep(gap);
    }
    fn stepped(&mut self, _: &str) {}
    fn stopped(&self) -> bool {
        false
    }
}

/// One of the built-in workloads, laid out once.
pub fn image(workload: &str, argument: Option<f64>) -> Result<Rc<Image>, Error> {
    let args = argument.map(|argument| argument.to_string()).into_iter().collect();
    Image::build(&Workload::own(workload, args)?, 0).map(Rc::new)
}

/// That image on a target, under a name of its own.
pub fn target(on: &str, name: &str, image: &Rc<Image>) -> Result<Box<dyn Target>, Error> {
    Ok(Box::new(Local::new(name, backend(on)?, Rc::clone(image), TIMEOUT)?))
}

fn backend(on: &str) -> Result<Box<dyn Backend>, Error> {
    let machine = Machine::default();
    let purpose = Purpose::measured(&machine, TIMEOUT);
    let backend = TargetKind::find(on)?.backend(&purpose);
    backend.ok_or_else(|| Error::new(format!("{on} runs no program")))
}

/// Runs the targets in turns.
pub fn samples(targets: &mut [Box<dyn Target>], runs: u32, seed: u64) -> Result<Samples, Error> {
    let plan = Schedule {
        runs,
        warmup: 0,
        memory_runs: 0,
        idle_gap: Duration::ZERO,
        seed,
    };
    let measured = scheduler::run(targets, &plan, &mut Quiet);
    if let Some((_, error)) = measured.unavailable.into_iter().next() {
        return Err(error);
    }
    match measured.samples.iter().find_map(|sample| sample.error) {
        Some(error) => Err(Error::new(render::reason(&error, Lang::En))),
        None => Ok(measured.samples),
    }
}

/// The start-up times of each target, in the order of their runs.
pub fn ready_ms(targets: &mut [Box<dyn Target>], runs: u32, seed: u64) -> Result<Vec<Vec<f64>>, Error> {
    let samples = samples(targets, runs, seed)?;
    let of = |name: &str| samples.of(name).filter_map(|sample| sample.ready_ms()).collect();
    Ok(targets.iter().map(|target| of(target.name())).collect())
}

/// The first runs of a program also read it into the page cache.
pub fn warm_up(targets: &mut [Box<dyn Target>]) -> Result<(), Error> {
    samples(targets, 3, 0).map(drop)
}
