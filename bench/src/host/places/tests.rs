//! Each place, by what shows it.

use super::*;

fn on(hypervisor: &str) -> Signs {
    Signs {
        kernel: "Linux version 6.12.0".into(),
        hypervisor: Some(hypervisor.into()),
        ..Signs::default()
    }
}

#[test]
fn bare_metal_is_no_place_and_a_clouds_bare_metal_neither() {
    assert_eq!(of(&Signs::default()), []);
    let metal = Signs {
        vendor: "Amazon EC2".into(),
        product: "m5.metal".into(),
        ..Signs::default()
    };
    assert_eq!(of(&metal), []);
}

#[test]
fn both_kinds_of_wsl_are_known_by_their_kernels() {
    let mut signs = on("Microsoft Hv");
    signs.kernel = "Linux version 5.15.153.1-microsoft-standard-WSL2".into();
    signs.container = Some("wsl".into());
    assert_eq!(of(&signs), [Place::Wsl2]);
    let first = Signs {
        kernel: "Linux version 4.4.0-19041-Microsoft".into(),
        ..Signs::default()
    };
    assert_eq!(of(&first), [Place::Wsl1]);
}

#[test]
fn clouds_are_known_by_their_firmware() {
    let cloud = |vendor: &str, product: &str, chassis: &str, hypervisor: &str| {
        let signs = Signs {
            vendor: vendor.into(),
            product: product.into(),
            chassis: chassis.into(),
            ..on(hypervisor)
        };
        of(&signs)
    };
    assert_eq!(cloud("Amazon EC2", "m5.large", "", "KVMKVMKVM"), [Place::Aws]);
    assert_eq!(
        cloud("Google", "Google Compute Engine", "", "KVMKVMKVM"),
        [Place::GoogleCloud]
    );
    let microsoft = ("Microsoft Corporation", "Virtual Machine");
    assert_eq!(
        cloud(microsoft.0, microsoft.1, AZURE_CHASSIS, "Microsoft Hv"),
        [Place::Azure]
    );
    assert_eq!(cloud(microsoft.0, microsoft.1, "", "Microsoft Hv"), [Place::HyperV]);
    assert_eq!(cloud("Hetzner", "vServer", "", "KVMKVMKVM"), [Place::Cloud]);
}

#[test]
fn virtual_machines_are_known_by_firmware_or_signature() {
    let named = |product: &str, hypervisor: &str| {
        of(&Signs {
            product: product.into(),
            ..on(hypervisor)
        })
    };
    assert_eq!(named("VirtualBox", "KVMKVMKVM"), [Place::Virtualbox]);
    assert_eq!(named("VMware Virtual Platform", "VMwareVMware"), [Place::Vmware]);
    assert_eq!(named("", " lrpepyh vr"), [Place::Parallels]);
    assert_eq!(
        named("Standard PC (Q35 + ICH9, 2009)", "TCGTCGTCGTCG"),
        [Place::Simulated]
    );
    assert_eq!(named("", "KVMKVMKVM"), [Place::VirtualMachine]);
    let apple = Signs {
        cpu_vendor: "VirtualApple".into(),
        ..Signs::default()
    };
    assert_eq!(of(&apple), [Place::Apple]);
}

#[test]
fn a_virtual_machine_whose_root_was_a_containers_is_no_container() {
    let signs = Signs {
        docker_file: true,
        ..on("KVMKVMKVM")
    };
    assert_eq!(of(&signs), [Place::VirtualMachine]);
}

#[test]
fn containers_and_runners_come_before_the_machine_that_they_are_in() {
    let docker = Signs {
        docker_file: true,
        own_namespaces: true,
        github_actions: true,
        ci: true,
        chassis: AZURE_CHASSIS.into(),
        ..on("Microsoft Hv")
    };
    assert_eq!(of(&docker), [Place::Docker, Place::GithubActions, Place::Azure]);
    let says = |manager: &str| {
        of(&Signs {
            container: Some(manager.into()),
            ..Signs::default()
        })
    };
    assert_eq!(says("podman"), [Place::Podman]);
    assert_eq!(says("lxc"), [Place::Lxc]);
    assert_eq!(says("systemd-nspawn"), [Place::Container]);
    let desktop = Signs {
        kernel: "Linux version 6.10.14-linuxkit".into(),
        docker_file: true,
        own_namespaces: true,
        ..on("KVMKVMKVM")
    };
    assert_eq!(of(&desktop), [Place::Docker, Place::DockerDesktop]);
}
