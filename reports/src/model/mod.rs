//! The results file: one JSON document, `"schema": "isolab-results/2"`.
//!
//! Figures are maps by metric, and `metrics` says what each metric is ([`Definition`]). Units stand in the names (`_ms`
//! milliseconds, `_bytes`, `_per_s`). Unknown fields are ignored on reading and every field added after the first release
//! has a default, so that a file of a newer version still reads. Files of `isolab-results/1` are converted on reading
//! ([`v1`]).

mod any_json;
mod density;
mod environment;
pub mod file;
mod instance;
mod message;
mod metric;
mod name;
mod sample;
mod samples;
pub mod schema;
mod summary;
mod v1;
mod version;

pub use density::Density;
pub use environment::{Environment, On, Primitive};
pub use instance::Instance;
pub use message::{Argument, Message};
pub use metric::{Aggregate, Better, Definition, Figures, Scope, Unit};
pub use name::Name;
pub use sample::{Phase, Sample};
pub use samples::{Iter, Samples};
pub use summary::{Change, Comparison, Diff, Distribution, Interval, Nearest, Summary, Verdict};
pub use version::Version;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// The schema name that this version writes.
pub const SCHEMA: &str = "isolab-results/2";

/// Everything that one invocation of isolab measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Results {
    /// Always [`SCHEMA`] in files that this version writes.
    pub schema: String,
    /// The machine the figures were taken on.
    pub host: Host,
    /// The command as resolved: every option with the value that was in force.
    pub config: Config,
    /// The program that ran on every target.
    pub workload: Workload,
    /// The version of the program that it was measured against, by turns; then there are two rows a target (`container@A`: this
    /// one, `container@B`: `workload`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<Workload>,
    /// Where it ran, in the order of the table.
    pub targets: Vec<Target>,
    /// What the metrics are that there are figures of.
    pub metrics: Vec<Definition>,
    /// Every run, warm-up excluded, in the order it was taken.
    pub samples: Samples,
    /// What was taken of instances of their own, apart from the runs.
    #[serde(default)]
    pub instances: Vec<Instance>,
    /// One entry per target that has samples.
    pub summary: Vec<Summary>,
    /// Targets against the baseline target.
    pub comparisons: Vec<Comparison>,
    /// How many instances were held at once, target by target, where that was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub density: Vec<Density>,
    /// What has changed since older results, where they were compared with some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<Diff>,
    /// What a reader must know before trusting the figures.
    pub warnings: Vec<Message>,
}

impl Results {
    /// The summary of a target.
    pub fn summary_of(&self, target: &str) -> Option<&Summary> {
        self.summary.iter().find(|summary| summary.target == target)
    }

    /// A target's figures of a metric.
    pub fn metric_of(&self, target: &str, id: &str) -> Option<Distribution> {
        self.summary_of(target)?.metric(id)
    }

    /// A target's figures of a metric in all good runs, in their order.
    pub fn figures_of(&self, target: &str, id: &str) -> Vec<f64> {
        let good = self.samples.good(target);
        good.filter_map(|sample| sample.metric(id)).collect()
    }

    /// What a metric is.
    pub fn definition(&self, id: &str) -> Option<&Definition> {
        self.metrics.iter().find(|definition| definition.id == *id)
    }

    /// A target against the baseline target, for one metric.
    pub fn comparison_of(&self, target: &str, id: &str) -> Option<&Comparison> {
        self.comparisons
            .iter()
            .find(|comparison| comparison.target == target && comparison.metric == *id)
    }
}

/// The machine the figures were taken on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Host {
    /// Its name (`uname -n`), where results of several hosts are to be told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `uname -sr`.
    pub kernel: String,
    /// `model name` of /proc/cpuinfo.
    pub cpu_model: String,
    /// CPUs that this process may run on.
    pub cores: u32,
    /// MemTotal.
    pub memory_bytes: u64,
    /// What /dev/kvm is here.
    pub kvm_kind: KvmKind,
    /// How cgroups are mounted: `v2`, `v1`, `hybrid` or `none`.
    pub cgroup_mode: String,
    /// Clock rate of the first processor when the measuring began, in MHz: `scaling_cur_freq`, or else /proc/cpuinfo. `None`
    /// where the kernel tells neither.
    #[serde(default)]
    pub cpu_mhz: Option<f64>,
    /// What sets the clock rate (`scaling_governor`); `None` where this kernel does not set it, as in most virtual machines.
    #[serde(default)]
    pub governor: Option<String>,
    /// How many programs ran or wanted to, averaged over the minute before the measuring (/proc/loadavg).
    #[serde(default)]
    pub load_1min: Option<f64>,
    /// What else explains this machine's figures.
    #[serde(default)]
    pub environment: Environment,
    /// The version of isolab.
    pub isolab_version: String,
}

/// What stands behind /dev/kvm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KvmKind {
    /// VMX or SVM: guest kernels execute natively.
    Hardware,
    /// A software KVM: guest user mode runs natively, guest kernel mode is emulated instruction by instruction.
    EmulatedKernelMode,
    /// No usable /dev/kvm.
    #[default]
    None,
}

/// The command as resolved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Config {
    /// The command line, as given.
    pub command: Vec<String>,
    /// Counted runs per target.
    pub runs: u32,
    /// Uncounted runs per target before them.
    pub warmup: u32,
    /// Pause before each start.
    pub idle_gap_ms: f64,
    /// Seed of the random order of targets within each round.
    pub seed: u64,
    /// Guest RAM of the micro-VM targets.
    pub memory_bytes: u64,
    /// Guest RAM of those that boot a Linux; null where none did, and in older files, in which it is `memory_bytes`.
    #[serde(default)]
    pub linux_memory_bytes: Option<u64>,
    /// Virtual processors of the micro-VM targets.
    pub cpus: u32,
    /// Bytes of other files in the image, beside the workload.
    #[serde(default)]
    pub image_files_bytes: u64,
    /// Where a Linux guest had the image's files, `initramfs` or `disk`; null where no guest was one.
    #[serde(default)]
    pub rootfs: Option<String>,
    /// The CPUs that isolab and everything it started were pinned to; of several, the first was isolab's own and the others
    /// those of the instances. Empty where nothing was pinned. Older files have one number, or null.
    #[serde(default, deserialize_with = "cpu_list")]
    pub pinned_to: Vec<u32>,
    /// Whether the files of the image, of the guest kernel and of the runtime were dropped from the page cache before each
    /// start.
    #[serde(default)]
    pub cold: bool,
    /// Limits of the container target.
    #[serde(default)]
    pub container_limits: Limits,
    /// A run that takes longer is ended and counted as failed.
    pub timeout_s: f64,
}

/// A list of CPUs, which was one CPU or none in older files.
fn cpu_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u32>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        None,
        One(u32),
        Several(Vec<u32>),
    }
    Ok(match Written::deserialize(deserializer)? {
        Written::None => Vec::new(),
        Written::One(cpu) => vec![cpu],
        Written::Several(cpus) => cpus,
    })
}

/// Limits of a container; null where it had none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    /// Memory.
    pub memory_bytes: Option<u64>,
    /// Processor time, in processors.
    pub cpus: Option<f64>,
    /// Processes and threads.
    pub pids: Option<u32>,
}

/// The program that ran on every target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Workload {
    /// Name of the built-in workload, or the path given.
    pub name: String,
    /// SHA-256 of the ELF file, lower-case hex.
    pub sha256: String,
    /// Size of the ELF file.
    pub bytes: u64,
    /// Arguments after the program's name.
    pub args: Vec<String>,
    /// Files that it was given, on every target the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<InputFile>,
    /// Environment variables that it was given besides the usual ones or in their place, `NAME=value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// What its standard input was read from; null where that was empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<InputFile>,
    /// What ended its start-up where that was not its first byte: `exit`, or a text that it wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<String>,
}

impl Workload {
    /// What it was given, in short: files with the beginning of their SHA-256, variables, standard input; `None` where it was
    /// given nothing.
    pub fn given(&self) -> Option<String> {
        let short = |file: &InputFile| {
            let hash: String = file.sha256.chars().take(8).collect();
            format!("{} ({hash})", file.name)
        };
        let stdin = self.stdin.iter().map(|file| format!("< {}", short(file)));
        let all: Vec<String> = self
            .files
            .iter()
            .map(short)
            .chain(self.env.iter().cloned())
            .chain(stdin)
            .collect();
        (!all.is_empty()).then(|| all.join(", "))
    }
}

/// A file that the program was given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InputFile {
    /// Its path inside, relative to the root.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of it, lower-case hex.
    pub sha256: String,
}

/// One place where the workload ran, or could not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// `process`, `container`, `microvm`, …
    pub name: String,
    /// Version of the tool behind it.
    pub version: String,
    /// The guest kernel, for targets that boot one.
    pub guest_kernel: Option<GuestKernel>,
    /// What has to be shipped for the workload to run there.
    pub image: Vec<ImagePart>,
    /// SHA-256 of the workload as this target was given it, read back from what was handed over.
    pub workload_sha256: String,
    /// How the tool behind it was started, where that is an external one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Description>,
    /// Whether an instance had a control group of its own, for memory, CPU and tasks, which costs time to make; null where that
    /// is not isolab's choice, and in older files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_cgroup: Option<bool>,
    /// Why it could not run here, with the remedy; then it has no samples.
    pub unavailable: Option<Message>,
}

/// The file that makes an external tool a target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Description {
    /// Its TOML text.
    pub text: String,
    /// SHA-256 of that, lower-case hex.
    pub sha256: String,
}

/// A guest kernel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GuestKernel {
    /// `builtin`, or the file's name.
    pub name: String,
    /// What the kernel says of itself.
    pub version: String,
    /// SHA-256 of the kernel file, lower-case hex.
    pub sha256: String,
}

/// One part of an image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ImagePart {
    /// `workload`, `files`, `disk image`, `guest kernel`, `guest init` or `host kernel` (0 bytes: it is not shipped).
    pub part: String,
    /// Bytes to ship, uncompressed.
    pub bytes: u64,
    /// Bytes to ship, compressed with `codec`.
    pub compressed_bytes: u64,
    /// The codec and its level, for example `gzip -6`.
    pub codec: String,
}
