//! What the lab and a monitor tell each other. To the monitor: an order as its argument, and its environment (the
//! workload's). From it: a report in a file, and its exit status.

use super::{Disk, Linux, MicroVm, Rootfs, Tell};
use crate::error::Error;
use crate::image::Image;
use crate::target::{End, MachineStory, Step};
use microvm::{Config, Files, Initramfs, Kernel, Sandbox};
use nix::sys::memfd::{MFdFlags, memfd_create};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::Duration;

/// The first argument that makes the lab a monitor.
pub const MONITOR: &str = "microvm-monitor";

/// What a monitor is to run.
#[derive(Debug, Serialize, Deserialize)]
pub struct Order {
    pub linux: Option<Linux>,
    memory_bytes: u64,
    cpus: u8,
    timeout: Option<Duration>,
    pub tell: Tell,
    /// The program's path in the guest.
    program: String,
    args: Vec<String>,
    pub root: Root,
    /// Where the report goes.
    pub report: PathBuf,
}

/// The image's files, as the guest gets them.
#[derive(Debug, Serialize, Deserialize)]
pub enum Root {
    /// In an initramfs that the monitor makes of them.
    Initramfs(Vec<GuestFile>),
    /// On a disk, whose image is there.
    Disk(PathBuf),
}

/// A file of the image.
#[derive(Debug, Serialize, Deserialize)]
pub struct GuestFile {
    /// Its path in the guest.
    path: String,
    permissions: u32,
    /// Where the monitor finds it.
    pub source: PathBuf,
}

/// What a monitor reports at its end.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// The steps of the start, with when each ended.
    pub stamps: Vec<(String, u64)>,
    /// VM exits by reason.
    pub exits: BTreeMap<String, u64>,
    /// What went wrong.
    pub failure: Option<String>,
    /// Whether the machine was ended because its time was up.
    pub timed_out: bool,
    /// Every step of the start, and the rest of the story, where it was asked for.
    pub story: Option<(Vec<Step>, MachineStory)>,
    /// The guest kernel's log, where it was asked for.
    pub kernel_log: Option<String>,
}

impl GuestFile {
    /// An image's files, the program last.
    pub fn all(image: &Image) -> Vec<Self> {
        let other = image.other_file().map(|(path, source)| (path, 0o644, source));
        let program = (image.program(), 0o755, image.executable().into());
        let all = other.into_iter().chain([program]);
        all.map(|(path, permissions, source)| GuestFile {
            path: path.into(),
            permissions,
            source,
        })
        .collect()
    }
}

impl Order {
    /// To run the image's program with `args`, and to report into the file `report`.
    pub fn new(machine: &MicroVm, image: &Image, args: &[String], report: PathBuf) -> Result<Self, Error> {
        Ok(Order {
            linux: machine.linux.clone(),
            memory_bytes: machine.memory_bytes,
            cpus: machine.processors()?,
            timeout: machine.timeout,
            tell: machine.tell,
            program: image.program().into(),
            args: args.to_vec(),
            root: match &machine.linux {
                Some(linux) if linux.rootfs == Rootfs::Disk => Root::Disk(image.disk()?.path().into()),
                _ => Root::Initramfs(GuestFile::all(image)),
            },
            report,
        })
    }

    /// The monitor's arguments after the name of this program.
    pub fn arguments(&self) -> Result<[String; 2], Error> {
        let order = serde_json::to_string(self).map_err(|error| Error::from_cause("cannot tell the monitor", error))?;
        Ok([MONITOR.into(), order])
    }

    /// In the monitor: what it was told, by its argument after [`MONITOR`].
    pub fn parse(argument: Option<String>) -> Result<Self, Error> {
        let order = argument.ok_or_else(|| Error::new("a monitor is started by the lab only"))?;
        serde_json::from_str(&order).map_err(|error| Error::from_cause("cannot read the lab's order", error))
    }

    /// In the monitor: its machine. The report's file is the only descriptor that it keeps.
    pub fn config(self, report: &File) -> Result<Config, Error> {
        let (initramfs, root_disk) = match self.root {
            Root::Initramfs(files) => (initramfs(&files)?, None),
            Root::Disk(path) => (Initramfs::Bytes(Vec::new()), Some(path)),
        };
        let config = match self.linux {
            None => Config::new(Kernel::Builtin),
            Some(linux) => Config {
                linux: microvm::Linux {
                    root_disk,
                    cpus: self.cpus,
                    modules: linux.modules,
                    disk: linux.disk.map(Disk::into),
                    kernel_log: self.tell.kernel_log,
                },
                ..Config::new(Kernel::File(linux.kernel))
            },
        };
        Ok(Config {
            initramfs,
            program: self.program,
            args: self.args,
            env: std::env::vars()
                .map(|(name, value)| format!("{name}={value}"))
                .collect(),
            memory_bytes: self.memory_bytes,
            timeout: self.timeout,
            sandbox: Sandbox::On(vec![report.as_raw_fd()]),
            ..config
        })
    }
}

/// The files, open.
pub fn open(files: &[GuestFile]) -> Result<Files, Error> {
    let mut opened = Files::new();
    for GuestFile {
        path,
        permissions,
        source,
    } in files
    {
        let file = File::open(source)
            .map_err(|error| Error::from_cause(format_args!("cannot open {}", source.display()), error))?;
        let added = opened.add_open_file(path, *permissions, file);
        added.map_err(|error| Error::new(error.to_string()))?;
    }
    Ok(opened)
}

/// An initramfs of the files.
pub fn initramfs(files: &[GuestFile]) -> Result<Initramfs, Error> {
    let initramfs = open(files)?.into_initramfs();
    initramfs.map_err(|error| Error::new(error.to_string()))
}

/// A memory file for a report: the lab's handle, and the monitor's.
pub fn report_file() -> Result<(File, OwnedFd), Error> {
    let file = memfd_create("isolab-report", MFdFlags::MFD_CLOEXEC)
        .map(File::from)
        .map_err(|errno| Error::from_cause("cannot make a file in memory (memfd_create)", errno.desc()))?;
    let given = file.try_clone().map(OwnedFd::from);
    let given = given.map_err(|error| Error::from_cause("cannot duplicate a descriptor", error))?;
    Ok((file, given))
}

/// Adds what the monitor reported to what is known of the end. Killed, by the lab or from outside, it could not.
pub fn complete(end: End, file: &File) -> Result<End, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::from_cause("cannot read the monitor's report", error);
    let length = file.metadata().map_err(|error| failed(&error))?.len();
    if length == 0 {
        return Ok(end);
    }
    let mut bytes = vec![0; length as usize];
    file.read_exact_at(&mut bytes, 0).map_err(|error| failed(&error))?;
    let report: Report = serde_json::from_slice(&bytes).map_err(|error| failed(&error))?;
    let (steps, machine) = report.story.unzip();
    // A jail is there before its monitor begins.
    let jailed_ns = end.steps.iter().map(|step| step.began_ns + step.cost_ns).max();
    let steps = steps.into_iter().flatten().map(|step| Step {
        began_ns: step.began_ns + jailed_ns.unwrap_or(0),
        ..step
    });
    Ok(End {
        stamps: end.stamps.into_iter().chain(report.stamps).collect(),
        steps: end.steps.into_iter().chain(steps).collect(),
        vm_exits: report.exits,
        failure: report.failure,
        timed_out: report.timed_out,
        kernel_log: report.kernel_log,
        machine,
        ..end
    })
}

/// In the monitor: leaves its report for the lab.
pub fn write_report(file: &File, report: &Report) -> std::io::Result<()> {
    file.write_all_at(&serde_json::to_vec(report)?, 0)
}
