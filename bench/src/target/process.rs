//! The baseline: the workload as a plain process.

use super::{Backend, CgroupMemory, ENVIRONMENT, End, Instance, Role, Start, Stdio};
use crate::clock;
use crate::error::Error;
use crate::image::Image;
use crate::spawn::{Child, Group, Prepared};
use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use reports::model;
use std::os::fd::{AsFd, BorrowedFd};

/// Runs a workload as a plain process.
#[derive(Debug)]
pub struct Process {
    /// Which process group the workload runs in.
    pub group: Group,
}

impl Backend for Process {
    fn name(&self) -> &'static str {
        "process"
    }

    fn describe(&self, image: &Image) -> Result<model::Target, Error> {
        Ok(model::Target {
            name: self.name().into(),
            version: "fork and exec of this kernel".into(),
            guest_kernel: None,
            image: image.parts()?,
            workload_sha256: image.layer_sha256()?,
            unavailable: None,
        })
    }

    fn prepare(&self, image: &Image, args: &[String], stdio: Stdio) -> Result<Start, Error> {
        let path = image.executable().to_owned();
        let argv: Vec<&str> = std::iter::once(image.program())
            .chain(args.iter().map(String::as_str))
            .collect();
        let fds = vec![stdio.stdin, stdio.stdout, stdio.stderr];
        let prepared = Prepared::new(&path, &argv, &ENVIRONMENT, fds, self.group)?;
        let group = self.group;
        Ok(Box::new(move || {
            let child = prepared.spawn().map_err(|errno| refused(&path, errno))?;
            Ok(Box::new(Running {
                child,
                group,
                executed_ns: clock::now_ns(),
                reaped: false,
            }))
        }))
    }
}

fn refused(path: &str, errno: Errno) -> Error {
    let error = Error::from_cause(format_args!("cannot execute {path}"), errno.desc());
    match errno {
        Errno::EACCES => error.remedy(
            "The file system may be mounted noexec. Another place for the lab's own workloads: XDG_CACHE_HOME=/path; for \
             other programs: TMPDIR=/path",
        ),
        Errno::ENOEXEC => error.remedy("This kernel does not run such programs."),
        Errno::EAGAIN => error.remedy("The limit on processes is reached (ulimit -u)."),
        _ => error,
    }
}

struct Running {
    child: Child,
    group: Group,
    executed_ns: u64,
    reaped: bool,
}

impl Running {
    fn reap(&mut self) -> Result<i32, Error> {
        let wait = |flags| loop {
            match waitid(Id::PIDFd(self.child.pidfd.as_fd()), WaitPidFlag::WEXITED | flags) {
                Err(Errno::EINTR) => {}
                ended => break ended,
            }
        };
        if self.group == Group::Own && wait(WaitPidFlag::WNOWAIT).is_ok() {
            // What the workload has started and left behind. Until the workload itself is reaped, the number of its process
            // group belongs to nobody else.
            let _ = killpg(Pid::from_raw(self.child.pid), Signal::SIGKILL);
        }
        let ended = wait(WaitPidFlag::empty());
        self.reaped = true;
        match ended.map_err(|errno| Error::from_cause("cannot wait for the process", errno.desc()))? {
            WaitStatus::Exited(_, status) => Ok(status),
            WaitStatus::Signaled(_, signal, _) => Ok(128 + signal as i32),
            other => Err(Error::new(format!(
                "the process ended in a way that is not known: {other:?}"
            ))),
        }
    }
}

impl Instance for Running {
    fn pidfd(&self) -> BorrowedFd<'_> {
        self.child.pidfd.as_fd()
    }

    fn processes(&self) -> Vec<(i32, Role)> {
        vec![(self.child.pid, Role::Program)]
    }

    fn cgroup_memory(&self) -> Result<CgroupMemory, String> {
        Err("a plain process has no cgroup of its own".into())
    }

    fn kill(&mut self) {
        // Not reaped yet, so that the number still is this process; it may have ended by itself (ESRCH).
        let _ = nix::sys::signal::kill(Pid::from_raw(self.child.pid), Signal::SIGKILL);
    }

    fn finish(mut self: Box<Self>) -> Result<End, Error> {
        let status = self.reap()?;
        Ok(End {
            status,
            stamps: vec![("fork and exec".into(), self.executed_ns)],
            ..End::default()
        })
    }
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
