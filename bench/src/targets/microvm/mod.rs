//! The workload in a KVM virtual machine that boots a guest kernel.
//!
//! One machine is one process of isolab's runtime ([`super::runtime`]): the monitor ([`monitor`]), which runs one machine and
//! ends. [`handover`] is what it is told, and [`jail`] a container around it. [`disk_image`] is for guests whose root is a
//! disk.

pub mod disk_image;
pub mod handover;
mod jail;
pub mod monitor;

use super::registry::Purpose;
use super::runtime;
use super::{Backend, Start, Stdio};
use crate::error::Error;
use crate::files::xdg;
use crate::host::doctor::kvm;
use crate::kernels;
use crate::targets::spawn::Group;
use crate::workloads::image::{self, Image, part};
use crate::workloads::newc;
use crate::workloads::sha256;
use handover::{GuestFile, MachineOrder};
use microvm::{Config, Kernel};
use reports::model::{self, ImagePart, Message};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// Runs a workload in a virtual machine.
#[derive(Clone, Debug)]
pub struct MicroVm {
    /// The Linux to boot; none for the built-in guest kernel.
    pub linux: Option<Linux>,
    /// Guest RAM.
    pub memory_bytes: u64,
    /// Processors; a machine has whole ones.
    pub cpus: f64,
    /// The monitor ends a machine that runs longer by itself.
    pub timeout: Option<Duration>,
    /// Which process group the monitor runs in.
    pub group: Group,
    /// What the monitor is to tell at its end.
    pub tell: Tell,
    /// Whether the monitor runs in a container.
    pub jail: bool,
}

/// A guest kernel that is not isolab's own, and what belongs to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Linux {
    /// The kernel's file.
    pub kernel: PathBuf,
    /// Modules that it loads before the program runs, in this order.
    pub modules: Vec<PathBuf>,
    /// Where its program's root is.
    pub rootfs: Rootfs,
    /// A disk beside it.
    pub disk: Option<Disk>,
}

/// Where a Linux guest has the image's files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Rootfs {
    /// In its memory
    #[default]
    Initramfs,
    /// On a disk with an EROFS file system; what it writes stays in its memory, or is refused where the kernel has no
    /// overlayfs
    Disk,
}

impl Rootfs {
    /// As it is written on the command line and in results.
    pub fn as_str(self) -> &'static str {
        match self {
            Rootfs::Initramfs => "initramfs",
            Rootfs::Disk => "disk",
        }
    }
}

/// A disk of raw bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Disk {
    /// The file that is only read.
    pub base: PathBuf,
    /// The file that is written, made if it is not there; without one the disk is read-only.
    pub overlay: Option<PathBuf>,
}

impl From<Disk> for microvm::Disk {
    fn from(disk: Disk) -> Self {
        microvm::Disk {
            base: disk.base,
            overlay: disk.overlay,
        }
    }
}

/// What a monitor tells beside the figures that every result has.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Tell {
    /// Every step and every reason to come out of the guest.
    pub story: bool,
    /// The kernel's log, on stderr when the machine has ended.
    pub kernel_log: bool,
}

impl MicroVm {
    /// A machine with what the plan gives it, that boots `linux`, or else the built-in guest kernel.
    pub fn new(purpose: &Purpose, linux: Option<Linux>) -> Self {
        let memory_bytes = match linux {
            None => purpose.machine.memory_bytes,
            Some(_) => purpose.machine.linux_memory_bytes,
        };
        MicroVm {
            linux,
            memory_bytes,
            cpus: purpose.machine.cpus,
            timeout: purpose.timeout,
            group: purpose.group,
            tell: purpose.tell,
            jail: purpose.machine.jail,
        }
    }

    fn kernel_bytes(&self) -> Result<Vec<u8>, Error> {
        match &self.linux {
            None => Ok(microvm::kernel::builtin().to_vec()),
            Some(linux) => Ok(microvm::kernel::read(&linux.kernel)?),
        }
    }

    fn describe_kernel(&self, bytes: &[u8]) -> Result<model::GuestKernel, Error> {
        let (name, version) = match &self.linux {
            None => ("builtin".to_owned(), microvm::kernel::BUILTIN_VERSION.to_owned()),
            Some(Linux { kernel, .. }) => {
                let inspection = kernels::inspect(kernel, bytes)?;
                let version = inspection.version().unwrap_or_default();
                (kernel.display().to_string(), version.to_owned())
            }
        };
        Ok(model::GuestKernel {
            name,
            version,
            sha256: sha256(bytes),
        })
    }

    /// The number of processors, where the kernel can take that.
    fn processors(&self) -> Result<u8, Error> {
        if self.cpus.fract() != 0.0 || self.cpus > f64::from(u8::MAX) {
            let problem = Message::new("whole-processors").with("cpus", self.cpus);
            return Err(Error::new(problem).remedy(Message::new("do-whole-processors")));
        }
        if self.linux.is_none() && self.cpus != 1.0 {
            let problem = Message::new("one-processor").with("cpus", self.cpus);
            return Err(Error::new(problem).remedy(Message::new("do-linux-guest")));
        }
        Ok(self.cpus as u8)
    }

    /// Whether the image's files are on a disk.
    fn has_root_disk(&self) -> bool {
        self.linux.as_ref().is_some_and(|linux| linux.rootfs == Rootfs::Disk)
    }

    /// The guest's init and modules, behind the image's files in the initramfs of Linux, or alone in it.
    fn init_part(&self, image: &Image) -> Result<Option<ImagePart>, Error> {
        let Some(linux) = &self.linux else { return Ok(None) };
        let config = Config {
            linux: microvm::Linux {
                modules: linux.modules.clone(),
                root_disk: self.has_root_disk().then(PathBuf::new),
                ..microvm::Linux::default()
            },
            program: image.program().into(),
            ..Config::new(Kernel::File(linux.kernel.clone()))
        };
        let archive = config.linux_initramfs()?;
        Ok(Some(part("guest init", &archive)))
    }
}

impl Backend for MicroVm {
    fn name(&self) -> &str {
        match self.linux {
            None => "microvm",
            Some(_) => "microvm-linux",
        }
    }

    fn describe(&self, image: &Image) -> Result<model::Target, Error> {
        if let Some(finding) = kvm::refusal() {
            return Err(Error::found(&finding));
        }
        self.processors()?;
        if let Some(linux) = &self.linux {
            kernels::here::check(&linux.kernel)?;
        }
        let kernel = self.kernel_bytes()?;
        let (files, program, name) = if self.has_root_disk() {
            let disk = image.disk()?;
            (image::read_back(disk.path())?, disk.program(), "disk image")
        } else {
            let archive = initramfs(image)?;
            let program = newc::file(&archive, image.program())
                .ok_or_else(|| Error::new(Message::new("initramfs-without-program")))?;
            (archive, program, "files")
        };
        let workload = image.workload_part()?;
        let given = &files[program.clone()];
        // What there is besides the program: headers or a file system's own, and padding to whole pages.
        let around = [&files[..program.start], &files[program.end..]].concat();
        Ok(model::Target {
            name: self.name().into(),
            version: format!("isolab {}", env!("CARGO_PKG_VERSION")),
            guest_kernel: Some(self.describe_kernel(&kernel)?),
            workload_sha256: sha256(given),
            image: [
                Some(workload),
                Some(part(name, &around)),
                Some(part("guest kernel", &kernel)),
                self.init_part(image)?,
                Some(image::host_kernel_part()),
            ]
            .into_iter()
            .flatten()
            .collect(),
            ..model::Target::default()
        })
    }

    /// The built-in guest kernel is in the runtime's executable. Of a bzImage, what was unpacked of it is read.
    fn files(&self, image: &Image) -> Result<Vec<PathBuf>, Error> {
        let mut files = [image.files(), vec![runtime::executable()?]].concat();
        if let Some(linux) = &self.linux {
            files.push(linux.kernel.clone());
            files.extend(linux.modules.iter().cloned());
            files.extend(linux.disk.as_ref().map(|disk| disk.base.clone()));
            let unpacked = xdg::cache().map(|cache| std::fs::read_dir(cache.join("kernels")));
            let unpacked = unpacked
                .into_iter()
                .flatten()
                .flatten()
                .flatten()
                .map(|entry| entry.path());
            files.extend(unpacked.filter(|path| path.extension().is_some_and(|end| end == "elf")));
        }
        if self.has_root_disk() {
            files.push(image.disk()?.path().to_owned());
        }
        Ok(files)
    }

    fn prepare(&self, image: &Image, args: &[String], stdio: Stdio) -> Result<Start, Error> {
        if self.jail {
            return jail::prepare(self, image, args, stdio);
        }
        let order = MachineOrder::new(self, image, args)?;
        runtime::prepare(order, stdio, self.group)
    }
}

/// The image's files as the machine is given them.
pub fn initramfs(image: &Image) -> Result<Vec<u8>, Error> {
    let initramfs = handover::initramfs(&GuestFile::all(image))?;
    Ok(initramfs.to_bytes()?)
}
