//! What instances that were held at once come to: how many there were, what the last ones took to start against the first
//! ones, and from which number on starts were slow.

use super::statistics::quantile;
use crate::model::Density;

/// Instances are looked at in groups, of which the median is taken: a start may be disturbed by chance.
const GROUPS: usize = 50;
/// A group has at least so many.
const FEWEST_IN_GROUP: usize = 5;
/// With fewer groups there is nothing to see.
const FEWEST_GROUPS: usize = 6;
/// Starts are slow from where they take this many times as long as the first ones, to the end.
pub const SLOW: f64 = 1.5;
/// Of the groups from there on, this part at least are slow.
const MOST_OF: f64 = 0.9;

/// What it comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Held {
    /// Instances at the end.
    pub instances: usize,
    /// What they took together, in bytes.
    pub used_bytes: f64,
    /// The median start of the first tenth, in ms.
    pub first_ms: f64,
    /// Of the last tenth.
    pub last_ms: f64,
    /// The number of the first instance from which on starts take [`SLOW`] times as long as the first ones did.
    pub slow_from: Option<usize>,
}

/// What a target's instances come to; `None` where there was none.
pub fn held(density: &Density) -> Option<Held> {
    let starts = &density.start_ms;
    let tenth = starts.len().div_ceil(10);
    let first_ms = median(starts.get(..tenth)?)?;
    Some(Held {
        instances: starts.len(),
        used_bytes: *density.used_bytes.last()?,
        first_ms,
        last_ms: median(&starts[starts.len() - tenth..])?,
        slow_from: slow_from(starts, first_ms),
    })
}

/// The median start in each group of instances, with the number of the group's last instance.
pub fn groups(starts_ms: &[f64]) -> Vec<(usize, f64)> {
    let size = starts_ms.len().div_ceil(GROUPS).max(FEWEST_IN_GROUP);
    let groups = starts_ms.chunks(size).enumerate();
    groups
        .filter_map(|(index, group)| Some((index * size + group.len(), median(group)?)))
        .collect()
}

/// Whether there are enough starts to see from where on they are slow.
pub fn can_tell(starts_ms: &[f64]) -> bool {
    groups(starts_ms).len() >= FEWEST_GROUPS
}

fn slow_from(starts_ms: &[f64], first_ms: f64) -> Option<usize> {
    if !can_tell(starts_ms) {
        return None;
    }
    let groups = groups(starts_ms);
    let slow = |group: &&(usize, f64)| group.1 > SLOW * first_ms;
    let stays = |from: &usize| {
        let rest = &groups[*from..];
        slow(&&rest[0]) && rest.iter().filter(slow).count() as f64 >= MOST_OF * rest.len() as f64
    };
    // The last group alone may be slow by chance.
    let from = (1..groups.len() - 1).find(stays)?;
    Some(groups[from - 1].0 + 1)
}

fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile(&sorted, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(start_ms: Vec<f64>) -> Option<Held> {
        held(&Density {
            used_bytes: (1..=start_ms.len()).map(|count| 1e6 * count as f64).collect(),
            start_ms,
            ..Density::default()
        })
    }

    #[test]
    fn starts_that_become_slow_and_stay_so_are_named_by_the_first_slow_one() {
        let starts = (0..1000).map(|count| if count < 600 { 1.0 } else { 2.0 });
        let found = of(starts.collect()).unwrap();
        assert_eq!((found.instances, found.used_bytes), (1000, 1e9));
        assert_eq!((found.first_ms, found.last_ms, found.slow_from), (1.0, 2.0, Some(601)));
    }

    #[test]
    fn starts_that_stay_as_they_are_have_no_such_place_even_with_a_disturbance() {
        let starts = (0..1000).map(|count| if (300..400).contains(&count) { 3.0 } else { 1.0 });
        assert_eq!(of(starts.collect()).unwrap().slow_from, None);
        assert_eq!(of(vec![1.0, 2.0, 3.0]).unwrap().slow_from, None);
        assert_eq!(of(Vec::new()), None);
    }

    proptest! {
        #[test]
        fn any_starts_are_looked_at_without_a_panic(starts in prop::collection::vec(0.0..1e6_f64, 0..400)) {
            let count = starts.len();
            prop_assert_eq!(of(starts).map(|found| found.instances), (count > 0).then_some(count));
        }
    }
}
