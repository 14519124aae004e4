//! Whether old and new sessions were measured by turns.
//!
//! A host that drifts steadily makes the later side another one. Where both sides lie spread over the same time, that drift
//! makes the sessions of a side differ as well, and Student's test sees it. Where one side came first, it does not.

use crate::model::Results;

/// The places of sessions in the order of time, counted from 1; those that began at once share the mean of theirs.
#[derive(Clone, Debug)]
pub(super) struct Order {
    new: Vec<f64>,
    old: Vec<f64>,
    /// Whether each file says when it was measured.
    known: bool,
}

impl Order {
    /// Files that do not say when are taken to be measured in the order given, old ones first.
    pub(super) fn of(new: &[&Results], old: &[&Results]) -> Order {
        // UTC in one format: the order of texts is that of times.
        let time = |results: &&Results| results.host.environment.measured_at.clone();
        let times: Option<Vec<String>> = old.iter().chain(new).map(time).collect();
        let known = times.is_some();
        let times: Vec<f64> = match times {
            Some(times) => times.iter().map(|time| place(time, &times)).collect(),
            None => (1..=old.len() + new.len()).map(|place| place as f64).collect(),
        };
        let (old, new) = times.split_at(old.len());
        Order {
            new: new.to_vec(),
            old: old.to_vec(),
            known,
        }
    }

    /// Whether the sides lie no further apart than those of an order by chance usually do, in standard deviations (that of
    /// Mann and Whitney's U). By then a steady drift is less than what it makes the sessions of a side differ by.
    pub(super) fn by_turns(&self) -> bool {
        let (n, m) = (self.new.len() as f64, self.old.len() as f64);
        self.known && self.distance() <= (n + m) * ((n + m + 1.0) / (12.0 * n * m)).sqrt()
    }

    /// How much later the one side came, in places.
    fn distance(&self) -> f64 {
        (mean(&self.new) - mean(&self.old)).abs()
    }

    /// What a steady drift as seen within the sides comes to between them: of the figures of both, in the order of the files.
    pub(super) fn drift(&self, new: &[f64], old: &[f64]) -> f64 {
        let sums = |places: &[f64], figures: &[f64]| {
            let (place, figure) = (mean(places), mean(figures));
            let both = places.iter().zip(figures);
            let products: f64 = both.map(|(at, of)| (at - place) * (of - figure)).sum();
            let squares: f64 = places.iter().map(|at| (at - place).powi(2)).sum();
            (products, squares)
        };
        let (new, old) = (sums(&self.new, new), sums(&self.old, old));
        match new.1 + old.1 {
            0.0 => 0.0,
            squares => ((new.0 + old.0) / squares).abs() * self.distance(),
        }
    }
}

fn place(time: &str, times: &[String]) -> f64 {
    let earlier = times.iter().filter(|other| other.as_str() < time).count() as f64;
    let same = times.iter().filter(|other| *other == time).count() as f64;
    earlier + (same + 1.0) / 2.0
}

fn mean(figures: &[f64]) -> f64 {
    figures.iter().sum::<f64>() / figures.len() as f64
}

#[cfg(test)]
impl Order {
    /// Evenly spread over the same time.
    pub(super) fn alternating(new: usize, old: usize) -> Order {
        let places = |n: usize| (0..n).map(|place| (place as f64 + 0.5) / n as f64).collect();
        Order {
            new: places(new),
            old: places(old),
            known: true,
        }
    }

    /// All old ones first.
    pub(super) fn apart(new: usize, old: usize) -> Order {
        Order {
            new: (old + 1..=old + new).map(|place| place as f64).collect(),
            old: (1..=old).map(|place| place as f64).collect(),
            known: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The order of these sessions, `o` an old one and `n` a new one.
    fn order(of: &str) -> Order {
        let places = |side: char| -> Vec<f64> {
            let all = of.chars().zip(1..);
            all.filter(|(one, _)| *one == side)
                .map(|(_, place)| f64::from(place))
                .collect()
        };
        Order {
            new: places('n'),
            old: places('o'),
            known: true,
        }
    }

    #[test]
    fn taking_turns_is_told_from_one_side_after_the_other() {
        for turns in ["ono", "onno", "onon", "nonono", "onononon", "onnoonno", "nonn"] {
            assert!(order(turns).by_turns(), "{turns}");
        }
        for apart in [
            "oon",
            "onn",
            "oonn",
            "nnoo",
            "ooonnn",
            "ooonon",
            "ooooonnnnn",
            "ooooonn",
        ] {
            assert!(!order(apart).by_turns(), "{apart}");
        }
        let unknown = Order {
            known: false,
            ..order("onon")
        };
        assert!(!unknown.by_turns());
    }

    #[test]
    fn a_steady_drift_is_told_over_the_distance_of_the_sides() {
        let found = order("ooonnn").drift(&[3.0, 4.0, 5.0], &[0.0, 1.0, 2.0]);
        assert!((found - 3.0).abs() < 1e-12, "{found}");
        assert_eq!(order("on").drift(&[1.0], &[2.0]), 0.0);
    }

    #[test]
    fn sessions_that_began_at_once_share_their_place() {
        let times = ["a", "b", "b", "c"].map(str::to_owned);
        assert_eq!(times.each_ref().map(|time| place(time, &times)), [1.0, 2.5, 2.5, 4.0]);
    }
}
