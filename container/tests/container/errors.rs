//! What a container that cannot be started says.

use std::fs;
use std::os::unix::fs::OpenOptionsExt;

use container::{Access, ErrorStep, IdMap, Stdio, Step, UserNamespace, Volume};
use nix::errno::Errno;

use crate::run::{container, directory, open_to_all, payload, refusal};
use crate::{Need, Test};

pub const TESTS: &[Test] = &[
    ("a program that is not there is 127", Need::Nothing, missing_program),
    (
        "a program that cannot be executed is 126",
        Need::Nothing,
        not_executable,
    ),
    (
        "what the helper cannot execute is told by the start, too",
        Need::Nothing,
        not_executable_by_helper,
    ),
    (
        "what another user may not execute or enter is told by the start",
        Need::Root,
        not_for_user,
    ),
    ("a layer that is not there is named", Need::Nothing, missing_layer),
    ("a volume that is not there is named", Need::Nothing, missing_volume),
    (
        "a description that makes no sense is refused before anything is made",
        Need::Nothing,
        nonsense,
    ),
    (
        "a directory as standard input is no way out of the root",
        Need::Nothing,
        directory_as_stdin,
    ),
    (
        "an ordinary user is told what is not theirs to map",
        Need::Nothing,
        foreign_ids,
    ),
    (
        "the probe finds what works, and a remedy for what does not",
        Need::Nothing,
        probing,
    ),
    ("a failed start leaves no process behind", Need::Nothing, nothing_left),
];

fn missing_program() {
    let mut spec = payload(&[]);
    spec.program = "/no/such/program".into();
    let error = refusal(spec);
    assert_eq!(
        (error.exit_code(), error.step, error.errno),
        (127, Step::Exec.into(), Some(Errno::ENOENT))
    );
    assert!(error.to_string().contains("/no/such/program"), "{error}");
}

fn not_executable() {
    let image = directory();
    fs::write(image.path().join("plain"), "text").unwrap();
    fs::write(image.path().join("script"), "not an ELF").unwrap();
    open_to_all(&image.path().join("script"));
    for (program, errno) in [
        ("/plain", Errno::EACCES),
        ("/script", Errno::ENOEXEC),
        ("/dev", Errno::EACCES),
    ] {
        let mut spec = payload(&[]);
        spec.layers.push(image.path().to_owned());
        spec.program = program.into();
        let error = refusal(spec);
        assert_eq!(
            (error.exit_code(), error.errno),
            (126, Some(errno)),
            "{program}: {error}"
        );
        assert!(!error.hint.is_empty());
    }
}

/// A script, and a program on a volume, is executed by a helper.
fn not_executable_by_helper() {
    let image = directory();
    let file = |name: &str, text: &str| {
        fs::write(image.path().join(name), text).unwrap();
        open_to_all(&image.path().join(name));
    };
    file("script", "#!/no/such/interpreter\n");
    file("broken", "neither an ELF nor a script");
    let as_program = |program: &str| {
        let mut spec = payload(&[]);
        spec.layers.push(image.path().to_owned());
        spec.volumes = vec![Volume {
            source: image.path().to_owned(),
            target: "/volume".into(),
            access: Access::ReadOnly,
        }];
        spec.program = program.into();
        refusal(spec)
    };
    for (program, errno, code) in [
        ("/script", Errno::ENOENT, 127),
        ("/volume/script", Errno::ENOENT, 127),
        ("/volume/broken", Errno::ENOEXEC, 126),
    ] {
        let error = as_program(program);
        assert_eq!(
            (error.step, error.errno, error.exit_code()),
            (Step::Exec.into(), Some(errno), code),
            "{program}: {error}"
        );
    }
}

fn not_for_user() {
    use std::os::unix::fs::PermissionsExt;
    let image = directory();
    fs::copy(std::env::current_exe().unwrap(), image.path().join("payload")).unwrap();
    fs::set_permissions(image.path().join("payload"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::create_dir(image.path().join("folder")).unwrap();
    fs::set_permissions(image.path().join("folder"), fs::Permissions::from_mode(0o700)).unwrap();
    let mut spec = payload(&["exit", "0"]);
    spec.user = container::User { uid: 1234, gid: 56 };
    spec.layers = vec![image.path().to_owned()];
    let error = refusal(spec);
    assert_eq!(
        (error.step, error.errno),
        (Step::Exec.into(), Some(Errno::EACCES)),
        "{error}"
    );
    let mut spec = payload(&["exit", "0"]);
    spec.user = container::User { uid: 1234, gid: 56 };
    spec.layers.push(image.path().to_owned());
    spec.program = "/payload".into();
    spec.cwd = "/folder".into();
    spec.layers.reverse();
    let error = refusal(spec);
    assert_eq!(
        (error.step, error.errno),
        (Step::ChangeDirectory.into(), Some(Errno::EACCES)),
        "{error}"
    );
}

fn missing_layer() {
    let mut spec = payload(&[]);
    spec.layers.push("/no/such/layer".into());
    let error = refusal(spec);
    assert_eq!((error.exit_code(), error.step), (125, Step::Overlay.into()));
    assert!(error.to_string().contains("/no/such/layer"), "{error}");
}

fn missing_volume() {
    let mut spec = payload(&[]);
    spec.volumes = vec![Volume {
        source: "/no/such/volume".into(),
        target: "/v".into(),
        access: Access::ReadOnly,
    }];
    let error = refusal(spec);
    assert_eq!(error.errno, Some(Errno::ENOENT));
    assert!(error.to_string().contains("/no/such/volume"), "{error}");
}

fn nonsense() {
    let mut specs = Vec::new();
    let mut with = |change: fn(&mut container::Spec)| {
        let mut spec = payload(&[]);
        change(&mut spec);
        specs.push(spec);
    };
    with(|spec| spec.layers.clear());
    with(|spec| spec.program = "relative".into());
    with(|spec| spec.cwd = "relative".into());
    with(|spec| spec.cwd = "/a/../b".into());
    with(|spec| spec.hostname = "x".repeat(65));
    with(|spec| spec.args = vec!["zero\0byte".into()]);
    with(|spec| spec.limits.memory_bytes = Some(1));
    with(|spec| spec.layers = vec!["/proc/self/cwd".into()]);
    // A folder of them would show more than was asked for, and what is no device file is a volume.
    with(|spec| spec.devices = vec!["/dev".into()]);
    with(|spec| spec.devices = vec!["/proc/self/exe".into()]);
    for spec in specs {
        let error = refusal(spec);
        assert_eq!((error.step, error.errno), (ErrorStep::Spec, None), "{error}");
        assert!(!error.hint.is_empty(), "{error}");
    }
}

fn foreign_ids() {
    let nobody = vec![IdMap {
        inside: 1,
        outside: 1,
        count: 1,
    }];
    let mut spec = payload(&[]);
    spec.namespaces.user = UserNamespace::Mapped {
        uids: nobody.clone(),
        gids: nobody,
    };
    let error = refusal(spec);
    assert_eq!(error.step, ErrorStep::Spec);
    assert!(error.tried.contains("user"), "{error}");
}

fn nothing_left() {
    let children = || fs::read_to_string(format!("/proc/self/task/{}/children", nix::unistd::gettid())).unwrap();
    let before = children();
    for program in ["/no/such/program", "/dev/null"] {
        let mut spec = payload(&[]);
        spec.program = program.into();
        refusal(spec);
    }
    assert_eq!(children(), before);
}

fn probing() {
    let findings = container::probe();
    let container = findings.iter().find(|finding| finding.subject == "container").unwrap();
    assert_eq!(container.verdict, container::Verdict::Works, "{container:?}");
    for finding in findings {
        assert_eq!(
            finding.verdict == container::Verdict::Works,
            finding.remedy.is_empty(),
            "{finding:?}"
        );
    }
}

fn directory_as_stdin() {
    for flags in [0, libc::O_PATH] {
        let mut options = fs::OpenOptions::new();
        let file = options.read(true).custom_flags(flags).open("/").unwrap();
        let mut spec = payload(&["exit", "0"]);
        spec.stdio.stdin = Stdio::Fd(file.into());
        let refused = container(&spec).expect_err("it led out of the root");
        assert_eq!(refused.step, ErrorStep::Spec);
        assert!(refused.hint.contains("directory"), "{refused}");
    }
}
