//! What isolab runs in: a container, WSL, a CI runner, a virtual machine of some hypervisor or cloud. Each has its own way to
//! what isolab needs, which `isolab doctor` names.

use super::signs::Signs;

/// What isolab runs in; several may hold at once, as with a container in a cloud's virtual machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A Docker container.
    Docker,
    /// A Podman container.
    Podman,
    /// A system container of LXC, LXD or Incus.
    Lxc,
    /// A pod of Kubernetes.
    Kubernetes,
    /// A container of another kind.
    Container,
    /// A runner of GitHub Actions.
    GithubActions,
    /// A runner of another CI system.
    Ci,
    /// Windows Subsystem for Linux 1: no Linux kernel at all.
    Wsl1,
    /// Windows Subsystem for Linux 2.
    Wsl2,
    /// The virtual machine that Docker Desktop runs on macOS or Windows.
    DockerDesktop,
    /// A virtual machine on macOS, by Apple's framework, or a translated x86-64 program there.
    Apple,
    /// A virtual machine of Parallels Desktop.
    Parallels,
    /// A virtual machine of VMware.
    Vmware,
    /// A virtual machine of VirtualBox.
    Virtualbox,
    /// A virtual machine of Hyper-V.
    HyperV,
    /// Amazon EC2.
    Aws,
    /// Google Compute Engine.
    GoogleCloud,
    /// Azure.
    Azure,
    /// Another cloud.
    Cloud,
    /// A processor that QEMU simulates.
    Simulated,
    /// A virtual machine of KVM, Xen or an unnamed hypervisor.
    VirtualMachine,
}

impl Place {
    /// Every place.
    pub const ALL: [Place; 21] = [
        Place::Docker,
        Place::Podman,
        Place::Lxc,
        Place::Kubernetes,
        Place::Container,
        Place::GithubActions,
        Place::Ci,
        Place::Wsl1,
        Place::Wsl2,
        Place::DockerDesktop,
        Place::Apple,
        Place::Parallels,
        Place::Vmware,
        Place::Virtualbox,
        Place::HyperV,
        Place::Aws,
        Place::GoogleCloud,
        Place::Azure,
        Place::Cloud,
        Place::Simulated,
        Place::VirtualMachine,
    ];

    /// As results and messages call it.
    pub fn id(self) -> &'static str {
        match self {
            Place::Docker => "docker",
            Place::Podman => "podman",
            Place::Lxc => "lxc",
            Place::Kubernetes => "kubernetes",
            Place::Container => "container",
            Place::GithubActions => "github-actions",
            Place::Ci => "ci",
            Place::Wsl1 => "wsl1",
            Place::Wsl2 => "wsl2",
            Place::DockerDesktop => "docker-desktop",
            Place::Apple => "apple",
            Place::Parallels => "parallels",
            Place::Vmware => "vmware",
            Place::Virtualbox => "virtualbox",
            Place::HyperV => "hyper-v",
            Place::Aws => "aws",
            Place::GoogleCloud => "google-cloud",
            Place::Azure => "azure",
            Place::Cloud => "cloud",
            Place::Simulated => "simulated",
            Place::VirtualMachine => "virtual-machine",
        }
    }

    /// Whether it is a container, in which processes share a kernel with others.
    pub fn is_container(self) -> bool {
        matches!(
            self,
            Place::Docker | Place::Podman | Place::Lxc | Place::Kubernetes | Place::Container
        )
    }
}

/// What isolab runs in, from the inside out.
pub fn of(signs: &Signs) -> Vec<Place> {
    [container(signs), ci(signs), machine(signs)]
        .into_iter()
        .flatten()
        .collect()
}

fn container(signs: &Signs) -> Option<Place> {
    let says = |manager: &str| {
        signs
            .container
            .as_deref()
            .is_some_and(|found| found.starts_with(manager))
    };
    Some(match () {
        () if signs.kubernetes => Place::Kubernetes,
        () if signs.podman_file || says("podman") => Place::Podman,
        () if (signs.docker_file && signs.own_namespaces) || says("docker") => Place::Docker,
        () if says("lxc") || signs.lxcfs => Place::Lxc,
        // WSL calls itself a container too; its kernel tells more.
        () if says("wsl") => return None,
        () if signs.container.is_some() => Place::Container,
        () => return None,
    })
}

fn ci(signs: &Signs) -> Option<Place> {
    match () {
        () if signs.github_actions => Some(Place::GithubActions),
        () if signs.ci => Some(Place::Ci),
        () => None,
    }
}

/// The machine below the containers. What is named more precisely comes first: VirtualBox and clouds show KVM's signature.
fn machine(signs: &Signs) -> Option<Place> {
    let kernel = signs.kernel.to_lowercase();
    let hypervisor = signs.hypervisor.as_deref().unwrap_or_default();
    let firmware = |word: &str| {
        let fields = [&signs.vendor, &signs.product, &signs.bios];
        fields.iter().any(|field| field.contains(word))
    };
    Some(match () {
        () if kernel.contains("microsoft") && kernel.contains("wsl2") => Place::Wsl2,
        () if kernel.contains("microsoft-standard") => Place::Wsl2,
        () if kernel.contains("microsoft") && signs.hypervisor.is_none() => Place::Wsl1,
        () if kernel.contains("linuxkit") => Place::DockerDesktop,
        () if firmware("Apple") || signs.cpu_vendor == "VirtualApple" => Place::Apple,
        // A machine of a cloud that has no hypervisor is as good as any of bare metal.
        () if signs.hypervisor.is_none() => return None,
        () if firmware("Parallels") || hypervisor.contains("lrpepyh") => Place::Parallels,
        () if firmware("VirtualBox") || firmware("innotek") || hypervisor.starts_with("VBox") => Place::Virtualbox,
        () if firmware("VMware") || hypervisor.starts_with("VMware") => Place::Vmware,
        () if firmware("Amazon EC2") => Place::Aws,
        () if firmware("Google Compute Engine") => Place::GoogleCloud,
        () if signs.chassis == AZURE_CHASSIS => Place::Azure,
        () if CLOUDS.iter().any(|name| firmware(name)) || signs.chassis == "OracleCloud.com" => Place::Cloud,
        () if hypervisor.starts_with("Microsoft") => Place::HyperV,
        () if hypervisor.starts_with("TCG") => Place::Simulated,
        () => Place::VirtualMachine,
    })
}

/// What Azure puts into `chassis_asset_tag`, by which its own agent knows it from Hyper-V elsewhere.
const AZURE_CHASSIS: &str = "7783-7084-3265-9085-8269-3286-77";

/// What other clouds put into the fields of their firmware.
const CLOUDS: [&str; 10] = [
    "DigitalOcean",
    "Hetzner",
    "Alibaba Cloud",
    "OpenStack",
    "Scaleway",
    "Linode",
    "Akamai",
    "Vultr",
    "UpCloud",
    "Exoscale",
];

#[cfg(test)]
mod tests {
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
}
