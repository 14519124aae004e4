//! What a change rests on: the figures of one metric of one target in the files that have them. A file without them is no
//! session, so that how the figures are tested goes by the sessions that there are, not by the files.

use super::comparisons::{Estimates, by_round};
use super::conditions;
use super::rank::Pairs;
use super::sessions::{self, Session, Sessions};
use super::turns::Order;
use crate::model::{Definition, Interval, Results, Scope};
use std::collections::BTreeMap;

/// How two sides were measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// Each in sessions of its own.
    InSessions,
    /// Both in one session, round by round in an order drawn by lot.
    ByRounds,
}

/// One metric of one target, old and new.
pub(super) struct Figures<'a> {
    pub target: &'a str,
    pub definition: &'a Definition,
    pub old: Side<'a>,
    pub new: Side<'a>,
}

/// The files of a side that have figures of which there is a factor.
pub(super) struct Side<'a> {
    files: Vec<&'a Results>,
    sessions: Vec<Session>,
    /// Files that have a figure at all, and whether any is not zero.
    pub present: usize,
    pub nonzero: bool,
}

impl<'a> Figures<'a> {
    /// Those of these files.
    pub(super) fn of(
        old: &[&'a Results],
        new: &[&'a Results],
        target: &'a str,
        definition: &'a Definition,
    ) -> Figures<'a> {
        Figures {
            target,
            definition,
            old: Side::of(old, target, definition),
            new: Side::of(new, target, definition),
        }
    }

    /// `None` where a side has none of which there is a factor.
    pub(super) fn evidence(&self, taken: Taken) -> Option<Evidence> {
        let (old, new) = (&self.old, &self.new);
        let id = &*self.definition.id;
        let one = old.count() == 1 && new.count() == 1;
        Some(match self.definition.scope {
            Scope::Image => Evidence::Exact(new.value(self.target, id)? / old.value(self.target, id)?),
            Scope::Instance if one => {
                let (old, new) = (old.files[0], new.files[0]);
                let (before, after) = (old.metric_of(self.target, id)?, new.metric_of(self.target, id)?);
                Evidence::Estimates(Estimates::new(after, before)?.of_sessions())
            }
            Scope::Run if taken == Taken::ByRounds => {
                let (before, after) = (old.files.first()?, new.files.first()?);
                let before: BTreeMap<u32, f64> = by_round(before, self.target, id).into_iter().collect();
                let both = by_round(after, self.target, id).into_iter();
                // A round of which a run failed says nothing.
                let both = both.filter_map(|(round, figure)| Some((figure, *before.get(&round)?)));
                let (after, before): (Vec<f64>, Vec<f64>) = both.unzip();
                Evidence::Runs(Pairs::interleaved(&after, &before)?)
            }
            Scope::Run if one => {
                let (old, new) = (old.files[0], new.files[0]);
                let disturbed = conditions::was_disturbed(old) || conditions::was_disturbed(new);
                let (before, after) = (old.figures_of(self.target, id), new.figures_of(self.target, id));
                let drift = sessions::drift(&after, &before, disturbed);
                Evidence::Runs(Pairs::new(&after, &before, drift)?)
            }
            _ => {
                let order = Order::of(&new.files, &old.files);
                Evidence::Sessions(Sessions::new(&new.sessions, &old.sessions, &order)?)
            }
        })
    }
}

impl<'a> Side<'a> {
    fn of(side: &[&'a Results], target: &str, definition: &Definition) -> Side<'a> {
        let session = |results: &&'a Results| Some((*results, Session::of(results, target, definition)?));
        let (files, sessions) = side.iter().filter_map(session).unzip();
        let figures = side
            .iter()
            .filter_map(|results| results.metric_of(target, &definition.id));
        Side {
            files,
            sessions,
            present: figures.clone().count(),
            nonzero: figures.clone().any(|figure| figure.value != 0.0),
        }
    }

    /// How many sessions there are.
    pub(super) fn count(&self) -> u32 {
        self.files.len() as u32
    }

    /// What they come to: of one session its own figure, of several their geometric mean.
    pub(super) fn value(&self, target: &str, id: &str) -> Option<f64> {
        let all = self.files.iter().filter_map(|results| results.metric_of(target, id));
        let all: Vec<f64> = all.map(|figure| figure.value).collect();
        match all.as_slice() {
            [] => None,
            // What does not vary is not rounded either.
            [one, others @ ..] if others.iter().all(|other| other == one) => Some(*one),
            several => Some((several.iter().map(|value| value.ln()).sum::<f64>() / several.len() as f64).exp()),
        }
    }
}

/// How a change is tested.
pub(super) enum Evidence {
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
    pub(super) fn ratio(&self) -> f64 {
        match self {
            Evidence::Runs(pairs) => pairs.ratio(),
            Evidence::Sessions(sessions) => sessions.ratio,
            Evidence::Estimates(estimates) => estimates.ratio,
            Evidence::Exact(ratio) => *ratio,
        }
    }

    pub(super) fn interval(&self, outside: f64) -> Option<Interval> {
        match self {
            Evidence::Runs(pairs) => pairs.interval(outside),
            Evidence::Sessions(sessions) => sessions.interval(outside),
            Evidence::Estimates(estimates) => estimates.interval(outside),
            Evidence::Exact(_) => None,
        }
    }

    pub(super) fn p_value(&self, factor: f64) -> Option<f64> {
        match self {
            Evidence::Runs(pairs) => Some(pairs.p_value(factor)),
            Evidence::Sessions(sessions) => sessions.p_value(factor),
            Evidence::Estimates(estimates) => estimates.p_value(factor),
            Evidence::Exact(_) => None,
        }
    }
}
