//! One run of the workload on one target, and everything that was taken of it.

use super::{Figures, Message, Name};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One run of the workload on one target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sample {
    /// Name of the target.
    pub target: Name,
    /// Counts the runs of this target from 0.
    pub run: u32,
    /// Counts the interleaved rounds from 0.
    pub round: u32,
    /// Its figures by metric. A run that ended without a byte from the program has no `ready_ms`.
    pub metrics: Figures,
    /// Metric → why it has no figure, where it was tried.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub missing: BTreeMap<Name, Message>,
    /// Consecutive steps that add up to `ready_ms`.
    pub phases: Vec<Phase>,
    /// Checksum of the work's result, to compare across targets.
    #[serde(default)]
    pub checksum: Option<Name>,
    /// The workload's exit status, 128 + N for a signal.
    pub exit_code: i32,
    /// VM exits by reason, for targets with a monitor of ours.
    #[serde(default)]
    pub vm_exits: BTreeMap<Name, u64>,
    /// Why the run failed, where it did.
    pub error: Option<Message>,
}

impl Sample {
    /// The figure of a metric.
    pub fn metric(&self, id: &str) -> Option<f64> {
        self.metrics.get(id)
    }

    /// Process start included: just before the first process is asked for, to the workload's first byte on stdout.
    pub fn ready_ms(&self) -> Option<f64> {
        self.metric("ready_ms")
    }

    /// The same start, to the last process reaped and every resource of the instance released.
    pub fn exit_ms(&self) -> Option<f64> {
        self.metric("exit_ms")
    }
}

/// A named step of an instance's start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Phase {
    /// What happened in it.
    pub name: Name,
    /// How long it took.
    pub ms: f64,
}
