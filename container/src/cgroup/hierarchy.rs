//! Which cgroup hierarchies are mounted, and where in each the lab is (cgroups(7), `/proc/self/cgroup`).

use std::fs;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;

use super::Version;
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

/// A cgroup mount of `/proc/self/mountinfo` (proc_pid_mountinfo(5)).
#[derive(Debug, PartialEq, Eq)]
struct Mount {
    root: PathBuf,
    point: PathBuf,
    /// The v1 controllers it has; `None` for v2.
    controllers: Option<Vec<String>>,
}

impl Mount {
    fn has(&self, name: &str) -> bool {
        self.controllers.iter().flatten().any(|controller| controller == name)
    }

    /// Where a path of the hierarchy is found under the mount point.
    fn directory(&self, path: &Path) -> Option<PathBuf> {
        let below = path.strip_prefix(&self.root).ok()?;
        // join("") would leave a slash at the end.
        Some(if below.as_os_str().is_empty() {
            self.point.clone()
        } else {
            self.point.join(below)
        })
    }
}

fn parse_mounts(mountinfo: &str) -> Vec<Mount> {
    mountinfo.lines().filter_map(parse_mount).collect()
}

fn parse_mount(line: &str) -> Option<Mount> {
    let (before, after) = line.split_once(" - ")?;
    let mut before = before.split(' ').skip(3);
    let (root, point) = (unescape(before.next()?), unescape(before.next()?));
    let mut after = after.split(' ');
    let controllers = match after.next()? {
        "cgroup" => Some(after.nth(1)?.split(',').map(str::to_owned).collect()),
        "cgroup2" => None,
        _ => return None,
    };
    Some(Mount {
        root,
        point,
        controllers,
    })
}

/// The kernel writes space, tab, newline and backslash as a backslash and three octal digits.
fn unescape(field: &str) -> PathBuf {
    let bytes = field.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, tail)) = rest.split_first() {
        let octal = tail.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) if first == b'\\' => {
                plain.push(byte);
                rest = &tail[3..];
            }
            _ => {
                plain.push(first);
                rest = tail;
            }
        }
    }
    PathBuf::from(std::ffi::OsStr::from_bytes(&plain))
}

/// A line of `/proc/self/cgroup`: `ID:CONTROLLERS:PATH`.
#[derive(Debug, PartialEq, Eq)]
struct Own {
    controllers: Vec<String>,
    path: PathBuf,
}

impl Own {
    fn names(&self, mount: &Mount) -> bool {
        match &mount.controllers {
            None => self.controllers.is_empty(),
            Some(_) => self.controllers.iter().any(|name| mount.has(name)),
        }
    }
}

fn parse_own(text: &str) -> Vec<Own> {
    let parse = |line: &str| {
        let mut fields = line.splitn(3, ':').skip(1);
        let controllers = fields
            .next()?
            .split(',')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        let path = fields.next()?;
        path.starts_with('/').then(|| Own {
            controllers,
            path: PathBuf::from(path),
        })
    };
    text.lines().filter_map(parse).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HYBRID: &str = "\
22 1 253:0 / / rw,relatime - ext4 /dev/vda rw
30 29 0:25 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
31 29 0:26 /docker/abc /sys/fs/cgroup/my\\040memory rw - cgroup cgroup rw,memory
32 29 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw";

    #[test]
    fn mounts_are_found_with_their_controllers() {
        let mounts = parse_mounts(HYBRID);
        assert_eq!(mounts.len(), 3);
        assert!(mounts[0].has("cpu") && mounts[0].has("cpuacct") && !mounts[0].has("memory"));
        assert_eq!(mounts[1].point, Path::new("/sys/fs/cgroup/my memory"));
        assert_eq!(mounts[2].controllers, None);
    }

    #[test]
    fn the_labs_own_group_is_found_under_a_mount_of_a_part_of_the_tree() {
        let mounts = parse_mounts(HYBRID);
        let own = parse_own("4:memory:/docker/abc/lab\n3:cpu,cpuacct:/\n0::/user.slice\n");
        let directory = |index: usize| {
            let own = own.iter().find(|own| own.names(&mounts[index]))?;
            mounts[index].directory(&own.path)
        };
        assert_eq!(directory(0), Some("/sys/fs/cgroup/cpu,cpuacct".into()));
        assert_eq!(directory(1), Some("/sys/fs/cgroup/my memory/lab".into()));
        assert_eq!(directory(2), Some("/sys/fs/cgroup/unified/user.slice".into()));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parsers_panic(text in "(\\PC|[\\\\0-7 :,/\n-]){0,200}") {
            parse_mounts(&text);
            parse_own(&text);
            unescape(&text);
        }

        #[test]
        fn escaped_characters_come_back(name in "[a-z \\\\\t]{1,20}") {
            let escaped: String = name.bytes().map(|byte| match byte {
                b' ' | b'\t' | b'\\' => format!("\\{byte:03o}"),
                other => char::from(other).to_string(),
            }).collect();
            prop_assert_eq!(unescape(&escaped), PathBuf::from(name));
        }
    }
}
