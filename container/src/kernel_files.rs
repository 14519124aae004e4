//! Which files of /proc and /sys tell about the host, or steer it.
//!
//! The list is Docker's default (github.com/moby/moby, `daemon/pkg/oci/defaults.go`). A kernel has some of them: a mount on
//! one that is not there fails at the look-up of its path. A mount of the wrong kind fails late, and undoing it costs an RCU
//! grace period, so each is listed with the kind that it has had in every kernel.

use std::ffi::CStr;

use crate::plan::Kind;

/// Files of /proc to be covered, below the directory that the root is put together in.
pub const MASKED: [(&CStr, Kind); 10] = [
    (c"root/proc/acpi", Kind::Directory),
    (c"root/proc/asound", Kind::Directory),
    (c"root/proc/interrupts", Kind::File),
    (c"root/proc/kcore", Kind::File),
    (c"root/proc/keys", Kind::File),
    (c"root/proc/latency_stats", Kind::File),
    (c"root/proc/sched_debug", Kind::File),
    (c"root/proc/scsi", Kind::Directory),
    (c"root/proc/timer_list", Kind::File),
    (c"root/proc/timer_stats", Kind::File),
];

/// Files of /proc to be made read-only, likewise.
pub const READ_ONLY: [&CStr; 5] = [
    c"root/proc/bus",
    c"root/proc/fs",
    c"root/proc/irq",
    c"root/proc/sys",
    c"root/proc/sysrq-trigger",
];

/// Directories of /sys to be covered on every host.
pub const MASKED_SYS: [&CStr; 2] = [c"/sys/firmware", c"/sys/devices/virtual/powercap"];
