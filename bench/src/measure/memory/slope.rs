//! How much a level rises with each further instance, from levels that other programs disturb.
//!
//! The first third of the instances is left out: they reuse what the kernel has kept of earlier ones. The slope is the median
//! of the slopes between all pairs of the rest (Theil and Sen), so that single disturbed levels do not count. Its standard error
//! is that of the mean slope of consecutive segments, which sees disturbances that last: residuals of one straight line
//! would not.

/// Into how many segments the levels are cut for the standard error, where there are enough.
const SEGMENTS: usize = 5;
/// Fewer increments than this say nothing of their spread.
const FEWEST: usize = 3;

/// A rise for each instance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    /// Bytes for each instance.
    pub bytes: f64,
    /// Its standard error.
    pub standard_error: f64,
}

impl Slope {
    /// The standard error as a part of the slope; infinite where there is no rise.
    pub fn relative_error(&self) -> f64 {
        if self.bytes > 0.0 {
            self.standard_error / self.bytes
        } else {
            f64::INFINITY
        }
    }
}

/// The slope of `levels`, of which `levels[n]` was seen with n instances; `None` for too few.
pub fn of(levels: &[f64]) -> Option<Slope> {
    let instances = levels.len().checked_sub(1)?;
    let kept = &levels[(instances / 3).max(1).min(instances)..];
    let increments = kept.len() - 1;
    if increments < FEWEST {
        return None;
    }
    let segments = SEGMENTS.min(increments);
    let slopes: Vec<f64> = (0..segments)
        .map(|index| &kept[index * increments / segments..=(index + 1) * increments / segments])
        .map(between_all_pairs)
        .collect();
    let mean = slopes.iter().sum::<f64>() / segments as f64;
    let squares: f64 = slopes.iter().map(|slope| (slope - mean).powi(2)).sum();
    Some(Slope {
        bytes: between_all_pairs(kept),
        standard_error: (squares / (segments - 1) as f64 / segments as f64).sqrt(),
    })
}

/// The median of the slopes between all pairs of levels.
fn between_all_pairs(levels: &[f64]) -> f64 {
    let slopes = (1..levels.len())
        .flat_map(|later| (0..later).map(move |earlier| (levels[later] - levels[earlier]) / (later - earlier) as f64))
        .collect();
    median(slopes)
}

/// The median; NaN of nothing.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    reports::analysis::statistics::quantile(&values, 0.5).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    fn line(count: usize, slope: f64) -> Vec<f64> {
        (0..count).map(|n| 1e9 + slope * n as f64).collect()
    }

    #[test]
    fn a_straight_line_has_its_slope_and_no_error() {
        let found = of(&line(40, 131_072.0)).unwrap();
        assert!((found.bytes - 131_072.0).abs() < 1.0 && found.standard_error < 1.0);
        let few = of(&line(5, 131_072.0)).unwrap();
        assert!((few.bytes - 131_072.0).abs() < 1.0);
    }

    #[test]
    fn the_first_instances_and_single_disturbed_levels_do_not_count() {
        let mut levels = line(61, 131_072.0);
        for (index, level) in levels.iter_mut().take(20).enumerate() {
            *level += 1e5 * (20 - index) as f64;
        }
        levels[30] += 8e7;
        levels[45] -= 5e7;
        let found = of(&levels).unwrap();
        assert!((found.bytes / 131_072.0 - 1.0).abs() < 0.01, "{found:?}");
    }

    #[test]
    fn an_error_that_lasts_is_seen_in_the_standard_error() {
        let mut levels = line(61, 131_072.0);
        levels[50..].iter_mut().for_each(|level| *level += 5e6);
        assert!(of(&levels).unwrap().relative_error() > 0.03);
    }

    #[test]
    fn the_standard_error_covers_the_true_slope_under_noise() {
        let mut random = StdRng::seed_from_u64(7);
        let covered = (0..200).filter(|_| {
            let mut walk = 0.0;
            let levels: Vec<f64> = line(64, 131_072.0)
                .into_iter()
                .map(|level| {
                    walk += 8192.0 * (random.random::<f64>() - 0.5);
                    level + walk + 65_536.0 * random.random::<f64>()
                })
                .collect();
            let found = of(&levels).unwrap();
            (found.bytes - 131_072.0).abs() <= 3.0 * found.standard_error
        });
        assert!(covered.count() >= 190);
    }

    #[test]
    fn too_few_levels_and_no_rise_are_no_figure() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&line(4, 1.0)), None);
        assert_eq!(of(&line(40, -1.0)).unwrap().relative_error(), f64::INFINITY);
    }
}
