//! How many system calls a run makes, counted by the host's kernel at its tracepoint `raw_syscalls:sys_enter`
//! (perf_event_open(2), Documentation/trace/events.rst).
//!
//! The event belongs to this thread and is handed down to every process that it starts (`inherit`), where it counts from
//! execve(2) on (`enable_on_exec`): what isolab itself does, and what a child does before it has become a program, is
//! not in the count. While the tracepoint is in use every system call on the host takes longer, so that a run which is
//! counted is not one that is timed.

use perf_event::events::Tracepoint;
use perf_event::{Builder, Counter};
use reports::model::Message;
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
    pub fn begin() -> Result<Self, Message> {
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
    pub fn finish(mut self) -> Result<u64, Message> {
        self.counter.read().map_err(|error| answered("no-count", &error))
    }
}

fn tracepoint() -> Result<u64, Message> {
    let mut why = Message::default();
    for path in IDS {
        match std::fs::read_to_string(path) {
            Ok(text) => {
                return text.trim().parse().map_err(|_| {
                    Message::new("odd-tracepoint")
                        .with("path", path)
                        .with("text", text.trim())
                });
            }
            Err(error) => why = explain_no_tracepoint(path, &error),
        }
    }
    Err(why)
}

fn explain_no_tracepoint(path: &str, error: &Error) -> Message {
    let id = match error.kind() {
        ErrorKind::PermissionDenied => "tracepoint-denied",
        _ => "no-tracepoint",
    };
    answered(id, error).with("path", path)
}

fn refused(error: &Error) -> Message {
    match error.kind() {
        ErrorKind::PermissionDenied => Message::new("counting-denied"),
        _ => answered("counting-failed", error),
    }
}

fn answered(id: &str, error: &Error) -> Message {
    Message::new(id).with("answer", error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    use reports::{Lang, render};

    fn said(message: &Message) -> String {
        render::reason(message, Lang::En)
    }

    #[test]
    fn every_refusal_says_what_would_change_it() {
        for error in [Error::from_raw_os_error(13), Error::from_raw_os_error(1)] {
            assert!(said(&refused(&error)).contains("root"), "{error}");
            assert!(said(&explain_no_tracepoint(IDS[0], &error)).contains("root"));
        }
        let none = explain_no_tracepoint(IDS[0], &Error::from_raw_os_error(2));
        assert!(said(&none).contains("mount -t tracefs"));
    }
}
