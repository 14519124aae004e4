//! Where a workload runs.
//!
//! A [`Target`] is what the harness measures. Targets on this host's kernel are a [`Backend`], which knows how to start
//! and end an instance, under the one stopwatch of [`crate::measure::stopwatch`]; the mock target has a clock of its own.

pub mod cgroup;
pub mod cold;
pub mod container;
pub mod external;
pub mod local;
pub mod microvm;
pub mod mock;
pub mod orphans;
pub mod pinned;
pub mod process;
pub mod process_tree;
pub mod registry;
pub mod runtime;
pub mod spawn;
pub mod work_folder;

use crate::error::Error;
use crate::warnings::Warning;
use crate::workloads::image::Image;
use nix::sys::signal::Signal;
use reports::model::{self, Message};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::PathBuf;

/// Something that runs the workload and says how that went.
pub trait Target {
    /// `process`, `container`, `microvm`, ….
    fn name(&self) -> &str;

    /// What the results file says of it.
    fn describe(&self) -> model::Target;

    /// Runs the workload once, from start to the last resource gone. A run that went wrong is a sample with an error; `Err`
    /// is for a target that could not even start it.
    fn run(&mut self) -> Result<model::Sample, Error>;

    /// What the metrics are that the workload has reported itself so far.
    fn metrics(&self) -> Vec<model::Definition> {
        Vec::new()
    }

    /// Runs the workload once, untimed, and counts its system calls to the host's kernel, or says why it cannot.
    fn system_calls(&mut self) -> Result<u64, Message>;

    /// Starts instances that hold still in their first write, and looks at their memory.
    fn memory(&mut self) -> Result<model::Instance, Error>;

    /// The files that a start reads, to drop them from the page cache for a cold one.
    fn files(&self) -> Result<Vec<PathBuf>, Error> {
        Ok(Vec::new())
    }

    /// What the runs so far that ended well wrote to stdout.
    fn wrote(&self) -> &Wrote {
        &Wrote::Nothing
    }

    /// What a reader of its figures must know, after all runs.
    fn warnings(&self) -> Vec<Warning> {
        Vec::new()
    }
}

/// What was written, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// How many bytes.
    pub length: u64,
    /// SHA-256 of their beginning, lower-case hex.
    pub sha256: String,
}

/// What several runs wrote.
#[derive(Debug, PartialEq, Eq)]
pub enum Wrote {
    /// There was no run.
    Nothing,
    /// One run, this; whether another would write the same is not known.
    Once(Output),
    /// Several runs, each of them this.
    Always(Output),
    /// Not always the same.
    Various,
}

/// The standard descriptors of a workload.
#[derive(Debug)]
pub struct Stdio {
    /// Descriptor 0.
    pub stdin: OwnedFd,
    /// Descriptor 1.
    pub stdout: OwnedFd,
    /// Descriptor 2.
    pub stderr: OwnedFd,
}

/// What is left to do once the clock runs: ask the kernel for the instance.
pub type Start = Box<dyn FnOnce() -> Result<Box<dyn Instance>, Error>>;

/// A way to run an image on this host.
pub trait Backend {
    /// Name of the target.
    fn name(&self) -> &str;

    /// What the results file says of it; the workload's hash is read back from what the target is really given.
    fn describe(&self, image: &Image) -> Result<model::Target, Error>;

    /// The files that a start reads: those of the image, and what the target brings along.
    fn files(&self, image: &Image) -> Result<Vec<PathBuf>, Error> {
        Ok(image.files())
    }

    /// Makes everything ready for one start of the image's program with `args`.
    fn prepare(&self, image: &Image, args: &[String], stdio: Stdio) -> Result<Start, Error>;
}

/// What a process is in its instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The workload.
    Program,
    /// The container's own pid 1.
    Runtime,
    /// The virtual machine monitor, which also holds the guest's RAM.
    Monitor,
}

/// One run of a workload on a target. Dropping it ends it and removes what it used.
pub trait Instance {
    /// Readable when the instance has ended.
    fn pidfd(&self) -> BorrowedFd<'_>;

    /// Its processes as the host sees them.
    fn processes(&self) -> Vec<(i32, Role)>;

    /// What its memory cgroup says, or why there is none.
    fn cgroup_memory(&self) -> Result<CgroupMemory, Message>;

    /// Ends it at once.
    fn kill(&mut self);

    /// Waits for its end, reaps it and removes everything it used.
    fn finish(self: Box<Self>) -> Result<End, Error>;
}

/// Memory as a cgroup counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CgroupMemory {
    /// Anonymous memory.
    pub anon_bytes: Option<u64>,
    /// The most ever charged, the runtime's own start included.
    pub peak_bytes: Option<u64>,
}

/// How an instance ended.
#[derive(Clone, Debug, Default)]
pub struct End {
    /// The workload's exit status, 128 + N for a signal.
    pub status: i32,
    /// The steps of its start, in order.
    pub stamps: Vec<(String, u64)>,
    /// VM exits by reason.
    pub vm_exits: BTreeMap<String, u64>,
    /// What went wrong besides the workload's own status.
    pub failure: Option<String>,
    /// What a reader of the status should know of it.
    pub note: Option<Message>,
    /// The steps of its start in detail, where the target tells them.
    pub steps: Vec<Step>,
    /// What a virtual machine tells besides.
    pub machine: Option<MachineStory>,
    /// The guest kernel's log, where that was asked for.
    pub kernel_log: Option<String>,
    /// Whether the target itself has ended it because its time was up.
    pub timed_out: bool,
}

impl End {
    /// Which signal ended the program, with what is known of the reason; `None` where it ended by itself. A program that ends
    /// with a status above 128 cannot be told from one that a signal has ended.
    pub fn killed(&self) -> Option<Message> {
        let signal = Signal::try_from(self.status.checked_sub(128)?).ok()?;
        let why = Message::new("killed").with("signal", signal.as_str());
        Some(match &self.note {
            Some(note) => Message::new("noted").with("why", why).with("note", note.clone()),
            None => why,
        })
    }
}

/// What a virtual machine tells of its life, where that was asked for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct MachineStory {
    /// The kernel's command line.
    pub command_line: String,
    /// Why the processor came out to the monitor.
    pub exits: Vec<VmExits>,
    /// What the program cost the guest kernel, where that is the built-in one.
    pub counts: Option<GuestCounts>,
    /// What KVM counted of the processor, by its own names.
    pub kvm: Vec<(String, u64)>,
}

/// What a program cost the built-in guest kernel.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct GuestCounts {
    /// Page faults that gave the program memory.
    pub page_faults: u64,
    /// Pages that they gave it.
    pub pages: u64,
    /// CPUID instructions.
    pub cpuids: u64,
    /// Changes of the top-level page table.
    pub table_switches: u64,
    /// System calls.
    pub calls: Vec<GuestCalls>,
}

/// A program's system calls of one name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GuestCalls {
    /// The name.
    pub name: String,
    /// Answered without entering the kernel.
    pub not_entered: u32,
    /// Answered by the kernel in ring 3.
    pub in_ring_3: u32,
    /// Answered in ring 0.
    pub in_ring_0: u32,
}

/// All VM exits of one reason.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VmExits {
    /// The reason.
    pub reason: String,
    /// How many there were.
    pub count: u64,
    /// Time in the guest before them, in ns.
    pub guest_ns: u64,
    /// Time until the monitor had answered them, in ns.
    pub monitor_ns: u64,
}

/// One step of a start in detail, for `--explain`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// The kernel call; empty when there is none.
    pub call: String,
    /// What it is for.
    pub purpose: String,
    /// Who made it; steps of different makers overlap.
    pub by: String,
    /// When it began, in ns after the start was asked for.
    pub began_ns: u64,
    /// What it cost, in ns.
    pub cost_ns: u64,
}
