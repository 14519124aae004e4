//! What a reader must know before trusting the figures: each warning with what was seen and what to do.
//!
//! [`crate::host::observer`] finds out which apply.

use crate::host::clock_source::Grade;
use crate::host::frequency::Pace;
use crate::host::page_cache::Cached;
use crate::targets::Output;
use reports::analysis::statistics;
use reports::model::Message;

/// One thing to know, with what to do about it.
#[derive(Clone, Debug, PartialEq)]
pub enum Warning {
    /// isolab was built without optimisation.
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
    /// Other programs used the CPUs.
    BusyHost {
        /// CPUs they kept busy.
        cpus: f64,
    },
    /// A hypervisor took CPU time away.
    StealTime {
        /// Share of all CPU time.
        share: f64,
    },
    /// Memory was written to swap or read from it.
    Swapping,
    /// The CPUs were slowed down because of heat.
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
        why: Message,
    },
    /// The memory of a target could not be looked at.
    NoMemory {
        /// The target.
        target: String,
        /// Why.
        why: Message,
    },
    /// The same program gave different results.
    ChecksumsDiffer {
        /// The checksums by target.
        checksums: Vec<(String, String)>,
    },
    /// The targets were given different programs.
    ProgramsDiffer,
    /// A program writes its first byte only when it ends.
    LateFirstByte {
        /// The first target of which that is so.
        target: String,
        /// The share of a run before the first byte.
        share: f64,
    },
    /// The same program wrote different things.
    OutputsDiffer {
        /// What it wrote, by target.
        outputs: Vec<(String, Output)>,
    },
    /// The same program wrote the same in each run on some targets only.
    OutputsVary {
        /// Where it did not.
        various: Vec<String>,
        /// Where it did.
        steady: Vec<String>,
    },
    /// The workload's clock disagrees with isolab's.
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
    /// The name by which incomplete results are known.
    pub const INCOMPLETE: &str = "incomplete";

    /// As the results file holds it. What it says stands in the message files of `reports`, as `warning-ID`.
    pub fn describe(&self) -> Message {
        match self {
            Warning::DebugBuild => Message::new("debug-build"),
            Warning::FewRuns { runs } => Message::new("few-runs")
                .with("runs", *runs)
                .with("least", statistics::FEWEST_FOR_INTERVAL),
            Warning::ColdCaches => Message::new("cold-caches"),
            Warning::Outliers {
                target,
                count,
                of,
                slowest_ms,
            } => Message::new("outliers")
                .with("target", target.as_str())
                .with("count", *count as f64)
                .with("of", *of as f64)
                .with("slowest", format!("{slowest_ms:.2}")),
            Warning::BusyHost { cpus } => Message::new("busy-host").with("cpus", format!("{cpus:.1}")),
            Warning::StealTime { share } => Message::new("steal-time").with("percent", format!("{:.1}", share * 100.0)),
            Warning::Swapping => Message::new("swapping"),
            Warning::Throttled => Message::new("throttled"),
            Warning::SlowGovernor { governor, pace } => {
                let id = match pace {
                    Pace::Low => "slow-governor-low",
                    _ => "slow-governor",
                };
                Message::new(id).with("governor", governor.as_str())
            }
            Warning::SlowClock { source, grade } => {
                let id = match grade {
                    Grade::Coarse => "slow-clock-coarse",
                    _ => "slow-clock",
                };
                Message::new(id).with("source", source.as_str())
            }
            Warning::NotCold { target, file, stayed } => {
                let message = match stayed.pages {
                    Some(pages) => Message::new("not-cold")
                        .with("pages", pages as f64)
                        .with("of", stayed.of as f64),
                    None => Message::new("not-cold-unknown"),
                };
                message.with("target", target.as_str()).with("file", file.as_str())
            }
            Warning::GaveUp { target, why } => Message::new("gave-up")
                .with("target", target.as_str())
                .with("why", why.clone()),
            Warning::NoMemory { target, why } => Message::new("no-memory")
                .with("target", target.as_str())
                .with("why", why.clone()),
            Warning::ChecksumsDiffer { checksums } => {
                let each = checksums.iter().map(|(target, sum)| format!("{target} {sum}"));
                Message::new("checksums-differ").with("list", each.collect::<Vec<_>>().join(", "))
            }
            Warning::ProgramsDiffer => Message::new("programs-differ"),
            Warning::LateFirstByte { target, share } => Message::new("late-first-byte")
                .with("target", target.as_str())
                .with("percent", (share * 100.0).floor()),
            Warning::OutputsDiffer { outputs } => {
                let each = outputs
                    .iter()
                    .map(|(target, output)| format!("{target} {} B {}", output.length, &output.sha256[..8]));
                Message::new("outputs-differ").with("list", each.collect::<Vec<_>>().join(", "))
            }
            Warning::OutputsVary { various, steady } => Message::new("outputs-vary")
                .with("various", various.join(", "))
                .with("steady", steady.join(", ")),
            Warning::ClocksDisagree { target, ratio } => Message::new("clocks-disagree")
                .with("target", target.as_str())
                .with("ratio", format!("{ratio:.3}")),
            Warning::Incomplete => Message::new(Warning::INCOMPLETE),
        }
    }
}

/// One of each, with figures made up.
#[cfg(test)]
pub fn examples() -> Vec<Warning> {
    let target = || "microvm".to_owned();
    vec![
        Warning::DebugBuild,
        Warning::FewRuns { runs: 3 },
        Warning::ColdCaches,
        Warning::Outliers {
            target: target(),
            count: 4,
            of: 30,
            slowest_ms: 12.34,
        },
        Warning::BusyHost { cpus: 1.5 },
        Warning::StealTime { share: 0.05 },
        Warning::Swapping,
        Warning::Throttled,
        Warning::SlowGovernor {
            governor: "ondemand".into(),
            pace: Pace::FollowsLoad,
        },
        Warning::SlowGovernor {
            governor: "powersave".into(),
            pace: Pace::Low,
        },
        Warning::SlowClock {
            source: "hpet".into(),
            grade: Grade::Slow,
        },
        Warning::SlowClock {
            source: "jiffies".into(),
            grade: Grade::Coarse,
        },
        Warning::NotCold {
            target: target(),
            file: "/isolab".into(),
            stayed: Cached { pages: Some(3), of: 9 },
        },
        Warning::NotCold {
            target: target(),
            file: "/isolab".into(),
            stayed: Cached { pages: None, of: 9 },
        },
        Warning::GaveUp {
            target: target(),
            why: Message::new("status").with("status", 3.0),
        },
        Warning::NoMemory {
            target: target(),
            why: Message::new("no-output"),
        },
        Warning::ChecksumsDiffer {
            checksums: vec![(target(), "12ab".into())],
        },
        Warning::ProgramsDiffer,
        Warning::LateFirstByte {
            target: target(),
            share: 0.98,
        },
        Warning::OutputsDiffer {
            outputs: vec![(
                target(),
                Output {
                    length: 6,
                    sha256: "0123456789abcdef".into(),
                },
            )],
        },
        Warning::OutputsVary {
            various: vec!["process".into()],
            steady: vec![target()],
        },
        Warning::ClocksDisagree {
            target: target(),
            ratio: 1.05,
        },
        Warning::Incomplete,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use reports::{Lang, render};

    #[test]
    fn every_warning_has_a_text_with_all_its_figures_in_every_language() {
        for warning in examples() {
            let message = warning.describe();
            let english = render::warning(&message, Lang::En);
            let korean = render::warning(&message, Lang::Ko);
            for text in [&english, &korean] {
                // A message without a text shows its id, and in brackets what would be filled in.
                assert!(!text.starts_with(&message.id) && !text.contains('{'), "{text}");
            }
            assert!(english.is_ascii(), "{english}");
            let hangul = |c: char| ('가'..='힣').contains(&c);
            assert!(korean.chars().any(hangul) && !english.chars().any(hangul), "{korean}");
            assert!(!korean.contains("micro-VM"), "{korean}");
        }
    }
}
