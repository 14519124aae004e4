//! Control groups: limits hold, statistics tell, nothing is left.

use container::{ErrorStep, ExitStatus, Limits};

use crate::run::{output, payload, run, start, usual_limits};
use crate::{Need, Test};

pub const TESTS: &[Test] = &[
    (
        "a program past its memory limit is killed and said to be out of memory",
        Need::Groups,
        memory,
    ),
    ("a program within its memory limit is not", Need::Groups, enough_memory),
    ("the limit on tasks counts the program's own", Need::Groups, tasks),
    ("a processor quota throttles", Need::Groups, processor),
    ("a processor set is obeyed", Need::Groups, processor_set),
    ("statistics show what the program allocated", Need::Groups, statistics),
    (
        "both processes are in the group, which looks like the top",
        Need::Groups,
        membership,
    ),
    ("a removed container leaves no group", Need::Groups, nothing_left),
    (
        "a group that was divided goes with its container",
        Need::Groups,
        divided_group,
    ),
    ("without limits there is no group", Need::Nothing, no_group),
    (
        "a program finds its limits in /sys/fs/cgroup from its first instruction on, and cannot change them",
        Need::GroupsV2,
        visible_limits,
    ),
    ("a limit on memory limits swap, too", Need::Groups, swap),
    (
        "a set-up past the limit on memory ends its container, not isolab",
        Need::Groups,
        memory_of_set_up,
    ),
];

fn limited(arguments: &[&str], limits: Limits) -> container::Spec {
    let mut spec = payload(arguments);
    spec.limits = limits;
    spec
}

fn memory() {
    let limits = Limits {
        memory_bytes: Some(32 << 20),
        ..Limits::default()
    };
    let mut running = start(limited(&["eat", "256"], limits)).unwrap();
    let status = running.container.wait().unwrap();
    assert_eq!(
        status,
        ExitStatus::Signal {
            signal: libc::SIGKILL,
            out_of_memory: true
        }
    );
    assert!(running.container.statistics().unwrap().oom_kills.unwrap() >= 1);
}

fn enough_memory() {
    let limits = Limits {
        memory_bytes: Some(64 << 20),
        ..Limits::default()
    };
    assert_eq!(output(limited(&["eat", "16"], limits)), format!("ate {}\n", 16 << 20));
}

fn tasks() {
    let limits = Limits {
        pids: Some(5),
        ..Limits::default()
    };
    let running = start(limited(&["forks", "100"], limits)).unwrap();
    let (status, text) = running.finish();
    assert_eq!((status, text.as_str()), (ExitStatus::Code(0), "4 EAGAIN\n"));
}

fn processor() {
    let limits = Limits {
        cpus: Some(0.1),
        ..Limits::default()
    };
    let mut running = start(limited(&["burn", "500"], limits)).unwrap();
    running.container.wait().unwrap();
    let statistics = running.container.statistics().unwrap();
    assert!(statistics.throttled_periods.unwrap() >= 1, "{statistics:?}");
    assert!(statistics.throttled_ns.unwrap() > 0, "{statistics:?}");
}

fn processor_set() {
    let limits = Limits {
        cpuset: Some("0".into()),
        ..Limits::default()
    };
    match start(limited(&["status", "Cpus_allowed_list"], limits)) {
        Ok(running) => assert_eq!(running.finish().1, "0\n"),
        // Only where the controller is not handed down to this user.
        Err(error) => assert!(
            error.step == ErrorStep::Cgroup && !nix::unistd::geteuid().is_root(),
            "{error}"
        ),
    }
}

fn statistics() {
    let mut running = start(limited(&["hold"], usual_limits())).unwrap();
    assert_eq!(running.read_line(), "ready");
    let statistics = running.container.statistics().unwrap();
    assert_eq!(statistics.pids, Some(2));
    assert_eq!(statistics.oom_kills, Some(0));
    assert!(statistics.memory_bytes.unwrap() > 0, "{statistics:?}");
    assert!(
        statistics
            .memory_peak_bytes
            .is_none_or(|peak| peak >= statistics.memory_bytes.unwrap()),
        "{statistics:?}"
    );
}

fn membership() {
    let mut running = start(limited(&["hold"], usual_limits())).unwrap();
    assert_eq!(running.read_line(), "ready");
    for pid in running.container.pids() {
        let groups = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
        assert!(
            groups.lines().filter(|line| line.contains("/isolab-")).count() >= 1,
            "{pid}: {groups}"
        );
    }
    drop(running);
    let inside = output(limited(&["try", "read:/proc/self/cgroup"], usual_limits()));
    assert!(!inside.contains("isolab-"), "{inside}");
}

/// As a program with CAP_SYS_ADMIN can leave it.
fn divided_group() {
    let mut running = start(limited(&["hold"], usual_limits())).unwrap();
    assert_eq!(running.read_line(), "ready");
    let pids: Vec<_> = running.container.pids().iter().map(ToString::to_string).collect();
    let mut groups = crate::sweep::groups();
    groups.retain(|group| {
        let inside = std::fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
        inside.lines().any(|line| pids.iter().any(|pid| pid == line))
    });
    assert!(!groups.is_empty());
    for group in &groups {
        crate::sweep::divide(group);
    }
    running.container.signal(nix::sys::signal::Signal::SIGKILL).unwrap();
    running.container.wait().unwrap();
    running.container.remove().unwrap();
    let left: Vec<_> = groups.iter().filter(|group| group.exists()).collect();
    assert!(left.is_empty(), "{left:?}");
}

fn nothing_left() {
    let mut running = start(limited(&["hold"], usual_limits())).unwrap();
    running.read_line();
    let groups = crate::sweep::groups();
    assert!(!groups.is_empty());
    let own: Vec<_> = groups
        .into_iter()
        .filter(|path| {
            path.to_string_lossy()
                .contains(&format!("isolab-{}-", std::process::id()))
        })
        .collect();
    drop(running);
    let (status, _) = run(limited(&["exit", "0"], usual_limits()));
    assert_eq!(status, ExitStatus::Code(0));
    // Tests run at the same time, so only groups seen before can be told to be gone.
    assert!(own.iter().any(|path| !path.exists()));
}

fn no_group() {
    let mut running = start(payload(&["exit", "0"])).unwrap();
    running.container.wait().unwrap();
    assert_eq!(running.container.statistics(), None);
}

fn swap() {
    let mut running = start(limited(&["hold"], usual_limits())).unwrap();
    assert_eq!(running.read_line(), "ready");
    let own = format!("isolab-{}-", std::process::id());
    let memory = usual_limits().memory_bytes.unwrap();
    let read = |file: &str| {
        let groups = crate::sweep::groups().into_iter();
        let mut own = groups.filter(|path| path.to_string_lossy().contains(&own));
        own.find_map(|group| std::fs::read_to_string(group.join(file)).ok())
    };
    // A kernel without swap accounting has neither.
    if let Some(sum) = read("memory.memsw.limit_in_bytes") {
        assert_eq!(sum.trim(), (2 * memory).to_string());
    }
    if let Some(swap) = read("memory.swap.max") {
        assert_eq!(swap.trim(), memory.to_string());
    }
}

/// Called as `large-lab STATE_DIR LAYER`: an isolab whose container takes more of the kernel's memory than its limit.
/// The out-of-memory killer ends all who share the memory of the process that it picks.
pub fn run_if_called() {
    let arguments: Vec<String> = std::env::args().collect();
    let ["large-lab", state_dir, layer] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] else {
        return;
    };
    let mut spec = container::Spec::new(vec![layer.into()], "/payload");
    spec.state_dir = state_dir.into();
    spec.args = vec!["exit".into(), "0".into()];
    spec.limits.memory_bytes = Some(6 << 20);
    let tmpfs = |number| container::Tmpfs {
        target: format!("/memory/{number}").into(),
        size_bytes: None,
    };
    spec.tmpfs = (0..6000).map(tmpfs).collect();
    // It may have been refused, or been killed, or have ended before: this process goes on.
    if let Ok(mut instance) = crate::run::container(&spec) {
        instance.wait().expect("wait");
    }
    println!("alive");
    std::process::exit(0);
}

fn memory_of_set_up() {
    use std::os::unix::process::CommandExt;
    let said = std::process::Command::new(std::env::current_exe().unwrap())
        .arg0("large-lab")
        .args([crate::run::state_dir(), crate::run::layer()])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stdout), "alive\n", "{said:?}");
}

fn visible_limits() {
    let tries = [
        "read:/sys/fs/cgroup/memory.max",
        "read:/sys/fs/cgroup/cpu.max",
        "read:/sys/fs/cgroup/pids.max",
        "write:/sys/fs/cgroup/memory.max",
        "mkdir:/sys/fs/cgroup/new",
        "write:/sys/fs/cgroup/cgroup.procs",
    ];
    let tries = [&["try"], &tries[..]].concat();
    let text = output(limited(&tries, usual_limits()));
    let answers: Vec<_> = crate::run::answers(&text)
        .into_iter()
        .map(|(_, answer)| answer)
        .collect();
    assert_eq!(
        answers,
        ["67108864", "100000 100000", "33", "EROFS", "EROFS", "EROFS"],
        "{text}"
    );
}
