//! A container that a fresh process of isolab's runtime starts: the one that is measured.

use crate::error::Error;
use crate::targets::runtime;
use crate::targets::runtime::container::{self as by_runtime, ContainerOrder, Variant};
use crate::targets::spawn::Group;
use crate::targets::{Backend, Start, Stdio};
use crate::workloads::image::{Image, read_back};
use crate::workloads::sha256;
use container::{Limits, Verdict};
use reports::model;
use std::cell::OnceCell;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::sync::OnceLock;

/// Runs a workload in a container of a fresh runtime.
#[derive(Debug)]
pub struct Container {
    kind: Kind,
    /// How much of the host it may use.
    limits: Limits,
    /// Whether it has a control group for all that Docker counts.
    own_cgroup: bool,
    /// What the containers of a pod share.
    network: OnceCell<OwnedFd>,
}

/// Which container: each is a row of its own, so that its cost can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// With all that isolab's has.
    Whole,
    /// Without an init, as Docker's default is.
    WithoutInit,
    /// In one network namespace with the others of its row, as the containers of a pod are.
    Pod,
    /// Without an overlay: the image itself is the root, read-only.
    Bound,
}

impl Container {
    /// A container with these limits, and with a control group as Docker gives one, where this host lets this user make
    /// one.
    pub fn new(kind: Kind, limits: Limits) -> Self {
        Container {
            kind,
            limits,
            own_cgroup: cgroups_work(),
            network: OnceCell::new(),
        }
    }

    fn variant(&self) -> Result<Variant, Error> {
        Ok(match self.kind {
            Kind::Whole => Variant::Whole,
            Kind::WithoutInit => Variant::WithoutInit,
            Kind::Pod => {
                if self.network.get().is_none() {
                    let made = container::network_namespace().map_err(super::explained)?;
                    self.network.get_or_init(|| made);
                }
                let number = self.network.get().map_or(-1, AsRawFd::as_raw_fd);
                Variant::InNetwork(format!("/proc/self/fd/{number}").into())
            }
            Kind::Bound => Variant::Bound,
        })
    }

    /// Where the image's files are.
    fn layer(&self, image: &Image) -> Result<PathBuf, Error> {
        match self.kind {
            Kind::Bound => image.layer_to_bind(),
            _ => Ok(image.layer().to_owned()),
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
        match self.kind {
            Kind::Whole => "container",
            Kind::WithoutInit => "container-no-init",
            Kind::Pod => "container-pod",
            Kind::Bound => "container-bound",
        }
    }

    fn describe(&self, image: &Image) -> Result<model::Target, Error> {
        // What it needs besides is found out before anything is measured.
        self.variant()?;
        let target = super::describe(self.name(), image)?;
        let program = self.layer(image)?.join(image.program().trim_start_matches('/'));
        Ok(model::Target {
            own_cgroup: Some(self.own_cgroup || self.is_limited()),
            workload_sha256: match self.kind {
                Kind::Bound => sha256(&read_back(&program)?),
                _ => target.workload_sha256,
            },
            ..target
        })
    }

    fn files(&self, image: &Image) -> Result<Vec<PathBuf>, Error> {
        // The runtime is a part of isolab's own executable, and stays in memory with it.
        let layer = self.layer(image)?;
        let in_layer = |path: PathBuf| match path.strip_prefix(image.layer()) {
            Ok(below) => layer.join(below),
            Err(_) => path,
        };
        let mut files: Vec<PathBuf> = image.files().into_iter().map(in_layer).collect();
        files.push(runtime::executable()?);
        Ok(files)
    }

    fn prepare(&self, image: &Image, args: &[String], stdio: Stdio) -> Result<Start, Error> {
        let order = ContainerOrder {
            layer: self.layer(image)?,
            variant: self.variant()?,
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
