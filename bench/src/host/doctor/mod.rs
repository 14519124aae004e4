//! What `isolab doctor` looks at, and what it makes of it. The rules ([`machine`], [`containers`], [`kvm`]) look at nothing but
//! what was read, so that every place that people run isolab in is a test.

pub mod containers;
pub mod kvm;
pub mod machine;
mod times;

use super::places;
use super::primitives;
use super::signs::Signs;
use super::system_files::SystemFiles;
use crate::kernels;
use reports::finding::{Finding, Section, Severity};
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
    let mut findings = machine::findings(&host, &signs, &places, &SystemFiles::of_this_host());
    findings.push(Finding::new(Section::Process, Severity::Ok, "process"));
    findings.extend(containers::findings(&container::probe(), &signs, &places));
    findings.extend(kvm::findings(&kvm::Tried::now(), &signs, &places));
    findings.extend(kernels());
    findings.extend(times::findings(&host.environment.primitives));
    Examination { host, findings }
}

/// The kernels of Linux guests.
fn kernels() -> Vec<Finding> {
    let finding = |severity, id: &str| Finding::new(Section::Kernels, severity, id);
    let imported = kernels::list().into_iter();
    let mut findings: Vec<Finding> = imported
        .map(|found| finding(Severity::Ok, "kernel").arg("name", found.name))
        .collect();
    findings.push(match kernels::host() {
        Ok(found) => finding(Severity::Ok, "kernel-host").arg("path", found.kernel.display().to_string()),
        // Other kernels can be had: nothing is missing.
        Err(error) => {
            let missing = finding(Severity::Note, "kernel-host-missing").arg("answer", error.message);
            match error.remedy {
                Some(remedy) => missing.arg("hint", remedy).to_do("hint"),
                None => missing,
            }
        }
    });
    findings
}
