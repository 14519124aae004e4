//! A Linux namespace container that starts in about a millisecond.
//!
//! ```no_run
//! use std::path::PathBuf;
//! let spec = container::Spec::new(vec![PathBuf::from("/path/to/root")], "/bin/hello");
//! let mut instance = container::start(&spec)?;
//! let status = instance.wait()?;
//! instance.remove()?;
//! std::process::exit(status.code().into());
//! # Ok::<(), container::Error>(())
//! ```

mod capability;
mod cgroup;
mod child;
mod container;
mod error;
mod hints;
mod init;
mod kernel_files;
mod notes;
mod plan;
mod probe;
mod report;
mod seccomp;
mod spec;
mod stack;
mod statistics;
mod status;
mod steps;
mod sys;
mod timeline;

use std::path::PathBuf;

pub use capability::{Capability, UnknownCapability};
pub use container::{Container, RootKind, start};
pub use error::Error;
pub use notes::sweep;
pub use probe::{Finding, Verdict, probe};
pub use spec::{
    Access, IdMap, Limits, Namespaces, Network, Rlimit, Seccomp, Share, Spec, Stdio, Stdio3, Terminal, Tmpfs, User,
    UserNamespace, Volume, Writable,
};
pub use statistics::Statistics;
pub use status::ExitStatus;
pub use timeline::{ExplainedStep, Stamp};

/// Where the lab keeps its notes unless told otherwise: `$XDG_RUNTIME_DIR/isolab`, or `/run/isolab` for root, or a
/// folder of the user's own in the folder for temporary files.
pub fn default_state_dir() -> PathBuf {
    let uid = nix::unistd::geteuid();
    match std::env::var_os("XDG_RUNTIME_DIR") {
        Some(runtime) if !runtime.is_empty() => PathBuf::from(runtime).join("isolab"),
        _ if uid.is_root() => PathBuf::from("/run/isolab"),
        _ => std::env::temp_dir().join(format!("isolab-{uid}")),
    }
}
