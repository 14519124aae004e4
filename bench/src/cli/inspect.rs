//! `isolab inspect`: what the same program sees of kernel, machine and others on each target, side by side.

use super::input_arguments::InputArguments;
use super::machine_arguments::MachineArguments;
use super::{arguments, output};
use crate::error::Error;
use crate::measure::stopwatch;
use crate::plan::{Request, TIMEOUT};
use crate::targets::local;
use crate::targets::registry::{Purpose, TargetKind};
use crate::workloads::Workload;
use crate::workloads::image::Image;
use clap::Args;
use reports::inspection::{Inspection, side_by_side};
use reports::render;
use std::time::Duration;

/// The workload that looks.
const WORKLOAD: &str = "inspect";

// What `isolab inspect` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Targets to look from; default as `isolab compare`
    #[arg(long, value_name = "T,T,…", value_delimiter = ',', value_parser = arguments::target)]
    on: Vec<TargetKind>,
    #[command(flatten)]
    inputs: InputArguments,
    #[command(flatten)]
    machine: MachineArguments,
}

/// Shows it. A target that cannot run here is said to, with its reason.
pub fn run(arguments: Arguments) -> Result<u8, Error> {
    let plan = Request {
        targets: (!arguments.on.is_empty()).then(|| arguments.on.clone()),
        machine: arguments.machine.request(),
        ..Request::of(arguments.inputs.give_to(Workload::own(WORKLOAD, Vec::new())?)?)
    }
    .resolve()?;
    arguments.machine.tell_kernel(&plan.machine);
    let image = Image::build(&plan.workload, plan.image_files_bytes)?;
    let purpose = Purpose::measured(&plan.machine, TIMEOUT);
    let mut inspections = Vec::new();
    let mut reasons = Vec::new();
    for kind in plan.targets.iter().filter(|kind| kind.runs_here()) {
        let seen = look(kind, &purpose, &image, TIMEOUT);
        reasons.extend(seen.as_ref().err().map(|why| format!("{}: {why}", kind.name)));
        inspections.push(Inspection {
            target: kind.name.clone(),
            seen: seen.unwrap_or_default(),
        });
    }
    let style = output::table_style(&std::io::stdout());
    output::print(side_by_side(&inspections, style, output::language()).as_bytes())?;
    reasons.iter().for_each(|reason| output::hint(reason));
    match inspections.iter().any(|inspection| !inspection.seen.is_empty()) {
        true => Ok(0),
        false => Err(Error::new("no target could run the program").remedy("`isolab doctor` says what is missing.")),
    }
}

/// What the program says it sees on a target, or why it says nothing.
fn look(
    kind: &TargetKind,
    purpose: &Purpose,
    image: &Image,
    timeout: Duration,
) -> Result<Vec<(String, String)>, String> {
    let told = |error: Error| render::reason(&error.reason(), output::language());
    let Some(backend) = kind.backend(purpose) else {
        return Ok(Vec::new());
    };
    // It finds out what is missing on this host.
    backend.describe(image).map_err(told)?;
    let seen = stopwatch::run(backend.as_ref(), image, timeout).map_err(told)?;
    if let Some(why) = local::error(&seen, image.ready(), timeout) {
        return Err(render::reason(&why, output::language()));
    }
    let text = String::from_utf8_lossy(&seen.stdout.bytes).into_owned();
    let lines = text.lines().filter_map(|line| line.split_once(": "));
    Ok(lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}
