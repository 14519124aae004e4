//! Statistics of samples: quantiles, bootstrap intervals, the Mann-Whitney U test, outliers.
//!
//! Start-up times are skewed and have outliers, so everything here rests on ranks and medians, not on means. Runs of one
//! round share what the host did meanwhile, so what is resampled is rounds.

use crate::model::{Distribution, Interval};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Beta, Distribution as _};
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};
use statrs::stats_tests::Alternative;
use statrs::stats_tests::mannwhitneyu::{MannWhitneyUMethod, mannwhitneyu};

/// Resamples of a bootstrap. With 10,000 the ends of a 95 % interval vary by less than 1 % of its width.
const RESAMPLES: usize = 10_000;
/// Fewer are enough where there are very many rounds, as the interval is narrow then.
const FEWEST_RESAMPLES: usize = 400;
/// Draws in all that a bootstrap of rounds may take: a fraction of a second.
const MOST_DRAWS: usize = 20_000_000;

/// The share of the bootstrap distribution outside of an interval, both sides together.
pub const OUTSIDE: f64 = 0.05;

/// Fewest samples for which an interval of the median can hold 95 %: with five, even the range from the smallest to the
/// largest holds it in 93.75 % of cases only (1 − 2 · 0.5⁵).
pub const FEWEST_FOR_INTERVAL: u32 = 6;

/// The quantile `p` (0 to 1) of ascending samples, interpolated linearly (Hyndman and Fan's type 7). `None` of none.
pub fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = p.clamp(0.0, 1.0) * last as f64;
    let below = sorted[position.floor() as usize];
    let above = sorted[position.ceil() as usize];
    Some(below + (above - below) * position.fract())
}

/// The median of samples in any order. `None` of none.
pub fn median(samples: &[f64]) -> Option<f64> {
    quantile(&ascending(samples), 0.5)
}

/// A target's figures, one a round at most; `None` of none. The interval is the same for the same samples and `seed`.
pub fn distribution(samples: &[f64], seed: u64) -> Option<Distribution> {
    let sorted = ascending(samples);
    let n = sorted.len() as u32;
    let several = |p| quantile(&sorted, p).filter(|_| n > 1);
    Some(Distribution {
        n,
        value: quantile(&sorted, 0.5)?,
        p5: several(0.05),
        p95: several(0.95),
        interval: (n >= FEWEST_FOR_INTERVAL)
            .then(|| interval(bootstrap_medians(&sorted, seed)))
            .flatten(),
    })
}

/// One target's figures against another's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contrast {
    /// Median of the first divided by the median of the second.
    pub ratio: f64,
    /// Of the ratio, where both have enough samples for one.
    pub interval: Option<Interval>,
    /// Two-sided Mann-Whitney U test.
    pub p_value: f64,
    /// How often a figure of the first is larger than one of the second, ties counted half (the effect size U/(n·m)).
    pub superiority: f64,
}

/// Compares figures with others, each with the number of its round; `None` where one side has none, or a median of 0 to
/// divide by.
pub fn contrast(samples: &[(u32, f64)], against: &[(u32, f64)], seed: u64) -> Option<Contrast> {
    let figures = |side: &[(u32, f64)]| side.iter().map(|(_, figure)| *figure).collect::<Vec<f64>>();
    let (own, base) = (ascending(&figures(samples)), ascending(&figures(against)));
    let (own_median, base_median) = (quantile(&own, 0.5)?, quantile(&base, 0.5)?);
    let ratio = own_median / base_median;
    if base_median == 0.0 || !ratio.is_finite() {
        return None;
    }
    let (superiority, p_value) = mann_whitney(&own, &base);
    let enough = own.len().min(base.len()) >= FEWEST_FOR_INTERVAL as usize;
    Some(Contrast {
        ratio,
        interval: enough
            .then(|| interval(bootstrap_ratios(samples, against, seed)))
            .flatten(),
        p_value,
        superiority,
    })
}

/// Indices of the samples that lie further from the median than 3.5 scaled median absolute deviations (Iglewicz and
/// Hoaglin 1993). Such samples are pointed out, never dropped.
pub fn outliers(samples: &[f64]) -> Vec<usize> {
    const LIMIT: f64 = 3.5;
    /// Makes the deviation that of a normal distribution's standard deviation.
    const SCALE: f64 = 1.4826;
    let Some(middle) = median(samples) else {
        return Vec::new();
    };
    let deviations: Vec<f64> = samples.iter().map(|sample| (sample - middle).abs()).collect();
    let Some(deviation) = median(&deviations) else {
        return Vec::new();
    };
    let limit = LIMIT * SCALE * deviation;
    (0..samples.len())
        .filter(|index| deviation > 0.0 && deviations[*index] > limit)
        .collect()
}

/// Ascending, without what is not a number.
pub(super) fn ascending(samples: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = samples.iter().copied().filter(|sample| !sample.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// How many standard deviations lie on each side of the middle when this share is left outside, both sides together.
pub(super) fn normal_quantile(outside: f64) -> f64 {
    Normal::standard().inverse_cdf(1.0 - outside / 2.0)
}

/// The two-sided p-value of a figure that lies this many standard deviations from what was expected.
pub(super) fn normal_p_value(deviations: f64) -> f64 {
    (2.0 * Normal::standard().sf(deviations.abs())).min(1.0)
}

/// The same for Student's t with so many degrees of freedom, which may be a fraction.
pub(super) fn student_quantile(outside: f64, freedom: f64) -> Option<f64> {
    let t = StudentsT::new(0.0, 1.0, freedom).ok()?;
    Some(t.inverse_cdf(1.0 - outside / 2.0))
}

/// The two-sided p-value of a figure that lies this many standard errors from what was expected, of that t.
pub(super) fn student_p_value(deviations: f64, freedom: f64) -> Option<f64> {
    let t = StudentsT::new(0.0, 1.0, freedom).ok()?;
    let p_value = (2.0 * t.sf(deviations.abs())).min(1.0);
    (!p_value.is_nan()).then_some(p_value)
}

/// Medians of resamples of one target's runs. It has one in each round, so that to draw rounds is to draw runs. They are
/// drawn without resampling: the k-th smallest of n draws from n samples is the sample at the place of the k-th smallest of
/// n uniform numbers, which has a Beta(k, n + 1 - k) distribution. Its cost does not depend on n.
fn bootstrap_medians(sorted: &[f64], seed: u64) -> Vec<f64> {
    let n = sorted.len();
    let mut random = StdRng::seed_from_u64(seed);
    let at = |uniform: f64| sorted[((uniform * n as f64) as usize).min(n - 1)];
    let k = n.div_ceil(2);
    let Ok(lower) = Beta::new(k as f64, (n + 1 - k) as f64) else {
        return Vec::new();
    };
    // For an even n the median lies between the k-th and the next, which is the least of the n - k that lie above.
    let upper = Beta::new(1.0, (n - k) as f64).ok().filter(|_| n.is_multiple_of(2));
    (0..RESAMPLES)
        .map(|_| {
            let low = lower.sample(&mut random);
            match &upper {
                None => at(low),
                Some(upper) => (at(low) + at(low + (1.0 - low) * upper.sample(&mut random))) / 2.0,
            }
        })
        .collect()
}

/// Ratios of medians in resamples of rounds: whatever made a round slow made it slow for both sides.
fn bootstrap_ratios(samples: &[(u32, f64)], against: &[(u32, f64)], seed: u64) -> Vec<f64> {
    let mut rounds: Vec<u32> = samples.iter().chain(against).map(|(round, _)| *round).collect();
    rounds.sort_unstable();
    rounds.dedup();
    let (own, base) = (Side::new(samples, &rounds), Side::new(against, &rounds));
    let mut random = StdRng::seed_from_u64(seed);
    let mut drawn = vec![0_u32; rounds.len()];
    let resamples = (MOST_DRAWS / rounds.len().max(1)).clamp(FEWEST_RESAMPLES, RESAMPLES);
    let mut ratio = |_| {
        drawn.fill(0);
        (0..rounds.len()).for_each(|_| drawn[random.random_range(0..rounds.len())] += 1);
        Some(own.median(&drawn)? / base.median(&drawn)?)
    };
    (0..resamples).filter_map(&mut ratio).collect()
}

/// One side's figures, ascending, with the places of their rounds.
struct Side(Vec<(f64, usize)>);

impl Side {
    fn new(samples: &[(u32, f64)], rounds: &[u32]) -> Side {
        let numbers = samples.iter().filter(|(_, figure)| !figure.is_nan());
        let placed = numbers.filter_map(|(round, figure)| Some((*figure, rounds.binary_search(round).ok()?)));
        let mut sorted: Vec<(f64, usize)> = placed.collect();
        sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        Side(sorted)
    }

    /// The median when each round was drawn so often; `None` where every drawn round lacks this side.
    fn median(&self, drawn: &[u32]) -> Option<f64> {
        let total: u32 = self.0.iter().map(|(_, round)| drawn[*round]).sum();
        let (low, high) = (total.checked_sub(1)? / 2, total / 2);
        let mut below = 0;
        let mut first = None;
        for (figure, round) in &self.0 {
            below += drawn[*round];
            if below > low && first.is_none() {
                first = Some(*figure);
            }
            if below > high {
                return first.map(|first| (first + figure) / 2.0);
            }
        }
        None
    }
}

/// `None` where an end is no number: where so many draws divide by zero, there is nothing to say.
fn interval(draws: Vec<f64>) -> Option<Interval> {
    let sorted = ascending(&draws);
    let end = |p| quantile(&sorted, p).filter(|end| end.is_finite());
    Some(Interval {
        low: end(OUTSIDE / 2.0)?,
        high: end(1.0 - OUTSIDE / 2.0)?,
    })
}

/// How often a value of `a` is larger than one of `b`, and the two-sided p-value of that. Both ascending.
pub(super) fn mann_whitney(a: &[f64], b: &[f64]) -> (f64, f64) {
    let (a, b) = (thinned(a), thinned(b));
    let pairs = (a.len() * b.len()) as f64;
    let method = MannWhitneyUMethod::AsymptoticInclContinuityCorrection;
    match mannwhitneyu(&a, &b, method, Alternative::TwoSided) {
        Ok((u, p_value)) => (u / pairs, p_value),
        // Neither side is empty, and both are numbers: there is nothing that the test could refuse.
        Err(_) => (0.5, 1.0),
    }
}

/// Evenly spaced ones of very many ascending samples. The test takes time by the square of their number, and so many show
/// any difference that matters.
fn thinned(sorted: &[f64]) -> Vec<f64> {
    const ENOUGH: usize = 4_000;
    if sorted.len() <= ENOUGH {
        return sorted.to_vec();
    }
    let step = sorted.len() as f64 / ENOUGH as f64;
    (0..ENOUGH)
        .map(|index| sorted[((index as f64 + 0.5) * step) as usize])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn noise(seed: u64, n: usize) -> Vec<f64> {
        let mut random = StdRng::seed_from_u64(seed);
        // A start-up time: a floor, and a tail to the right.
        (0..n)
            .map(|_| 1.0 - 0.1 * (1.0 - random.random::<f64>()).ln())
            .collect()
    }

    #[test]
    fn quantiles_of_known_samples() {
        let samples = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(quantile(&samples, 0.0), Some(1.0));
        assert_eq!(quantile(&samples, 0.5), Some(2.5));
        assert_eq!(quantile(&samples, 1.0), Some(4.0));
        assert_eq!(quantile(&[7.0], 0.95), Some(7.0));
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn a_base_that_is_zero_in_many_runs_has_a_ratio_and_no_endless_interval() {
        let base: Vec<(u32, f64)> = (0..30)
            .map(|round| (round, if round < 13 { 0.0 } else { 1.0 }))
            .collect();
        let own: Vec<(u32, f64)> = (0..30).map(|round| (round, 2.0)).collect();
        let found = contrast(&own, &base, 1).unwrap();
        assert_eq!(found.ratio, 2.0);
        assert!(
            found
                .interval
                .is_none_or(|interval| interval.low.is_finite() && interval.high.is_finite())
        );
    }

    #[test]
    fn the_drawn_medians_are_distributed_like_those_of_real_resamples() {
        for n in [7, 8, 30, 31] {
            let sorted = ascending(&noise(n as u64, n));
            let drawn = interval(bootstrap_medians(&sorted, 1)).unwrap();
            let mut random = StdRng::seed_from_u64(2);
            let resampled = interval(
                (0..RESAMPLES)
                    .map(|_| {
                        let picks: Vec<f64> = (0..n).map(|_| sorted[random.random_range(0..n)]).collect();
                        quantile(&ascending(&picks), 0.5).unwrap()
                    })
                    .collect(),
            )
            .unwrap();
            let width = resampled.high - resampled.low;
            for (drawn, resampled) in [(drawn.low, resampled.low), (drawn.high, resampled.high)] {
                assert!((drawn - resampled).abs() < 0.1 * width, "n = {n}: {drawn} {resampled}");
            }
        }
    }

    #[test]
    fn the_interval_holds_the_true_median_about_95_times_in_100() {
        let truth = 1.0 + 0.1 * std::f64::consts::LN_2;
        let held = (0..200)
            .filter(|seed| {
                let found = distribution(&noise(*seed, 30), *seed).unwrap();
                found.interval.unwrap().contains(truth)
            })
            .count();
        // 190 expected; outside of these bounds fewer than 3 times in 1000 (binomial, n = 200).
        assert!((181..=198).contains(&held), "{held} of 200");
    }

    #[test]
    fn two_hundred_comparisons_of_the_same_thing_raise_at_most_the_false_alarms_that_5_percent_allows() {
        let p_value =
            |seed: u64| mann_whitney(&ascending(&noise(2 * seed, 50)), &ascending(&noise(2 * seed + 1, 50))).1;
        let alarms = (0..200).filter(|seed| p_value(*seed) < 0.05).count();
        // 10 expected; 17 are exceeded once in a hundred times (binomial, n = 200, p = 0.05).
        assert!(alarms <= 17, "{alarms} of 200");
    }

    #[test]
    fn very_many_samples_are_thinned_and_say_the_same() {
        let (a, b) = (ascending(&noise(1, 9_000)), ascending(&noise(2, 9_000)));
        assert_eq!(thinned(&a).len(), 4_000);
        let (superiority, p_value) = mann_whitney(&a, &b);
        assert!(
            (superiority - 0.5).abs() < 0.02 && p_value > 0.01,
            "{superiority} {p_value}"
        );
        let slower: Vec<f64> = b.iter().map(|figure| figure * 1.05).collect();
        assert!(mann_whitney(&slower, &a).1 < 1e-6);
    }

    /// The runs of a round share what the host did: the ratio is far surer than each side is.
    #[test]
    fn noise_that_both_sides_of_a_round_share_does_not_widen_the_interval_of_their_ratio() {
        let host = noise(1, 60);
        let side = |seed: u64, scale: f64| -> Vec<(u32, f64)> {
            let own = noise(seed, 60).into_iter().zip(&host);
            (0..)
                .zip(own.map(|(own, host)| scale * (1.0 + 0.02 * own) * host * host * host))
                .collect()
        };
        let (a, b) = (side(2, 2.0), side(3, 1.0));
        let paired = contrast(&a, &b, 1).unwrap().interval.unwrap();
        // The same figures, of rounds that no longer belong together.
        let shifted: Vec<(u32, f64)> = b.iter().map(|(round, figure)| (round + 1000, *figure)).collect();
        let apart = contrast(&a, &shifted, 1).unwrap().interval.unwrap();
        assert!(paired.contains(2.0));
        let (paired, apart) = (paired.high - paired.low, apart.high - apart.low);
        assert!(paired < 0.4 * apart, "{paired} {apart}");
    }

    #[test]
    fn no_interval_is_given_of_fewer_samples_than_carry_one() {
        let rounds = |n: usize| -> Vec<(u32, f64)> { (0..).zip(noise(1, n)).collect() };
        for n in 1..=8 {
            let enough = n >= FEWEST_FOR_INTERVAL as usize;
            assert_eq!(distribution(&noise(1, n), 1).unwrap().interval.is_some(), enough, "{n}");
            assert_eq!(
                contrast(&rounds(n), &rounds(8), 1).unwrap().interval.is_some(),
                enough,
                "{n}"
            );
        }
    }

    #[test]
    fn a_round_that_one_side_failed_in_is_no_hindrance() {
        let a: Vec<(u32, f64)> = (0..).zip(noise(1, 30)).filter(|(round, _)| round % 7 != 0).collect();
        let b: Vec<(u32, f64)> = (0..).zip(noise(2, 30)).collect();
        let found = contrast(&a, &b, 1).unwrap();
        assert!(found.interval.unwrap().contains(found.ratio));
    }

    #[test]
    fn superiority_counts_pairs() {
        assert_eq!(mann_whitney(&[2.0, 3.0], &[1.0, 1.5]).0, 1.0);
        assert_eq!(mann_whitney(&[1.0, 2.0], &[1.0, 2.0]).0, 0.5);
        assert_eq!(mann_whitney(&[1.0, 1.0], &[1.0, 1.0]), (0.5, 1.0));
    }

    #[test]
    fn an_outlier_is_pointed_out_and_an_ordinary_spread_is_not() {
        assert_eq!(outliers(&[1.0, 1.1, 0.9, 1.05, 0.95, 9.0]), [5]);
        assert!(outliers(&[1.0, 1.1, 0.9, 1.05, 0.95]).is_empty());
        assert!(outliers(&[]).is_empty());
    }

    #[test]
    fn a_hundred_thousand_samples_are_no_burden() {
        let rounds = |seed| -> Vec<(u32, f64)> { (0..).zip(noise(seed, 100_000)).collect() };
        let found = contrast(&rounds(1), &rounds(2), 3).unwrap();
        assert!((found.ratio - 1.0).abs() < 0.01);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn figures_lie_in_order_within_the_samples(samples in prop::collection::vec(0.0..1e6_f64, 1..60)) {
            let found = distribution(&samples, 1).unwrap();
            let sorted = ascending(&samples);
            let (low, high) = (sorted[0], sorted[sorted.len() - 1]);
            let (p5, p95) = (found.p5.unwrap_or(low), found.p95.unwrap_or(high));
            prop_assert!(low <= p5 && p5 <= found.value && found.value <= p95 && p95 <= high);
            prop_assert!(found.interval.is_none_or(|interval| interval.contains(found.value)));
        }

        #[test]
        fn comparing_the_other_way_round_mirrors_the_effect(
            a in prop::collection::vec(0.1..10.0_f64, 1..40),
            b in prop::collection::vec(0.1..10.0_f64, 1..40),
        ) {
            let rounds = |figures: &[f64]| -> Vec<(u32, f64)> { (0..).zip(figures.iter().copied()).collect() };
            let (a, b) = (rounds(&a), rounds(&b));
            let (there, back) = (contrast(&a, &b, 1).unwrap(), contrast(&b, &a, 1).unwrap());
            prop_assert!((there.superiority + back.superiority - 1.0).abs() < 1e-9);
            prop_assert!((there.p_value - back.p_value).abs() < 1e-9);
            prop_assert!((there.ratio * back.ratio - 1.0).abs() < 1e-9);
        }
    }
}
