//! One instance after the other, with the host's memory before and after each, until the rise for one is certain enough.

use super::slope::{self, Slope};
use std::time::{Duration, Instant};

/// How much may be spent on one figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// A figure that is certain enough to be shown is taken once this much time has passed.
    pub time: Duration,
    /// One that is not is given up after this much.
    pub patience: Duration,
    /// All instances together take no more than this much of the host's memory, but for the fewest that give a figure.
    pub bytes: u64,
}

/// A standard error below this part of the figure is small enough to stop at once,
const EXCELLENT: f64 = 0.005;
/// and one above this is too large to show the figure.
pub const ACCEPTABLE: f64 = 0.03;

/// So many instances give a figure if they agree.
pub const FEWEST: usize = 4;
/// More are not started: each takes descriptors, of which a process usually may have 1024.
const MOST: usize = 128;
/// So many are waited for before an early end, where they are fast to be had.
const SEVERAL: usize = 24;

/// How far apart readings are that must agree, and how many must, before the host is taken to be at rest. What has ended is
/// given back after an RCU grace period or two, of some 10 ms each.
const BETWEEN_READINGS: Duration = Duration::from_millis(4);
const AGREEING: usize = 8;

/// What a series gave.
#[derive(Debug)]
pub struct Series<T> {
    /// The instances, alive.
    pub instances: Vec<T>,
    /// The rise for each, or why there is none to be told.
    pub slope: Result<Slope, String>,
    /// How long it took.
    pub time: Duration,
}

impl<T> Series<T> {
    /// By how much the host's memory may change without any instance in the time that [`settle`] looks at it, so that the
    /// figure is right all the same: a change at this rate is too even for the standard error to see.
    pub fn tolerable_drift(&self) -> f64 {
        let total = self.slope.as_ref().map_or(0.0, |slope| slope.bytes) * self.instances.len() as f64;
        let windows = self.time.as_secs_f64() / (BETWEEN_READINGS * AGREEING as u32).as_secs_f64();
        ACCEPTABLE * total / windows.max(1.0)
    }
}

/// Waits until the host's memory is at rest, within `rest_bytes`. Otherwise says by how much it still changed.
pub fn settle(
    read: &mut dyn FnMut() -> Result<f64, String>,
    rest_bytes: f64,
    patience: Duration,
) -> Result<(), String> {
    let began = Instant::now();
    let mut last = vec![read()?];
    loop {
        std::thread::sleep(BETWEEN_READINGS);
        last.push(read()?);
        if last.len() < AGREEING {
            continue;
        }
        let spread = spread(&last[last.len() - AGREEING..]);
        if spread <= rest_bytes {
            return Ok(());
        }
        if began.elapsed() > patience {
            return Err(format!(
                "other programs change the host's memory all the time, by {:.0} KiB within {} ms just now",
                spread / 1024.0,
                (BETWEEN_READINGS * AGREEING as u32).as_millis()
            ));
        }
    }
}

fn spread(readings: &[f64]) -> f64 {
    let largest = readings.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let smallest = readings.iter().copied().fold(f64::INFINITY, f64::min);
    largest - smallest
}

/// Starts instances until the slope is certain enough or the budget is used up. An instance that cannot be started is an error
/// as long as there are too few for a figure.
pub fn grow<T, E>(
    budget: &Budget,
    mut start: impl FnMut() -> Result<T, E>,
    read: &mut dyn FnMut() -> Result<f64, String>,
) -> Result<Series<T>, E> {
    let began = Instant::now();
    let mut instances = Vec::new();
    let failed = |instances, why| {
        Ok(Series {
            instances,
            slope: Err(why),
            time: began.elapsed(),
        })
    };
    let mut levels = match read() {
        Ok(level) => vec![level],
        Err(why) => return failed(instances, why),
    };
    loop {
        match start() {
            Ok(instance) => instances.push(instance),
            Err(error) if instances.len() < FEWEST => return Err(error),
            Err(_) => break,
        }
        match read() {
            Ok(level) => levels.push(level),
            Err(why) => return failed(instances, why),
        }
        let count = instances.len();
        let taken = began.elapsed();
        let risen = levels[count] - levels[0];
        let with_next = risen + risen / count as f64;
        let used_up = count >= MOST || with_next > budget.bytes as f64 || taken > budget.patience;
        if count < FEWEST || (count < SEVERAL && taken < budget.time && !used_up) {
            continue;
        }
        let error = slope::of(&levels).map_or(f64::INFINITY, |slope| slope.relative_error());
        let enough = if taken < budget.time { EXCELLENT } else { ACCEPTABLE };
        if error <= enough || used_up {
            break;
        }
    }
    let time = began.elapsed();
    let slope = slope::of(&levels).ok_or_else(|| "there were too few instances".to_owned());
    Ok(Series {
        time,
        slope: slope.and_then(|slope| certain(slope, instances.len())),
        instances,
    })
}

/// The slope where it is certain enough to be shown.
fn certain(slope: Slope, instances: usize) -> Result<Slope, String> {
    let error = slope.relative_error();
    if error <= ACCEPTABLE {
        return Ok(slope);
    }
    Err(format!(
        "{instances} instances do not agree on it: {:.0} KiB with a standard error of {:.0} KiB, as other programs change the \
         host's memory",
        slope.bytes / 1024.0,
        slope.standard_error / 1024.0
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};
    use std::cell::Cell;

    const QUICK: Budget = Budget {
        time: Duration::from_millis(20),
        patience: Duration::from_millis(40),
        bytes: 1 << 30,
    };

    /// A host on which each instance takes so much, and other programs change it by up to so much.
    fn host(each: f64, noise: f64) -> Series<()> {
        let mut random = StdRng::seed_from_u64(5);
        let level = Cell::new(1e9);
        let start = || {
            level.set(level.get() + each);
            Ok::<(), ()>(())
        };
        let mut read = || Ok(level.get() + noise * random.random::<f64>());
        grow(&QUICK, start, &mut read).unwrap()
    }

    #[test]
    fn a_quiet_host_gives_the_figure_with_few_instances() {
        let series = host(131_072.0, 0.0);
        assert_eq!(series.slope.unwrap().bytes, 131_072.0);
        assert_eq!(series.instances.len(), SEVERAL);
    }

    #[test]
    fn a_host_that_changes_more_than_the_instances_do_gives_no_figure_but_the_reason() {
        let series = host(131_072.0, 268e6);
        let why = series.slope.unwrap_err();
        assert!(why.contains("do not agree") && why.contains("other programs"), "{why}");
    }

    #[test]
    fn instances_never_take_more_of_the_host_than_the_budget_but_for_the_fewest_that_give_a_figure() {
        assert_eq!(host(300e6, 1e6).instances.len(), FEWEST);
        let noisy = host(30e6, 100e6).instances.len();
        assert!((FEWEST..=39).contains(&noisy), "{noisy}");
    }

    #[test]
    fn what_cannot_be_started_is_an_error_only_where_there_are_too_few_others() {
        let start = |room: u32| {
            let left = Cell::new(room);
            move || match left.replace(left.get().saturating_sub(1)) {
                0 => Err("too many open files"),
                left => Ok(left),
            }
        };
        let level = Cell::new(0.0);
        let mut read = || Ok(level.replace(level.get() + 4096.0));
        assert_eq!(grow(&QUICK, start(2), &mut read).unwrap_err(), "too many open files");
        let level = Cell::new(0.0);
        let mut read = || Ok(level.replace(level.get() + 4096.0));
        let series = grow(&QUICK, start(9), &mut read).unwrap();
        assert_eq!((series.instances.len(), series.slope.unwrap().bytes), (9, 4096.0));
    }

    #[test]
    fn a_host_at_rest_is_found_at_once_and_a_restless_one_after_the_patience() {
        let mut quiet = || Ok(5.0);
        assert_eq!(settle(&mut quiet, 1.0, Duration::ZERO), Ok(()));
        let mut level = 0.0;
        let mut drifting = || {
            level += 1e5;
            Ok(level)
        };
        let why = settle(&mut drifting, 65_536.0, Duration::ZERO).unwrap_err();
        assert!(why.contains("other programs"), "{why}");
        assert_eq!(
            settle(&mut || Err("no /proc".into()), 1.0, Duration::ZERO),
            Err("no /proc".into())
        );
    }

    #[test]
    fn an_even_drift_that_would_falsify_the_figure_is_not_tolerable() {
        let series = |time| Series {
            instances: vec![(); 100],
            slope: Ok(Slope {
                bytes: 131_072.0,
                standard_error: 0.0,
            }),
            time,
        };
        let window = BETWEEN_READINGS * AGREEING as u32;
        let total = 100.0 * 131_072.0;
        assert!((series(window * 10).tolerable_drift() - 0.003 * total).abs() < 1.0);
        assert!((series(window / 2).tolerable_drift() - 0.03 * total).abs() < 1.0);
    }
}
