//! The file system inside: layers, what can be written, volumes, /proc, /dev, /sys.

use std::fs;
use std::path::Path;

use container::{Access, IdMap, Tmpfs, User, UserNamespace, Volume, Writable};

use crate::run::{attempts, directory, layer, output, payload};
use crate::{Need, Test};

pub const TESTS: &[Test] = &[
    ("upper layers hide lower ones", Need::Nothing, layers),
    (
        "what the program writes does not reach the layers",
        Need::Nothing,
        writing,
    ),
    ("a read-only root cannot be written", Need::Nothing, read_only_root),
    ("the size of the writable layer is limited", Need::Nothing, limited_size),
    ("volumes are read-only or writable as asked", Need::Nothing, volumes),
    ("a single file can be a volume", Need::Nothing, file_volume),
    (
        "a device file works where it was asked for, and on volumes not",
        Need::Root,
        device,
    ),
    (
        "memory file systems are mounted where asked",
        Need::Nothing,
        memory_file_systems,
    ),
    (
        "the working directory is made when missing",
        Need::Nothing,
        working_directory,
    ),
    (
        "/dev has the usual devices and links and nothing of the host",
        Need::Nothing,
        devices,
    ),
    (
        "/dev/mqueue has the container's message queues and nobody else's",
        Need::Nothing,
        message_queues,
    ),
    (
        "an image with /etc gets its container's host name, hosts and resolver there",
        Need::Nothing,
        name_files,
    ),
    (
        "/proc shows the container's processes only",
        Need::Nothing,
        own_processes,
    ),
    (
        "names with commas, colons and backslashes work as layers",
        Need::Nothing,
        odd_names,
    ),
    (
        "where the kernel refuses an overlay, the layers are copied",
        Need::Root,
        copied_layers,
    ),
    (
        "a user namespace of other ids takes layers from where those may not go",
        Need::Root,
        layers_of_root,
    ),
    (
        "a copied file keeps an attribute of the largest size",
        Need::Root,
        copied_attribute,
    ),
    (
        "a copied image's link in the place of /etc leads to nothing of the host's",
        Need::Root,
        copied_link,
    ),
    ("root can map users", Need::Root, mapped_users),
    ("the program can run as another user", Need::Root, other_user),
];

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

fn layers() {
    let (low, high) = (directory(), directory());
    for (layer, file) in [(&low, "both"), (&low, "low"), (&high, "both")] {
        fs::write(layer.path().join(file), layer.path().to_str().unwrap()).unwrap();
    }
    let mut spec = attempts(&["read:/both", "read:/low"]);
    spec.layers = vec![layer(), low.path().to_owned(), high.path().to_owned()];
    let expected = format!(
        "read:/both: {}\nread:/low: {}\n",
        high.path().display(),
        low.path().display()
    );
    assert_eq!(output(spec), expected);
}

fn writing() {
    let low = directory();
    fs::write(low.path().join("file"), "host").unwrap();
    let mut spec = attempts(&["write:/file", "read:/file", "write:/new", "mkdir:/folder"]);
    spec.layers.push(low.path().to_owned());
    assert_eq!(
        lines(&output(spec)),
        [
            "write:/file: ok",
            "read:/file: written inside",
            "write:/new: ok",
            "mkdir:/folder: ok"
        ]
    );
    assert_eq!(fs::read_to_string(low.path().join("file")).unwrap(), "host");
    assert_eq!(fs::read_dir(low.path()).unwrap().count(), 1);
}

fn read_only_root() {
    let mut spec = attempts(&["write:/new", "write:/dev/shm/new"]);
    spec.writable = Writable::No;
    assert_eq!(lines(&output(spec)), ["write:/new: EROFS", "write:/dev/shm/new: ok"]);
}

fn limited_size() {
    let mut spec = attempts(&["write:/a", "write:/b"]);
    spec.writable = Writable::Memory { size_bytes: Some(4096) };
    assert!(output(spec).contains("ENOSPC"));
}

fn volume(source: &Path, target: &str, access: Access) -> Volume {
    Volume {
        source: source.to_owned(),
        target: target.into(),
        access,
    }
}

fn volumes() {
    let (read_only, writable) = (directory(), directory());
    fs::write(read_only.path().join("file"), "host").unwrap();
    let mut spec = attempts(&["read:/in/file", "write:/in/file", "write:/a/b/out/file"]);
    spec.volumes = vec![
        volume(read_only.path(), "/in", Access::ReadOnly),
        volume(writable.path(), "/a/b/out", Access::ReadWrite),
    ];
    assert_eq!(
        lines(&output(spec)),
        [
            "read:/in/file: host",
            "write:/in/file: EROFS",
            "write:/a/b/out/file: ok"
        ]
    );
    assert_eq!(
        fs::read_to_string(writable.path().join("file")).unwrap(),
        "written inside"
    );
}

fn file_volume() {
    let folder = directory();
    let file = folder.path().join("file");
    fs::write(&file, "host").unwrap();
    let mut spec = attempts(&["read:/etc/name"]);
    spec.volumes = vec![volume(&file, "/etc/name", Access::ReadOnly)];
    assert_eq!(output(spec), "read:/etc/name: host\n");
}

fn device() {
    let folder = directory();
    let null = folder.path().join("null");
    let mode = nix::sys::stat::Mode::from_bits_truncate(0o666);
    let number = nix::sys::stat::makedev(1, 3);
    nix::sys::stat::mknod(&null, nix::sys::stat::SFlag::S_IFCHR, mode, number).unwrap();
    let path = null.to_str().unwrap();
    let mut spec = attempts(&[&format!("read:{path}"), "read:/volume/null"]);
    spec.devices = vec![null.clone()];
    spec.volumes = vec![volume(folder.path(), "/volume", Access::ReadWrite)];
    assert_eq!(
        lines(&output(spec)),
        [&format!("read:{path}: "), "read:/volume/null: EACCES"]
    );
}

fn memory_file_systems() {
    let mut spec = attempts(&["write:/cache/file", "write:/cache/second"]);
    spec.tmpfs = vec![Tmpfs {
        target: "/cache".into(),
        size_bytes: Some(4096),
    }];
    spec.writable = Writable::No;
    assert_eq!(
        lines(&output(spec)),
        ["write:/cache/file: ok", "write:/cache/second: ENOSPC"]
    );
}

fn working_directory() {
    let mut spec = payload(&["identity"]);
    spec.cwd = "/made/on/demand".into();
    assert!(output(spec).ends_with(" /made/on/demand\n"));
}

fn devices() {
    let text = output(attempts(&[
        "list:/dev",
        "write:/dev/null",
        "write:/dev/full",
        "link:/dev/ptmx",
        "list:/dev/shm",
        "open:/dev/pts/ptmx",
    ]));
    assert_eq!(
        lines(&text),
        [
            "list:/dev: fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero",
            "write:/dev/null: ok",
            "write:/dev/full: ENOSPC",
            "link:/dev/ptmx: pts/ptmx",
            "list:/dev/shm: ",
            "open:/dev/pts/ptmx: ok",
        ]
    );
}

fn own_processes() {
    let text = output(attempts(&["list:/proc"]));
    let mut processes: Vec<_> = text
        .split_whitespace()
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        .collect();
    processes.sort();
    assert_eq!(processes, ["1", "2"]);
}

fn odd_names() {
    let folder = directory();
    let odd = folder.path().join(r"a:b,c\d e");
    fs::create_dir(&odd).unwrap();
    fs::write(odd.join("file"), "found").unwrap();
    let mut spec = attempts(&["read:/file"]);
    spec.layers.push(odd);
    assert_eq!(output(spec), "read:/file: found\n");
}

fn mapped_users() {
    let map = vec![IdMap {
        inside: 0,
        outside: 100_000,
        count: 65_536,
    }];
    let mut spec = payload(&["hold"]);
    spec.namespaces.user = UserNamespace::Mapped {
        uids: map.clone(),
        gids: map,
    };
    spec.user = User { uid: 7, gid: 8 };
    let mut running = crate::run::start(spec).unwrap();
    assert_eq!(running.read_line(), "ready");
    let status = fs::read_to_string(format!("/proc/{}/status", running.container.pids()[1])).unwrap();
    assert!(status.contains("Uid:\t100007\t100007\t100007\t100007"), "{status}");
    assert!(status.contains("Gid:\t100008"), "{status}");
}

fn other_user() {
    let mut spec = payload(&["identity"]);
    spec.user = User { uid: 1234, gid: 56 };
    assert_eq!(output(spec), "1 1234 56 isolab /\n");
    let mut spec = payload(&["status", "CapEff", "CapPrm", "Groups"]);
    spec.user = User { uid: 1234, gid: 56 };
    assert_eq!(output(spec), "0000000000000000\n0000000000000000\n\n");
}

/// How many folders deep a file of a copied layer is.
const DEEP: usize = 60;

/// Called as `copying-lab STATE_DIR LAYER FOLDER`: an isolab whose layers are on an overlay on an overlay, which is as
/// deep as the kernel lets them be (`FILESYSTEM_MAX_STACK_DEPTH`).
pub fn run_if_called() {
    let arguments: Vec<String> = std::env::args().collect();
    let ["copying-lab", state_dir, layer, folder] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] else {
        return;
    };
    use nix::mount::{MsFlags, mount};
    use nix::sched::{CloneFlags, unshare};
    unshare(CloneFlags::CLONE_NEWNS).expect("unshare");
    let none: Option<&str> = None;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).expect("private mounts");
    let mut below = layer.to_owned();
    for number in ["1", "2"] {
        let [empty, point] = ["empty", "point"].map(|name| format!("{folder}/{name}{number}"));
        for directory in [&empty, &point] {
            fs::create_dir(directory).expect("mkdir");
        }
        let options = format!("lowerdir={below}:{empty}");
        mount(
            Some("overlay"),
            point.as_str(),
            Some("overlay"),
            MsFlags::empty(),
            Some(options.as_str()),
        )
        .expect("overlay");
        below = point;
    }
    let mut spec = container::Spec::new(vec![below.into()], "/payload");
    spec.state_dir = state_dir.into();
    let read = format!("read:/{}file", "d/".repeat(DEEP));
    spec.args = ["try", &read, "write:/new"].map(Into::into).into();
    let mut instance = crate::run::container(&spec).expect("start");
    assert_eq!(instance.root(), container::RootKind::Copy);
    instance.wait().expect("wait");
    std::process::exit(0);
}

fn copied_layers() {
    use std::os::unix::process::CommandExt;
    let (image, folder) = (directory(), directory());
    fs::copy(layer().join("payload"), image.path().join("payload")).unwrap();
    let deep = "d/".repeat(DEEP);
    fs::create_dir_all(image.path().join(&deep)).unwrap();
    fs::write(image.path().join(&deep).join("file"), "deep").unwrap();
    let said = std::process::Command::new(std::env::current_exe().unwrap())
        .arg0("copying-lab")
        .args([crate::run::state_dir().as_path(), image.path(), folder.path()])
        .output()
        .unwrap();
    let expected = format!("read:/{deep}file: deep\nwrite:/new: ok\n");
    assert_eq!(String::from_utf8_lossy(&said.stdout), expected, "{said:?}");
}

fn copied_link() {
    let (image, outside) = (directory(), directory());
    fs::copy(layer().join("payload"), image.path().join("payload")).unwrap();
    fs::create_dir_all(image.path().join("etc")).unwrap();
    fs::create_dir(image.path().join("sub")).unwrap();
    fs::write(outside.path().join("hosts"), "untouched").unwrap();
    std::os::unix::fs::symlink(outside.path(), image.path().join("sub/etc")).unwrap();
    let mut spec = attempts(&["list:/sub"]);
    // A layer within another is none of an overlay's (ELOOP).
    spec.layers = vec![image.path().to_owned(), image.path().join("sub")];
    let running = crate::run::start(spec).unwrap();
    assert_eq!(running.container.root(), container::RootKind::Copy);
    running.finish();
    assert_eq!(fs::read_to_string(outside.path().join("hosts")).unwrap(), "untouched");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

fn layers_of_root() {
    use std::os::unix::fs::PermissionsExt;
    let place = directory();
    let image = place.path().join("a,b:c/image");
    fs::create_dir_all(image.join("sub")).unwrap();
    fs::copy(layer().join("payload"), image.join("payload")).unwrap();
    let above = place.path().join("a,b:c");
    fs::set_permissions(&above, fs::Permissions::from_mode(0o700)).unwrap();
    let map = IdMap {
        inside: 0,
        outside: 300_000,
        count: 65_536,
    };
    // An overlay; and, where one is in the other, a copy.
    for layers in [vec![layer(), image.clone()], vec![image.clone(), image.join("sub")]] {
        let mut spec = attempts(&["write:/new"]);
        spec.namespaces.user = UserNamespace::Mapped {
            uids: vec![map],
            gids: vec![map],
        };
        spec.layers = layers;
        assert_eq!(output(spec), "write:/new: ok\n");
    }
}

fn copied_attribute() {
    const NAME: &std::ffi::CStr = c"trusted.isolab-test";
    // A memory file system has room for it.
    let image = tempfile::tempdir_in("/dev/shm").unwrap();
    crate::run::open_to_all(image.path());
    fs::copy(layer().join("payload"), image.path().join("payload")).unwrap();
    fs::create_dir(image.path().join("sub")).unwrap();
    let value = vec![b'v'; 65_536];
    let path = |path: &Path| std::ffi::CString::new(path.to_str().unwrap()).unwrap();
    let file = path(&image.path().join("payload"));
    // SAFETY: terminated strings; pointer and length of a slice.
    let set = unsafe { libc::setxattr(file.as_ptr(), NAME.as_ptr(), value.as_ptr().cast(), value.len(), 0) };
    nix::errno::Errno::result(set).unwrap();
    let mut spec = crate::run::payload(&["hold"]);
    spec.layers = vec![image.path().to_owned(), image.path().join("sub")];
    let mut running = crate::run::start(spec).unwrap();
    assert_eq!(running.container.root(), container::RootKind::Copy);
    assert_eq!(running.read_line(), "ready");
    let file = path(Path::new(&format!("/proc/{}/root/payload", running.container.pid())));
    let mut copied = vec![0; value.len()];
    // SAFETY: terminated strings; pointer and length of a live buffer.
    let got = unsafe { libc::getxattr(file.as_ptr(), NAME.as_ptr(), copied.as_mut_ptr().cast(), copied.len()) };
    nix::errno::Errno::result(got).unwrap();
    assert!(copied == value);
}

fn message_queues() {
    let text = output(attempts(&[
        "list:/dev/mqueue",
        "write:/dev/mqueue/queue",
        "list:/dev/mqueue",
        "device:/dev/mqueue/zero",
    ]));
    assert_eq!(lines(&text)[0], "list:/dev/mqueue: ");
    assert_eq!(lines(&text)[2], "list:/dev/mqueue: queue");
    assert!(!text.ends_with("ok\n"), "{text}");
    assert_eq!(output(attempts(&["list:/dev/mqueue"])), "list:/dev/mqueue: \n");
}

fn name_files() {
    let tries = [
        "read:/etc/hostname",
        "read:/etc/hosts",
        "read:/etc/resolv.conf",
        "read:/etc/kept",
        "write:/etc/hosts",
    ];
    // None without /etc.
    assert!(output(attempts(&tries[..1])).ends_with("ENOENT\n"));
    let (image, outside) = (directory(), directory());
    fs::create_dir(image.path().join("etc")).unwrap();
    fs::write(image.path().join("etc/hosts"), "the image's").unwrap();
    fs::write(image.path().join("etc/kept"), "kept").unwrap();
    fs::write(outside.path().join("file"), "untouched").unwrap();
    std::os::unix::fs::symlink(outside.path().join("file"), image.path().join("etc/resolv.conf")).unwrap();
    let mut spec = attempts(&tries);
    spec.layers.push(image.path().to_owned());
    spec.hostname = "box".into();
    let text = output(spec);
    assert!(
        text.starts_with("read:/etc/hostname: box\n\nread:/etc/hosts: 127.0.0.1\tlocalhost box\n"),
        "{text}"
    );
    assert!(text.contains("read:/etc/resolv.conf: # There is no network"), "{text}");
    assert!(text.ends_with("read:/etc/kept: kept\nwrite:/etc/hosts: ok\n"), "{text}");
    assert_eq!(
        fs::read_to_string(image.path().join("etc/hosts")).unwrap(),
        "the image's"
    );
    assert_eq!(fs::read_to_string(outside.path().join("file")).unwrap(), "untouched");
}
