//! The conditions on the host that results keep: what explains why another machine of the same name is faster or slower.

use super::frequency::Frequency;
use super::places;
use super::signs::Signs;
use super::system_files::SystemFiles;
use super::{clock_source, cpu_list};
use reports::model::Environment;

/// The conditions now, without the primitives, which take time.
pub fn describe() -> Environment {
    Environment {
        measured_at: Some(jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        ..read(&SystemFiles::of_this_host(), &Signs::of_this_host())
    }
}

fn read(files: &SystemFiles, signs: &Signs) -> Environment {
    let frequency = Frequency::read(files);
    let parameter = |module: &str| files.parameter(&format!("/sys/module/{module}/parameters/nested"));
    let nodes = files.text("/sys/devices/system/node/online");
    Environment {
        measured_at: None,
        places: places::of(signs).iter().map(|place| place.id().to_owned()).collect(),
        hypervisor: signs.hypervisor_name(),
        hardware_virtualization: Some(signs.hardware_virtualization),
        kvm_nested: parameter("kvm_intel").or_else(|| parameter("kvm_amd")),
        clock_source: clock_source::current(files),
        frequency_driver: frequency.driver,
        energy_preference: frequency.energy_preference,
        turbo: frequency.turbo,
        smt: files.switch("/sys/devices/system/cpu/smt/active"),
        numa_nodes: nodes.and_then(|nodes| Some(cpu_list::parse(&nodes).ok()?.len() as u32)),
        transparent_hugepages: files
            .text("/sys/kernel/mm/transparent_hugepage/enabled")
            .and_then(|text| chosen(&text)),
        ksm: files.number("/sys/kernel/mm/ksm/run").map(|run| run == 1),
        mitigations: files
            .folder("/sys/devices/system/cpu/vulnerabilities")
            .into_iter()
            .collect(),
        primitives: Vec::new(),
    }
}

/// The word in brackets of `always [madvise] never`.
fn chosen(text: &str) -> Option<String> {
    let (_, rest) = text.split_once('[')?;
    Some(rest.split_once(']')?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::system_files::Fixture;
    use super::*;

    #[test]
    fn the_kernels_files_are_read() {
        let fixture = Fixture::new(&[
            ("/sys/devices/system/cpu/smt/active", "1\n"),
            ("/sys/devices/system/node/online", "0-1\n"),
            (
                "/sys/kernel/mm/transparent_hugepage/enabled",
                "always [madvise] never\n",
            ),
            ("/sys/kernel/mm/ksm/run", "0\n"),
            ("/sys/devices/system/cpu/vulnerabilities/meltdown", "Mitigation: PTI\n"),
            ("/sys/module/kvm_amd/parameters/nested", "1\n"),
        ]);
        let found = read(&fixture.files, &Signs::default());
        assert_eq!(
            (found.smt, found.numa_nodes, found.ksm),
            (Some(true), Some(2), Some(false))
        );
        assert_eq!(found.transparent_hugepages.as_deref(), Some("madvise"));
        assert_eq!(found.mitigations["meltdown"], "Mitigation: PTI");
        assert_eq!((found.kvm_nested, found.hypervisor), (Some(true), None));
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        let found = read(&Fixture::new(&[]).files, &Signs::default());
        let expected = Environment {
            hardware_virtualization: Some(false),
            ..Environment::default()
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn this_host_is_described_with_the_time_in_utc() {
        let found = describe();
        let time = found.measured_at.unwrap();
        assert!(time.ends_with('Z') && time.parse::<jiff::Timestamp>().is_ok(), "{time}");
    }
}
