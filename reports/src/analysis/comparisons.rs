//! Every target against the first, for each metric that both have; of two versions of a program, B against A on each target.

use super::sessions;
use super::statistics::{self, OUTSIDE};
use crate::metrics::{self, Place};
use crate::model::{Comparison, Definition, Distribution, Interval, Results, Scope, Version};

/// All comparisons, target by target.
pub fn comparisons(results: &Results) -> Vec<Comparison> {
    let compared: Vec<&Definition> = results
        .metrics
        .iter()
        .filter(|definition| metrics::place(definition) == Place::Table)
        .collect();
    let mut comparisons = Vec::new();
    for (target, against) in pairs(results) {
        for definition in &compared {
            let found = match definition.scope {
                Scope::Run => of_runs(results, target, &against, &definition.id),
                _ => of_estimates(results, target, &against, &definition.id),
            };
            comparisons.extend(found);
        }
    }
    comparisons
}

/// Each row with the one that it is compared with.
fn pairs(results: &Results) -> Vec<(&str, String)> {
    let mut rows = results.targets.iter().map(|target| target.name.as_str());
    if results.against.is_some() {
        let pair = |row| match Version::of(row)? {
            (target, Version::B) => Some((row, Version::A.row(target))),
            _ => None,
        };
        return rows.filter_map(pair).collect();
    }
    let first = rows.next().unwrap_or_default();
    rows.map(|row| (row, first.to_owned())).collect()
}

fn of_runs(results: &Results, target: &str, against: &str, id: &str) -> Option<Comparison> {
    let (own, base) = (by_round(results, target, id), by_round(results, against, id));
    let contrast = statistics::contrast(&own, &base, results.config.seed)?;
    Some(Comparison {
        target: target.into(),
        against: against.into(),
        metric: id.into(),
        ratio: contrast.ratio,
        interval: contrast.interval,
        p_value: Some(contrast.p_value),
        superiority: Some(contrast.superiority),
    })
}

/// A target's figures of good runs, each with its round.
pub(super) fn by_round(results: &Results, target: &str, id: &str) -> Vec<(u32, f64)> {
    let good = results.samples.good(target);
    good.filter_map(|sample| Some((sample.round, sample.metric(id)?)))
        .collect()
}

/// Figures that are measured as one, and what they say of their own precision.
fn of_estimates(results: &Results, target: &str, against: &str, id: &str) -> Option<Comparison> {
    let estimates = Estimates::new(results.metric_of(target, id)?, results.metric_of(against, id)?)?;
    Some(Comparison {
        target: target.into(),
        against: against.into(),
        metric: id.into(),
        ratio: estimates.ratio,
        interval: estimates.interval(OUTSIDE),
        p_value: estimates.p_value(1.0),
        superiority: None,
    })
}

/// The standard error of a figure's logarithm, where it has an interval: the width of a 95 % interval is 2 · 1.96 standard
/// errors, and that of a logarithm is relative (the delta method).
pub(super) fn relative_error(figure: Distribution) -> Option<f64> {
    let width = 2.0 * statistics::normal_quantile(OUTSIDE);
    let interval = figure.interval?;
    Some((interval.high - interval.low) / width / figure.value)
}

/// A figure against another, each with its interval, where it has one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Estimates {
    pub ratio: f64,
    /// The standard error of the ratio's logarithm; `None` where a side says nothing of its precision.
    error: Option<f64>,
}

impl Estimates {
    /// `None` where there is nothing to divide by.
    pub(super) fn new(new: Distribution, old: Distribution) -> Option<Estimates> {
        let errors = relative_error(new).zip(relative_error(old));
        let error = errors.map(|(new, old)| new.hypot(old));
        (old.value > 0.0 && new.value > 0.0).then_some(Estimates {
            ratio: new.value / old.value,
            error: error.filter(|error| *error > 0.0),
        })
    }

    /// The same figures of two sessions: what these differ by comes on top.
    pub(super) fn of_sessions(self) -> Estimates {
        let error = self.error.map(|error| error.hypot(sessions::slope_drift(error)));
        Estimates { error, ..self }
    }

    /// The interval of the ratio with this share outside.
    pub(super) fn interval(&self, outside: f64) -> Option<Interval> {
        let reach = (self.error? * statistics::normal_quantile(outside)).exp();
        Some(Interval {
            low: self.ratio / reach,
            high: self.ratio * reach,
        })
    }

    /// The p-value of the test that the ratio is `factor`.
    pub(super) fn p_value(&self, factor: f64) -> Option<f64> {
        Some(statistics::normal_p_value((self.ratio / factor).ln() / self.error?))
    }
}
