//! The command line: what can be asked, and the exit status of each answer.

mod arguments;
mod compare;
mod container_arguments;
mod density;
mod diff;
mod doctor;
mod explain;
mod image;
mod input_arguments;
mod inspect;
mod inventory;
mod kernel;
mod machine_arguments;
mod manual;
mod output;
mod progress;
mod report;
mod run;
mod suite;
mod terminal;
mod usage;

use crate::error::Error;
use crate::files::scratch;
use crate::signals;
use crate::targets::orphans;
use clap::{Parser, Subcommand};
use nix::sys::signal::Signal;
use reports::Lang;
use reports::model::Message;

/// isolab failed: bad usage, a missing right or device.
const FAILED: u8 = 2;

/// A container-vs-VM comparison lab: the same program as plain process, container and micro-VM, measured.
///
/// Without a command: compares process, container and micro-VM on the `hello` workload, prints a table, and writes a
/// results file and a chart to ./results.
#[derive(Debug, Parser)]
#[command(name = "isolab", version, max_term_width = 100, after_help = EXIT_STATUS)]
struct Cli {
    /// Language of what is shown: en, ko
    #[arg(long, global = true, default_value = "en")]
    lang: Lang,
    #[command(subcommand)]
    command: Option<Command>,
}

const EXIT_STATUS: &str = "Exit status: 0 done; 1 a regression past the limit, or a required target that cannot run; 2 isolab failed, with the reason and what to do on stderr; 3 a target ran the program and none of its runs ended well; 130 interrupted. \
                           `isolab run` gives the workload's own.";

// Deferred: the arguments of the other commands are not described when one of them is asked for. What is described later
// replaces what was said before, so that the structs of arguments have plain comments: a doc comment on one would be shown in
// place of the command's description here.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
enum Command {
    /// Measure a workload on several targets and compare them
    Compare(compare::Arguments),
    /// Run a workload once on one target, with this terminal as its input and output
    Run(run::Arguments),
    /// Show what the same program sees on each target, side by side: kernel, machine, files, others
    Inspect(inspect::Arguments),
    /// Run many comparisons from one file
    #[command(subcommand)]
    Suite(suite::Command),
    /// Start and hold instances until a count, a budget of memory or a limit of the host, and show what each takes
    Density(density::Arguments),
    /// Say what has changed between results files, and whether anything has become worse
    Diff(diff::Arguments),
    /// Write a report on results files
    Report(report::Arguments),
    /// Show what this host can run, what is missing, and what to do about it
    Doctor(doctor::Arguments),
    /// Look at guest kernels
    #[command(subcommand)]
    Kernel(kernel::Command),
    /// Look at images
    #[command(subcommand)]
    Image(image::Command),
    /// List the targets
    #[command(subcommand, visible_alias = "targets")]
    Target(inventory::Targets),
    /// List the built-in workloads
    #[command(subcommand, visible_alias = "workloads")]
    Workload(inventory::Workloads),
    /// Print the script by which a shell completes commands and options
    Completions(manual::Completions),
    /// Print a manual page
    Man(manual::Man),
}

/// Everything `isolab` does; gives its exit status. To be called first, but for a monitor's start.
pub fn main() -> u8 {
    let cli = Cli::try_parse().unwrap_or_else(|error| {
        output::set_language(usage::language(std::env::args()));
        match usage::explain(&error, output::language()) {
            Some(text) => {
                output::hint(&text);
                std::process::exit(FAILED.into())
            }
            None => error.exit(),
        }
    });
    output::set_language(cli.lang);
    if let Err(errno) = signals::catch() {
        return fail(
            &Error::from_cause(Message::new("cannot-set-up-signal-handlers"), errno),
            FAILED,
        );
    }
    orphans::allow_to_adopt();
    let run = matches!(cli.command, Some(Command::Run(_)));
    // It sweeps while its program runs.
    let swept = if run { Swept::default() } else { sweep() };
    let outcome = match cli.command {
        None => compare::default_job(),
        Some(Command::Compare(arguments)) => compare::run(arguments),
        Some(Command::Run(arguments)) => run::run(arguments),
        Some(Command::Inspect(arguments)) => inspect::run(arguments),
        Some(Command::Suite(command)) => suite::run(command),
        Some(Command::Density(arguments)) => density::run(arguments),
        Some(Command::Diff(arguments)) => diff::run(arguments),
        Some(Command::Report(arguments)) => report::run(arguments),
        Some(Command::Doctor(arguments)) => doctor::run(&arguments, &swept),
        Some(Command::Kernel(command)) => kernel::run(command),
        Some(Command::Image(command)) => image::run(command),
        Some(Command::Target(command)) => inventory::targets(&command),
        Some(Command::Workload(command)) => inventory::workloads(&command),
        Some(Command::Completions(arguments)) => manual::completions(&arguments),
        Some(Command::Man(arguments)) => manual::man(&arguments),
    };
    let status = match outcome {
        Ok(status) => status,
        Err(error) => fail(&error, if run { error.run_status } else { FAILED }),
    };
    // Whatever was under way has ended because of the signal, and is cleaned up.
    signals::caught().map_or(status, signal_status)
}

/// What isolab processes that were killed had left, and is gone now.
#[derive(Default)]
struct Swept {
    directories: usize,
    control_groups: usize,
}

fn sweep() -> Swept {
    Swept {
        directories: scratch::sweep(),
        control_groups: container::sweep(&container::default_state_dir()).unwrap_or_else(|error| {
            output::say(&Error::from_cause(Message::new("cannot-sweep"), error).reason());
            0
        }),
    }
}

fn signal_status(signal: Signal) -> u8 {
    128 + signal as u8
}

fn fail(error: &Error, status: u8) -> u8 {
    output::hint(&error.text(output::language()));
    status
}
