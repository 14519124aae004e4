//! Images, volumes and programs made to break out, each named after the vulnerability in other runtimes that it
//! repeats.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use container::{Access, Capability, ExitStatus, Step, Tmpfs, Volume};
use nix::errno::Errno;

use crate::first_instruction::{self, Reached};
use crate::run::{answers, attempts, directory, layer, output, payload, refusal, start};
use crate::{Need, Test};

pub const TESTS: &[Test] = &[
    (
        "CVE-2016-9962: pid 1 is out of reach from the program's first instruction on",
        Need::Nothing,
        pid1_out_of_reach,
    ),
    (
        "CVE-2016-9962: also with any one capability, with Docker's and with all",
        Need::Root,
        pid1_out_of_reach_of_capabilities,
    ),
    (
        "CVE-2019-5736: pid 1's executable cannot be opened",
        Need::Nothing,
        executable_of_pid1,
    ),
    (
        "CVE-2019-5736: what a program that may trace does to pid 1's executable is its own container's affair",
        Need::Root,
        mode_of_executable,
    ),
    (
        "CVE-2019-5736: an image cannot have isolab's own executable run inside",
        Need::Nothing,
        executable_of_the_lab,
    ),
    (
        "CVE-2021-30465: volume targets are resolved inside the root",
        Need::Nothing,
        volume_through_links,
    ),
    (
        "CVE-2021-30465: also while another container swaps them",
        Need::Nothing,
        volume_through_swapped_links,
    ),
    (
        "CVE-2022-0185: no user namespace, no fsconfig",
        Need::Nothing,
        user_namespace,
    ),
    (
        "CVE-2022-0492: no cgroup to set a release agent in",
        Need::Nothing,
        release_agent,
    ),
    ("CVE-2022-24769: no inheritable capability", Need::Nothing, inheritable),
    ("CVE-2023-25809: /sys is read-only", Need::Nothing, sys_read_only),
    (
        "CVE-2024-21626: no descriptor but the three",
        Need::Nothing,
        descriptors,
    ),
    (
        "CVE-2024-21626: a working directory outside the root is refused",
        Need::Nothing,
        escaping_directory,
    ),
    (
        "CVE-2024-21626: a program outside the root is refused",
        Need::Nothing,
        escaping_program,
    ),
    (
        "CVE-2025-31133: an image cannot replace /proc, /dev or /sys",
        Need::Nothing,
        links_for_mount_points,
    ),
    (
        "CVE-2025-31133: an image's /dev/null masks nothing",
        Need::Nothing,
        false_null,
    ),
    (
        "CVE-2025-52565: an image's /dev/console is not used",
        Need::Nothing,
        false_console,
    ),
    (
        "CVE-2025-52881: targets in /proc are refused, also through links",
        Need::Nothing,
        targets_in_proc,
    ),
];

fn volume(source: &Path, target: &str) -> Volume {
    Volume {
        source: source.to_owned(),
        target: target.into(),
        access: Access::ReadWrite,
    }
}

/// Runs the program that reaches for pid 1 with these capabilities.
fn reach(capabilities: &[Capability]) -> Reached {
    let image = directory();
    first_instruction::write_program(&image.path().join("reach"));
    let mut spec = payload(&[]);
    spec.layers = vec![image.path().to_owned()];
    spec.program = "/reach".into();
    spec.capabilities = capabilities.iter().copied().collect();
    let mut running = start(spec).unwrap();
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut running.output, &mut bytes).unwrap();
    assert_eq!(running.container.wait(), Ok(ExitStatus::Code(0)));
    Reached::from_bytes(&bytes)
}

/// The runtime was still reachable as a process of the container when the program ran: its memory, its descriptors.
fn pid1_out_of_reach() {
    for _ in 0..10 {
        assert_eq!(reach(&[]), Reached::default());
    }
}

fn pid1_out_of_reach_of_capabilities() {
    let each = Capability::ALL.iter().map(std::slice::from_ref);
    let repeated = [&Capability::DOCKER[..], &[Capability::SysPtrace], Capability::ALL];
    let repeated = repeated.into_iter().flat_map(|set| std::iter::repeat_n(set, 5));
    for capabilities in each.chain(repeated) {
        let reached = reach(capabilities);
        if capabilities.contains(&Capability::SysPtrace) {
            // It may trace what is in its own pid namespace, and finds the init there: nothing of isolab.
            let nothing = [
                reached.environment,
                reached.memory_of_isolab,
                reached.executable,
                reached.links_out,
            ];
            assert_eq!(nothing, [0; 4], "{capabilities:?}: {reached:?}");
        } else {
            assert_eq!(reached, Reached::default(), "{capabilities:?}");
        }
    }
}

/// The runtime's executable was overwritten through /proc/PID/exe. Here pid 1 is a sealed memory file besides.
fn executable_of_pid1() {
    let text = output(attempts(&["open:/proc/1/exe", "path:/proc/1/exe", "link:/proc/1/exe"]));
    for (attempt, answer) in answers(&text) {
        assert_eq!(answer, "EACCES", "{attempt}");
    }
    let own = output(attempts(&["open:/proc/self/exe"]));
    assert_eq!(own, "open:/proc/self/exe: ETXTBSY\n");
}

/// The content is sealed, but a file has a mode, too, and all containers' inits could be one file.
fn mode_of_executable() {
    use std::os::unix::fs::MetadataExt;
    let mut spec = attempts(&["lock:/proc/1/exe"]);
    spec.capabilities = [Capability::SysPtrace].into();
    assert_eq!(output(spec), "lock:/proc/1/exe: ok\n");
    let mut running = start(payload(&["hold"])).unwrap();
    assert_eq!(running.read_line(), "ready");
    let init = fs::metadata(format!("/proc/{}/exe", running.container.pid())).unwrap();
    assert_eq!(init.mode() & 0o777, 0o111);
}

/// Before exec, /proc/self/exe is isolab's executable. Were it run inside, it could be opened there, and written to
/// once isolab has ended.
fn executable_of_the_lab() {
    let image = directory();
    symlink("/proc/self/exe", image.path().join("link")).unwrap();
    symlink("link", image.path().join("second-link")).unwrap();
    let script = |name: &str, interpreter: &str| {
        let path = image.path().join(name);
        fs::write(&path, format!("#!{interpreter} --list\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    script("script", "/proc/self/exe");
    script("script-of-script", "/script");
    script("script-of-link", "/link");
    let dynamic = image.path().join("dynamic");
    fs::write(&dynamic, dynamic_program(b"/proc/self/exe\0")).unwrap();
    fs::set_permissions(&dynamic, fs::Permissions::from_mode(0o755)).unwrap();
    let as_program = |program: &str| {
        let mut spec = payload(&["--list"]);
        spec.layers.push(image.path().to_owned());
        spec.program = program.into();
        spec
    };
    for program in ["/link", "/second-link", "/proc/self/exe", "/proc/thread-self/exe"] {
        let error = refusal(as_program(program));
        assert_eq!(
            (error.step, error.errno),
            (Step::Exec.into(), Some(Errno::ELOOP)),
            "{program}: {error}"
        );
        assert_eq!(error.exit_code(), 126);
    }
    for program in ["/script", "/script-of-script", "/script-of-link", "/dynamic"] {
        let (status, text) = start(as_program(program)).unwrap().finish();
        // What runs is the helper of one page that executes scripts, and it refuses. Kernels before 6.7 take it for no loader,
        // because it has no data.
        let kernel = nix::sys::utsname::uname().unwrap();
        let version = kernel
            .release()
            .to_str()
            .unwrap()
            .split(['.', '-'])
            .flat_map(str::parse);
        let segfault = ExitStatus::Signal {
            signal: libc::SIGSEGV,
            out_of_memory: false,
        };
        let refuses = program != "/dynamic" || version.take(2).collect::<Vec<u32>>() >= vec![6, 7];
        let expected = if refuses { ExitStatus::Code(126) } else { segfault };
        assert_eq!((status, text.as_str()), (expected, ""), "{program}");
    }
}

/// A program whose loader is that file (elf(5)): the header, PT_INTERP, and one page to load that nothing ever runs.
fn dynamic_program(loader: &[u8]) -> Vec<u8> {
    const HEADERS: u64 = 64 + 2 * 56;
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    let mut put = |bytes: &[u8]| file.extend(bytes);
    // e_type ET_EXEC, e_machine EM_X86_64, e_version; e_entry, e_phoff, e_shoff; e_flags; sizes and numbers.
    [2u16, 62].iter().for_each(|half| put(&half.to_le_bytes()));
    put(&1u32.to_le_bytes());
    [0x10_0000_0000u64, 64, 0]
        .iter()
        .for_each(|word| put(&word.to_le_bytes()));
    put(&0u32.to_le_bytes());
    [64u16, 56, 2, 64, 0, 0]
        .iter()
        .for_each(|half| put(&half.to_le_bytes()));
    // p_type, p_flags, p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_align of PT_INTERP and PT_LOAD.
    for (kind, place, words) in [
        (3u32, HEADERS, [loader.len() as u64, loader.len() as u64, 1]),
        (1, 0, [HEADERS, HEADERS, 4096]),
    ] {
        [kind, 5].iter().for_each(|half| put(&half.to_le_bytes()));
        [place, 0x10_0000_0000 + place, 0]
            .iter()
            .for_each(|word| put(&word.to_le_bytes()));
        words.iter().for_each(|word| put(&word.to_le_bytes()));
    }
    put(loader);
    file
}

/// The image has a link where the volume goes.
fn volume_through_links() {
    let (image, source, outside) = (directory(), directory(), directory());
    fs::write(source.path().join("file"), "volume").unwrap();
    let outside = outside.path().to_str().unwrap().to_owned();
    symlink(&outside, image.path().join("absolute")).unwrap();
    symlink("../../../../../../inside", image.path().join("relative")).unwrap();
    fs::create_dir(image.path().join("inside")).unwrap();
    fs::create_dir_all(image.path().join(&outside[1..])).unwrap();
    let mut spec = attempts(&["read:/inside/file", &format!("read:{outside}/file")]);
    spec.layers.push(image.path().to_owned());
    spec.volumes = vec![volume(source.path(), "/relative"), volume(source.path(), "/absolute")];
    let text = output(spec);
    let found = [
        ("read:/inside/file".to_owned(), "volume".to_owned()),
        (format!("read:{outside}/file"), "volume".to_owned()),
    ];
    let found: Vec<_> = found
        .iter()
        .map(|(attempt, text)| (attempt.as_str(), text.as_str()))
        .collect();
    assert_eq!(answers(&text), found);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

/// A container that has a volume in common with this one changes a directory into a link and back all the time.
fn volume_through_swapped_links() {
    let (shared, source, outside) = (directory(), directory(), directory());
    let place = |name: &str| shared.path().join(name);
    fs::create_dir(place("target")).unwrap();
    symlink(outside.path(), place("link")).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Relaxed) {
                let exchange = nix::fcntl::RenameFlags::RENAME_EXCHANGE;
                nix::fcntl::renameat2(
                    nix::fcntl::AT_FDCWD,
                    &place("target"),
                    nix::fcntl::AT_FDCWD,
                    &place("link"),
                    exchange,
                )
                .unwrap();
            }
        });
        for _ in 0..50 {
            let mut spec = payload(&["exit", "0"]);
            spec.volumes = vec![
                volume(shared.path(), "/shared"),
                volume(source.path(), "/shared/target/made"),
            ];
            // It may be refused: a link that leads nowhere inside is no place for a volume.
            if let Ok(running) = start(spec) {
                assert_eq!(running.finish().0, ExitStatus::Code(0));
            }
        }
        done.store(true, Relaxed);
    });
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

fn user_namespace() {
    let text = output(attempts(&["unshare-user", "clone-user", "fsconfig"]));
    assert!(answers(&text).iter().all(|(_, answer)| *answer == "EPERM"), "{text}");
}

fn release_agent() {
    let text = output(attempts(&["mount-cgroup", "list:/sys/fs/cgroup"]));
    assert_eq!(answers(&text)[0], ("mount-cgroup", "EPERM"));
    assert!(!text.contains("release_agent"), "{text}");
}

fn inheritable() {
    assert_eq!(
        output(payload(&["status", "CapInh", "CapAmb"])),
        format!("{0:016}\n{0:016}\n", 0)
    );
}

fn sys_read_only() {
    let text = output(attempts(&[
        "mkdir:/sys/fs/cgroup/new",
        "open:/sys/kernel/uevent_helper",
        "write:/sys/kernel/mm/ksm/run",
    ]));
    for (attempt, answer) in answers(&text) {
        assert!(
            ["EROFS", "EPERM", "EACCES", "ENOENT"].contains(&answer),
            "{attempt}: {answer}"
        );
    }
}

fn descriptors() {
    use std::os::fd::AsRawFd;
    let leak = fs::File::open("/").unwrap();
    // SAFETY: fcntl(2) on a descriptor of our own: it is inheritable now, as a careless caller's would be.
    assert_eq!(unsafe { libc::fcntl(leak.as_raw_fd(), libc::F_SETFD, 0) }, 0);
    assert_eq!(output(payload(&["descriptors"])), "[0, 1, 2]\n");
    // The same for what a script's interpreter is started with.
    let image = directory();
    let script = image.path().join("script");
    fs::write(&script, "#!/payload descriptors\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let mut spec = payload(&[]);
    spec.layers.push(image.path().to_owned());
    spec.program = "/script".into();
    assert_eq!(output(spec), "[0, 1, 2]\n");
}

/// A working directory that leads to a descriptor the runtime has open.
fn escaping_directory() {
    for fd in 0..32 {
        let mut spec = payload(&["exit", "0"]);
        spec.cwd = format!("/proc/self/fd/{fd}").into();
        let error = refusal(spec);
        assert_eq!(error.step, Step::WorkingDirectory.into(), "{error}");
    }
    // The same through a link in the image.
    let image = directory();
    symlink("/proc/self/cwd", image.path().join("link")).unwrap();
    let mut spec = payload(&["exit", "0"]);
    spec.layers = vec![layer(), image.path().to_owned()];
    spec.cwd = "/link".into();
    assert_eq!(refusal(spec).step, Step::WorkingDirectory.into());
}

fn escaping_program() {
    let own = std::env::current_exe().unwrap();
    let own = own.to_str().unwrap();
    let mut ways: Vec<String> = (0..32)
        .map(|fd| format!("/proc/self/fd/{fd}/../../../..{own}"))
        .collect();
    ways.extend(["cwd", "root"].map(|way| format!("/proc/1/{way}{own}")));
    ways.push(format!("/proc/self/root/../../..{own}"));
    for program in ways {
        let mut spec = payload(&["--list"]);
        spec.program = program.clone().into();
        let error = refusal(spec);
        assert_eq!(error.step, Step::Exec.into(), "{program}: {error}");
    }
}

/// An image with links where the runtime mounts.
fn links_for_mount_points() {
    let (image, outside) = (directory(), directory());
    for name in ["proc", "dev", "sys"] {
        symlink(outside.path(), image.path().join(name)).unwrap();
    }
    let mut spec = attempts(&["write:/dev/null", "read:/proc/sys/kernel/ostype", "list:/sys/class/net"]);
    spec.layers.insert(0, image.path().to_owned());
    let text = output(spec);
    assert_eq!(
        answers(&text)[..2],
        [("write:/dev/null", "ok"), ("read:/proc/sys/kernel/ostype", "Linux")]
    );
    assert!(text.contains("\nlist:/sys/class/net: lo"), "{text}");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

/// What covers files of /proc was taken from the image's /dev, and could be a link to a file of the host.
fn false_null() {
    let image = directory();
    for folder in ["dev", "proc", "sys"] {
        fs::create_dir(image.path().join(folder)).unwrap();
    }
    for (name, target) in [
        ("dev/null", "/proc/sys/kernel/core_pattern"),
        ("proc/kcore", "/proc/sys/kernel/core_pattern"),
        ("sys/firmware", "/proc/sys/kernel"),
    ] {
        symlink(target, image.path().join(name)).unwrap();
    }
    let mut spec = attempts(&[
        "write:/dev/null",
        "read:/dev/null",
        "read:/proc/kcore",
        "open:/proc/kcore",
    ]);
    spec.layers.push(image.path().to_owned());
    // The same as a volume that covers the container's own /dev.
    spec.volumes = vec![volume(&image.path().join("dev"), "/dev")];
    let text = output(spec);
    assert!(
        ["read:/proc/kcore: ", "read:/proc/kcore: ENOENT"]
            .iter()
            .any(|line| text.contains(line)),
        "{text}"
    );
    // It is the user's own volume, so its link is followed, and leads to what is read-only.
    assert!(text.contains("write:/dev/null: EROFS"), "{text}");

    let mut spec = attempts(&["write:/dev/null", "read:/dev/null"]);
    spec.layers.push(image.path().to_owned());
    assert_eq!(
        answers(&output(spec)),
        [("write:/dev/null", "ok"), ("read:/dev/null", "")]
    );
}

/// The terminal was bound to a place that the image could choose.
fn false_console() {
    let (image, outside) = (directory(), directory());
    fs::create_dir_all(image.path().join("dev/pts")).unwrap();
    fs::write(outside.path().join("file"), "untouched").unwrap();
    for name in ["dev/console", "dev/ptmx", "dev/pts/0", "dev/pts/ptmx"] {
        symlink(outside.path().join("file"), image.path().join(name)).unwrap();
    }
    let size = nix::pty::Winsize {
        ws_row: 5,
        ws_col: 6,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let (terminal, end) = container::Terminal::new(size).unwrap();
    let mut spec = payload(&["terminal"]);
    spec.layers.push(image.path().to_owned());
    spec.stdio.terminal = terminal;
    let mut instance = crate::run::container(&spec).unwrap();
    let mut text = String::new();
    // EIO: every process that had the other end open is gone.
    let _ = std::io::Read::read_to_string(&mut fs::File::from(end.receive().unwrap()), &mut text);
    assert!(text.contains("/dev/console is the same device"), "{text}");
    assert_eq!(instance.wait(), Ok(ExitStatus::Code(0)));
    assert_eq!(fs::read_to_string(outside.path().join("file")).unwrap(), "untouched");
}

/// A mount redirected into /proc, whose files act on processes.
fn targets_in_proc() {
    let (image, source) = (directory(), directory());
    let file = source.path().join("file");
    fs::write(&file, "").unwrap();
    symlink("/proc/self", image.path().join("link")).unwrap();
    symlink("/proc/version", image.path().join("file")).unwrap();
    let mut specs = Vec::new();
    for (source, target) in [
        (source.path(), "/link/attr"),
        (&file, "/link/attr/exec"),
        (&file, "/file"),
    ] {
        let mut spec = payload(&["exit", "0"]);
        spec.volumes = vec![volume(source, target)];
        specs.push(spec);
    }
    let mut spec = payload(&["exit", "0"]);
    spec.tmpfs = vec![Tmpfs {
        target: "/link/attr".into(),
        size_bytes: None,
    }];
    specs.push(spec);
    for mut spec in specs {
        spec.layers.push(image.path().to_owned());
        let error = refusal(spec);
        assert_eq!(
            (error.step, error.errno),
            (Step::Volumes.into(), Some(Errno::EXDEV)),
            "{error}"
        );
    }
}
