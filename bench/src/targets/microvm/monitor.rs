//! The monitor process: runs one machine and ends with the workload's status.

use super::Tell;
use super::handover::{self, MONITOR, Order, Report};
use crate::error::Error;
use crate::targets::{MachineStory, Step, VmExits};
use microvm::{Config, End, Kernel, Outcome, Stamp};
use std::fs::File;
use std::time::Duration;

/// The exit status of a monitor that could not do its work, as `docker run` gives it.
const FAILED: i32 = 125;

/// What the lines of a Linux guest's first program begin with in its kernel's log (`microvm/init`).
const INIT_SAYS: &str = "isolab init: ";

/// Becomes a monitor, and never returns, where the lab has started this process as one. To be called before anything else:
/// what comes before the machine counts as its start.
pub fn run_if_asked() {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|first| first == MONITOR) {
        std::process::exit(run());
    }
}

fn run() -> i32 {
    let order = Order::parse(std::env::args().nth(2)).and_then(|order| {
        let report = File::options().write(true).open(&order.report);
        let failed = |error| Error::from_cause(format_args!("cannot open {}", order.report.display()), error);
        report.map_err(failed).map(|report| (order, report))
    });
    let (order, report_file) = match order {
        Ok(given) => given,
        Err(error) => {
            eprintln!("isolab: {error}");
            return FAILED;
        }
    };
    let tell = order.tell;
    let config = order.config(&report_file).map_err(|error| error.to_string());
    let outcome = config.and_then(|config| {
        // Told now: a machine that runs leaves its monitor no right to open files.
        let command_line = if tell.story {
            command_line(&config)
        } else {
            String::new()
        };
        match microvm::run(config) {
            Ok(outcome) => Ok((status(&outcome), report(outcome, command_line, tell))),
            Err(error) => Err(error.to_string()),
        }
    });
    let (status, report) = outcome.unwrap_or_else(|failure| {
        let report = Report {
            failure: Some(failure),
            ..Report::default()
        };
        (FAILED, report)
    });
    match handover::write_report(&report_file, &report) {
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

fn report(outcome: Outcome, command_line: String, tell: Tell) -> Report {
    let log = match outcome.kernel_log.trim_end() {
        log if log.is_empty() || tell.kernel_log => String::new(),
        log => format!("; the guest kernel's log: {log}"),
    };
    let failure = match outcome.end {
        // Its first program could not do its work, and says so; a program's own 125 has no such line.
        End::Exited(125) if outcome.kernel_log.contains(INIT_SAYS) => {
            Some(format!("the guest could not begin with the program{log}"))
        }
        End::Exited(_) => None,
        End::Reset => Some(format!("the guest reset its machine{log}")),
        End::TimedOut => Some(format!("the machine ran out of the time it is allowed{log}")),
    };
    let phases = microvm::phases(&outcome.stamps).into_iter();
    Report {
        stamps: phases.map(|(phase, at_ns)| (phase.to_owned(), at_ns)).collect(),
        story: tell
            .story
            .then(|| (steps(&outcome.stamps), story(&outcome, command_line))),
        exits: outcome
            .exits
            .into_iter()
            .map(|(reason, exit)| (reason.to_owned(), exit.count))
            .collect(),
        failure,
        timed_out: outcome.end == End::TimedOut,
        kernel_log: tell.kernel_log.then_some(outcome.kernel_log),
    }
}

/// The steps between the stamps; the first stamp is the monitor's own beginning.
fn steps(stamps: &[Stamp]) -> Vec<Step> {
    let began = stamps.first().map_or(0, |stamp| stamp.at_ns);
    let step = |pair: &[Stamp]| {
        let microvm::Step { phase, call, purpose } = pair[1].step;
        Step {
            name: phase.into(),
            call: call.into(),
            purpose: purpose.into(),
            by: if phase.starts_with("guest") { "guest" } else { "monitor" }.into(),
            began_ns: pair[0].at_ns.saturating_sub(began),
            cost_ns: pair[1].at_ns.saturating_sub(pair[0].at_ns),
        }
    };
    stamps.windows(2).map(step).collect()
}

fn story(outcome: &Outcome, command_line: String) -> MachineStory {
    let ns = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let exits = outcome.exits.iter().map(|(reason, exit)| VmExits {
        reason: (*reason).into(),
        count: exit.count,
        guest_ns: ns(exit.in_guest),
        monitor_ns: ns(exit.in_monitor),
    });
    MachineStory {
        command_line,
        exits: exits.collect(),
    }
}

/// What the kernel will be told, by what it is.
fn command_line(config: &Config) -> String {
    let inspect = |path| microvm::kernel::inspect(&microvm::kernel::read(path).unwrap_or_default());
    match &config.kernel {
        Kernel::File(path) if inspect(path).is_ok_and(|inspection| inspection.wants_pc()) => {
            config.linux_command_line()
        }
        _ => config.command_line(),
    }
}
