//! What shows where isolab runs and what it may do there, read once; the rules of [`super::places`] and [`super::doctor`] look
//! at nothing else.

use super::system_files::SystemFiles;
use std::arch::x86_64::__cpuid;

/// The inode of the first PID namespace of every Linux kernel (PROC_PID_INIT_INO, include/linux/proc_ns.h).
const FIRST_PID_NAMESPACE: u32 = 0xefff_fffc;
/// The inode of the first UTS namespace (PROC_UTS_INIT_INO).
const FIRST_UTS_NAMESPACE: u32 = 0xefff_fffe;

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// /proc/version.
    pub kernel: String,
    /// `vendor_id` of /proc/cpuinfo.
    pub cpu_vendor: String,
    /// Whether the processor offers VMX or SVM.
    pub hardware_virtualization: bool,
    /// The signature in CPUID leaf 0x40000000, where the processor says that there is a hypervisor.
    pub hypervisor: Option<String>,
    /// The firmware's `sys_vendor`.
    pub vendor: String,
    /// Its `product_name`.
    pub product: String,
    /// Its `bios_vendor`.
    pub bios: String,
    /// Its `chassis_asset_tag`.
    pub chassis: String,
    /// What the container's manager calls itself (`container=` of pid 1, or /run/systemd/container).
    pub container: Option<String>,
    /// Whether there is /.dockerenv.
    pub docker_file: bool,
    /// Whether the PID or UTS namespace is another than the first of this kernel. Without that /.dockerenv is a left-over: the
    /// root of many a virtual machine is made of a container's image.
    pub own_namespaces: bool,
    /// Whether there is /run/.containerenv.
    pub podman_file: bool,
    /// Whether files of /proc are those of LXCFS.
    pub lxcfs: bool,
    /// Whether this is a pod.
    pub kubernetes: bool,
    /// Whether this is a step of GitHub Actions.
    pub github_actions: bool,
    /// Whether this is a CI system at all.
    pub ci: bool,
    /// Whether a filter of system calls is on for this process (`Seccomp` of /proc/self/status).
    pub seccomp: bool,
    /// Whether this is root.
    pub root: bool,
    /// Modules of KVM that are loaded.
    pub kvm_modules: Vec<String>,
    /// `user.max_user_namespaces`.
    pub max_user_namespaces: Option<u64>,
    /// `kernel.apparmor_restrict_unprivileged_userns`.
    pub apparmor_restricts: Option<bool>,
    /// `kernel.unprivileged_userns_clone`, of Debian's kernels.
    pub unprivileged_clone: Option<bool>,
}

impl Signs {
    /// Those of this host.
    pub fn of_this_host() -> Self {
        let hypervisor = hypervisor_signature();
        Signs {
            hypervisor,
            root: nix::unistd::geteuid().is_root(),
            ..Self::read(&SystemFiles::of_this_host(), |name| std::env::var(name).ok())
        }
    }

    /// What files and environment show.
    pub fn read(files: &SystemFiles, variable: impl Fn(&str) -> Option<String>) -> Self {
        let cpuinfo = files.text("/proc/cpuinfo").unwrap_or_default();
        let cpu = |field: &str| {
            let line = cpuinfo.lines().find(|line| line.starts_with(field));
            line.and_then(|line| line.split_once(':'))
                .map_or("", |(_, value)| value.trim())
        };
        let firmware = |name: &str| files.text(&format!("/sys/class/dmi/id/{name}")).unwrap_or_default();
        let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty() && value != "false");
        let modules = ["kvm_intel", "kvm_amd", "kvm_pvm"].into_iter();
        Signs {
            kernel: files.text("/proc/version").unwrap_or_default(),
            cpu_vendor: cpu("vendor_id").into(),
            hardware_virtualization: cpu("flags")
                .split_ascii_whitespace()
                .any(|flag| flag == "vmx" || flag == "svm"),
            vendor: firmware("sys_vendor"),
            product: firmware("product_name"),
            bios: firmware("bios_vendor"),
            chassis: firmware("chassis_asset_tag"),
            container: container(files).or_else(|| variable("container").filter(|name| !name.is_empty())),
            docker_file: files.exists("/.dockerenv"),
            own_namespaces: [("pid", FIRST_PID_NAMESPACE), ("uts", FIRST_UTS_NAMESPACE)]
                .into_iter()
                .any(|(kind, first)| {
                    let namespace = files.link(&format!("/proc/self/ns/{kind}"));
                    namespace.is_some_and(|namespace| namespace != format!("{kind}:[{first}]"))
                }),
            podman_file: files.exists("/run/.containerenv"),
            lxcfs: files
                .text("/proc/self/mounts")
                .is_some_and(|mounts| mounts.contains("lxcfs ")),
            kubernetes: is_set("KUBERNETES_SERVICE_HOST"),
            github_actions: is_set("GITHUB_ACTIONS"),
            ci: is_set("CI"),
            seccomp: files.text("/proc/self/status").is_some_and(|status| {
                status
                    .lines()
                    .any(|line| line.split_ascii_whitespace().eq(["Seccomp:", "2"]))
            }),
            kvm_modules: modules
                .filter(|module| files.exists(&format!("/sys/module/{module}")))
                .map(str::to_owned)
                .collect(),
            max_user_namespaces: files.number("/proc/sys/user/max_user_namespaces"),
            apparmor_restricts: files.switch("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
            unprivileged_clone: files.switch("/proc/sys/kernel/unprivileged_userns_clone"),
            ..Signs::default()
        }
    }

    /// What the hypervisor is called, by its firmware where that says more than its signature.
    pub fn hypervisor_name(&self) -> Option<String> {
        let firmware = format!("{} {}", self.vendor, self.product);
        match (self.hypervisor.as_deref()?, firmware.trim()) {
            ("", "") => Some("unknown".into()),
            ("", firmware) => Some(firmware.into()),
            (signature, "") => Some(signature.into()),
            (signature, firmware) => Some(format!("{signature}, {firmware}")),
        }
    }
}

/// What the manager of a container has left for programs to know it by (container interface of systemd).
fn container(files: &SystemFiles) -> Option<String> {
    let environ = files.text("/proc/1/environ").unwrap_or_default();
    let variable = environ.split('\0').find_map(|word| word.strip_prefix("container="));
    let file = || files.text("/run/systemd/container");
    variable
        .map(str::to_owned)
        .or_else(file)
        .filter(|name| !name.is_empty())
}

/// CPUID leaf 0x40000000, where leaf 1 says that there is a hypervisor (ECX bit 31).
fn hypervisor_signature() -> Option<String> {
    const HYPERVISOR: u32 = 1 << 31;
    if __cpuid(1).ecx & HYPERVISOR == 0 {
        return None;
    }
    let leaf = __cpuid(0x4000_0000);
    let bytes: Vec<u8> = [leaf.ebx, leaf.ecx, leaf.edx]
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .filter(|byte| byte.is_ascii_graphic() || *byte == b' ')
        .collect();
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::super::system_files::Fixture;
    use super::*;

    fn read(files: &[(&str, &str)], variables: &[(&str, &str)]) -> Signs {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Signs::read(&Fixture::new(files).files, variable)
    }

    #[test]
    fn a_containers_manager_is_named_by_pid_1_or_by_a_file() {
        let by = |path, text| read(&[(path, text)], &[]).container;
        assert_eq!(
            by("/proc/1/environ", "A=b\0container=lxc\0C=d\0").as_deref(),
            Some("lxc")
        );
        assert_eq!(by("/run/systemd/container", "docker\n").as_deref(), Some("docker"));
        assert_eq!(by("/proc/1/environ", "container_other=x\0"), None);
        assert!(read(&[("/.dockerenv", "")], &[]).docker_file);
    }

    #[test]
    fn the_first_namespaces_of_a_kernel_are_known() {
        let fixture = Fixture::new(&[("/proc/self/status", "")]);
        let folder = fixture.path("/proc/self/ns");
        std::fs::create_dir_all(&folder).unwrap();
        let own = || Signs::read(&fixture.files, |_| None).own_namespaces;
        std::os::unix::fs::symlink("pid:[4026531836]", folder.join("pid")).unwrap();
        assert!(!own());
        std::os::unix::fs::symlink("uts:[4026532999]", folder.join("uts")).unwrap();
        assert!(own());
    }

    #[test]
    fn processor_firmware_and_limits_are_read() {
        let signs = read(
            &[
                (
                    "/proc/cpuinfo",
                    "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu vmx sse\n",
                ),
                ("/proc/self/status", "Name:\tx\nSeccomp:\t2\nSeccomp_filters:\t1\n"),
                ("/sys/class/dmi/id/sys_vendor", "Amazon EC2\n"),
                ("/proc/sys/user/max_user_namespaces", "0\n"),
                ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n"),
                ("/sys/module/kvm_intel/parameters/nested", "Y\n"),
            ],
            &[],
        );
        assert!(signs.hardware_virtualization && signs.seccomp);
        assert_eq!(
            (signs.cpu_vendor.as_str(), signs.vendor.as_str()),
            ("GenuineIntel", "Amazon EC2")
        );
        assert_eq!(
            (signs.max_user_namespaces, signs.apparmor_restricts),
            (Some(0), Some(true))
        );
        assert_eq!(signs.kvm_modules, ["kvm_intel"]);
    }

    #[test]
    fn a_runner_is_known_by_its_variables() {
        let signs = read(&[], &[("GITHUB_ACTIONS", "true"), ("CI", "true")]);
        assert!(signs.github_actions && signs.ci);
        assert_eq!(read(&[], &[("CI", "false")]), Signs::default());
    }
}
