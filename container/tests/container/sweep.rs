//! A lab killed at any moment leaves nothing once the next one has swept.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::run::{self, usual_limits};
use crate::{Need, Test};

pub const TESTS: &[Test] = &[
    ("labs killed at any moment leave nothing", Need::Nothing, killed_labs),
    (
        "a killed lab's containers end at once",
        Need::Nothing,
        killed_lab_ends_containers,
    ),
];

/// The variable that says how many labs are killed, for a longer run.
const KILLS: &str = "CONTAINER_TEST_KILLS";

/// Called as `killed-lab STATE_DIR LAYER`: starts and removes containers until it is killed.
pub fn run_if_called() {
    let arguments: Vec<String> = std::env::args().collect();
    let ["killed-lab", what, state_dir, layer] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] else {
        return;
    };
    let mut spec = container::Spec::new(vec![layer.into()], "/payload");
    spec.state_dir = state_dir.into();
    spec.stdio.stdout = container::Stdio::Null;
    if run_limits() {
        spec.limits = usual_limits();
    }
    println!("ready");
    if what == "hold" {
        spec.args = vec!["hold".into()];
        let held: Vec<_> = (0..3).map(|_| container::start(&spec).expect("start")).collect();
        println!(
            "{:?}",
            held.iter().flat_map(container::Container::pids).collect::<Vec<_>>()
        );
        std::thread::sleep(Duration::from_secs(1000));
    }
    spec.args = vec!["exit".into(), "0".into()];
    loop {
        let mut instance = container::start(&spec).expect("start");
        instance.wait().expect("wait");
        instance.remove().expect("remove");
    }
}

fn run_limits() -> bool {
    std::env::var_os("CONTAINER_TEST_LIMITS").is_some()
}

fn lab(what: &str, state_dir: &Path) -> std::process::Child {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .arg0("killed-lab")
        .args([what.as_ref(), state_dir, &run::layer()]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    if run::cannot_limit().is_none() {
        command.env("CONTAINER_TEST_LIMITS", "1");
    }
    command.spawn().unwrap()
}

/// Every control group of a container, in any hierarchy.
pub fn groups() -> Vec<PathBuf> {
    fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                match entry.file_name().to_string_lossy().starts_with("isolab-") {
                    true => found.push(entry.path()),
                    false => walk(&entry.path(), found),
                }
            }
        }
    }
    let mut found = Vec::new();
    walk(Path::new("/sys/fs/cgroup"), &mut found);
    found
}

/// Processes whose command line begins with `begin`.
fn processes(begin: &[u8]) -> Vec<PathBuf> {
    let processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    processes
        .filter(|path| fs::read(path.join("cmdline")).is_ok_and(|line| line.starts_with(begin)))
        .collect()
}

fn mounts() -> usize {
    fs::read_to_string("/proc/self/mountinfo").unwrap().lines().count()
}

fn killed_labs() {
    let state = run::directory();
    let mounts_before = mounts();
    let kills = std::env::var(KILLS)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(60u64);
    let mut labs = Vec::new();
    for turn in 0..kills {
        let mut child = lab("loop", state.path());
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut [0]).unwrap();
        // Spread over several lives of a container, by a step that shares no factor with them.
        std::thread::sleep(Duration::from_micros(turn * 1237 % 9000));
        child.kill().unwrap();
        child.wait().unwrap();
        labs.push(child.id());
    }
    // The kernel ends the processes of a killed lab's containers a moment after the lab itself.
    let began = Instant::now();
    while !processes(b"killed-lab\0loop").is_empty() {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "{:?}",
            processes(b"killed-lab\0loop")
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    let removed = container::sweep(state.path()).unwrap();
    assert_eq!(
        fs::read_dir(state.path()).unwrap().count(),
        0,
        "{removed} groups removed"
    );
    let of_labs = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        labs.iter().any(|lab| name.starts_with(&format!("isolab-{lab}-")))
    };
    assert_eq!(
        groups().into_iter().filter(of_labs).collect::<Vec<_>>(),
        Vec::<PathBuf>::new()
    );
    assert_eq!(mounts(), mounts_before);
}

fn killed_lab_ends_containers() {
    let state = run::directory();
    let mut child = lab("hold", state.path());
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    assert_eq!(lines.next().unwrap().unwrap(), "ready");
    let pids = lines.next().unwrap().unwrap();
    let pids: Vec<i32> = pids
        .trim_matches(['[', ']'])
        .split(", ")
        .map(|pid| pid.parse().unwrap())
        .collect();
    assert!(pids.len() >= 3);
    child.kill().unwrap();
    child.wait().unwrap();
    let gone = |pid: &i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.is_empty() || stat.contains(") Z ")
    };
    let began = Instant::now();
    while !pids.iter().all(gone) {
        assert!(began.elapsed() < Duration::from_secs(30), "still there: {pids:?}");
        std::thread::sleep(Duration::from_millis(1));
    }
    container::sweep(state.path()).unwrap();
    assert_eq!(fs::read_dir(state.path()).unwrap().count(), 0);
}
