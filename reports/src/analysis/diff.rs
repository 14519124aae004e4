//! New results against old ones: what has changed, whether by more than chance, and whether it is a regression. The same for
//! files and for what was just measured and a baseline, of one or several measurements a side ([`sessions`]).
//!
//! All changes that are tested together share one risk of a false alarm (Holm). A regression is a change whose whole interval,
//! so corrected, lies beyond the limit.

use super::comparisons::Estimates;
use super::conditions;
use super::holm;
use super::rank::Pairs;
use super::sessions::{self, Session, Sessions};
use super::statistics::OUTSIDE;
use crate::metrics::{self, Place};
use crate::model::{Better, Change, Definition, Diff, Distribution, Interval, Message, Results, Scope, Verdict};

/// A smaller change than this, in percent, is no difference, however sure it is: so much do two measurements of the same thing
/// differ because the host is not the same a minute later.
pub const NEGLIGIBLE_PERCENT: f64 = 0.25;

/// Old results, and new ones to compare with them. Several of a side are measurements of the same thing at different times.
pub type Pair<'a> = (&'a [&'a Results], &'a [&'a Results]);

/// Compares each pair; the tests of all pairs are corrected together. A change counts as a regression when it is worse by
/// more than `limit_percent`; without a limit none does.
pub fn diff(pairs: &[Pair], limit_percent: Option<f64>) -> Vec<Diff> {
    let mut found: Vec<Found> = pairs.iter().copied().map(found).collect();
    let mut tested: Vec<&mut Candidate> = found.iter_mut().flat_map(|found| &mut found.candidates).collect();
    tested.retain(|candidate| candidate.evidence.interval(OUTSIDE).is_some());
    let tests = tested.len() as u32;
    judge(&mut tested, limit_percent);
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

/// What a change rests on.
enum Evidence {
    /// The runs of both sides, of one session each.
    Runs(Pairs),
    /// Several sessions.
    Sessions(Sessions),
    /// One figure on each side, measured with its precision.
    Estimates(Estimates),
    /// One figure on each side that does not vary: bytes of an image.
    Exact(f64),
}

impl Evidence {
    fn ratio(&self) -> f64 {
        match self {
            Evidence::Runs(pairs) => pairs.ratio(),
            Evidence::Sessions(sessions) => sessions.ratio,
            Evidence::Estimates(estimates) => estimates.ratio,
            Evidence::Exact(ratio) => *ratio,
        }
    }

    fn interval(&self, outside: f64) -> Option<Interval> {
        match self {
            Evidence::Runs(pairs) => pairs.interval(outside),
            Evidence::Sessions(sessions) => sessions.interval(outside),
            Evidence::Estimates(estimates) => estimates.interval(outside),
            Evidence::Exact(_) => None,
        }
    }

    fn p_value(&self, factor: f64) -> Option<f64> {
        match self {
            Evidence::Runs(pairs) => Some(pairs.p_value(factor)),
            Evidence::Sessions(sessions) => sessions.p_value(factor),
            Evidence::Estimates(estimates) => estimates.p_value(factor),
            Evidence::Exact(_) => None,
        }
    }
}

fn found((old, new): Pair) -> Found {
    let (Some(first), Some(latest)) = (old.first(), new.first()) else {
        return Found {
            candidates: Vec::new(),
            notes: Vec::new(),
        };
    };
    let mut notes = conditions::remarks(old, new);
    let mut candidates = Vec::new();
    let judged = |definition: &&Definition| metrics::place(definition) == Place::Table;
    for definition in latest.metrics.iter().filter(judged) {
        let methods = |results: &Results| Some(results.definition(&definition.id)?.method);
        let Some(before) = first.definition(&definition.id) else {
            continue;
        };
        let others = old.iter().chain(new).filter_map(|results| methods(results));
        if let Some(other) = others.into_iter().find(|method| *method != definition.method) {
            let old = if before.method == definition.method {
                other
            } else {
                before.method
            };
            notes.push(
                Message::new("methods")
                    .with("metric", &*definition.id)
                    .with("new", definition.method)
                    .with("old", old),
            );
            continue;
        }
        let targets = latest.targets.iter().map(|target| target.name.as_str());
        candidates.extend(targets.filter_map(|target| candidate(old, new, target, definition)));
    }
    notes.extend(gone(old, new));
    let of_one = |candidate: &Candidate| matches!(candidate.evidence, Evidence::Runs(_) | Evidence::Estimates(_));
    if candidates.iter().any(of_one) {
        notes.push(Message::new(Diff::ONE_SESSION));
    }
    // Target by target, as in tables.
    let place = |name: &str| latest.targets.iter().position(|target| target.name == name);
    candidates.sort_by_key(|candidate: &Candidate| place(&candidate.change.target));
    Found { candidates, notes }
}

/// What the runs of the old results gave and those of the new ones do not: a figure of the table, or as many good runs. Looks
/// at memory are left out: a busy host is reason enough for one that gives no figure.
fn gone(old: &[&Results], new: &[&Results]) -> Vec<Message> {
    let mut gone = Vec::new();
    let has =
        |side: &[&Results], target: &str, id: &str| side.iter().any(|results| results.metric_of(target, id).is_some());
    let targets = old.first().map_or(&[][..], |first| &first.targets);
    for target in targets.iter().map(|target| target.name.as_str()) {
        let lost = old[0].metrics.iter().filter(|definition| {
            let id = &*definition.id;
            definition.scope == Scope::Run
                && metrics::place(definition) == Place::Table
                && has(old, target, id)
                && !has(new, target, id)
        });
        let lost: Vec<&str> = lost.map(|definition| &*definition.id).collect();
        if !lost.is_empty() {
            let message = Message::new(Diff::GONE).with("target", target);
            gone.push(message.with("metrics", lost.join(", ")));
        }
        let failed = |side: &[&Results]| -> u32 {
            let each = side.iter().filter_map(|results| results.summary_of(target));
            each.map(|summary| summary.failed).sum()
        };
        let (before, after) = (failed(old), failed(new));
        // A side with more sessions has more runs to fail.
        if after as usize * old.len() > before as usize * new.len() {
            let message = Message::new(Diff::MORE_FAILED).with("target", target);
            gone.push(message.with("old", before).with("new", after));
        }
    }
    gone
}

fn candidate(old: &[&Results], new: &[&Results], target: &str, definition: &Definition) -> Option<Candidate> {
    let id = &*definition.id;
    let (before, after) = (value(old, target, id)?, value(new, target, id)?);
    let evidence = match definition.scope {
        Scope::Image => Evidence::Exact(Estimates::new(after, before)?.ratio),
        _ if old.len() + new.len() > 2 => {
            let side = |side: &[&Results]| -> Vec<Session> {
                let session = |results: &&Results| session(results, target, definition);
                side.iter().filter_map(session).collect()
            };
            Evidence::Sessions(Sessions::new(&side(new), &side(old))?)
        }
        Scope::Instance => Evidence::Estimates(Estimates::new(after, before)?.of_sessions()),
        Scope::Run => {
            let (old, new) = (old[0], new[0]);
            let disturbed = conditions::was_disturbed(old) || conditions::was_disturbed(new);
            let (before, after) = (figures(old, target, id), figures(new, target, id));
            let drift = sessions::drift(&after, &before, disturbed);
            Evidence::Runs(Pairs::new(&after, &before, drift)?)
        }
    };
    let change = Change {
        target: target.into(),
        metric: id.into(),
        old: before.value,
        new: after.value,
        ratio: evidence.ratio(),
        p_value: evidence.p_value(1.0),
        ..Change::default()
    };
    Some(Candidate {
        change,
        better: definition.better,
        evidence,
    })
}

/// The figures of all good runs, in their order.
fn figures(results: &Results, target: &str, id: &str) -> Vec<f64> {
    let good = results.samples.good(target);
    good.filter_map(|sample| sample.metric(id)).collect()
}

fn session(results: &Results, target: &str, definition: &Definition) -> Option<Session> {
    let id = &*definition.id;
    match definition.scope {
        Scope::Run => Session::of_runs(&figures(results, target, id), conditions::was_disturbed(results)),
        _ => {
            let figure = results.metric_of(target, id)?;
            Session::of_estimate(figure.value, super::comparisons::relative_error(figure).unwrap_or(0.0))
        }
    }
}

/// What a side comes to: of one session its own figure, of several their geometric mean.
fn value(side: &[&Results], target: &str, id: &str) -> Option<Distribution> {
    let all: Vec<Distribution> = side
        .iter()
        .filter_map(|results| results.metric_of(target, id))
        .collect();
    match all.as_slice() {
        [] => None,
        // What does not vary is not rounded either.
        [one, others @ ..] if others.iter().all(|other| other.value == one.value) => Some(*one),
        several => {
            let logarithms: f64 = several.iter().map(|figure| figure.value.ln()).sum();
            Some(Distribution {
                n: several.iter().map(|figure| figure.n).sum(),
                value: (logarithms / several.len() as f64).exp(),
                ..Distribution::default()
            })
        }
    }
}

/// The factor from which on a metric is worse by more than the limit; `None` where neither way is worse.
fn worse_from(better: Better, limit_percent: f64) -> Option<f64> {
    match better {
        Better::Lower => Some(1.0 + limit_percent / 100.0),
        Better::Higher => Some(1.0 - limit_percent / 100.0),
        Better::Neither => None,
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

/// Fills in the intervals, the verdicts and the regressions of what is tested together.
fn judge(tested: &mut [&mut Candidate], limit_percent: Option<f64>) {
    let least = 1.0 + NEGLIGIBLE_PERCENT / 100.0;
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
            Some(interval) if interval.low > least || interval.high < 1.0 / least => candidate.direction(),
            Some(_) => Verdict::NoDifference,
        };
    }
    let Some(limit) = limit_percent else { return };
    let limit_p_value = |candidate: &Candidate| {
        let factor = worse_from(candidate.better, limit)?;
        let beyond = wholly_worse(
            Interval {
                low: candidate.change.ratio,
                high: candidate.change.ratio,
            },
            candidate.better,
            factor,
        );
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
        let exact = Interval {
            low: ratio,
            high: ratio,
        };
        let factor = limit_percent.and_then(|limit| worse_from(self.better, limit));
        Change {
            verdict: if ratio == 1.0 {
                Verdict::NoDifference
            } else {
                self.direction()
            },
            regression: factor.is_some_and(|factor| wholly_worse(exact, self.better, factor)),
            ..self.change
        }
    }
}
