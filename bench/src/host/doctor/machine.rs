//! The machine and its kernel: where it is, and whether times taken on it mean something.

use crate::host::clock_source::{self, Grade};
use crate::host::frequency::{Frequency, Pace};
use crate::host::places::Place;
use crate::host::signs::Signs;
use crate::host::system_files::SystemFiles;
use reports::finding::{Finding, Section, Severity};
use reports::model::{Argument, Environment, Host, Message};

/// What there is to say of the host itself.
pub fn findings(host: &Host, signs: &Signs, places: &[Place], files: &SystemFiles) -> Vec<Finding> {
    let gib = host.memory_bytes as f64 / (1_u64 << 30) as f64;
    let mut findings = vec![
        of_host(Severity::Ok, "host")
            .arg("kernel", host.kernel.as_str())
            .arg("cpu", host.cpu_model.as_str())
            .arg("cpus", host.cores)
            .arg("memory", format!("{gib:.1} GiB")),
    ];
    // What is only known to be some virtual machine is said with its hypervisor.
    let named = places.iter().filter(|place| **place != Place::VirtualMachine);
    findings.extend(named.map(|place| {
        let severity = match place {
            Place::Wsl1 => Severity::Missing,
            _ => Severity::Note,
        };
        of_host(severity, &format!("place-{}", place.id())).arg("vendor", signs.vendor.as_str())
    }));
    findings.push(match signs.hypervisor_name() {
        None => of_host(Severity::Ok, "bare-metal"),
        Some(name) => {
            let nested = if signs.hardware_virtualization { "yes" } else { "no" };
            of_host(Severity::Note, "hypervisor")
                .arg("name", name)
                .arg("nested", nested)
        }
    });
    findings.push(of_host(Severity::Ok, "cgroups").arg("mode", host.cgroup_mode.as_str()));
    let environment = &host.environment;
    findings.extend(environment.clock_source.as_deref().map(clock));
    findings.extend(frequency(&Frequency::read(files)));
    findings.push(
        of_host(Severity::Ok, "cpu")
            .arg("smt", switch(environment.smt))
            .arg("turbo", switch(environment.turbo))
            .arg(
                "nodes",
                environment
                    .numa_nodes
                    .map_or(Message::new("doctor-value-unknown").into(), Argument::from),
            ),
    );
    let thp = environment.transparent_hugepages.clone();
    findings.push(
        of_host(Severity::Ok, "memory")
            .arg(
                "thp",
                thp.map_or(Message::new("doctor-value-unknown").into(), Argument::from),
            )
            .arg("ksm", switch(environment.ksm)),
    );
    if environment.ksm == Some(true) {
        findings.push(of_host(Severity::Degraded, "ksm").to_do("ksm"));
    }
    findings.extend(mitigations(environment));
    findings
}

fn of_host(severity: Severity, id: &str) -> Finding {
    Finding::new(Section::Host, severity, id)
}

fn switch(on: Option<bool>) -> Message {
    Message::new(match on {
        Some(true) => "doctor-value-on",
        Some(false) => "doctor-value-off",
        None => "doctor-value-unknown",
    })
}

fn clock(name: &str) -> Finding {
    let finding = match clock_source::grade(name) {
        Grade::Good => of_host(Severity::Ok, "clock-source"),
        Grade::Slow => of_host(Severity::Degraded, "clock-source-slow").to_do("clock-source"),
        Grade::Coarse => of_host(Severity::Degraded, "clock-source-coarse").to_do("clock-source"),
    };
    finding.arg("name", name)
}

/// Nothing where this kernel does not set the clock rate.
fn frequency(frequency: &Frequency) -> Option<Finding> {
    let governor = frequency.governor.as_deref()?;
    let finding = match frequency.pace() {
        Some(Pace::FollowsLoad) => of_host(Severity::Degraded, "governor-follows-load").to_do("governor"),
        Some(Pace::Low) => of_host(Severity::Degraded, "governor-low").to_do("governor"),
        Some(Pace::Fast) | None => of_host(Severity::Ok, "governor"),
    };
    let driver = frequency.driver.as_deref().unwrap_or("?");
    Some(finding.arg("driver", driver).arg("governor", governor))
}

fn mitigations(environment: &Environment) -> Option<Finding> {
    let all = &environment.mitigations;
    let count = |begins: &str| all.values().filter(|text| text.starts_with(begins)).count();
    let (mitigated, unaffected) = (count("Mitigation"), count("Not affected"));
    let finding = of_host(Severity::Ok, "mitigations")
        .arg("mitigated", mitigated)
        .arg("unaffected", unaffected)
        .arg("vulnerable", all.len() - mitigated - unaffected);
    (!all.is_empty()).then_some(finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::system_files::Fixture;

    fn ids(host: &Host, signs: &Signs, places: &[Place], files: &[(&str, &str)]) -> Vec<String> {
        let found = findings(host, signs, places, &Fixture::new(files).files);
        found.into_iter().map(|finding| finding.id).collect()
    }

    #[test]
    fn bare_metal_is_said_to_be_so_and_a_place_is_named_with_its_hypervisor() {
        let metal = ids(&Host::default(), &Signs::default(), &[], &[]);
        assert!(metal.contains(&"bare-metal".to_owned()), "{metal:?}");
        let signs = Signs {
            hypervisor: Some("KVMKVMKVM".into()),
            ..Signs::default()
        };
        let cloud = ids(&Host::default(), &signs, &[Place::Docker, Place::Aws], &[]);
        assert_eq!(cloud[1..4], ["place-docker", "place-aws", "hypervisor"]);
    }

    #[test]
    fn what_makes_figures_worse_is_said_with_what_to_do() {
        let policy = "/sys/devices/system/cpu/cpu0/cpufreq";
        let driver = (format!("{policy}/scaling_driver"), format!("{policy}/scaling_governor"));
        let files = [(driver.0.as_str(), "acpi-cpufreq"), (driver.1.as_str(), "schedutil")];
        let environment = Environment {
            clock_source: Some("acpi_pm".into()),
            ksm: Some(true),
            ..Environment::default()
        };
        let host = Host {
            environment,
            ..Host::default()
        };
        let found = findings(&host, &Signs::default(), &[], &Fixture::new(&files).files);
        let degraded = found.iter().filter(|finding| finding.severity == Severity::Degraded);
        let degraded: Vec<(&str, &str)> = degraded
            .map(|finding| (finding.id.as_str(), finding.to_do[0].as_str()))
            .collect();
        assert_eq!(
            degraded,
            [
                ("clock-source-slow", "clock-source"),
                ("governor-follows-load", "governor"),
                ("ksm", "ksm")
            ]
        );
    }

    #[test]
    fn vulnerabilities_are_counted_by_what_the_kernel_does() {
        let texts = [
            ("a", "Mitigation: PTI"),
            ("b", "Not affected"),
            ("c", "Vulnerable: no microcode"),
            ("d", "Not affected"),
        ];
        let environment = Environment {
            mitigations: texts
                .iter()
                .map(|(name, text)| ((*name).into(), (*text).into()))
                .collect(),
            ..Environment::default()
        };
        let args = mitigations(&environment).unwrap().args;
        let counts = ["mitigated", "vulnerable", "unaffected"].map(|name| args[name].clone());
        assert_eq!(counts, [1, 1, 2].map(|count: u32| Argument::from(count)));
    }
}
