//! What a machine is like beyond its kernel and processor: why the same program takes three times as long on another
//! machine of the same name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The conditions on the host when the measuring began. What could not be read is null, and all of it in files of older
/// versions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Environment {
    /// When the measuring began, in UTC (RFC 3339).
    pub measured_at: Option<String>,
    /// What isolab ran in, from the inside out: `docker`, `wsl2`, `github-actions`, `aws`, … Empty where nothing was detected.
    pub places: Vec<String>,
    /// The hypervisor that this host runs on, as CPUID leaf 0x40000000 or the firmware names it. Null where none was
    /// detected: bare metal, as far as it shows.
    pub hypervisor: Option<String>,
    /// Whether the processor offers VMX or SVM. On a host with a hypervisor: nested virtualization.
    pub hardware_virtualization: Option<bool>,
    /// Whether KVM offers its guests virtualization in turn (`nested` of kvm_intel and kvm_amd).
    pub kvm_nested: Option<bool>,
    /// What the kernel reads the time from: `tsc`, `kvm-clock`, `hpet`, …
    pub clock_source: Option<String>,
    /// The driver that sets the clock rate: `intel_pstate`, `amd-pstate-epp`, `acpi-cpufreq`, …
    pub frequency_driver: Option<String>,
    /// What a driver that chooses the clock rate itself was asked to prefer: `performance`, `balance_power`, …
    pub energy_preference: Option<String>,
    /// Whether processors may exceed their nominal clock rate for a while.
    pub turbo: Option<bool>,
    /// Whether several processors share a core (SMT).
    pub smt: Option<bool>,
    /// Memory nodes.
    pub numa_nodes: Option<u32>,
    /// Where memory gets huge pages by itself: `always`, `madvise` or `never`.
    pub transparent_hugepages: Option<String>,
    /// Whether equal pages of different processes are merged (KSM).
    pub ksm: Option<bool>,
    /// Weaknesses of the processor, and what the kernel does about each (`/sys/devices/system/cpu/vulnerabilities`).
    pub mitigations: BTreeMap<String, String>,
    /// How long the operations take that a start is made of.
    pub primitives: Vec<Primitive>,
}

/// An operation of a kernel or a processor, timed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Primitive {
    /// Which: `system-call`, `page-fault`, `cpuid`, `context-switch`, `clone`, `clone-network`, `create-vm`.
    pub id: String,
    /// Where it was timed.
    pub on: On,
    /// Median time of one, in nanoseconds; null where it could not be timed.
    pub median_ns: Option<f64>,
    /// How often it was timed; each time is a mean over a batch where a single one is too short to time.
    pub n: u32,
    /// Why it could not be timed.
    pub missing: Option<String>,
}

/// On which kernel an operation was timed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum On {
    /// The host's.
    #[default]
    Host,
    /// The built-in guest kernel, in a micro-VM.
    Guest,
}
