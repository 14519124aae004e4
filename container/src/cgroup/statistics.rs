//! Reads what a group has used.

use std::fs;
use std::path::Path;

use super::Controller;
use crate::statistics::Statistics;

/// Reads one v1 directory (`cgroup-v1/memory.rst`, `cgroup-v1/pids.rst`, `scheduler/sched-bwc.rst`).
pub fn read_v1(controller: Controller, path: &Path, statistics: &mut Statistics) {
    match controller {
        Controller::Memory => {
            let stat = Table::read(&path.join("memory.stat"));
            statistics.memory_bytes = number(&path.join("memory.usage_in_bytes"));
            statistics.memory_peak_bytes = number(&path.join("memory.max_usage_in_bytes"));
            statistics.anon_bytes = stat.get("rss");
            statistics.file_bytes = stat.get("cache");
            statistics.kernel_bytes = number(&path.join("memory.kmem.usage_in_bytes"));
            statistics.oom_kills = Table::read(&path.join("memory.oom_control")).get("oom_kill");
        }
        Controller::Cpu => {
            let stat = Table::read(&path.join("cpu.stat"));
            statistics.cpu_ns = number(&path.join("cpuacct.usage"));
            statistics.cpu_periods = stat.get("nr_periods");
            statistics.throttled_periods = stat.get("nr_throttled");
            statistics.throttled_ns = stat.get("throttled_time");
        }
        Controller::Pids => read_pids(path, statistics),
        Controller::Cpuset | Controller::Io => {}
    }
}

/// Reads a v2 directory (`cgroup-v2.rst`).
pub fn read_v2(path: &Path, statistics: &mut Statistics) {
    let (memory, cpu) = (
        Table::read(&path.join("memory.stat")),
        Table::read(&path.join("cpu.stat")),
    );
    *statistics = Statistics {
        memory_bytes: number(&path.join("memory.current")),
        memory_peak_bytes: number(&path.join("memory.peak")),
        anon_bytes: memory.get("anon"),
        file_bytes: memory.get("file"),
        kernel_bytes: memory.get("kernel"),
        oom_kills: Table::read(&path.join("memory.events")).get("oom_kill"),
        cpu_ns: cpu.get("usage_usec").map(|us| us.saturating_mul(1000)),
        cpu_periods: cpu.get("nr_periods"),
        throttled_periods: cpu.get("nr_throttled"),
        throttled_ns: cpu.get("throttled_usec").map(|us| us.saturating_mul(1000)),
        ..Statistics::default()
    };
    read_pids(path, statistics);
}

fn read_pids(path: &Path, statistics: &mut Statistics) {
    statistics.pids = number(&path.join("pids.current"));
    statistics.pids_refused = Table::read(&path.join("pids.events")).get("max");
}

fn number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Lines of a name and a number.
struct Table(String);

impl Table {
    fn read(path: &Path) -> Table {
        Table(fs::read_to_string(path).unwrap_or_default())
    }

    fn get(&self, name: &str) -> Option<u64> {
        let value = self
            .0
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value?.trim().parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_matched_whole() {
        let table = Table("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n".into());
        assert_eq!((table.get("oom_kill"), table.get("oom")), (Some(3), None));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_table_panic(text in "(\\PC|[a-z 0-9\n]){0,100}", name in "[a-z_]{0,8}") {
            Table(text).get(&name);
        }
    }
}
