//! A target without a kernel: its clock is simulated, so that order, statistics and rendering are tested everywhere and in
//! no time.

use super::Target;
use crate::error::Error;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reports::model::{Instance, Message, Phase, Sample};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// The steps of a simulated start, and which share of it each takes.
const STEPS: [(&str, f64); 8] = [
    ("make the machine", 0.1),
    ("load kernel and files", 0.1),
    ("make the processor", 0.1),
    ("guest kernel: entry", 0.1),
    ("guest kernel: load the program", 0.1),
    ("drop privileges", 0.1),
    ("exec", 0.15),
    ("program", 0.25),
];

/// The most that is remembered of what happened.
const MOST_LOGGED: usize = 10_000;

/// What all mock targets of a test share: the time, and what happened.
#[derive(Debug, Default)]
pub struct World {
    now_ms: Cell<f64>,
    log: RefCell<Vec<String>>,
}

impl World {
    /// Simulated milliseconds since the beginning.
    pub fn now_ms(&self) -> f64 {
        self.now_ms.get()
    }

    /// Lets time pass.
    pub fn pass(&self, ms: f64) {
        self.now_ms.set(self.now_ms.get() + ms);
    }

    /// The names of the targets in the order in which they ran, the first ten thousand; memory is `NAME?`.
    pub fn log(&self) -> Vec<String> {
        self.log.borrow().clone()
    }

    fn note(&self, what: impl FnOnce() -> String) {
        let mut log = self.log.borrow_mut();
        if log.len() < MOST_LOGGED {
            log.push(what());
        }
    }
}

/// What a mock run does, by its number from 0, warm-up included.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The workload's first byte comes after this time.
    Ready(f64),
    /// The workload fails.
    Fails(Message),
    /// The target cannot start it.
    Refuses(Error),
}

/// A target that does what it is told.
pub struct Mock {
    name: String,
    world: Rc<World>,
    runs: u32,
    script: Box<dyn FnMut(u32) -> Outcome>,
}

impl Mock {
    /// A target whose every run does what `script` says.
    pub fn new(name: &str, world: &Rc<World>, script: impl FnMut(u32) -> Outcome + 'static) -> Self {
        Mock {
            name: name.into(),
            world: Rc::clone(world),
            runs: 0,
            script: Box::new(script),
        }
    }

    /// What `--on simulated` runs: starts of one to two milliseconds.
    pub fn simulated(name: &str, seed: u64) -> Self {
        Mock::noisy(name, &Rc::default(), seed, 1.0, 0.1)
    }

    /// A target that takes `floor_ms` and an exponential tail of mean `tail_ms`.
    pub fn noisy(name: &str, world: &Rc<World>, seed: u64, floor_ms: f64, tail_ms: f64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        Mock::new(name, world, move |_| {
            Outcome::Ready(floor_ms - tail_ms * (1.0 - random.random::<f64>()).ln())
        })
    }
}

impl Target for Mock {
    fn name(&self) -> &str {
        &self.name
    }

    fn describe(&self) -> reports::model::Target {
        reports::model::Target {
            name: self.name.clone(),
            version: "simulated".into(),
            ..Default::default()
        }
    }

    fn run(&mut self) -> Result<Sample, Error> {
        self.world.note(|| self.name.clone());
        let run = self.runs;
        self.runs += 1;
        let sample = Sample {
            target: (&self.name).into(),
            ..Sample::default()
        };
        match (self.script)(run) {
            Outcome::Refuses(error) => Err(error),
            Outcome::Fails(error) => Ok(Sample {
                exit_code: 1,
                error: Some(error),
                ..sample
            }),
            Outcome::Ready(ms) => {
                self.world.pass(ms);
                // Real clocks count nanoseconds.
                let share = |share: f64| (ms * share * 1e6).round() / 1e6;
                let phase = |(name, part): (&str, f64)| Phase {
                    name: name.into(),
                    ms: share(part),
                };
                let metrics = [
                    ("ready_ms", share(1.0)),
                    ("exit_ms", share(1.0)),
                    ("page_faults", 30.0),
                    ("context_switches", 1.0),
                ];
                Ok(Sample {
                    metrics: metrics.into(),
                    phases: STEPS.map(phase).into(),
                    vm_exits: [("exit port".into(), 1), ("phase port".into(), 2)].into(),
                    ..sample
                })
            }
        }
    }

    fn system_calls(&mut self) -> Result<u64, Message> {
        Err(Message::new("simulated"))
    }

    fn memory(&mut self) -> Result<Instance, Error> {
        self.world.note(|| format!("{}?", self.name));
        Ok(Instance {
            metrics: [("uss_bytes", f64::from(1 << 20))].into(),
            ..Instance::default()
        })
    }
}
