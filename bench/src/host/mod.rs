//! The machine the figures are taken on.

pub mod clock_source;
pub mod counters;
pub mod cpu_list;
pub mod descriptors;
pub mod doctor;
pub mod environment;
pub mod fault_log;
pub mod frequency;
pub mod observer;
pub mod page_cache;
pub mod pin;
pub mod places;
pub mod primitives;
pub mod signs;
pub mod system_files;

use frequency::Frequency;
use microvm::KvmKind;
use nix::sched::{CpuSet, sched_getaffinity};
use nix::unistd::Pid;
use reports::model;
use std::path::Path;
use system_files::SystemFiles;

/// The first processor's clock rate in kHz (Documentation/admin-guide/pm/cpufreq.rst).
const FREQUENCY: &str = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq";

/// What the results file says of this machine.
pub fn describe() -> model::Host {
    model::Host {
        name: None,
        kernel: kernel(),
        cpu_model: cpu_model(&read("/proc/cpuinfo")),
        cores: cores(),
        memory_bytes: memory_bytes(),
        kvm_kind: match microvm::probe().kind {
            KvmKind::Hardware { .. } => model::KvmKind::Hardware,
            KvmKind::EmulatedKernelMode => model::KvmKind::EmulatedKernelMode,
            KvmKind::None(_) => model::KvmKind::None,
        },
        cgroup_mode: cgroup_mode(&read("/proc/self/mounts")).into(),
        cpu_mhz: cpu_mhz(&read(FREQUENCY), &read("/proc/cpuinfo")),
        governor: Frequency::read(&SystemFiles::of_this_host()).governor,
        load_1min: read("/proc/loadavg")
            .split_ascii_whitespace()
            .next()
            .and_then(|load| load.parse().ok()),
        environment: environment::describe(),
        isolab_version: env!("CARGO_PKG_VERSION").into(),
    }
}

/// What this machine is called (`uname -n`).
pub fn name() -> Option<String> {
    Some(read("/proc/sys/kernel/hostname").trim().to_owned()).filter(|name| !name.is_empty())
}

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn kernel() -> String {
    let read = |name: &str| read(Path::new("/proc/sys/kernel").join(name)).trim().to_owned();
    format!("{} {}", read("ostype"), read("osrelease"))
}

fn cpu_model(cpuinfo: &str) -> String {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"));
    line.and_then(|line| line.split_once(':'))
        .map_or("unknown".into(), |(_, model)| model.trim().into())
}

/// From the text of `scaling_cur_freq`, which is the one that a frequency driver keeps up to date, or else of /proc/cpuinfo.
fn cpu_mhz(scaling_cur_freq: &str, cpuinfo: &str) -> Option<f64> {
    let khz: Option<f64> = scaling_cur_freq.trim().parse().ok();
    let line = cpuinfo.lines().find(|line| line.starts_with("cpu MHz"));
    let told = || line?.split_once(':')?.1.trim().parse().ok();
    khz.map(|khz| khz / 1e3)
        .or_else(told)
        .filter(|mhz| mhz.is_finite() && *mhz > 0.0)
}

fn cores() -> u32 {
    sched_getaffinity(Pid::this()).map_or(0, |set| {
        (0..CpuSet::count())
            .filter(|cpu| set.is_set(*cpu).unwrap_or(false))
            .count() as u32
    })
}

/// All memory of this host (MemTotal), in bytes; 0 where the kernel does not tell.
pub fn memory_bytes() -> u64 {
    meminfo_bytes(&read("/proc/meminfo"), "MemTotal").unwrap_or(0)
}

/// A field of /proc/meminfo in bytes.
pub fn meminfo_bytes(meminfo: &str, field: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find(|line| line.strip_prefix(field).is_some_and(|rest| rest.starts_with(':')))?;
    let kib: u64 = line.split_ascii_whitespace().nth(1)?.parse().ok()?;
    kib.checked_mul(1024)
}

/// From /proc/self/mounts: which hierarchies are mounted (cgroups(7)).
fn cgroup_mode(mounts: &str) -> &'static str {
    let mounted = |kind: &str| {
        mounts
            .lines()
            .any(|line| line.split_ascii_whitespace().nth(2) == Some(kind))
    };
    match (mounted("cgroup"), mounted("cgroup2")) {
        (true, true) => "hybrid",
        (true, false) => "v1",
        (false, true) => "v2",
        (false, false) => "none",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_host_is_described() {
        let host = describe();
        assert!(host.kernel.starts_with("Linux "), "{}", host.kernel);
        assert!(host.cores > 0 && host.memory_bytes > 0);
    }

    #[test]
    fn the_clock_rate_is_the_drivers_or_else_that_of_cpuinfo() {
        let cpuinfo = "processor\t: 0\ncpu MHz\t\t: 2100.030\nprocessor\t: 1\ncpu MHz\t\t: 800.0\n";
        assert_eq!(cpu_mhz("3400123\n", cpuinfo), Some(3400.123));
        assert_eq!(cpu_mhz("", cpuinfo), Some(2100.03));
        assert_eq!(cpu_mhz("<unsupported>", ""), None);
    }

    #[test]
    fn cgroup_modes_are_told_apart_by_what_is_mounted() {
        let v1 = "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n";
        let v2 = "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n";
        assert_eq!(cgroup_mode(v1), "v1");
        assert_eq!(cgroup_mode(v2), "v2");
        assert_eq!(cgroup_mode(&format!("{v1}{v2}")), "hybrid");
        assert_eq!(cgroup_mode("tmpfs /tmp tmpfs rw 0 0\n"), "none");
    }

    #[test]
    fn memory_fields_are_found_by_their_whole_name() {
        let meminfo = "MemTotal:       100 kB\nMemTotalHuge: 5 kB\nMemAvailable: 20 kB\n";
        assert_eq!(meminfo_bytes(meminfo, "MemTotal"), Some(102_400));
        assert_eq!(meminfo_bytes(meminfo, "MemAvailable"), Some(20_480));
        assert_eq!(meminfo_bytes(meminfo, "Mem"), None);
    }
}
