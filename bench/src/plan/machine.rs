//! What the instances are given: memory, CPUs, limits, a guest kernel. Each target takes what it has a use for.

use crate::error::Error;
use crate::kernels;
use crate::targets::microvm::{Disk, Linux, Rootfs};
use crate::targets::registry::{Takes, TargetKind};
use container::Limits;
use reports::model::Message;
use std::path::PathBuf;

/// What the instances are given.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// RAM of a guest with the built-in kernel.
    pub memory_bytes: u64,
    /// RAM of a Linux guest.
    pub linux_memory_bytes: u64,
    /// Virtual processors.
    pub cpus: f64,
    /// What `microvm-linux` boots.
    pub linux: Option<Linux>,
    /// Limits of containers.
    pub limits: Limits,
    /// Whether the monitors of virtual machines run in containers.
    pub jail: bool,
}

/// RAM of a Linux guest where nothing is said of it: enough for the kernels and modules of all distributions that were tried.
const LINUX_MEMORY_BYTES: u64 = 512 << 20;

impl Default for Machine {
    fn default() -> Self {
        Machine {
            memory_bytes: microvm::DEFAULT_MEMORY_BYTES,
            linux_memory_bytes: LINUX_MEMORY_BYTES,
            cpus: 1.0,
            linux: None,
            limits: Limits::default(),
            jail: false,
        }
    }
}

/// What was asked for; `None` is not a word said of it.
#[derive(Clone, Debug, Default)]
pub struct MachineRequest {
    /// Guest RAM, and the limit of a container.
    pub memory_bytes: Option<u64>,
    /// Virtual processors, and how much of them a container may use.
    pub cpus: Option<f64>,
    /// Tasks that a container may have.
    pub pids: Option<u32>,
    /// Whether the monitors of virtual machines run in containers.
    pub jail: bool,
    /// The guest of `microvm-linux`.
    pub linux: LinuxRequest,
}

/// The guest of `microvm-linux`.
#[derive(Clone, Debug, Default)]
pub struct LinuxRequest {
    /// The kernel's file, or a name that isolab knows.
    pub kernel: Option<String>,
    /// Modules to load besides those that are needed.
    pub modules: Vec<PathBuf>,
    /// Where the guest has the image's files.
    pub rootfs: Rootfs,
    /// A disk besides.
    pub disk: Option<Disk>,
}

/// Whether a target has a use for an option.
type Taken = fn(&Takes) -> bool;

impl MachineRequest {
    /// What the instances of `targets` are given.
    ///
    /// # Errors
    /// An option that none of the targets has a use for, and a kernel that is not there.
    pub fn resolve(self, targets: &[TargetKind]) -> Result<Machine, Error> {
        let has_kernel = self.linux.kernel.is_some();
        let given: [(&str, bool, Taken); 5] = [
            ("--memory", self.memory_bytes.is_some(), |takes| takes.memory),
            ("--cpus", self.cpus.is_some(), |takes| takes.cpus),
            ("--pids", self.pids.is_some(), |takes| takes.pids),
            ("--jail", self.jail, |takes| takes.jail),
            ("--kernel", has_kernel, |takes| takes.kernel),
        ];
        for (option, given, taken) in given {
            if given {
                refuse_unused(option, targets, taken)?;
            }
        }
        if let Some(target) = targets.iter().find(|target| target.takes.kernel && !has_kernel) {
            let problem = Message::new("needs-kernel").with("name", target.name.as_str());
            return Err(Error::new(problem).remedy(kernels::here::advice()));
        }
        let LinuxRequest {
            kernel,
            modules,
            rootfs,
            disk,
        } = self.linux;
        let linux = kernel
            .map(|name| kernels::linux(&name, rootfs, disk, &modules))
            .transpose()?;
        let usual = Machine::default();
        Ok(Machine {
            memory_bytes: self.memory_bytes.unwrap_or(usual.memory_bytes),
            linux_memory_bytes: self.memory_bytes.unwrap_or(usual.linux_memory_bytes),
            cpus: self.cpus.unwrap_or(usual.cpus),
            linux,
            limits: Limits {
                memory_bytes: self.memory_bytes,
                cpus: self.cpus,
                pids: self.pids,
                ..Limits::default()
            },
            jail: self.jail,
        })
    }
}

/// Refuses an option that none of the targets has a use for.
///
/// # Errors
/// Says which targets have one.
pub fn refuse_unused(option: &str, targets: &[TargetKind], taken: impl Fn(&Takes) -> bool) -> Result<(), Error> {
    if targets.iter().any(|target| taken(&target.takes)) {
        return Ok(());
    }
    let names = |targets: &[TargetKind]| {
        targets
            .iter()
            .map(|kind| kind.name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let takers: Vec<TargetKind> = TargetKind::built_in()
        .into_iter()
        .filter(|kind| taken(&kind.takes) && kind.runs_here())
        .collect();
    let problem = Message::new("option-of-others")
        .with("option", option)
        .with("takers", names(&takers))
        .with("targets", names(targets));
    let remedy = match takers.first() {
        Some(taker) => Message::new("do-leave-out-or-on").with("name", taker.name.as_str()),
        None => Message::new("do-leave-out"),
    };
    Err(Error::new(problem).remedy(remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(names: &[&str]) -> Vec<TargetKind> {
        names.iter().map(|name| TargetKind::find(name).unwrap()).collect()
    }

    #[test]
    fn an_option_is_refused_where_no_target_has_a_use_for_it() {
        let pids = |takes: &Takes| takes.pids;
        assert!(refuse_unused("--pids", &kinds(&["process", "container"]), pids).is_ok());
        let refused = refuse_unused("--pids", &kinds(&["process", "microvm"]), pids).unwrap_err();
        assert!(refused.to_string().contains("--pids is for container"), "{refused}");
    }

    #[test]
    fn a_memory_size_is_the_guests_ram_and_the_containers_limit() {
        let request = MachineRequest {
            memory_bytes: Some(64 << 20),
            ..MachineRequest::default()
        };
        let machine = request.resolve(&kinds(&["container", "microvm"])).unwrap();
        assert_eq!(
            (machine.memory_bytes, machine.limits.memory_bytes),
            (64 << 20, Some(64 << 20))
        );
        let unsaid = MachineRequest::default().resolve(&kinds(&["microvm"])).unwrap();
        assert_eq!(
            (unsaid.memory_bytes, unsaid.limits.memory_bytes),
            (microvm::DEFAULT_MEMORY_BYTES, None)
        );
    }
}
