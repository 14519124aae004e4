//! Runs the payload in a container and collects what it wrote.

use std::cell::Cell;
use std::fs;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex};

use container::{Bundle, Container, Error, ExitStatus, Limits, Spec, Stdio};
use tempfile::TempDir;

static FOLDER: LazyLock<Mutex<Option<TempDir>>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let layer = folder.path().join("layer");
    fs::create_dir(&layer).expect("layer");
    fs::copy(std::env::current_exe().expect("own path"), layer.join("payload")).expect("copy this executable");
    open_to_all(folder.path());
    open_to_all(&layer);
    Mutex::new(Some(folder))
});

/// Layers must be reachable for the user inside, whoever that is.
pub fn open_to_all(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("chmod");
}

fn folder() -> PathBuf {
    FOLDER
        .lock()
        .expect("no test panics with it")
        .as_ref()
        .expect("kept until the end")
        .path()
        .to_owned()
}

/// The layer with the payload.
pub fn layer() -> PathBuf {
    folder().join("layer")
}

/// isolab's notes.
pub fn state_dir() -> PathBuf {
    folder().join("state")
}

/// A new directory that the user inside can enter.
pub fn directory() -> TempDir {
    let directory = tempfile::tempdir().expect("a folder for temporary files");
    open_to_all(directory.path());
    directory
}

/// Removes the common folder.
pub fn clean_up() {
    drop(FOLDER.lock().expect("no test panics with it").take());
}

/// The payload with these arguments, in the default container.
pub fn payload(arguments: &[&str]) -> Spec {
    let mut spec = Spec::new(vec![layer()], "/payload");
    spec.args = arguments.iter().map(Into::into).collect();
    spec.state_dir = state_dir();
    spec
}

/// The payload, trying these one after the other (`payload.rs` says what there is).
pub fn attempts(tries: &[&str]) -> Spec {
    payload(&[&["try"], tries].concat())
}

/// What it tried, and what came of each.
pub fn answers(text: &str) -> Vec<(&str, &str)> {
    text.lines().filter_map(|line| line.split_once(": ")).collect()
}

/// A started payload and what it writes.
pub struct Running {
    pub container: Container,
    pub output: std::io::PipeReader,
}

impl Running {
    pub fn read_line(&mut self) -> String {
        let mut line = Vec::new();
        let mut byte = [0];
        while self.output.read(&mut byte).expect("read") == 1 && byte != *b"\n" {
            line.extend(byte);
        }
        String::from_utf8(line).expect("text")
    }

    pub fn finish(mut self) -> (ExitStatus, String) {
        let mut text = String::new();
        self.output.read_to_string(&mut text).expect("read");
        let status = self.container.wait().expect("wait");
        self.container.remove().expect("remove");
        (status, text)
    }
}

/// Who makes a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Starter {
    /// This process.
    Library,
    /// A fresh process of the runtime executable.
    Runtime,
}

thread_local! {
    /// Who makes those of this thread.
    pub static STARTER: Cell<Starter> = const { Cell::new(Starter::Library) };
}

/// Starts a container, as [`STARTER`] says.
pub fn container(spec: &Spec) -> Result<Container, Error> {
    match STARTER.get() {
        Starter::Library => container::start(spec),
        Starter::Runtime => by_runtime(spec)?.container(),
    }
}

/// A start that the runtime executable has carried out.
pub fn by_runtime(spec: &Spec) -> Result<Bundle, Error> {
    let (bundle, descriptors) = Bundle::new(spec)?;
    let [name, place] = bundle.arguments();
    let mut command = Command::new(bundle.executable());
    command.arg0(name).arg(place).env_clear();
    // High first, since any of them may be where another has to go.
    let high = |fd: &OwnedFd| nix::fcntl::fcntl(fd, nix::fcntl::FcntlArg::F_DUPFD_CLOEXEC(200)).expect("dup");
    let numbers: Vec<i32> = descriptors.iter().map(high).collect();
    drop(descriptors);
    let (given, count) = (numbers.clone(), numbers.len() as u32);
    // SAFETY: system calls only.
    unsafe {
        command.pre_exec(move || {
            for (number, fd) in (0..).zip(&given) {
                libc::dup2(*fd, number);
            }
            libc::syscall(libc::SYS_close_range, count, u32::MAX, libc::CLOSE_RANGE_CLOEXEC);
            Ok(())
        });
    }
    let spawned = command.spawn();
    for fd in numbers {
        nix::unistd::close(fd).expect("close");
    }
    // Why it ended, the bundle says.
    let _ = spawned.expect("execute the runtime").wait();
    Ok(bundle)
}

/// Starts a container whose output can be read.
pub fn start(mut spec: Spec) -> Result<Running, Error> {
    let (output, writer) = std::io::pipe().expect("a pipe");
    spec.stdio.stdin = Stdio::Null;
    spec.stdio.stderr = Stdio::Fd(writer.try_clone().expect("dup").into());
    spec.stdio.stdout = Stdio::Fd(writer.into());
    Ok(Running {
        container: container(&spec)?,
        output,
    })
}

/// Runs a container to its end.
pub fn run(spec: Spec) -> (ExitStatus, String) {
    start(spec).unwrap_or_else(|error| panic!("{error}")).finish()
}

/// What the payload printed, having ended well.
pub fn output(spec: Spec) -> String {
    let (status, text) = run(spec);
    assert_eq!(status, ExitStatus::Code(0), "{text}");
    text
}

/// Why a start must fail.
pub fn refusal(spec: Spec) -> Error {
    match start(spec) {
        Ok(_) => panic!("the container started"),
        Err(error) => error,
    }
}

/// Why no container can be started here.
pub fn cannot_start() -> Option<String> {
    static REASON: LazyLock<Option<String>> = LazyLock::new(|| match start(payload(&["exit", "0"])) {
        Ok(running) => {
            running.finish();
            None
        }
        // Root can always start one: then it is a failure of the tests, not of the host.
        Err(error) if nix::unistd::geteuid().is_root() => panic!("root cannot start a container: {error}"),
        Err(error) => Some(format!(
            "no container for this user: {}: {}",
            error.step,
            answer(&error)
        )),
    });
    REASON.clone()
}

/// Three limits that every test of limits can build on.
pub fn usual_limits() -> Limits {
    Limits {
        memory_bytes: Some(64 << 20),
        cpus: Some(1.0),
        pids: Some(32),
        ..Limits::default()
    }
}

/// Why no limit can be set here.
pub fn cannot_limit() -> Option<String> {
    static REASON: LazyLock<Option<String>> = LazyLock::new(|| {
        let mut spec = payload(&["exit", "0"]);
        spec.limits = usual_limits();
        match start(spec) {
            Ok(running) => {
                running.finish();
                None
            }
            Err(error) => Some(format!("no control group for this user: {}", answer(&error))),
        }
    });
    REASON.clone()
}

/// Why the limits of containers are not those of cgroup v2 here.
pub fn limits_are_v1() -> Option<String> {
    let controllers = fs::read_to_string("/sys/fs/cgroup/cgroup.controllers").unwrap_or_default();
    (!controllers.contains("memory")).then(|| "limits are those of cgroup v1 here".to_owned())
}

fn answer(error: &Error) -> String {
    error
        .errno
        .map_or_else(|| error.tried.clone(), |errno| errno.to_string())
}
