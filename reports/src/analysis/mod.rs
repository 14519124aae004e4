//! From samples to figures, the same for results just measured and read from files: [`statistics`], one summary a target
//! ([`summaries`]), targets against the first ([`comparisons`]), new results against old ones ([`diff`]: what a change rests on
//! is [`evidence`], what there is no change of [`losses`]), what came out ([`headline`]), and what many
//! instances at once come to ([`density`]).

pub mod comparisons;
pub mod conditions;
pub mod density;
pub mod diff;
mod evidence;
pub mod headline;
pub mod holm;
mod losses;
pub mod rank;
mod sessions;
pub mod statistics;
pub mod summaries;
mod turns;

use crate::metrics;
use crate::model::{Definition, Results};

/// Sums up what was measured: fills in `metrics`, `summary` and `comparisons` from the rest. `of_program` defines the metrics
/// that the workload itself brings along.
pub fn analyse(results: &mut Results, of_program: &[Definition]) {
    results.metrics = metrics::definitions(results, of_program);
    results.summary = summaries::summaries(results);
    results.comparisons = comparisons::comparisons(results);
}
