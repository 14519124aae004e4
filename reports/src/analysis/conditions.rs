//! Under which conditions results were taken: whether two may be compared, and what else differs between them.

use crate::model::{KvmKind, Message, Results, Target};
use std::path::Path;

/// Warnings of a host that was not the same all the time. No test between two files can tell that from a change.
const DISTURBANCES: [&str; 4] = ["busy-host", "steal-time", "swapping", "throttled"];

/// The name of the guest kernel that isolab brings along.
const BUILT_IN_KERNEL: &str = "builtin";

/// What differs between old results and new ones so that a difference between their figures says nothing; none where they may
/// be compared. A changed program is no such thing: that is what people compare.
pub fn differences(old: &Results, new: &Results) -> Vec<Message> {
    let mut found = Vec::new();
    let mut same = |id: &str, of: &dyn Fn(&Results) -> String| {
        found.extend(differs(id, of(old), of(new)));
    };
    same("workload", &|results| file_name(&results.workload.name));
    same("arguments", &|results| quoted(&results.workload.args));
    same("inputs", &|results| told(results.workload.given()));
    // By the id of the mark, or the text itself.
    same("ready", &|results| {
        results.workload.ready.clone().unwrap_or_else(|| "first-byte".into())
    });
    same("kernel", &|results| results.host.kernel.clone());
    same("cpu", &|results| results.host.cpu_model.clone());
    same("cores", &|results| results.host.cores.to_string());
    same("kvm", &|results| kvm(results.host.kvm_kind).to_owned());
    same("cgroups", &|results| results.host.cgroup_mode.clone());
    // The first is isolab's own, so that the order matters.
    same("pinned", &|results| {
        let cpus: Vec<String> = results.config.pinned_to.iter().map(u32::to_string).collect();
        told((!cpus.is_empty()).then(|| cpus.join(", ")))
    });
    same("starts", &|results| {
        if results.config.cold { "cold" } else { "warm" }.to_owned()
    });
    same("image-files", &|results| results.config.image_files_bytes.to_string());
    // Older versions had no choice.
    same("rootfs", &|results| {
        results.config.rootfs.clone().unwrap_or_else(|| "initramfs".into())
    });
    same("idle-gap", &|results| format!("{} ms", results.config.idle_gap_ms));
    same("guest-ram", &|results| results.config.memory_bytes.to_string());
    same("vcpus", &|results| results.config.cpus.to_string());
    same("limits", &|results| limits(results));
    for (before, after) in shared(old, new) {
        let name = |target: &Target| target.guest_kernel.as_ref().map(|kernel| kernel.name.clone());
        if let (Some(before), Some(after)) = (name(before), name(after)) {
            let ram = |results: &Results| {
                let ram = results.config.linux_memory_bytes;
                ram.unwrap_or(results.config.memory_bytes).to_string()
            };
            if before != BUILT_IN_KERNEL && after != BUILT_IN_KERNEL {
                found.extend(differs("linux-ram", ram(old), ram(new)));
            }
            found.extend(differs("guest-kernel", before, after));
        }
    }
    for (before, after) in shared(old, new) {
        let target = after.name.as_str();
        // Older files do not say.
        if let (Some(old), Some(new)) = (&before.description, &after.description)
            && old.sha256 != new.sha256
        {
            found.push(Message::new("description").with("target", target));
        }
        if let (Some(old), Some(new)) = (before.own_cgroup, after.own_cgroup)
            && old != new
        {
            let id = if new { "own-cgroup-new" } else { "own-cgroup-old" };
            found.push(Message::new(id).with("target", target));
        }
    }
    found
}

/// What differs between measurements that are said to be of the same thing: everything that keeps results from being compared,
/// and the program.
pub fn disagreements(side: &[&Results]) -> Vec<Message> {
    // Each with each, as the first may lack a target that two others have.
    let pairs = (0..side.len()).flat_map(|first| side[first + 1..].iter().map(move |other| (side[first], *other)));
    let of = |(first, other): (&Results, &Results)| {
        let program = first.workload.sha256 != other.workload.sha256;
        let program = program.then(|| Message::new("program"));
        differences(first, other).into_iter().chain(program).collect()
    };
    pairs
        .map(of)
        .find(|found: &Vec<Message>| !found.is_empty())
        .unwrap_or_default()
}

/// Whether the host was not the same all the time.
pub(super) fn was_disturbed(results: &Results) -> bool {
    let warnings = results.warnings.iter();
    warnings
        .map(|warning| warning.id.as_str())
        .any(|id| DISTURBANCES.contains(&id))
}

/// What has changed that is worth a word, but no reason against comparing: the program, isolab itself, a kernel's build.
pub(super) fn remarks(old: &[&Results], new: &[&Results]) -> Vec<Message> {
    let (Some(first), Some(latest)) = (old.first(), new.first()) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if first.workload.sha256 != latest.workload.sha256 {
        found.push(Message::new("program"));
    }
    if first.host.isolab_version != latest.host.isolab_version {
        found.extend(differs(
            "isolab",
            first.host.isolab_version.clone(),
            latest.host.isolab_version.clone(),
        ));
    }
    for (side, id) in [(old, "disturbed-old"), (new, "disturbed-new")] {
        if side.iter().any(|results| was_disturbed(results)) {
            found.push(Message::new(id));
        }
    }
    let pairs = old.iter().flat_map(|old| new.iter().flat_map(|new| shared(old, new)));
    for (before, after) in pairs {
        if let (Some(old), Some(new)) = (&before.guest_kernel, &after.guest_kernel)
            && old.sha256 != new.sha256
        {
            let message = Message::new("guest-kernel-build").with("target", &*after.name);
            if !found.contains(&message) {
                found.push(message);
            }
        }
    }
    found
}

fn differs(id: &str, old: String, new: String) -> Option<Message> {
    (old != new).then(|| Message::new(id).with("new", new).with("old", old))
}

/// The targets that could run on both sides, old and new.
fn shared<'a>(old: &'a Results, new: &'a Results) -> impl Iterator<Item = (&'a Target, &'a Target)> {
    let runs = |target: &&Target| target.unavailable.is_none();
    new.targets.iter().filter(runs).filter_map(move |after| {
        let before = old
            .targets
            .iter()
            .filter(runs)
            .find(|before| before.name == after.name)?;
        Some((before, after))
    })
}

/// A program that was built anew may stand in another folder.
fn file_name(path: &str) -> String {
    let name = Path::new(path).file_name();
    name.map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned())
}

fn told(text: Option<String>) -> String {
    text.unwrap_or_else(|| "–".to_owned())
}

/// Arguments, each in quotes, so that it is seen where one ends.
fn quoted(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    told((!words.is_empty()).then(|| words.join(" ")))
}

/// As results files have it.
fn kvm(kind: KvmKind) -> &'static str {
    match kind {
        KvmKind::Hardware => "hardware",
        KvmKind::EmulatedKernelMode => "emulated-kernel-mode",
        KvmKind::None => "none",
    }
}

fn limits(results: &Results) -> String {
    let limits = &results.config.container_limits;
    format!(
        "memory {}, cpus {}, pids {}",
        told(limits.memory_bytes.map(|bytes| bytes.to_string())),
        told(limits.cpus.map(|cpus| cpus.to_string())),
        told(limits.pids.map(|pids| pids.to_string()))
    )
}
