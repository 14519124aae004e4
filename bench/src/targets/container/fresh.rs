//! A container that a fresh process of isolab's runtime starts: the one that is measured.

use crate::error::Error;
use crate::targets::runtime;
use crate::targets::runtime::container::{self as by_runtime, ContainerOrder};
use crate::targets::spawn::Group;
use crate::targets::{Backend, Start, Stdio};
use crate::workloads::image::Image;
use container::{Limits, Verdict};
use reports::model;
use std::path::PathBuf;
use std::sync::OnceLock;

/// Runs a workload in a container of a fresh runtime.
#[derive(Debug)]
pub struct Container {
    /// How much of the host it may use.
    limits: Limits,
    /// Whether it has a control group for all that Docker counts.
    own_cgroup: bool,
}

impl Container {
    /// A container with these limits, and with a control group as Docker gives one, where this host lets this user make
    /// one.
    pub fn new(limits: Limits) -> Self {
        Container {
            limits,
            own_cgroup: cgroups_work(),
        }
    }

    fn is_limited(&self) -> bool {
        let Limits {
            memory_bytes,
            cpus,
            pids,
            ..
        } = &self.limits;
        memory_bytes.is_some() || cpus.is_some() || pids.is_some()
    }
}

/// Whether this host lets this user make control groups of every kind. It is found out once: that takes milliseconds.
fn cgroups_work() -> bool {
    static WORK: OnceLock<bool> = OnceLock::new();
    *WORK.get_or_init(|| {
        let cgroups = container::probe()
            .into_iter()
            .filter(|finding| finding.subject.starts_with("cgroup"));
        let works: Vec<bool> = cgroups.map(|finding| finding.verdict == Verdict::Works).collect();
        !works.is_empty() && works.into_iter().all(|works| works)
    })
}

impl Backend for Container {
    fn name(&self) -> &str {
        "container"
    }

    fn describe(&self, image: &Image) -> Result<model::Target, Error> {
        Ok(model::Target {
            own_cgroup: Some(self.own_cgroup || self.is_limited()),
            ..super::describe(self.name(), image)?
        })
    }

    fn files(&self, image: &Image) -> Result<Vec<PathBuf>, Error> {
        // The runtime is a part of isolab's own executable, and stays in memory with it.
        Ok([image.files(), vec![runtime::executable()?]].concat())
    }

    fn prepare(&self, image: &Image, args: &[String], stdio: Stdio) -> Result<Start, Error> {
        let order = ContainerOrder {
            layer: image.layer().to_owned(),
            program: image.program().into(),
            args: args.to_vec(),
            env: image.environment().to_vec(),
            memory_bytes: self.limits.memory_bytes,
            cpus: self.limits.cpus,
            pids: self.limits.pids,
            own_cgroup: self.own_cgroup,
            ..ContainerOrder::default()
        };
        by_runtime::prepare(order, stdio, Group::Own)
    }
}
