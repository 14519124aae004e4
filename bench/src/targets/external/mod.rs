//! Any other tool that runs a program, as a target: a description file says how it is found, prepared, started and tidied up
//! after ([`description`]), and this is the code that all of them share.

mod description;
mod root;
mod template;

pub use description::{Description, all, find};

use super::spawn::{Child, Group, Prepared};
use super::{Backend, CgroupMemory, ENVIRONMENT, End, Instance, Role, Start, Stdio, cgroup, process_tree};
use crate::error::Error;
use crate::files::search_path;
use crate::measure::clock;
use crate::workloads::image::Image;
use nix::errno::Errno;
use reports::model;
use root::Root;
use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{Read, Seek};
use std::os::fd::BorrowedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio as ProcessStdio};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a tool may take to say its version, or to tidy up.
const PATIENCE: Duration = Duration::from_secs(10);

/// So much of what they print is looked at.
const MOST_OUTPUT: u64 = 64 << 10;

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
        let name = &self.description.name;
        let output = output(words).map_err(|error| self.missing(&words[0], &error))?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        let first = text.lines().next().unwrap_or_default().trim().to_owned();
        if output.status.success() {
            return Ok(first);
        }
        let said = format!("`{}`: {}; {first}", words.join(" "), output.status);
        Err(Error::from_cause(format_args!("{name} does not work here"), said))
    }

    fn missing(&self, command: &str, error: &std::io::Error) -> Error {
        if error.kind() == std::io::ErrorKind::NotFound {
            let remedy = format!("Install it: {}", self.description.install);
            return Error::new(format!("{command} is not installed")).remedy(remedy);
        }
        Error::from_cause(format_args!("cannot execute {command}"), error)
    }

    /// The root of this image with these arguments, made unless it was the one before.
    fn root(&self, image: &Image, args: &[String]) -> Result<Rc<Root>, Error> {
        let mut kept = self.root.borrow_mut();
        if let Some(root) = kept.as_ref().filter(|root| root.is_of(image, args)) {
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
            guest_kernel: None,
            image: image.parts()?,
            workload_sha256: root.program_sha256()?,
            unavailable: None,
        })
    }

    fn files(&self, image: &Image) -> Result<Vec<PathBuf>, Error> {
        let root = self.root(image, image.args())?;
        let tool = &self.description.run[0];
        let tool = search_path::find(tool).map_err(|error| self.missing(tool, &error))?;
        Ok([root.files(), vec![tool]].concat())
    }

    fn prepare(&self, image: &Image, args: &[String], stdio: Stdio) -> Result<Start, Error> {
        let root = self.root(image, args)?;
        let number = self.count.replace(self.count.get() + 1);
        let id = format!("isolab-{}-{}-{number}", self.description.name, std::process::id());
        let values = root.values(&id);
        let run = values.words(&self.description.run)?;
        let clean_up = values.words(&self.description.clean_up)?;
        let path = search_path::find(&run[0]).map_err(|error| self.missing(&run[0], &error))?;
        let words: Vec<&str> = run.iter().map(String::as_str).collect();
        let fds = vec![stdio.stdin, stdio.stdout, stdio.stderr];
        let prepared = Prepared::new(&path.to_string_lossy(), &words, &ENVIRONMENT, fds, self.group)?;
        let program = root.program();
        Ok(Box::new(move || {
            let child = prepared.spawn().map_err(|errno| refused(&path, errno))?;
            Ok(Box::new(Running {
                child,
                executed_ns: clock::now_ns(),
                killed: false,
                program,
                clean_up,
                _root: root,
            }))
        }))
    }
}

fn refused(path: &Path, errno: Errno) -> Error {
    Error::from_cause(format_args!("cannot execute {}", path.display()), errno.desc())
}

/// What a command prints, where it ends in time.
fn output(words: &[String]) -> std::io::Result<Output> {
    let mut command = Command::new(search_path::find(&words[0])?);
    command.args(&words[1..]).stdin(ProcessStdio::null());
    // Files, not pipes: what it leaves running may keep its descriptors open.
    let (mut stdout, mut stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
    command.stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
    let mut child = command.spawn()?;
    let until = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() > until {
            // It is reaped below.
            let _ = child.kill();
            child.wait()?;
            return Err(std::io::Error::other(format!(
                "it did not end within {} s",
                PATIENCE.as_secs()
            )));
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    Ok(Output {
        status,
        stdout: beginning(&mut stdout)?,
        stderr: beginning(&mut stderr)?,
    })
}

/// The first bytes of what a command wrote.
fn beginning(file: &mut File) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.take(MOST_OUTPUT).read_to_end(&mut bytes)?;
    Ok(bytes)
}

struct Running {
    child: Child,
    executed_ns: u64,
    killed: bool,
    /// The program's file, to tell its process from the tool's.
    program: (u64, u64),
    clean_up: Vec<String>,
    _root: Rc<Root>,
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

    fn cgroup_memory(&self) -> Result<CgroupMemory, String> {
        let program = self.processes().into_iter().find(|(_, role)| *role == Role::Program);
        let (pid, _) = program.ok_or("its program's process is not below the tool's")?;
        cgroup::memory_of(pid)
    }

    fn kill(&mut self) {
        self.killed = true;
        self.child.kill();
    }

    fn finish(self: Box<Self>) -> Result<End, Error> {
        let status = self.child.reap()?;
        if (self.killed || status != 0) && !self.clean_up.is_empty() {
            // A tool that has tidied up by itself says that there is nothing to do.
            let _ = output(&self.clean_up);
        }
        Ok(End {
            status,
            stamps: vec![("fork and exec".into(), self.executed_ns)],
            ..End::default()
        })
    }
}
