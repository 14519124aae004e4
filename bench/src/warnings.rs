//! What a reader must know before trusting the figures: what was seen on the host and in the samples, and what to do.

use crate::lab::Settings;
use crate::rounds::Measured;
use crate::stats;
use crate::target::Target;
use nix::sys::resource::{UsageWho, getrusage};
use nix::time::{ClockId, clock_getres};
use reports::model;
use std::fmt;
use std::time::Instant;

/// More than this share of a target's samples as outliers means that something disturbed them.
const MANY_OUTLIERS: f64 = 0.10;
/// A share of one processor that other programs may use before it is worth a warning.
const BUSY_SHARE: f64 = 0.25;
/// A share of the processor time taken away by a hypervisor that is worth a warning.
const STEAL_SHARE: f64 = 0.01;
/// The disagreement between the workload's clock and the lab's that is worth a warning.
const CLOCK_SHARE: f64 = 0.02;
/// A clock coarser than this cannot time phases of microseconds.
const COARSE_CLOCK_NS: i64 = 1_000;

/// One thing to know, with what to do about it.
#[derive(Clone, Debug, PartialEq)]
pub enum Warning {
    /// The lab was built without optimisation.
    DebugBuild,
    /// Too few runs for an interval.
    FewRuns {
        /// Runs of each target.
        runs: u32,
    },
    /// No warm-up.
    ColdCaches,
    /// Some samples lie far from the others.
    Outliers {
        /// The target.
        target: String,
        /// How many.
        count: usize,
        /// Of how many.
        of: usize,
        /// The run with the slowest start.
        slowest_ms: f64,
    },
    /// Other programs used the processors.
    BusyHost {
        /// Processors they kept busy.
        processors: f64,
    },
    /// A hypervisor took processor time away.
    StealTime {
        /// Share of all processor time.
        share: f64,
    },
    /// Memory was written to swap or read from it.
    Swapping,
    /// The processors were slowed down because of heat.
    Throttled,
    /// A frequency governor that starts slowly.
    SlowGovernor {
        /// Its name.
        governor: String,
    },
    /// The clock is coarse.
    CoarseClock {
        /// Its resolution.
        ns: i64,
    },
    /// A target only failed, and was given up.
    GaveUp {
        /// The target.
        target: String,
        /// How its runs failed.
        why: String,
    },
    /// The memory of a target could not be looked at.
    NoMemory {
        /// The target.
        target: String,
        /// Why.
        why: String,
    },
    /// The same program gave different results.
    ChecksumsDiffer {
        /// The checksums by target.
        checksums: Vec<(String, String)>,
    },
    /// The targets were given different programs.
    ProgramsDiffer,
    /// The workload's clock disagrees with the lab's.
    ClocksDisagree {
        /// The target.
        target: String,
        /// Median of the time outside divided by the time inside.
        ratio: f64,
    },
    /// A signal or a failure ended the measuring before all was done.
    Incomplete,
}

impl Warning {
    /// A stable identifier.
    pub fn id(&self) -> &'static str {
        match self {
            Warning::DebugBuild => "debug-build",
            Warning::FewRuns { .. } => "few-runs",
            Warning::ColdCaches => "cold-caches",
            Warning::Outliers { .. } => "outliers",
            Warning::BusyHost { .. } => "busy-host",
            Warning::StealTime { .. } => "steal-time",
            Warning::Swapping => "swapping",
            Warning::Throttled => "throttled",
            Warning::SlowGovernor { .. } => "slow-governor",
            Warning::CoarseClock { .. } => "coarse-clock",
            Warning::GaveUp { .. } => "gave-up",
            Warning::NoMemory { .. } => "no-memory",
            Warning::ChecksumsDiffer { .. } => "checksums-differ",
            Warning::ProgramsDiffer => "programs-differ",
            Warning::ClocksDisagree { .. } => "clocks-disagree",
            Warning::Incomplete => "incomplete",
        }
    }

    /// As the results file holds it.
    pub fn describe(&self) -> model::Warning {
        model::Warning {
            id: self.id().into(),
            text: self.to_string(),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::DebugBuild => write!(
                f,
                "this lab was built without optimisation, which slows container and micro-VM down; for figures: cargo run \
                 --release"
            ),
            Warning::FewRuns { runs } => write!(
                f,
                "{runs} runs are too few for a 95 % interval of the median, which needs at least {}; use more (--runs)",
                stats::FEWEST_FOR_INTERVAL
            ),
            Warning::ColdCaches => write!(
                f,
                "without warm-up the first runs also read files into the page cache; --warmup 3 leaves them out"
            ),
            Warning::Outliers {
                target,
                count,
                of,
                slowest_ms,
            } => write!(
                f,
                "{target}: {count} of {of} starts lie far from the others (slowest {slowest_ms:.2} ms); they are kept. \
                 Something else ran meanwhile: close other programs, or take more runs (--runs)"
            ),
            Warning::BusyHost { processors } => write!(
                f,
                "other programs kept {processors:.1} processors busy while the lab measured; close them, or keep the lab \
                 to a processor of its own (--pin)"
            ),
            Warning::StealTime { share } => write!(
                f,
                "the hypervisor below this machine took {:.1} % of its processor time away; measure when its host is idle",
                share * 100.0
            ),
            Warning::Swapping => {
                write!(
                    f,
                    "memory was moved to or from swap while the lab measured; free some memory and measure again"
                )
            }
            Warning::Throttled => {
                write!(
                    f,
                    "the processors were slowed down because of heat; let them cool, and measure with pauses"
                )
            }
            Warning::SlowGovernor { governor } => write!(
                f,
                "the frequency governor is {governor}, which raises the clock only under load; for short runs use \
                 `cpupower frequency-set -g performance`"
            ),
            Warning::CoarseClock { ns } => {
                write!(
                    f,
                    "CLOCK_MONOTONIC counts in steps of {ns} ns here; short phases are not to be trusted"
                )
            }
            Warning::GaveUp { target, why } => write!(f, "{target} was given up after its first runs failed: {why}"),
            Warning::NoMemory { target, why } => write!(f, "the memory of {target} could not be looked at: {why}"),
            Warning::ChecksumsDiffer { checksums } => {
                let each: Vec<String> = checksums
                    .iter()
                    .map(|(target, sum)| format!("{target} {sum}"))
                    .collect();
                write!(
                    f,
                    "the same work gave different results: {}; the figures do not compare",
                    each.join(", ")
                )
            }
            Warning::ProgramsDiffer => {
                write!(
                    f,
                    "the targets were not given the same program byte for byte; the figures do not compare"
                )
            }
            Warning::ClocksDisagree { target, ratio } => write!(
                f,
                "{target}: the work took {ratio:.3} times as long by the lab's clock as by the workload's own"
            ),
            Warning::Incomplete => write!(f, "the measuring was ended before all runs were done"),
        }
    }
}

/// Watches the host while the lab measures.
#[derive(Debug)]
pub struct Observer {
    began: Instant,
    host: Counters,
}

/// Counters of the host that only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Counters {
    /// Processor seconds used by all programs and the kernel, and by this lab and its children.
    busy_s: f64,
    own_s: f64,
    steal_s: f64,
    total_s: f64,
    swapped_pages: u64,
    throttled: u64,
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
        settings: &Settings,
        described: &[model::Target],
        targets: &[Box<dyn Target>],
        measured: &Measured,
    ) -> Vec<Warning> {
        let mut warnings = of_settings(settings);
        warnings.extend(of_counters(
            &self.host,
            &Counters::read(),
            self.began.elapsed().as_secs_f64(),
        ));
        warnings.extend(of_host());
        let name = |index: usize| targets[index].name().to_owned();
        warnings.extend(measured.given_up.iter().map(|(index, why)| Warning::GaveUp {
            target: name(*index),
            why: why.clone(),
        }));
        warnings.extend(measured.no_memory.iter().map(|(index, error)| Warning::NoMemory {
            target: name(*index),
            why: error.message.clone(),
        }));
        if !measured.complete {
            warnings.push(Warning::Incomplete);
        }
        warnings.extend(of_samples(described, &measured.samples));
        warnings
    }
}

fn of_settings(settings: &Settings) -> Vec<Warning> {
    let plan = &settings.plan;
    let mut warnings = Vec::new();
    if cfg!(debug_assertions) {
        warnings.push(Warning::DebugBuild);
    }
    if (plan.runs as usize) < stats::FEWEST_FOR_INTERVAL {
        warnings.push(Warning::FewRuns { runs: plan.runs });
    }
    if plan.warmup == 0 {
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
            processors: others_s / elapsed_s,
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

fn of_host() -> Vec<Warning> {
    let mut warnings = Vec::new();
    if let Ok(governor) = std::fs::read_to_string("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
        && ["powersave", "ondemand", "conservative"].contains(&governor.trim())
    {
        warnings.push(Warning::SlowGovernor {
            governor: governor.trim().into(),
        });
    }
    if let Ok(resolution) = clock_getres(ClockId::CLOCK_MONOTONIC) {
        let ns = resolution.tv_sec() * 1_000_000_000 + resolution.tv_nsec();
        if ns > COARSE_CLOCK_NS {
            warnings.push(Warning::CoarseClock { ns });
        }
    }
    warnings
}

/// What the samples themselves show.
fn of_samples(targets: &[model::Target], samples: &[model::Sample]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut checksums: Vec<(String, String)> = Vec::new();
    for target in targets {
        let good: Vec<&model::Sample> = samples
            .iter()
            .filter(|sample| sample.target == target.name && sample.error.is_none())
            .collect();
        let starts: Vec<f64> = good.iter().filter_map(|sample| sample.ready_ms).collect();
        let outliers = stats::outliers(&starts);
        if outliers.len() as f64 > MANY_OUTLIERS * starts.len() as f64 {
            warnings.push(Warning::Outliers {
                target: target.name.clone(),
                count: outliers.len(),
                of: starts.len(),
                slowest_ms: starts.iter().copied().fold(0.0, f64::max),
            });
        }
        let work = || good.iter().filter_map(|sample| sample.work.as_ref());
        for work in work() {
            if !checksums.iter().any(|(_, known)| *known == work.checksum) {
                checksums.push((target.name.clone(), work.checksum.clone()));
            }
        }
        let mut ratios: Vec<f64> = work()
            .filter_map(|work| Some(work.outside_ms? / work.inside_ms))
            .collect();
        ratios.sort_unstable_by(f64::total_cmp);
        if let Some(ratio) = stats::quantile(&ratios, 0.5)
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
        .iter()
        .filter(|target| target.unavailable.is_none())
        .map(|target| &target.workload_sha256);
    if let Some(first) = given.next()
        && given.any(|other| other != first)
    {
        warnings.push(Warning::ProgramsDiffer);
    }
    warnings
}

impl Counters {
    fn read() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let mut counters = Counters::parse(&read("/proc/stat"), &read("/proc/vmstat"));
        counters.own_s = [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN]
            .into_iter()
            .filter_map(|who| getrusage(who).ok())
            .flat_map(|usage| [usage.user_time(), usage.system_time()])
            .map(|time| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6)
            .sum();
        counters.throttled = throttle_count();
        counters
    }

    /// From the text of /proc/stat (in clock ticks, proc_stat(5)) and /proc/vmstat.
    fn parse(stat: &str, vmstat: &str) -> Self {
        /// Ticks per second of /proc/stat, the same on every x86-64 Linux (USER_HZ).
        const USER_HZ: f64 = 100.0;
        let line = stat.lines().find(|line| line.starts_with("cpu ")).unwrap_or_default();
        let ticks: Vec<f64> = line
            .split_ascii_whitespace()
            .skip(1)
            .filter_map(|field| field.parse().ok())
            .collect();
        // user nice system idle iowait irq softirq steal; guest time is part of user time.
        let field = |index: usize| ticks.get(index).copied().unwrap_or(0.0) / USER_HZ;
        let busy_s = [0, 1, 2, 5, 6].map(field).iter().sum::<f64>();
        let swap = |name: &str| -> u64 {
            let line = vmstat
                .lines()
                .find(|line| line.split_ascii_whitespace().next() == Some(name));
            line.and_then(|line| line.split_ascii_whitespace().nth(1)?.parse().ok())
                .unwrap_or(0)
        };
        Counters {
            busy_s,
            steal_s: field(7),
            total_s: busy_s + field(3) + field(4) + field(7),
            swapped_pages: swap("pswpin").saturating_add(swap("pswpout")),
            ..Counters::default()
        }
    }
}

/// How often the processors were slowed down because of heat, where the host counts it.
fn throttle_count() -> u64 {
    let Ok(processors) = std::fs::read_dir("/sys/devices/system/cpu") else {
        return 0;
    };
    let count = |path: std::path::PathBuf| -> Option<u64> {
        std::fs::read_to_string(path.join("thermal_throttle/core_throttle_count"))
            .ok()?
            .trim()
            .parse()
            .ok()
    };
    processors.flatten().filter_map(|entry| count(entry.path())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use reports::model::{Sample, Work};

    const STAT: &str = "cpu  100 0 50 1000 10 5 5 40 0 0\ncpu0 1 2 3 4\n";

    fn ids(warnings: &[Warning]) -> Vec<&'static str> {
        warnings.iter().map(Warning::id).collect()
    }

    #[test]
    fn the_hosts_counters_are_read_in_seconds() {
        let counters = Counters::parse(STAT, "pswpin 3\npswpout 4\n");
        assert!((counters.busy_s - 1.6).abs() < 1e-9 && (counters.steal_s - 0.4).abs() < 1e-9);
        assert!((counters.total_s - 12.1).abs() < 1e-9);
        assert_eq!(counters.swapped_pages, 7);
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
        assert_eq!(found[0], Warning::BusyHost { processors: 1.0 });
    }

    fn target(name: &str, sha: &str) -> model::Target {
        model::Target {
            name: name.into(),
            workload_sha256: sha.into(),
            ..Default::default()
        }
    }

    fn worked(target: &str, checksum: &str, outside_ms: f64) -> Sample {
        let work = Work {
            inside_ms: 100.0,
            outside_ms: Some(outside_ms),
            checksum: checksum.into(),
            ..Work::default()
        };
        Sample {
            target: target.into(),
            ready_ms: Some(1.0),
            work: Some(work),
            ..Sample::default()
        }
    }

    #[test]
    fn different_checksums_different_programs_and_disagreeing_clocks_are_found() {
        let targets = [target("a", "x"), target("b", "x")];
        assert_eq!(
            of_samples(&targets, &[worked("a", "1", 100.0), worked("b", "1", 101.0)]),
            []
        );
        assert_eq!(
            ids(&of_samples(
                &targets,
                &[worked("a", "1", 100.0), worked("b", "2", 100.0)]
            )),
            ["checksums-differ"]
        );
        assert_eq!(
            ids(&of_samples(&targets, &[worked("a", "1", 103.0)])),
            ["clocks-disagree"]
        );
        assert_eq!(
            ids(&of_samples(&[target("a", "x"), target("b", "y")], &[])),
            ["programs-differ"]
        );
    }

    #[test]
    fn many_starts_far_from_the_others_are_pointed_out_and_a_single_one_is_not() {
        let start = |ms| Sample {
            target: "a".into(),
            ready_ms: Some(ms),
            ..Sample::default()
        };
        let mut samples: Vec<Sample> = (0..20).map(|n| start(1.0 + f64::from(n) / 100.0)).collect();
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

    proptest! {
        #[test]
        fn any_text_of_proc_is_read_without_a_panic(stat in "(cpu )?[0-9 a-z\n]{0,80}", vmstat in "(pswpin)?[0-9 \n]{0,40}") {
            let _ = Counters::parse(&stat, &vmstat);
        }
    }
}
