//! What came out, in the parts of one sentence: how long each target takes to start, against the first.

use crate::model::{Distribution, Results, Scope, Target};
use serde::Serialize;

/// The parts of the sentence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Headline {
    /// Name of the target that the others are compared with, or of the only one.
    pub baseline: String,
    /// Its start-up.
    pub ready_ms: f64,
    /// The others, in the order of the table. Targets that did not run are not among them.
    pub others: Vec<Clause>,
}

/// One target against the first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Clause {
    /// Its name.
    pub target: String,
    /// Its start-up divided by that of the first.
    pub ratio: f64,
    /// How sure that is.
    pub finding: Finding,
}

/// How sure a ratio is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// The interval lies on one side of 1.
    Different,
    /// The interval includes 1.
    NoDifference,
    /// There are too few runs for an interval.
    TooFew,
}

/// `None` where nothing has started.
pub fn headline(results: &Results) -> Option<Headline> {
    let ready = |name: &str| results.metric_of(name, "ready_ms");
    let compared = results
        .comparisons
        .iter()
        .find(|comparison| comparison.metric == *"ready_ms");
    let names = || results.targets.iter().map(|target| target.name.as_str());
    let baseline = compared
        .map(|comparison| comparison.against.as_str())
        .or_else(|| names().find(|name| ready(name).is_some()))?;
    Some(Headline {
        baseline: baseline.into(),
        ready_ms: ready(baseline).map(|figures: Distribution| figures.value)?,
        others: clauses(results, "ready_ms"),
    })
}

/// Every target that is compared with the first in a metric, in the order of the table.
pub fn clauses(results: &Results, metric: &str) -> Vec<Clause> {
    let exact = results
        .definition(metric)
        .is_some_and(|definition| definition.scope == Scope::Image);
    let clause = |target: &Target| {
        let comparison = results.comparison_of(&target.name, metric)?;
        let finding = match comparison.interval {
            // What is shipped is counted, not measured.
            None if exact && comparison.ratio == 1.0 => Finding::NoDifference,
            None if exact => Finding::Different,
            None => Finding::TooFew,
            Some(interval) if interval.contains(1.0) => Finding::NoDifference,
            Some(_) => Finding::Different,
        };
        Some(Clause {
            target: target.name.as_str().into(),
            ratio: comparison.ratio,
            finding,
        })
    };
    results.targets.iter().filter_map(clause).collect()
}
