//! Files of `isolab-results/1`, read as results of today: each figure becomes the metric that it was, and no other. What
//! was called memory there is the unique set size, and stays that.

use super::{
    Comparison, Config, Distribution, Figures, Host, Instance, Interval, Message, Name, Nearest, Phase, Results,
    SCHEMA, Sample, Samples, Summary, Target, Workload,
};
use crate::analysis::{statistics, summaries};
use crate::metrics;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;

/// The schema name of these files.
pub(super) const SCHEMA_1: &str = "isolab-results/1";

/// Memory of an instance that holds still after its first byte, summed over all its processes. A view that is not to be
/// had is `None`, and `missing` says why.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
struct Memory {
    /// Resident set size: every mapped page, shared ones counted in full for each process.
    pub rss_bytes: Option<u64>,
    /// Proportional set size: shared pages divided among those who map them.
    pub pss_bytes: Option<u64>,
    /// Unique set size: pages that no other process maps.
    pub uss_bytes: Option<u64>,
    /// Part of `uss_bytes` that is the guest's RAM.
    pub guest_ram_bytes: Option<u64>,
    /// Part of `uss_bytes` that is the monitor itself.
    pub monitor_bytes: Option<u64>,
    /// Part of `uss_bytes` that is the container's own pid 1.
    pub runtime_bytes: Option<u64>,
    /// `anon` of the instance's memory cgroup.
    pub cgroup_anon_bytes: Option<u64>,
    /// Peak of the instance's memory cgroup, the runtime's own start included.
    pub cgroup_peak_bytes: Option<u64>,
    /// One instance's share of what the host lost: (MemAvailable before − with `instances` of them alive) / `instances`.
    #[serde(default)]
    pub host_delta_bytes: Option<u64>,
    /// How many instances were alive at once when `host_delta_bytes` was taken.
    #[serde(default)]
    pub instances: Option<u32>,
    /// Field name → why it is `None`.
    pub missing: BTreeMap<String, String>,
}

impl Memory {
    /// As the look at a target's instances that it is. The rest of the unique set is the program's only where nothing else
    /// can be in it: of a plain process, and of a container whose runtime is told apart.
    fn into_instance(self, target: &str) -> Instance {
        let parts = [self.guest_ram_bytes, self.monitor_bytes, self.runtime_bytes];
        let rest = |uss: u64| uss.saturating_sub(parts.into_iter().flatten().sum());
        let program = matches!(target, "process" | "process-cold") || self.runtime_bytes.is_some();
        let figures = [
            ("rss_bytes", self.rss_bytes),
            ("pss_bytes", self.pss_bytes),
            ("uss_bytes", self.uss_bytes),
            ("uss_program_bytes", self.uss_bytes.filter(|_| program).map(rest)),
            ("uss_guest_ram_bytes", self.guest_ram_bytes),
            ("uss_monitor_bytes", self.monitor_bytes),
            ("uss_runtime_bytes", self.runtime_bytes),
            ("cgroup_anon_bytes", self.cgroup_anon_bytes),
            ("cgroup_peak_bytes", self.cgroup_peak_bytes),
            ("host_delta_bytes", self.host_delta_bytes),
        ];
        let metric = |field: String| match field.as_str() {
            "guest_ram_bytes" | "monitor_bytes" | "runtime_bytes" => format!("uss_{field}"),
            _ => field,
        };
        let missing = self.missing.into_iter();
        Instance {
            target: target.into(),
            alive: self.instances,
            metrics: given(figures),
            missing: missing.map(|(field, why)| (metric(field).into(), why.into())).collect(),
            ..Instance::default()
        }
    }
}

/// What the host's kernel counted of an instance's processes, from their start to their end. A count that is not to be had
/// is `None`, and `missing` says why.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
struct Counters {
    /// Page faults without reading from a disk (`ru_minflt`, getrusage(2)).
    pub minor_faults: Option<u64>,
    /// Page faults that had to read from a disk (`ru_majflt`).
    pub major_faults: Option<u64>,
    /// Times that a process gave up the CPU, to wait (`ru_nvcsw`).
    pub voluntary_switches: Option<u64>,
    /// Times that the CPU was taken from a process (`ru_nivcsw`).
    pub involuntary_switches: Option<u64>,
    /// System calls, counted in a run of its own.
    pub system_calls: Option<u64>,
    /// Field name → why it is `None`, where it was tried.
    pub missing: BTreeMap<String, String>,
}

impl Counters {
    /// The counts of a run by metric.
    pub fn figures(&self) -> Figures {
        let sum = |a: Option<u64>, b: Option<u64>| Some(a? + b?);
        given([
            ("page_faults", sum(self.minor_faults, self.major_faults)),
            ("major_faults", self.major_faults),
            (
                "context_switches",
                sum(self.voluntary_switches, self.involuntary_switches),
            ),
            ("involuntary_switches", self.involuntary_switches),
        ])
    }
}

fn given<const N: usize>(figures: [(&str, Option<u64>); N]) -> Figures {
    let given = figures
        .into_iter()
        .filter_map(|(id, figure)| Some((id, figure? as f64)));
    given.collect()
}

/// A whole file.
#[derive(Deserialize)]
pub(super) struct OldResults {
    host: Host,
    config: Config,
    workload: Workload,
    targets: Vec<Target>,
    samples: OldSamples,
    summary: Vec<OldSummary>,
    comparisons: Vec<OldComparison>,
    warnings: Vec<Message>,
}

#[derive(Deserialize)]
struct OldSample {
    target: Name,
    run: u32,
    round: u32,
    ready_ms: Option<f64>,
    exit_ms: f64,
    phases: Vec<Phase>,
    memory: Option<Memory>,
    work: Option<Work>,
    exit_code: i32,
    vm_exits: BTreeMap<Name, u64>,
    #[serde(default)]
    counters: Option<Counters>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Work {
    ops_per_s: f64,
    ops: u64,
    inside_ms: f64,
    outside_ms: Option<f64>,
    checksum: String,
}

#[derive(Clone, Copy, Deserialize)]
struct OldDistribution {
    n: u32,
    median: f64,
    p5: f64,
    p95: f64,
    ci_low: f64,
    ci_high: f64,
}

#[derive(Deserialize)]
struct OldSummary {
    target: String,
    failed: u32,
    ready_ms: Option<OldDistribution>,
    exit_ms: Option<OldDistribution>,
    ops_per_s: Option<OldDistribution>,
    uss_bytes: Option<OldDistribution>,
    #[serde(default)]
    page_faults: Option<OldDistribution>,
    #[serde(default)]
    context_switches: Option<OldDistribution>,
    #[serde(default)]
    system_calls: Option<OldDistribution>,
    #[serde(rename = "phases")]
    _phases: Vec<Phase>,
}

#[derive(Deserialize)]
struct OldComparison {
    target: String,
    against: String,
    quantity: Name,
    ratio: f64,
    ratio_ci_low: f64,
    ratio_ci_high: f64,
    p_value: f64,
    #[serde(default)]
    superiority: Option<f64>,
}

/// Samples, and what hung on them without being of their run.
#[derive(Default)]
struct OldSamples {
    samples: Samples,
    instances: Vec<Instance>,
}

impl OldSamples {
    fn push(&mut self, old: OldSample) {
        let target = old.target.clone();
        self.instances
            .extend(old.memory.map(|memory| memory.into_instance(&target)));
        let mut metrics = old.counters.as_ref().map(Counters::figures).unwrap_or_default();
        let times = [("ready_ms", old.ready_ms), ("exit_ms", Some(old.exit_ms))];
        let work = old.work.as_ref().map(|work| {
            [
                ("ops_per_s", Some(work.ops_per_s)),
                ("ops", Some(work.ops as f64)),
                ("inside_ms", Some(work.inside_ms)),
                ("outside_ms", work.outside_ms),
            ]
        });
        for (id, figure) in times.into_iter().chain(work.into_iter().flatten()) {
            figure.into_iter().for_each(|figure| metrics.set(id, figure));
        }
        if let Some(counters) = old.counters {
            let calls = counters.system_calls.map(|calls| ("system_calls", calls as f64));
            let missing = counters
                .missing
                .into_iter()
                .map(|(field, why)| (field.into(), why.into()));
            let counted = Instance {
                target,
                metrics: calls.into_iter().collect(),
                missing: missing.collect(),
                ..Instance::default()
            };
            if !counted.metrics.is_empty() || !counted.missing.is_empty() {
                self.instances.push(counted);
            }
        }
        let checksum = old
            .work
            .map(|work| work.checksum)
            .filter(|checksum| !checksum.is_empty());
        self.samples.push(Sample {
            target: old.target,
            run: old.run,
            round: old.round,
            metrics,
            missing: BTreeMap::new(),
            phases: old.phases,
            checksum: checksum.map(Name::from),
            exit_code: old.exit_code,
            vm_exits: old.vm_exits,
            error: old.error.map(Message::plain),
        });
    }
}

impl<'de> Deserialize<'de> for OldSamples {
    /// One by one, so that they are never in memory unpacked.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Packing;
        impl<'de> Visitor<'de> for Packing {
            type Value = OldSamples;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of samples")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<OldSamples, A::Error> {
                let mut samples = OldSamples::default();
                while let Some(sample) = array.next_element()? {
                    samples.push(sample);
                }
                Ok(samples)
            }
        }
        deserializer.deserialize_seq(Packing)
    }
}

impl OldDistribution {
    /// Older versions wrote an interval of however few samples.
    fn convert(self) -> Distribution {
        let several = |figure| (self.n > 1).then_some(figure);
        Distribution {
            n: self.n,
            value: self.median,
            p5: several(self.p5),
            p95: several(self.p95),
            interval: interval(self.n, self.ci_low, self.ci_high),
        }
    }
}

fn interval(n: u32, low: f64, high: f64) -> Option<Interval> {
    (n >= statistics::FEWEST_FOR_INTERVAL).then_some(Interval { low, high })
}

impl OldSummary {
    fn convert(self, samples: &Samples) -> Summary {
        let figures = [
            ("ready_ms", self.ready_ms),
            ("exit_ms", self.exit_ms),
            ("ops_per_s", self.ops_per_s),
            ("uss_bytes", self.uss_bytes),
            ("page_faults", self.page_faults),
            ("context_switches", self.context_switches),
            ("system_calls", self.system_calls),
        ];
        let given = figures
            .into_iter()
            .filter_map(|(id, figures)| Some((Name::from(id), figures?.convert())));
        let metrics: BTreeMap<Name, Distribution> = given.collect();
        let ready = metrics.get("ready_ms").copied();
        Summary {
            runs: ready.or(metrics.get("exit_ms").copied()).map_or(0, |figures| figures.n),
            failed: self.failed,
            nearest: ready.and_then(|ready| nearest(&self.target, samples, ready)),
            target: self.target,
            metrics,
        }
    }
}

/// Older versions kept medians of phases, which add up to no start-up; the runs are all there.
fn nearest(target: &str, samples: &Samples, ready: Distribution) -> Option<Nearest> {
    summaries::nearest(samples.good(target), ready.value)
}

impl From<OldResults> for Results {
    fn from(old: OldResults) -> Self {
        let OldSamples { samples, instances } = old.samples;
        let seed = old.config.seed;
        let convert = |summary: OldSummary| {
            let mut summary = summary.convert(&samples);
            // Of memory, older versions summed up the unique set size alone.
            for (id, figures) in summaries::of_instances(&instances, &summary.target, seed) {
                summary.metrics.entry(id).or_insert(figures);
            }
            let target = old.targets.iter().find(|target| target.name == summary.target);
            summary.metrics.extend(target.into_iter().flat_map(summaries::image));
            summary
        };
        let summary: Vec<Summary> = old.summary.into_iter().map(convert).collect();
        let enough = |target: &str, id: &str| {
            let summary = summary.iter().find(|summary| summary.target == target);
            summary.and_then(|summary| summary.metric(id)?.interval).is_some()
        };
        let comparison = |old: OldComparison| Comparison {
            interval: (enough(&old.target, &old.quantity) && enough(&old.against, &old.quantity)).then_some(Interval {
                low: old.ratio_ci_low,
                high: old.ratio_ci_high,
            }),
            target: old.target,
            against: old.against,
            metric: old.quantity,
            ratio: old.ratio,
            p_value: Some(old.p_value),
            superiority: old.superiority,
        };
        let comparisons = old.comparisons.into_iter().map(comparison).collect();
        let mut results = Results {
            schema: SCHEMA.into(),
            host: old.host,
            config: old.config,
            workload: old.workload,
            against: None,
            targets: old.targets,
            metrics: Vec::new(),
            samples,
            instances,
            summary,
            comparisons,
            density: Vec::new(),
            diff: None,
            warnings: old.warnings,
        };
        results.metrics = metrics::definitions(&results, &[]);
        // Whatever the methods are today: these figures were taken by the first ones.
        results.metrics.iter_mut().for_each(|definition| definition.method = 1);
        results
    }
}
