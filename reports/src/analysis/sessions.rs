//! What measurements of the same thing at different times differ by: a session is one results file.
//!
//! The host drifts. Its memory, its neighbours and its clock rate are not the same a minute later, and every run of a session
//! shares that. So more runs do not make a session more certain than its host was, and a change between two sessions is only
//! as certain as sessions agree with each other (Kalibera and Jones 2013, "Rigorous benchmarking in reasonable time": what
//! counts is the highest level at which things vary).
//!
//! With several sessions a side, that is seen: each gives one figure, and these are compared by Student's t. Few sessions
//! tell their spread badly, so that it is moderated by what is known beforehand (Smyth 2004). With one session a side nothing
//! is seen, and only that is left: [`drift`]. With one on one side only, the few of the other are all that is seen, and more is
//! taken to be known: what a disturbed host differs by.
//!
//! Sides that were not measured by turns ([`super::turns`]) are two blocks of time: each is as uncertain as one session, however
//! many it has, and a steady drift, as far as the sessions show one, may be all of the change. Widening as for one session alone
//! is not enough: simulated with a drift of 0.3 spreads of the runs from session to session, it calls 26 of 100 pairs of five
//! sessions of the same thing different; with the drift held as well, none.

use super::conditions;
use super::statistics::{ascending, median, student_p_value, student_quantile};
use super::turns::Order;
use crate::model::{Definition, Interval, Results, Scope};

/// What sessions differ by, as a part of the spread of the runs within one. Measured with programs of 0.3 to 14 ms on virtual
/// machines beside one busy neighbour: 0.3 to 0.6. With this part, of pairs of sessions of the same thing at most one in
/// twenty is called different.
const PART_OF_SPREAD: f64 = 0.5;
/// The same where other programs were busy or the host was slowed down during one of the sessions: measured beside several
/// compilers on two CPUs.
const PART_OF_SPREAD_DISTURBED: f64 = 1.0;

/// What slopes of memory differ by between sessions beyond chance, in standard errors of one: measured 0.6 to 3.8.
const PART_OF_ERROR: f64 = 2.0;
/// The same at most.
const PART_OF_ERROR_AT_MOST: f64 = 4.0;

/// What is known beforehand counts for as much as this many sessions beyond the first of a side.
const WEIGHT: f64 = 4.0;

/// So few sessions beyond the first of a side give intervals of many times their spread (Student's t: 12.7 standard errors with
/// one, 4.3 with two).
const FEW: f64 = 2.0;

/// One session's figure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Session {
    /// Its logarithm.
    location: f64,
    /// The variance of that by chance alone.
    chance: f64,
    /// The variance between sessions that is expected beforehand, where there is something to expect it by.
    expected: Option<f64>,
    /// The same of a disturbed host.
    expected_at_most: Option<f64>,
    /// How many figures it comes from.
    count: usize,
}

impl Session {
    /// Of what a file has of a metric. `None` where it has nothing, or nothing of which there is a factor.
    pub(super) fn of(results: &Results, target: &str, definition: &Definition) -> Option<Session> {
        match definition.scope {
            Scope::Run => {
                let figures = results.figures_of(target, &definition.id);
                Session::of_runs(&figures, conditions::was_disturbed(results))
            }
            _ => {
                let figure = results.metric_of(target, &definition.id)?;
                Session::of_estimate(figure.value, super::comparisons::relative_error(figure).unwrap_or(0.0))
            }
        }
    }

    /// Of runs. `None` where there are none, or one is not above zero.
    pub(super) fn of_runs(figures: &[f64], disturbed: bool) -> Option<Session> {
        let count = figures.len();
        let spread = spread(figures)?;
        let logarithms: Vec<f64> = ascending(figures).into_iter().map(f64::ln).collect();
        // The mean of the middle half: as robust as the median against what disturbs single runs, and more certain.
        let middle = &logarithms[count / 4..count - count / 4];
        let chance = spread * spread * super::rank::persistence(figures) / count as f64;
        let expected = |part: f64| Some((part * spread).powi(2) + chance);
        Some(Session {
            location: middle.iter().sum::<f64>() / middle.len() as f64,
            chance,
            expected: expected(part_of_spread(disturbed)),
            expected_at_most: expected(PART_OF_SPREAD_DISTURBED),
            count,
        })
    }

    /// Of a figure that is measured as one, with its relative standard error.
    pub(super) fn of_estimate(value: f64, relative_error: f64) -> Option<Session> {
        let chance = relative_error * relative_error;
        let expected = |part: f64| (chance > 0.0).then_some(part * part * chance + chance);
        (value > 0.0).then(|| Session {
            location: value.ln(),
            chance,
            expected: expected(PART_OF_ERROR),
            expected_at_most: expected(PART_OF_ERROR_AT_MOST),
            count: usize::MAX,
        })
    }
}

/// The standard deviation of the logarithm of a ratio of two sessions of the same thing, one a side.
pub(super) fn drift(new: &[f64], old: &[f64], disturbed: bool) -> f64 {
    let [new, old] = [new, old].map(|figures| part_of_spread(disturbed) * spread(figures).unwrap_or(0.0));
    new.hypot(old)
}

/// The standard deviation between sessions of a figure that has this relative standard error in each.
pub(super) fn slope_drift(relative_error: f64) -> f64 {
    PART_OF_ERROR * relative_error
}

fn part_of_spread(disturbed: bool) -> f64 {
    if disturbed {
        PART_OF_SPREAD_DISTURBED
    } else {
        PART_OF_SPREAD
    }
}

/// The standard deviation of the figures' logarithms without regard to outliers: the scaled median absolute deviation.
fn spread(figures: &[f64]) -> Option<f64> {
    if figures.iter().any(|figure| *figure <= 0.0) {
        return None;
    }
    let logarithms: Vec<f64> = figures.iter().map(|figure| figure.ln()).collect();
    let middle = median(&logarithms)?;
    let deviations: Vec<f64> = logarithms.iter().map(|value| (value - middle).abs()).collect();
    Some(1.4826 * median(&deviations)?)
}

/// Several sessions a side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sessions {
    /// The new figures by the old ones.
    pub ratio: f64,
    /// The standard error of its logarithm, and the degrees of freedom that this has.
    error: f64,
    freedom: f64,
    /// How much of the logarithm a steady drift of the host may be.
    drift: f64,
    /// Whether the sides were measured by turns.
    pub by_turns: bool,
    /// Whether so few sessions differ by more than is known beforehand that even a large change may not be told from that.
    pub disagree: bool,
    /// Figures of the smaller side.
    fewest: usize,
}

impl Sessions {
    /// Of sessions as they stand in this order. `None` where a side has none, or neither has several.
    pub(super) fn new(new: &[Session], old: &[Session], order: &Order) -> Option<Sessions> {
        let freedom = (new.len() + old.len()).checked_sub(2).filter(|freedom| *freedom > 0)? as f64;
        if new.is_empty() || old.is_empty() {
            return None;
        }
        let all = || new.iter().chain(old);
        let mean = |side: &[Session]| side.iter().map(|session| session.location).sum::<f64>() / side.len() as f64;
        let squares = |side: &[Session]| -> f64 {
            let mean = mean(side);
            side.iter().map(|session| (session.location - mean).powi(2)).sum()
        };
        let seen = squares(new) + squares(old);
        let count = all().count() as f64;
        let by_turns = order.by_turns();
        let lone = new.len().min(old.len()) == 1;
        let expected = |session: &Session| {
            if lone {
                session.expected_at_most
            } else {
                session.expected
            }
        };
        let expected: Option<f64> = all().map(expected).sum();
        let few = freedom <= FEW;
        let as_expected = expected
            .map(|sum| sum / count)
            .filter(|expected| seen <= expected * freedom);
        let (variance, freedom) = match as_expected {
            Some(expected) => ((WEIGHT * expected + seen) / (WEIGHT + freedom), WEIGHT + freedom),
            // Sessions that differ by more show that this host is not as expected: then only what is seen counts.
            None => (seen / freedom, freedom),
        };
        // Chance alone makes sessions differ by this much, however well the few that there are agree.
        let chance = all().map(|session| session.chance).sum::<f64>() / count;
        let figures = |side: &[Session]| {
            side.iter()
                .fold(0_usize, |sum, session| sum.saturating_add(session.count))
        };
        let locations = |side: &[Session]| -> Vec<f64> { side.iter().map(|session| session.location).collect() };
        let (of_means, drift) = if by_turns {
            (1.0 / new.len() as f64 + 1.0 / old.len() as f64, 0.0)
        } else {
            (2.0, order.drift(&locations(new), &locations(old)))
        };
        Some(Sessions {
            ratio: (mean(new) - mean(old)).exp(),
            error: (variance.max(chance) * of_means).sqrt(),
            freedom,
            drift,
            by_turns,
            disagree: few && as_expected.is_none(),
            fewest: figures(new).min(figures(old)),
        })
    }

    /// The interval of the ratio with this share outside; `None` where there are too few figures for it.
    pub(super) fn interval(&self, outside: f64) -> Option<Interval> {
        let reach = (student_quantile(outside, self.freedom)? * self.error + self.drift).exp();
        let enough = self.fewest >= super::statistics::FEWEST_FOR_INTERVAL as usize;
        enough.then_some(Interval {
            low: self.ratio / reach,
            high: self.ratio * reach,
        })
    }

    /// The p-value of the test that the ratio is `factor`.
    pub(super) fn p_value(&self, factor: f64) -> Option<f64> {
        let distance = (self.ratio / factor).ln().abs() - self.drift;
        student_p_value(distance.max(0.0) / self.error, self.freedom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(scale: f64) -> Vec<f64> {
        (0..30)
            .map(|run| scale * (1.0 + f64::from(run * 7 % 30) / 1000.0))
            .collect()
    }

    fn sessions(scales: &[f64]) -> Vec<Session> {
        let session = |scale: &f64| Session::of_runs(&runs(*scale), false).expect("all are positive");
        scales.iter().map(session).collect()
    }

    fn by_turns(new: &[Session], old: &[Session]) -> Option<Sessions> {
        Sessions::new(new, old, &Order::alternating(new.len(), old.len()))
    }

    #[test]
    fn sessions_that_disagree_with_each_other_show_no_change_that_is_smaller() {
        let old = sessions(&[1.0, 1.2, 0.9, 1.1]);
        let found = by_turns(&sessions(&[1.15, 0.95, 1.25, 1.1]), &old).expect("several");
        let interval = found.interval(0.05).expect("enough");
        assert!((found.ratio - 1.06).abs() < 0.01 && interval.contains(1.0), "{found:?}");
        assert!(found.p_value(1.0).expect("a number") > 0.05);
    }

    #[test]
    fn sessions_that_agree_show_a_change_of_5_percent() {
        let old = sessions(&[1.0, 1.002, 0.998]);
        let found = by_turns(&sessions(&[1.05, 1.049, 1.052]), &old).expect("several");
        let interval = found.interval(0.05).expect("enough");
        assert!(interval.low > 1.03 && interval.contains(1.05), "{interval:?}");
    }

    #[test]
    fn one_session_a_side_has_no_spread_to_be_seen_and_a_zero_no_factor() {
        assert!(by_turns(&sessions(&[1.0]), &sessions(&[1.0])).is_none());
        assert!(by_turns(&[], &sessions(&[1.0, 1.0, 1.0])).is_none());
        assert!(Session::of_runs(&[0.0, 1.0], false).is_none());
        assert!(Session::of_estimate(0.0, 0.1).is_none());
    }

    #[test]
    fn sessions_of_the_same_figures_are_no_more_certain_than_chance_lets_them_be() {
        let same = sessions(&[1.0; 5]);
        let found = by_turns(&same, &same).expect("several");
        let interval = found.interval(0.05).expect("enough");
        assert!(interval.low < 0.999 && interval.high > 1.001, "{interval:?}");
    }

    #[test]
    fn a_lone_session_beside_two_that_agree_may_be_as_far_off_as_on_a_disturbed_host() {
        let width = |old: &[f64]| {
            let found = by_turns(&sessions(&[1.0]), &sessions(old)).expect("several");
            found.interval(0.05).expect("enough").high
        };
        let two = by_turns(&sessions(&[1.0, 1.0]), &sessions(&[1.0, 1.0])).expect("several");
        let two = two.interval(0.05).expect("enough").high;
        assert!(width(&[1.0, 1.0]).ln() > 2.0 * two.ln(), "{} {two}", width(&[1.0, 1.0]));
    }

    #[test]
    fn sides_that_are_apart_in_time_hold_the_drift_that_each_shows() {
        let (old, new) = (sessions(&[1.0, 1.1, 1.2]), sessions(&[1.3, 1.4, 1.5]));
        let apart = Sessions::new(&new, &old, &Order::apart(3, 3)).expect("several");
        assert!(apart.interval(0.05).expect("enough").contains(1.0), "{apart:?}");
        assert_eq!(apart.p_value(1.0), Some(1.0));
        // What is far larger than the drift is seen all the same.
        let slower = Sessions::new(&sessions(&[3.9, 4.2, 4.5]), &old, &Order::apart(3, 3)).expect("several");
        assert!(slower.interval(0.05).expect("enough").low > 1.5, "{slower:?}");
    }
}
