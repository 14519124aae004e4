//! The figures of a target, and of one target against another.

use super::{Message, Name, Phase};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A 95 % confidence interval. There is none of fewer figures than can carry one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// Whether it has this value in it.
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// A target's figures of one metric.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Distribution {
    /// How many figures; of a slope, over how many instances.
    pub n: u32,
    /// What they come to, by the metric's `aggregate`: their median, slope or sum.
    pub value: f64,
    /// 5th percentile; `None` of a single figure.
    pub p5: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// Of `value`.
    pub interval: Option<Interval>,
}

/// One target's figures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Name of the target.
    pub target: String,
    /// Runs that are in the figures.
    pub runs: u32,
    /// Runs that failed, and are in none of them.
    pub failed: u32,
    /// By metric.
    pub metrics: BTreeMap<Name, Distribution>,
    /// The run whose start-up is nearest to the median.
    #[serde(default)]
    pub nearest: Option<Nearest>,
}

impl Summary {
    /// The figures of a metric.
    pub fn metric(&self, id: &str) -> Option<Distribution> {
        self.metrics.get(id).copied()
    }
}

/// A run that stands for all of its target. Its phases add up to its start-up, which medians of phases do not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Nearest {
    /// Its number.
    pub run: u32,
    /// Its start-up.
    pub ready_ms: f64,
    /// The steps of its start.
    pub phases: Vec<Phase>,
}

/// One target against the baseline target, for one metric.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// Name of the target.
    pub target: String,
    /// Name of the target it is compared with.
    pub against: String,
    /// The metric.
    pub metric: Name,
    /// The value of `target` divided by that of `against`.
    pub ratio: f64,
    /// Of the ratio: by a bootstrap over rounds.
    pub interval: Option<Interval>,
    /// Two-sided Mann-Whitney U test.
    pub p_value: Option<f64>,
    /// The share of pairs, a run of `target` and one of `against`, in which that of `target` has the larger figure; equal
    /// ones count half (U / (n·m), Vargha and Delaney's A). 0.5 is no difference.
    #[serde(default)]
    pub superiority: Option<f64>,
}

/// What has changed between results files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Diff {
    /// How much worse something may become before it counts as a regression, in percent; null where none was given.
    pub limit_percent: Option<f64>,
    /// How many old measurements of the same thing there are, each a results file. Each change says how many of them have its
    /// figures.
    #[serde(default = "one")]
    pub old_sessions: u32,
    /// The same of new ones.
    #[serde(default = "one")]
    pub new_sessions: u32,
    /// How many changes were tested together. Their intervals are corrected for it (Holm's method).
    pub tests: u32,
    /// Every metric of every target that both sides have.
    pub changes: Vec<Change>,
    /// What else a reader must know: another program, metrics that cannot be compared.
    pub notes: Vec<Message>,
}

fn one() -> u32 {
    1
}

impl Diff {
    /// The note that each side was measured once, so that its drift is not seen.
    pub const ONE_SESSION: &str = "one-session";
    /// The note that a target has lost figures of its runs.
    pub const GONE: &str = "gone";
    /// The note that more runs of a target failed.
    pub const MORE_FAILED: &str = "more-failed";

    /// The note that fewer old sessions have figures than there are old files.
    pub const FEWER_OLD: &str = "fewer-old";
    /// The same of the new ones.
    pub const FEWER_NEW: &str = "fewer-new";
    /// The note that figures are zero, so that there is no factor.
    pub const NO_FACTOR: &str = "no-factor";
    /// The note that old and new were not measured by turns, so that a drift of the host looks like a change.
    pub const NOT_BY_TURNS: &str = "not-by-turns";

    /// The note that what looks like a regression may be what few measurements of a side differ by.
    pub const UNDECIDED: &str = "undecided";
    /// The note that what looks like a regression is of too few figures for an interval.
    pub const TOO_FEW: &str = "too-few";

    /// Whether the limit may be passed by something of which that cannot be told.
    pub fn is_undecided(&self) -> bool {
        self.notes
            .iter()
            .any(|note| note.id == Diff::UNDECIDED || note.id == Diff::TOO_FEW)
    }

    /// Whether anything is worse by more than the limit. Where there is one, a target that does not run any more, or fails more
    /// often, is worse by more than any limit.
    pub fn has_regression(&self) -> bool {
        let broken = |note: &Message| note.id == Diff::GONE || note.id == Diff::MORE_FAILED;
        let broke = self.limit_percent.is_some() && self.notes.iter().any(broken);
        broke || self.changes.iter().any(|change| change.regression)
    }
}

/// One metric of one target, old and new.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Name of the target.
    pub target: String,
    /// The metric.
    pub metric: Name,
    /// The old value: of one measurement its own, of several their geometric mean.
    pub old: f64,
    /// The new value.
    pub new: f64,
    /// How many old measurements have figures of it, and are in this change. 0 in files of older versions, which do not say.
    #[serde(default)]
    pub old_sessions: u32,
    /// The same of the new ones.
    #[serde(default)]
    pub new_sessions: u32,
    /// The factor by which the new figures differ from the old ones. Of one measurement of runs a side the Hodges-Lehmann
    /// estimate; of several the ratio of the geometric means of their midmeans (geometric as well, over the middle half of the
    /// runs), so that it is not exactly `new` by `old`, which are medians. Of what is measured as one figure, `new` by `old`.
    pub ratio: f64,
    /// Of the ratio, corrected for the number of tests. None where there are too few runs for one.
    pub interval: Option<Interval>,
    /// Two-sided test of no change, not corrected for the number of tests: of one measurement a side Mann and Whitney's U, with
    /// what measurements differ by anyway; of several Student's t of these, less what a drift may be where they were not taken
    /// by turns.
    pub p_value: Option<f64>,
    /// What that means.
    pub verdict: Verdict,
    /// Worse by more than the limit: the whole interval lies beyond it.
    pub regression: bool,
}

/// What a change means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It has become better.
    Better,
    /// It has become worse.
    Worse,
    /// It has changed; neither way is better.
    Changed,
    /// The interval includes no change, or one too small to count.
    NoDifference,
    /// There are too few runs to say.
    #[default]
    TooFew,
}
