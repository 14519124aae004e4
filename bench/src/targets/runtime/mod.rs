//! isolab's own runtimes: a fresh process for one container or one virtual machine. The harness starts it for every measured
//! instance, as people's tools are started.
//!
//! A container's is the small executable of the container library ([`container`]). A virtual machine's is this executable again,
//! with a file that holds an [`Order`] as its argument (other users may read arguments, and not that file); it does not get as far as the command line's parser, ends with the status of the
//! program, and leaves a [`Report`] in a file of its own.

pub mod container;
pub mod report;

use super::microvm::handover::MachineOrder;
use super::microvm::monitor;
use super::{CgroupMemory, End, Instance, Role, Start, Stdio, cgroup};
use crate::error::Error;
use crate::targets::spawn::{Child, Group, Prepared};
use crate::workloads::inputs::ENVIRONMENT;
use nix::sys::memfd::{MFdFlags, memfd_create};
use report::ReportFile;
use reports::model::Message;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Write;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

/// The first argument that makes this executable a runtime.
const RUNTIME: &str = "runtime";

/// The exit status of a runtime that could not do its work, as `docker run` gives it.
pub const FAILED: i32 = 125;

/// What one runtime is to run.
#[derive(Debug, Serialize, Deserialize)]
pub struct Order {
    /// The virtual machine.
    pub machine: MachineOrder,
    /// Where the report goes.
    pub report: PathBuf,
}

impl Order {
    /// Writes it to a file, and gives the arguments, after its name, of a runtime that finds the file at `place`.
    pub fn write(&self, mut file: &File, place: &str) -> Result<[String; 2], Error> {
        let failed = |error| Error::from_cause(Message::new("cannot-write-order"), error);
        let order = serde_json::to_vec(self).map_err(|error| failed(error.into()))?;
        file.write_all(&order).map_err(failed)?;
        Ok([RUNTIME.into(), place.into()])
    }
}

/// Becomes a runtime, and never returns, where this process was started as one. To be called before anything else: what
/// comes before counts as part of every start.
pub fn run_if_asked() {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|first| first == RUNTIME) {
        std::process::exit(run(args.next().and_then(|order| order.into_string().ok())));
    }
}

fn run(order: Option<String>) -> i32 {
    let order = order.ok_or_else(|| Error::new(Message::new("runtime-by-hand")));
    let parse = |place: String| {
        let failed = |error| Error::from_cause(Message::new("cannot-read-order"), error);
        let text = std::fs::read(place).map_err(failed)?;
        serde_json::from_slice::<Order>(&text).map_err(|error| failed(error.into()))
    };
    let open = |path: &Path| {
        let file = File::options().write(true).open(path);
        file.map_err(|error| Error::of_path("cannot-open", path, error))
    };
    let ready = order
        .and_then(parse)
        .and_then(|order| Ok((open(&order.report)?, order)));
    let (file, order) = match ready {
        Ok(ready) => ready,
        Err(error) => {
            eprintln!("isolab: {error}");
            return FAILED;
        }
    };
    let (status, report) = monitor::run(order.machine, &file);
    match report.write(&file) {
        Ok(()) => status,
        Err(error) => {
            eprintln!("isolab: cannot write the runtime's report: {error}");
            FAILED
        }
    }
}

/// The file that a runtime is executed from: this very executable.
pub fn executable() -> Result<PathBuf, Error> {
    std::env::current_exe().map_err(|error| Error::from_cause(Message::new("cannot-find-executable-isolab"), error))
}

/// Makes the start of a runtime ready.
///
/// # Errors
/// A descriptor or a file in memory that is not to be had.
pub fn prepare(machine: MachineOrder, stdio: Stdio, group: Group) -> Result<Start, Error> {
    let (report, given) = ReportFile::new()?;
    let order = Order {
        machine,
        report: "/proc/self/fd/3".into(),
    };
    let file = memfd_create("isolab-order", MFdFlags::MFD_CLOEXEC)
        .map(File::from)
        .map_err(|errno| Error::from_cause(Message::new("cannot-make-file-in-memory"), errno))?;
    let [runtime, order] = &order.write(&file, "/proc/self/fd/4")?;
    let fds = vec![stdio.stdin, stdio.stdout, stdio.stderr, given, file.into()];
    let words = ["isolab", runtime, order];
    let prepared = Prepared::new("/proc/self/exe", &words, &ENVIRONMENT, fds, group)?;
    Ok(Box::new(move || {
        let child = prepared
            .spawn()
            .map_err(|errno| Error::from_cause(Message::new("cannot-execute-program-again-as-runtime"), errno))?;
        Ok(Box::new(Running { child, report }) as Box<dyn Instance>)
    }))
}

struct Running {
    child: Child,
    report: ReportFile,
}

impl Instance for Running {
    fn pidfd(&self) -> BorrowedFd<'_> {
        self.child.pidfd()
    }

    fn processes(&self) -> Vec<(i32, Role)> {
        vec![(self.child.pid(), Role::Monitor)]
    }

    fn cgroup_memory(&self) -> Result<CgroupMemory, Message> {
        cgroup::memory_of(self.child.pid())
    }

    fn kill(&mut self) {
        self.child.kill();
    }

    fn finish(self: Box<Self>) -> Result<End, Error> {
        let status = self.child.reap()?;
        self.report.read()?.map_or_else(
            || {
                Ok(End {
                    status,
                    ..End::default()
                })
            },
            |report| report.into_end(status),
        )
    }
}
