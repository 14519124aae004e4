//! What to measure, resolved completely before anything is measured: command line and suites both make a [`Request`], and
//! [`Request::resolve`] fills in one set of defaults and refuses what cannot be.

mod machine;
mod request;

pub use machine::{LinuxRequest, Machine, MachineRequest, refuse_unused};
pub use request::{Request, default_targets};

use crate::host::pin::Pinning;
use crate::targets::cold;
use crate::targets::registry::TargetKind;
use crate::workloads::Workload;
use reports::model::Version;
use std::time::Duration;

/// Measured runs of each target, by default.
pub const RUNS: u32 = 30;
/// Warm-up runs of each target, by default.
pub const WARMUP: u32 = 3;
/// How long a run may take, by default.
pub const TIMEOUT: Duration = Duration::from_secs(30);
/// The most measured runs.
pub const MOST_RUNS: u32 = 100_000;

/// What to measure, where and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What runs everywhere.
    pub workload: Workload,
    /// Another version of it, which runs everywhere as well, by turns.
    pub against: Option<Workload>,
    /// Where; the first is what the others are compared with.
    pub targets: Vec<TargetKind>,
    /// How often.
    pub schedule: Schedule,
    /// What the instances are given.
    pub machine: Machine,
    /// Bytes of other files in the image.
    pub image_files_bytes: u64,
    /// Whether each start is cold: the files that it reads are dropped from the page cache before.
    pub cold: bool,
    /// The CPUs that isolab and the instances are pinned to.
    pub pinning: Pinning,
    /// A run that takes longer is ended and counts as failed.
    pub timeout: Duration,
    /// The command line, for the results file.
    pub command: Vec<String>,
}

/// How often to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Counted runs of each target.
    pub runs: u32,
    /// Uncounted runs of each target before them.
    pub warmup: u32,
    /// Looks at the memory of each target.
    pub memory_runs: u32,
    /// Pause before each start.
    pub idle_gap: Duration,
    /// Seed of the order within each round.
    pub seed: u64,
}

impl Schedule {
    /// Runs and looks at memory for this many targets.
    pub fn steps(&self, targets: usize) -> u64 {
        targets as u64 * (u64::from(self.warmup) + u64::from(self.runs) + u64::from(self.memory_runs))
    }
}

impl Plan {
    /// Runs and looks at memory in all.
    pub fn steps(&self) -> u64 {
        self.schedule.steps(self.targets.len() * self.programs().len())
    }

    /// What runs on each target: the workload, or both versions of it, the one to compare with first.
    pub fn programs(&self) -> Vec<(Option<Version>, &Workload)> {
        match &self.against {
            Some(against) => vec![(Some(Version::A), against), (Some(Version::B), &self.workload)],
            None => vec![(None, &self.workload)],
        }
    }

    /// The name of a target's row in results.
    pub fn row(&self, target: &TargetKind, version: Option<Version>) -> String {
        let name = cold::name(&target.name, self.cold);
        version.map_or(name.clone(), |version| version.row(&name))
    }
}
