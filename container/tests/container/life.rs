//! Start, exit status, signals, orphans, stop, remove.

use std::io::Read;
use std::time::Duration;

use container::{ExitStatus, Init, Network, Share, Spec, Stdio, User, UserNamespace};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::run::{STARTER, Starter, by_runtime, directory, open_to_all, output, payload, run, start};
use crate::{Need, Test};

pub const TESTS: &[Test] = &[
    ("the exit code comes out as it is", Need::Nothing, exit_codes),
    (
        "a signal's death comes out as that signal",
        Need::Nothing,
        signal_deaths,
    ),
    (
        "arguments and environment are what was given and nothing else",
        Need::Nothing,
        arguments,
    ),
    (
        "the program is a child of pid 1, root inside, with its own host name, in /",
        Need::Nothing,
        identity,
    ),
    ("pid 1 reaps orphans", Need::Nothing, orphans),
    (
        "the program starts with no signal blocked or ignored",
        Need::Nothing,
        clean_signals,
    ),
    ("signals are forwarded to the program", Need::Nothing, forwarding),
    ("the program can be stopped and continued", Need::Nothing, pausing),
    ("stop asks first, then kills", Need::Nothing, stopping),
    ("a container dropped is a container ended", Need::Nothing, dropping),
    ("every process is listed, pid 1 first", Need::Nothing, listing),
    (
        "phases follow one another from the first to exec",
        Need::Nothing,
        phases,
    ),
    ("pid 1 is in no namespace of the host", Need::Nothing, namespaces),
    ("namespaces can be shared with the host", Need::Root, shared_namespaces),
    ("many containers run at once", Need::Nothing, many),
    (
        "by the runtime, a program that runs as another user has not ended before it ends",
        Need::Root,
        not_ended,
    ),
    (
        "a terminal of its own has a name, a size and a session",
        Need::Nothing,
        terminal,
    ),
    (
        "a terminal cannot be had before the start",
        Need::Nothing,
        terminal_before_start,
    ),
    ("containers can be started from several threads", Need::Nothing, threads),
    (
        "a container outlives the thread that started it",
        Need::Nothing,
        outlives_thread,
    ),
    (
        "statuses come out of an isolab that ignores SIGCHLD",
        Need::Nothing,
        careless_lab,
    ),
    (
        "starts for other users leave isolab as it was: it can be dumped",
        Need::Root,
        dumpable_lab,
    ),
];

fn exit_codes() {
    for code in ["0", "1", "42", "255"] {
        assert_eq!(run(payload(&["exit", code])).0.code().to_string(), code);
    }
}

fn signal_deaths() {
    for signal in [libc::SIGSEGV, libc::SIGABRT, libc::SIGKILL, libc::SIGTERM] {
        let (status, _) = run(payload(&["raise", &signal.to_string()]));
        assert_eq!(
            status,
            ExitStatus::Signal {
                signal,
                out_of_memory: false
            }
        );
        assert_eq!(i32::from(status.code()), 128 + signal);
    }
}

fn arguments() {
    let mut spec = payload(&["arguments", "a b", "", "ü"]);
    spec.env = vec!["ONE=1".into(), "EMPTY=".into()];
    assert_eq!(output(spec), "arguments\na b\n\nü\nONE=1\nEMPTY=\n");
}

fn identity() {
    let mut spec = payload(&["identity"]);
    spec.hostname = "box".into();
    assert_eq!(output(spec), "1 0 0 box /\n");
}

fn orphans() {
    assert_eq!(output(payload(&["orphan"])), "parent 1\n0 zombies\n");
}

fn clean_signals() {
    // Rust ignores SIGPIPE in its own programs: bit 12. The payload is one.
    assert_eq!(output(payload(&["signals"])), "0000000000000000\n0000000000001000\n");
}

fn forwarding() {
    let mut running = start(payload(&["count-signals"])).unwrap();
    assert_eq!(running.read_line(), "ready");
    for signal in [Signal::SIGHUP, Signal::SIGUSR1] {
        running.container.signal(signal).unwrap();
        assert_eq!(running.read_line(), signal.as_str());
    }
    let status = running.container.stop(Duration::from_secs(60)).unwrap();
    assert_eq!(status, ExitStatus::Code(7));
    assert!(running.container.signal(Signal::SIGHUP).is_err());
}

fn pausing() {
    let mut running = start(payload(&["hold"])).unwrap();
    assert_eq!(running.read_line(), "ready");
    let program = running.container.pids()[1];
    let is = |state: &str| {
        let stat = std::fs::read_to_string(format!("/proc/{program}/stat")).unwrap();
        stat.contains(&format!(") {state} "))
    };
    running.container.signal(Signal::SIGSTOP).unwrap();
    while !is("T") {}
    running.container.signal(Signal::SIGCONT).unwrap();
    while is("T") {}
    running.container.stop(Duration::ZERO).unwrap();
    assert!(running.container.signal(Signal::SIGSTOP).is_err());
}

fn stopping() {
    let mut running = start(payload(&["ignore-term"])).unwrap();
    assert_eq!(running.read_line(), "ready");
    let status = running.container.stop(Duration::from_millis(50)).unwrap();
    assert_eq!(
        status,
        ExitStatus::Signal {
            signal: libc::SIGKILL,
            out_of_memory: false
        }
    );
    assert_eq!(running.container.wait(), Ok(status));
    running.container.remove().unwrap();
}

fn dropping() {
    let mut running = start(payload(&["hold"])).unwrap();
    assert_eq!(running.read_line(), "ready");
    let pids = running.container.pids();
    drop(running);
    for pid in pids {
        assert_eq!(kill(Pid::from_raw(pid), None), Err(nix::errno::Errno::ESRCH));
    }
}

fn listing() {
    let mut running = start(payload(&["hold"])).unwrap();
    assert_eq!(running.read_line(), "ready");
    let pids = running.container.pids();
    assert_eq!(pids.len(), 2);
    assert_eq!(pids[0], running.container.pid().as_raw());
    let command = std::fs::read(format!("/proc/{}/cmdline", pids[1])).unwrap();
    assert!(command.starts_with(b"/payload\0"));
}

/// Such a program is executed by the helper, which has a word to say of its own.
fn not_ended() {
    for init in [Init::Small, Init::None] {
        not_ended_with(init);
    }
}

fn not_ended_with(init: Init) {
    let (mut ready, writer) = std::io::pipe().unwrap();
    let (stdin, held) = std::io::pipe().unwrap();
    let mut spec = payload(&["hold"]);
    spec.init = init;
    spec.user = User { uid: 1234, gid: 56 };
    spec.stdio.stdin = Stdio::Fd(stdin.into());
    spec.stdio.stdout = Stdio::Fd(writer.into());
    let bundle = by_runtime(&spec).unwrap();
    drop(spec);
    ready.read_exact(&mut [0; b"ready\n".len()]).unwrap();
    let mut ended = [PollFd::new(bundle.ended(), PollFlags::POLLIN)];
    assert_eq!(poll(&mut ended, PollTimeout::ZERO), Ok(0));
    kill(Pid::from_raw(bundle.pid().unwrap()), Signal::SIGKILL).unwrap();
    assert_eq!(poll(&mut ended, PollTimeout::from(20_000u16)), Ok(1));
    let mut container = bundle.container().unwrap();
    drop(held);
    container.wait().unwrap();
}

fn phases() {
    phases_of(payload(&["exit", "0"]));
    // A script is executed by the helper.
    let image = directory();
    std::fs::write(image.path().join("script"), "#!/payload descriptors\n").unwrap();
    open_to_all(&image.path().join("script"));
    let mut spec = payload(&[]);
    spec.layers.push(image.path().to_owned());
    spec.program = "/script".into();
    phases_of(spec);
}

fn phases_of(spec: Spec) {
    let running = start(spec).unwrap();
    let stamps = running.container.stamps();
    let names: Vec<_> = stamps.iter().map(|stamp| stamp.name).collect();
    let first = match STARTER.get() {
        Starter::Library => "plan",
        Starter::Runtime => "start the runtime",
    };
    assert_eq!((names.first(), names.last()), (Some(&first), Some(&"exec")));
    assert!(
        stamps.windows(2).all(|pair| pair[0].at_ns <= pair[1].at_ns),
        "{stamps:?}"
    );
    let steps = running.container.explain();
    for name in [
        "clone pid 1",
        "network namespace",
        "overlay",
        "pivot root",
        "system-call filter",
        "exec",
    ] {
        assert!(
            steps.iter().any(|step| step.name == name && !step.purpose.is_empty()),
            "{name}"
        );
    }
    running.finish();
}

fn namespaces() {
    let mut running = start(payload(&["hold"])).unwrap();
    assert_eq!(running.read_line(), "ready");
    let pids = running.container.pids();
    for name in ["pid", "mnt", "uts", "ipc", "net", "cgroup"] {
        let of = |pid: &str| std::fs::read_link(format!("/proc/{pid}/ns/{name}")).unwrap();
        let host = of("self");
        for pid in &pids {
            assert_ne!(of(&pid.to_string()), host, "{name} of {pid}");
        }
    }
}

fn shared_namespaces() {
    let mut spec = payload(&["hold"]);
    spec.namespaces.network = Network::Host;
    spec.namespaces.uts = Share::Host;
    spec.namespaces.ipc = Share::Host;
    spec.namespaces.cgroup = Share::Host;
    let mut running = start(spec).unwrap();
    assert_eq!(running.read_line(), "ready");
    let pid = running.container.pids()[1];
    for name in ["uts", "ipc", "net", "cgroup"] {
        let of = |pid: &str| std::fs::read_link(format!("/proc/{pid}/ns/{name}")).unwrap();
        assert_eq!(of(&pid.to_string()), of("self"), "{name}");
    }
}

fn many() {
    let mut held: Vec<_> = (0..50).map(|_| start(payload(&["hold"])).unwrap()).collect();
    for running in &mut held {
        assert_eq!(running.read_line(), "ready");
    }
}

fn threads() {
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for turn in 0..10 {
                    let code = (thread * 10 + turn).to_string();
                    assert_eq!(run(payload(&["exit", &code])).0.code().to_string(), code);
                }
            });
        }
    });
}

/// Called as `careless-lab STATE_DIR LAYER`: an isolab that ignores the end of its children, as what started it did.
/// Called as `dumpable-lab STATE_DIR LAYER`: one that says whether it can be dumped. A process of its own, since other
/// tests in this one start containers at the same time.
pub fn run_if_called() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["careless-lab", state_dir, layer] => ignore_children(state_dir, layer),
        ["dumpable-lab", state_dir, layer] => stay_dumpable(state_dir, layer),
        _ => return,
    }
    std::process::exit(0);
}

fn ignore_children(state_dir: &str, layer: &str) {
    // SAFETY: ignoring a signal runs no code.
    unsafe { nix::sys::signal::signal(Signal::SIGCHLD, nix::sys::signal::SigHandler::SigIgn) }.expect("signal");
    for (word, number) in [("exit", 3), ("raise", libc::SIGKILL)] {
        let mut spec = container::Spec::new(vec![layer.into()], "/payload");
        spec.state_dir = state_dir.into();
        spec.args = vec![word.into(), number.to_string().into()];
        let mut instance = crate::run::container(&spec).expect("start");
        println!("{}", instance.wait().expect("wait").code());
    }
}

/// Changing ids marks a process's memory as one that cannot be dumped, and a start shares this process's.
fn stay_dumpable(state_dir: &str, layer: &str) {
    let map = vec![container::IdMap {
        inside: 0,
        outside: 100_000,
        count: 65_536,
    }];
    let mapped = UserNamespace::Mapped {
        uids: map.clone(),
        gids: map,
    };
    for user in [UserNamespace::Auto, mapped] {
        for uid in [0, 7] {
            let mut spec = container::Spec::new(vec![layer.into()], "/payload");
            spec.state_dir = state_dir.into();
            spec.args = vec!["exit".into(), "0".into()];
            spec.namespaces.user = user.clone();
            spec.user = container::User { uid, gid: uid };
            let mut instance = crate::run::container(&spec).expect("start");
            assert_eq!(instance.wait().expect("wait").code(), 0);
            // SAFETY: prctl(2) without pointers.
            println!("{}", unsafe { libc::prctl(libc::PR_GET_DUMPABLE) });
        }
    }
}

fn careless_lab() {
    assert_eq!(said_by("careless-lab"), "3\n137\n");
}

fn dumpable_lab() {
    assert_eq!(said_by("dumpable-lab"), "1\n1\n1\n1\n");
}

fn said_by(lab: &str) -> String {
    use std::os::unix::process::CommandExt;
    let said = std::process::Command::new(std::env::current_exe().unwrap())
        .arg0(lab)
        .args([crate::run::state_dir(), crate::run::layer()])
        .output()
        .unwrap();
    assert!(said.status.success(), "{said:?}");
    String::from_utf8(said.stdout).unwrap()
}

fn outlives_thread() {
    for _ in 0..100 {
        let starting = std::thread::spawn(|| start(payload(&["exit", "3"])).unwrap());
        let (status, _) = starting.join().unwrap().finish();
        assert_eq!(status, ExitStatus::Code(3));
    }
}

fn terminal() {
    let size = |rows, columns| nix::pty::Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let (terminal, end) = container::Terminal::new(size(33, 99)).unwrap();
    let mut spec = payload(&["terminal"]);
    spec.stdio.terminal = terminal;
    let mut instance = crate::run::container(&spec).unwrap();
    let mut master = std::fs::File::from(end.receive().unwrap());
    let mut text = String::new();
    // EIO: every process that had the other end open is gone.
    let _ = std::io::Read::read_to_string(&mut master, &mut text);
    assert_eq!(
        text.lines().collect::<Vec<_>>(),
        [
            "/dev/pts/0 /dev/pts/0 /dev/pts/0",
            "33 rows, 99 columns",
            "/dev/console is the same device",
            "leads its session, may open /dev/tty",
        ]
    );
    assert_eq!(instance.wait(), Ok(ExitStatus::Code(0)));
    instance.remove().unwrap();
}

fn terminal_before_start() {
    let (_terminal, end) = container::Terminal::new(nix::pty::Winsize {
        ws_row: 1,
        ws_col: 1,
        ws_xpixel: 0,
        ws_ypixel: 0,
    })
    .unwrap();
    assert_eq!(end.receive().unwrap_err().errno, Some(nix::errno::Errno::EAGAIN));
}
