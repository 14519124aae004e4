//! The baseline: the workload as a plain process.

use super::{Backend, CgroupMemory, End, Instance, Role, Start, Stdio};
use crate::error::{Cause, Error};
use crate::measure::clock;
use crate::targets::orphans::{self, Alive};
use crate::targets::spawn::{Child, Group, Prepared};
use crate::targets::work_folder::WorkFolder;
use crate::workloads::image::Image;
use nix::errno::Errno;
use reports::model::{self, Message};
use std::cell::RefCell;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

/// Runs a workload as a plain process.
#[derive(Debug)]
pub struct Process {
    /// Which process group the workload runs in.
    group: Group,
    /// Where it runs, once that is made.
    folder: RefCell<Option<WorkFolder>>,
    /// Where its program is, once that is made.
    program: RefCell<Option<WorkFolder>>,
}

impl Process {
    /// A process in this group. Where it is measured, what it leaves behind is adopted, and ended with it. What a person runs once
    /// may start a service that is to stay; isolab, which waits for the program only, would keep the zombies of what it adopts.
    pub fn new(group: Group) -> Self {
        if group == Group::Own {
            orphans::adopt();
        }
        Process {
            group,
            folder: RefCell::new(None),
            program: RefCell::new(None),
        }
    }

    /// The working directory: a folder with the files that the program is given, as in every other target. Only a program that a
    /// person runs once, and that is given none, begins where that person is.
    fn folder(&self, image: &Image) -> Result<Option<PathBuf>, Error> {
        if self.group == Group::Lab && image.other_files().is_empty() {
            return Ok(None);
        }
        renewed(&self.folder, |to| image.copy_other_files(to)).map(Some)
    }

    /// The program's file. What a program of the user's writes beside it (/proc/self/exe) must not come into the layer that other
    /// targets are made of, nor into the next run: it is executed from a copy of the layer. What a person runs once needs none.
    fn program(&self, image: &Image) -> Result<PathBuf, Error> {
        if self.group == Group::Lab || image.is_kept() {
            return Ok(image.executable().into());
        }
        let folder = renewed(&self.program, |to| image.copy_files(to))?;
        Ok(folder.join(image.program().trim_start_matches('/')))
    }
}

/// A folder with what `fill` puts there, the same one each time.
fn renewed(kept: &RefCell<Option<WorkFolder>>, fill: impl FnOnce(&Path) -> io::Result<()>) -> Result<PathBuf, Error> {
    let mut kept = kept.borrow_mut();
    let folder = match kept.take() {
        Some(folder) => folder,
        None => WorkFolder::new()?,
    };
    kept.insert(folder).renew(fill)
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

    fn files(&self, image: &Image) -> Result<Vec<PathBuf>, Error> {
        let mut files = vec![self.program(image)?];
        if let Some(folder) = self.folder(image)? {
            files.extend(image.other_files().iter().map(|file| folder.join(&file.inside)));
        }
        Ok(files)
    }

    fn prepare(&self, image: &Image, args: &[String], stdio: Stdio) -> Result<Start, Error> {
        let program = self.program(image)?;
        // The folder for temporary files is one whose name is text, or there would be no image.
        let path = program.to_string_lossy().into_owned();
        let argv: Vec<&str> = std::iter::once(image.program())
            .chain(args.iter().map(String::as_str))
            .collect();
        let fds = vec![stdio.stdin, stdio.stdout, stdio.stderr];
        let env: Vec<&str> = image.environment().iter().map(String::as_str).collect();
        let prepared = Prepared::new(&path, &argv, &env, fds, self.group)?;
        let prepared = match self.folder(image)? {
            Some(folder) => prepared.in_folder(&folder)?,
            None => prepared,
        };
        Ok(Box::new(move || {
            let child = prepared.spawn().map_err(|errno| refused(&path, errno))?;
            Ok(Box::new(Running {
                child,
                executed_ns: clock::now_ns(),
                _alive: Alive::one_more(),
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
    /// The last, as it is to end when the program itself has ended.
    _alive: Alive,
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
