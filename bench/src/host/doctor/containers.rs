//! What a container needs of this host, as [`container::probe`] has tried it, and what to do where it is refused.

use crate::host::places::{self, Place};
use crate::host::signs::Signs;
use container::Verdict;
use reports::finding::{Finding, Section, Severity};

/// What there is to say of what was tried.
pub fn findings(tried: &[container::Finding], signs: &Signs, places: &[Place]) -> Vec<Finding> {
    tried.iter().map(|found| finding(found, signs, places)).collect()
}

/// Why no container runs here, and what to do about it; `None` where they do.
pub fn refusal() -> Option<Finding> {
    let tried = container::probe();
    let refused = tried
        .iter()
        .find(|found| found.subject == "container" && found.verdict == Verdict::Missing)?;
    let signs = Signs::of_this_host();
    Some(finding(refused, &signs, &places::of(&signs)))
}

fn finding(found: &container::Finding, signs: &Signs, places: &[Place]) -> Finding {
    let severity = match found.verdict {
        Verdict::Works => Severity::Ok,
        Verdict::Degraded => Severity::Degraded,
        Verdict::Missing => Severity::Missing,
    };
    let id = match found.subject {
        "container" => "container-start",
        "user namespace" => "user-namespace",
        "cgroup memory" => "cgroup-memory",
        "cgroup cpu" => "cgroup-cpu",
        "cgroup pids" => "cgroup-pids",
        _ => "container-other",
    };
    let works = found.verdict == Verdict::Works;
    let finding = Finding::new(Section::Container, severity, id)
        .arg("subject", found.subject)
        .arg("answer", if works { "works" } else { found.answer.as_str() });
    if works {
        return finding;
    }
    let steps = if found.subject.starts_with("cgroup") {
        None
    } else {
        Some(steps(signs, places))
    };
    let finding = steps.into_iter().flatten().fold(finding, Finding::to_do);
    // The library's own words, which are of the step that was refused.
    if found.remedy.is_empty() {
        finding
    } else {
        finding.arg("hint", found.remedy.as_str()).to_do("hint")
    }
}

/// What to do where namespaces are refused, the surest first.
fn steps(signs: &Signs, places: &[Place]) -> Vec<String> {
    let mut steps = Vec::new();
    if places.contains(&Place::Wsl1) {
        steps.push("wsl1".into());
    }
    if signs.max_user_namespaces == Some(0) {
        steps.push("container-max-namespaces".into());
    }
    if !signs.root && signs.apparmor_restricts == Some(true) {
        steps.push("container-apparmor".into());
    }
    if !signs.root && signs.unprivileged_clone == Some(false) {
        steps.push("container-unprivileged-clone".into());
    }
    let container = places.iter().find(|place| place.is_container());
    steps.extend(container.map(|place| format!("container-{}", place.id())));
    if steps.is_empty() && !signs.root {
        steps.push("container-root".into());
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(signs: &Signs, places: &[Place]) -> Vec<String> {
        let tried = container::Finding {
            subject: "container",
            verdict: Verdict::Missing,
            tried: "start".into(),
            answer: "clone3: Operation not permitted".into(),
            remedy: String::new(),
        };
        findings(&[tried], signs, places)[0].to_do.clone()
    }

    #[test]
    fn what_works_needs_nothing_done() {
        let tried = container::Finding {
            subject: "user namespace",
            verdict: Verdict::Works,
            tried: "start".into(),
            answer: "works".into(),
            remedy: String::new(),
        };
        let found = &findings(&[tried], &Signs::default(), &[Place::Docker])[0];
        assert_eq!((found.severity, found.to_do.len()), (Severity::Ok, 0));
    }

    #[test]
    fn each_kind_of_container_has_its_own_way() {
        let root = Signs {
            root: true,
            ..Signs::default()
        };
        for (place, step) in [
            (Place::Docker, "container-docker"),
            (Place::Podman, "container-podman"),
            (Place::Lxc, "container-lxc"),
            (Place::Kubernetes, "container-kubernetes"),
            (Place::Container, "container-container"),
            (Place::Wsl1, "wsl1"),
        ] {
            assert_eq!(refused(&root, &[place]), [step]);
        }
    }

    #[test]
    fn limits_of_this_kernel_are_named_as_they_were_found() {
        let ubuntu = Signs {
            apparmor_restricts: Some(true),
            ..Signs::default()
        };
        // As on a GitHub runner with Ubuntu 24.04.
        assert_eq!(
            refused(&ubuntu, &[Place::GithubActions, Place::Azure]),
            ["container-apparmor"]
        );
        let hardened = Signs {
            max_user_namespaces: Some(0),
            ..Signs::default()
        };
        assert_eq!(refused(&hardened, &[]), ["container-max-namespaces"]);
        let debian = Signs {
            unprivileged_clone: Some(false),
            ..Signs::default()
        };
        assert_eq!(refused(&debian, &[]), ["container-unprivileged-clone"]);
        assert_eq!(refused(&Signs::default(), &[]), ["container-root"]);
    }
}
