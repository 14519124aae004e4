//! Files of cgroup v2 (`Documentation/admin-guide/cgroup-v2.rst`).

use super::limits::{PERIOD_US, quota_us, tasks_with_pid1};
use super::{Controller, Setting};
use crate::spec::Limits;

/// What to write.
pub fn settings(limits: &Limits) -> Vec<Setting> {
    let mut settings = Vec::new();
    let mut set = |controller, file, value: String| settings.push(Setting::new(controller, file, value));
    if let Some(memory) = limits.memory_bytes {
        set(Controller::Memory, "memory.max", bytes(memory));
    }
    if let Some(cpus) = limits.cpus {
        set(Controller::Cpu, "cpu.max", format!("{} {PERIOD_US}", quota_us(cpus)));
    }
    if let Some(weight) = limits.cpu_weight {
        set(Controller::Cpu, "cpu.weight", weight.to_string());
    }
    if let Some(pids) = limits.pids {
        set(Controller::Pids, "pids.max", tasks_with_pid1(pids).to_string());
    }
    if let Some(cpus) = &limits.cpuset {
        set(Controller::Cpuset, "cpuset.cpus", cpus.clone());
    }
    if let Some(weight) = limits.io_weight {
        set(Controller::Io, "io.weight", format!("default {weight}"));
    }
    match (limits.swap_bytes, limits.memory_bytes) {
        (Some(swap), _) => settings.push(Setting::new(Controller::Memory, "memory.swap.max", bytes(swap))),
        (None, None | Some(u64::MAX)) => {}
        (None, Some(memory)) => settings.push(Setting::implied(Controller::Memory, "memory.swap.max", bytes(memory))),
    }
    settings
}

fn bytes(value: u64) -> String {
    if value == u64::MAX {
        "max".to_owned()
    } else {
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_written_to_its_file() {
        let limits = Limits {
            memory_bytes: Some(u64::MAX),
            cpus: Some(0.25),
            pids: Some(9),
            ..Limits::default()
        };
        let values: Vec<_> = settings(&limits)
            .into_iter()
            .map(|setting| (setting.file, setting.value))
            .collect();
        let expected = [("memory.max", "max"), ("cpu.max", "25000 100000"), ("pids.max", "10")];
        assert_eq!(values, expected.map(|(file, value)| (file, value.to_owned())));
    }

    #[test]
    fn memory_alone_limits_swap_to_as_much_again() {
        for (swap, expected) in [(None, ("1048576", true)), (Some(0), ("0", false))] {
            let limits = Limits {
                memory_bytes: Some(1 << 20),
                swap_bytes: swap,
                ..Limits::default()
            };
            let settings = settings(&limits);
            let found = settings
                .iter()
                .find(|setting| setting.file == "memory.swap.max")
                .unwrap();
            assert_eq!((found.value.as_str(), found.implied), expected);
        }
    }
}
