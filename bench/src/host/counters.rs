//! Counters of the host: processor time, swapping, heat. Their differences say what else went on while isolab measured.

use nix::sys::resource::{UsageWho, getrusage};

/// Counters of the host that only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counters {
    /// Processor seconds used by all programs and the kernel.
    pub busy_s: f64,
    /// Processor seconds used by this isolab and its children.
    pub own_s: f64,
    /// Processor seconds that a hypervisor took away.
    pub steal_s: f64,
    /// Processor seconds in all, idle ones included.
    pub total_s: f64,
    /// Pages moved to or from swap.
    pub swapped_pages: u64,
    /// How often a processor was slowed down because of heat.
    pub throttled: u64,
}

impl Counters {
    /// Reads them now.
    pub fn read() -> Self {
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

    const STAT: &str = "cpu  100 0 50 1000 10 5 5 40 0 0\ncpu0 1 2 3 4\n";

    #[test]
    fn the_hosts_counters_are_read_in_seconds() {
        let counters = Counters::parse(STAT, "pswpin 3\npswpout 4\n");
        assert!((counters.busy_s - 1.6).abs() < 1e-9 && (counters.steal_s - 0.4).abs() < 1e-9);
        assert!((counters.total_s - 12.1).abs() < 1e-9);
        assert_eq!(counters.swapped_pages, 7);
    }

    proptest! {
        #[test]
        fn any_text_of_proc_is_read_without_a_panic(stat in "(cpu )?[0-9 a-z\n]{0,80}", vmstat in "(pswpin)?[0-9 \n]{0,40}") {
            let _ = Counters::parse(&stat, &vmstat);
        }
    }
}
