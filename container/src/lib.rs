//! A Linux namespace container that starts in about a millisecond.
//!
//! ```no_run
//! use std::path::PathBuf;
//! let mut spec = container::Spec::new(vec![PathBuf::from("/path/to/root")], "/bin/hello");
//! spec.limits.memory_bytes = Some(64 << 20);
//! let mut instance = container::start(&spec)?;
//! let status = instance.wait()?;
//! instance.remove()?;
//! std::process::exit(status.code().into());
//! # Ok::<(), container::Error>(())
//! ```
//!
//! # What a container is here
//! Two processes. Pid 1 is an init of one page, which forwards signals, reaps orphans and ends with the program or
//! with the lab. The program is its child, and sees: its own processes, mounts, host name, IPC objects, network (a
//! loopback device) and control group; an overlay of the read-only layers and a writable one in memory; /proc, /dev
//! and /sys of its own, covered and read-only where Docker covers them; no capability, no descriptor above 2, the
//! system calls of Docker's default list. Every part can be widened or narrowed in the [`Spec`].
//!
//! # Why it starts fast
//! - Nothing is copied: both processes share the lab's memory until they execute (CLONE_VM), which costs no page table
//!   however large the lab is. In return, everything between clone and exec is system calls on prepared arguments
//!   (`child`, `plan`, `sys`).
//! - The network namespace, the most expensive step, and the file system are made side by side.
//! - Nothing waits for an RCU grace period that need not: processes enter v1 control groups by themselves, v2 ones by
//!   being born there, no mount is tried that must fail, and the host's mounts are cut off while the program drops its
//!   privileges.
//! - The system-call filter is a small tree, not a chain.
//!
//! [`Container::explain`] lists every step with its kernel call, its purpose and its cost.
//!
//! # What is left behind
//! Nothing: mounts live in the container's own namespace, processes end with pid 1, pid 1 ends with the lab, however
//! that ends. Control groups of a lab that was killed are removed by the next [`sweep`].
//!
//! # Needs
//! Linux 5.12 on x86-64, and root or unprivileged user namespaces; [`probe`] tries it.

#[allow(dead_code, reason = "the other side uses the rest")]
#[path = "../init/abi.rs"]
mod abi;
mod capability;
mod cgroup;
mod child;
mod container;
mod dumpable;
mod error;
mod hints;
mod id_maps;
mod init;
mod kernel_files;
mod launch;
mod link;
mod name_files;
mod overlay;
mod plan;
mod probe;
mod process;
mod report;
mod rights;
mod seccomp;
mod spec;
mod stack;
mod state;
mod statistics;
mod status;
mod steps;
mod strings;
mod sys;
mod target;
mod terminal;
mod timeline;
pub mod user_folder;
mod validate;

pub use capability::{Capability, UnknownCapability};
pub use container::{Container, RootKind, start};
pub use error::Error;
pub use probe::{Finding, Verdict, probe};
pub use spec::{
    Access, IdMap, Limits, Namespaces, Network, Rlimit, Seccomp, Share, Spec, Stdio, Stdio3, Tmpfs, User,
    UserNamespace, Volume, Writable,
};
pub use state::{default_state_dir, sweep};
pub use statistics::Statistics;
pub use status::ExitStatus;
pub use terminal::{OwnTerminal, Terminal, TerminalEnd};
pub use timeline::{ExplainedStep, Stamp};
