//! What the lab and a monitor tell each other. To the monitor: its argument list, its environment (the workload's), and
//! the initramfs as descriptor 3. From it: a report in the memory file that is its descriptor 4, and its exit status.

use super::MicroVm;
use crate::error::Error;
use crate::image::Image;
use microvm::{Config, Initramfs, Kernel};
use nix::errno::Errno;
use nix::sys::memfd::{MFdFlags, memfd_create};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::FileExt;
use std::time::Duration;

/// The first argument that makes the lab a monitor.
pub const MONITOR: &str = "microvm-monitor";

const INITRAMFS_FD: RawFd = 3;
const REPORT_FD: RawFd = 4;

/// What a monitor reports at its end.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// The steps of the start, with when each ended.
    pub stamps: Vec<(String, u64)>,
    /// VM exits by reason.
    pub exits: BTreeMap<String, u64>,
    /// What went wrong.
    pub failure: Option<String>,
}

/// The monitor's argument list.
pub fn arguments(machine: &MicroVm, program: &str, args: &[String]) -> Result<Vec<String>, Error> {
    let kernel = match &machine.kernel {
        Kernel::Builtin => "",
        Kernel::File(path) => path
            .to_str()
            .ok_or_else(|| Error::new(format!("the kernel's path {} is not UTF-8", path.display())))?,
    };
    let timeout_ms = machine.timeout.map_or(0, |timeout| timeout.as_millis());
    let fixed = [
        "isolab",
        MONITOR,
        kernel,
        &machine.memory_bytes.to_string(),
        &timeout_ms.to_string(),
        program,
    ];
    Ok(fixed
        .into_iter()
        .map(str::to_owned)
        .chain(args.iter().cloned())
        .collect())
}

/// The image's initramfs as a memory file.
pub fn initramfs_file(image: &Image) -> Result<OwnedFd, Error> {
    let file = image.initramfs(|| {
        let file = memory_file("isolab-initramfs")?;
        file.write_all_at(&super::initramfs(image)?, 0)
            .map_err(|error| Error::from_cause("cannot write the initramfs to memory", error))?;
        Ok(file)
    })?;
    duplicate(file)
}

/// A memory file for a report: the lab's handle, and the one that becomes the monitor's descriptor 4.
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

/// In the monitor: what it was told, from its argument list after [`MONITOR`].
pub fn config(mut args: impl Iterator<Item = String>) -> Result<Config, Error> {
    let mut next = || {
        args.next()
            .ok_or_else(|| Error::new("a monitor is started by the lab only"))
    };
    let kernel = match next()? {
        path if path.is_empty() => Kernel::Builtin,
        path => Kernel::File(path.into()),
    };
    let number = |text: String| text.parse::<u64>().map_err(|error| Error::from_cause(text, error));
    let (memory_bytes, timeout_ms, program) = (number(next()?)?, number(next()?)?, next()?);
    // SAFETY: the lab gives this descriptor to its monitors, and nothing else in this process uses it.
    let file = unsafe { File::from_raw_fd(INITRAMFS_FD) };
    Ok(Config {
        initramfs: Initramfs::File(file),
        program,
        args: args.collect(),
        env: std::env::vars()
            .map(|(name, value)| format!("{name}={value}"))
            .collect(),
        memory_bytes,
        timeout: (timeout_ms > 0).then(|| Duration::from_millis(timeout_ms)),
        ..Config::new(kernel)
    })
}

/// In the monitor: leaves its report for the lab.
pub fn write_report(report: &Report) -> std::io::Result<()> {
    // SAFETY: as for the initramfs.
    let file = unsafe { File::from_raw_fd(REPORT_FD) };
    file.write_all_at(&serde_json::to_vec(report)?, 0)
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
