//! What a container costs the host's memory while it waits: `cargo bench -p isolab-container --bench memory`.
//!
//! Holds many containers at once and divides by their number, then again with one part left out: the difference is
//! that part's. "Processes" is the memory of its own processes (Private_* of /proc/PID/smaps_rollup); the rest is what
//! the kernel keeps (proc_meminfo(5)): slab, memory of its own for each processor, kernel stacks, page tables. The host
//! should be quiet: others' files and processes are counted, too. Needs root.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio as ProcessStdio};

use container::{Container, Limits, Network, Share, Spec, Stdio};

/// How many are held at once, unless `CONTAINER_BENCH_HELD` says otherwise.
const HELD: usize = 200;

/// pause(2), for ever.
const PAUSES: &str = "mov $34,%eax\nsyscall\njmp _start\n";

/// What changes in a [`Spec`].
type Change = fn(&mut Spec);

/// What the kernel alone takes: a process in one new namespace, with nothing of this library.
const KERNEL: &[(&str, i32)] = &[
    ("process", 0),
    ("process, own network", libc::CLONE_NEWNET),
    ("process, own mounts", libc::CLONE_NEWNS),
    ("process, own IPC", libc::CLONE_NEWIPC),
    ("process, own host name", libc::CLONE_NEWUTS),
    ("process, own cgroup view", libc::CLONE_NEWCGROUP),
    ("process, own user ids", libc::CLONE_NEWUSER),
];

/// Containers by what they are without.
const VARIANTS: &[(&str, Change)] = &[
    ("container", |_| {}),
    ("without limits", |spec| spec.limits = Limits::default()),
    ("only the memory limit", |spec| {
        spec.limits.cpus = None;
        spec.limits.pids = None;
    }),
    ("only the processor limit", |spec| {
        spec.limits.memory_bytes = None;
        spec.limits.pids = None;
    }),
    ("only the limit on tasks", |spec| {
        spec.limits.memory_bytes = None;
        spec.limits.cpus = None;
    }),
    ("no limits, host's network", |spec| {
        spec.limits = Limits::default();
        spec.namespaces.network = Network::Host;
    }),
    ("no limits, host's IPC", |spec| {
        spec.limits = Limits::default();
        spec.namespaces.ipc = Share::Host;
    }),
    ("no limits, host's host name", |spec| {
        spec.limits = Limits::default();
        spec.namespaces.uts = Share::Host;
    }),
    ("no limits, no filter", |spec| {
        spec.limits = Limits::default();
        spec.seccomp = container::Seccomp::Unconfined;
    }),
    ("no limits, mounts and pid 1 only", |spec| {
        spec.limits = Limits::default();
        spec.namespaces.network = Network::Host;
        spec.namespaces.ipc = Share::Host;
        spec.namespaces.uts = Share::Host;
        spec.namespaces.cgroup = Share::Host;
        spec.seccomp = container::Seccomp::Unconfined;
    }),
];

fn main() {
    let layer = common::layer(PAUSES);
    let held = std::env::var("CONTAINER_BENCH_HELD").ok();
    let held = held.and_then(|text| text.parse().ok()).unwrap_or(HELD);

    println!("KiB for each of {held} held at once");
    println!(
        "{:34} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "", "slab", "percpu", "stacks", "tables", "processes", "sum"
    );
    // The first round fills the kernel's caches.
    for round in 0..2 {
        let show = |name: &str, costs: [f64; 5]| {
            if round > 0 {
                let numbers: String = costs
                    .iter()
                    .chain([&costs.iter().sum()])
                    .map(|kib| format!(" {kib:9.1}"))
                    .collect();
                println!("{name:34}{numbers}");
            }
        };
        for (name, namespaces) in KERNEL {
            show(name, processes(layer.path(), held, *namespaces));
        }
        for (name, change) in VARIANTS {
            show(name, containers(layer.path(), held, *change));
        }
    }
}

fn processes(layer: &Path, held: usize, namespaces: i32) -> [f64; 5] {
    let before = Host::now();
    let mut children: Vec<_> = (0..held)
        .map(|_| {
            let mut command = Command::new(layer.join("program"));
            command.stdin(ProcessStdio::null());
            // SAFETY: one system call, which no other thread waits for.
            unsafe {
                command.pre_exec(move || match libc::unshare(namespaces) {
                    0 => Ok(()),
                    _ => Err(std::io::Error::last_os_error()),
                });
            }
            command.spawn().expect("spawn")
        })
        .collect();
    let pids = children.iter().map(|child| child.id() as i32).collect();
    let costs = before.until_now(held, pids);
    for child in &mut children {
        child.kill().expect("kill");
        child.wait().expect("wait");
    }
    costs
}

fn containers(layer: &Path, held: usize, change: Change) -> [f64; 5] {
    let mut spec = common::spec(layer.to_owned());
    spec.stdio.stdin = Stdio::Null;
    change(&mut spec);
    let before = Host::now();
    let containers: Vec<Container> = (0..held).map(|_| container::start(&spec).expect("start")).collect();
    // Pid 1 becomes its init a moment after the program has started.
    std::thread::sleep(std::time::Duration::from_millis(100));
    let costs = before.until_now(held, containers.iter().flat_map(Container::pids).collect());
    for container in containers {
        container.remove().expect("remove");
    }
    costs
}

/// The lines of /proc/meminfo that a container shows up in.
const KINDS: [&str; 4] = ["Slab", "Percpu", "KernelStack", "PageTables"];

struct Host(BTreeMap<String, f64>);

impl Host {
    fn now() -> Host {
        // What has ended is given back a moment later.
        std::thread::sleep(std::time::Duration::from_millis(1500));
        Host(read("/proc/meminfo"))
    }

    /// KiB for each, by kind, the processes' own last.
    fn until_now(&self, held: usize, pids: Vec<i32>) -> [f64; 5] {
        std::thread::sleep(std::time::Duration::from_millis(200));
        let now = read("/proc/meminfo");
        let own = pids.iter().map(|pid| {
            let memory = read(&format!("/proc/{pid}/smaps_rollup"));
            memory["Private_Clean"] + memory["Private_Dirty"]
        });
        let own: f64 = own.sum();
        let [slab, percpu, stacks, tables] = KINDS.map(|kind| now[kind] - self.0[kind]);
        [slab, percpu, stacks, tables, own].map(|kib| kib / held as f64)
    }
}

/// Lines of a name, a colon and a number of KiB.
fn read(path: &str) -> BTreeMap<String, f64> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    lines
        .filter_map(|(name, rest)| Some((name.to_owned(), rest.split_whitespace().next()?.parse().ok()?)))
        .collect()
}
