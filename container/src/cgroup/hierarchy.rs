//! Which cgroup hierarchies are mounted, and where in each the lab is (cgroups(7), `/proc/self/cgroup`).

use std::fs;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;

use super::Version;
use super::mounts::{parse_mounts, parse_own};
use crate::error::Error;

/// What can be limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    version: u8,
    descriptor: OnceLock<OwnedFd>,
}

impl Mounted {
    fn new(version: u8, base: PathBuf, controllers: Vec<Controller>) -> Self {
        Mounted {
            base,
            controllers,
            version,
            descriptor: OnceLock::new(),
        }
    }

    /// Whether it has the controller.
    pub fn controls(&self, controller: Controller) -> bool {
        self.controllers.contains(&controller)
    }

    /// The directory, open: a child reaches it with this when the host's mounts are out of sight.
    pub fn descriptor(&self) -> Result<RawFd, Error> {
        if let Some(fd) = self.descriptor.get() {
            return Ok(fd.as_raw_fd());
        }
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let opened =
            open(&self.base, flags, Mode::empty()).map_err(|errno| super::failed("open", &self.base, errno))?;
        Ok(self.descriptor.get_or_init(|| opened).as_raw_fd())
    }
}

/// All hierarchies of this host.
#[derive(Debug)]
pub struct Hierarchies {
    mounted: Vec<Mounted>,
    /// Why v2, though mounted, offers less than it has.
    v2_refusal: Option<Error>,
}

impl Hierarchies {
    /// Found at the first use.
    pub fn get() -> Result<&'static Hierarchies, Error> {
        static FOUND: OnceLock<Result<Hierarchies, Error>> = OnceLock::new();
        FOUND.get_or_init(Hierarchies::detect).as_ref().map_err(Clone::clone)
    }

    fn detect() -> Result<Hierarchies, Error> {
        let read = |path: &str| {
            fs::read_to_string(path).map_err(|error| Error {
                step: "cgroup",
                tried: format!("read {path}"),
                errno: error.raw_os_error().map(Errno::from_raw),
                hint: "is /proc mounted, and the kernel built with control groups?".into(),
            })
        };
        let (mounts, own) = (
            parse_mounts(&read("/proc/self/mountinfo")?),
            parse_own(&read("/proc/self/cgroup")?),
        );
        let mut hierarchies = Hierarchies {
            mounted: Vec::new(),
            v2_refusal: None,
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
                    hierarchies.mounted.push(Mounted::new(1, base, controllers));
                }
            } else {
                let (found, refusal) = v2_base(&mount.point, &base);
                hierarchies.mounted.extend(found);
                hierarchies.v2_refusal = refusal;
            }
        }
        Ok(hierarchies)
    }

    /// The hierarchy that has the controller.
    pub fn find(&'static self, controller: Controller) -> Result<(Version, &'static Mounted), Error> {
        match self.mounted.iter().find(|mounted| mounted.controls(controller)) {
            Some(mounted) if mounted.version == 1 => Ok((Version::V1(controller), mounted)),
            Some(mounted) => Ok((Version::V2, mounted)),
            None => Err(self.v2_refusal.clone().unwrap_or_else(|| Error {
                step: "cgroup",
                tried: format!("find a mounted hierarchy with the controller {}", controller.v2_name()),
                errno: None,
                hint: "mount one (`mount -t cgroup2 cgroup2 /sys/fs/cgroup`), boot with \
                       `cgroup_enable=memory` if it is memory that is missing, or leave the limit out"
                    .into(),
            })),
        }
    }

    /// `v1`, `v2`, `hybrid` or `none`.
    pub fn mode(&self) -> &'static str {
        let has = |version| self.mounted.iter().any(|mounted| mounted.version == version);
        match (has(1), has(2)) {
            (true, true) => "hybrid",
            (true, false) => "v1",
            (false, true) => "v2",
            (false, false) => "none",
        }
    }
}

/// The directory of a v2 hierarchy for containers' groups: from the lab's own group upwards the first that hands
/// controllers down and can be written to. Root may have the controllers of the topmost group handed down.
fn v2_base(point: &Path, own: &Path) -> (Option<Mounted>, Option<Error>) {
    let listed = |directory: &Path, file: &str| -> Vec<Controller> {
        let text = fs::read_to_string(directory.join(file)).unwrap_or_default();
        Controller::ALL
            .into_iter()
            .filter(|controller| text.split_whitespace().any(|name| name == controller.v2_name()))
            .collect()
    };
    let useful = [Controller::Memory, Controller::Cpu, Controller::Pids];
    for directory in own.ancestors().take_while(|directory| directory.starts_with(point)) {
        let handed_down = listed(directory, "cgroup.subtree_control");
        if useful.iter().all(|controller| handed_down.contains(controller)) && writable(directory) {
            return (Some(Mounted::new(2, directory.to_owned(), handed_down)), None);
        }
    }
    let available = listed(point, "cgroup.controllers");
    if available.is_empty() {
        return (None, None);
    }
    let file = point.join("cgroup.subtree_control");
    let wanted: Vec<_> = available
        .iter()
        .map(|controller| format!("+{}", controller.v2_name()))
        .collect();
    let mut refusal = None;
    // One by one: some controllers can be refused while others are not (cpu with real-time tasks around).
    for controller in &wanted {
        if let Err(error) = fs::write(&file, controller) {
            refusal = Some(super::failed(
                &format!("write {controller:?} to"),
                &file,
                super::errno_of(&error),
            ));
        }
    }
    let handed_down = listed(point, "cgroup.subtree_control");
    if handed_down.is_empty() {
        (None, refusal)
    } else {
        (Some(Mounted::new(2, point.to_owned(), handed_down)), refusal)
    }
}

/// Whether groups can be made in it and processes moved there from the lab's own.
fn writable(directory: &Path) -> bool {
    use nix::unistd::{AccessFlags, access};
    access(directory, AccessFlags::W_OK).is_ok() && access(&directory.join("cgroup.procs"), AccessFlags::W_OK).is_ok()
}
