//! How many system calls a run makes, counted by the host's kernel at its tracepoint `raw_syscalls:sys_enter`
//! (perf_event_open(2), Documentation/trace/events.rst).
//!
//! The event belongs to this thread and is handed down to every process that it starts (`inherit`), where it counts from
//! execve(2) on (`enable_on_exec`): what isolab itself does, and what a child does before it has become a program, is
//! not in the count. While the tracepoint is in use every system call on the host takes longer, so that a run which is
//! counted is not one that is timed.

use perf_event::events::Tracepoint;
use perf_event::{Builder, Counter};
use std::io::{Error, ErrorKind};

/// Where the kernel tells the tracepoint's number: the file system of its own, and its older place.
const IDS: [&str; 2] = [
    "/sys/kernel/tracing/events/raw_syscalls/sys_enter/id",
    "/sys/kernel/debug/tracing/events/raw_syscalls/sys_enter/id",
];

/// Counts the system calls of programs that this thread starts.
#[derive(Debug)]
pub struct SystemCalls {
    counter: Counter,
}

impl SystemCalls {
    /// From here on. Otherwise says why they cannot be counted here, and what would change that.
    pub fn begin() -> Result<Self, String> {
        let id = tracepoint()?;
        Builder::new(Tracepoint::with_id(id))
            .enabled(false)
            .inherit(true)
            .enable_on_exec(true)
            .include_kernel()
            .include_hv()
            .build()
            .map(|counter| SystemCalls { counter })
            .map_err(|error| refused(&error))
    }

    /// How many there were, of processes that have ended.
    pub fn finish(mut self) -> Result<u64, String> {
        self.counter
            .read()
            .map_err(|error| format!("the kernel's counter of system calls cannot be read: {error}"))
    }
}

fn tracepoint() -> Result<u64, String> {
    let mut why = String::new();
    for path in IDS {
        match std::fs::read_to_string(path) {
            Ok(text) => {
                return text
                    .trim()
                    .parse()
                    .map_err(|_| format!("{path} holds {text:?}, which is no number"));
            }
            Err(error) => why = explain_no_tracepoint(path, &error),
        }
    }
    Err(why)
}

fn explain_no_tracepoint(path: &str, error: &Error) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => {
            format!("{path}: {error}; counting system calls is for root (tracefs can be read by root only)")
        }
        _ => format!(
            "the kernel's tracepoint for system calls is not to be seen ({path}: {error}); as root: mount -t tracefs none \
             /sys/kernel/tracing"
        ),
    }
}

fn refused(error: &Error) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => {
            "the kernel does not let this user count system calls (perf_event_open: permission denied); it is for root, or \
             for all with sysctl kernel.perf_event_paranoid=-1"
                .into()
        }
        _ => format!("the kernel cannot count system calls (perf_event_open: {error})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_says_what_would_change_it() {
        for error in [Error::from_raw_os_error(13), Error::from_raw_os_error(1)] {
            assert!(refused(&error).contains("root"), "{}", refused(&error));
            assert!(explain_no_tracepoint(IDS[0], &error).contains("root"));
        }
        assert!(explain_no_tracepoint(IDS[0], &Error::from_raw_os_error(2)).contains("mount -t tracefs"));
    }
}
