//! One instance after the other, with the host's memory before and after each, until the rise for one is certain enough.

use super::host::Reading;
use super::slope::{self, Slope};
use reports::model::Message;
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
/// So many are started where that takes no more than half of the patience: the first dozens take less than later ones, as
/// they reuse what the kernel has kept of earlier ones.
const SEVERAL: usize = 40;

/// So many readings, so far apart, tell whether the host is at rest. What has ended is given back after an RCU grace period or
/// two, of some 10 ms each.
const READINGS: usize = 8;
const BETWEEN_READINGS: Duration = Duration::from_millis(4);

/// What a series gave.
#[derive(Debug)]
pub struct Series<T> {
    /// The instances, alive.
    pub instances: Vec<T>,
    /// The host's memory with 0, 1, 2, … of them, or why it could not be read.
    pub levels: Result<Vec<Reading>, Message>,
}

impl<T> Series<T> {
    /// The rise for each instance, where `anonymous` of it is anonymous memory of its processes; or why there is none to be told.
    ///
    /// Another program that takes memory at an even rate shows in no standard error. So the rise is compared with that of
    /// all memory that is not anonymous, and `anonymous`; where they differ, the latter is right, if it is certain enough.
    pub fn rise(&self, anonymous: f64) -> Result<Slope, Message> {
        let levels = self.levels.as_ref().map_err(Message::clone)?;
        let (used, rest) = slopes(levels).ok_or_else(|| Message::new("too-few-instances"))?;
        let composed = Slope {
            bytes: rest.bytes + anonymous,
            ..rest
        };
        let tolerance = TOLERANCE * (used.standard_error + rest.standard_error);
        let agree = (used.bytes - composed.bytes).abs() <= tolerance.max(ACCEPTABLE * used.bytes);
        let chosen = if agree && used.standard_error <= rest.standard_error {
            used
        } else {
            composed
        };
        if chosen.relative_error() <= ACCEPTABLE {
            return Ok(chosen);
        }
        Err(Message::new("restless-slope")
            .with("count", self.instances.len() as f64)
            .with("kib", (chosen.bytes / 1024.0).round())
            .with("error", (chosen.standard_error / 1024.0).round()))
    }
}

/// By how many standard errors two slopes may differ that are taken to be the same.
const TOLERANCE: f64 = 3.0;

/// The slopes of all memory in use, and of that which is not anonymous.
fn slopes(levels: &[Reading]) -> Option<(Slope, Slope)> {
    let of = |part: fn(&Reading) -> f64| slope::of(&levels.iter().map(part).collect::<Vec<_>>());
    of(|reading| reading.used).zip(of(|reading| reading.not_anonymous))
}

/// Waits until the host's memory is at rest: it drifts by at most `rest_bytes` while it is looked at. Otherwise says by how
/// much it still did. Short disturbances are none: the slope does not see them either.
pub fn settle(
    read: &mut dyn FnMut() -> Result<Reading, Message>,
    rest_bytes: f64,
    patience: Duration,
) -> Result<(), Message> {
    let began = Instant::now();
    let mut readings = vec![read()?.not_anonymous];
    loop {
        std::thread::sleep(BETWEEN_READINGS);
        readings.push(read()?.not_anonymous);
        let Some(start) = readings.len().checked_sub(READINGS) else {
            continue;
        };
        let (before, after) = readings[start..].split_at(READINGS / 2);
        let drift = (slope::median(after.to_vec()) - slope::median(before.to_vec())).abs();
        if drift <= rest_bytes {
            return Ok(());
        }
        if began.elapsed() > patience {
            return Err(Message::new("restless-host")
                .with("kib", (drift / 1024.0).round())
                .with("ms", (BETWEEN_READINGS * READINGS as u32).as_millis() as f64));
        }
    }
}

/// Starts instances until the slope is certain enough or the budget is used up. An instance that cannot be started is an error
/// as long as there are too few for a figure.
pub fn grow<T, E>(
    budget: &Budget,
    mut start: impl FnMut() -> Result<T, E>,
    read: &mut dyn FnMut() -> Result<Reading, Message>,
) -> Result<Series<T>, E> {
    let began = Instant::now();
    let mut instances = Vec::new();
    let mut levels = Vec::new();
    loop {
        match read() {
            Ok(level) => levels.push(level),
            Err(why) => {
                return Ok(Series {
                    instances,
                    levels: Err(why),
                });
            }
        }
        if is_enough(&levels, began.elapsed(), budget) {
            break;
        }
        match start() {
            Ok(instance) => instances.push(instance),
            Err(error) if instances.len() < FEWEST => return Err(error),
            Err(_) => break,
        }
    }
    Ok(Series {
        instances,
        levels: Ok(levels),
    })
}

fn is_enough(levels: &[Reading], taken: Duration, budget: &Budget) -> bool {
    let count = levels.len() - 1;
    if count < FEWEST {
        return false;
    }
    let risen = levels[count].used - levels[0].used;
    let with_next = risen + risen / count as f64;
    if count >= MOST || with_next > budget.bytes as f64 || taken > budget.patience {
        return true;
    }
    if count < SEVERAL && taken < budget.patience / 2 {
        return false;
    }
    let enough = if taken < budget.time { EXCELLENT } else { ACCEPTABLE };
    slopes(levels)
        .is_some_and(|(used, rest)| used.relative_error() <= enough && rest.standard_error <= ACCEPTABLE * used.bytes)
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

    /// A host on which each instance takes so much, half of it anonymous, and other programs take up to so much anonymous
    /// memory at random, and so much more with each reading.
    fn host(each: f64, noise: f64, drift: f64) -> Series<()> {
        let mut random = StdRng::seed_from_u64(5);
        let (level, drifted) = (Cell::new(1e9), Cell::new(0.0));
        let start = || {
            level.set(level.get() + each);
            Ok::<(), ()>(())
        };
        let mut read = || {
            drifted.set(drifted.get() + drift);
            Ok(Reading {
                used: level.get() + noise * random.random::<f64>() + drifted.get(),
                not_anonymous: level.get() / 2.0 + noise / 100.0 * random.random::<f64>(),
            })
        };
        grow(&QUICK, start, &mut read).unwrap()
    }

    #[test]
    fn a_quiet_host_gives_the_figure_with_few_instances() {
        let series = host(131_072.0, 0.0, 0.0);
        assert_eq!(series.rise(65_536.0).unwrap().bytes, 131_072.0);
        assert_eq!(series.instances.len(), SEVERAL);
    }

    #[test]
    fn another_program_that_takes_memory_at_an_even_rate_is_not_in_the_figure() {
        let found = host(131_072.0, 0.0, 4e5).rise(65_536.0).unwrap();
        assert!((found.bytes / 131_072.0 - 1.0).abs() < 0.01, "{found:?}");
    }

    #[test]
    fn a_host_that_changes_more_than_the_instances_do_gives_no_figure_but_the_reason() {
        let why = host(131_072.0, 4e9, 0.0).rise(65_536.0).unwrap_err();
        assert_eq!(why.id, "restless-slope");
    }

    #[test]
    fn instances_never_take_more_of_the_host_than_the_budget_but_for_the_fewest_that_give_a_figure() {
        assert_eq!(host(300e6, 1e6, 0.0).instances.len(), FEWEST);
        let noisy = host(30e6, 100e6, 0.0).instances.len();
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
        let mut level = 0.0;
        let mut read = || {
            level += 4096.0;
            Ok(Reading {
                used: level,
                not_anonymous: level,
            })
        };
        assert_eq!(grow(&QUICK, start(2), &mut read).unwrap_err(), "too many open files");
        let series = grow(&QUICK, start(9), &mut read).unwrap();
        assert_eq!((series.instances.len(), series.rise(0.0).unwrap().bytes), (9, 4096.0));
    }

    #[test]
    fn a_host_at_rest_is_found_at_once_and_a_restless_one_after_the_patience() {
        let mut quiet = || Ok(Reading::default());
        assert_eq!(settle(&mut quiet, 1.0, Duration::ZERO), Ok(()));
        let mut not_anonymous = 0.0;
        let mut drifting = || {
            not_anonymous += 1e5;
            Ok(Reading {
                not_anonymous,
                ..Reading::default()
            })
        };
        let why = settle(&mut drifting, 65_536.0, Duration::ZERO).unwrap_err();
        assert_eq!(why.id, "restless-host");
        assert_eq!(
            settle(&mut || Err("no /proc".into()), 1.0, Duration::ZERO),
            Err("no /proc".into())
        );
    }
}
