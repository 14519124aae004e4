//! The workload in a namespace container that shares the host's kernel: [`Container`] starts it from this process, as
//! `isolab run` does, and [`fresh::Container`] from a fresh process of isolab's runtime, as it is measured.

pub mod fresh;

use super::{Backend, CgroupMemory, End, Instance, Role, Start, Stdio, Step};
use crate::error::{Error, in_english};
use crate::workloads::image::Image;
use container::{
    Capability, ExitStatus, Limits, Namespaces, Rlimit, Spec, Stdio3, Terminal, Tmpfs, User, Volume, Writable,
};
use nix::sys::signal::Signal;
use reports::model::{self, Message};
use std::collections::BTreeSet;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;

/// Runs a workload in a container that this process starts.
#[derive(Debug, Default)]
pub struct Container {
    /// What was asked for beside the program.
    pub options: Options,
}

/// What a container can be asked for; the default is the careful one of [`Spec::new`].
#[derive(Clone, Debug)]
pub struct Options {
    /// Host directories and files made visible inside.
    pub volumes: Vec<Volume>,
    /// Empty file systems in memory.
    pub tmpfs: Vec<Tmpfs>,
    /// How much of the host it may use.
    pub limits: Limits,
    /// Capabilities that the program keeps.
    pub capabilities: BTreeSet<Capability>,
    /// What it shares with the host.
    pub namespaces: Namespaces,
    /// What it may write to besides.
    pub writable: Writable,
    /// Whether it has a terminal of its own.
    pub terminal: Terminal,
    /// The user and group it runs as; its root when `None`.
    pub user: Option<User>,
    /// Its working directory, when not the root.
    pub cwd: Option<PathBuf>,
    /// Its host name, when not the usual one.
    pub hostname: Option<String>,
    /// Device files of the host shown inside.
    pub devices: Vec<PathBuf>,
    /// Resource limits of the process.
    pub rlimits: Vec<Rlimit>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            volumes: Vec::new(),
            tmpfs: Vec::new(),
            limits: Limits::default(),
            capabilities: BTreeSet::new(),
            namespaces: Namespaces::default(),
            writable: Writable::Memory { size_bytes: None },
            terminal: Terminal::None,
            user: None,
            cwd: None,
            hostname: None,
            devices: Vec::new(),
            rlimits: Vec::new(),
        }
    }
}

impl Backend for Container {
    fn name(&self) -> &str {
        "container"
    }

    fn describe(&self, image: &Image) -> Result<model::Target, Error> {
        describe(self.name(), image)
    }

    fn prepare(&self, image: &Image, args: &[String], stdio: Stdio) -> Result<Start, Error> {
        let mut spec = Spec::new(vec![image.layer().to_owned()], image.program());
        spec.args = args.iter().map(Into::into).collect();
        let options = self.options.clone();
        spec.env = image.environment().iter().map(Into::into).collect();
        spec.user = options.user.unwrap_or(spec.user);
        spec.cwd = options.cwd.unwrap_or(spec.cwd);
        spec.hostname = options.hostname.unwrap_or(spec.hostname);
        spec.devices = options.devices;
        spec.rlimits = options.rlimits;
        spec.volumes = options.volumes;
        spec.tmpfs = options.tmpfs;
        spec.limits = options.limits;
        spec.capabilities = options.capabilities;
        spec.namespaces = options.namespaces;
        spec.writable = options.writable;
        spec.stdio = Stdio3 {
            stdin: container::Stdio::Fd(stdio.stdin),
            stdout: container::Stdio::Fd(stdio.stdout),
            stderr: container::Stdio::Fd(stdio.stderr),
            terminal: options.terminal,
        };
        Ok(Box::new(move || {
            let container = container::start(&spec).map_err(explained)?;
            Ok(Box::new(Running { container }))
        }))
    }
}

/// A failure of the container library as one of isolab.
pub fn explained(error: container::Error) -> Error {
    let run_status = error.exit_code();
    let failed = Error::from_cause(Message::new("cannot-start-container"), &error).run_status(run_status);
    error.hint.lines().map(in_english).fold(failed, Error::remedy)
}

/// What the results file says of a container of isolab's.
fn describe(name: &str, image: &Image) -> Result<model::Target, Error> {
    Ok(model::Target {
        name: name.into(),
        version: format!("isolab {}", env!("CARGO_PKG_VERSION")),
        image: image.parts()?,
        workload_sha256: image.layer_sha256()?,
        ..model::Target::default()
    })
}

struct Running {
    container: container::Container,
}

impl Instance for Running {
    fn pidfd(&self) -> BorrowedFd<'_> {
        self.container.pidfd()
    }

    fn processes(&self) -> Vec<(i32, Role)> {
        let pid_1 = self.container.pid().as_raw();
        let role = |pid| if pid == pid_1 { Role::Runtime } else { Role::Program };
        self.container.pids().into_iter().map(|pid| (pid, role(pid))).collect()
    }

    fn cgroup_memory(&self) -> Result<CgroupMemory, model::Message> {
        match self.container.statistics() {
            Some(statistics) => Ok(CgroupMemory {
                anon_bytes: statistics.anon_bytes,
                peak_bytes: statistics.memory_peak_bytes,
            }),
            None => Err(model::Message::new("no-own-cgroup")),
        }
    }

    fn kill(&mut self) {
        // It may have ended by itself meanwhile; `finish` finds out.
        let _ = self.container.signal(Signal::SIGKILL);
    }

    fn finish(self: Box<Self>) -> Result<End, Error> {
        end(self.container)
    }
}

/// Waits for a container's end and removes it.
pub fn end(mut container: container::Container) -> Result<End, Error> {
    let status = container.wait().map_err(explained)?;
    let stamps = container
        .stamps()
        .into_iter()
        .map(|stamp| (stamp.name.to_owned(), stamp.at_ns))
        .collect();
    let steps = container.explain().into_iter().map(step).collect();
    let note = note(&container, status);
    container.remove().map_err(explained)?;
    Ok(End {
        status: status.code().into(),
        stamps,
        note,
        steps,
        ..End::default()
    })
}

/// What a reader of the status should know: that the memory limit was reached.
fn note(container: &container::Container, status: ExitStatus) -> Option<model::Message> {
    let ExitStatus::Signal {
        out_of_memory: true, ..
    } = status
    else {
        return None;
    };
    let peak = container
        .statistics()
        .and_then(|statistics| statistics.memory_peak_bytes);
    Some(match peak {
        Some(bytes) => model::Message::new("out-of-memory").with("kib", (bytes >> 10) as f64),
        None => model::Message::new("out-of-memory-somewhere"),
    })
}

/// A step of the container library as one of isolab.
fn step(step: container::ExplainedStep) -> Step {
    Step {
        name: step.name.into(),
        call: step.call.into(),
        purpose: step.purpose.into(),
        by: step.by.into(),
        began_ns: step.began_ns,
        cost_ns: step.cost_ns,
    }
}
