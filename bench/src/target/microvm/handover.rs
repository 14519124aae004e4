//! What the lab and a monitor tell each other. To the monitor: an order as its argument, its environment (the workload's),
//! and the image's files as its descriptors from 4 up. From it: a report in the memory file that is its descriptor 3, and
//! its exit status.

use super::{Disk, Linux, MicroVm, Tell};
use crate::error::Error;
use crate::image::Image;
use crate::target::{MachineStory, Step};
use microvm::initramfs::Archive;
use microvm::{Config, Initramfs, Kernel, Sandbox};
use nix::errno::Errno;
use nix::sys::memfd::{MFdFlags, memfd_create};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

/// The first argument that makes the lab a monitor.
pub const MONITOR: &str = "microvm-monitor";

const REPORT_FD: RawFd = 3;
const FILES_FD: RawFd = 4;

/// What a monitor is to run.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    linux: Option<Linux>,
    memory_bytes: u64,
    cpus: u8,
    timeout: Option<Duration>,
    tell: Tell,
    program: String,
    args: Vec<String>,
    /// Path in the guest of the file beside the program, where there is one.
    other_file: Option<String>,
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

/// The monitor's argument list.
pub fn arguments(machine: &MicroVm, image: &Image, args: &[String]) -> Result<Vec<String>, Error> {
    let order = Order {
        linux: machine.linux.clone(),
        memory_bytes: machine.memory_bytes,
        cpus: machine.processors()?,
        timeout: machine.timeout,
        tell: machine.tell,
        program: image.program().into(),
        args: args.to_vec(),
        other_file: image.other_file().map(|(path, _)| path.into()),
    };
    let order = serde_json::to_string(&order).map_err(|error| Error::from_cause("cannot tell the monitor", error))?;
    Ok(vec!["isolab".into(), MONITOR.into(), order])
}

/// The image's files: the program, and the one beside it.
pub fn files(image: &Image) -> Result<Vec<OwnedFd>, Error> {
    let other = image.other_file().map(|(_, path)| path);
    let paths = std::iter::once(image.executable().into()).chain(other);
    paths.map(|path| open(&path).map(OwnedFd::from)).collect()
}

/// The initramfs of an image's files.
pub fn initramfs(program: (&str, File), other: Option<(&str, File)>) -> Result<Initramfs, Error> {
    let mut archive = Archive::new();
    let failed = |error: microvm::Error| Error::new(error.to_string());
    if let Some((path, mut file)) = other {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)
            .map_err(|error| Error::from_cause(format_args!("cannot read {path} of the image"), error))?;
        archive.add_file(path, 0o644, &bytes).map_err(failed)?;
    }
    archive.finish_with_file(program.0, 0o755, program.1).map_err(failed)
}

/// A memory file for a report: the lab's handle, and the one that becomes the monitor's descriptor 3.
pub fn report_file() -> Result<(File, OwnedFd), Error> {
    let file = memory_file("isolab-report")?;
    let given = duplicate(&file)?;
    Ok((file, given))
}

/// The report, where the monitor came to write one.
pub fn read_report(file: &File) -> Result<Option<Report>, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::from_cause("cannot read the monitor's report", error);
    let length = file.metadata().map_err(|error| failed(&error))?.len();
    if length == 0 {
        return Ok(None);
    }
    let mut bytes = vec![0; length as usize];
    file.read_exact_at(&mut bytes, 0).map_err(|error| failed(&error))?;
    serde_json::from_slice(&bytes).map(Some).map_err(|error| failed(&error))
}

/// In the monitor: what it is to run and to tell, by its argument after [`MONITOR`].
pub fn order(argument: Option<String>) -> Result<(Config, Tell), Error> {
    let order = argument.ok_or_else(|| Error::new("a monitor is started by the lab only"))?;
    let order: Order =
        serde_json::from_str(&order).map_err(|error| Error::from_cause("cannot read the lab's order", error))?;
    // SAFETY: the lab gives these descriptors to its monitors, and nothing else in this process uses them.
    let file = |index| unsafe { File::from_raw_fd(FILES_FD + index) };
    let other = order.other_file.as_deref().map(|path| (path, file(1)));
    let initramfs = initramfs((&order.program, file(0)), other)?;
    let mut config = match order.linux {
        None => Config::new(Kernel::Builtin),
        Some(linux) => Config {
            modules: linux.modules,
            disk: linux.disk.map(Disk::into),
            ..Config::new(Kernel::File(linux.kernel))
        },
    };
    config.kernel_log = order.tell.kernel_log;
    let config = Config {
        initramfs,
        program: order.program,
        args: order.args,
        env: std::env::vars()
            .map(|(name, value)| format!("{name}={value}"))
            .collect(),
        memory_bytes: order.memory_bytes,
        cpus: order.cpus,
        timeout: order.timeout,
        sandbox: Sandbox::On(vec![REPORT_FD]),
        ..config
    };
    Ok((config, order.tell))
}

/// In the monitor: leaves its report for the lab.
pub fn write_report(report: &Report) -> std::io::Result<()> {
    // SAFETY: as for the image's files.
    let file = unsafe { File::from_raw_fd(REPORT_FD) };
    file.write_all_at(&serde_json::to_vec(report)?, 0)
}

/// A file of the image.
pub fn open(path: &Path) -> Result<File, Error> {
    File::open(path).map_err(|error| Error::from_cause(format_args!("cannot open {}", path.display()), error))
}

fn memory_file(name: &str) -> Result<File, Error> {
    memfd_create(name, MFdFlags::MFD_CLOEXEC)
        .map(File::from)
        .map_err(no_memory_file)
}

fn duplicate(file: &File) -> Result<OwnedFd, Error> {
    file.try_clone()
        .map(OwnedFd::from)
        .map_err(|error| Error::from_cause("cannot duplicate a descriptor", error))
}

fn no_memory_file(errno: Errno) -> Error {
    Error::from_cause("cannot make a file in memory (memfd_create)", errno.desc())
}
