//! The workload in a KVM virtual machine that boots a guest kernel.
//!
//! One machine is one process: the lab executes itself again as a monitor ([`monitor`]), which runs one machine and ends.
//! [`handover`] is what the two tell each other.

mod handover;
pub mod monitor;

use super::{Backend, CgroupMemory, ENVIRONMENT, End, Instance, Role, Start, Stdio, Step};
use crate::error::Error;
use crate::image::{self, Image, part};
use crate::newc;
use crate::spawn::{Child, Group, Prepared};
use crate::workload::sha256;
use microvm::Kernel;
use microvm::kernel::Format;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use reports::model;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// Runs a workload in a virtual machine.
#[derive(Clone, Debug)]
pub struct MicroVm {
    /// The kernel to boot.
    pub kernel: Kernel,
    /// Guest RAM.
    pub memory_bytes: u64,
    /// The monitor ends a machine that runs longer by itself.
    pub timeout: Option<Duration>,
    /// Which process group the monitor runs in.
    pub group: Group,
}

impl MicroVm {
    fn kernel_bytes(&self) -> Result<Vec<u8>, Error> {
        match &self.kernel {
            Kernel::Builtin => Ok(microvm::kernel::builtin().to_vec()),
            Kernel::File(path) => microvm::kernel::read(path).map_err(|error| Error::new(error.to_string())),
        }
    }

    fn describe_kernel(&self, bytes: &[u8]) -> Result<model::GuestKernel, Error> {
        let (name, version) = match &self.kernel {
            Kernel::Builtin => ("builtin".to_owned(), microvm::kernel::BUILTIN_VERSION.to_owned()),
            Kernel::File(path) => {
                let inspection = microvm::kernel::inspect(bytes)
                    .map_err(|why| Error::from_cause(format_args!("{} is no guest kernel", path.display()), why))?;
                let version = match inspection.format {
                    Format::Elf(elf) => elf.version.unwrap_or_default(),
                    Format::BzImage(image) => image.version,
                };
                (path.display().to_string(), version)
            }
        };
        Ok(model::GuestKernel {
            name,
            version,
            sha256: sha256(bytes),
        })
    }
}

impl Backend for MicroVm {
    fn name(&self) -> &'static str {
        "microvm"
    }

    fn describe(&self, image: &Image) -> Result<model::Target, Error> {
        if let microvm::KvmKind::None(reason) = microvm::probe().kind {
            return Err(Error::new(reason));
        }
        let kernel = self.kernel_bytes()?;
        let archive = initramfs(image)?;
        let given = newc::file(&archive, image.program())
            .ok_or_else(|| Error::new("the initramfs does not hold the program that was put into it"))?;
        let workload = image.workload_part()?;
        // What the archive adds to the program: its headers, and padding to whole pages.
        let around = [
            &archive[..offset(&archive, given)],
            &archive[offset(&archive, given) + given.len()..],
        ]
        .concat();
        Ok(model::Target {
            name: self.name().into(),
            version: format!("isolab {}", env!("CARGO_PKG_VERSION")),
            guest_kernel: Some(self.describe_kernel(&kernel)?),
            workload_sha256: sha256(given),
            image: vec![
                workload,
                part("files", &around),
                part("guest kernel", &kernel),
                image::host_kernel_part(),
            ],
            unavailable: None,
        })
    }

    fn prepare(&self, image: &Image, args: &[String], stdio: Stdio) -> Result<Start, Error> {
        let (kept_report, report) = handover::report_file()?;
        let words = handover::arguments(self, image, args)?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut fds = vec![stdio.stdin, stdio.stdout, stdio.stderr, report];
        fds.extend(handover::files(image)?);
        let prepared = Prepared::new("/proc/self/exe", &words, &ENVIRONMENT, fds, self.group)?;
        Ok(Box::new(move || {
            let child = prepared.spawn().map_err(|errno| {
                Error::from_cause(
                    "cannot execute this program again (/proc/self/exe) as a monitor",
                    errno.desc(),
                )
            })?;
            Ok(Box::new(Running {
                child,
                report: kept_report,
                reaped: false,
            }))
        }))
    }
}

fn offset(archive: &[u8], part: &[u8]) -> usize {
    part.as_ptr().addr() - archive.as_ptr().addr()
}

/// The image's files as the machine is given them.
pub fn initramfs(image: &Image) -> Result<Vec<u8>, Error> {
    let program = handover::open(image.executable().as_ref())?;
    let other = image.other_file();
    let other = other
        .map(|(path, place)| Ok((path, handover::open(&place)?)))
        .transpose()?;
    let initramfs = handover::initramfs((image.program(), program), other)?;
    initramfs.to_bytes().map_err(|error| Error::new(error.to_string()))
}

struct Running {
    child: Child,
    report: File,
    reaped: bool,
}

impl Running {
    fn reap(&mut self) -> Result<i32, Error> {
        let ended = loop {
            match waitid(Id::PIDFd(self.child.pidfd.as_fd()), WaitPidFlag::WEXITED) {
                Err(Errno::EINTR) => {}
                ended => break ended,
            }
        };
        self.reaped = true;
        match ended.map_err(|errno| Error::from_cause("cannot wait for the monitor", errno.desc()))? {
            WaitStatus::Exited(_, status) => Ok(status),
            WaitStatus::Signaled(_, signal, _) => Ok(128 + signal as i32),
            other => Err(Error::new(format!(
                "the monitor ended in a way that is not known: {other:?}"
            ))),
        }
    }
}

impl Instance for Running {
    fn pidfd(&self) -> BorrowedFd<'_> {
        self.child.pidfd.as_fd()
    }

    fn processes(&self) -> Vec<(i32, Role)> {
        vec![(self.child.pid, Role::Monitor)]
    }

    fn cgroup_memory(&self) -> Result<CgroupMemory, String> {
        Err("the monitor has no cgroup of its own".into())
    }

    fn kill(&mut self) {
        // Not reaped yet, so that the number still is this process; it may have ended by itself (ESRCH).
        let _ = kill(Pid::from_raw(self.child.pid), Signal::SIGKILL);
    }

    fn finish(mut self: Box<Self>) -> Result<End, Error> {
        let status = self.reap()?;
        Ok(match handover::read_report(&self.report)? {
            Some(report) => End {
                status,
                steps: steps(&report.stamps),
                stamps: report.stamps,
                vm_exits: report.exits,
                failure: report.failure,
                note: None,
            },
            // Killed, by the lab or from outside, before it could say anything.
            None => End {
                status,
                ..End::default()
            },
        })
    }
}

/// The steps between the monitor's stamps; the first stamp is its own beginning.
fn steps(stamps: &[(String, u64)]) -> Vec<Step> {
    let began = stamps.first().map_or(0, |(_, at)| *at);
    let step = |pair: &[(String, u64)]| Step {
        name: pair[1].0.clone(),
        call: String::new(),
        purpose: String::new(),
        by: if pair[1].0.starts_with("guest") {
            "guest"
        } else {
            "monitor"
        }
        .into(),
        began_ns: pair[0].1.saturating_sub(began),
        cost_ns: pair[1].1.saturating_sub(pair[0].1),
    };
    stamps.windows(2).map(step).collect()
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill();
            // Nobody is left to tell that waiting failed.
            let _ = self.reap();
        }
    }
}
