//! isolab's own runtime: one fresh process that runs one container or one virtual machine, and ends with the status of its
//! program. The harness starts it for every measured instance, as people's tools are started.
//!
//! The process is this executable again, with an [`Order`] as its argument; it does not get as far as the command line's
//! parser. It leaves a [`Report`] in a file of its own.

pub mod container;
pub mod report;

use super::microvm::handover::MachineOrder;
use super::microvm::monitor;
use super::{CgroupMemory, ENVIRONMENT, End, Instance, Role, Start, Stdio, cgroup, process_tree};
use crate::error::Error;
use crate::targets::spawn::{Child, Group, Prepared};
use container::ContainerOrder;
use report::ReportFile;
use reports::model::Message;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The first argument that makes this executable a runtime.
const RUNTIME: &str = "runtime";

/// The exit status of a runtime that could not do its work, as `docker run` gives it.
pub const FAILED: i32 = 125;

/// How long a runtime may take to end its container and to remove what that used.
const GRACE: Duration = Duration::from_secs(5);

/// What one runtime is to run.
#[derive(Debug, Serialize, Deserialize)]
pub struct Order {
    /// A container or a machine.
    pub what: What,
    /// Where the report goes.
    pub report: PathBuf,
}

/// A container or a machine.
#[derive(Debug, Serialize, Deserialize)]
pub enum What {
    /// A container.
    Container(ContainerOrder),
    /// A virtual machine.
    Machine(MachineOrder),
}

impl Order {
    /// The runtime's arguments after its name.
    pub fn arguments(&self) -> Result<[String; 2], Error> {
        let order = serde_json::to_string(self).map_err(|error| Error::from_cause("cannot write the order", error))?;
        Ok([RUNTIME.into(), order])
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
    let order = order.ok_or_else(|| Error::new("a runtime is started by isolab only"));
    let parse = |text: String| {
        serde_json::from_str::<Order>(&text).map_err(|error| Error::from_cause("cannot read the order", error))
    };
    let open = |path: &Path| {
        let file = File::options().write(true).open(path);
        file.map_err(|error| Error::from_cause(format_args!("cannot open {}", path.display()), error))
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
    let (status, report) = match order.what {
        What::Container(order) => container::run(order),
        What::Machine(order) => monitor::run(order, &file),
    };
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
    std::env::current_exe().map_err(|error| Error::from_cause("cannot find the executable of isolab", error))
}

/// Makes the start of a runtime ready.
///
/// # Errors
/// A descriptor or a file in memory that is not to be had.
pub fn prepare(what: What, stdio: Stdio, group: Group) -> Result<Start, Error> {
    let role = match what {
        What::Container(_) => Role::Runtime,
        What::Machine(_) => Role::Monitor,
    };
    let (report, given) = ReportFile::new()?;
    let order = Order {
        what,
        report: "/proc/self/fd/3".into(),
    };
    let [runtime, order] = &order.arguments()?;
    let fds = vec![stdio.stdin, stdio.stdout, stdio.stderr, given];
    let words = ["isolab", runtime, order];
    let prepared = Prepared::new("/proc/self/exe", &words, &ENVIRONMENT, fds, group)?;
    Ok(Box::new(move || {
        let child = prepared.spawn().map_err(|errno| {
            Error::from_cause(
                "cannot execute this program again (/proc/self/exe) as a runtime",
                errno.desc(),
            )
        })?;
        Ok(Box::new(Running { child, report, role }) as Box<dyn Instance>)
    }))
}

struct Running {
    child: Child,
    report: ReportFile,
    /// What the runtime's process is in its instance.
    role: Role,
}

impl Instance for Running {
    fn pidfd(&self) -> BorrowedFd<'_> {
        self.child.pidfd()
    }

    /// The runtime; of a container also its pid 1 and, below that, its programs.
    fn processes(&self) -> Vec<(i32, Role)> {
        let runtime = self.child.pid();
        let role = |pid, depth| match depth {
            0 => (pid, self.role),
            1 => (pid, Role::Runtime),
            _ => (pid, Role::Program),
        };
        process_tree::below(runtime)
            .into_iter()
            .map(|(pid, depth)| role(pid, depth))
            .collect()
    }

    fn cgroup_memory(&self) -> Result<CgroupMemory, Message> {
        let deepest = process_tree::below(self.child.pid()).pop();
        let (pid, _) = deepest.ok_or_else(|| Message::new("no-process"))?;
        cgroup::memory_of(pid)
    }

    /// A runtime of a container has a control group to remove: it is asked to end. A monitor has nothing to tidy up.
    fn kill(&mut self) {
        match self.role {
            Role::Runtime => self.child.end_within(GRACE),
            _ => self.child.kill(),
        }
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
