//! A container of the lab's own around a monitor (`--jail`): should a guest take its monitor over in spite of the sandbox,
//! it finds a root with nothing but that monitor's executable, the files of its machine and /dev/kvm, and no network.

use super::MicroVm;
use super::handover::{self, Order, Root};
use crate::error::Error;
use crate::files::scratch::Scratch;
use crate::targets::container::{running, standard};
use crate::targets::{CgroupMemory, ENVIRONMENT, End, Instance, Role, Start, Stdio};
use crate::workloads::image::Image;
use container::{Access, Spec, Terminal, Volume};
use std::fs::File;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

/// Makes a container with the monitor of a machine ready.
pub fn prepare(machine: &MicroVm, image: &Image, args: &[String], stdio: Stdio) -> Result<Start, Error> {
    let scratch = Scratch::new()?;
    let place = |name| scratch.path().join(name);
    let failed = |error: std::io::Error| {
        Error::from_cause(format_args!("cannot write to {}", scratch.path().display()), error)
            .remedy("Make room there, or name another folder: TMPDIR=/path isolab …")
    };
    let report = File::create_new(place("report")).map_err(failed)?;
    std::fs::create_dir(place("root")).map_err(failed)?;
    let mut order = Order::new(machine, image, args, place("report"))?;
    let executable = std::env::current_exe()
        .map_err(|error| Error::from_cause("cannot find this program's own file (/proc/self/exe)", error))?;

    let mut spec = Spec::new(vec![place("root")], "/isolab");
    spec.volumes = vec![volume(executable, "/isolab", Access::ReadOnly)?];
    let mut show = |source: &mut PathBuf, inside: &str, access| -> Result<(), Error> {
        spec.volumes
            .push(volume(std::mem::replace(source, inside.into()), inside, access)?);
        Ok(())
    };
    show(&mut order.report, "/report", Access::ReadWrite)?;
    match &mut order.root {
        Root::Initramfs(files) => {
            for (index, file) in files.iter_mut().enumerate() {
                show(&mut file.source, &format!("/files/{index}"), Access::ReadOnly)?;
            }
        }
        Root::Disk(image) => show(image, "/root-disk", Access::ReadOnly)?,
    }
    if let Some(linux) = &mut order.linux {
        show(&mut linux.kernel, "/kernel", Access::ReadOnly)?;
        for (index, module) in linux.modules.iter_mut().enumerate() {
            show(module, &format!("/modules/{index}"), Access::ReadOnly)?;
        }
        if let Some(disk) = &mut linux.disk {
            show(&mut disk.base, "/disk", Access::ReadOnly)?;
            if let Some(overlay) = &mut disk.overlay {
                // A volume has to be there.
                let made = File::options().append(true).create(true).open(&*overlay);
                made.map_err(|error| Error::from_cause(format_args!("cannot write to {}", overlay.display()), error))?;
                show(overlay, "/overlay", Access::ReadWrite)?;
            }
        }
    }
    spec.devices = vec!["/dev/kvm".into()];
    spec.args = order.arguments()?.map(Into::into).into();
    spec.env = ENVIRONMENT.iter().map(Into::into).collect();
    spec.stdio = standard(stdio, Terminal::None);
    Ok(Box::new(move || {
        Ok(Box::new(Jailed {
            container: running(container::start(&spec))?,
            report,
            _scratch: scratch,
        }))
    }))
}

fn volume(source: PathBuf, target: impl AsRef<Path>, access: Access) -> Result<Volume, Error> {
    let found = source.canonicalize();
    Ok(Volume {
        source: found.map_err(|error| Error::from_cause(format_args!("cannot find {}", source.display()), error))?,
        target: target.as_ref().into(),
        access,
    })
}

struct Jailed {
    container: Box<dyn Instance>,
    report: File,
    _scratch: Scratch,
}

impl Instance for Jailed {
    fn pidfd(&self) -> BorrowedFd<'_> {
        self.container.pidfd()
    }

    fn processes(&self) -> Vec<(i32, Role)> {
        let processes = self.container.processes().into_iter();
        processes
            .map(|(pid, role)| match role {
                Role::Program => (pid, Role::Monitor),
                other => (pid, other),
            })
            .collect()
    }

    fn cgroup_memory(&self) -> Result<CgroupMemory, String> {
        self.container.cgroup_memory()
    }

    fn kill(&mut self) {
        self.container.kill();
    }

    fn finish(self: Box<Self>) -> Result<End, Error> {
        handover::complete(self.container.finish()?, &self.report)
    }
}
