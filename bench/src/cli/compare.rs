//! `isolab` and `isolab compare`: measure, print the table, keep the results.

use super::arguments;
use super::diff;
use super::machine_arguments::MachineArguments;
use super::output;
use super::progress::Progress;
use crate::comparison::{self, Outcome, Settings, TargetName};
use crate::error::Error;
use crate::files::store;
use crate::host::pin;
use crate::measure::clock;
use crate::measure::scheduler::Plan;
use clap::Args;
use reports::chart;
use reports::model::Results;
use reports::report::Format;
use reports::{Lang, analysis, render, table};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Looks at the memory of each target.
const MEMORY_RUNS: u32 = 3;

/// Where results go unless told otherwise.
const RESULTS: &str = "results";

// What `isolab compare` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// One of the lab's own workloads: hello, cpu, hold
    #[arg(long, value_name = "W")]
    workload: Option<String>,
    /// Targets to compare; the first is what the others are compared with. Unless given: process, container, microvm, and
    /// with --kernel microvm-linux
    #[arg(long, value_name = "T,T,…", value_delimiter = ',')]
    on: Vec<TargetName>,
    /// Counted runs of each target
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    runs: u32,
    /// Uncounted runs of each target before them
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    warmup: u32,
    /// Pause before each start, in milliseconds: users start programs with gaps, and gaps cost
    #[arg(long, value_name = "MS", default_value = "0", value_parser = arguments::milliseconds)]
    idle_gap: Duration,
    /// End a run that takes longer than this many seconds, and count it as failed
    #[arg(long, value_name = "S", default_value = "30", value_parser = arguments::seconds)]
    timeout: Duration,
    /// Seed of the random order of targets in each round; drawn when not given, and kept with the results
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
    /// Write the results to FILE, or with - to stdout (the table then goes to stderr); by default to ./results
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Also write a report with all charts (HTML) to the folder DIR
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Also show every figure (intervals, p-values, memory in detail, page faults, system calls) and warnings in full
    #[arg(long)]
    explain: bool,
    /// Also say what the figures are
    #[arg(long)]
    legend: bool,
    /// The language of the table and the report: en, ko
    #[arg(long, default_value = "en")]
    lang: Lang,
    /// Compare with older results, and say what has changed
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// End with status 1 where something is significantly worse than the baseline, by more than this many percent
    #[arg(long, value_name = "PCT", requires = "baseline", value_parser = arguments::percent)]
    fail_on_regression: Option<f64>,
    /// Compare with the baseline although workload, kernel, host or configuration differ
    #[arg(long, requires = "baseline")]
    baseline_differs: bool,
    /// Keep the lab and everything it starts to this processor
    #[arg(long, value_name = "CPU")]
    pin: Option<u32>,
    #[command(flatten)]
    machine: MachineArguments,
    /// A static program and its arguments; after --workload W only the workload's arguments
    #[arg(last = true, value_name = "PROGRAM ARGS")]
    words: Vec<String>,
}

/// The main job: compare on `hello`.
pub fn default_job() -> Result<u8, Error> {
    // clap fills in the defaults, so that they stand in one place only.
    #[derive(clap::Parser)]
    struct Defaults {
        #[command(flatten)]
        arguments: Arguments,
    }
    run(<Defaults as clap::Parser>::parse_from(["isolab"]).arguments)
}

/// Compares as asked.
pub fn run(arguments: Arguments) -> Result<u8, Error> {
    let to_stdout = arguments.json.as_deref() == Some(Path::new("-"));
    let settings = settings(&arguments)?;
    let baseline = arguments.baseline.as_deref().map(super::report::read).transpose()?;
    if let Some(cpu) = arguments.pin {
        pin::to_processor(cpu)?;
    }
    if let Some(then) = baseline.as_ref().filter(|_| !arguments.baseline_differs) {
        // Before minutes are spent on measuring; guest kernels are compared afterwards.
        check(then, &comparison::planned(&settings), &arguments)?;
    }
    let mut progress = Progress::new(settings.plan.steps(settings.targets.len()));
    let Outcome { mut results, complete } = comparison::compare(&settings, &mut progress)?;
    drop(progress);
    if !complete && results.samples.is_empty() {
        return Err(Error::new(
            "ended before the first run was done; there is nothing to keep",
        ));
    }
    // What was stopped half-way cannot tell.
    let judged = baseline
        .filter(|_| complete)
        .map(|then| judge(&arguments, &mut results, &then))
        .transpose();
    let tables = |style| {
        let mut text = table::render_in(&results, style, arguments.lang);
        if arguments.explain {
            text.push('\n');
            text.push_str(&table::details_in(&results, style, arguments.lang));
        }
        if arguments.legend {
            text.push('\n');
            text.push_str(&table::legend_in(&results, style, arguments.lang));
        }
        text
    };
    if to_stdout {
        output::text(&tables(output::table_style(&std::io::stderr())));
        output::print_with(|stdout| Ok(results.write(stdout)?))?;
    } else {
        output::print(tables(output::table_style(&std::io::stdout())).as_bytes())?;
        keep(arguments.json.as_deref(), &results)?;
    }
    if !complete {
        // What has been measured is kept and marked; whether it is worse than a baseline it cannot tell.
        return Err(Error::new(format!(
            "ended before all runs were done; the {} that were are kept",
            results.samples.len()
        )));
    }
    if let Some(folder) = &arguments.report {
        let files = super::report::write(std::slice::from_ref(&results), &[Format::Html], folder, arguments.lang)?;
        output::hint(&format!("a report is in {}", files.join(", ")));
    }
    if results
        .summary
        .iter()
        .all(|summary| summary.metric("ready_ms").is_none())
    {
        return Err(
            Error::new("no target could run the workload").remedy("`isolab doctor` says what is missing on this host.")
        );
    }
    judged?;
    let Some(found) = &results.diff else { return Ok(0) };
    output::text(&render::diff(found, &results, arguments.lang));
    Ok(u8::from(found.has_regression()))
}

/// Refuses a baseline of something else.
fn check(then: &Results, now: &Results, arguments: &Arguments) -> Result<(), Error> {
    diff::check(then, now, arguments.lang).map_err(|error| {
        error.remedy("Take a new baseline under the same conditions, or compare all the same with --baseline-differs.")
    })
}

/// Notes in the results what has changed since the baseline.
fn judge(arguments: &Arguments, results: &mut Results, then: &Results) -> Result<(), Error> {
    if !arguments.baseline_differs {
        check(then, results, arguments)?;
    }
    results.diff = analysis::diff::diff(&[(then, results)], arguments.fail_on_regression).pop();
    Ok(())
}

fn targets(arguments: &Arguments) -> Vec<TargetName> {
    if !arguments.on.is_empty() {
        return arguments.on.clone();
    }
    let mut targets = vec![TargetName::Process, TargetName::Container, TargetName::Microvm];
    if arguments.machine.has_kernel() {
        targets.push(TargetName::MicrovmLinux);
    }
    targets
}

fn settings(arguments: &Arguments) -> Result<Settings, Error> {
    let targets = targets(arguments);
    let twice = targets
        .iter()
        .enumerate()
        .find(|(index, name)| targets[..*index].contains(name));
    if let Some((_, name)) = twice {
        return Err(Error::new(format!("--on names {} twice", name.as_str())).remedy("Name each target once."));
    }
    Ok(Settings {
        workload: arguments::workload(arguments.workload.as_deref(), &arguments.words)?,
        machine: arguments.machine.machine(&targets)?,
        targets,
        plan: Plan {
            runs: arguments.runs,
            warmup: arguments.warmup,
            memory_runs: MEMORY_RUNS.min(arguments.runs),
            idle_gap: arguments.idle_gap,
            // The clock's last digits are as good as random where nobody guesses them.
            seed: arguments.seed.unwrap_or_else(|| clock::now_ns() % 1_000_000_007),
        },
        image_files_bytes: 0,
        pinned_to: arguments.pin,
        timeout: arguments.timeout,
        command: std::env::args_os()
            .map(|word| word.to_string_lossy().into_owned())
            .collect(),
    })
}

/// Writes the results file and beside it the chart, and says where.
fn keep(asked: Option<&Path>, results: &Results) -> Result<(), Error> {
    let path = match asked {
        Some(path) => path.to_owned(),
        None => Path::new(RESULTS).join(format!("{}.json", name(results))),
    };
    store::write_with(&path, |file| Ok(results.write(file)?)).map_err(|error| match asked {
        Some(_) => error,
        None => error.remedy("Name another place: isolab compare --json FILE, or --json - for stdout."),
    })?;
    output::hint(&format!("results are in {}", path.display()));
    if asked.is_none() {
        let path = path.with_extension("svg");
        let svg = chart::startup_phases(results)
            .svg()
            .map_err(|error| Error::new(error.to_string()))?;
        store::write(&path, svg.as_bytes())?;
        output::hint(&format!("start-up by phase is drawn in {}", path.display()));
    }
    Ok(())
}

/// The workload's name and the time, in UTC: `hello-20260102T030405Z`.
fn name(results: &Results) -> String {
    let file = Path::new(&results.workload.name)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    format!("{file}-{}", jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ"))
}
