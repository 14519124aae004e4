//! Every target that there is: the built-in ones, listed here, and external commands that a description file makes targets
//! ([`super::external`]). What isolab can do with a target is read off its [`TargetKind`]; the factory is in one place,
//! [`TargetKind::backend`].

use super::Backend;
use super::container::fresh::{self, Kind};
use super::container::{Container, Options};
use super::external::{self, External};
use super::microvm::{MicroVm, Tell};
use super::process::Process;
use super::spawn::Group;
use crate::error::Error;
use crate::plan::Machine;
use reports::model;
use reports::model::Message;
use serde::Serialize;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// A target by its name.
#[derive(Clone, Debug)]
pub struct TargetKind {
    /// As it is written on the command line and in results.
    pub name: String,
    /// What it is, in a line.
    pub about: String,
    /// Which options it has a use for.
    pub takes: Takes,
    /// Whether it is measured when no target is named.
    pub by_default: bool,
    code: Code,
}

/// Which options a target has a use for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Takes {
    /// `--memory`
    pub memory: bool,
    /// `--cpus`
    pub cpus: bool,
    /// `--pids`
    pub pids: bool,
    /// `--volume`, `--tmpfs`, `--cap-add`, …
    pub container: bool,
    /// `--jail`
    pub jail: bool,
    /// `--kernel`, which it needs
    pub kernel: bool,
    /// `--kernel-log`
    pub kernel_log: bool,
}

/// What a backend is made for.
#[derive(Clone, Debug)]
pub struct Purpose<'a> {
    /// What the instances are given.
    pub machine: &'a Machine,
    /// Which process group they start in.
    pub group: Group,
    /// A monitor ends a machine that runs longer by itself.
    pub timeout: Option<Duration>,
    /// What a monitor is to tell at its end.
    pub tell: Tell,
    /// The options of a container that this very process starts, for `isolab run`; a measured one is started by a fresh
    /// process.
    pub container: Option<Options>,
}

impl<'a> Purpose<'a> {
    /// To be measured: in a process group of its own, telling no more than every result has.
    pub fn measured(machine: &'a Machine, timeout: Duration) -> Self {
        Purpose {
            machine,
            group: Group::Own,
            timeout: Some(timeout),
            tell: Tell::default(),
            container: None,
        }
    }
}

/// The code behind a target.
#[derive(Clone, Debug)]
enum Code {
    /// A backend that isolab brings along.
    BuiltIn(fn(&Purpose) -> Box<dyn Backend>),
    /// Any other tool.
    External(Arc<external::Description>),
    /// A simulated clock.
    Simulated,
}

/// Name, what it is, what it takes, whether it is a default, the code.
type Row = (&'static str, &'static str, Takes, bool, Code);

const NOTHING: Takes = Takes {
    memory: false,
    cpus: false,
    pids: false,
    container: false,
    jail: false,
    kernel: false,
    kernel_log: false,
};

const LIMITED: Takes = Takes {
    memory: true,
    cpus: true,
    pids: true,
    ..NOTHING
};

/// A container that a fresh process starts.
fn measured(kind: Kind, purpose: &Purpose) -> Box<dyn Backend> {
    Box::new(fresh::Container::new(kind, purpose.machine.limits.clone()))
}

/// The targets that isolab brings along; a further one is a row here.
const BUILT_IN: [Row; 8] = [
    (
        "process",
        "a plain process, the baseline",
        NOTHING,
        true,
        Code::BuiltIn(|purpose| Box::new(Process::new(purpose.group))),
    ),
    (
        "container",
        "a namespace container, which shares the host's kernel",
        Takes {
            container: true,
            ..LIMITED
        },
        true,
        Code::BuiltIn(|purpose| match &purpose.container {
            Some(options) => Box::new(Container {
                options: options.clone(),
            }),
            None => measured(Kind::Whole, purpose),
        }),
    ),
    (
        "container-no-init",
        "a container whose program is pid 1, as with Docker's default: nobody reaps orphans, signals it does not handle are lost",
        LIMITED,
        false,
        Code::BuiltIn(|purpose| measured(Kind::WithoutInit, purpose)),
    ),
    (
        "container-pod",
        "containers that share one network namespace, as those of a pod do: ports and loopback are not isolated from each other",
        LIMITED,
        false,
        Code::BuiltIn(|purpose| measured(Kind::Pod, purpose)),
    ),
    (
        "container-bound",
        "a container whose root is the image itself, read-only, without an overlay: nothing of it can be written",
        LIMITED,
        false,
        Code::BuiltIn(|purpose| measured(Kind::Bound, purpose)),
    ),
    (
        "microvm",
        "a KVM virtual machine that boots the built-in guest kernel",
        Takes {
            memory: true,
            cpus: true,
            jail: true,
            kernel_log: true,
            ..NOTHING
        },
        true,
        Code::BuiltIn(|purpose| Box::new(MicroVm::new(purpose, None))),
    ),
    (
        "microvm-linux",
        "a KVM virtual machine that boots the Linux kernel of --kernel",
        Takes {
            memory: true,
            cpus: true,
            jail: true,
            kernel: true,
            kernel_log: true,
            ..NOTHING
        },
        false,
        Code::BuiltIn(|purpose| Box::new(MicroVm::new(purpose, purpose.machine.linux.clone()))),
    ),
    (
        "simulated",
        "a simulated clock and nothing else, to try out suites and reports",
        // It takes what suites say, and nothing comes of it.
        LIMITED,
        false,
        Code::Simulated,
    ),
];

impl TargetKind {
    /// The targets that isolab brings along.
    pub fn built_in() -> Vec<Self> {
        let kind = |(name, about, takes, by_default, code): Row| TargetKind {
            name: name.into(),
            about: about.into(),
            takes,
            by_default,
            code,
        };
        BUILT_IN.map(kind).into()
    }

    /// Whether it starts anything on this host at all.
    pub fn runs_here(&self) -> bool {
        !matches!(self.code, Code::Simulated)
    }

    /// Every target that can be named, those of description files behind the built-in ones. A file that cannot be read is
    /// left out; naming it says why.
    pub fn all() -> Vec<Self> {
        let described = external::all().into_iter().map(TargetKind::described);
        TargetKind::built_in().into_iter().chain(described).collect()
    }

    /// The target of that name, or the one that the file of that name describes.
    ///
    /// # Errors
    /// A name that no target has, and a description that is wrong.
    pub fn find(name: &str) -> Result<Self, Error> {
        let built_in = TargetKind::built_in().into_iter().find(|kind| kind.name == name);
        if let Some(kind) = built_in {
            return Ok(kind);
        }
        if let Some(description) = external::find(name)? {
            return Ok(TargetKind::described(description));
        }
        let all = TargetKind::all().into_iter().filter(TargetKind::runs_here);
        let names: Vec<String> = all.map(|kind| kind.name).collect();
        Err(Error::new(
            Message::new("no-target")
                .with("name", name)
                .with("names", names.join(", ")),
        )
        .remedy(Message::new("do-describe-tool")))
    }

    /// The target that a command makes which starts a program.
    ///
    /// # Errors
    /// No such command.
    pub fn launcher(command: &str) -> Result<Self, Error> {
        external::launcher(command).map(TargetKind::described)
    }

    fn described(description: external::Description) -> Self {
        TargetKind {
            name: description.name.clone(),
            about: description.about.clone(),
            takes: Takes::default(),
            by_default: false,
            code: Code::External(Arc::new(description)),
        }
    }

    /// The code behind it, made for a purpose; the simulated target has none.
    pub fn backend(&self, purpose: &Purpose) -> Option<Box<dyn Backend>> {
        match &self.code {
            Code::BuiltIn(make) => Some(make(purpose)),
            Code::External(description) => Some(Box::new(External::new(description, purpose.group))),
            Code::Simulated => None,
        }
    }

    /// The file that makes it a target, where it is an external tool.
    pub fn description(&self) -> Option<model::Description> {
        match &self.code {
            Code::External(description) => Some(description.describe()),
            _ => None,
        }
    }

    /// Whether a machine of it ends by itself when its time is up, and then can still tell of it.
    pub fn ends_itself(&self) -> bool {
        self.takes.kernel_log
    }
}

impl PartialEq for TargetKind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl FromStr for TargetKind {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        TargetKind::find(name)
    }
}

impl Serialize for TargetKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_found_by_its_name_and_no_name_is_given_twice() {
        let all = TargetKind::all();
        for (place, kind) in all.iter().enumerate() {
            assert_eq!(TargetKind::find(&kind.name).unwrap().name, kind.name);
            assert!(!all[..place].contains(kind), "{}", kind.name);
        }
    }

    #[test]
    fn an_unknown_name_is_refused_with_those_there_are() {
        let error = TargetKind::find("vm").unwrap_err();
        assert!(
            error.to_string().contains("process, container, container-no-init"),
            "{error}"
        );
    }
}
