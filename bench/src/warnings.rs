//! What a reader must know before trusting the figures: each warning with what was seen and what to do.
//!
//! [`crate::host::observer`] finds out which apply.

use crate::analysis::stats;
use crate::host::clock_source::Grade;
use crate::host::frequency::Pace;
use crate::host::page_cache::Cached;
use reports::model;
use std::fmt;

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
    /// A frequency governor with which a short run gets a low clock rate.
    SlowGovernor {
        /// Its name.
        governor: String,
        /// What it does.
        pace: Pace,
    },
    /// Times are read from something that is slow or coarse.
    SlowClock {
        /// The clock source.
        source: String,
        /// What is wrong with it.
        grade: Grade,
    },
    /// A file of a cold start could not be dropped from the page cache.
    NotCold {
        /// The target.
        target: String,
        /// The file.
        file: String,
        /// What stayed of it.
        stayed: Cached,
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
            Warning::SlowClock { .. } => "slow-clock",
            Warning::NotCold { .. } => "not-cold",
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
            Warning::SlowGovernor { governor, pace } => write!(
                f,
                "the frequency governor {governor} {}; for short runs use `cpupower frequency-set -g performance`",
                match pace {
                    Pace::Low => "keeps the clock rate low",
                    _ => "raises the clock rate only under load",
                }
            ),
            Warning::SlowClock { source, grade } => write!(
                f,
                "the clock source is {source}, {}; see which are available: \
                 /sys/devices/system/clocksource/clocksource0/available_clocksource",
                match grade {
                    Grade::Coarse => "which counts in milliseconds: short times are not to be trusted",
                    _ => "which takes a microsecond or more to read: short phases look longer than they are",
                }
            ),
            Warning::NotCold { target, file, stayed } => match stayed.pages {
                Some(pages) => write!(
                    f,
                    "{target}: {pages} of {} pages of {file} stayed in the page cache: a process uses them, as isolab does its \
                     own executable, or the file is on a file system in memory (tmpfs)",
                    stayed.of
                ),
                None => write!(
                    f,
                    "{target}: whether {file} left the page cache is not known: the kernel tells only its owner and root"
                ),
            },
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
