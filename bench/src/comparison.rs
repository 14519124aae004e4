//! One comparison from beginning to end: lay out the images, prepare the targets, run the rounds, sum up.

use crate::error::Error;
use crate::host;
use crate::host::observer::Observer;
use crate::measure::scheduler::{self, Conductor, Measured, Plan};
use crate::targets::container::{Container, Counting, Options};
use crate::targets::local::{Local, Subject};
use crate::targets::microvm::{Linux, MicroVm};
use crate::targets::mock::Mock;
use crate::targets::process::Process;
use crate::targets::spawn::Group;
use crate::targets::{Backend, Target};
use crate::warnings::Warning;
use crate::workloads::Workload;
use crate::workloads::image::Image;
use container::Limits;
use reports::analysis;
use reports::model::{self, Results, SCHEMA};
use std::rc::Rc;
use std::time::Duration;

/// Where the lab can run a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetName {
    /// A plain process, the baseline
    Process,
    /// A namespace container that shares the host's kernel
    Container,
    /// A KVM virtual machine that boots the lab's own small guest kernel
    Microvm,
    /// A KVM virtual machine that boots the Linux kernel of --kernel
    MicrovmLinux,
    /// Nothing but a simulated clock: to try out suites and reports, and to test the lab itself
    #[value(hide = true)]
    Simulated,
}

impl TargetName {
    /// As it is written on the command line and in results.
    pub fn as_str(self) -> &'static str {
        match self {
            TargetName::Process => "process",
            TargetName::Container => "container",
            TargetName::Microvm => "microvm",
            TargetName::Simulated => "simulated",
            TargetName::MicrovmLinux => "microvm-linux",
        }
    }
}

/// What the targets are given; each takes what it has a use for.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// Guest RAM.
    pub memory_bytes: u64,
    /// Virtual processors.
    pub cpus: f64,
    /// What `microvm-linux` boots.
    pub linux: Option<Linux>,
    /// Limits of containers.
    pub limits: Limits,
    /// Whether the monitors of virtual machines run in containers.
    pub jail: bool,
}

impl Machine {
    /// What `--memory` and `--cpus` mean: a micro-VM is given so much, or what is usual, and a container is limited to so much,
    /// or not at all.
    pub fn new(memory_bytes: Option<u64>, cpus: Option<f64>, linux: Option<Linux>) -> Self {
        let usual = Machine::default();
        Machine {
            memory_bytes: memory_bytes.unwrap_or(usual.memory_bytes),
            cpus: cpus.unwrap_or(usual.cpus),
            linux,
            limits: Limits {
                memory_bytes,
                cpus,
                ..usual.limits
            },
            jail: false,
        }
    }
}

impl Default for Machine {
    fn default() -> Self {
        Machine {
            memory_bytes: microvm::DEFAULT_MEMORY_BYTES,
            cpus: 1.0,
            linux: None,
            limits: Limits::default(),
            jail: false,
        }
    }
}

/// What to compare, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What runs everywhere.
    pub workload: Workload,
    /// Where; the first is what the others are compared with.
    pub targets: Vec<TargetName>,
    /// How often.
    pub plan: Plan,
    /// The virtual machine.
    pub machine: Machine,
    /// Bytes of other files in the image.
    pub image_files_bytes: u64,
    /// The processor that the lab and everything it starts are kept to.
    pub pinned_to: Option<u32>,
    /// A run that takes longer is ended and counts as failed.
    pub timeout: Duration,
    /// The command line, for the results file.
    pub command: Vec<String>,
}

/// What a comparison gave.
#[derive(Debug)]
pub struct Outcome {
    /// Everything that was measured.
    pub results: Results,
    /// All that was planned was done; false after a signal.
    pub complete: bool,
}

/// Compares. Targets that cannot run here are in the results with their reason.
pub fn compare(settings: &Settings, conductor: &mut dyn Conductor) -> Result<Outcome, Error> {
    let image = Rc::new(Image::build(&settings.workload, settings.image_files_bytes)?);
    let still = match still(&settings.workload)? {
        Some(workload) => Rc::new(Image::build(&workload, settings.image_files_bytes)?),
        None => Rc::clone(&image),
    };
    let host = host::describe();
    let observer = Observer::begin();
    let mut targets: Vec<Box<dyn Target>> = Vec::new();
    let mut described = Vec::new();
    for name in &settings.targets {
        let subject = |counting, image: &Rc<Image>| {
            backend(*name, settings, counting).map(|backend| Subject {
                backend,
                image: Rc::clone(image),
            })
        };
        let subjects = subject(Counting::Off, &image).zip(subject(Counting::Below(host.memory_bytes), &still));
        let target: Result<Box<dyn Target>, Error> = match subjects {
            Some((timed, still)) => Local::new(timed, still, settings.timeout).map(|local| Box::new(local) as _),
            None => Ok(Box::new(Mock::simulated(settings.plan.seed))),
        };
        match target {
            Ok(target) => {
                described.push(target.describe());
                targets.push(target);
            }
            Err(error) => described.push(unavailable(name.as_str(), &error)),
        }
    }
    let measured = scheduler::run(&mut targets, &settings.plan, conductor);
    for (index, error) in &measured.unavailable {
        let name = targets[*index].name();
        if let Some(target) = described.iter_mut().find(|target| target.name == name) {
            *target = unavailable(name, error);
        }
    }
    let warnings = observer.finish(settings, &described, &targets, &measured);
    let of_program: Vec<_> = targets.iter().flat_map(|target| target.metrics()).collect();
    Ok(Outcome {
        complete: measured.complete,
        results: results(settings, host, described, measured, &of_program, warnings),
    })
}

/// What is known of the results before anything is measured: host, configuration and workload.
pub fn planned(settings: &Settings) -> Results {
    results(
        settings,
        host::describe(),
        Vec::new(),
        Measured::default(),
        &[],
        Vec::new(),
    )
}

/// A workload that holds still in place of one of the lab's own that does not. Any other program is looked at as it is:
/// stopped at its first byte.
fn still(workload: &Workload) -> Result<Option<Workload>, Error> {
    match workload.name.as_str() {
        "hello" | "cpu" => Workload::own("hold", vec![]).map(Some),
        _ => Ok(None),
    }
}

/// The code behind a target; the simulated one has none.
fn backend(name: TargetName, settings: &Settings, counting: Counting) -> Option<Box<dyn Backend>> {
    let machine = |linux| {
        Box::new(MicroVm {
            memory_bytes: settings.machine.memory_bytes,
            cpus: settings.machine.cpus,
            timeout: Some(settings.timeout),
            jail: settings.machine.jail,
            ..MicroVm::new(linux, Group::Own)
        })
    };
    Some(match name {
        TargetName::Simulated => return None,
        TargetName::Process => Box::new(Process { group: Group::Own }),
        TargetName::Container => Box::new(Container {
            counting,
            options: Options {
                limits: settings.machine.limits.clone(),
                ..Options::default()
            },
        }),
        TargetName::Microvm => machine(None),
        TargetName::MicrovmLinux => machine(settings.machine.linux.clone()),
    })
}

fn unavailable(name: &str, error: &Error) -> model::Target {
    let reason = match &error.remedy {
        Some(remedy) => format!("{}. {remedy}", error.message.trim_end_matches('.')),
        None => error.message.clone(),
    };
    model::Target {
        name: name.into(),
        unavailable: Some(reason.into()),
        ..model::Target::default()
    }
}

fn results(
    settings: &Settings,
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
            command: settings.command.clone(),
            runs: settings.plan.runs,
            warmup: settings.plan.warmup,
            idle_gap_ms: settings.plan.idle_gap.as_secs_f64() * 1e3,
            seed: settings.plan.seed,
            memory_bytes: settings.machine.memory_bytes,
            cpus: settings.machine.cpus.ceil() as u32,
            container_limits: model::Limits {
                memory_bytes: settings.machine.limits.memory_bytes,
                cpus: settings.machine.limits.cpus,
                pids: settings.machine.limits.pids,
            },
            image_files_bytes: settings.image_files_bytes,
            rootfs: linux_rootfs(settings),
            pinned_to: settings.pinned_to,
            timeout_s: settings.timeout.as_secs_f64(),
        },
        workload: settings.workload.describe(),
        targets,
        metrics: Vec::new(),
        samples: measured.samples,
        instances: measured.instances,
        summary: Vec::new(),
        comparisons: Vec::new(),
        diff: None,
        warnings: warnings.iter().map(Warning::describe).collect(),
    };
    analysis::analyse(&mut results, of_program);
    results
}

/// Where a Linux guest has the image's files, where there is one.
fn linux_rootfs(settings: &Settings) -> Option<String> {
    let linux = settings.machine.linux.as_ref()?;
    let boots = settings.targets.contains(&TargetName::MicrovmLinux);
    boots.then(|| linux.rootfs.as_str().into())
}
