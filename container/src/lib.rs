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
//! with its caller. The program is its child, and sees: its own processes, mounts, host name, IPC objects, network (a
//! loopback device) and control group; an overlay of the read-only layers and a writable one in memory; /proc, /dev
//! and /sys of its own, covered and read-only where Docker covers them; no capability, no descriptor above 2, the
//! system calls of Docker's default list. Every part can be widened or narrowed in the [`Spec`]: a container can do without the init
//! ([`Init::None`]), share a network ([`Network::Of`]), or have its one layer as the root ([`Writable::Bound`]).
//!
//! # What it keeps to when it is widened
//! - The program runs only when pid 1 has become its init, which has none of the caller's memory and descriptors, a filter
//!   of ten system calls, and a file that cannot be read, so that the kernel lets nobody trace it but who has SYS_PTRACE:
//!   and that one finds nothing but the init (CVE-2016-9962, CVE-2019-5736). It can have the init stop, but not have isolab wait,
//!   nor, from Linux 6.15 on, be told a false status; what it cannot be kept from is to outlive a killed isolab.
//! - A device file that a program with MKNOD makes cannot be opened anywhere inside.
//! - A limit on memory acts when no process of the container shares the caller's memory.
//! - What a container of root without a user namespace can do with SYS_ADMIN, SYS_MODULE, SYS_RAWIO, BPF or, given a
//!   volume, DAC_READ_SEARCH is what root can do on the host: these capabilities give the host away, here as with Docker.
//!
//! # Why it starts fast
//! - Nothing is copied: both processes share the caller's memory until they execute (CLONE_VM), which costs no page table
//!   however large the caller is. In return, everything between clone and exec is system calls on prepared arguments
//!   (`starter`, `child`, `plan`, `sys`).
//! - The network namespace, the most expensive step, and the file system are made side by side; so are pid 1's last steps
//!   and the program's.
//! - Nothing waits for an RCU grace period that need not: processes enter v1 control groups by themselves, v2 ones by
//!   being born there, and no mount is tried that must fail.
//! - The system-call filter is a small tree, not a chain.
//!
//! [`Container::explain`] lists every step with its kernel call, its purpose and its cost.
//!
//! # Who makes the start
//! [`start`] does it from the caller's process. A [`Bundle`] is a start that is planned by the caller and carried out by a fresh
//! process of a small freestanding executable, the runtime (`runtime/main.rs`), which ends when the program has been executed:
//! as engines use runc. Both run the same code on the same plan.
//!
//! # What is left behind
//! Nothing: mounts live in the container's own namespace, processes end with pid 1, pid 1 ends with its caller,
//! however that ends. Control groups of a caller that was killed are removed by the next [`sweep`].
//!
//! # Needs
//! Linux 5.12 on x86-64, and root or unprivileged user namespaces; [`probe`] tries it.

#[allow(dead_code, reason = "the other side uses the rest")]
#[path = "../init/abi.rs"]
mod abi;
mod arena;
mod bundle;
mod capability;
mod cgroup;
mod child;
mod container;
mod descriptors;
mod dumpable;
mod error;
mod hints;
mod id_maps;
mod init;
mod kernel_files;
mod launch;
mod link;
mod masked_sys;
mod name_files;
mod network;
mod overlay;
mod pidfd;
mod plan;
mod planner;
mod probe;
mod process;
mod report;
mod rights;
mod seccomp;
mod spec;
mod stack;
mod start;
mod starter;
mod state;
mod statistics;
mod status;
mod steps;
mod sys;
mod target;
mod terminal;
mod timeline;
pub mod user_folder;
mod validate;

pub use bundle::Bundle;
pub use capability::{Capability, UnknownCapability};
pub use container::{Container, RootKind, start};
pub use error::{Error, ErrorStep};
pub use network::network_namespace;
pub use probe::{Finding, Verdict, probe};
pub use spec::{
    Access, IdMap, Init, Limits, Namespaces, Network, Rlimit, Seccomp, Share, Spec, Stdio, Stdio3, Tmpfs, User,
    UserNamespace, Volume, Writable,
};
pub use state::{default_state_dir, sweep};
pub use statistics::Statistics;
pub use status::ExitStatus;
pub use steps::Step;
pub use terminal::{OwnTerminal, Terminal, TerminalEnd};
pub use timeline::{ExplainedStep, Stamp};
