//! Any other tool that runs a program, as a target: a description file says how it is found, prepared, started and tidied up
//! after ([`description`]), and this is the code that all of them share.

mod description;
mod launcher;
mod libraries;
mod root;
mod template;

pub use description::{Description, all, find};
pub use launcher::launcher;

use super::spawn::{Child, Group, Prepared};
use super::{Backend, CgroupMemory, End, Instance, Role, Start, Stdio, cgroup, process_tree};
use crate::error::{Cause, Error};
use crate::files::scratch::Left;
use crate::files::search_path;
use crate::files::tool::output;
use crate::measure::clock;
use crate::targets::orphans::{self, Alive};
use crate::workloads::image::Image;
use reports::model::{self, Message};
use root::Root;
use std::cell::{Cell, RefCell};
use std::os::fd::BorrowedFd;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

/// Runs a workload by a tool.
#[derive(Debug)]
pub struct External {
    description: Arc<Description>,
    group: Group,
    /// The image's files and those of the description, made at the first start.
    root: RefCell<Option<Rc<Root>>>,
    /// How many instances were asked for.
    count: Cell<u64>,
}

impl External {
    /// A target as it is described.
    pub fn new(description: &Arc<Description>, group: Group) -> Self {
        orphans::adopt();
        External {
            description: Arc::clone(description),
            group,
            root: RefCell::new(None),
            count: Cell::new(0),
        }
    }

    /// The tool's own words for its version: the first line that it prints.
    fn version(&self) -> Result<String, Error> {
        let words = &self.description.version;
        if words.is_empty() {
            let tool = &self.description.run[0];
            let found = search_path::find(tool).and_then(|path| path.metadata().map(drop));
            return found
                .map(|()| String::new())
                .map_err(|error| self.missing(tool, &error));
        }
        let name = &self.description.name;
        let output = output(words).map_err(|error| self.missing(&words[0], &error))?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        let first = text.lines().next().unwrap_or_default().trim().to_owned();
        if output.status.success() {
            return Ok(first);
        }
        let why = Message::new("tool-fails")
            .with("tool", name.as_str())
            .with("command", words.join(" "))
            .with("answer", output.status.to_string());
        Err(Error::new(why.with_said(&first)))
    }

    fn missing(&self, command: &str, error: &std::io::Error) -> Error {
        if error.kind() == std::io::ErrorKind::NotFound {
            let missing = Error::new(Message::new("not-installed").with("command", command));
            return match self.description.install.as_str() {
                "" => missing,
                install => missing.remedy(Message::new("do-install").with("command", install)),
            };
        }
        cannot_execute(command, error)
    }

    /// The command that runs an image in the instance `id`, as it is given to the kernel, for as long as this value lives.
    ///
    /// # Errors
    /// A root that cannot be made, and a placeholder that there is not.
    pub fn command(&self, image: &Image, id: &str) -> Result<Vec<String>, Error> {
        let root = self.root(image, image.args())?;
        root.values(id).words(&self.description.run)
    }

    /// The root of this image with these arguments, made unless it was the one before. Every run begins with the same files;
    /// only instances at the same time share them.
    fn root(&self, image: &Image, args: &[String]) -> Result<Rc<Root>, Error> {
        let mut kept = self.root.borrow_mut();
        if let Some(root) = kept.as_mut().filter(|root| root.is_of(image, args)) {
            if let Some(unused) = Rc::get_mut(root) {
                unused.renew(&self.description, image)?;
            }
            return Ok(Rc::clone(root));
        }
        let root = Rc::new(Root::make(&self.description, image, args)?);
        Ok(Rc::clone(kept.insert(root)))
    }
}

impl Backend for External {
    fn name(&self) -> &str {
        &self.description.name
    }

    fn describe(&self, image: &Image) -> Result<model::Target, Error> {
        let version = self.version()?;
        let root = self.root(image, image.args())?;
        Ok(model::Target {
            name: self.description.name.clone(),
            version,
            image: image.parts()?,
            workload_sha256: root.program_sha256()?,
            description: Some(self.description.describe()),
            ..model::Target::default()
        })
    }

    fn files(&self, image: &Image) -> Result<Vec<PathBuf>, Error> {
        let root = self.root(image, image.args())?;
        let tool = &self.description.run[0];
        let tool = search_path::find(tool).map_err(|error| self.missing(tool, &error))?;
        let mut files = [root.files(), libraries::of(&tool)].concat();
        files.push(tool);
        Ok(files)
    }

    fn prepare(&self, image: &Image, args: &[String], stdio: Stdio) -> Result<Start, Error> {
        let root = self.root(image, args)?;
        let number = self.count.replace(self.count.get() + 1);
        let id = format!("isolab-{}-{}-{number}", self.description.name, std::process::id());
        let values = root.values(&id);
        let run = values.words(&self.description.run)?;
        let clean_up = values.words(&self.description.clean_up)?;
        let path = search_path::find(&run[0])
            .and_then(std::path::absolute)
            .map_err(|error| self.missing(&run[0], &error))?;
        let words: Vec<&str> = run.iter().map(String::as_str).collect();
        let fds = vec![stdio.stdin, stdio.stdout, stdio.stderr];
        let env: Vec<&str> = image.environment().iter().map(String::as_str).collect();
        let prepared = Prepared::new(&path.to_string_lossy(), &words, &env, fds, self.group)?;
        // As a plain process does: only what a person runs once, and gives no files, begins where that person is.
        let prepared = match self.group == Group::Lab && image.other_files().is_empty() {
            true => prepared,
            false => prepared.in_folder(&root.root())?,
        };
        let program = root.program();
        let left = match clean_up.is_empty() {
            true => None,
            false => Some(root.leave(&id, &clean_up)?),
        };
        Ok(Box::new(move || {
            let child = prepared
                .spawn()
                .map_err(|errno| cannot_execute(&path.to_string_lossy(), errno))?;
            Ok(Box::new(Running {
                child,
                executed_ns: clock::now_ns(),
                killed: false,
                program,
                clean_up,
                left,
                _root: root,
                _alive: Alive::one_more(),
            }))
        }))
    }
}

fn cannot_execute(path: &str, answer: impl Cause) -> Error {
    Error::new(
        Message::new("cannot-execute")
            .with("path", path)
            .with("answer", answer.message()),
    )
}

struct Running {
    child: Child,
    executed_ns: u64,
    killed: bool,
    /// The program's file, to tell its process from the tool's.
    program: (u64, u64),
    clean_up: Vec<String>,
    /// The note of that command.
    left: Option<Left>,
    _root: Rc<Root>,
    /// The last, as it is to end when the tool itself has ended.
    _alive: Alive,
}

impl Instance for Running {
    fn pidfd(&self) -> BorrowedFd<'_> {
        self.child.pidfd()
    }

    fn processes(&self) -> Vec<(i32, Role)> {
        let role = |pid| {
            let file = std::fs::metadata(format!("/proc/{pid}/exe")).map(|file| (file.dev(), file.ino()));
            if file.is_ok_and(|file| file == self.program) {
                Role::Program
            } else {
                Role::Runtime
            }
        };
        let tree = process_tree::below(self.child.pid());
        tree.into_iter().map(|(pid, _)| (pid, role(pid))).collect()
    }

    fn cgroup_memory(&self) -> Result<CgroupMemory, Message> {
        let program = self.processes().into_iter().find(|(_, role)| *role == Role::Program);
        let (pid, _) = program.ok_or_else(|| Message::new("program-elsewhere"))?;
        cgroup::memory_of(pid)
    }

    fn kill(&mut self) {
        self.killed = true;
        self.child.kill();
    }

    fn finish(self: Box<Self>) -> Result<End, Error> {
        let status = self.child.reap()?;
        let ended_well = !self.killed && status == 0;
        // A tool that has tidied up by itself says that there is nothing to do. One that does not end is run again later.
        if let Some(left) = self.left
            && (ended_well || output(&self.clean_up).is_ok())
        {
            left.done();
        }
        Ok(End {
            status,
            stamps: vec![("fork and exec".into(), self.executed_ns)],
            ..End::default()
        })
    }
}
