//! What was asked for, by a command line or a case of a suite, before defaults are filled in.

use super::machine::MachineRequest;
use super::{Plan, RUNS, Schedule, TIMEOUT, WARMUP};
use crate::error::Error;
use crate::host::pin::{CpuList, Pinning};
use crate::kernels;
use crate::measure::clock;
use crate::targets::registry::TargetKind;
use crate::workloads::Workload;
use reports::model::Message;
use std::time::Duration;

/// Looks at the memory of each target: one is as many instances as it needs.
const MEMORY_RUNS: u32 = 1;

/// What was asked for; `None` is not a word said of it.
#[derive(Debug)]
pub struct Request {
    /// What runs everywhere.
    pub workload: Workload,
    /// Another version of it.
    pub against: Option<Workload>,
    /// Where; the first is what the others are compared with.
    pub targets: Option<Vec<TargetKind>>,
    /// Further ones behind them.
    pub launchers: Vec<TargetKind>,
    /// Measured runs.
    pub runs: Option<u32>,
    /// Warm-up runs.
    pub warmup: Option<u32>,
    /// Pause before each start.
    pub idle_gap: Option<Duration>,
    /// How long a run may take.
    pub timeout: Option<Duration>,
    /// Seed of the order within each round.
    pub seed: Option<u64>,
    /// What the instances are given.
    pub machine: MachineRequest,
    /// Bytes of other files in the image.
    pub image_files_bytes: u64,
    /// Whether each start is cold.
    pub cold: bool,
    /// The CPUs to pin to.
    pub pin: Option<CpuList>,
    /// The command line, for the results file.
    pub command: Vec<String>,
}

impl Request {
    /// A workload, and not a word said of anything else.
    pub fn of(workload: Workload) -> Self {
        Request {
            workload,
            against: None,
            launchers: Vec::new(),
            targets: None,
            runs: None,
            warmup: None,
            idle_gap: None,
            timeout: None,
            seed: None,
            machine: MachineRequest::default(),
            image_files_bytes: 0,
            cold: false,
            pin: None,
            command: Vec::new(),
        }
    }

    /// The plan with every default filled in.
    ///
    /// # Errors
    /// A target twice, an option that no target has a use for, a kernel that is missing, a CPU that may not be used.
    pub fn resolve(mut self) -> Result<Plan, Error> {
        if self.targets.is_none() && self.machine.linux.kernel.is_none() {
            self.machine.linux.kernel = kernels::usual();
        }
        let mut targets = match self.targets {
            Some(targets) => targets,
            None => default_targets(self.machine.linux.kernel.is_some()),
        };
        targets.extend(self.launchers);
        let twice = (1..targets.len()).find(|place| targets[..*place].contains(&targets[*place]));
        if let Some(place) = twice {
            let problem = Message::new("target-twice").with("name", targets[place].name.as_str());
            return Err(Error::new(problem).remedy(Message::new("do-each-once")));
        }
        let runs = self.runs.unwrap_or(RUNS);
        Ok(Plan {
            workload: self.workload,
            against: self.against,
            machine: self.machine.resolve(&targets)?,
            targets,
            schedule: Schedule {
                runs,
                warmup: self.warmup.unwrap_or(WARMUP),
                memory_runs: MEMORY_RUNS.min(runs),
                idle_gap: self.idle_gap.unwrap_or_default(),
                // The clock's last digits are as good as random where nobody guesses them.
                seed: self.seed.unwrap_or_else(|| clock::now_ns() % 1_000_000_007),
            },
            image_files_bytes: self.image_files_bytes,
            cold: self.cold,
            pinning: self.pin.as_ref().map(Pinning::new).transpose()?.unwrap_or_default(),
            timeout: self.timeout.unwrap_or(TIMEOUT),
            command: self.command,
        })
    }
}

/// The targets when none is named; a Linux guest is among them where a kernel for it is.
pub fn default_targets(has_kernel: bool) -> Vec<TargetKind> {
    let kinds = TargetKind::built_in().into_iter();
    kinds
        .filter(|kind| kind.by_default || (has_kernel && kind.takes.kernel))
        .collect()
}
