//! `isolab density`: how many instances fit on this host.

use super::arguments::{self, WorkloadArguments, ram};
use super::machine_arguments::MachineArguments;
use super::output;
use super::progress::Progress;
use crate::density::{self, Bounds};
use crate::error::Error;
use crate::files::store;
use crate::plan::{Plan, Request};
use crate::targets::registry::TargetKind;
use clap::Args;
use reports::model::{Message, Results};
use reports::render;
use reports::report::Format;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Instances of each target, by default.
const INSTANCES: u32 = 200;

// What `isolab density` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    workload: WorkloadArguments,
    /// Targets whose instances are held, one target after the other (default: process, container, microvm)
    #[arg(long, value_name = "T,T,…", value_delimiter = ',', value_parser = arguments::target)]
    on: Vec<TargetKind>,
    /// Stop at this many instances of a target
    #[arg(long, value_name = "N", default_value_t = INSTANCES, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max: u32,
    /// Stop before the instances of a target take more of the host's memory than this; without it, before a tenth of the
    /// host's memory (512 MiB at least) would no longer be left
    #[arg(long, value_name = "SIZE", value_parser = ram)]
    budget: Option<u64>,
    /// Give an instance up that does not write within this many seconds
    #[arg(long, value_name = "S", default_value = "30", value_parser = arguments::seconds)]
    timeout: Duration,
    /// Write the results to FILE, or with - to stdout (the table then goes to stderr)
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write a report with the curves (HTML) to the folder DIR
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    #[command(flatten)]
    machine: MachineArguments,
}

/// Holds instances as asked.
///
/// # Errors
/// What is wrong with the arguments, an image that cannot be made, files that cannot be written, and that nothing could be
/// started.
pub fn run(arguments: Arguments) -> Result<u8, Error> {
    let plan = plan(&arguments)?;
    super::compare::check_places(arguments.json.as_deref(), arguments.report.as_deref())?;
    let bounds = Bounds {
        instances: arguments.max,
        budget_bytes: arguments.budget,
    };
    let mut progress = Progress::new(u64::from(arguments.max) * plan.targets.len() as u64);
    let outcome = density::measure(&plan, &bounds, &mut progress)?;
    drop(progress);
    let results = outcome.results;
    let table = render::density(&results, output::language());
    if arguments.json.as_deref() == Some(Path::new("-")) {
        output::text(&table);
        output::print_with(|stdout| Ok(results.write(stdout)?))?;
    } else {
        output::print(table.as_bytes())?;
        keep(&arguments, &results)?;
    }
    if !outcome.complete {
        return Err(Error::new(Message::new("ended-before-all-instances")));
    }
    if results.density.is_empty() {
        return Err(Error::new(Message::new("no-target-could-start")).remedy(Message::new("do-doctor")));
    }
    Ok(0)
}

fn keep(arguments: &Arguments, results: &Results) -> Result<(), Error> {
    if let Some(path) = &arguments.json {
        store::write_with(path, |file| Ok(results.write(file)?))?;
        output::say(&Message::new("results-are-in").with("path", path.display().to_string()));
    }
    if let Some(folder) = &arguments.report {
        let results = std::slice::from_ref(results);
        let files = super::report::write(results, &[Format::Html], folder, output::language())?;
        output::say(&Message::new("report-is-in").with("files", files.join(", ")));
    }
    Ok(())
}

fn plan(arguments: &Arguments) -> Result<Plan, Error> {
    let request = Request {
        targets: (!arguments.on.is_empty()).then(|| arguments.on.clone()),
        timeout: Some(arguments.timeout),
        machine: arguments.machine.request()?,
        command: std::env::args_os()
            .map(|word| word.to_string_lossy().into_owned())
            .collect(),
        ..Request::of(arguments.workload.find("density")?)
    };
    let plan = request.resolve()?;
    arguments.machine.tell_kernel(&plan.machine);
    Ok(plan)
}
