//! What a container has used, as its control group counted it.

/// What the container has used so far. `None` where this kernel or cgroup version does not count it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Memory charged now, page cache included, in bytes.
    pub memory_bytes: Option<u64>,
    /// The most memory ever charged at once, the runtime's own set-up included, in bytes.
    pub memory_peak_bytes: Option<u64>,
    /// Anonymous memory now, in bytes: what the program itself allocated.
    pub anon_bytes: Option<u64>,
    /// Page cache and memory files now, in bytes.
    pub file_bytes: Option<u64>,
    /// Kernel memory on the container's behalf now, in bytes.
    pub kernel_bytes: Option<u64>,
    /// How many processes the out-of-memory killer ended.
    pub oom_kills: Option<u64>,
    /// Processor time used, in ns.
    pub cpu_ns: Option<u64>,
    /// Periods of the processor quota that have passed.
    pub cpu_periods: Option<u64>,
    /// Periods in which the quota was used up.
    pub throttled_periods: Option<u64>,
    /// Time spent waiting for the next period, in ns.
    pub throttled_ns: Option<u64>,
    /// Tasks alive now, pid 1 of the container included.
    pub pids: Option<u64>,
    /// How often a fork was refused by the limit on tasks.
    pub pids_refused: Option<u64>,
}
