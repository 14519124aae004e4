//! Which target runs when: rounds in which every target runs once, in an order drawn anew for each round.
//!
//! So whatever the host does meanwhile (another process, heat, a full page cache) meets all targets alike, and none always
//! follows the same other. Warm-up rounds go first and are not counted; the memory of each target is looked at after
//! the last round, and its system calls are counted, where that disturbs none.

use crate::error::Error;
use crate::plan::Schedule;
use crate::targets::Target;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use reports::model::{Instance, Message, Sample, Samples};
use std::time::Duration;

/// A target is given up once it has failed this often without a single success, or has run out of time once.
const HOPELESS_FAILURES: u32 = 3;

/// What the rounds are told by, and tell to, the world around them.
pub trait Conductor {
    /// Lets this much time pass.
    fn pause(&mut self, gap: Duration);

    /// One step is done.
    fn stepped(&mut self, target: &str);

    /// Whether to stop here and now.
    fn stopped(&self) -> bool;
}

/// What came out of the rounds.
#[derive(Debug, Default)]
pub struct Measured {
    /// Every counted run, in the order it was taken.
    pub samples: Samples,
    /// What was taken of instances of their own, after the runs.
    pub instances: Vec<Instance>,
    /// Targets that could not run at all, and why.
    pub unavailable: Vec<(usize, Error)>,
    /// Targets that were given up, and why.
    pub given_up: Vec<(usize, Message)>,
    /// Targets whose memory could not be looked at, and why.
    pub no_memory: Vec<(usize, Error)>,
    /// All that was planned was done.
    pub complete: bool,
}

/// One target in the rounds.
struct Lane<'a> {
    target: &'a mut dyn Target,
    samples: u32,
    failures: u32,
    out: bool,
}

/// Runs all targets as planned.
pub fn run(targets: &mut [Box<dyn Target>], plan: &Schedule, conductor: &mut dyn Conductor) -> Measured {
    let mut measured = Measured::default();
    let mut lanes: Vec<Lane> = targets
        .iter_mut()
        .map(|target| Lane {
            target: target.as_mut(),
            samples: 0,
            failures: 0,
            out: false,
        })
        .collect();
    let mut random = StdRng::seed_from_u64(plan.seed);
    let mut order: Vec<usize> = (0..lanes.len()).collect();
    for round in 0..plan.warmup + plan.runs {
        order.shuffle(&mut random);
        for &index in &order {
            let lane = &mut lanes[index];
            if lane.out {
                conductor.stepped(lane.target.name());
                continue;
            }
            conductor.pause(plan.idle_gap);
            let outcome = lane.target.run();
            if conductor.stopped() {
                // What a signal ended is not a measurement.
                return measured;
            }
            match outcome {
                Err(error) => lane.refused(index, error, round, plan, &mut measured),
                Ok(sample) if round >= plan.warmup => lane.take(index, sample, round - plan.warmup, &mut measured),
                // Not tried again: each of its runs would take all the time that it is allowed.
                Ok(sample) if timed_out(&sample) && lane.samples == 0 => lane.take(index, sample, 0, &mut measured),
                Ok(_) => {}
            }
            conductor.stepped(lane.target.name());
        }
    }
    measured.complete = look_at_memory(&mut lanes, plan, conductor, &mut measured);
    measured
}

impl Lane<'_> {
    /// The target could not start an instance. Before its first sample that means that it cannot run here.
    fn refused(&mut self, index: usize, error: Error, round: u32, plan: &Schedule, measured: &mut Measured) {
        if self.samples == 0 {
            self.out = true;
            measured.unavailable.push((index, error));
        } else if round >= plan.warmup {
            let failed = Sample {
                exit_code: 125,
                error: Some(error.reason()),
                ..Sample::default()
            };
            self.take(index, failed, round - plan.warmup, measured);
        }
    }

    fn take(&mut self, index: usize, sample: Sample, round: u32, measured: &mut Measured) {
        if let Some(error) = &sample.error {
            self.failures += 1;
            let hopeless = self.failures == HOPELESS_FAILURES || timed_out(&sample);
            if hopeless && self.samples + 1 == self.failures {
                self.out = true;
                measured.given_up.push((index, error.clone()));
            }
        }
        measured.samples.push(Sample {
            target: self.target.name().into(),
            run: self.samples,
            round,
            ..sample
        });
        self.samples += 1;
    }
}

/// Whether a run took longer than it is allowed.
fn timed_out(sample: &Sample) -> bool {
    sample.error.as_ref().is_some_and(|error| error.id == "timed-out")
}

/// Looks at the memory of each target, and counts its system calls once. False when it was stopped.
fn look_at_memory(lanes: &mut [Lane], plan: &Schedule, conductor: &mut dyn Conductor, measured: &mut Measured) -> bool {
    for look in 0..plan.memory_runs {
        for (index, lane) in lanes.iter_mut().enumerate() {
            if !lane.out {
                let memory = lane.target.memory();
                let calls = (look == 0).then(|| lane.target.system_calls());
                if conductor.stopped() {
                    return false;
                }
                let memory = match memory {
                    Ok(memory) => Some(memory),
                    Err(error) => {
                        measured.no_memory.extend((look == 0).then_some((index, error)));
                        None
                    }
                };
                measured.instances.extend(instance(lane.target.name(), memory, calls));
            }
            conductor.stepped(lane.target.name());
        }
    }
    true
}

/// One look as the results hold it; `None` where nothing came out of it.
fn instance(target: &str, memory: Option<Instance>, system_calls: Option<Result<u64, Message>>) -> Option<Instance> {
    let looked = memory.is_some();
    let mut instance = Instance {
        target: target.into(),
        ..memory.unwrap_or_default()
    };
    match system_calls {
        None if !looked => return None,
        None => {}
        Some(Ok(count)) => instance.metrics.set("system_calls", count as f64),
        Some(Err(why)) => drop(instance.missing.insert("system_calls".into(), why)),
    }
    Some(instance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::mock::{Mock, Outcome, World};
    use std::collections::BTreeSet;
    use std::rc::Rc;

    struct Simulated {
        world: Rc<World>,
        steps: u64,
        stop_after: Option<u64>,
    }

    impl Conductor for Simulated {
        fn pause(&mut self, gap: Duration) {
            self.world.pass(gap.as_secs_f64() * 1e3);
        }
        fn stepped(&mut self, _: &str) {
            self.steps += 1;
        }
        fn stopped(&self) -> bool {
            self.stop_after.is_some_and(|steps| self.steps >= steps)
        }
    }

    fn conductor(world: &Rc<World>) -> Simulated {
        Simulated {
            world: Rc::clone(world),
            steps: 0,
            stop_after: None,
        }
    }

    fn plan(runs: u32, warmup: u32) -> Schedule {
        Schedule {
            runs,
            warmup,
            memory_runs: 0,
            idle_gap: Duration::ZERO,
            seed: 7,
        }
    }

    fn three(world: &Rc<World>) -> Vec<Box<dyn Target>> {
        ["a", "b", "c"]
            .map(|name| Box::new(Mock::new(name, world, |_| Outcome::Ready(1.0))) as Box<dyn Target>)
            .into()
    }

    #[test]
    fn every_round_runs_every_target_once() {
        let world = Rc::new(World::default());
        let measured = run(&mut three(&world), &plan(20, 0), &mut conductor(&world));
        let log = world.log();
        assert_eq!(log.len(), 60);
        for round in log.chunks(3) {
            assert_eq!(round.iter().collect::<BTreeSet<_>>().len(), 3, "{round:?}");
        }
        assert!(measured.complete);
        let rounds: Vec<u32> = measured.samples.iter().map(|sample| sample.round).collect();
        assert_eq!(rounds, (0..60).map(|n| n / 3).collect::<Vec<_>>());
    }

    #[test]
    fn the_order_changes_from_round_to_round_and_comes_back_with_its_seed() {
        let order = |seed| {
            let world = Rc::new(World::default());
            run(
                &mut three(&world),
                &Schedule { seed, ..plan(30, 0) },
                &mut conductor(&world),
            );
            world.log()
        };
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
        let drawn = order(1);
        let different: BTreeSet<&[String]> = drawn.chunks(3).collect();
        assert_eq!(
            different.len(),
            6,
            "all six orders of three targets turn up in thirty rounds"
        );
    }

    #[test]
    fn warm_up_runs_first_and_is_not_counted() {
        let world = Rc::new(World::default());
        let slow_first = |run| Outcome::Ready(if run < 2 { 100.0 } else { 1.0 });
        let mut targets: Vec<Box<dyn Target>> = vec![Box::new(Mock::new("a", &world, slow_first))];
        let measured = run(&mut targets, &plan(5, 2), &mut conductor(&world));
        assert_eq!(world.log().len(), 7);
        assert_eq!(
            measured.samples.iter().map(|s| s.ready_ms()).collect::<Vec<_>>(),
            [Some(1.0); 5]
        );
        assert_eq!(
            measured.samples.iter().map(|s| s.run).collect::<Vec<_>>(),
            [0, 1, 2, 3, 4]
        );
    }

    #[test]
    fn the_idle_gap_passes_before_every_start() {
        let world = Rc::new(World::default());
        let gapped = Schedule {
            idle_gap: Duration::from_millis(300),
            ..plan(4, 1)
        };
        run(&mut three(&world), &gapped, &mut conductor(&world));
        assert!((world.now_ms() - 15.0 * 301.0).abs() < 1e-6);
    }

    #[test]
    fn a_target_that_cannot_start_is_left_out_with_its_reason_and_the_others_run() {
        let world = Rc::new(World::default());
        let mut targets = three(&world);
        targets[1] = Box::new(Mock::new("b", &world, |_| Outcome::Refuses(Error::new("no /dev/kvm"))));
        let measured = run(&mut targets, &plan(10, 1), &mut conductor(&world));
        assert_eq!(measured.unavailable, [(1, Error::new("no /dev/kvm"))]);
        assert_eq!(world.log().iter().filter(|name| *name == "b").count(), 1);
        assert_eq!(measured.samples.len(), 20);
        assert!(measured.complete);
    }

    #[test]
    fn a_run_that_fails_is_kept_as_a_failed_sample() {
        let world = Rc::new(World::default());
        let mut targets = three(&world);
        let third_fails = |run| {
            if run == 2 {
                Outcome::Fails("status 3".into())
            } else {
                Outcome::Ready(1.0)
            }
        };
        targets[0] = Box::new(Mock::new("a", &world, third_fails));
        let measured = run(&mut targets, &plan(5, 0), &mut conductor(&world));
        let failed: Vec<Sample> = measured
            .samples
            .iter()
            .filter(|sample| sample.error.is_some())
            .collect();
        assert_eq!(failed.len(), 1);
        assert_eq!(
            (&*failed[0].target, failed[0].run, failed[0].ready_ms()),
            ("a", 2, None)
        );
    }

    #[test]
    fn a_target_that_only_fails_is_given_up_and_keeps_its_failures() {
        let world = Rc::new(World::default());
        let mut targets = three(&world);
        targets[2] = Box::new(Mock::new("c", &world, |_| Outcome::Fails("status 1".into())));
        let measured = run(&mut targets, &plan(30, 0), &mut conductor(&world));
        assert_eq!(measured.given_up, [(2, "status 1".into())]);
        assert_eq!(measured.samples.iter().filter(|sample| sample.target == "c").count(), 3);
    }

    #[test]
    fn a_target_that_runs_out_of_time_is_given_up_after_the_first_run_and_keeps_it() {
        for (runs, warmup) in [(5, 3), (5, 0)] {
            let world = Rc::new(World::default());
            let mut targets = three(&world);
            let why = Message::new("timed-out").with("seconds", 30.0);
            let says = why.clone();
            targets[2] = Box::new(Mock::new("c", &world, move |_| Outcome::Fails(says.clone())));
            let measured = run(&mut targets, &plan(runs, warmup), &mut conductor(&world));
            assert_eq!(world.log().iter().filter(|name| *name == "c").count(), 1);
            assert_eq!(measured.given_up, [(2, why)]);
            assert_eq!(measured.samples.of("c").count(), 1);
        }
    }

    #[test]
    fn memory_is_looked_at_after_the_last_run_and_noted_apart_from_the_runs() {
        let world = Rc::new(World::default());
        let measured = run(
            &mut three(&world),
            &Schedule {
                memory_runs: 2,
                ..plan(4, 0)
            },
            &mut conductor(&world),
        );
        let log = world.log();
        assert!(log[..12].iter().all(|name| !name.ends_with('?')));
        assert_eq!(log[12..], ["a?", "b?", "c?", "a?", "b?", "c?"]);
        let looks: Vec<(&str, Option<f64>)> = measured
            .instances
            .iter()
            .map(|look| (&*look.target, look.metrics.get("uss_bytes")))
            .collect();
        assert_eq!(
            looks,
            ["a", "b", "c", "a", "b", "c"].map(|name| (name, Some(1_048_576.0)))
        );
        // System calls are counted once.
        let told = measured
            .instances
            .iter()
            .filter(|look| look.missing.contains_key("system_calls"));
        assert_eq!(told.count(), 3);
    }

    #[test]
    fn stopping_keeps_what_was_finished_and_says_that_it_is_not_all() {
        let world = Rc::new(World::default());
        let mut conductor = conductor(&world);
        conductor.stop_after = Some(10);
        let measured = run(&mut three(&world), &plan(20, 0), &mut conductor);
        assert_eq!(measured.samples.len(), 10);
        assert!(!measured.complete);
    }

    #[test]
    fn results_do_not_depend_on_the_order_of_the_targets() {
        let medians = |names: [&str; 3]| -> Vec<f64> {
            let world = Rc::new(World::default());
            let mut targets: Vec<Box<dyn Target>> = names
                .map(|name| {
                    let seed = u64::from(name.as_bytes()[0]);
                    Box::new(Mock::noisy(name, &world, seed, 1.0, 0.1)) as Box<dyn Target>
                })
                .into();
            let measured = run(&mut targets, &plan(30, 3), &mut conductor(&world));
            ["a", "b", "c"]
                .map(|name| {
                    let samples: Vec<f64> = measured.samples.of(name).filter_map(|s| s.ready_ms()).collect();
                    reports::analysis::statistics::median(&samples).unwrap()
                })
                .into()
        };
        assert_eq!(medians(["a", "b", "c"]), medians(["c", "a", "b"]));
    }
}
