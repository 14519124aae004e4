//! In the runtime's process: one virtual machine, whose monitor this process is.

use super::Tell;
use super::handover::MachineOrder;
use crate::targets::runtime::FAILED;
use crate::targets::runtime::report::Report;
use crate::targets::{GuestCalls, GuestCounts, MachineStory, Step, VmExits};
use microvm::{Config, Counts, End, Kernel, Outcome, Stamp};
use reports::model::Message;
use std::fs::File;
use std::time::Duration;

/// What the lines of a Linux guest's first program begin with in its kernel's log (`microvm/init`).
const INIT_SAYS: &str = "isolab init: ";

/// What the lines of the built-in guest kernel's log begin with that say why a program ended, beside those of signals.
const TOLD: [&str; 4] = [
    "out of memory",
    "the program sent itself signal",
    "panic in the kernel",
    "fault in the kernel",
];

/// Runs the machine; gives its exit status and the report. `report_file` is the only descriptor that the monitor keeps.
pub fn run(order: MachineOrder, report_file: &File) -> (i32, Report) {
    let tell = order.tell;
    let built_in = order.linux.is_none();
    let config = order.config(report_file).map_err(|error| error.to_string());
    let outcome = config.and_then(|config| {
        // Told now: a machine that runs leaves its monitor no right to open files.
        let command_line = if tell.story {
            command_line(&config)
        } else {
            String::new()
        };
        match microvm::run(config) {
            Ok(mut outcome) => {
                if tell.kernel_log && built_in {
                    outcome.kernel_log.insert_str(0, &boot_log(&outcome.stamps));
                }
                Ok((status(&outcome), report(outcome, command_line, tell)))
            }
            Err(error) => Err(error.to_string()),
        }
    });
    outcome.unwrap_or_else(|failure| {
        let report = Report {
            failure: Some(failure),
            ..Report::default()
        };
        (FAILED, report)
    })
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
        note: missing_calls(&outcome.kernel_log).or_else(|| fault(&outcome.kernel_log)),
        stamps: phases.map(|(phase, at_ns)| (phase.to_owned(), at_ns)).collect(),
        steps: if tell.story { steps(&outcome.stamps) } else { Vec::new() },
        machine: tell.story.then(|| story(&outcome, command_line)),
        exits: outcome
            .exits
            .into_iter()
            .map(|(reason, exit)| (reason.to_owned(), exit.count))
            .collect(),
        failure,
        timed_out: outcome.end == End::TimedOut,
        kernel_log: tell.kernel_log.then_some(outcome.kernel_log),
        ..Report::default()
    }
}

/// The system calls that a program asked the built-in guest kernel for and that it does not have, by its log.
fn missing_calls(kernel_log: &str) -> Option<Message> {
    let call = |line: &str| {
        let (_, rest) = line.split_once("unknown system call ")?;
        let (call, _) = rest.split_once(", answered with ENOSYS")?;
        Some(call.to_owned())
    };
    let calls: Vec<String> = kernel_log.lines().filter_map(call).collect();
    (!calls.is_empty()).then(|| Message::new("missing-calls").with("calls", calls.join(", ")))
}

/// What the built-in guest kernel's log says of a fault that has ended the program, or of itself.
fn fault(kernel_log: &str) -> Option<Message> {
    let line = |line: &str| Some(line.strip_prefix("isolab-kernel: ")?.to_owned());
    // The name of the signal is that of the status.
    let how = |line: String| match line.split_once(": ") {
        Some((signal, how)) if signal.starts_with("SIG") => Some(how.to_owned()),
        _ => TOLD.iter().any(|told| line.starts_with(told)).then_some(line),
    };
    let how = kernel_log.lines().filter_map(line).find_map(how)?;
    Some(Message::new("fault").with("how", how))
}

/// The boot of the built-in guest kernel, line by line. It logs only what goes wrong, since every line costs time, but tells of
/// each step of its boot by a byte to the phase port: the time is that at which this came.
fn boot_log(stamps: &[Stamp]) -> String {
    let began = stamps.first().map_or(0, |stamp| stamp.at_ns);
    let line = |stamp: &Stamp| {
        let ms = stamp.at_ns.saturating_sub(began) as f64 / 1e6;
        let step = stamp.step;
        format!(
            "isolab-kernel: [{ms:8.3} ms] {}: {}\n",
            step.phase.trim_start_matches("guest kernel: "),
            step.purpose
        )
    };
    let guests = stamps.iter().filter(|stamp| stamp.step.phase.starts_with("guest"));
    guests.map(line).collect()
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
        counts: outcome.counts.as_ref().map(counts),
        kvm: outcome.kvm.clone(),
    }
}

fn counts(counts: &Counts) -> GuestCounts {
    let calls = counts.calls.iter().map(|calls| GuestCalls {
        name: calls.name.into(),
        not_entered: calls.not_entered,
        in_ring_3: calls.in_ring_3,
        in_ring_0: calls.in_ring_0,
    });
    GuestCounts {
        page_faults: counts.page_faults,
        pages: counts.pages,
        cpuids: counts.cpuids,
        table_switches: counts.table_switches,
        calls: calls.collect(),
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
