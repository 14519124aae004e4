//! A [`Spec`] turned into the arguments of system calls.
//!
//! The child must not allocate, so every string, path prefix and table it needs is made here, and everything that can
//! be checked without the kernel is checked here.

use std::ffi::{CString, OsStr, c_char};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};
use std::sync::Arc;
use std::sync::atomic::AtomicI32;

use nix::errno::Errno;
use nix::unistd::{Gid, Uid};

use crate::cgroup::Place;
use crate::error::Error;
use crate::init::Shared;
use crate::kernel_files::KernelFiles;
use crate::notes;
use crate::seccomp::{self, Instruction};
use crate::spec::{Access, IdMap, Network, Rlimit, Share, Spec, Stdio, UserNamespace, Writable};
use crate::terminal::Terminal;

/// See the top of the file.
pub struct Plan {
    pub clone_flags: u64,
    pub own_network: bool,
    pub own_cgroup_view: bool,
    pub id_maps: Option<IdMaps>,
    pub stage_options: CString,
    pub overlay_options: CString,
    /// The layers again, lowest first, for where there is no overlay.
    pub layers: Vec<CString>,
    pub terminal_options: CString,
    pub read_only_root: bool,
    pub volumes: Vec<VolumePlan>,
    pub tmpfs: Vec<TmpfsPlan>,
    pub host_name: Option<Vec<u8>>,
    pub program: CString,
    /// The helper's name (`child/exec.rs`), then the program's arguments from `argv[0]` on.
    pub arguments: Strings,
    pub environment: Strings,
    pub cwd: CString,
    pub cwd_target: Option<Target>,
    pub rlimits: Vec<Rlimit>,
    /// Bit N: capability N is kept.
    pub capabilities: u64,
    pub uid: u32,
    pub gid: u32,
    /// Whether the supplementary groups may be changed; an ordinary user's user namespace forbids it.
    pub clear_groups: bool,
    pub filter: Option<Arc<[Instruction]>>,
    /// The descriptors that become 0, 1 and 2; -1 for /dev/null.
    pub stdio: [RawFd; 3],
    pub terminal: Option<TerminalPlan>,
    /// Whether the lab's memory is dumpable (prctl(2), PR_SET_DUMPABLE), to be put back where changing ids ends that.
    pub dumpable: bool,
    pub shared: &'static Shared,
    pub kernel_files: &'static KernelFiles,
    /// Where pid 1 writes the program's wait status (eventfd(2)).
    pub status: RawFd,
    /// The control group.
    pub group: Option<Place>,
    /// Who makes it.
    pub group_maker: GroupMaker,
}

/// Who makes the control group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupMaker {
    /// The lab, before pid 1 is cloned: it is born into it, or could not make it, being nobody outside its user
    /// namespace.
    Lab,
    /// The program's process.
    Program,
}

/// What goes into `/proc/PID/uid_map` and `gid_map`.
pub struct IdMaps {
    pub uids: String,
    pub gids: String,
    /// Whether `/proc/PID/setgroups` must say `deny` first (user_namespaces(7), "gid_map").
    pub deny_setgroups: bool,
    /// Whether pid 1 has to change its ids to be root inside.
    pub become_root: bool,
    /// Whether there is a group 5 inside, `tty` on every distribution; otherwise, devpts refuses it.
    pub has_terminal_group: bool,
}

/// A volume, ready to be mounted.
pub struct VolumePlan {
    pub source: CString,
    pub attributes: u64,
    pub target: Target,
    /// The detached mount, once the child has taken hold of it.
    pub tree: AtomicI32,
}

/// A memory file system, ready to be mounted.
pub struct TmpfsPlan {
    pub size: Option<CString>,
    pub target: Target,
}

/// A terminal of the program's own, ready to be opened.
pub struct TerminalPlan {
    pub size: nix::pty::Winsize,
    /// What its other end is sent over.
    pub socket: RawFd,
}

/// A path inside the root as the list of its prefixes, each relative to the root: `a`, `a/b`, `a/b/c`.
pub struct Target {
    pub steps: Vec<TargetStep>,
    pub kind: Kind,
}

/// One prefix and its last component.
pub struct TargetStep {
    pub path: CString,
    pub name: CString,
}

/// What to make where a target is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Directory,
    File,
}

/// Strings as execve(2) takes them: an array of pointers that ends with null.
pub struct Strings {
    _owned: Vec<CString>,
    pointers: Vec<*const c_char>,
}

// SAFETY: the pointers lead to the heap blocks of `_owned`, which nobody changes and which live as long.
unsafe impl Send for Strings {}
// SAFETY: as above.
unsafe impl Sync for Strings {}

impl Strings {
    fn new(owned: Vec<CString>) -> Self {
        let pointers = owned
            .iter()
            .map(|text| text.as_ptr())
            .chain([std::ptr::null()])
            .collect();
        Strings {
            _owned: owned,
            pointers,
        }
    }

    pub fn as_ptr(&self) -> *const *const c_char {
        self.pointers.as_ptr()
    }
}

impl Plan {
    /// Checks the description and prepares it.
    pub fn new(spec: &Spec, shared: &'static Shared, status: RawFd) -> Result<Plan, Error> {
        let id_maps = id_maps(spec)?;
        let group = Place::find(&spec.limits, &notes::group_name())?;
        let single_user = id_maps.as_ref().is_some_and(|maps| maps.deny_setgroups);
        let mut arguments = vec![
            c"isolab-exec".to_owned(),
            c_string(spec.program.as_os_str(), "program")?,
        ];
        for argument in &spec.args {
            arguments.push(c_string(argument, "argument")?);
        }
        let environment = spec
            .env
            .iter()
            .map(|variable| c_string(variable, "environment variable"));
        Ok(Plan {
            clone_flags: clone_flags(spec, id_maps.is_some()),
            own_network: spec.namespaces.network == Network::Loopback,
            own_cgroup_view: spec.namespaces.cgroup == Share::Private,
            stage_options: stage_options(spec)?,
            overlay_options: overlay_options(spec, id_maps.is_some())?,
            layers: spec
                .layers
                .iter()
                .map(|layer| c_string(layer.as_os_str(), "layer"))
                .collect::<Result<_, _>>()?,
            terminal_options: match id_maps.as_ref().is_none_or(|maps| maps.has_terminal_group) {
                true => c"newinstance,ptmxmode=0666,mode=0620,gid=5".into(),
                false => c"newinstance,ptmxmode=0666,mode=0620".into(),
            },
            read_only_root: spec.writable == Writable::No,
            volumes: volumes(spec)?,
            tmpfs: memory_file_systems(spec)?,
            host_name: host_name(spec)?,
            program: c_string(absolute(&spec.program, "program")?.as_os_str(), "program")?,
            arguments: Strings::new(arguments),
            environment: Strings::new(environment.collect::<Result<_, _>>()?),
            cwd: c_string(
                absolute(&spec.cwd, "working directory")?.as_os_str(),
                "working directory",
            )?,
            cwd_target: match spec.cwd == Path::new("/") {
                true => None,
                false => Some(Target::new(&spec.cwd, Kind::Directory, "working directory")?),
            },
            rlimits: spec.rlimits.clone(),
            capabilities: spec
                .capabilities
                .iter()
                .fold(0, |bits, capability| bits | 1 << *capability as u8),
            uid: spec.user.uid,
            gid: spec.user.gid,
            clear_groups: !single_user,
            filter: seccomp::filter(spec.seccomp, &spec.capabilities),
            stdio: [(&spec.stdio.stdin, 0), (&spec.stdio.stdout, 1), (&spec.stdio.stderr, 2)].map(
                |(stdio, inherited)| match stdio {
                    Stdio::Inherit => inherited,
                    Stdio::Null => -1,
                    Stdio::Fd(fd) => fd.as_raw_fd(),
                },
            ),
            terminal: match &spec.stdio.terminal {
                Terminal::None => None,
                Terminal::Own(terminal) => Some(TerminalPlan {
                    size: terminal.size(),
                    socket: terminal.sender(),
                }),
            },
            dumpable: crate::container::dumpable(),
            shared,
            kernel_files: KernelFiles::get(),
            status,
            group_maker: match group.as_ref().is_some_and(Place::has_v2) || id_maps.is_some() {
                true => GroupMaker::Lab,
                false => GroupMaker::Program,
            },
            group,
            id_maps,
        })
    }

    /// Whether the child changes a user or group id, which makes the kernel mark the memory it shares with the lab as
    /// "not dumpable" (prctl(2), PR_SET_DUMPABLE).
    pub fn changes_ids(&self) -> bool {
        self.id_maps
            .as_ref()
            .map_or(self.uid != 0 || self.gid != 0, |maps| maps.become_root)
    }
}

fn wrong(tried: String, hint: &str) -> Error {
    Error {
        step: "spec",
        tried,
        errno: None,
        hint: hint.to_owned(),
    }
}

fn c_string(text: &OsStr, what: &str) -> Result<CString, Error> {
    CString::new(text.as_bytes()).map_err(|_| {
        wrong(
            format!("{what} {text:?}"),
            "it contains a zero byte, which ends a string for the kernel",
        )
    })
}

fn absolute<'a>(path: &'a Path, what: &str) -> Result<&'a Path, Error> {
    if path.is_absolute() {
        Ok(path)
    } else {
        Err(wrong(
            format!("{what} {path:?}"),
            "give an absolute path inside the root",
        ))
    }
}

fn clone_flags(spec: &Spec, user: bool) -> u64 {
    let chosen = [
        (true, libc::CLONE_NEWPID),
        (true, libc::CLONE_NEWNS),
        (user, libc::CLONE_NEWUSER),
        (spec.namespaces.uts == Share::Private, libc::CLONE_NEWUTS),
        (spec.namespaces.ipc == Share::Private, libc::CLONE_NEWIPC),
    ];
    chosen
        .into_iter()
        .filter(|(wanted, _)| *wanted)
        .fold(0, |flags, (_, flag)| flags | flag as u64)
}

fn id_maps(spec: &Spec) -> Result<Option<IdMaps>, Error> {
    let (uid, gid) = (Uid::effective(), Gid::effective());
    let own = |inside, outside| {
        vec![IdMap {
            inside,
            outside,
            count: 1,
        }]
    };
    let (uids, gids) = match &spec.namespaces.user {
        UserNamespace::Host if uid.is_root() => return Ok(None),
        UserNamespace::Host => {
            return Err(wrong(
                format!("no user namespace, as user {uid}"),
                "only root can make the other namespaces without one: use UserNamespace::Auto or run as root",
            ));
        }
        UserNamespace::Auto if uid.is_root() => return Ok(None),
        UserNamespace::Auto => (own(spec.user.uid, uid.as_raw()), own(spec.user.gid, gid.as_raw())),
        UserNamespace::Mapped { uids, gids } => (uids.clone(), gids.clone()),
    };
    for (maps, id, caller, what) in [
        (&uids, spec.user.uid, uid.as_raw(), "user"),
        (&gids, spec.user.gid, gid.as_raw(), "group"),
    ] {
        if !maps
            .iter()
            .any(|map| (map.inside..map.inside.saturating_add(map.count)).contains(&id))
        {
            return Err(wrong(
                format!("run as {what} {id}"),
                "the id map has no such id inside: add it to the map",
            ));
        }
        let own_only = matches!(maps[..], [IdMap { outside, count: 1, .. }] if outside == caller);
        if !uid.is_root() && !own_only {
            return Err(wrong(
                format!("{what} id map {maps:?} as user {uid}"),
                "an ordinary user may map its own id only, once: map that, or run as root",
            ));
        }
    }
    let text = |maps: &[IdMap]| {
        maps.iter()
            .map(|map| format!("{} {} {}\n", map.inside, map.outside, map.count))
            .collect::<String>()
    };
    Ok(Some(IdMaps {
        uids: text(&uids),
        gids: text(&gids),
        deny_setgroups: !uid.is_root(),
        become_root: uid.is_root(),
        has_terminal_group: has(&gids, 5),
    }))
}

/// Whether the map has this id inside.
fn has(maps: &[IdMap], id: u32) -> bool {
    maps.iter()
        .any(|map| (map.inside..map.inside.saturating_add(map.count)).contains(&id))
}

fn stage_options(spec: &Spec) -> Result<CString, Error> {
    let text = match spec.writable {
        Writable::Memory { size_bytes: Some(size) } => format!("mode=0755,size={size}"),
        _ => "mode=0755".to_owned(),
    };
    c_string(OsStr::new(&text), "size of the writable layer")
}

/// mount(2) copies at most a page of options.
const OPTIONS_MAX: usize = 4095;

fn overlay_options(spec: &Spec, user_namespace: bool) -> Result<CString, Error> {
    if spec.layers.is_empty() {
        return Err(wrong(
            "no layer".into(),
            "a root file system needs at least one directory",
        ));
    }
    let mut options = b"lowerdir=".to_vec();
    // The kernel wants the highest first.
    for (index, layer) in spec.layers.iter().rev().enumerate() {
        let layer =
            std::path::absolute(layer).map_err(|error| wrong(format!("layer {layer:?}"), &error.to_string()))?;
        if layer.starts_with("/proc") {
            return Err(wrong(
                format!("layer {layer:?}"),
                "/proc is where the root is put together: name the directory itself",
            ));
        }
        if index > 0 {
            options.push(b':');
        }
        for byte in layer.as_os_str().as_bytes() {
            if b"\\:,".contains(byte) {
                options.push(b'\\');
            }
            options.push(*byte);
        }
    }
    options.extend(b",upperdir=upper,workdir=work");
    if user_namespace {
        options.extend(b",userxattr");
    }
    if options.len() > OPTIONS_MAX {
        return Err(wrong(
            format!("{} layers", spec.layers.len()),
            "their paths are longer than a page together, which is all that mount(2) takes: use fewer layers or shorter paths",
        ));
    }
    c_string(OsStr::from_bytes(&options), "layer")
}

fn volumes(spec: &Spec) -> Result<Vec<VolumePlan>, Error> {
    let plan = spec.volumes.iter().map(|volume| {
        let failed = |error: std::io::Error| Error {
            step: "volume sources",
            tried: format!("stat {:?}", volume.source),
            errno: error.raw_os_error().map(Errno::from_raw),
            hint: "the source of a volume must be there and readable by the user who runs the lab".into(),
        };
        let is_directory = std::fs::metadata(&volume.source).map_err(failed)?.is_dir();
        let kind = if is_directory { Kind::Directory } else { Kind::File };
        let read_only = if volume.access == Access::ReadOnly {
            libc::MOUNT_ATTR_RDONLY
        } else {
            0
        };
        Ok(VolumePlan {
            source: c_string(volume.source.as_os_str(), "volume")?,
            attributes: read_only | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV,
            target: Target::new(&volume.target, kind, "volume target")?,
            tree: AtomicI32::new(-1),
        })
    });
    plan.collect()
}

fn memory_file_systems(spec: &Spec) -> Result<Vec<TmpfsPlan>, Error> {
    let plan = spec.tmpfs.iter().map(|tmpfs| {
        let size = tmpfs
            .size_bytes
            .map(|size| c_string(OsStr::new(&size.to_string()), "size"));
        Ok(TmpfsPlan {
            size: size.transpose()?,
            target: Target::new(&tmpfs.target, Kind::Directory, "tmpfs target")?,
        })
    });
    plan.collect()
}

fn host_name(spec: &Spec) -> Result<Option<Vec<u8>>, Error> {
    // __NEW_UTS_LEN of linux/utsname.h.
    if spec.hostname.len() > 64 {
        return Err(wrong(
            format!("host name {:?}", spec.hostname),
            "the kernel takes at most 64 bytes",
        ));
    }
    Ok((spec.namespaces.uts == Share::Private).then(|| spec.hostname.clone().into_bytes()))
}

impl Target {
    /// Takes an absolute path apart. `..` is refused: it means different things before and after links are followed.
    pub fn new(path: &Path, kind: Kind, what: &str) -> Result<Target, Error> {
        let mut prefix = Vec::new();
        let mut steps = Vec::new();
        for component in absolute(path, what)?.components() {
            match component {
                Component::RootDir | Component::CurDir => {}
                Component::Normal(name) => {
                    if !prefix.is_empty() {
                        prefix.push(b'/');
                    }
                    prefix.extend(name.as_bytes());
                    steps.push(TargetStep {
                        path: c_string(OsStr::from_bytes(&prefix), what)?,
                        name: c_string(name, what)?,
                    });
                }
                Component::ParentDir | Component::Prefix(_) => {
                    return Err(wrong(
                        format!("{what} {path:?}"),
                        "leave out `..`: name the place itself",
                    ));
                }
            }
        }
        match steps.first().map(|first| first.path.as_bytes()) {
            None => Err(wrong(format!("{what} {path:?}"), "the root itself cannot be covered")),
            Some(b"proc" | b"sys") if what != "working directory" => Err(wrong(
                format!("{what} {path:?}"),
                "/proc and /sys belong to the kernel: choose another place",
            )),
            Some(_) => Ok(Target { steps, kind }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn prefixes(path: &str) -> Result<Vec<String>, Error> {
        let target = Target::new(Path::new(path), Kind::Directory, "volume target")?;
        Ok(target
            .steps
            .into_iter()
            .map(|step| step.path.into_string().unwrap())
            .collect())
    }

    #[test]
    fn a_target_is_walked_prefix_by_prefix() {
        assert_eq!(prefixes("/a//b/./c/").unwrap(), ["a", "a/b", "a/b/c"]);
    }

    #[test]
    fn targets_that_would_cover_the_root_or_the_kernels_files_are_refused() {
        for path in ["/", "relative", "/a/../b", "/proc/self", "/sys", "/a\0b"] {
            assert!(prefixes(path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn layers_are_given_highest_first_and_escaped() {
        let mut spec = Spec::new(vec!["/low".into(), r"/a:b,c\d".into()], "/bin/true");
        let options = overlay_options(&spec, false).unwrap();
        assert_eq!(
            options.to_str().unwrap(),
            r"lowerdir=/a\:b\,c\\d:/low,upperdir=upper,workdir=work"
        );
        spec.layers.clear();
        assert_eq!(overlay_options(&spec, false).unwrap_err().step, "spec");
        spec.layers = vec![format!("/{}", "x".repeat(5000)).into()];
        assert_eq!(overlay_options(&spec, false).unwrap_err().step, "spec");
    }

    proptest! {
        #[test]
        fn every_prefix_of_a_target_begins_with_the_one_before(path in "/[a-z./]{0,40}") {
            if let Ok(prefixes) = prefixes(&path) {
                for pair in prefixes.windows(2) {
                    let above = pair[0].clone() + "/";
                    prop_assert!(pair[1].starts_with(&above));
                }
                prop_assert!(prefixes.iter().all(|prefix| !prefix.split('/').any(|name| name == "..")));
            }
        }
    }
}
