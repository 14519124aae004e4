//! Starting isolab, and saying what a test needs.

use libtest_mimic::{Failed, Trial};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use reports::model::{Message, Results};
use reports::{Lang, render};
use std::io;
use std::ops::{Deref, DerefMut};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a test waits for something that happens at once on any host, before it fails.
const PATIENCE: Duration = Duration::from_secs(120);

/// Something that not every host has.
#[derive(Clone, Copy)]
pub enum Need {
    Kvm,
    Containers,
    Root,
    SystemCalls,
    Tool(&'static str),
    /// A file that some package brings.
    File(&'static str),
    /// So many that this process may use.
    Cpus(usize),
    /// A folder for temporary files from whose files the page cache can be dropped.
    Disk,
    /// A file system in memory.
    Tmpfs,
}

impl Need {
    /// Why it is not there; `None` when it is.
    fn missing(self) -> Option<String> {
        match self {
            Need::Kvm => match microvm::probe().kind {
                microvm::KvmKind::None(reason) => Some(format!("no KVM: {reason}")),
                _ => None,
            },
            Need::Containers => container::probe()
                .into_iter()
                .find(|finding| finding.verdict == container::Verdict::Missing)
                .map(|finding| format!("no containers: {}: {}", finding.subject, finding.answer)),
            Need::SystemCalls => bench::measure::system_calls::SystemCalls::begin()
                .err()
                .map(|why| english(&why)),
            Need::Disk => match file_system(&std::env::temp_dir()) {
                Ok(kind) if [TMPFS_MAGIC, RAMFS_MAGIC].contains(&kind) => {
                    Some("the folder for temporary files is in memory".into())
                }
                Ok(_) => None,
                Err(errno) => Some(format!("the folder for temporary files: {errno}")),
            },
            Need::Tmpfs => {
                (file_system(Path::new("/dev/shm")) != Ok(TMPFS_MAGIC)).then(|| "no tmpfs in /dev/shm".into())
            }
            Need::Cpus(count) => {
                let allowed = bench::host::pin::allowed().map_or(0, |cpus| cpus.len());
                (allowed < count).then(|| format!("{allowed} CPU may be used here, not {count}"))
            }
            Need::Root => (!nix::unistd::geteuid().is_root()).then(|| "not root".into()),
            Need::File(path) => (!Path::new(path).is_file()).then(|| format!("there is no {path}")),
            Need::Tool(name) => {
                let path = std::env::var_os("PATH").unwrap_or_default();
                let there = std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
                (!there).then(|| format!("{name} is not installed"))
            }
        }
    }
}

/// File systems in memory (statfs(2)).
const TMPFS_MAGIC: i64 = 0x0102_1994;
/// See [`TMPFS_MAGIC`].
const RAMFS_MAGIC: i64 = 0x8584_58f6;

/// What kind of file system a folder is on.
fn file_system(folder: &Path) -> nix::Result<i64> {
    Ok(nix::sys::statfs::statfs(folder)?.filesystem_type().0)
}

/// A test; `ignored`, with the reason beside its name, where a need is not met.
pub fn test(name: &str, needs: &[Need], run: fn() -> Result<(), Failed>) -> Trial {
    match needs.iter().find_map(|need| need.missing()) {
        None => Trial::test(name, run),
        Some(reason) => Trial::test(name, run)
            .with_kind(reason.replace('\n', " "))
            .with_ignored_flag(true),
    }
}

/// An isolab that runs. It is killed where a test fails before its end.
pub struct Running(Option<Child>);

impl Running {
    pub fn start(command: &mut Command) -> io::Result<Self> {
        command.spawn().map(|child| Running(Some(child)))
    }

    pub fn wait_with_output(mut self) -> io::Result<Output> {
        self.0.take().expect("it is taken here only").wait_with_output()
    }
}

impl Deref for Running {
    type Target = Child;

    fn deref(&self) -> &Child {
        self.0.as_ref().expect("it is taken at the end")
    }
}

impl DerefMut for Running {
    fn deref_mut(&mut self) -> &mut Child {
        self.0.as_mut().expect("it is taken at the end")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            // One that has ended has been waited for.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A place where isolab runs: its working directory, with a folder for its temporary files in it.
pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("isolab-test-")
            .tempdir()
            .expect("a temporary folder");
        for path in [folder.path().to_owned(), folder.path().join("tmp")] {
            std::fs::create_dir_all(&path).expect("a folder");
            // Every user may come here, as to /tmp.
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o1777)).expect("permissions");
        }
        Place { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// isolab, about to be started here.
    pub fn isolab(&self, args: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(args);
        self.set_up(&mut command);
        command
    }

    /// A shell script that finds isolab as `$ISOLAB`, about to be started here.
    pub fn script(&self, shell: &[&str], script: &str) -> Command {
        let mut command = Command::new(shell[0]);
        command
            .args(&shell[1..])
            .args(["sh", "-ec", script])
            .env("ISOLAB", binary());
        self.set_up(&mut command);
        command
    }

    fn set_up(&self, command: &mut Command) {
        command.current_dir(self.path()).env("TMPDIR", self.path().join("tmp"));
        command.env("XDG_CACHE_HOME", self.path().join("cache"));
        command.env("XDG_DATA_HOME", self.path().join("data"));
        // Where these tests run is nothing that isolab should give advice for.
        command.env_remove("CI").env_remove("GITHUB_ACTIONS");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }

    /// What is left in the folder for temporary files. The folder in which containers of an ordinary user are noted stays, and
    /// is empty.
    pub fn left(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.path().join("tmp")).expect("the folder for temporary files");
        let left = entries.flatten().map(|entry| entry.path());
        left.filter(|path| !is_empty_state_folder(path)).collect()
    }
}

/// `isolab-UID`, see `container::default_state_dir`.
fn is_empty_state_folder(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let uid = name.strip_prefix("isolab-").unwrap_or_default();
    let is_state_folder = !uid.is_empty() && uid.bytes().all(|byte| byte.is_ascii_digit());
    is_state_folder && std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

pub fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_isolab"))
}

/// What came out of an isolab that has ended.
pub struct Said {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    pub fn from(output: &Output) -> Self {
        use std::os::unix::process::ExitStatusExt;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said {
            status: output
                .status
                .code()
                .unwrap_or_else(|| -output.status.signal().unwrap_or(0)),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    pub fn results(&self) -> Result<Results, Failed> {
        Ok(Results::from_json(&self.stdout)?)
    }
}

pub fn say(mut command: Command) -> Result<Said, Failed> {
    Ok(Said::from(&command.output()?))
}

/// Runs isolab in a place of its own, which it must leave as clean as it found it.
pub fn isolab(args: &[&str]) -> Result<Said, Failed> {
    let place = Place::new();
    let said = say(place.isolab(args))?;
    expect(place.left().is_empty(), || format!("left behind: {:?}", place.left()))?;
    Ok(said)
}

/// Fails the test with a message.
pub fn expect(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(otherwise().into()) }
}

pub fn expect_status(said: &Said, status: i32) -> Result<(), Failed> {
    expect(said.status == status, || {
        format!(
            "status {}, expected {status}; stdout: {}; stderr: {}",
            said.status, said.stdout, said.stderr
        )
    })
}

/// What a reason of a results file says in English.
pub fn english(reason: &Message) -> String {
    render::reason(reason, Lang::En)
}

pub fn expect_holds(text: &str, part: &str) -> Result<(), Failed> {
    expect(text.contains(part), || format!("{part:?} is not in {text:?}"))
}

/// A pipe that is full: who writes to it waits until somebody reads.
pub fn full_pipe() -> Result<(OwnedFd, OwnedFd), Failed> {
    let (reader, writer) = nix::unistd::pipe2(OFlag::O_CLOEXEC)?;
    let room = fcntl(&writer, FcntlArg::F_SETPIPE_SZ(4096))?;
    nix::unistd::write(&writer, &vec![b'.'; usize::try_from(room)?])?;
    Ok((reader, writer))
}

/// Looks again and again until it finds what it waits for.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> Result<T, Failed> {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        expect(begin.elapsed() < PATIENCE, || format!("waited in vain for {what}"))?;
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// All processes that descend from `pid`.
pub fn descendants(pid: u32) -> Vec<u32> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let children = std::fs::read_to_string(path).unwrap_or_default();
    let children: Vec<u32> = children
        .split_ascii_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect();
    children
        .iter()
        .flat_map(|child| std::iter::once(*child).chain(descendants(*child)))
        .collect()
}

/// Whether the process is there and not a zombie.
pub fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    state.is_some_and(|state| state != 'Z' && state != 'X')
}

/// Compares the built-in `hello` with this delay, as a process only, and writes the results to `file`.
pub fn compare_hello(place: &Place, file: &str, delay_ms: &str, more: &[&str]) -> Result<Said, Failed> {
    let args = ["compare", "hello", "--on", "process", "--runs", "15", "--json", file];
    say(place.isolab(&[&args, more, &["--", delay_ms]].concat()))
}
