//! What was taken of instances of their own, apart from the timed runs: memory, counts that slow a run down.

use super::{Figures, Interval, Message, Name};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One look at a target's instances.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Instance {
    /// Name of the target.
    pub target: Name,
    /// How many instances were alive at once; null where it was one.
    #[serde(default)]
    pub alive: Option<u32>,
    /// Figures of one instance, by metric.
    pub metrics: Figures,
    /// The intervals of those figures that are no single measurement: slopes over several instances.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub intervals: BTreeMap<Name, Interval>,
    /// What distorts the figures on this host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caveats: Vec<Message>,
    /// Metric → why it has no figure.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub missing: BTreeMap<Name, Message>,
}
