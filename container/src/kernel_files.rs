//! Which files of /proc and /sys tell about the host or steer it, and which of them this kernel has.
//!
//! The list is Docker's default (github.com/moby/moby, `daemon/pkg/oci/defaults.go`). It is compared with the host once, so
//! that a start tries no mount that must fail: undoing one costs an RCU grace period.

use std::ffi::{CStr, CString};
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use crate::target::Kind;

const MASKED: [&str; 10] = [
    "acpi",
    "asound",
    "interrupts",
    "kcore",
    "keys",
    "latency_stats",
    "sched_debug",
    "scsi",
    "timer_list",
    "timer_stats",
];
const READ_ONLY: [&str; 5] = ["bus", "fs", "irq", "sys", "sysrq-trigger"];
/// Directories of /sys, all of them.
pub const MASKED_SYS: [&CStr; 2] = [c"/sys/firmware", c"/sys/devices/virtual/powercap"];

/// Those that are there.
pub struct KernelFiles {
    /// Of /proc, as a path below the directory that the root is put together in, to be covered.
    pub masked: Vec<(CString, Kind)>,
    /// Of /proc, likewise, to be made read-only.
    pub read_only: Vec<CString>,
    /// Whether each of [`MASKED_SYS`] is there.
    pub sys: [bool; MASKED_SYS.len()],
}

impl KernelFiles {
    /// Found at the first use.
    pub fn get() -> &'static KernelFiles {
        static FOUND: OnceLock<KernelFiles> = OnceLock::new();
        FOUND.get_or_init(|| {
            let path = |name: &str| CString::new(format!("root/proc/{name}")).unwrap_or_default();
            let kind = |name: &str| {
                let about = fs::symlink_metadata(Path::new("/proc").join(name)).ok()?;
                Some(if about.is_dir() { Kind::Directory } else { Kind::File })
            };
            KernelFiles {
                masked: MASKED
                    .iter()
                    .filter_map(|name| Some((path(name), kind(name)?)))
                    .collect(),
                read_only: READ_ONLY
                    .iter()
                    .filter(|name| kind(name).is_some())
                    .map(|name| path(name))
                    .collect(),
                sys: MASKED_SYS.map(|path| path.to_str().is_ok_and(|path| Path::new(path).is_dir())),
            }
        })
    }
}
