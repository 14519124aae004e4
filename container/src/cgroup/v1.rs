//! Files of cgroup v1 (`Documentation/admin-guide/cgroup-v1/`).

use std::fs;
use std::path::Path;

use super::limits::{PERIOD_US, quota_us, tasks_with_pid1};
use super::{Controller, Setting, failed};
use crate::error::{Error, errno_of};
use crate::spec::Limits;
use crate::validate::wrong;

/// What to write, in the order it must be written.
pub fn settings(limits: &Limits, above: &Path) -> Result<Vec<Setting>, Error> {
    let mut settings = Vec::new();
    match (limits.memory_bytes, limits.swap_bytes) {
        (None, None) => {}
        (None, Some(swap)) => {
            return Err(wrong(
                format!("{swap} bytes of swap without a limit on memory"),
                "cgroup v1 limits the sum of both: limit the memory, too",
            ));
        }
        (Some(memory), swap) => {
            settings.push(Setting::new(Controller::Memory, "memory.limit_in_bytes", bytes(memory)));
            // v1 limits the sum, and refuses one below the memory limit.
            let (file, sum) = (
                "memory.memsw.limit_in_bytes",
                memory.saturating_add(swap.unwrap_or(memory)),
            );
            match swap {
                Some(_) => settings.push(Setting::new(Controller::Memory, file, bytes(sum))),
                None if memory == u64::MAX => {}
                None => settings.push(Setting::implied(Controller::Memory, file, bytes(sum))),
            }
        }
    }
    let mut set = |controller, file, value: String| settings.push(Setting::new(controller, file, value));
    if let Some(cpus) = limits.cpus {
        set(Controller::Cpu, "cpu.cfs_period_us", PERIOD_US.to_string());
        set(Controller::Cpu, "cpu.cfs_quota_us", quota_us(cpus).to_string());
    }
    if let Some(weight) = limits.cpu_weight {
        // The usual share is 1024 here and 100 in v2.
        set(
            Controller::Cpu,
            "cpu.shares",
            (u64::from(weight) * 1024 / 100).clamp(2, 262_144).to_string(),
        );
    }
    if let Some(pids) = limits.pids {
        set(Controller::Pids, "pids.max", tasks_with_pid1(pids).to_string());
    }
    if let Some(cpus) = &limits.cpuset {
        // A new cpuset takes no task until it has memory nodes, too: those of the group above.
        let nodes = above.join("cpuset.mems");
        let nodes = fs::read_to_string(&nodes).map_err(|error| failed("read", &nodes, errno_of(&error)))?;
        set(Controller::Cpuset, "cpuset.mems", nodes.trim().to_owned());
        set(Controller::Cpuset, "cpuset.cpus", cpus.clone());
    }
    if let Some(weight) = limits.io_weight {
        // 10 to 1000 here with 500 as the usual share, 1 to 10000 in v2 with 100.
        set(
            Controller::Io,
            "blkio.weight",
            weight.saturating_mul(5).clamp(10, 1000).to_string(),
        );
    }
    Ok(settings)
}

/// -1 is no limit.
fn bytes(value: u64) -> String {
    i64::try_from(value).map_or("-1".to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorStep;

    #[test]
    fn memory_and_swap_are_limited_as_a_sum() {
        let limits = Limits {
            memory_bytes: Some(1 << 20),
            swap_bytes: Some(1 << 10),
            ..Limits::default()
        };
        let values: Vec<_> = settings(&limits, Path::new("/"))
            .unwrap()
            .into_iter()
            .map(|setting| (setting.file, setting.value))
            .collect();
        let expected = [
            ("memory.limit_in_bytes", "1048576"),
            ("memory.memsw.limit_in_bytes", "1049600"),
        ];
        assert_eq!(values, expected.map(|(file, value)| (file, value.to_owned())));
    }

    #[test]
    fn memory_alone_limits_swap_to_as_much_again() {
        let limits = Limits {
            memory_bytes: Some(1 << 20),
            ..Limits::default()
        };
        let settings = settings(&limits, Path::new("/")).unwrap();
        assert_eq!(
            (settings[1].file, settings[1].value.as_str()),
            ("memory.memsw.limit_in_bytes", "2097152")
        );
        assert!(settings[1].implied);
    }

    #[test]
    fn swap_alone_is_refused() {
        let limits = Limits {
            swap_bytes: Some(1 << 20),
            ..Limits::default()
        };
        assert_eq!(settings(&limits, Path::new("/")).err().unwrap().step, ErrorStep::Spec);
    }

    #[test]
    fn the_largest_number_means_no_limit() {
        let limits = Limits {
            memory_bytes: Some(u64::MAX),
            ..Limits::default()
        };
        assert_eq!(settings(&limits, Path::new("/")).unwrap()[0].value, "-1");
    }

    #[test]
    fn the_usual_weight_becomes_the_usual_share() {
        let limits = Limits {
            cpu_weight: Some(100),
            ..Limits::default()
        };
        assert_eq!(settings(&limits, Path::new("/")).unwrap()[0].value, "1024");
    }
}
