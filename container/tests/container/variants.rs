//! Containers with less: without an init, in a network that they share, with a root that is bound.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;

use container::{ErrorStep, ExitStatus, Init, Network, Spec, Step, User, Writable};
use nix::errno::Errno;
use nix::sys::signal::Signal;

use crate::run::{answers, attempts, directory, layer, open_to_all, output, payload, refusal, run, start};
use crate::{Need, Test};

pub const TESTS: &[Test] = &[
    (
        "without an init the program is pid 1 and alone, with a network of its own",
        Need::Nothing,
        is_pid1,
    ),
    (
        "without an init a status, a signal and a failed exec come out as they are",
        Need::Nothing,
        ends_of_pid1,
    ),
    (
        "without an init scripts and other users work, and isolab's executable is refused",
        Need::Root,
        helped_pid1,
    ),
    (
        "containers of a pod have one network namespace, and else their own",
        Need::Root,
        pod,
    ),
    (
        "a layer that is bound is the root, and nothing of it can be written",
        Need::Nothing,
        bound,
    ),
    (
        "a layer that is bound must have directories to mount upon, and no links",
        Need::Nothing,
        bound_without_places,
    ),
];

fn without_init(mut spec: Spec) -> Spec {
    spec.init = Init::None;
    spec
}

fn is_pid1() {
    for _ in 0..5 {
        let text = output(without_init(attempts(&["list:/proc", "link:/proc/self"])));
        let seen = answers(&text);
        let processes: Vec<&str> = seen[0]
            .1
            .split(' ')
            .filter(|name| name.parse::<u32>().is_ok())
            .collect();
        assert_eq!((processes, seen[1].1), (vec!["1"], "1"));
    }
    assert_eq!(output(without_init(payload(&["loopback"]))), "connected\n");
    assert_eq!(output(without_init(payload(&["descriptors"]))), "[0, 1, 2]\n");
    let mut spec = without_init(payload(&["identity"]));
    spec.namespaces.network = Network::Host;
    // As in a container with an init, but that the parent is of no namespace that it sees.
    let own_sys = nix::unistd::geteuid().is_root();
    match own_sys {
        true => assert_eq!(output(spec), "0 0 0 isolab /\n"),
        false => assert_eq!(refusal(spec).step, Step::Sys.into()),
    }
}

fn ends_of_pid1() {
    assert_eq!(run(without_init(payload(&["exit", "42"]))).0, ExitStatus::Code(42));
    let mut running = start(without_init(payload(&["hold"]))).unwrap();
    assert_eq!(running.read_line(), "ready");
    assert_eq!(running.container.pids().len(), 1);
    running.container.signal(Signal::SIGKILL).unwrap();
    let killed = ExitStatus::Signal {
        signal: libc::SIGKILL,
        out_of_memory: false,
    };
    assert_eq!(running.finish().0, killed);
    let mut spec = without_init(payload(&[]));
    spec.program = "/not/there".into();
    let error = refusal(spec);
    assert_eq!((error.step, error.exit_code()), (Step::Exec.into(), 127), "{error}");
}

fn helped_pid1() {
    let mut spec = without_init(payload(&["identity"]));
    spec.user = User { uid: 1234, gid: 56 };
    assert_eq!(output(spec), "0 1234 56 isolab /\n");
    let image = directory();
    for (name, interpreter) in [("script", "/payload descriptors"), ("own", "/proc/self/exe")] {
        fs::write(image.path().join(name), format!("#!{interpreter}\n")).unwrap();
        open_to_all(&image.path().join(name));
    }
    let script = |name: &str| {
        let mut spec = without_init(payload(&[]));
        spec.layers.push(image.path().to_owned());
        spec.program = format!("/{name}").into();
        spec
    };
    assert_eq!(output(script("script")), "[0, 1, 2]\n");
    assert_eq!(run(script("own")).0, ExitStatus::Code(126));
}

fn pod() {
    let network = container::network_namespace().unwrap();
    let shared = |mut spec: Spec| {
        spec.namespaces.network = Network::Of(format!("/proc/self/fd/{}", network.as_raw_fd()).into());
        spec
    };
    let namespaces = ["net", "pid", "mnt", "uts", "ipc", "cgroup"];
    let tries = namespaces.map(|name| format!("link:/proc/self/ns/{name}"));
    let tries: Vec<&str> = tries.iter().map(String::as_str).collect();
    let held = shared(payload(&["hold"]));
    let mut held = start(held).unwrap();
    assert_eq!(held.read_line(), "ready");
    let text = output(shared(attempts(&tries)));
    for (name, (_, other)) in namespaces.iter().zip(answers(&text)) {
        let pid1 = fs::read_link(format!("/proc/{}/ns/{name}", held.container.pid())).unwrap();
        assert_eq!(pid1.to_str() == Some(other), *name == "net", "{name}: {other}");
    }
    assert_eq!(output(shared(payload(&["loopback"]))), "connected\n");
    assert_eq!(output(shared(without_init(payload(&["loopback"])))), "connected\n");
    let mut spec = payload(&[]);
    spec.namespaces.network = Network::Of("/proc/self/ns/uts".into());
    let error = refusal(spec);
    assert_eq!(error.errno, Some(Errno::EINVAL), "{error}");
}

/// The payload's layer with the directories that are mounted upon.
fn with_places() -> tempfile::TempDir {
    let image = directory();
    fs::copy(layer().join("payload"), image.path().join("payload")).unwrap();
    for name in ["proc", "sys", "dev"] {
        fs::create_dir(image.path().join(name)).unwrap();
        open_to_all(&image.path().join(name));
    }
    image
}

fn bound() {
    let image = with_places();
    let bound = |mut spec: Spec| {
        spec.layers = vec![image.path().to_owned()];
        spec.writable = Writable::Bound;
        spec
    };
    let text = output(bound(attempts(&[
        "list:/",
        "write:/new",
        "open:/payload",
        "write:/dev/shm/new",
        "write:/dev/new",
        "read:/proc/sys/kernel/ostype",
        "list:/sys/class/net",
        "list:/sys/firmware",
    ])));
    let expected = [
        ("list:/", "dev payload proc sys"),
        ("write:/new", "EROFS"),
        ("open:/payload", "ETXTBSY"),
        ("write:/dev/shm/new", "ok"),
        ("write:/dev/new", "ok"),
        ("read:/proc/sys/kernel/ostype", "Linux"),
        ("list:/sys/class/net", "lo"),
        ("list:/sys/firmware", ""),
    ];
    let found: Vec<_> = text.lines().filter_map(|line| line.split_once(": ")).collect();
    assert_eq!(
        found
            .iter()
            .map(|(name, answer)| (*name, answer.trim()))
            .collect::<Vec<_>>(),
        expected
    );
    assert_eq!(fs::read_dir(image.path()).unwrap().count(), 4);
    let mut two = bound(payload(&[]));
    two.layers.push(layer());
    assert_eq!(refusal(two).step, ErrorStep::Spec);
}

fn bound_without_places() {
    let outside = directory();
    for name in ["proc", "sys", "dev"] {
        let image = with_places();
        let refused = |errno| {
            let mut spec = payload(&["exit", "0"]);
            spec.layers = vec![image.path().to_owned()];
            spec.writable = Writable::Bound;
            let error = refusal(spec);
            assert_eq!(
                (error.step, error.errno),
                (Step::BindLayer.into(), Some(errno)),
                "{error}"
            );
        };
        fs::remove_dir(image.path().join(name)).unwrap();
        refused(Errno::ENOENT);
        symlink(outside.path(), image.path().join(name)).unwrap();
        refused(Errno::ENOTDIR);
    }
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}
