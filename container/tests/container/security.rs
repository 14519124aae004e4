//! What a program cannot do. Where it can be shown, the same attempt succeeds without the protection.

use std::collections::BTreeSet;

use container::{Capability, Rlimit};

use crate::run::{answers, attempts, directory, layer, output, payload, start};
use crate::{Need, Test};

pub const TESTS: &[Test] = &[
    ("no capability in any set", Need::Nothing, no_capabilities),
    (
        "capabilities that were asked for and no others",
        Need::Root,
        added_capabilities,
    ),
    (
        "another user than root has the capabilities that were asked for",
        Need::Root,
        capabilities_of_another_user,
    ),
    ("no new privileges, and a filter", Need::Nothing, confined),
    ("calls that programs need are allowed", Need::Nothing, allowed_calls),
    ("files that tell about the host are covered", Need::Nothing, masked),
    ("files that steer the host are read-only", Need::Nothing, steering),
    ("device files of an image do not work", Need::Root, device_files),
    (
        "device files that a program may make cannot be opened anywhere",
        Need::Root,
        made_device_files,
    ),
    ("pid 1 cannot be traced or looked into", Need::Nothing, pid1_closed),
    (
        "pid 1 has no capability but the one to signal",
        Need::Nothing,
        pid1_capabilities,
    ),
    (
        "input cannot be pushed into a terminal that is the caller's",
        Need::Nothing,
        pushed_input,
    ),
    ("only loopback, and it works", Need::Nothing, loopback),
    ("resource limits are set", Need::Nothing, resource_limits),
];

fn no_capabilities() {
    let text = output(payload(&["status", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]));
    assert!(text.lines().all(|set| u64::from_str_radix(set, 16) == Ok(0)), "{text}");
    assert_eq!(text.lines().count(), 5);
}

fn added_capabilities() {
    let mut spec = payload(&["status", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]);
    spec.capabilities = BTreeSet::from([Capability::Chown, Capability::NetRaw, Capability::CheckpointRestore]);
    let sets: Vec<u64> = output(spec)
        .lines()
        .map(|set| u64::from_str_radix(set, 16).unwrap())
        .collect();
    let wanted = 1 | 1 << 13 | 1 << 40;
    assert_eq!(sets, [0, wanted, wanted, wanted, 0]);
}

fn capabilities_of_another_user() {
    let wanted = 1 | 1 << 13;
    for (user, ambient) in [((1234, 56), wanted), ((0, 56), 0)] {
        let mut spec = payload(&[
            "status",
            "CapInh",
            "CapPrm",
            "CapEff",
            "CapBnd",
            "CapAmb",
            "Uid",
            "NoNewPrivs",
            "Seccomp",
        ]);
        spec.user = container::User {
            uid: user.0,
            gid: user.1,
        };
        spec.capabilities = BTreeSet::from([Capability::Chown, Capability::NetRaw]);
        let text = output(spec);
        let (sets, rest): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.len() == 16);
        let sets: Vec<u64> = sets.iter().map(|set| u64::from_str_radix(set, 16).unwrap()).collect();
        assert_eq!(sets, [ambient, wanted, wanted, wanted, ambient], "{user:?}");
        assert_eq!(rest[1..], ["1", "2"]);
    }
}

fn confined() {
    assert_eq!(output(payload(&["status", "NoNewPrivs", "Seccomp"])), "1\n2\n");
}

fn allowed_calls() {
    assert_eq!(
        answers(&output(attempts(&["tcp", "personality"]))),
        [("tcp", "ok"), ("personality", "ok")]
    );
    assert_eq!(output(attempts(&["raw"])), "raw: EPERM\n");
}

fn masked() {
    let tries = [
        "read:/proc/kcore",
        "read:/proc/keys",
        "read:/proc/timer_list",
        "read:/proc/interrupts",
        "list:/proc/scsi",
        "list:/proc/acpi",
        "list:/sys/firmware",
    ];
    for (attempt, answer) in answers(&output(attempts(&tries))) {
        assert!(["", "ENOENT"].contains(&answer), "{attempt}: {answer}");
    }
}

fn steering() {
    let tries = [
        "open:/proc/sysrq-trigger",
        "open:/proc/sys/kernel/core_pattern",
        "open:/proc/sys/kernel/hostname",
        "open:/proc/irq/default_smp_affinity",
    ];
    for (attempt, answer) in answers(&output(attempts(&tries))) {
        assert!(["EROFS", "ENOENT", "EACCES"].contains(&answer), "{attempt}: {answer}");
    }
}

fn device_files() {
    let image = directory();
    let device = image.path().join("device");
    // A second /dev/zero: harmless if it works.
    nix::sys::stat::mknod(
        &device,
        nix::sys::stat::SFlag::S_IFCHR,
        nix::sys::stat::Mode::from_bits_truncate(0o666),
        libc::makedev(1, 5),
    )
    .unwrap();
    std::fs::OpenOptions::new()
        .write(true)
        .open(&device)
        .expect("it works outside");
    let mut spec = attempts(&["open:/device", "open:/volume/device"]);
    spec.layers = vec![layer(), image.path().to_owned()];
    spec.volumes = vec![container::Volume {
        source: image.path().to_owned(),
        target: "/volume".into(),
        access: container::Access::ReadWrite,
    }];
    assert_eq!(output(spec), "open:/device: EACCES\nopen:/volume/device: EACCES\n");
}

fn made_device_files() {
    let folder = directory();
    let host = || std::fs::metadata("/dev/null").unwrap().permissions();
    let before = host();
    for capabilities in [
        &[Capability::Mknod][..],
        &[Capability::Mknod, Capability::Fowner],
        &Capability::DOCKER,
        Capability::ALL,
    ] {
        let tries = [
            "device:/zero",
            "device:/dev/zero-2",
            "device:/dev/shm/zero",
            "device:/dev/pts/zero",
            "device:/memory/zero",
            "device:/volume/zero",
            "device:/proc/zero",
            "device:/sys/zero",
            "write:/dev/null",
            "read:/dev/null",
            "lock:/dev/null",
            "mkdir:/dev/folder",
            "list:/dev",
        ];
        let mut spec = attempts(&tries);
        spec.capabilities = capabilities.iter().copied().collect();
        spec.tmpfs = vec![container::Tmpfs {
            target: "/memory".into(),
            size_bytes: None,
        }];
        spec.volumes = vec![container::Volume {
            source: folder.path().to_owned(),
            target: "/volume".into(),
            access: container::Access::ReadWrite,
        }];
        let text = output(spec);
        let answers = answers(&text);
        for (attempt, answer) in &answers[..8] {
            assert!(!answer.ends_with("ok"), "{capabilities:?}: {attempt}: {answer}");
        }
        assert_eq!(answers[0].1, "made EACCES");
        assert_eq!(answers[1].1, "made EACCES");
        let expected = [
            ("write:/dev/null", "ok"),
            ("read:/dev/null", ""),
            ("lock:/dev/null", "EROFS"),
            ("mkdir:/dev/folder", "ok"),
        ];
        assert_eq!(answers[8..12], expected, "{capabilities:?}");
        let listed = "fd folder full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero zero-2";
        assert_eq!(answers[12].1, listed);
        assert_eq!(host(), before);
        std::fs::remove_file(folder.path().join("zero")).unwrap();
    }
}

fn pid1_closed() {
    let text = output(attempts(&[
        "ptrace-1",
        "open:/proc/1/mem",
        "read:/proc/1/environ",
        "link:/proc/1/fd/1",
        "link:/proc/1/root",
        "link:/proc/1/ns/net",
    ]));
    for (attempt, answer) in answers(&text) {
        assert!(["EPERM", "EACCES"].contains(&answer), "{attempt}: {answer}");
    }
}

fn pid1_capabilities() {
    let mut running = start(payload(&["hold"])).unwrap();
    assert_eq!(running.read_line(), "ready");
    let status = format!("/proc/{}/status", running.container.pid());
    let kill = format!("{:016x}", 1 << Capability::Kill as u8);
    // It becomes its init a moment after the program has started.
    let mut text = String::new();
    while !text.starts_with("Name:\tisolab-init\n") {
        text = std::fs::read_to_string(&status).unwrap();
    }
    for field in [
        "CapInh:\t0000000000000000".to_owned(),
        format!("CapPrm:\t{kill}"),
        format!("CapEff:\t{kill}"),
        format!("CapBnd:\t{kill}"),
        "NoNewPrivs:\t1".to_owned(),
    ] {
        assert!(text.contains(&field), "{field}: {text}");
    }
}

/// CVE-2017-5226 (bubblewrap) and others: a program that was given the caller's terminal typed commands into it.
fn pushed_input() {
    let terminal = nix::pty::openpty(None, None).unwrap();
    let mut spec = attempts(&["tiocsti"]);
    let (mut output, writer) = std::io::pipe().unwrap();
    spec.stdio.stdin = container::Stdio::Fd(terminal.slave);
    spec.stdio.stdout = container::Stdio::Fd(writer.into());
    let mut instance = crate::run::container(&spec).unwrap();
    drop(spec);
    let mut text = String::new();
    std::io::Read::read_to_string(&mut output, &mut text).unwrap();
    instance.wait().unwrap();
    // EIO: this kernel allows it to nobody.
    assert!(
        ["tiocsti: EPERM\n", "tiocsti: EIO\n"].contains(&text.as_str()),
        "{text}"
    );
}

fn loopback() {
    let interfaces = output(payload(&["interfaces"]));
    let names: Vec<_> = interfaces
        .lines()
        .skip(2)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, _)| name.trim())
        .collect();
    // Some kernels add tunnel devices of their own to every network namespace; none of them is up.
    assert!(
        names.contains(&"lo") && !names.iter().any(|name| name.starts_with("eth")),
        "{names:?}"
    );
    assert_eq!(output(payload(&["loopback"])), "connected\n");
}

fn resource_limits() {
    let mut spec = attempts(&["read:/proc/self/limits"]);
    spec.rlimits = vec![Rlimit {
        resource: libc::RLIMIT_NOFILE,
        soft: 17,
        hard: 18,
    }];
    let text = output(spec);
    let line = text.lines().find(|line| line.starts_with("Max open files")).unwrap();
    assert_eq!(
        line.split_whitespace().skip(3).take(2).collect::<Vec<_>>(),
        ["17", "18"]
    );
}
