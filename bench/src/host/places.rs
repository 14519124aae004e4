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
mod tests;
