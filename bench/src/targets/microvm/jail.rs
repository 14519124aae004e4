//! A container of isolab's own around a monitor (`--jail`): should a guest take its monitor over in spite of the
//! sandbox, it finds a root with nothing but that monitor's executable, the files of its machine and /dev/kvm, and no
//! network.

use super::MicroVm;
use super::handover::{MachineOrder, Root};
use crate::error::Error;
use crate::files::scratch::Scratch;
use crate::targets::runtime::Order;
use crate::targets::runtime::container::{self, ContainerOrder, OrderedVolume};
use crate::targets::runtime::report::ReportFile;
use crate::targets::{CgroupMemory, End, Instance, Role, Start, Stdio, Step};
use crate::workloads::image::Image;
use crate::workloads::inputs::ENVIRONMENT;
use reports::model::Message;
use std::fs::File;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;

/// Makes a container with the monitor of a machine ready.
pub fn prepare(machine: &MicroVm, image: &Image, args: &[String], stdio: Stdio) -> Result<Start, Error> {
    let scratch = Scratch::new()?;
    let place = |name| scratch.path().join(name);
    let failed = |error: std::io::Error| {
        Error::of_path("cannot-write-to", scratch.path(), error).remedy(Message::new("do-make-room"))
    };
    let report = File::create_new(place("report")).map_err(failed)?;
    std::fs::create_dir(place("root")).map_err(failed)?;
    let mut order = MachineOrder::new(machine, image, args)?;
    let executable = std::env::current_exe()
        .map_err(|error| Error::from_cause(Message::new("cannot-find-program-own-file"), error))?;

    let mut volumes = vec![
        volume(executable, "/isolab", false)?,
        volume(place("report"), "/report", true)?,
    ];
    let mut show = |source: &mut PathBuf, inside: &str, writable| -> Result<(), Error> {
        volumes.push(volume(std::mem::replace(source, inside.into()), inside, writable)?);
        Ok(())
    };
    match &mut order.root {
        Root::Initramfs(files) => {
            for (index, file) in files.iter_mut().enumerate() {
                show(&mut file.source, &format!("/files/{index}"), false)?;
            }
        }
        Root::Disk(image) => show(image, "/root-disk", false)?,
    }
    if let Some(linux) = &mut order.linux {
        show(&mut linux.kernel, "/kernel", false)?;
        for (index, module) in linux.modules.iter_mut().enumerate() {
            show(module, &format!("/modules/{index}"), false)?;
        }
        if let Some(disk) = &mut linux.disk {
            show(&mut disk.base, "/disk", false)?;
            if let Some(overlay) = &mut disk.overlay {
                // A volume has to be there.
                let made = File::options().append(true).create(true).open(&*overlay);
                made.map_err(|error| Error::of_path("cannot-write-to", overlay, error))?;
                show(overlay, "/overlay", true)?;
            }
        }
    }
    let order = Order {
        machine: order,
        report: "/report".into(),
    };
    let written = File::create_new(place("order")).map_err(failed)?;
    let arguments = order.write(&written, "/order")?;
    volumes.push(volume(place("order"), "/order", false)?);
    let around = ContainerOrder {
        layer: place("root"),
        program: "/isolab".into(),
        args: arguments.into(),
        env: ENVIRONMENT.map(String::from).into(),
        volumes,
        devices: vec!["/dev/kvm".into()],
        ..ContainerOrder::default()
    };
    let start = container::prepare(around, stdio, machine.group)?;
    Ok(Box::new(move || {
        Ok(Box::new(Jailed {
            container: start()?,
            report: ReportFile::of(report),
            _scratch: scratch,
        }))
    }))
}

fn volume(source: PathBuf, target: &str, writable: bool) -> Result<OrderedVolume, Error> {
    let found = source.canonicalize();
    Ok(OrderedVolume {
        source: found.map_err(|error| Error::of_path("cannot-find", &source, error))?,
        target: target.into(),
        writable,
    })
}

struct Jailed {
    container: Box<dyn Instance>,
    report: ReportFile,
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

    fn cgroup_memory(&self) -> Result<CgroupMemory, reports::model::Message> {
        self.container.cgroup_memory()
    }

    fn kill(&mut self) {
        self.container.kill();
    }

    fn finish(self: Box<Self>) -> Result<End, Error> {
        let jail = self.container.finish()?;
        match self.report.read()? {
            None => Ok(jail),
            Some(report) => Ok(within(
                jail.status,
                jail.stamps,
                jail.steps,
                report.into_end(jail.status)?,
            )),
        }
    }
}

/// The end of the machine, whose start began with that of the jail.
fn within(status: i32, stamps: Vec<(String, u64)>, steps: Vec<Step>, machine: End) -> End {
    // A jail is there before its monitor begins.
    let jailed_ns = steps.iter().map(|step| step.began_ns + step.cost_ns).max().unwrap_or(0);
    let later = machine.steps.into_iter().map(|step| Step {
        began_ns: step.began_ns + jailed_ns,
        ..step
    });
    End {
        status,
        stamps: stamps.into_iter().chain(machine.stamps).collect(),
        steps: steps.into_iter().chain(later).collect(),
        ..machine
    }
}
