//! Watches the host and looks at the samples for what a reader must be warned of.

use crate::host::clock_source::{self, Grade};
use crate::host::counters::Counters;
use crate::host::frequency::{Frequency, Pace};
use crate::host::system_files::SystemFiles;
use crate::measure::ready::Ready;
use crate::measure::scheduler::Measured;
use crate::plan::Plan;
use crate::targets::{Target, Wrote};
use crate::warnings::Warning;
use reports::analysis::statistics;
use reports::model::{self, Version};
use std::collections::BTreeSet;
use std::time::Instant;

/// More than this share of a target's samples as outliers means that something disturbed them.
const MANY_OUTLIERS: f64 = 0.10;
/// A share of one processor that other programs may use before it is worth a warning.
const BUSY_SHARE: f64 = 0.25;
/// A share of the processor time taken away by a hypervisor that is worth a warning.
const STEAL_SHARE: f64 = 0.01;
/// The disagreement between the workload's clock and isolab's that is worth a warning.
const CLOCK_SHARE: f64 = 0.02;

/// A first byte behind this share of a run is a late one,
const LATE_SHARE: f64 = 0.95;
/// where the program had this much time to write an earlier one.
const LONG_PROGRAM_MS: f64 = 10.0;

/// Watches the host while isolab measures.
#[derive(Debug)]
pub struct Observer {
    began: Instant,
    host: Counters,
}

impl Observer {
    /// Reads the counters for the first time.
    pub fn begin() -> Self {
        Observer {
            began: Instant::now(),
            host: Counters::read(),
        }
    }

    /// Reads them again, and judges what was measured in between.
    pub fn finish(
        &self,
        plan: &Plan,
        described: &[model::Target],
        targets: &[Box<dyn Target>],
        measured: &Measured,
    ) -> Vec<Warning> {
        let mut warnings = of_plan(plan);
        warnings.extend(of_counters(
            &self.host,
            &Counters::read(),
            self.began.elapsed().as_secs_f64(),
        ));
        warnings.extend(of_host(&SystemFiles::of_this_host()));
        let name = |index: usize| targets[index].name().to_owned();
        warnings.extend(measured.given_up.iter().map(|(index, why)| Warning::GaveUp {
            target: name(*index),
            why: why.clone(),
        }));
        warnings.extend(measured.no_memory.iter().map(|(index, error)| Warning::NoMemory {
            target: name(*index),
            why: error.reason(),
        }));
        warnings.extend(targets.iter().flat_map(|target| target.warnings()));
        if !measured.complete {
            warnings.push(Warning::Incomplete);
        }
        // Versions of a program may well write different things.
        let versions: BTreeSet<_> = described.iter().map(|target| version(&target.name)).collect();
        for of in &versions {
            let own = described.iter().filter(|target| version(&target.name) == *of);
            warnings.extend(of_samples(own, &measured.samples));
        }
        // The built-in workloads are known to write when they are ready, and another mark is not a byte that comes late.
        if plan.workload.known_sha256.is_none() && plan.workload.ready == Ready::FirstByte {
            warnings.extend(late_first_byte(described, &measured.samples));
        }
        for of in versions {
            let own = targets.iter().filter(|target| version(target.name()) == of);
            warnings.extend(of_outputs(own.map(|target| target.as_ref())));
        }
        warnings
    }
}

/// Which version of the program runs in a row, where there are two.
fn version(row: &str) -> Option<Version> {
    Version::of(row).map(|(_, version)| version)
}

fn of_plan(plan: &Plan) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if cfg!(debug_assertions) {
        warnings.push(Warning::DebugBuild);
    }
    if plan.schedule.runs < statistics::FEWEST_FOR_INTERVAL {
        warnings.push(Warning::FewRuns {
            runs: plan.schedule.runs,
        });
    }
    if plan.schedule.warmup == 0 {
        warnings.push(Warning::ColdCaches);
    }
    warnings
}

fn of_counters(before: &Counters, after: &Counters, elapsed_s: f64) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let others_s = (after.busy_s - before.busy_s) - (after.own_s - before.own_s);
    // The counters tick in hundredths of a second: over a shorter time they say nothing.
    if elapsed_s > 0.2 && others_s / elapsed_s > BUSY_SHARE {
        warnings.push(Warning::BusyHost {
            cpus: others_s / elapsed_s,
        });
    }
    let total_s = after.total_s - before.total_s;
    let share = (after.steal_s - before.steal_s) / total_s;
    if total_s > 0.2 && share > STEAL_SHARE {
        warnings.push(Warning::StealTime { share });
    }
    if after.swapped_pages > before.swapped_pages {
        warnings.push(Warning::Swapping);
    }
    if after.throttled > before.throttled {
        warnings.push(Warning::Throttled);
    }
    warnings
}

fn of_host(files: &SystemFiles) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let frequency = Frequency::read(files);
    if let (Some(governor), Some(pace @ (Pace::FollowsLoad | Pace::Low))) = (&frequency.governor, frequency.pace()) {
        warnings.push(Warning::SlowGovernor {
            governor: governor.clone(),
            pace,
        });
    }
    if let Some(source) = clock_source::current(files) {
        let grade = clock_source::grade(&source);
        if grade != Grade::Good {
            warnings.push(Warning::SlowClock { source, grade });
        }
    }
    warnings
}

/// Whether a program of one's own writes its first byte only when it ends: then its start-up is the time of all its work.
fn late_first_byte(targets: &[model::Target], samples: &model::Samples) -> Option<Warning> {
    let medians = |target: &str, of: &dyn Fn(&model::Sample) -> Option<f64>| {
        let figures: Vec<f64> = samples.good(target).filter_map(|sample| of(&sample)).collect();
        statistics::median(&figures)
    };
    targets.iter().find_map(|target| {
        let target = target.name.as_str();
        let program_ms = medians(target, &|sample| sample.phases.last().map(|phase| phase.ms))?;
        let share = medians(target, &|sample| Some(sample.ready_ms()? / sample.metric("exit_ms")?))?;
        let late = program_ms > LONG_PROGRAM_MS && share > LATE_SHARE;
        late.then(|| Warning::LateFirstByte {
            target: target.to_owned(),
            share,
        })
    })
}

/// Whether the targets wrote different things, each of them always the same, or only some of them always the same.
fn of_outputs<'a>(targets: impl Iterator<Item = &'a dyn Target>) -> Option<Warning> {
    let (mut outputs, mut various) = (Vec::new(), Vec::new());
    for target in targets {
        match target.wrote() {
            Wrote::Always(output) => outputs.push((target.name().to_owned(), output.clone())),
            Wrote::Various => various.push(target.name().to_owned()),
            Wrote::Nothing | Wrote::Once(_) => {}
        }
    }
    let (_, first) = outputs.first()?;
    if outputs.iter().any(|(_, output)| output != first) {
        return Some(Warning::OutputsDiffer { outputs });
    }
    (!various.is_empty()).then(|| Warning::OutputsVary {
        various,
        steady: outputs.into_iter().map(|(target, _)| target).collect(),
    })
}

/// What the samples themselves show.
fn of_samples<'a>(
    targets: impl IntoIterator<Item = &'a model::Target, IntoIter: Clone>,
    samples: &model::Samples,
) -> Vec<Warning> {
    let targets = targets.into_iter();
    let mut warnings = Vec::new();
    let mut checksums: Vec<(String, String)> = Vec::new();
    for target in targets.clone() {
        let (mut starts, mut ratios) = (Vec::new(), Vec::new());
        for sample in samples.good(&target.name) {
            starts.extend(sample.ready_ms());
            let clocks = sample.metric("outside_ms").zip(sample.metric("inside_ms"));
            ratios.extend(clocks.map(|(outside_ms, inside_ms)| outside_ms / inside_ms));
            if let Some(checksum) = sample.checksum.map(String::from)
                && !checksums.iter().any(|(_, known)| *known == checksum)
            {
                checksums.push((target.name.clone(), checksum));
            }
        }
        let outliers = statistics::outliers(&starts);
        if outliers.len() as f64 > MANY_OUTLIERS * starts.len() as f64 {
            warnings.push(Warning::Outliers {
                target: target.name.clone(),
                count: outliers.len(),
                of: starts.len(),
                slowest_ms: starts.iter().copied().fold(0.0, f64::max),
            });
        }
        if let Some(ratio) = statistics::median(&ratios)
            && (ratio - 1.0).abs() > CLOCK_SHARE
        {
            warnings.push(Warning::ClocksDisagree {
                target: target.name.clone(),
                ratio,
            });
        }
    }
    if checksums.len() > 1 {
        warnings.push(Warning::ChecksumsDiffer { checksums });
    }
    let mut given = targets
        .filter(|target| target.unavailable.is_none())
        .map(|target| &target.workload_sha256);
    if let Some(first) = given.next()
        && given.any(|other| other != first)
    {
        warnings.push(Warning::ProgramsDiffer);
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use reports::model::{Sample, Samples};

    fn ids(warnings: &[Warning]) -> Vec<String> {
        warnings.iter().map(|warning| warning.describe().id).collect()
    }

    #[test]
    fn an_idle_host_raises_nothing_and_a_disturbed_one_says_how() {
        let before = Counters::default();
        let idle = Counters {
            busy_s: 1.0,
            own_s: 0.95,
            total_s: 2.0,
            ..before
        };
        assert_eq!(of_counters(&before, &idle, 1.0), []);
        let disturbed = Counters {
            busy_s: 1.6,
            own_s: 0.6,
            steal_s: 0.2,
            total_s: 2.0,
            swapped_pages: 1,
            throttled: 1,
        };
        let found = of_counters(&before, &disturbed, 1.0);
        assert_eq!(ids(&found), ["busy-host", "steal-time", "swapping", "throttled"]);
        assert_eq!(found[0], Warning::BusyHost { cpus: 1.0 });
    }

    #[test]
    fn a_slow_governor_and_a_slow_clock_are_pointed_out_and_the_usual_ones_are_not() {
        use crate::host::system_files::Fixture;
        let found = |driver: &str, governor: &str, clock: &str| {
            let policy = "/sys/devices/system/cpu/cpu0/cpufreq";
            let fixture = Fixture::new(&[
                (&format!("{policy}/scaling_driver"), driver),
                (&format!("{policy}/scaling_governor"), governor),
                (
                    "/sys/devices/system/clocksource/clocksource0/current_clocksource",
                    clock,
                ),
            ]);
            of_host(&fixture.files)
        };
        assert_eq!(found("intel_pstate", "powersave", "tsc"), []);
        assert_eq!(
            ids(&found("amd-pstate", "schedutil", "hpet")),
            ["slow-governor", "slow-clock"]
        );
    }

    fn target(name: &str, sha: &str) -> model::Target {
        model::Target {
            name: name.into(),
            workload_sha256: sha.into(),
            ..Default::default()
        }
    }

    fn worked(target: &str, checksum: &str, outside_ms: f64) -> Sample {
        Sample {
            target: target.into(),
            metrics: [("ready_ms", 1.0), ("inside_ms", 100.0), ("outside_ms", outside_ms)].into(),
            checksum: Some(checksum.into()),
            ..Sample::default()
        }
    }

    #[test]
    fn different_checksums_different_programs_and_disagreeing_clocks_are_found() {
        let targets = [target("a", "x"), target("b", "x")];
        assert_eq!(
            of_samples(&targets, &[worked("a", "1", 100.0), worked("b", "1", 101.0)].into()),
            []
        );
        assert_eq!(
            ids(&of_samples(
                &targets,
                &[worked("a", "1", 100.0), worked("b", "2", 100.0)].into()
            )),
            ["checksums-differ"]
        );
        assert_eq!(
            ids(&of_samples(&targets, &[worked("a", "1", 103.0)].into())),
            ["clocks-disagree"]
        );
        assert_eq!(
            ids(&of_samples(&[target("a", "x"), target("b", "y")], &Samples::default())),
            ["programs-differ"]
        );
    }

    #[test]
    fn a_program_that_writes_only_when_it_ends_is_pointed_out_and_a_short_one_is_not() {
        let sample = |ready_ms: f64, exit_ms: f64| Sample {
            target: "a".into(),
            metrics: [("ready_ms", ready_ms), ("exit_ms", exit_ms)].into(),
            phases: vec![model::Phase {
                name: "program".into(),
                ms: ready_ms - 0.2,
            }],
            ..Sample::default()
        };
        let found = |ready_ms, exit_ms| late_first_byte(&[target("a", "x")], &[sample(ready_ms, exit_ms)].into());
        assert_eq!(
            found(418.0, 419.0).map(|warning| warning.describe().id),
            Some("late-first-byte".into())
        );
        assert_eq!(found(2.0, 419.0), None);
        assert_eq!(found(0.30, 0.31), None);
    }

    #[test]
    fn many_starts_far_from_the_others_are_pointed_out_and_a_single_one_is_not() {
        let start = |ms| Sample {
            target: "a".into(),
            metrics: [("ready_ms", ms)].into(),
            ..Sample::default()
        };
        let mut samples: Samples = (0..20).map(|n| start(1.0 + f64::from(n) / 100.0)).collect();
        samples.push(start(50.0));
        assert_eq!(of_samples(&[target("a", "x")], &samples), []);
        samples.extend([start(51.0), start(52.0)]);
        let expected = Warning::Outliers {
            target: "a".into(),
            count: 3,
            of: 23,
            slowest_ms: 52.0,
        };
        assert_eq!(of_samples(&[target("a", "x")], &samples), [expected]);
    }
}
