//! What to run and how to isolate it.
//!
//! A [`Spec`] is plain data. [`Spec::new`] gives the careful default: every namespace, no capability, the default
//! system-call filter, no network but loopback, nothing inherited. Each field widens or narrows one thing.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use crate::capability::Capability;
pub use crate::plan::Rlimit;
use crate::terminal::Terminal;

/// What to run and how to isolate it.
#[derive(Debug)]
pub struct Spec {
    /// Read-only directories that make up the root file system, the lowest first.
    pub layers: Vec<PathBuf>,
    /// What the program may write to besides its volumes.
    pub writable: Writable,
    /// The program, an absolute path inside the root.
    pub program: PathBuf,
    /// `argv[1..]`; `argv[0]` is the program's path.
    pub args: Vec<OsString>,
    /// The whole environment as `NAME=value`; nothing is inherited.
    pub env: Vec<OsString>,
    /// The host name inside (UTS namespace), at most 64 bytes.
    pub hostname: String,
    /// The working directory, an absolute path inside the root.
    pub cwd: PathBuf,
    /// The user and group id the program runs as, as seen inside.
    pub user: User,
    /// What its pid 1 is.
    pub init: Init,
    /// Which parts of the kernel's state the program gets a private copy of.
    pub namespaces: Namespaces,
    /// Host directories and files made visible inside, in this order.
    pub volumes: Vec<Volume>,
    /// Host device files shown at the same path inside, for reading and writing; none by default.
    pub devices: Vec<PathBuf>,
    /// Empty memory file systems mounted inside.
    pub tmpfs: Vec<Tmpfs>,
    /// How much of the host it may use. Only what is asked for is limited.
    pub limits: Limits,
    /// Resource limits of the process (setrlimit(2)), beside those that are inherited.
    pub rlimits: Vec<Rlimit>,
    /// Capabilities the program keeps, whichever user it runs as; none by default. [`Capability::DOCKER`] are Docker's.
    pub capabilities: BTreeSet<Capability>,
    /// The system-call filter.
    pub seccomp: Seccomp,
    /// Descriptors 0, 1 and 2 of the program.
    pub stdio: Stdio3,
    /// Where isolab notes what a later [`sweep`](crate::sweep) has to look for. Made when missing.
    pub state_dir: PathBuf,
}

impl Spec {
    /// The careful default for running `program` from the given layers.
    pub fn new(layers: Vec<PathBuf>, program: impl Into<PathBuf>) -> Self {
        Spec {
            layers,
            writable: Writable::Memory { size_bytes: None },
            program: program.into(),
            args: Vec::new(),
            env: vec![
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into(),
                "HOME=/".into(),
            ],
            hostname: "isolab".to_owned(),
            cwd: PathBuf::from("/"),
            user: User { uid: 0, gid: 0 },
            init: Init::Small,
            namespaces: Namespaces::default(),
            volumes: Vec::new(),
            devices: Vec::new(),
            tmpfs: Vec::new(),
            limits: Limits::default(),
            rlimits: Vec::new(),
            capabilities: BTreeSet::new(),
            seccomp: Seccomp::Default,
            stdio: Stdio3::default(),
            state_dir: crate::default_state_dir(),
        }
    }
}

/// What the program may write to besides its volumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writable {
    /// A private memory file system above the layers; it counts against the memory limit and is gone with the container.
    Memory {
        /// The most it may hold, in bytes; half of the host's memory when `None` (the kernel's default for tmpfs).
        size_bytes: Option<u64>,
    },
    /// Nothing: the root is read-only.
    No,
    /// Nothing: the root is the one layer itself, bound read-only, without an overlay. So the layer has to have the directories
    /// proc, sys and dev, and what else is mounted upon; its /etc is what the program sees.
    Bound,
}

/// What a container's pid 1 is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Init {
    /// An init of one page: it forwards signals, reaps orphans, and ends with the program or with the caller.
    Small,
    /// The program itself, as with Docker's default. Nobody reaps orphans but the program; of signals, it gets only those that it
    /// handles, and SIGKILL (pid_namespaces(7)). The kernel is asked to kill it when the thread that has started it ends, which
    /// the program can take back (PR_SET_PDEATHSIG), and which is lost where it changes its user.
    None,
}

/// A user and a group id, as seen inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

/// Which parts of the kernel's state the program gets a private copy of (namespaces(7)).
///
/// The mount and the pid namespace are always private: without them there is no root of one's own and no certain end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespaces {
    /// User and group ids, and the reach of capabilities.
    pub user: UserNamespace,
    /// Network devices, addresses, ports.
    pub network: Network,
    /// Host and domain name.
    pub uts: Share,
    /// System V and POSIX message queues, semaphores and shared memory.
    pub ipc: Share,
    /// The view of the cgroup tree.
    pub cgroup: Share,
}

impl Default for Namespaces {
    /// Every namespace; the user namespace when the caller is not root.
    fn default() -> Self {
        Namespaces {
            user: UserNamespace::Auto,
            network: Network::Loopback,
            uts: Share::Private,
            ipc: Share::Private,
            cgroup: Share::Private,
        }
    }
}

/// Whether a namespace is made anew or shared with the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// A new one for the container.
    Private,
    /// The caller's.
    Host,
}

/// The network the program sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Network {
    /// A network of its own with nothing but a loopback device that is up.
    Loopback,
    /// The namespace of this file, shared with who else is in it, as in a pod: `/proc/PID/ns/net`, a descriptor of
    /// [`network_namespace`](crate::network_namespace) under `/proc/self/fd`. It takes root without a user namespace.
    Of(PathBuf),
    /// The host's.
    Host,
}

/// The user namespace (user_namespaces(7)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserNamespace {
    /// None as root; for an ordinary user one in which the program's user is the caller.
    Auto,
    /// None: only root can do this.
    Host,
    /// One with these maps. More than the caller's own id needs root.
    Mapped {
        /// User ids.
        uids: Vec<IdMap>,
        /// Group ids.
        gids: Vec<IdMap>,
    },
}

/// One line of an id map: `count` ids from `inside` on are `outside` and following on the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdMap {
    /// First id inside.
    pub inside: u32,
    /// First id on the host.
    pub outside: u32,
    /// How many.
    pub count: u32,
}

/// A host file or directory made visible inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// What to show, a path on the host.
    pub source: PathBuf,
    /// Where, an absolute path inside. Symbolic links in it are followed inside the root, never out of it.
    pub target: PathBuf,
    /// Whether the program may write to it.
    pub access: Access,
}

/// Whether a volume can be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading only, mounts below the source included.
    ReadOnly,
    /// Reading and writing.
    ReadWrite,
}

/// An empty memory file system mounted inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tmpfs {
    /// Where, an absolute path inside.
    pub target: PathBuf,
    /// The most it may hold, in bytes.
    pub size_bytes: Option<u64>,
}

/// Limits of the control group. `None` is no limit; a limit that cannot be set is an error, never ignored.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits {
    /// Memory in bytes, page cache included; at least 6 MiB. `u64::MAX` counts without limiting.
    pub memory_bytes: Option<u64>,
    /// Swap in bytes, in addition to the memory. `None` with a limit on memory: as much again, as with Docker.
    pub swap_bytes: Option<u64>,
    /// How much processor time, in processors: 0.5 is half of one.
    pub cpus: Option<f64>,
    /// Share of the processor when it is short, 1 to 10000; 100 is the usual share (cgroup v2 `cpu.weight`).
    pub cpu_weight: Option<u32>,
    /// Which processors, in the kernel's list format: `0-1,4`.
    pub cpuset: Option<String>,
    /// How many tasks (processes and threads), pid 1 of the container not counted.
    pub pids: Option<u32>,
    /// Share of the disk when it is short, 1 to 10000; 100 is the usual share (cgroup v2 `io.weight`).
    pub io_weight: Option<u32>,
}

/// The system-call filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seccomp {
    /// The allow-list that Docker uses by default, for x86-64 programs.
    Default,
    /// No filter.
    Unconfined,
}

/// Descriptors 0, 1 and 2 of the program.
#[derive(Debug, Default)]
pub struct Stdio3 {
    /// Standard input.
    pub stdin: Stdio,
    /// Standard output.
    pub stdout: Stdio,
    /// Standard error.
    pub stderr: Stdio,
    /// A terminal of the program's own in the place of the three.
    pub terminal: Terminal,
}

/// One of the three standard descriptors.
#[derive(Debug, Default)]
pub enum Stdio {
    /// The caller's.
    #[default]
    Inherit,
    /// `/dev/null`.
    Null,
    /// This one. The caller keeps it: close it after the start, or a reader of a pipe never sees its end.
    Fd(OwnedFd),
}
