//! The results file: one JSON document, `"schema": "isolab-results/1"`.
//!
//! Units stand in the field names (`_ms` milliseconds, `_bytes`, `_per_s`). Unknown fields are ignored on reading and
//! every field added after the first release has a default, so that a file of an older or a newer lab still reads.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The schema name that this lab writes.
pub const SCHEMA: &str = "isolab-results/1";

/// Everything that one invocation of the lab measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Results {
    /// Always [`SCHEMA`] in files this lab writes.
    pub schema: String,
    /// The machine the figures were taken on.
    pub host: Host,
    /// The command as resolved: every option with the value that was in force.
    pub config: Config,
    /// The program that ran on every target.
    pub workload: Workload,
    /// Where it ran, in the order of the table.
    pub targets: Vec<Target>,
    /// Every run, warm-up excluded, in the order it was taken.
    pub samples: Vec<Sample>,
    /// One entry per target that has samples.
    pub summary: Vec<Summary>,
    /// Targets against the baseline target.
    pub comparisons: Vec<Comparison>,
    /// What a reader must know before trusting the figures.
    pub warnings: Vec<Warning>,
}

/// The machine the figures were taken on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Host {
    /// `uname -sr`.
    pub kernel: String,
    /// `model name` of /proc/cpuinfo.
    pub cpu_model: String,
    /// Processors this process may run on.
    pub cores: u32,
    /// MemTotal.
    pub memory_bytes: u64,
    /// What /dev/kvm is here.
    pub kvm_kind: KvmKind,
    /// How cgroups are mounted: `v2`, `v1`, `hybrid` or `none`.
    pub cgroup_mode: String,
    /// The lab's version.
    pub isolab_version: String,
}

/// What stands behind /dev/kvm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KvmKind {
    /// VMX or SVM: guest kernels execute natively.
    Hardware,
    /// A software KVM: guest user mode runs natively, guest kernel mode is emulated instruction by instruction.
    EmulatedKernelMode,
    /// No usable /dev/kvm.
    #[default]
    None,
}

/// The command as resolved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Config {
    /// The command line, as given.
    pub command: Vec<String>,
    /// Counted runs per target.
    pub runs: u32,
    /// Uncounted runs per target before them.
    pub warmup: u32,
    /// Pause before each start.
    pub idle_gap_ms: f64,
    /// Seed of the random order of targets within each round.
    pub seed: u64,
    /// Guest RAM of the micro-VM targets.
    pub memory_bytes: u64,
    /// Virtual processors of the micro-VM targets.
    pub cpus: u32,
    /// A run that takes longer is ended and counted as failed.
    pub timeout_s: f64,
}

/// The program that ran on every target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Workload {
    /// Name of the lab's own workload, or the path given.
    pub name: String,
    /// SHA-256 of the ELF file, lower-case hex.
    pub sha256: String,
    /// Size of the ELF file.
    pub bytes: u64,
    /// Arguments after the program's name.
    pub args: Vec<String>,
}

/// One place where the workload ran, or could not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// `process`, `container`, `microvm`, …
    pub name: String,
    /// Version of the tool behind it.
    pub version: String,
    /// The guest kernel, for targets that boot one.
    pub guest_kernel: Option<GuestKernel>,
    /// What has to be shipped for the workload to run there.
    pub image: Vec<ImagePart>,
    /// SHA-256 of the workload as this target was given it, read back from what was handed over.
    pub workload_sha256: String,
    /// Why it could not run here, with the remedy; then it has no samples.
    pub unavailable: Option<String>,
}

/// A guest kernel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GuestKernel {
    /// `builtin`, or the file's name.
    pub name: String,
    /// What the kernel says of itself.
    pub version: String,
    /// SHA-256 of the kernel file, lower-case hex.
    pub sha256: String,
}

/// One part of an image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ImagePart {
    /// `workload`, `files`, `guest kernel`, `guest init` or `host kernel` (0 bytes: it is not shipped).
    pub part: String,
    /// Bytes to ship, uncompressed.
    pub bytes: u64,
    /// Bytes to ship, compressed with `codec`.
    pub compressed_bytes: u64,
    /// The codec and its level, for example `gzip -6`.
    pub codec: String,
}

/// One run of the workload on one target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sample {
    /// Name of the target.
    pub target: String,
    /// Counts the runs of this target from 0.
    pub run: u32,
    /// Counts the interleaved rounds from 0.
    pub round: u32,
    /// Process start included: just before the first process is asked for, to the workload's first byte on stdout.
    /// `None` when the run ended without one.
    pub ready_ms: Option<f64>,
    /// The same start, to the last process reaped and every resource of the instance gone.
    pub exit_ms: f64,
    /// Consecutive steps that add up to `ready_ms`.
    pub phases: Vec<Phase>,
    /// Memory at ready, where this run measured it.
    pub memory: Option<Memory>,
    /// What the workload said it did.
    pub work: Option<Work>,
    /// The workload's exit status, 128 + N for a signal.
    pub exit_code: i32,
    /// VM exits by reason, for targets with a monitor of ours.
    pub vm_exits: BTreeMap<String, u64>,
    /// Why the run failed, where it did.
    pub error: Option<String>,
}

/// A named step of an instance's start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Phase {
    /// What happened in it.
    pub name: String,
    /// How long it took.
    pub ms: f64,
}

/// Memory of an instance that holds still after its first byte, summed over all its processes. A view that is not to be
/// had is `None`, and `missing` says why.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Memory {
    /// Resident set size: every mapped page, shared ones counted in full for each process.
    pub rss_bytes: Option<u64>,
    /// Proportional set size: shared pages divided among those who map them.
    pub pss_bytes: Option<u64>,
    /// Unique set size: pages that would be free if the instance ended.
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

/// What the workload said it did, by its own clock.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Work {
    /// Operations per second.
    pub ops_per_s: f64,
    /// Operations in all.
    pub ops: u64,
    /// Time they took by the workload's own clock.
    pub inside_ms: f64,
    /// The same work timed by the harness, first line of output to last.
    pub outside_ms: Option<f64>,
    /// Checksum of the result, to compare across targets.
    pub checksum: String,
}

/// A distribution in a few figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Distribution {
    /// Number of samples.
    pub n: u32,
    /// Median.
    pub median: f64,
    /// 5th percentile.
    pub p5: f64,
    /// 95th percentile.
    pub p95: f64,
    /// Lower end of the 95 % bootstrap confidence interval of the median.
    pub ci_low: f64,
    /// Upper end of it.
    pub ci_high: f64,
}

/// One target's samples in a few figures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Name of the target.
    pub target: String,
    /// Runs that failed, and are in none of the figures.
    pub failed: u32,
    /// Of `ready_ms`.
    pub ready_ms: Option<Distribution>,
    /// Of `exit_ms`.
    pub exit_ms: Option<Distribution>,
    /// Of `work.ops_per_s`.
    pub ops_per_s: Option<Distribution>,
    /// Of `memory.uss_bytes`.
    pub uss_bytes: Option<Distribution>,
    /// Median of each phase, in order.
    pub phases: Vec<Phase>,
}

/// One target against the baseline target, for one quantity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// Name of the target.
    pub target: String,
    /// Name of the target it is compared with.
    pub against: String,
    /// `ready_ms`, `exit_ms`, `ops_per_s`.
    pub quantity: String,
    /// Median of `target` divided by median of `against`.
    pub ratio: f64,
    /// Lower end of the 95 % bootstrap confidence interval of the ratio.
    pub ratio_ci_low: f64,
    /// Upper end of it.
    pub ratio_ci_high: f64,
    /// Two-sided Mann-Whitney U test.
    pub p_value: f64,
}

/// What a reader must know before trusting the figures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    /// A stable identifier, kebab-case.
    pub id: String,
    /// What was seen and what to do, in English.
    pub text: String,
}
