//! A container that a fresh process starts, the small runtime executable of the container library: planned here, as an engine
//! hands a finished bundle to its runtime.

use crate::error::Error;
use crate::targets::container::{end, explained};
use crate::targets::spawn::{Child, Group, Prepared};
use crate::targets::{CgroupMemory, End, Instance, Role, Start, Stdio, cgroup, process_tree};
use container::{Access, Bundle, Init, Limits, Network, Spec, Stdio3, Terminal, Volume, Writable};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reports::model::Message;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;

/// What "no limit" is where a control group is to count all the same: as many tasks as Linux can have, pid 1 not counted (PID_MAX_LIMIT,
/// `include/linux/threads.h`).
const MOST_TASKS: u32 = (1 << 22) - 1;
/// The usual share of the processor (cgroup v2 `cpu.weight`).
const USUAL_WEIGHT: u32 = 100;
/// How long the runtime may take to end once the program has ended or the start has failed.
const PATIENCE_MS: u16 = 10_000;

/// A container to run.
#[derive(Clone, Debug, Default)]
pub struct ContainerOrder {
    /// The folder with the image's files.
    pub layer: PathBuf,
    /// The program's path inside.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its environment.
    pub env: Vec<String>,
    /// Files and folders of the host shown inside.
    pub volumes: Vec<OrderedVolume>,
    /// Device files of the host shown inside.
    pub devices: Vec<PathBuf>,
    /// Memory limit in bytes.
    pub memory_bytes: Option<u64>,
    /// Limit of processor time, in processors.
    pub cpus: Option<f64>,
    /// Limit of processes and threads.
    pub pids: Option<u32>,
    /// How it is isolated.
    pub variant: Variant,
    /// A control group of its own for memory, CPU and tasks even where nothing is limited, as Docker gives one.
    pub own_cgroup: bool,
}

/// How a container is isolated.
#[derive(Clone, Debug, Default)]
pub enum Variant {
    /// With all that isolab's has.
    #[default]
    Whole,
    /// The program is pid 1.
    WithoutInit,
    /// In the network namespace of this file, beside others.
    InNetwork(PathBuf),
    /// The layer itself is the root, read-only.
    Bound,
}

/// A file or folder of the host shown inside.
#[derive(Clone, Debug)]
pub struct OrderedVolume {
    /// What to show.
    pub source: PathBuf,
    /// Where, an absolute path inside.
    pub target: PathBuf,
    /// Whether the program may write to it.
    pub writable: bool,
}

/// Makes a container ready that a fresh process of the container library's small runtime executable starts.
///
/// # Errors
/// A description that makes no sense, or a descriptor that is not to be had.
pub fn prepare(order: ContainerOrder, stdio: Stdio, group: Group) -> Result<Start, Error> {
    let pid1 = match order.variant {
        Variant::WithoutInit => Role::Program,
        _ => Role::Runtime,
    };
    let mut spec = spec(order);
    spec.stdio = Stdio3 {
        stdin: container::Stdio::Fd(stdio.stdin),
        stdout: container::Stdio::Fd(stdio.stdout),
        stderr: container::Stdio::Fd(stdio.stderr),
        terminal: Terminal::None,
    };
    let (bundle, descriptors) = Bundle::new(&spec).map_err(explained)?;
    let prepared = Prepared::new(&bundle.executable(), &bundle.arguments(), &[], descriptors, group)?;
    Ok(Box::new(move || {
        let runtime = prepared
            .spawn()
            .map_err(|errno| Error::from_cause(Message::new("cannot-execute-container-runtime"), errno))?;
        Ok(Box::new(Running { runtime, bundle, pid1 }) as Box<dyn Instance>)
    }))
}

struct Running {
    /// It ends when the program has been executed.
    runtime: Child,
    bundle: Bundle,
    pid1: Role,
}

impl Running {
    fn has_started(&self) -> bool {
        poll(
            &mut [PollFd::new(self.runtime.pidfd(), PollFlags::POLLIN)],
            PollTimeout::ZERO,
        ) == Ok(1)
    }
}

impl Instance for Running {
    fn pidfd(&self) -> BorrowedFd<'_> {
        self.bundle.ended()
    }

    /// The runtime until it has ended, pid 1 and, below that, its programs.
    fn processes(&self) -> Vec<(i32, Role)> {
        let runtime = (!self.has_started()).then(|| (self.runtime.pid(), Role::Runtime));
        let below = self.bundle.pid().into_iter().flat_map(process_tree::below);
        let role = |(pid, depth)| (pid, if depth == 0 { self.pid1 } else { Role::Program });
        runtime.into_iter().chain(below.map(role)).collect()
    }

    fn cgroup_memory(&self) -> Result<CgroupMemory, Message> {
        let deepest = self.bundle.pid().and_then(|pid| process_tree::below(pid).pop());
        let (pid, _) = deepest.ok_or_else(|| Message::new("no-process"))?;
        cgroup::memory_of(pid)
    }

    fn kill(&mut self) {
        // First, so that it makes no pid 1 afterwards.
        self.runtime.kill();
        if let Some(pid) = self.bundle.pid() {
            // It may have ended by itself (ESRCH); until it is reaped, its number is nobody else's.
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }

    fn finish(self: Box<Self>) -> Result<End, Error> {
        let Running { runtime, bundle, .. } = *self;
        // Not reaped yet: that would end its process group, and pid 1 is in it. One that does not end, since somebody has stopped
        // it, is ended.
        loop {
            match poll(
                &mut [PollFd::new(runtime.pidfd(), PollFlags::POLLIN)],
                PollTimeout::from(PATIENCE_MS),
            ) {
                Ok(0) => runtime.kill(),
                Ok(_) => break,
                Err(_) => {}
            }
        }
        let end = bundle.container().map_err(explained).and_then(end);
        runtime.reap()?;
        end
    }
}

fn spec(order: ContainerOrder) -> Spec {
    let mut spec = Spec::new(vec![order.layer], order.program);
    spec.args = order.args.into_iter().map(Into::into).collect();
    spec.env = order.env.into_iter().map(Into::into).collect();
    let volume = |volume: OrderedVolume| Volume {
        source: volume.source,
        target: volume.target,
        access: if volume.writable {
            Access::ReadWrite
        } else {
            Access::ReadOnly
        },
    };
    spec.volumes = order.volumes.into_iter().map(volume).collect();
    spec.devices = order.devices;
    spec.limits = Limits {
        memory_bytes: order.memory_bytes,
        cpus: order.cpus,
        pids: order.pids,
        ..Limits::default()
    };
    match order.variant {
        Variant::Whole => {}
        Variant::WithoutInit => spec.init = Init::None,
        Variant::InNetwork(path) => spec.namespaces.network = Network::Of(path),
        Variant::Bound => spec.writable = Writable::Bound,
    }
    if order.own_cgroup {
        count_all(&mut spec.limits);
    }
    spec
}

/// A control group for everything that Docker counts.
pub fn count_all(limits: &mut Limits) {
    limits.memory_bytes.get_or_insert(u64::MAX);
    limits.pids.get_or_insert(MOST_TASKS);
    if limits.cpus.is_none() {
        limits.cpu_weight.get_or_insert(USUAL_WEIGHT);
    }
}
