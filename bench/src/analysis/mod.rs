//! From samples to figures: statistics, one summary a target, comparisons, and what has changed since a baseline.

pub mod baseline;
pub mod stats;
pub mod summary;
