//! One comparison from beginning to end: lay out the images, prepare the targets, run the rounds, sum up.

use crate::error::Error;
use crate::host;
use crate::host::doctor::containers;
use crate::host::observer::Observer;
use crate::host::primitives;
use crate::measure::scheduler::{self, Conductor, Measured};
use crate::plan::Plan;
use crate::targets::Target;
use crate::targets::cold::Cold;
use crate::targets::local::Local;
use crate::targets::mock::Mock;
use crate::targets::pinned::Pinned;
use crate::targets::registry::Purpose;
use crate::warnings::Warning;
use crate::workloads::Workload;
use crate::workloads::image::Image;
use reports::analysis;
use reports::model::{self, Results, SCHEMA, Version};
use std::rc::Rc;

/// What a comparison gave.
#[derive(Debug)]
pub struct Outcome {
    /// Everything that was measured.
    pub results: Results,
    /// All that was planned was done; false after a signal.
    pub complete: bool,
}

/// Compares. Targets that cannot run here are in the results with their reason.
pub fn compare(plan: &Plan, conductor: &mut dyn Conductor) -> Result<Outcome, Error> {
    let image = |(version, workload): (Option<Version>, &Workload)| -> Result<_, Error> {
        Ok((version, Rc::new(Image::build(workload, plan.image_files_bytes)?)))
    };
    let images: Vec<_> = plan.programs().into_iter().map(image).collect::<Result<_, _>>()?;
    let mut host = described_host(plan);
    if plan.targets.iter().any(|kind| kind.runs_here()) {
        host.environment.primitives = primitives::measure();
    }
    let observer = Observer::begin();
    let mut targets: Vec<Box<dyn Target>> = Vec::new();
    let mut described = Vec::new();
    let purpose = Purpose::measured(&plan.machine, plan.timeout);
    for kind in &plan.targets {
        for (version, image) in &images {
            let row = plan.row(kind, *version);
            let target: Result<Box<dyn Target>, Error> = match kind.backend(&purpose) {
                Some(backend) => {
                    let backend = Pinned::over(backend, &plan.pinning);
                    Local::new(&row, backend, Rc::clone(image), plan.timeout).map(|local| Box::new(local) as _)
                }
                None => Ok(Box::new(Mock::simulated(&row, plan.schedule.seed))),
            };
            match target.map(|target| Cold::over(target, plan.cold)) {
                Ok(target) => {
                    described.push(target.describe());
                    targets.push(target);
                }
                Err(error) => described.push(unavailable(&row, &error)),
            }
        }
    }
    let measured = scheduler::run(&mut targets, &plan.schedule, conductor);
    for (index, error) in &measured.unavailable {
        let name = targets[*index].name();
        if let Some(target) = described.iter_mut().find(|target| target.name == name) {
            *target = unavailable(name, error);
        }
    }
    let warnings = observer.finish(plan, &described, &targets, &measured);
    let of_program: Vec<_> = targets.iter().flat_map(|target| target.metrics()).collect();
    Ok(Outcome {
        complete: measured.complete,
        results: results(plan, host, described, measured, &of_program, warnings),
    })
}

/// What is known of the results before anything is measured: host, configuration and workload.
pub fn planned(plan: &Plan) -> Results {
    results(
        plan,
        described_host(plan),
        Vec::new(),
        Measured::default(),
        &[],
        Vec::new(),
    )
}

/// This host, of which isolab and the instances together use the CPUs that they are pinned to.
fn described_host(plan: &Plan) -> model::Host {
    let host = host::describe();
    match plan.pinning.cpus().len() {
        0 => host,
        cpus => model::Host {
            cores: cpus as u32,
            ..host
        },
    }
}

/// A target that cannot run here, with the reason.
pub fn unavailable(name: &str, error: &Error) -> model::Target {
    // Where no container runs at all, doctor knows why in every language.
    let target = Version::of(name).map_or(name, |(target, _)| target);
    let refused = (target == "container").then(containers::refusal).flatten();
    model::Target {
        name: name.into(),
        unavailable: Some(refused.map_or_else(|| error.reason(), |finding| Error::found(&finding).reason())),
        ..model::Target::default()
    }
}

fn results(
    plan: &Plan,
    host: model::Host,
    targets: Vec<model::Target>,
    measured: Measured,
    of_program: &[model::Definition],
    warnings: Vec<Warning>,
) -> Results {
    let mut results = Results {
        schema: SCHEMA.into(),
        host,
        config: model::Config {
            command: plan.command.clone(),
            runs: plan.schedule.runs,
            warmup: plan.schedule.warmup,
            idle_gap_ms: plan.schedule.idle_gap.as_secs_f64() * 1e3,
            seed: plan.schedule.seed,
            memory_bytes: plan.machine.memory_bytes,
            linux_memory_bytes: boots_linux(plan).then_some(plan.machine.linux_memory_bytes),
            cpus: plan.machine.cpus.ceil() as u32,
            container_limits: model::Limits {
                memory_bytes: plan.machine.limits.memory_bytes,
                cpus: plan.machine.limits.cpus,
                pids: plan.machine.limits.pids,
            },
            image_files_bytes: plan.image_files_bytes,
            rootfs: linux_rootfs(plan),
            pinned_to: plan.pinning.cpus().to_vec(),
            cold: plan.cold,
            timeout_s: plan.timeout.as_secs_f64(),
        },
        workload: plan.workload.describe(),
        against: plan.against.as_ref().map(Workload::describe),
        targets,
        metrics: Vec::new(),
        samples: measured.samples,
        instances: measured.instances,
        summary: Vec::new(),
        comparisons: Vec::new(),
        density: Vec::new(),
        diff: None,
        warnings: warnings.iter().map(Warning::describe).collect(),
    };
    analysis::analyse(&mut results, of_program);
    results
}

/// Where a Linux guest has the image's files, where there is one.
fn linux_rootfs(plan: &Plan) -> Option<String> {
    let linux = plan.machine.linux.as_ref()?;
    boots_linux(plan).then(|| linux.rootfs.as_str().into())
}

fn boots_linux(plan: &Plan) -> bool {
    plan.machine.linux.is_some() && plan.targets.iter().any(|target| target.takes.kernel)
}
