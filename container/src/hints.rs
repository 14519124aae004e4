//! Turns a failed step into words: what was tried, why the kernel usually answers that, what to do.

use nix::errno::Errno;

use crate::error::Error;
use crate::plan::{Doing, Plan};
use crate::report::Failure;
use crate::start::Start;
use crate::starter::ID_FILES;
use crate::steps::Step;

/// The error for a step that failed in the child.
pub fn explain(start: &Start, failure: Failure) -> Error {
    let plan = &start.plan;
    let errno = Errno::from_raw(failure.errno);
    let doing = match failure.step {
        Step::CgroupCreate | Step::CgroupMake | Step::LimitMemory => Some(Doing::Create),
        Step::CgroupOpen | Step::CgroupEnter | Step::Pid1Cgroup => Some(Doing::Enter),
        Step::Clone => return clone_failed(plan, errno),
        _ => None,
    };
    if let (Some(doing), Some(place)) = (doing, &start.place) {
        return place.explain(doing, (failure.item, failure.errno));
    }
    Error {
        step: failure.step.into(),
        tried: tried(plan, failure),
        errno: Some(errno),
        hint: hint(plan, failure.step, errno).to_owned(),
    }
}

fn tried(plan: &Plan, failure: Failure) -> String {
    let item = usize::from(failure.item);
    match failure.step {
        Step::Overlay => format!("mount overlay with {:?}", plan.overlay_options),
        Step::Copy => format!("copy {:?}", plan.layers),
        Step::VolumeSource => match plan.volumes.get(item) {
            Some(volume) => format!("take hold of the volume {:?}", volume.source),
            None => "take hold of a volume".to_owned(),
        },
        Step::Volumes | Step::WorkingDirectory => {
            let volumes = plan.volumes.iter().map(|volume| &volume.target);
            let mut targets = volumes.chain(plan.tmpfs.iter().map(|tmpfs| &tmpfs.target));
            let target = if failure.step == Step::Volumes {
                targets.nth(item)
            } else {
                plan.cwd_target.as_ref()
            };
            let path = target
                .and_then(|target| target.steps.last())
                .map(|step| step.path.to_string_lossy());
            format!("reach /{} inside the root", path.unwrap_or_default())
        }
        Step::ChangeDirectory => format!("chdir to {:?}", plan.cwd),
        Step::ResourceLimits => match plan.rlimits.get(item) {
            Some(limit) => format!(
                "prlimit64 of resource {} to {} (at most {})",
                limit.resource, limit.soft, limit.hard
            ),
            None => "prlimit64".to_owned(),
        },
        Step::IdMaps => format!("write the id maps: {}", ID_FILES.get(item).unwrap_or(&"")),
        Step::Exec => format!("execve {:?}", plan.program),
        step => step.describe().call.to_owned(),
    }
}

fn hint(plan: &Plan, step: Step, errno: Errno) -> &'static str {
    match (step, errno) {
        (Step::Overlay, Errno::ENOENT) => "a layer is not there: check the paths",
        (Step::Overlay, Errno::ENOTDIR) => "a layer is not a directory",
        (Step::Overlay, Errno::EACCES) => {
            "a folder above a layer cannot be entered by this user: move the layers or change its mode"
        }
        (Step::Copy, Errno::ENOSPC | Errno::ENOMEM) => {
            "the kernel refused an overlay here, and the layers do not fit into memory: `modprobe overlay`, or move the \
             layers to a local disk that an overlay can be made of"
        }
        (Step::Copy, _) => {
            "the kernel refused an overlay here, and a layer could not be copied instead: `modprobe overlay`, or make \
             every file of the layers readable"
        }
        (Step::Proc, Errno::EPERM) => {
            "the kernel lets a user namespace mount /proc only where the host's own is fully visible: inside another \
             container, run that one with its /proc unmasked"
        }
        (Step::Sys, Errno::EPERM) => "a user namespace may mount /sys only with a network namespace of its own",
        (Step::Network, Errno::ENOSPC) | (Step::CgroupNamespace, Errno::ENOSPC) => {
            "too many namespaces: raise user.max_net_namespaces or user.max_cgroup_namespaces (sysctl)"
        }
        (Step::BindLayer, Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => {
            "a layer that is bound needs the directories proc, sys and dev, which are mounted upon"
        }
        (Step::Volumes | Step::WorkingDirectory, Errno::EROFS) => {
            "the root is read-only, and has no such place: make it in the layer, or give the container a writable layer"
        }
        (Step::JoinNetwork | Step::Pid1JoinNetwork, Errno::EPERM) => {
            "a network namespace can be joined only by root without a user namespace"
        }
        (Step::JoinNetwork | Step::Pid1JoinNetwork, Errno::EINVAL) => {
            "the file is no network namespace: /proc/PID/ns/net"
        }
        (Step::Network, Errno::EPERM) => "not allowed here: run as root or with a user namespace",
        (Step::Volumes, Errno::EXDEV) => "the target lies in /proc, by a symbolic link in the image: choose another",
        (Step::Volumes, Errno::ENOTDIR) => "a file can only cover a file, a directory only a directory",
        (Step::Volumes | Step::WorkingDirectory, Errno::ELOOP | Errno::ENOENT | Errno::EEXIST) => {
            "a symbolic link on the way leads nowhere inside the root"
        }
        (Step::WorkingDirectory | Step::ChangeDirectory, Errno::EXDEV) => {
            "the working directory lies outside the root: name one inside"
        }
        (Step::ChangeDirectory, Errno::EACCES) => "the program's user may not enter it",
        (Step::ResourceLimits, Errno::EPERM) => "only root may raise a hard limit",
        (Step::Seccomp, Errno::EINVAL | Errno::ENOSYS) => {
            "the kernel has no seccomp filters: build it with CONFIG_SECCOMP_FILTER"
        }
        (Step::IdMaps, _) => {
            "an ordinary user may map only their own id; root any that its own namespace has, at most 340 lines, none of \
             them overlapping; a security module may forbid it (kernel.apparmor_restrict_unprivileged_userns)"
        }
        (Step::CloneProgram, Errno::EAGAIN) => "the limit on tasks is reached: raise it (`ulimit -u`, the pids limit)",
        (Step::Exec, Errno::ENOENT) => {
            "it is not in the layers, or it is a dynamic program or a script whose loader is not: a static program needs nothing else"
        }
        (Step::Exec, Errno::EACCES) => "it is not marked executable for this user, or a directory: `chmod +x` it",
        (Step::Exec, Errno::ELOOP) => {
            "it is a link to itself, or one of /proc, which could lead out of the container: name the program itself"
        }
        (Step::Exec, Errno::ENOEXEC) => "it is no x86-64 ELF executable",
        (Step::Exec, Errno::ENOMEM | Errno::E2BIG) => {
            "arguments and environment are too large, or the memory limit too small"
        }
        (_, Errno::ENOMEM) => "memory is short: raise the memory limit of the container or of isolab",
        (_, Errno::EPERM) if plan.id_maps.is_none() => {
            "isolab lacks a capability that root usually has (CAP_SYS_ADMIN): run as real root"
        }
        _ => "",
    }
}

/// The error for a clone that failed.
fn clone_failed(plan: &Plan, errno: Errno) -> Error {
    let hint = match errno {
        Errno::EPERM if plan.id_maps.is_none() => "making namespaces needs root (CAP_SYS_ADMIN), or a user namespace",
        Errno::EPERM | Errno::EACCES => {
            "user namespaces are not allowed for ordinary users here: see the sysctls kernel.unprivileged_userns_clone \
             and kernel.apparmor_restrict_unprivileged_userns, or run as root"
        }
        Errno::ENOSPC | Errno::EUSERS => "too many namespaces: raise user.max_user_namespaces (sysctl); 0 forbids them",
        Errno::EAGAIN => {
            "the limit on processes is reached: raise `ulimit -u` or the pids limit of isolab's own control group"
        }
        Errno::ENOMEM => "memory or process ids are short",
        Errno::EINVAL => "the kernel lacks one of the namespaces asked for, or is older than 5.7",
        Errno::ENOSYS => {
            "the kernel is older than 5.3, or a filter forbids clone3, as in a container with Docker's default profile"
        }
        Errno::EBUSY => "the control group to start in has groups below it that use controllers",
        _ => "",
    };
    Error {
        step: Step::Clone.into(),
        tried: "clone3 into new namespaces".into(),
        errno: Some(errno),
        hint: hint.into(),
    }
}
