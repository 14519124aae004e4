//! How many instances fit on this host: holds one after the other in its first write, until a count, a budget of memory or a
//! limit of the host, and keeps what each took.

use crate::comparison::{self, Outcome};
use crate::error::Error;
use crate::host::descriptors;
use crate::measure::memory::hold::{self, Held, Stage};
use crate::measure::memory::host::{self, Reading};
use crate::measure::memory::series::{self, Series};
use crate::measure::memory::{self, available_bytes};
use crate::measure::scheduler::Conductor;
use crate::plan::Plan;
use crate::targets::Backend;
use crate::targets::pinned::Pinned;
use crate::targets::registry::Purpose;
use crate::workloads::image::Image;
use reports::analysis;
use reports::model::{Density, Message};
use std::time::Duration;

/// Where it ends at the latest.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// So many instances of a target.
    pub instances: u32,
    /// All instances of a target together take no more than this much of the host's memory.
    pub budget_bytes: Option<u64>,
}

/// This part of the host's memory is left to others,
const RESERVED_PART: u64 = 10;
/// or this much, where that is more.
const RESERVED_BYTES: u64 = 512 << 20;

/// What earlier instances took is given back, but for this much, before those of the next target are started,
const REST_BYTES: f64 = 1_048_576.0;
/// or after this time.
const REST: Duration = Duration::from_secs(10);

/// The slope is that of all pairs of levels, of so many levels at most.
const MOST_LEVELS: usize = 1000;

/// Starts and holds instances of each target. A target that cannot start a single one is in the results with its reason.
///
/// # Errors
/// An image that cannot be made, and descriptors that cannot be had.
pub fn measure(plan: &Plan, bounds: &Bounds, conductor: &mut dyn Conductor) -> Result<Outcome, Error> {
    let image = Image::build(&plan.workload, plan.image_files_bytes)?;
    descriptors::allow_most()?;
    let mut results = comparison::planned(plan);
    let purpose = Purpose::measured(&plan.machine, plan.timeout);
    for kind in &plan.targets {
        if conductor.stopped() {
            break;
        }
        let Some(backend) = kind.backend(&purpose) else {
            return Err(Error::new(
                Message::new("holds-nothing").with("name", kind.name.as_str()),
            ));
        };
        let backend = Pinned::over(backend, &plan.pinning);
        let described = backend.describe(&image).and_then(|described| {
            let density = curve(backend.as_ref(), &image, plan.timeout, bounds, conductor)?;
            Ok((described, density))
        });
        match described {
            Ok((described, density)) => {
                results.targets.push(described);
                results.density.push(density);
            }
            Err(error) => results.targets.push(comparison::unavailable(&kind.name, &error)),
        }
    }
    analysis::analyse(&mut results, &[]);
    Ok(Outcome {
        complete: !conductor.stopped(),
        results,
    })
}

/// Starts instances on one target and ends them all. That not a single one can be started is an error.
fn curve(
    backend: &dyn Backend,
    image: &Image,
    timeout: Duration,
    bounds: &Bounds,
    conductor: &mut dyn Conductor,
) -> Result<Density, Error> {
    // On a host that does not come to rest the first levels are off; the slope is of the later ones.
    let _ = series::settle(&mut host::read, REST_BYTES, REST);
    let stage = Stage::new()?;
    let mut held = Vec::new();
    let mut density = Density {
        target: backend.name().into(),
        ..Density::default()
    };
    let mut levels = vec![host::read().map_err(Error::new)?];
    density.ended = loop {
        if let Some(why) = enough(&levels, bounds, conductor) {
            break why;
        }
        match stage.hold(backend, image, timeout) {
            Ok(instance) => held.push(instance),
            Err(_) if conductor.stopped() => break Message::new("density-interrupted"),
            Err(error) if held.is_empty() => return Err(error),
            Err(error) => break error.reason(),
        }
        density.start_ms.push(took_ms(&held));
        levels.push(host::read().map_err(Error::new)?);
        conductor.stepped(backend.name());
    };
    // The memory of other programs changes meanwhile, most of it anonymous. So of that only the instances' own counts.
    let anonymous = memory::parts_of_several(&held).map_or(0.0, |parts| parts.anonymous as f64);
    let rest = levels[0].not_anonymous;
    let used = levels.iter().enumerate().skip(1);
    density.used_bytes = used
        .map(|(count, level)| (level.not_anonymous - rest + anonymous * count as f64).max(0.0))
        .collect();
    let stride = levels.len().div_ceil(MOST_LEVELS);
    let series = Series {
        instances: held,
        levels: Ok(levels.into_iter().step_by(stride).collect()),
    };
    let rise = series.rise(anonymous * stride as f64);
    density.memory_bytes = rise.ok().map(|slope| slope.bytes / stride as f64);
    hold::end(series.instances)?;
    Ok(density)
}

fn took_ms(held: &[Held]) -> f64 {
    held.last().map_or(0.0, |held| held.took().as_secs_f64() * 1e3)
}

/// Why no further instance is to be started.
fn enough(levels: &[Reading], bounds: &Bounds, conductor: &dyn Conductor) -> Option<Message> {
    let count = levels.len() - 1;
    let used = (levels[count].used - levels[0].used).max(0.0);
    let each = used / count.max(1) as f64;
    let mib = |bytes: f64| (bytes / f64::from(1 << 20)).round();
    if conductor.stopped() {
        return Some(Message::new("density-interrupted"));
    }
    if count >= bounds.instances as usize {
        return Some(Message::new("density-count").with("count", bounds.instances));
    }
    let budget = bounds.budget_bytes.map(|bytes| bytes as f64);
    if let Some(budget) = budget.filter(|budget| used + each > *budget) {
        return Some(Message::new("density-budget").with("mib", mib(budget)));
    }
    let reserve = (crate::host::memory_bytes() / RESERVED_PART).max(RESERVED_BYTES) as f64;
    let left = available_bytes() as f64 - each;
    (left < reserve).then(|| Message::new("density-reserve").with("mib", mib(reserve)))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Running(bool);

    impl Conductor for Running {
        fn pause(&mut self, _gap: Duration) {}
        fn stepped(&mut self, _target: &str) {}
        fn stopped(&self) -> bool {
            self.0
        }
    }

    #[test]
    fn it_ends_at_the_count_or_before_the_budget_is_passed_or_at_a_signal() {
        let why = |used: &[f64], instances, budget_bytes, stopped| {
            let bounds = Bounds {
                instances,
                budget_bytes,
            };
            let levels: Vec<Reading> = used
                .iter()
                .map(|used| Reading {
                    used: *used,
                    ..Reading::default()
                })
                .collect();
            enough(&levels, &bounds, &Running(stopped)).map(|why| why.id)
        };
        assert_eq!(why(&[3.0], 1, None, false), None);
        assert_eq!(why(&[3.0, 8.0], 1, None, false).as_deref(), Some("density-count"));
        assert_eq!(why(&[3.0, 8.0, 13.0], 9, Some(15), false), None);
        assert_eq!(
            why(&[3.0, 8.0, 13.0], 9, Some(14), false).as_deref(),
            Some("density-budget")
        );
        assert_eq!(why(&[3.0], 1, None, true).as_deref(), Some("density-interrupted"));
    }
}
