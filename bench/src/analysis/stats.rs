//! Statistics of samples: quantiles, bootstrap intervals, the Mann-Whitney U test, outliers.
//!
//! Start-up times are skewed and have outliers, so everything here rests on ranks and medians, not on means.

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Beta, Distribution as _};
use reports::model::Distribution;
use statrs::distribution::{ContinuousCDF, Normal};

/// Resamples of a bootstrap. With 10,000 the ends of a 95 % interval vary by less than 1 % of its width.
const RESAMPLES: usize = 10_000;

/// The share of the bootstrap distribution outside of an interval, both sides together.
const OUTSIDE: f64 = 0.05;

/// Fewest samples for which an interval of the median can hold 95 %: 1 - 2·0.5^n ≥ 0.95.
pub const FEWEST_FOR_INTERVAL: usize = 6;

/// The quantile `p` (0 to 1) of ascending samples, interpolated linearly (Hyndman and Fan's type 7). `None` of none.
pub fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = p.clamp(0.0, 1.0) * last as f64;
    let below = sorted[position.floor() as usize];
    let above = sorted[position.ceil() as usize];
    Some(below + (above - below) * position.fract())
}

/// The samples in a few figures; `None` of none. The interval is the same for the same samples and `seed`.
pub fn distribution(samples: &[f64], seed: u64) -> Option<Distribution> {
    let sorted = ascending(samples);
    let median = quantile(&sorted, 0.5)?;
    let (ci_low, ci_high) = interval(bootstrap_medians(&sorted, seed));
    Some(Distribution {
        n: sorted.len() as u32,
        median,
        p5: quantile(&sorted, 0.05)?,
        p95: quantile(&sorted, 0.95)?,
        ci_low,
        ci_high,
    })
}

/// One group of samples against another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contrast {
    /// Median of the first divided by the median of the second.
    pub ratio: f64,
    /// Lower end of the 95 % bootstrap interval of the ratio.
    pub ratio_ci_low: f64,
    /// Upper end of it.
    pub ratio_ci_high: f64,
    /// Two-sided Mann-Whitney U test.
    pub p_value: f64,
    /// How often a sample of the first is larger than one of the second, ties counted half (the effect size U/(n·m)).
    pub superiority: f64,
}

/// Compares `samples` with `against`; `None` where one has no samples or a median of 0 to divide by.
pub fn contrast(samples: &[f64], against: &[f64], seed: u64) -> Option<Contrast> {
    let (samples, against) = (ascending(samples), ascending(against));
    let (median, base) = (quantile(&samples, 0.5)?, quantile(&against, 0.5)?);
    if base == 0.0 {
        return None;
    }
    // Two different seeds: the two groups were drawn independently of each other.
    let medians = bootstrap_medians(&samples, seed);
    let bases = bootstrap_medians(&against, seed.wrapping_add(1));
    let ratios = medians.iter().zip(bases).map(|(median, base)| median / base).collect();
    let (ratio_ci_low, ratio_ci_high) = interval(ratios);
    let (superiority, p_value) = mann_whitney(&samples, &against);
    Some(Contrast {
        ratio: median / base,
        ratio_ci_low,
        ratio_ci_high,
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
    let Some(median) = quantile(&ascending(samples), 0.5) else {
        return Vec::new();
    };
    let deviations: Vec<f64> = samples.iter().map(|sample| (sample - median).abs()).collect();
    let Some(deviation) = quantile(&ascending(&deviations), 0.5) else {
        return Vec::new();
    };
    let limit = LIMIT * SCALE * deviation;
    (0..samples.len())
        .filter(|index| deviation > 0.0 && deviations[*index] > limit)
        .collect()
}

/// Ascending, without what is not a number.
fn ascending(samples: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = samples.iter().copied().filter(|sample| !sample.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// Medians of resamples, drawn without resampling: the k-th smallest of n draws from n samples is the sample at the place
/// of the k-th smallest of n uniform numbers, which has a Beta(k, n + 1 - k) distribution. Its cost does not depend on n.
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

fn interval(draws: Vec<f64>) -> (f64, f64) {
    let sorted = ascending(&draws);
    let end = |p| quantile(&sorted, p).unwrap_or(f64::NAN);
    (end(OUTSIDE / 2.0), end(1.0 - OUTSIDE / 2.0))
}

/// How often a value of `a` is larger than one of `b`, and the two-sided p-value of that by the normal approximation with
/// correction for ties and continuity (Mann and Whitney 1947; Lehmann, Nonparametrics, 1.2). Both ascending.
fn mann_whitney(a: &[f64], b: &[f64]) -> (f64, f64) {
    let (n, m) = (a.len() as f64, b.len() as f64);
    let mut u = 0.0;
    let mut ties = 0.0;
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let value = match (a.get(i), b.get(j)) {
            (Some(x), Some(y)) => x.min(*y),
            (Some(x), None) => *x,
            (None, Some(y)) => *y,
            (None, None) => break,
        };
        let equal_a = a[i..].iter().take_while(|x| **x == value).count();
        let equal_b = b[j..].iter().take_while(|y| **y == value).count();
        u += equal_a as f64 * (j as f64 + equal_b as f64 / 2.0);
        let tied = (equal_a + equal_b) as f64;
        ties += tied * tied * tied - tied;
        i += equal_a;
        j += equal_b;
    }
    let total = n + m;
    let variance = n * m / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
    let distance = ((u - n * m / 2.0).abs() - 0.5).max(0.0);
    let p = if variance > 0.0 {
        2.0 * Normal::standard().sf(distance / variance.sqrt())
    } else {
        1.0
    };
    (u / (n * m), p.min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::RngExt;
    use statrs::stats_tests::Alternative;
    use statrs::stats_tests::mannwhitneyu::{MannWhitneyUMethod, mannwhitneyu};

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
    fn the_drawn_medians_are_distributed_like_those_of_real_resamples() {
        for n in [7, 8, 30, 31] {
            let sorted = ascending(&noise(n as u64, n));
            let drawn = interval(bootstrap_medians(&sorted, 1));
            let mut random = StdRng::seed_from_u64(2);
            let resampled = interval(
                (0..RESAMPLES)
                    .map(|_| {
                        let picks: Vec<f64> = (0..n).map(|_| sorted[random.random_range(0..n)]).collect();
                        quantile(&ascending(&picks), 0.5).unwrap()
                    })
                    .collect(),
            );
            let width = resampled.1 - resampled.0;
            assert!(
                (drawn.0 - resampled.0).abs() < 0.1 * width,
                "n = {n}: {drawn:?} {resampled:?}"
            );
            assert!(
                (drawn.1 - resampled.1).abs() < 0.1 * width,
                "n = {n}: {drawn:?} {resampled:?}"
            );
        }
    }

    #[test]
    fn the_interval_holds_the_true_median_about_95_times_in_100() {
        let truth = 1.0 + 0.1 * std::f64::consts::LN_2;
        let held = (0..200)
            .filter(|seed| {
                let found = distribution(&noise(*seed, 30), *seed).unwrap();
                (found.ci_low..=found.ci_high).contains(&truth)
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
    fn the_p_value_agrees_with_statrs() {
        for (seed, n, m) in [(1, 30, 30), (2, 10, 40), (3, 50, 9)] {
            for round in [1000.0, 10.0] {
                let coarse =
                    |samples: Vec<f64>| -> Vec<f64> { samples.iter().map(|x| (x * round).round() / round).collect() };
                let (a, b) = (coarse(noise(seed, n)), coarse(noise(seed + 100, m)));
                let method = MannWhitneyUMethod::AsymptoticInclContinuityCorrection;
                let (_, expected) = mannwhitneyu(&a, &b, method, Alternative::TwoSided).unwrap();
                let found = mann_whitney(&ascending(&a), &ascending(&b)).1;
                assert!((found - expected).abs() < 1e-9, "{found} {expected}");
            }
        }
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
        let found = contrast(&noise(1, 100_000), &noise(2, 100_000), 3).unwrap();
        assert!((found.ratio - 1.0).abs() < 0.01);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn figures_lie_in_order_within_the_samples(samples in prop::collection::vec(0.0..1e6_f64, 1..60)) {
            let found = distribution(&samples, 1).unwrap();
            let sorted = ascending(&samples);
            let (low, high) = (sorted[0], sorted[sorted.len() - 1]);
            prop_assert!(low <= found.p5 && found.p5 <= found.median && found.median <= found.p95 && found.p95 <= high);
            prop_assert!(found.ci_low <= found.median && found.median <= found.ci_high);
        }

        #[test]
        fn comparing_the_other_way_round_mirrors_the_effect(
            a in prop::collection::vec(0.1..10.0_f64, 1..40),
            b in prop::collection::vec(0.1..10.0_f64, 1..40),
        ) {
            let (there, back) = (contrast(&a, &b, 1).unwrap(), contrast(&b, &a, 1).unwrap());
            prop_assert!((there.superiority + back.superiority - 1.0).abs() < 1e-9);
            prop_assert!((there.p_value - back.p_value).abs() < 1e-9);
            prop_assert!((there.ratio * back.ratio - 1.0).abs() < 1e-9);
        }
    }
}
