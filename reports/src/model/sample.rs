//! One run of the workload on one target, and everything that was taken of it.

use super::Name;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One run of the workload on one target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sample {
    /// Name of the target.
    pub target: Name,
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
    pub vm_exits: BTreeMap<Name, u64>,
    /// What the host's kernel counted of all its processes, where it was asked.
    #[serde(default)]
    pub counters: Option<Counters>,
    /// Why the run failed, where it did.
    pub error: Option<String>,
}

/// A named step of an instance's start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Phase {
    /// What happened in it.
    pub name: Name,
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
    /// What one more instance takes of the host's memory.
    #[serde(default)]
    pub one_more: Option<OneMore>,
    /// Field name → why it is `None`.
    pub missing: BTreeMap<String, String>,
}

/// What one more instance takes of the host's memory: the slope of the memory that the host uses, page cache left out,
/// over the number of instances that are alive at once. `kernel_bytes` is the rest that the parts of its processes leave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OneMore {
    /// The slope.
    pub bytes: u64,
    /// Its standard error.
    pub standard_error_bytes: u64,
    /// How many instances were alive at the end.
    pub instances: u32,
    /// Anonymous and shared memory of the program.
    pub program_bytes: u64,
    /// Of the container's own processes.
    pub runtime_bytes: u64,
    /// Of the virtual machine monitor.
    pub monitor_bytes: u64,
    /// Of the guest.
    pub guest_ram_bytes: u64,
    /// What the kernel keeps for it: page tables, stacks, namespaces, cgroups, files in a tmpfs.
    pub kernel_bytes: u64,
    /// File pages that the instance maps, not counted in `bytes`: they are there once for all instances, as page cache.
    pub shared_file_bytes: u64,
    /// What distorts the figure on this host.
    pub caveats: Vec<String>,
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

/// What the host's kernel counted of an instance's processes, from their start to their end. A count that is not to be had
/// is `None`, and `missing` says why; system calls are counted in one extra run of each target, which is noted with its
/// first sample, as counting them slows them down.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Counters {
    /// Page faults without reading from a disk (`ru_minflt`, getrusage(2)).
    pub minor_faults: Option<u64>,
    /// Page faults that had to read from a disk (`ru_majflt`).
    pub major_faults: Option<u64>,
    /// Times that a process gave up the processor, to wait (`ru_nvcsw`).
    pub voluntary_switches: Option<u64>,
    /// Times that the processor was taken from a process (`ru_nivcsw`).
    pub involuntary_switches: Option<u64>,
    /// System calls that the executed programs made to the host's kernel. A micro-VM's are its monitor's: those of the
    /// program in the guest go to the guest's kernel.
    pub system_calls: Option<u64>,
    /// Field name → why it is `None`, where it was tried.
    pub missing: BTreeMap<String, String>,
}
