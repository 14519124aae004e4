//! Instances that are held at once, one started after the other.

use super::Message;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the instances of one target took that were started one after the other and held in their first write to stdout.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Density {
    /// `process`, `container`, …
    pub target: String,
    /// By how much the memory that the host uses, page cache left out, lay above what it was before the first instance: after
    /// one, two, … instances, in bytes.
    pub used_bytes: Vec<f64>,
    /// How long each took from its start to its first write, in ms. It is looked for, so that it is seen up to a sixteenth too
    /// late.
    pub start_ms: Vec<f64>,
    /// What one more instance took, over the later half of them: the slope of `used_bytes`; null of too few.
    pub memory_bytes: Option<f64>,
    /// Why no further one was started.
    pub ended: Message,
}
