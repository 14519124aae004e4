//! The baseline: the workload as a plain process.

use super::{Backend, CgroupMemory, ENVIRONMENT, End, Instance, Role, Start, Stdio};
use crate::error::{Cause, Error};
use crate::measure::clock;
use crate::targets::spawn::{Child, Group, Prepared};
use crate::workloads::image::Image;
use nix::errno::Errno;
use reports::model::{self, Message};
use std::os::fd::BorrowedFd;

/// Runs a workload as a plain process.
#[derive(Debug)]
pub struct Process {
    /// Which process group the workload runs in.
    pub group: Group,
}

impl Backend for Process {
    fn name(&self) -> &str {
        "process"
    }

    fn describe(&self, image: &Image) -> Result<model::Target, Error> {
        Ok(model::Target {
            name: self.name().into(),
            version: "fork and exec of this kernel".into(),
            image: image.parts()?,
            workload_sha256: image.layer_sha256()?,
            ..model::Target::default()
        })
    }

    fn prepare(&self, image: &Image, args: &[String], stdio: Stdio) -> Result<Start, Error> {
        let path = image.executable().to_owned();
        let argv: Vec<&str> = std::iter::once(image.program())
            .chain(args.iter().map(String::as_str))
            .collect();
        let fds = vec![stdio.stdin, stdio.stdout, stdio.stderr];
        let prepared = Prepared::new(&path, &argv, &ENVIRONMENT, fds, self.group)?;
        Ok(Box::new(move || {
            let child = prepared.spawn().map_err(|errno| refused(&path, errno))?;
            Ok(Box::new(Running {
                child,
                executed_ns: clock::now_ns(),
            }))
        }))
    }
}

fn refused(path: &str, errno: Errno) -> Error {
    let why = Message::new("cannot-execute")
        .with("path", path)
        .with("answer", errno.message());
    let error = Error::new(why);
    match errno {
        Errno::EACCES => error.remedy(Message::new("do-other-folder")),
        Errno::ENOEXEC => error.remedy(Message::new("do-other-program")),
        Errno::EAGAIN => error.remedy(Message::new("do-more-processes")),
        _ => error,
    }
}

struct Running {
    child: Child,
    executed_ns: u64,
}

impl Instance for Running {
    fn pidfd(&self) -> BorrowedFd<'_> {
        self.child.pidfd()
    }

    fn processes(&self) -> Vec<(i32, Role)> {
        vec![(self.child.pid(), Role::Program)]
    }

    fn cgroup_memory(&self) -> Result<CgroupMemory, Message> {
        Err(Message::new("no-own-cgroup"))
    }

    fn kill(&mut self) {
        self.child.kill();
    }

    fn finish(self: Box<Self>) -> Result<End, Error> {
        let status = self.child.reap()?;
        Ok(End {
            status,
            stamps: vec![("fork and exec".into(), self.executed_ns)],
            ..End::default()
        })
    }
}
