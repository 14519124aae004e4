//! New results against old ones: what has changed, whether by more than chance, and whether it is a regression. The same for
//! files and for what was just measured and a baseline, of one or several measurements a side ([`sessions`]).
//!
//! All changes that are tested together share one risk of a false alarm (Holm). A regression is a change whose whole interval,
//! so corrected, lies beyond the limit.

use super::evidence::{Evidence, Figures, Taken};
use super::statistics::OUTSIDE;
use super::{conditions, holm, losses};
use crate::metrics::{self, Place};
use crate::model::{Better, Change, Definition, Diff, Interval, Message, Results, Verdict, Version};
use std::collections::BTreeMap;

/// A smaller change than this, in percent, is no difference, however sure it is: so much do two measurements of the same thing
/// differ because the host is not the same a minute later.
pub const NEGLIGIBLE_PERCENT: f64 = 0.25;

/// The factor that it is.
const LEAST: f64 = 1.0 + NEGLIGIBLE_PERCENT / 100.0;

/// Old results, and new ones to compare with them. Several of a side are measurements of the same thing at different times.
pub type Pair<'a> = (&'a [&'a Results], &'a [&'a Results]);

/// Compares each pair; the tests of all pairs are corrected together. A change counts as a regression when it is worse by
/// more than `limit_percent`; without a limit none does.
pub fn diff(pairs: &[Pair], limit_percent: Option<f64>) -> Vec<Diff> {
    judged(pairs, Taken::InSessions, limit_percent)
}

/// Compares the two versions of a program that were measured by turns, B with A; `None` where there was one.
pub fn versions(results: &Results, limit_percent: Option<f64>) -> Option<Diff> {
    results.against.as_ref()?;
    let [a, b] = [Version::A, Version::B].map(|version| results.of_version(version));
    judged(&[(&[&a], &[&b])], Taken::ByRounds, limit_percent).pop()
}

fn judged(pairs: &[Pair], taken: Taken, limit_percent: Option<f64>) -> Vec<Diff> {
    let mut found: Vec<Found> = pairs.iter().map(|pair| found(*pair, taken)).collect();
    let mut tested: Vec<&mut Candidate> = found.iter_mut().flat_map(|found| &mut found.candidates).collect();
    tested.retain(|candidate| candidate.evidence.interval(OUTSIDE).is_some());
    let tests = tested.len() as u32;
    judge(&mut tested, limit_percent);
    for found in found.iter_mut() {
        found.notes.extend(undecided(&found.candidates, limit_percent));
    }
    let changes = |candidates: Vec<Candidate>| candidates.into_iter().map(|candidate| candidate.change(limit_percent));
    found
        .into_iter()
        .zip(pairs)
        .map(|(found, (old, new))| Diff {
            limit_percent,
            old_sessions: old.len() as u32,
            new_sessions: new.len() as u32,
            tests,
            changes: changes(found.candidates).collect(),
            notes: found.notes,
        })
        .collect()
}

struct Found {
    candidates: Vec<Candidate>,
    notes: Vec<Message>,
}

/// A change that is not judged yet.
struct Candidate {
    change: Change,
    better: Better,
    evidence: Evidence,
}

fn found((old, new): Pair, taken: Taken) -> Found {
    let mut notes = match taken {
        Taken::InSessions => conditions::remarks(old, new),
        // One session has one host, and its warnings are told with it.
        Taken::ByRounds => Vec::new(),
    };
    let mut found = Vec::new();
    let targets = targets(new);
    for definition in definitions(new) {
        let methods = |side: &[&Results]| -> Vec<u32> {
            let of = |results: &&Results| Some(results.definition(&definition.id)?.method);
            side.iter().filter_map(of).collect()
        };
        let (before, after) = (methods(old), methods(new));
        if before.is_empty() {
            continue;
        }
        if let Some(other) = before.iter().chain(&after).find(|method| **method != definition.method) {
            notes.push(
                Message::new("methods")
                    .with("metric", &*definition.id)
                    .with("new", definition.method)
                    .with("old", *other),
            );
            continue;
        }
        found.extend(targets.iter().map(|target| Figures::of(old, new, target, definition)));
    }
    // Target by target, as in tables.
    let place = |name: &str| targets.iter().position(|target| *target == name);
    found.sort_by_key(|figures| place(figures.target));
    notes.extend(losses::gone(old, new));
    notes.extend(losses::partial(&found, old.len(), new.len()));
    let candidates: Vec<Candidate> = found.iter().filter_map(|figures| candidate(figures, taken)).collect();
    let of_one = |candidate: &Candidate| matches!(candidate.evidence, Evidence::Runs(_) | Evidence::Estimates(_));
    if taken == Taken::InSessions && old.len() + new.len() == 2 && candidates.iter().any(of_one) {
        notes.push(Message::new(Diff::ONE_SESSION));
    }
    let apart = |candidate: &Candidate| matches!(&candidate.evidence, Evidence::Sessions(found) if !found.by_turns);
    if candidates.iter().any(apart) {
        notes.push(Message::new(Diff::NOT_BY_TURNS));
    }
    Found { candidates, notes }
}

/// What the files of a side have in the table, by the first that has it.
pub(super) fn definitions<'a>(side: &[&'a Results]) -> Vec<&'a Definition> {
    let mut found: Vec<&Definition> = Vec::new();
    let all = side.iter().flat_map(|results| &results.metrics);
    for definition in all.filter(|definition| metrics::place(definition) == Place::Table) {
        if found.iter().all(|known| known.id != definition.id) {
            found.push(definition);
        }
    }
    found
}

/// The targets of all files of a side.
pub(super) fn targets<'a>(side: &[&'a Results]) -> Vec<&'a str> {
    let mut found = Vec::new();
    for target in side.iter().flat_map(|results| &results.targets) {
        if !found.contains(&target.name.as_str()) {
            found.push(target.name.as_str());
        }
    }
    found
}

fn candidate(figures: &Figures, taken: Taken) -> Option<Candidate> {
    let evidence = figures.evidence(taken)?;
    let change = Change {
        target: figures.target.into(),
        metric: figures.definition.id.clone(),
        old: figures.old.value(figures.target, &figures.definition.id)?,
        new: figures.new.value(figures.target, &figures.definition.id)?,
        old_sessions: figures.old.count(),
        new_sessions: figures.new.count(),
        ratio: evidence.ratio(),
        p_value: evidence.p_value(1.0),
        ..Change::default()
    };
    Some(Candidate {
        change,
        better: figures.definition.better,
        evidence,
    })
}

/// The factor from which on a metric is worse by more than the limit; `None` where neither way is worse.
fn worse_from(better: Better, limit_percent: f64) -> Option<f64> {
    match better {
        Better::Lower => Some(1.0 + limit_percent / 100.0),
        Better::Higher => Some(1.0 - limit_percent / 100.0),
        Better::Neither => None,
    }
}

/// What looks like a regression, and cannot be told from what the few sessions differ by among themselves, or is of too few runs: a
/// gate that let it pass would claim what it does not know.
fn undecided(candidates: &[Candidate], limit_percent: Option<f64>) -> Vec<Message> {
    let mut metrics: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for candidate in candidates {
        let change = &candidate.change;
        let why = match &candidate.evidence {
            Evidence::Sessions(found) if found.disagree => Diff::UNDECIDED,
            Evidence::Exact(_) => continue,
            _ if change.verdict == Verdict::TooFew => Diff::TOO_FEW,
            _ => continue,
        };
        let factor = limit_percent.and_then(|limit| worse_from(candidate.better, limit));
        let beyond = factor.is_some_and(|factor| wholly_worse(exactly(change.ratio), candidate.better, factor));
        if beyond && !change.regression {
            metrics.entry((&change.target, why)).or_default().push(&change.metric);
        }
    }
    let note = |((target, why), metrics): ((&str, &str), Vec<&str>)| {
        let note = Message::new(why).with("target", target);
        note.with("metrics", metrics.join(", "))
    };
    metrics.into_iter().map(note).collect()
}

/// The interval of what does not vary.
fn exactly(ratio: f64) -> Interval {
    Interval {
        low: ratio,
        high: ratio,
    }
}

/// Whether everything in the interval is worse than the factor.
fn wholly_worse(interval: Interval, better: Better, factor: f64) -> bool {
    match better {
        Better::Lower => interval.low > factor,
        Better::Higher => interval.high < factor,
        Better::Neither => false,
    }
}

/// The verdict of what has this interval: its direction, unless it holds no change, or one too small to count.
fn judged_by(interval: Interval, direction: impl Fn() -> Verdict) -> Verdict {
    match interval.low > LEAST || interval.high < 1.0 / LEAST {
        true => direction(),
        false => Verdict::NoDifference,
    }
}

/// Fills in the intervals, the verdicts and the regressions of what is tested together.
fn judge(tested: &mut [&mut Candidate], limit_percent: Option<f64>) {
    let least = LEAST;
    let p_value = |candidate: &Candidate| match candidate.change.ratio {
        ratio if ratio > least => candidate.evidence.p_value(least),
        ratio if ratio < 1.0 / least => candidate.evidence.p_value(1.0 / least),
        _ => None,
    };
    let p_values: Vec<f64> = tested
        .iter()
        .map(|candidate| p_value(candidate).unwrap_or(1.0))
        .collect();
    for (candidate, share) in tested.iter_mut().zip(holm::shares(&p_values, OUTSIDE)) {
        candidate.change.interval = candidate.evidence.interval(share);
        candidate.change.verdict = match candidate.change.interval {
            None => Verdict::TooFew,
            Some(interval) => judged_by(interval, || candidate.direction()),
        };
    }
    let Some(limit) = limit_percent else { return };
    let limit_p_value = |candidate: &Candidate| {
        let factor = worse_from(candidate.better, limit)?;
        let beyond = wholly_worse(exactly(candidate.change.ratio), candidate.better, factor);
        candidate.evidence.p_value(factor).filter(|_| beyond)
    };
    let p_values: Vec<f64> = tested
        .iter()
        .map(|candidate| limit_p_value(candidate).unwrap_or(1.0))
        .collect();
    for (candidate, share) in tested.iter_mut().zip(holm::shares(&p_values, OUTSIDE)) {
        let interval = candidate.evidence.interval(share);
        let factor = worse_from(candidate.better, limit);
        candidate.change.regression = interval
            .zip(factor)
            .is_some_and(|(interval, factor)| wholly_worse(interval, candidate.better, factor));
    }
}

impl Candidate {
    fn direction(&self) -> Verdict {
        match (self.better, self.change.ratio < 1.0) {
            (Better::Neither, _) => Verdict::Changed,
            (Better::Lower, true) | (Better::Higher, false) => Verdict::Better,
            _ => Verdict::Worse,
        }
    }

    /// What does not vary needs no test.
    fn change(self, limit_percent: Option<f64>) -> Change {
        let Evidence::Exact(ratio) = self.evidence else {
            return self.change;
        };
        let factor = limit_percent.and_then(|limit| worse_from(self.better, limit));
        Change {
            verdict: judged_by(exactly(ratio), || self.direction()),
            regression: factor.is_some_and(|factor| wholly_worse(exactly(ratio), self.better, factor)),
            ..self.change
        }
    }
}
