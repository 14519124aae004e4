//! In the runtime's process: one container, from its start until everything that it used is gone.

use super::FAILED;
use super::report::Report;
use crate::error::Error;
use crate::signals;
use crate::targets::ENVIRONMENT;
use crate::targets::container::{explained, note, step};
use container::{Access, Container, ExitStatus, Limits, Spec, Volume};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What "no limit" is where a control group is to count all the same: as many tasks as Linux can have, pid 1 not counted (PID_MAX_LIMIT,
/// `include/linux/threads.h`).
const MOST_TASKS: u32 = (1 << 22) - 1;
/// The usual share of the processor (cgroup v2 `cpu.weight`).
const USUAL_WEIGHT: u32 = 100;

/// A container to run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ContainerOrder {
    /// The folder with the image's files.
    pub layer: PathBuf,
    /// The program's path inside.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
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
    /// A control group of its own for memory, CPU and tasks even where nothing is limited, as Docker gives one.
    pub own_cgroup: bool,
}

/// A file or folder of the host shown inside.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderedVolume {
    /// What to show.
    pub source: PathBuf,
    /// Where, an absolute path inside.
    pub target: PathBuf,
    /// Whether the program may write to it.
    pub writable: bool,
}

/// Runs the container; gives its exit status and the report.
pub fn run(order: ContainerOrder) -> (i32, Report) {
    let started = signals::catch()
        .map_err(|errno| Error::from_cause("cannot set up signal handlers", errno.desc()))
        .and_then(|()| container::start(&spec(order)).map_err(explained));
    let mut container = match started {
        Ok(container) => container,
        Err(error) => {
            return (
                error.run_status.into(),
                Report {
                    refused: Some(error),
                    ..Report::default()
                },
            );
        }
    };
    // Should isolab be killed, this process is told to end, and removes the control group. Until here it died with isolab.
    let _ = prctl::set_pdeathsig(Signal::SIGTERM);
    let ended = wait(&mut container);
    let mut report = Report {
        stamps: container
            .stamps()
            .into_iter()
            .map(|stamp| (stamp.name.to_owned(), stamp.at_ns))
            .collect(),
        steps: container.explain().into_iter().map(step).collect(),
        ..Report::default()
    };
    let status = match &ended {
        Ok(status) => {
            report.note = note(&container, *status);
            status.code().into()
        }
        Err(error) => {
            report.failure = Some(error.to_string());
            FAILED
        }
    };
    match container.remove() {
        Ok(()) => (status, report),
        Err(error) => {
            report.failure.get_or_insert(explained(error).to_string());
            (FAILED, report)
        }
    }
}

/// Waits for the container's end, and brings it about when a signal asks for it.
fn wait(container: &mut Container) -> Result<ExitStatus, Error> {
    let signals = signals::descriptor();
    loop {
        let ended = container.pidfd();
        let mut fds = [ended, signals.unwrap_or(ended)].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        match poll(&mut fds, PollTimeout::NONE) {
            Err(Errno::EINTR) => continue,
            Err(errno) => return Err(Error::from_cause("cannot wait for the container", errno.desc())),
            Ok(_) => {}
        }
        if !fds[0].any().unwrap_or(false) {
            // It may end by itself meanwhile.
            let _ = container.signal(Signal::SIGKILL);
        }
        return container.wait().map_err(explained);
    }
}

fn spec(order: ContainerOrder) -> Spec {
    let mut spec = Spec::new(vec![order.layer], order.program);
    spec.args = order.args.into_iter().map(Into::into).collect();
    spec.env = ENVIRONMENT.iter().map(Into::into).collect();
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
