//! What `isolab doctor` looks at, and what it makes of it. The rules ([`machine`], [`containers`], [`kvm`]) look at nothing but
//! what was read, so that every place that people run isolab in is a test.

pub mod containers;
pub mod kvm;
pub mod machine;

use super::places;
use super::primitives;
use super::signs::Signs;
use super::system_files::SystemFiles;
use crate::kernels;
use reports::finding::{self, Finding, Section, Severity};
use reports::model::Host;

/// What was found.
#[derive(Clone, Debug)]
pub struct Examination {
    /// The host, with its environment and primitives.
    pub host: Host,
    /// Everything that there is to say, by section.
    pub findings: Vec<Finding>,
}

/// Looks at everything, and tries what cannot be seen.
pub fn examine() -> Examination {
    let mut host = super::describe();
    host.environment.primitives = primitives::measure();
    let signs = Signs::of_this_host();
    let places = places::of(&signs);
    let files = SystemFiles::of_this_host();
    let mut findings = machine::findings(&host, &signs, &places, &files);
    findings.push(Finding::new(Section::Process, Severity::Ok, "process"));
    findings.extend(containers::findings(&container::probe(), &signs, &places));
    findings.extend(kvm::findings(&kvm::Tried::now(), &signs, &places));
    findings.extend(kernels(&host, &files));
    findings.extend(finding::of_primitives(&host.environment.primitives));
    Examination { host, findings }
}

/// The kernels of Linux guests.
fn kernels(host: &Host, files: &SystemFiles) -> Vec<Finding> {
    let finding = |severity, id: &str| Finding::new(Section::Kernels, severity, id);
    let imported = kernels::list().into_iter();
    let mut findings: Vec<Finding> = imported
        .map(|found| finding(Severity::Ok, "kernel").arg("name", found.name))
        .collect();
    let release = host.kernel.strip_prefix("Linux ").unwrap_or(&host.kernel);
    let places = [
        format!("/boot/vmlinuz-{release}"),
        format!("/lib/modules/{release}/vmlinuz"),
    ];
    let there = places.iter().find(|path| files.exists(path));
    // Other kernels can be had: nothing is missing.
    findings.push(match (kernels::host(), there) {
        (Ok(found), _) => finding(Severity::Ok, "kernel-host").arg("path", found.kernel.display().to_string()),
        (Err(error), Some(path)) => finding(Severity::Note, "kernel-host-unreadable")
            .arg("path", path.as_str())
            .arg("answer", error.why().clone())
            .to_do("kernel-copy"),
        (Err(_), None) => finding(Severity::Note, "kernel-host-absent")
            .arg("release", release)
            .to_do("kernel-fetch"),
    });
    findings
}

#[cfg(test)]
mod tests {
    use super::super::places::Place;
    use super::*;
    use nix::errno::Errno;
    use reports::Lang;
    use reports::finding::FindingTexts;

    #[test]
    fn every_place_and_every_refusal_has_its_texts_in_every_language() {
        let mut all = examine().findings;
        for place in Place::ALL {
            for errno in [
                Errno::ENOENT,
                Errno::ENODEV,
                Errno::EACCES,
                Errno::EPERM,
                Errno::EBUSY,
                Errno::EIO,
            ] {
                for hardware_virtualization in [false, true] {
                    let signs = Signs {
                        hardware_virtualization,
                        apparmor_restricts: Some(true),
                        unprivileged_clone: Some(false),
                        max_user_namespaces: Some(0),
                        ..Signs::default()
                    };
                    let none = microvm::KvmKind::None("no".into());
                    let tried = kvm::Tried {
                        opened: Err(errno as i32),
                        group_may: hardware_virtualization,
                        seen: none.clone(),
                        timed: none,
                        instruction: None,
                    };
                    let refused = container::Finding {
                        subject: "container",
                        verdict: container::Verdict::Missing,
                        tried: "start".into(),
                        answer: "clone3: Operation not permitted".into(),
                        remedy: "do this".into(),
                    };
                    all.extend(kvm::findings(&tried, &signs, &[place]));
                    all.extend(containers::findings(&[refused], &signs, &[place]));
                    let none = SystemFiles::below("/nonexistent");
                    all.extend(machine::findings(&Host::default(), &signs, &[place], &none));
                }
            }
        }
        for lang in Lang::ALL {
            let page = FindingTexts::new(lang).page(&all);
            let wrong = page.lines().find(|line| line.contains('⟨') || line.contains("{$"));
            assert_eq!(wrong, None);
        }
    }
}
