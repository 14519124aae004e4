//! The monitor process: runs one machine and ends with the workload's status.

use super::handover::{self, MONITOR, Report};
use microvm::{End, Outcome};

/// The exit status of a monitor that could not do its work, as `docker run` gives it.
const FAILED: i32 = 125;

/// Becomes a monitor, and never returns, where the lab has started this process as one. To be called before anything else:
/// what comes before the machine counts as its start.
pub fn run_if_asked() {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|first| first == MONITOR) {
        std::process::exit(run());
    }
}

fn run() -> i32 {
    let outcome = match handover::config(std::env::args().nth(2)) {
        Ok(config) => microvm::run(config).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let (status, report) = match outcome {
        Ok(outcome) => (status(&outcome), report(outcome)),
        Err(failure) => (
            FAILED,
            Report {
                failure: Some(failure),
                ..Report::default()
            },
        ),
    };
    match handover::write_report(&report) {
        Ok(()) => status,
        Err(error) => {
            eprintln!("isolab: the monitor cannot write its report: {error}");
            FAILED
        }
    }
}

fn status(outcome: &Outcome) -> i32 {
    match outcome.end {
        End::Exited(status) => status.into(),
        End::Reset | End::TimedOut => FAILED,
    }
}

fn report(outcome: Outcome) -> Report {
    let log = match outcome.kernel_log.trim_end() {
        "" => String::new(),
        log => format!("; the guest kernel's log: {log}"),
    };
    let failure = match outcome.end {
        End::Exited(_) => None,
        End::Reset => Some(format!("the guest reset its machine{log}")),
        End::TimedOut => Some(format!("the machine ran out of the time it is allowed{log}")),
    };
    Report {
        stamps: microvm::phases(&outcome.stamps)
            .into_iter()
            .map(|(phase, at_ns)| (phase.to_owned(), at_ns))
            .collect(),
        exits: outcome
            .exits
            .into_iter()
            .map(|(reason, exit)| (reason.to_owned(), exit.count))
            .collect(),
        failure,
    }
}
