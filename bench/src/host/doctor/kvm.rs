//! Whether virtual machines run here, of what kind their KVM is, and how to get one, which depends on the place.

use crate::host::places::{self, Place};
use crate::host::signs::Signs;
use microvm::KvmKind;
use nix::errno::Errno;
use reports::finding::{Finding, Section, Severity};
use std::fs::OpenOptions;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

/// What was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// What opening /dev/kvm gave.
    pub opened: Result<(), i32>,
    /// Whether the group that owns /dev/kvm may use it.
    pub group_may: bool,
    /// What looking said that KVM is.
    pub seen: KvmKind,
    /// What a guest said that it is, after timing.
    pub timed: KvmKind,
    /// How long an instruction in a guest's ring 0 takes.
    pub instruction: Option<Duration>,
}

impl Tried {
    /// Tries it.
    pub fn now() -> Self {
        let probe = microvm::examine();
        Tried {
            timed: probe.kind,
            instruction: probe.instruction,
            ..Tried::without_a_machine()
        }
    }

    /// Tries all but to time a guest.
    fn without_a_machine() -> Self {
        let opened = OpenOptions::new().read(true).write(true).open("/dev/kvm");
        let seen = microvm::probe().kind;
        Tried {
            group_may: std::fs::metadata("/dev/kvm").is_ok_and(|node| node.gid() != 0 && node.mode() & 0o060 == 0o060),
            opened: opened.map(drop).map_err(|error| error.raw_os_error().unwrap_or(0)),
            timed: seen.clone(),
            seen,
            instruction: None,
        }
    }
}

/// What there is to say of KVM.
pub fn findings(tried: &Tried, signs: &Signs, places: &[Place]) -> Vec<Finding> {
    let time = |finding: Finding| {
        let us = tried.instruction.map(|time| time.as_secs_f64() * 1e6);
        finding.arg("us", us.map_or("–".to_owned(), |us| format!("{us:.3}")))
    };
    let (kind, kernels) = match &tried.timed {
        KvmKind::None(reason) => return vec![unusable(tried, reason, signs, places)],
        KvmKind::Hardware { vendor } => (
            of_kvm(Severity::Ok, "kvm-hardware").arg("vendor", *vendor),
            of_kvm(Severity::Ok, "guest-kernels"),
        ),
        KvmKind::EmulatedKernelMode => (
            of_kvm(Severity::Note, "kvm-emulated"),
            of_kvm(Severity::Note, "guest-kernels-builtin"),
        ),
    };
    let mut findings = vec![time(kind)];
    if std::mem::discriminant(&tried.seen) != std::mem::discriminant(&tried.timed) {
        findings.push(of_kvm(Severity::Degraded, "kvm-contradiction"));
    }
    findings.push(kernels);
    findings.push(match signs.hypervisor {
        Some(_) => of_kvm(Severity::Note, "kvm-nested"),
        None => of_kvm(Severity::Ok, "kvm-hosted"),
    });
    findings
}

/// Why no virtual machine runs here, and what to do about it; `None` where they do. Takes well under a millisecond.
pub fn refusal() -> Option<Finding> {
    let KvmKind::None(reason) = microvm::probe().kind else {
        return None;
    };
    let signs = Signs::of_this_host();
    let tried = Tried::without_a_machine();
    Some(unusable(&tried, &reason, &signs, &places::of(&signs)))
}

fn of_kvm(severity: Severity, id: &str) -> Finding {
    Finding::new(Section::Microvm, severity, id)
}

/// Why there is none, and what to do in this place.
fn unusable(tried: &Tried, reason: &str, signs: &Signs, places: &[Place]) -> Finding {
    let errno = tried.opened.err().map(Errno::from_raw);
    let (id, steps) = match errno {
        Some(Errno::ENOENT) => ("kvm-absent", to_get_one(signs, places)),
        Some(Errno::ENODEV | Errno::ENXIO) => ("kvm-no-device", to_get_one(signs, places)),
        Some(Errno::EACCES) => ("kvm-denied", vec![to_open_it(tried.group_may, places)]),
        // The cgroup of a container forbids devices that it was not given.
        Some(Errno::EPERM) => ("kvm-forbidden", to_get_one(signs, places)),
        Some(Errno::EBUSY) => ("kvm-busy", vec!["kvm-busy".into()]),
        _ => ("kvm-failed", vec![]),
    };
    let finding = of_kvm(Severity::Missing, id)
        .arg("answer", reason)
        .arg("module", module(signs));
    steps.into_iter().fold(finding, Finding::to_do)
}

fn module(signs: &Signs) -> &'static str {
    match signs.cpu_vendor.as_str() {
        "AuthenticAMD" | "HygonGenuine" => "kvm_amd",
        _ => "kvm_intel",
    }
}

/// How to get /dev/kvm: out of the container first, then out of the machine.
fn to_get_one(signs: &Signs, places: &[Place]) -> Vec<String> {
    let container = places.iter().find(|place| place.is_container());
    let mut steps: Vec<String> = container
        .map(|place| format!("kvm-{}", place.id()))
        .into_iter()
        .collect();
    if signs.hardware_virtualization {
        // A container sees the processor, and not whether the module is loaded outside.
        if container.is_none() {
            steps.push("kvm-load-module".into());
        }
        return steps;
    }
    let around: Vec<&Place> = places.iter().filter(|place| !place.is_container()).collect();
    steps.extend(match around.as_slice() {
        // Who uses a CI runner has no say in its machine.
        [Place::GithubActions, ..] => Some("kvm-github-actions".into()),
        [Place::Ci, ..] => Some("kvm-ci".into()),
        [Place::Wsl1, ..] => Some("wsl1".into()),
        [place, ..] => Some(format!("kvm-{}", place.id())),
        [] if container.is_none() => Some("kvm-firmware".into()),
        [] => None,
    });
    steps
}

/// How to be let to open it.
fn to_open_it(group_may: bool, places: &[Place]) -> String {
    match places
        .iter()
        .find(|place| **place == Place::GithubActions || place.is_container())
    {
        Some(Place::GithubActions) => "kvm-github-udev".into(),
        Some(container) => format!("kvm-{}", container.id()),
        None if group_may => "kvm-group".into(),
        // As root made it, where no rule of udev gave it to a group.
        None => "kvm-chmod".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(errno: Errno) -> Tried {
        Tried {
            opened: Err(errno as i32),
            group_may: true,
            seen: KvmKind::None("no".into()),
            timed: KvmKind::None("no".into()),
            instruction: None,
        }
    }

    fn without(errno: Errno, virtualization: bool, places: &[Place]) -> (String, Vec<String>) {
        let tried = refused(errno);
        let signs = Signs {
            hardware_virtualization: virtualization,
            cpu_vendor: "AuthenticAMD".into(),
            ..Signs::default()
        };
        let found = findings(&tried, &signs, places);
        assert_eq!((found.len(), found[0].severity), (1, Severity::Missing));
        (found[0].id.clone(), found[0].to_do.clone())
    }

    #[test]
    fn without_the_device_each_place_has_its_own_way_to_it() {
        for (place, step) in [
            (Place::Wsl2, "kvm-wsl2"),
            (Place::Wsl1, "wsl1"),
            (Place::Aws, "kvm-aws"),
            (Place::GoogleCloud, "kvm-google-cloud"),
            (Place::Azure, "kvm-azure"),
            (Place::Cloud, "kvm-cloud"),
            (Place::Vmware, "kvm-vmware"),
            (Place::Virtualbox, "kvm-virtualbox"),
            (Place::HyperV, "kvm-hyper-v"),
            (Place::Parallels, "kvm-parallels"),
            (Place::Apple, "kvm-apple"),
            (Place::DockerDesktop, "kvm-docker-desktop"),
            (Place::Simulated, "kvm-simulated"),
            (Place::VirtualMachine, "kvm-virtual-machine"),
            (Place::GithubActions, "kvm-github-actions"),
            (Place::Ci, "kvm-ci"),
        ] {
            assert_eq!(
                without(Errno::ENOENT, false, &[place]),
                ("kvm-absent".into(), vec![step.into()])
            );
        }
        assert_eq!(without(Errno::ENOENT, false, &[]).1, ["kvm-firmware"]);
    }

    #[test]
    fn a_machine_that_offers_virtualization_only_lacks_the_module() {
        for places in [&[][..], &[Place::Aws], &[Place::Wsl2]] {
            assert_eq!(without(Errno::ENOENT, true, places).1, ["kvm-load-module"]);
        }
        assert_eq!(
            without(Errno::ENODEV, true, &[]),
            ("kvm-no-device".into(), vec!["kvm-load-module".into()])
        );
    }

    #[test]
    fn a_container_is_given_the_device_and_its_machine_may_need_it_first() {
        for (place, step) in [
            (Place::Docker, "kvm-docker"),
            (Place::Podman, "kvm-podman"),
            (Place::Lxc, "kvm-lxc"),
            (Place::Kubernetes, "kvm-kubernetes"),
            (Place::Container, "kvm-container"),
        ] {
            assert_eq!(without(Errno::ENOENT, true, &[place, Place::Aws]).1, [step]);
            assert_eq!(without(Errno::ENOENT, false, &[place, Place::Aws]).1, [step, "kvm-aws"]);
            assert_eq!(
                without(Errno::EPERM, true, &[place]),
                ("kvm-forbidden".into(), vec![step.into()])
            );
        }
    }

    #[test]
    fn a_device_that_may_not_be_opened_is_a_matter_of_rights() {
        assert_eq!(
            without(Errno::EACCES, true, &[]),
            ("kvm-denied".into(), vec!["kvm-group".into()])
        );
        let of_root_alone = Tried {
            group_may: false,
            ..refused(Errno::EACCES)
        };
        assert_eq!(findings(&of_root_alone, &Signs::default(), &[])[0].to_do, ["kvm-chmod"]);
        let runner = [Place::GithubActions, Place::Azure];
        assert_eq!(without(Errno::EACCES, true, &runner).1, ["kvm-github-udev"]);
        assert_eq!(
            without(Errno::EBUSY, true, &[]),
            ("kvm-busy".into(), vec!["kvm-busy".into()])
        );
    }

    #[test]
    fn a_usable_kvm_is_told_by_its_kind_and_timing_has_the_last_word() {
        let svm = KvmKind::Hardware { vendor: "AMD SVM" };
        let tried = |timed: KvmKind| Tried {
            opened: Ok(()),
            group_may: true,
            seen: svm.clone(),
            timed,
            instruction: Some(Duration::from_nanos(700)),
        };
        let ids = |tried: Tried, signs: &Signs| -> Vec<String> {
            findings(&tried, signs, &[])
                .into_iter()
                .map(|finding| finding.id)
                .collect()
        };
        let nested = Signs {
            hypervisor: Some("KVMKVMKVM".into()),
            ..Signs::default()
        };
        assert_eq!(
            ids(tried(svm.clone()), &nested),
            ["kvm-hardware", "guest-kernels", "kvm-nested"]
        );
        assert_eq!(
            ids(tried(KvmKind::EmulatedKernelMode), &Signs::default()),
            [
                "kvm-emulated",
                "kvm-contradiction",
                "guest-kernels-builtin",
                "kvm-hosted"
            ]
        );
    }
}
