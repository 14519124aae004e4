//! Suites: many comparisons from one file, each kept as soon as it is done.
//!
//! A suite is a TOML file ([`file`]) of cases; each case with its parameters unfolds into steps, and each step is one
//! comparison with a results file of its own in the suite's folder. What was finished is never lost: a suite that was
//! stopped keeps its files, and resuming it leaves out the steps whose results are there and whole.

pub mod case;
pub mod file;
pub mod shard;
mod source;

use crate::comparison;
use crate::error::Error;
use crate::files::store;
use crate::host;
use crate::measure::scheduler::Conductor;
use crate::plan::{LinuxRequest, MachineRequest, Plan, Request};
use crate::warnings::Warning;
use crate::workloads::Workload;
use case::{Parameters, Varies};
use file::Suite;
use reports::model::Message;
use reports::model::Results;
use shard::Shard;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The copy of the suite in its folder, by which a resumed suite is known to be the same.
pub const COPY: &str = "suite.json";

/// One comparison of a suite.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its place in the suite, the case's name and its parameters; also the results file's name.
    pub name: String,
    /// What to measure.
    pub plan: Plan,
}

/// All comparisons of a suite, in order.
pub fn steps(suite: &Suite) -> Result<Vec<Step>, Error> {
    let mut steps = Vec::new();
    for case in &suite.cases {
        for parameters in case.unfold() {
            let name = format!(
                "{:02}-{}{}",
                steps.len() + 1,
                case.name,
                suffix(&parameters, case.varies())
            );
            steps.push(Step {
                name,
                plan: plan(suite, parameters)?,
            });
        }
    }
    Ok(steps)
}

fn plan(suite: &Suite, parameters: Parameters) -> Result<Plan, Error> {
    let workload = match &parameters.program {
        Some(path) => Workload::program(path, parameters.args)?,
        None => Workload::own(&parameters.workload, parameters.args)?,
    };
    let ready = parameters.ready.map(|ready| ready.parse()).transpose();
    let workload = Workload {
        inputs: parameters.inputs.resolve(&workload.file_name)?,
        ready: ready?.unwrap_or_default(),
        ..workload
    };
    let request = Request {
        workload,
        against: None,
        targets: Some(parameters.targets),
        launchers: Vec::new(),
        runs: Some(parameters.runs),
        warmup: Some(parameters.warmup),
        idle_gap: Some(Duration::from_secs_f64(parameters.idle_gap_ms / 1e3)),
        timeout: Some(Duration::from_secs_f64(parameters.timeout_s)),
        seed: Some(suite.seed),
        machine: MachineRequest {
            memory_bytes: parameters.memory_bytes,
            cpus: parameters.cpus,
            pids: parameters.pids,
            jail: parameters.jail,
            linux: LinuxRequest {
                kernel: parameters.kernel,
                rootfs: parameters.rootfs,
                ..LinuxRequest::default()
            },
        },
        image_files_bytes: parameters.image_files_bytes,
        cold: parameters.cold,
        pin: None,
        command: vec!["isolab".into(), "suite".into(), "run".into(), suite.name.clone()],
    };
    request.resolve()
}

/// Those parameters that vary within the case, for a file name.
fn suffix(parameters: &Parameters, varies: Varies) -> String {
    let mut suffix = String::new();
    if varies.memory {
        suffix.push_str(&memory_suffix(parameters.memory_bytes.unwrap_or(0)));
    }
    if varies.cpus {
        suffix.push_str(&cpus_suffix(parameters.cpus.unwrap_or(0.0)));
    }
    if varies.idle_gap {
        suffix.push_str(&format!("-gap{}ms", parameters.idle_gap_ms));
    }
    if varies.image_files {
        suffix.push_str(&format!("-image{}KiB", parameters.image_files_bytes >> 10));
    }
    suffix
}

/// A size of memory in a file name.
pub fn memory_suffix(bytes: u64) -> String {
    format!("-{}MiB", bytes >> 20)
}

/// A number of CPUs in a file name.
pub fn cpus_suffix(cpus: f64) -> String {
    format!("-{cpus}cpus")
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Measured now.
    Done,
    /// Its results were there already.
    Kept,
    /// Stopped by a signal; what was finished of it is in its file, marked as incomplete.
    Stopped,
}

/// Runs those of the steps, which are all or a shard's, that are still to be done, and tells `told` of each. Ends early when the conductor is stopped.
pub fn run(
    suite: &Suite,
    steps: &[Step],
    folder: &Path,
    resume: Resume,
    shard: Option<Shard>,
    conductor: &mut dyn Conductor,
    mut told: impl FnMut(&Step, Progress, Option<&Results>),
) -> Result<(), Error> {
    prepare(suite, folder, resume, shard.map(|_| steps))?;
    for step in steps {
        let path = results_path(folder, step);
        if resume == Resume::Yes
            && let Some(results) = whole(&path)
        {
            check_descriptions(&step.plan, &results, &path)?;
            for _ in 0..step.plan.steps() {
                conductor.stepped(&step.name);
            }
            told(step, Progress::Kept, None);
            continue;
        }
        let mut outcome = comparison::compare(&step.plan, conductor)?;
        // Shards may be measured on hosts that differ in nothing else.
        outcome.results.host.name = shard.and_then(|_| host::name());
        store::write_with(&path, |file| Ok(outcome.results.write(file)?))?;
        if !outcome.complete {
            told(step, Progress::Stopped, Some(&outcome.results));
            return Ok(());
        }
        told(step, Progress::Done, Some(&outcome.results));
    }
    Ok(())
}

/// Where a step's results are.
pub fn results_path(folder: &Path, step: &Step) -> PathBuf {
    folder.join(format!("{}.json", step.name))
}

/// Whether to go on with what is in the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    /// Leave out what is done.
    Yes,
    /// Begin, in a folder that holds no suite.
    No,
}

/// Notes the suite in its folder, or makes sure that what is there is of the same suite. Several shards may keep their results
/// in one folder: then it holds no results of these steps.
fn prepare(suite: &Suite, folder: &Path, resume: Resume, shard: Option<&[Step]>) -> Result<(), Error> {
    let copy = folder.join(COPY);
    let now = serde_json::to_string_pretty(suite)
        .map_err(|error| Error::from_cause(Message::new("cannot-write-json"), error))?;
    match (std::fs::read_to_string(&copy), resume) {
        (Ok(then), Resume::Yes) if then == now => Ok(()),
        (Ok(then), Resume::No) if then == now && shard.is_some_and(|steps| are_new(steps, folder)) => Ok(()),
        (Ok(_), Resume::Yes) => Err(
            Error::new(Message::new("suite-changed").with("path", copy.display().to_string()))
                .remedy(Message::new("do-begin-anew")),
        ),
        (Ok(_), Resume::No) => Err(
            Error::new(Message::new("suite-there").with("path", folder.display().to_string()))
                .remedy(Message::new("do-resume")),
        ),
        (Err(_), _) => store::write(&copy, now.as_bytes()),
    }
}

fn are_new(steps: &[Step], folder: &Path) -> bool {
    steps.iter().all(|step| !results_path(folder, step).exists())
}

/// The results in that file, where they are there and nothing is missing.
fn whole(path: &Path) -> Option<Results> {
    let file = File::open(path).ok()?;
    let results = Results::read(&mut BufReader::new(file)).ok()?;
    let whole = results.warnings.iter().all(|warning| warning.id != Warning::INCOMPLETE);
    whole.then_some(results)
}

/// Refuses to go on where a tool is described in another way than when its results were taken.
fn check_descriptions(plan: &Plan, results: &Results, path: &Path) -> Result<(), Error> {
    for kind in &plan.targets {
        let measured = results.targets.iter().find(|target| target.name == kind.name);
        let then = measured.and_then(|target| target.description.as_ref());
        if let (Some(then), Some(now)) = (then, kind.description())
            && then.sha256 != now.sha256
        {
            let problem = Message::new("other-description")
                .with("path", path.display().to_string())
                .with("name", kind.name.as_str());
            return Err(Error::new(problem).remedy(Message::new("do-begin-anew")));
        }
    }
    Ok(())
}
