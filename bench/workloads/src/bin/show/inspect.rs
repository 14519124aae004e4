//! Says what it sees of kernel, machine and others: `isolab inspect` puts what it sees on each target side by side.
//!
//! Each line is `NAME: VALUE`. What this kernel does not tell, as the built-in guest kernel has no /proc, is a dash.

use super::Workload;
use super::kernel;
use std::fmt::Display;
use std::fs;
use std::io::Write;

pub const WORKLOAD: Workload = Workload { name: "inspect", run };

/// The most names that are listed.
const MOST_NAMES: usize = 3;

fn run(_: &[String]) -> Result<(), String> {
    let (user, group, parent) = kernel::identity();
    let [system, host, release, _] = kernel::names();
    let (uptime_s, ram) = kernel::uptime_and_ram();
    let cpus = std::thread::available_parallelism().ok();
    let rows: [(&str, Option<String>); 15] = [
        ("pid", text(std::process::id())),
        ("parent", text(parent)),
        ("user", text(format_args!("{user}:{group}"))),
        ("capabilities", status("CapEff").and_then(|set| capabilities(&set))),
        ("filter", status("Seccomp").and_then(|mode| filter(&mode))),
        ("host-name", text(host)),
        ("kernel", text(format_args!("{system} {release}"))),
        ("uptime", text(format_args!("{uptime_s} s"))),
        ("memory", text(format_args!("{} MiB", ram >> 20))),
        ("memory-limit", memory_limit()),
        ("cpus", cpus.and_then(text)),
        ("mounts", mounts()),
        ("root", entries("/").map(list)),
        ("interfaces", interfaces().map(list)),
        ("processes", processes()),
    ];
    let mut page = String::new();
    for (name, value) in rows {
        page += &format!("{name}: {}\n", value.as_deref().unwrap_or("–"));
    }
    let written = std::io::stdout().write_all(page.as_bytes());
    written.map_err(|error| format!("cannot write what it sees: {error}"))
}

fn text(value: impl Display) -> Option<String> {
    Some(value.to_string())
}

/// A line of /proc/self/status (proc_pid_status(5)).
fn status(name: &str) -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.map(|value| value.trim().to_owned())
}

/// How many capabilities are in a set.
fn capabilities(set: &str) -> Option<String> {
    u64::from_str_radix(set, 16).ok().and_then(|set| text(set.count_ones()))
}

/// Whether system calls are filtered (seccomp(2)).
fn filter(mode: &str) -> Option<String> {
    text(if mode == "0" { "no" } else { "yes" })
}

/// The limit that a control group sets, in its first or its second version.
fn memory_limit() -> Option<String> {
    let files = [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ];
    let limit = files.into_iter().find_map(|file| fs::read_to_string(file).ok())?;
    // The first version says "as much as a counter of pages holds" where there is none.
    match limit.trim().parse::<u64>() {
        Ok(bytes) if bytes < 1 << 60 => text(format_args!("{} MiB", bytes >> 20)),
        _ => text("no"),
    }
}

/// How many there are, and what the root is on (proc_pid_mounts(5)).
fn mounts() -> Option<String> {
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let mut roots = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let root = roots.rfind(|fields| fields.get(1) == Some(&"/"));
    let kind = root.and_then(|fields| fields.get(2).copied()).unwrap_or("–");
    text(format_args!("{} (/: {kind})", mounts.lines().count()))
}

fn entries(folder: &str) -> Option<Vec<String>> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    Some(names)
}

/// Network interfaces (proc_pid_net(5)).
fn interfaces() -> Option<Vec<String>> {
    let devices = fs::read_to_string("/proc/self/net/dev").ok()?;
    let names = devices
        .lines()
        .skip(2)
        .filter_map(|line| Some(line.split_once(':')?.0.trim().to_owned()));
    Some(names.collect())
}

/// How many processes are seen, this one included.
fn processes() -> Option<String> {
    let names = entries("/proc")?;
    let is_number = |name: &&String| name.bytes().all(|byte| byte.is_ascii_digit());
    text(names.iter().filter(is_number).count())
}

/// The first names, and how many there are.
fn list(names: Vec<String>) -> String {
    match names.len() {
        0 => "0".into(),
        count if count <= MOST_NAMES => names.join(" "),
        count => format!("{} … ({count})", names[..MOST_NAMES].join(" ")),
    }
}
