//! By which factor two groups of figures differ: the Hodges-Lehmann estimate and its interval, by the ranks of all pairs.
//!
//! It is what the Mann-Whitney test is to a p-value: the interval holds those factors that the test does not reject. Both are
//! widened as below, each in its own way, so that close to the limit of significance the one may hold what the other rejects;
//! verdicts go by the interval. At the same number of runs it finds smaller changes than a ratio of medians
//! does, of normal and even more of skewed figures (Hodges and Lehmann 1963; Lehmann, Nonparametrics, 2.5).
//!
//! Where runs resemble those just before them, because the host was slow for a while, there are fewer independent ones than
//! runs, and both are widened for it. They are widened again by what two sessions differ anyway ([`super::sessions`]).
//!
//! Neither is needed where both groups were measured by turns, round by round in an order drawn by lot
//! ([`Pairs::interleaved`]): had nothing changed, each round might as well have given its two figures the other way round. The
//! variance of the ranks is that of all these exchanges, whatever the host did from round to round (Fisher's randomization
//! test, in blocks of two).

use super::statistics::{ascending, mann_whitney, median, normal_p_value, normal_quantile};
use crate::model::Interval;

/// Two groups of positive figures.
#[derive(Clone, Debug)]
pub(super) struct Pairs {
    new: Vec<f64>,
    old: Vec<f64>,
    /// How many times larger the variance of the ranks is than that of independent runs.
    inflation: f64,
    /// The standard deviation of the ratio's logarithm between two sessions of the same thing.
    drift: f64,
}

impl Pairs {
    /// Of figures in the order of their runs, each group of one session, and the `drift` between two. `None` where a group
    /// is empty or has a figure that is not above zero, of which there is no factor.
    pub(super) fn new(new: &[f64], old: &[f64], drift: f64) -> Option<Pairs> {
        let (n, m) = (new.len() as f64, old.len() as f64);
        let inflation = (m * persistence(new) + n * persistence(old) + 1.0) / (n + m + 1.0);
        let (new, old) = (ascending(new), ascending(old));
        let positive = |group: &[f64]| group.first().is_some_and(|least| *least > 0.0);
        (positive(&new) && positive(&old)).then_some(Pairs {
            new,
            old,
            inflation,
            drift,
        })
    }

    /// Of figures that were measured by turns, those of a round at the same place. `None` as above; of fewer than four rounds
    /// there is a factor and no interval.
    pub(super) fn interleaved(new: &[f64], old: &[f64]) -> Option<Pairs> {
        let n = new.len().min(old.len());
        if n == 0 || new.iter().chain(old).any(|figure| *figure <= 0.0) {
            return None;
        }
        // What the host does for a while is taken out: it is common to both figures of a round, and to its neighbours.
        let level = levels(new, old);
        let by_level = |figures: &[f64]| -> Vec<f64> {
            figures
                .iter()
                .zip(&level)
                .map(|(figure, level)| figure / level)
                .collect()
        };
        let (new, old) = (by_level(new), by_level(old));
        let pairs = Pairs {
            new: ascending(&new),
            old: ascending(&old),
            inflation: 1.0,
            drift: 0.0,
        };
        let ratio = pairs.ratio();
        let unchanged: Vec<f64> = old.iter().map(|figure| figure * ratio).collect();
        let all = ascending(&[new.as_slice(), &unchanged].concat());
        let rank =
            |figure: f64| (all.partition_point(|x| *x < figure) + all.partition_point(|x| *x <= figure)) as f64 / 2.0;
        let exchanged = |(new, old): (&f64, &f64)| (rank(*new) - rank(*old)).powi(2) / 4.0;
        let variance: f64 = new.iter().zip(&unchanged).map(exchanged).sum();
        let rounds = n as f64;
        let inflation = match n {
            ..4 => f64::INFINITY,
            // The variance is estimated, of n rounds: that of Student's t with n - 1 degrees of freedom is so much larger.
            _ => (rounds - 1.0) / (rounds - 3.0) * variance / (rounds * rounds * (2.0 * rounds + 1.0) / 12.0),
        };
        Some(Pairs { inflation, ..pairs })
    }

    /// Figures of the smaller group.
    pub(super) fn fewest(&self) -> usize {
        self.new.len().min(self.old.len())
    }

    fn count(&self) -> u64 {
        self.new.len() as u64 * self.old.len() as u64
    }

    /// The median of the ratios of all pairs.
    pub(super) fn ratio(&self) -> f64 {
        let count = self.count();
        (self.nth((count - 1) / 2) + self.nth(count / 2)) / 2.0
    }

    /// The interval of the ratio with this share outside; `None` where there are too few figures for it.
    pub(super) fn interval(&self, outside: f64) -> Option<Interval> {
        let (n, m) = (self.new.len() as f64, self.old.len() as f64);
        let spread = (self.inflation * n * m * (n + m + 1.0) / 12.0).sqrt();
        let below = (n * m / 2.0 - normal_quantile(outside) * spread).floor();
        // The smallest and the largest ratio hold it that surely, and no more.
        let surest = 2.0 * 0.5_f64.powi(self.fewest() as i32);
        let drift = normal_quantile(outside) * self.drift;
        let (ratio, widened) = (self.ratio(), |factor: f64| factor.ln().hypot(drift).exp());
        (below >= 0.0 && surest <= outside).then(|| Interval {
            low: ratio / widened(ratio / self.nth(below as u64)),
            high: ratio * widened(self.nth(self.count() - 1 - below as u64) / ratio),
        })
    }

    /// The p-value of the test that the new figures are `factor` times the old ones.
    pub(super) fn p_value(&self, factor: f64) -> f64 {
        let expected: Vec<f64> = self.old.iter().map(|figure| figure * factor).collect();
        let independent = mann_whitney(&self.new, &expected).1;
        // A p-value of 0 is one too small for a number.
        let deviations = normal_quantile(independent.max(f64::MIN_POSITIVE));
        let distance = (self.ratio() / factor).ln().abs();
        if deviations <= 0.0 || distance == 0.0 {
            return 1.0;
        }
        let error = distance * self.inflation.sqrt() / deviations;
        normal_p_value(distance / error.hypot(self.drift))
    }

    /// The ratio at this place among those of all pairs in order, counted from 0. Found by halving, as there are too many
    /// pairs to list: how many ratios lie at or below a value takes one pass over both groups.
    fn nth(&self, place: u64) -> f64 {
        let (mut low, mut high) = (
            self.new[0] / self.old[self.old.len() - 1],
            self.new[self.new.len() - 1] / self.old[0],
        );
        // Positive floating-point numbers are in the order of their bits, and next to each other when these are.
        while low.to_bits() < high.to_bits() {
            let middle = f64::from_bits(low.to_bits() + (high.to_bits() - low.to_bits()) / 2);
            if self.at_or_below(middle) > place {
                high = middle;
            } else {
                low = f64::from_bits(middle.to_bits() + 1);
            }
        }
        low
    }

    fn at_or_below(&self, ratio: f64) -> u64 {
        // For growing new figures ever fewer old ones are large enough.
        let mut first = 0;
        let mut count = 0;
        for new in &self.new {
            while first < self.old.len() && new / self.old[first] > ratio {
                first += 1;
            }
            count += (self.old.len() - first) as u64;
        }
        count
    }
}

/// So many rounds before and after a round have its level.
const NEIGHBOURS: usize = 3;

/// The level of the host in each round: the median of the geometric means of the rounds around it. To exchange the figures of
/// a round does not change it.
fn levels(new: &[f64], old: &[f64]) -> Vec<f64> {
    let means: Vec<f64> = new.iter().zip(old).map(|(new, old)| (new * old).sqrt()).collect();
    let around = |round: usize| &means[round.saturating_sub(NEIGHBOURS)..(round + NEIGHBOURS + 1).min(means.len())];
    (0..means.len())
        .map(|round| median(around(round)).unwrap_or(1.0))
        .collect()
}

/// So many blocks of figures are enough to see how much neighbours resemble each other. The look at them takes time by the
/// square of their number.
const BLOCKS: usize = 500;

/// How many times fewer independent figures there are than figures, as one resembles those just before it: 1 + 2 · the sum of
/// the autocorrelations of their ranks, up to the first that may be chance. Of very many figures, those of the means of
/// blocks are taken.
pub(super) fn persistence(figures: &[f64]) -> f64 {
    let n = figures.len();
    let sorted = ascending(figures);
    let middle = (n as f64 - 1.0) / 2.0;
    let rank = |figure: &f64| {
        let (below, up_to) = (
            sorted.partition_point(|x| x < figure),
            sorted.partition_point(|x| x <= figure),
        );
        (below + up_to) as f64 / 2.0 - 0.5 - middle
    };
    let ranks: Vec<f64> = figures.iter().map(rank).collect();
    let length = n.div_ceil(BLOCKS).max(1);
    let mean = |block: &[f64]| block.iter().sum::<f64>() / block.len() as f64;
    let blocks: Vec<f64> = ranks.chunks_exact(length).map(mean).collect();
    let square = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>();
    let variance = square(&blocks);
    if variance == 0.0 {
        return 1.0;
    }
    let correlation = |lag: usize| blocks.iter().zip(&blocks[lag..]).map(|(a, b)| a * b).sum::<f64>() / variance;
    // Of independent figures one in twenty reaches this (Bartlett 1946).
    let chance = 1.645 / (blocks.len() as f64).sqrt();
    let sum: f64 = (1..blocks.len())
        .map(correlation)
        .take_while(|correlation| *correlation > chance)
        .sum();
    let within = (variance / blocks.len() as f64) * length as f64 / (square(&ranks) / n as f64);
    within * (1.0 + 2.0 * sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    proptest! {
        #[test]
        fn every_place_is_that_of_the_sorted_ratios(
            new in prop::collection::vec(0.1..10.0_f64, 1..20), old in prop::collection::vec(0.1..10.0_f64, 1..20),
        ) {
            let pairs = Pairs::new(&new, &old, 0.0).expect("all are positive");
            let mut ratios: Vec<f64> = new.iter().flat_map(|a| old.iter().map(move |b| a / b)).collect();
            ratios.sort_by(f64::total_cmp);
            for (place, ratio) in ratios.iter().enumerate() {
                prop_assert_eq!(pairs.nth(place as u64), *ratio);
            }
        }

        #[test]
        fn the_interval_holds_the_estimate_and_is_mirrored(
            new in prop::collection::vec(0.1..10.0_f64, 8..20), old in prop::collection::vec(0.1..10.0_f64, 8..20),
        ) {
            let (new, old) = (ascending(&new), ascending(&old));
            let shuffle = |figures: &[f64]| -> Vec<f64> {
                let (even, odd): (Vec<_>, Vec<_>) = figures.iter().enumerate().partition(|(index, _)| index % 2 == 0);
                even.into_iter().zip(odd.into_iter().rev()).flat_map(|(a, b)| [*a.1, *b.1]).collect()
            };
            let (new, old) = (shuffle(&new), shuffle(&old));
            let (there, back) = (Pairs::new(&new, &old, 0.0).expect("positive"), Pairs::new(&old, &new, 0.0).expect("positive"));
            let (found, mirrored) = (there.interval(0.05).expect("enough"), back.interval(0.05).expect("enough"));
            prop_assert!(found.contains(there.ratio()));
            prop_assert!((found.low * mirrored.high - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn runs_that_resemble_their_neighbours_count_for_fewer() {
        let slow_for_a_while = |run: i32| if (20..35).contains(&run) { 9.0 } else { 5.0 };
        let figures: Vec<f64> = (0..50)
            .map(|run| slow_for_a_while(run) + f64::from(run * 7 % 11) / 100.0)
            .collect();
        assert!(persistence(&figures) > 3.0, "{}", persistence(&figures));
        // The same figures in an order that says nothing.
        let shuffled: Vec<f64> = (0..50).map(|run| figures[run * 23 % 50]).collect();
        assert!(persistence(&shuffled) < 1.5, "{}", persistence(&shuffled));
        assert_eq!(persistence(&[3.0; 9]), 1.0);
        assert_eq!(persistence(&[]), 1.0);
        assert_eq!(persistence(&[3.0]), 1.0);
    }

    #[test]
    fn very_many_runs_are_looked_at_in_blocks_and_say_the_same() {
        // Each half a second of 20,000 runs is slow or not, by turns of 50 runs.
        let figures = |n: usize| -> Vec<f64> {
            let slow = |run: usize| if (run / 50 * 7919) % 5 < 2 { 6.0 } else { 5.0 };
            (0..n).map(|run| slow(run) + (run * 7 % 11) as f64 / 100.0).collect()
        };
        let (few, many) = (persistence(&figures(500)), persistence(&figures(20_000)));
        assert!(few > 10.0 && many > 10.0, "{few} {many}");
        let drifting: Vec<f64> = (0..100_000).map(f64::from).collect();
        // One pass over all pairs of these would take minutes.
        assert!(persistence(&drifting) > 1_000.0);
    }

    /// Rounds of a start with a tail to the right, one in twenty disturbed, on a host that is slower by a half for some rounds
    /// and gets slower by a half over all.
    fn rounds(n: usize, factor: f64, seed: u64) -> (Vec<f64>, Vec<f64>) {
        let mut random = StdRng::seed_from_u64(seed);
        let mut slow = false;
        let mut round = |place: usize| {
            slow ^= random.random::<f64>() < 0.15;
            let host = (1.0 + 0.5 * place as f64 / n as f64) * if slow { 1.5 } else { 1.0 };
            let mut start = || {
                let disturbed = if random.random::<f64>() < 0.05 { 0.5 } else { 0.0 };
                host * (1.0 - 0.08 * (1.0 - random.random::<f64>()).ln() + disturbed)
            };
            (factor * start(), start())
        };
        (0..n).map(&mut round).unzip()
    }

    #[test]
    fn by_turns_5_percent_is_found_and_the_same_thing_is_not_flagged_however_the_host_drifts() {
        let count = |n: usize, factor: f64, outside: f64, said: fn(Interval) -> bool| {
            let found = |seed: &u64| {
                let (new, old) = rounds(n, factor, *seed);
                let pairs = Pairs::interleaved(&new, &old).expect("positive");
                pairs.interval(outside).is_some_and(said)
            };
            (0..300).filter(found).count()
        };
        for n in [10, 50] {
            let flagged = count(n, 1.0, 0.05, |interval| !interval.contains(1.0));
            assert!(flagged <= 25, "{flagged} of 300 of {n} rounds");
        }
        let found = count(50, 1.05, 0.05, |interval| interval.low > 1.0);
        assert!(found >= 240, "{found} of 300");
        let wrong = count(50, 1.05, 0.05, |interval| !interval.contains(1.05));
        assert!(wrong <= 25, "{wrong} of 300 intervals lack the true factor");
    }

    #[test]
    fn rounds_without_any_scatter_have_a_factor_and_three_rounds_no_interval() {
        let same = [2.0; 9];
        let pairs = Pairs::interleaved(&same, &same).expect("positive");
        assert_eq!((pairs.ratio(), pairs.p_value(1.0)), (1.0, 1.0));
        let twice = Pairs::interleaved(&same, &[1.0; 9]).expect("positive");
        assert!((twice.ratio() - 2.0).abs() < 1e-12 && twice.p_value(1.0) < 0.01);
        for (new, old) in [([2.0; 3], [1.0; 3]), ([2.0, 2.1, 2.3], [1.0, 1.2, 0.9])] {
            let few = Pairs::interleaved(&new, &old).expect("positive");
            assert!((few.ratio() - 2.0).abs() < 0.3, "{few:?}");
            assert_eq!((few.interval(0.05), few.p_value(1.0)), (None, 1.0));
        }
        assert!(Pairs::interleaved(&[], &[]).is_none());
    }

    #[test]
    fn five_figures_carry_no_interval_of_95_percent_and_a_zero_has_no_factor() {
        let few = [1.0, 2.0, 3.0, 4.0, 5.0];
        assert!(Pairs::new(&few, &few, 0.0).expect("positive").interval(0.05).is_none());
        let six = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let pairs = Pairs::new(&six, &six, 0.0).expect("positive");
        assert!(pairs.interval(0.05).is_some() && pairs.interval(0.01).is_none());
        assert!(Pairs::new(&[0.0, 1.0], &six, 0.0).is_none());
    }
}
