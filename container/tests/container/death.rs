//! A process of a start dies without a word, at any moment: the start says so, and nothing is left.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use container::{ErrorStep, IdMap, Spec, UserNamespace};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

use crate::run::{self, Starter, usual_limits};
use crate::sweep::random;
use crate::{Need, Test};

pub const TESTS: &[Test] = &[
    (
        "a start whose processes are killed at random moments ends with an error",
        Need::Nothing,
        killed_starts,
    ),
    (
        "a start by the runtime whose processes are killed at random moments ends with an error",
        Need::Nothing,
        killed_starts_by_the_runtime,
    ),
    (
        "also in a user namespace that root maps, and for another user",
        Need::Root,
        killed_starts_of_others,
    ),
];

/// The variable that says how many starts are killed, for a longer run.
const KILLS: &str = "CONTAINER_TEST_KILLED_STARTS";
/// The variable that repeats the moments of an earlier run.
const SEED: &str = "CONTAINER_TEST_SEED";
/// How long a start may take on the slowest host, killed or not.
const PATIENCE: Duration = Duration::from_secs(120);

/// Called as `killed-start plain|runtime|mapped|user STATE_DIR LAYER`: an isolab whose starts are killed. A process of its own, so that no other
/// test's processes are meant.
pub fn run_if_called() {
    let arguments: Vec<String> = std::env::args().collect();
    let ["killed-start", what, state_dir, layer] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] else {
        return;
    };
    let mut spec = Spec::new(vec![layer.into()], "/payload");
    spec.state_dir = state_dir.into();
    spec.args = vec!["exit".into(), "0".into()];
    spec.stdio.stdout = container::Stdio::Null;
    if run::cannot_limit().is_none() {
        spec.limits = usual_limits();
    }
    let map = vec![IdMap {
        inside: 0,
        outside: 100_000,
        count: 65_536,
    }];
    match what {
        "mapped" => {
            spec.namespaces.user = UserNamespace::Mapped {
                uids: map.clone(),
                gids: map,
            }
        }
        "runtime" => run::STARTER.set(Starter::Runtime),
        "alone" => spec.init = container::Init::None,
        "user" => spec.user = container::User { uid: 7, gid: 8 },
        _ => {}
    }
    kill_starts(&spec);
    run::clean_up();
    std::process::exit(0);
}

/// Kills pid 1 or the program's process of many starts, each at a random moment, most of them before the program runs.
fn kill_starts(spec: &Spec) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let (kills, seed) = (
        number(KILLS).unwrap_or(300),
        number(SEED).unwrap_or(now.as_nanos() as u64),
    );
    let mut lives: Vec<Duration> = (0..9)
        .map(|_| {
            let began = Instant::now();
            run::container(spec).unwrap().wait().unwrap();
            began.elapsed()
        })
        .collect();
    lives.sort();
    let longest = lives[lives.len() / 2].mul_f64(1.2);
    println!("{kills} starts killed within {longest:?} after their beginning; {SEED}={seed}");
    let descriptors = || fs::read_dir("/proc/self/fd").unwrap().count();
    let before = descriptors();
    let mut state = seed;
    let mut ends: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..kills {
        let moment = longest.mul_f64(random(&mut state));
        let (first, signal) = match (random(&mut state) * 3.0) as u32 {
            0 => (true, Signal::SIGKILL),
            1 => (false, Signal::SIGKILL),
            _ => (false, Signal::SIGSEGV),
        };
        let over = AtomicBool::new(false);
        let starter = nix::unistd::gettid();
        let end = std::thread::scope(|scope| {
            scope.spawn(|| kill_at(starter, moment, first, signal, &over));
            let started = run::container(spec);
            over.store(true, Relaxed);
            match started {
                // Killed later, or not at all: it may have ended before.
                Ok(mut instance) => {
                    let _ = instance.wait();
                    instance.remove().unwrap();
                    "started".to_owned()
                }
                Err(error) => {
                    assert!(!error.tried.is_empty() && error.step != ErrorStep::Spec, "{error}");
                    let names_it = error.tried.contains(signal.as_str()) || error.step != ErrorStep::SetUp;
                    assert!(names_it, "{signal}: {error}");
                    format!("{}: {}", error.step, error.tried)
                }
            }
        });
        *ends.entry(end).or_default() += 1;
        assert_eq!(
            waitpid(None, Some(WaitPidFlag::WNOHANG)),
            Err(Errno::ECHILD),
            "a process is left"
        );
        assert_eq!(descriptors(), before, "a descriptor is left");
    }
    for (end, count) in &ends {
        println!("{count:5} {end}");
    }
    let own = format!("isolab-{}-", std::process::id());
    let mut groups = crate::sweep::groups();
    groups.retain(|path| path.to_string_lossy().contains(&own));
    assert!(groups.is_empty(), "{groups:?}");
    // Otherwise these were not moments of the set-up.
    assert!(ends.len() > 3, "{ends:?}");
}

/// Kills the start that a thread makes, so long after its pid 1 is there.
fn kill_at(starter: Pid, moment: Duration, first: bool, signal: Signal, over: &AtomicBool) {
    let children = |pid: i32, thread: i32| -> Vec<i32> {
        let text = fs::read_to_string(format!("/proc/{pid}/task/{thread}/children")).unwrap_or_default();
        text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
    };
    let own = std::process::id() as i32;
    while children(own, starter.as_raw()).is_empty() {
        if over.load(Relaxed) {
            return;
        }
    }
    let began = Instant::now();
    while began.elapsed() < moment {
        std::hint::spin_loop();
    }
    // Pid 1, and before it, if there is one, the runtime.
    let begun = children(own, starter.as_raw());
    let victim = match first {
        true => begun.first().copied(),
        false => begun.last().and_then(|pid1| children(*pid1, *pid1).first().copied()),
    };
    if let Some(victim) = victim {
        // ESRCH: it has just ended.
        let _ = kill(Pid::from_raw(victim), signal);
    }
}

fn starts_killed(what: &str) {
    let state = run::directory();
    let mut lab = Command::new(std::env::current_exe().unwrap())
        .arg0("killed-start")
        .arg(what)
        .args([state.path(), &run::layer()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let began = Instant::now();
    while lab.try_wait().unwrap().is_none() {
        if began.elapsed() > PATIENCE {
            lab.kill().unwrap();
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let said = lab.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&said.stdout) + String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success(), "{}: {text}", said.status);
    eprint!("{text}");
}

fn killed_starts() {
    starts_killed("plain");
    starts_killed("alone");
}

fn killed_starts_by_the_runtime() {
    starts_killed("runtime");
}

fn killed_starts_of_others() {
    starts_killed("mapped");
    starts_killed("user");
}
