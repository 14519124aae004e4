//! What isolab tells a monitor: its machine, and the image's files.

use super::{Disk, Linux, MicroVm, Rootfs, Tell};
use crate::error::Error;
use crate::workloads::image::Image;
use microvm::{Config, Features, Files, Initramfs, Kernel, Sandbox};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

/// A machine to run.
#[derive(Debug, Serialize, Deserialize)]
pub struct MachineOrder {
    /// The Linux to boot; none for the built-in guest kernel.
    pub linux: Option<Linux>,
    memory_bytes: u64,
    cpus: u8,
    timeout: Option<Duration>,
    /// What the monitor is to tell at its end.
    pub tell: Tell,
    /// What processor KVM can offer, by [`Features::to_words`]; asked for once, and not by each monitor.
    features: Vec<[u32; 7]>,
    /// The program's path in the guest.
    program: String,
    args: Vec<String>,
    /// The program's environment.
    env: Vec<String>,
    /// Where the guest finds the image's files.
    pub root: Root,
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

impl GuestFile {
    /// An image's files, the program last.
    pub fn all(image: &Image) -> Vec<Self> {
        let others = image.other_files().iter().map(|file| GuestFile {
            path: file.inside.clone(),
            permissions: file.permissions,
            source: file.source.clone(),
        });
        let program = GuestFile {
            path: image.program().into(),
            permissions: 0o755,
            source: image.executable().into(),
        };
        others.chain([program]).collect()
    }
}

/// Of this host; none where KVM does not say: the monitor will say why.
static FEATURES: LazyLock<Vec<[u32; 7]>> =
    LazyLock::new(|| Features::of_host().map_or_else(|_| Vec::new(), |features| features.to_words()));

impl MachineOrder {
    /// To run the image's program with `args`.
    pub fn new(machine: &MicroVm, image: &Image, args: &[String]) -> Result<Self, Error> {
        Ok(MachineOrder {
            linux: machine.linux.clone(),
            memory_bytes: machine.memory_bytes,
            cpus: machine.processors()?,
            timeout: machine.timeout,
            tell: machine.tell,
            features: FEATURES.clone(),
            program: image.program().into(),
            args: args.to_vec(),
            env: image.environment().to_vec(),
            root: match &machine.linux {
                Some(linux) if linux.rootfs == Rootfs::Disk => Root::Disk(image.disk()?.path().into()),
                _ => Root::Initramfs(GuestFile::all(image)),
            },
        })
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
            env: self.env,
            memory_bytes: self.memory_bytes,
            timeout: self.timeout,
            counts: self.tell.story,
            features: Features::from_words(&self.features).filter(|_| !self.features.is_empty()),
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
        let file = File::open(source).map_err(|error| Error::of_path("cannot-open", source, error))?;
        opened.add_open_file(path, *permissions, file)?;
    }
    Ok(opened)
}

/// An initramfs of the files.
pub fn initramfs(files: &[GuestFile]) -> Result<Initramfs, Error> {
    Ok(open(files)?.into_initramfs()?)
}
