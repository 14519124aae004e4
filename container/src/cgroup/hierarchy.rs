//! Which cgroup hierarchies are mounted, and where in each isolab is (cgroups(7), `/proc/self/cgroup`).

use std::fs;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::OnceLock;

use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;

use super::Version;
use super::mounts::{parse_mounts, parse_own};
use super::tree::Tree;
use crate::error::{Error, ErrorStep, errno_of};

/// What can be limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Controller {
    /// Memory and swap.
    Memory,
    /// Processor time.
    Cpu,
    /// Number of tasks.
    Pids,
    /// Which processors.
    Cpuset,
    /// Disk bandwidth.
    Io,
}

impl Controller {
    /// Every controller used here.
    pub const ALL: [Controller; 5] = [
        Controller::Memory,
        Controller::Cpu,
        Controller::Pids,
        Controller::Cpuset,
        Controller::Io,
    ];

    /// Its name in v1.
    pub fn v1_name(self) -> &'static str {
        match self {
            Controller::Io => "blkio",
            other => other.v2_name(),
        }
    }

    /// Its name in v2.
    pub fn v2_name(self) -> &'static str {
        match self {
            Controller::Memory => "memory",
            Controller::Cpu => "cpu",
            Controller::Pids => "pids",
            Controller::Cpuset => "cpuset",
            Controller::Io => "io",
        }
    }
}

/// A hierarchy and the directory in it that containers' groups are made in.
#[derive(Debug)]
pub struct Mounted {
    /// That directory.
    pub base: PathBuf,
    controllers: Vec<Controller>,
    /// What a group in that directory gets of it only when the directory has been made to hand it down.
    pub to_hand_down: Vec<Controller>,
    descriptor: OnceLock<OwnedFd>,
}

impl Mounted {
    pub fn new(base: PathBuf, controllers: Vec<Controller>, to_hand_down: Vec<Controller>) -> Self {
        Mounted {
            base,
            controllers,
            to_hand_down,
            descriptor: OnceLock::new(),
        }
    }

    /// Whether it has the controller.
    pub fn controls(&self, controller: Controller) -> bool {
        self.controllers.contains(&controller)
    }

    /// The directory, open: a child reaches it with this when the host's mounts are out of sight.
    pub fn descriptor(&self) -> Result<BorrowedFd<'_>, Error> {
        if let Some(fd) = self.descriptor.get() {
            return Ok(fd.as_fd());
        }
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let opened =
            open(&self.base, flags, Mode::empty()).map_err(|errno| super::failed("open", &self.base, errno))?;
        Ok(self.descriptor.get_or_init(|| opened).as_fd())
    }
}

/// All hierarchies of this host.
#[derive(Debug)]
pub struct Hierarchies {
    v1: Vec<Mounted>,
    v2: Option<Tree>,
}

impl Hierarchies {
    /// Found at the first use.
    pub fn get() -> Result<&'static Hierarchies, Error> {
        static FOUND: OnceLock<Result<Hierarchies, Error>> = OnceLock::new();
        FOUND.get_or_init(Hierarchies::detect).as_ref().map_err(Clone::clone)
    }

    fn detect() -> Result<Hierarchies, Error> {
        let read = |path: &str| {
            read_at_once(path).map_err(|error| Error {
                step: ErrorStep::Cgroup,
                tried: format!("read {path}"),
                errno: Some(errno_of(&error)),
                hint: "is /proc mounted, and the kernel built with control groups?".into(),
            })
        };
        let (mounts, own) = (
            parse_mounts(&read("/proc/self/mountinfo")?),
            parse_own(&read("/proc/self/cgroup")?),
        );
        let mut hierarchies = Hierarchies {
            v1: Vec::new(),
            v2: None,
        };
        for mount in &mounts {
            let path = own.iter().find(|own| own.names(mount)).map(|own| own.path.as_path());
            let Some(base) = path.and_then(|path| mount.directory(path)) else {
                continue;
            };
            if mount.controllers.is_some() {
                let controllers = Controller::ALL
                    .into_iter()
                    .filter(|controller| mount.has(controller.v1_name()));
                let controllers: Vec<_> = controllers.collect();
                if !controllers.is_empty() {
                    hierarchies.v1.push(Mounted::new(base, controllers, Vec::new()));
                }
            } else {
                hierarchies.v2 = Some(Tree::new(mount.point.clone(), base));
            }
        }
        Ok(hierarchies)
    }

    /// Where groups with these controllers are made: one place for each v1 hierarchy, and one for all that are v2.
    pub fn places(&'static self, wanted: &[Controller]) -> Result<Vec<(Version, &'static Mounted)>, Error> {
        let mut places: Vec<(Version, &Mounted)> = Vec::new();
        let mut in_v2 = Vec::new();
        for &controller in wanted {
            match self.v1.iter().find(|mounted| mounted.controls(controller)) {
                None => in_v2.push(controller),
                Some(mounted) if places.iter().any(|(_, place)| std::ptr::eq(*place, mounted)) => {}
                Some(mounted) => places.push((Version::V1(controller), mounted)),
            }
        }
        if let Some(&first) = in_v2.first() {
            let tree = self.v2.as_ref().ok_or_else(|| missing(first))?;
            places.push((Version::V2, tree.place(&in_v2)?));
        }
        Ok(places)
    }

    /// `v1`, `v2`, `hybrid` or `none`.
    pub fn mode(&self) -> &'static str {
        let v2 = self.v2.as_ref().is_some_and(Tree::has_controllers);
        match (!self.v1.is_empty(), v2) {
            (true, true) => "hybrid",
            (true, false) => "v1",
            (false, true) => "v2",
            (false, false) => "none",
        }
    }
}

/// Reads a file of /proc, which has no length beforehand, in as few calls as the kernel allows: it gives a page or so at a time.
fn read_at_once(path: &str) -> io::Result<String> {
    const PART: usize = 16 << 10;
    // Not by the file's own `read_to_end`, which asks for a length and begins with 32 bytes.
    let mut file = fs::File::open(path)?;
    let mut text = Vec::new();
    loop {
        let filled = text.len();
        text.resize(filled + PART, 0);
        let length = file.read(&mut text[filled..])?;
        text.truncate(filled + length);
        if length == 0 {
            return String::from_utf8(text).map_err(io::Error::other);
        }
    }
}

/// The error for a controller that no hierarchy has.
pub fn missing(controller: Controller) -> Error {
    Error {
        step: ErrorStep::Cgroup,
        tried: format!("find a mounted hierarchy with the controller {}", controller.v2_name()),
        errno: None,
        hint:
            "mount one (`mount -t cgroup2 cgroup2 /sys/fs/cgroup`), boot with `cgroup_enable=memory` if it is memory \
               that is missing, or leave the limit out"
                .into(),
    }
}
