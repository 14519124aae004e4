//! A [`Spec`] turned into the arguments of system calls.
//!
//! The child must not allocate, so every string, path prefix and table it needs is made here, and everything that can
//! be checked without the kernel is checked here.

use std::ffi::{CString, OsStr};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use nix::errno::Errno;

use crate::abi;
use crate::capability::Capability;
use crate::cgroup::Place;
use crate::error::Error;
use crate::id_maps::{IdMaps, id_maps};
use crate::init::Shared;
use crate::name_files::{NameFile, name_files};
use crate::overlay::{overlay_options, stage_options};
use crate::spec::{Access, Network, Rlimit, Share, Spec, Stdio, Writable};
use crate::state;
use crate::strings::Strings;
use crate::target::{Kind, Target};
use crate::terminal::Terminal;
use crate::validate::{absolute, c_string, wrong};

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
    pub name_files: Vec<NameFile>,
    pub own_ipc: bool,
    pub program: CString,
    /// The helper's name and the working directory (`init/helper.rs`), then the program's arguments from `argv[0]` on.
    pub arguments: Strings,
    pub environment: Strings,
    /// How long both are together.
    pub argument_bytes: u64,
    pub cwd: CString,
    pub cwd_target: Option<Target>,
    pub rlimits: Vec<Rlimit>,
    /// Bit N: capability N is kept.
    pub capabilities: u64,
    /// Whether the program may make device files.
    pub makes_devices: bool,
    pub uid: u32,
    pub gid: u32,
    /// Whether the supplementary groups may be changed; an ordinary user's user namespace forbids it.
    pub clear_groups: bool,
    /// The descriptors that become 0, 1 and 2; -1 for /dev/null.
    pub stdio: [RawFd; 3],
    pub terminal: Option<TerminalPlan>,
    pub shared: &'static Shared,
    /// The init's executable, where it is this container's alone.
    pub own_init: Option<OwnedFd>,
    /// The init's end of its socket to isolab.
    pub link: RawFd,
    /// isolab's end of it.
    pub link_keeper: RawFd,
    /// The control group.
    pub group: Option<Place>,
    /// Who makes it.
    pub group_maker: GroupMaker,
}

/// Who makes the control group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupMaker {
    /// isolab, before pid 1 is cloned: it is born into it, or could not make it, being nobody outside its user
    /// namespace.
    Lab,
    /// The program's process.
    Program,
}

/// A volume, ready to be mounted.
pub struct VolumePlan {
    pub source: CString,
    pub attributes: u64,
    pub target: Target,
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

impl Plan {
    /// Checks the description and prepares it.
    pub fn new(spec: &Spec, shared: &'static Shared, [link, link_keeper]: [RawFd; 2]) -> Result<Plan, Error> {
        let id_maps = id_maps(spec)?;
        let group = Place::find(&spec.limits, state::group_name)?;
        let single_user = id_maps.as_ref().is_some_and(|maps| maps.deny_setgroups);
        let cwd = c_string(
            absolute(&spec.cwd, "working directory")?.as_os_str(),
            "working directory",
        )?;
        let mut arguments = vec![
            abi::HELPER_NAME.to_owned(),
            cwd.clone(),
            c_string(spec.program.as_os_str(), "program")?,
        ];
        for argument in &spec.args {
            arguments.push(c_string(argument, "argument")?);
        }
        let environment = spec
            .env
            .iter()
            .map(|variable| c_string(variable, "environment variable"));
        let environment = environment.collect::<Result<Vec<_>, _>>()?;
        let length = |strings: &[CString]| strings.iter().map(|text| text.as_bytes().len() as u64).sum::<u64>();
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
            name_files: name_files(spec),
            own_ipc: spec.namespaces.ipc == Share::Private,
            program: c_string(absolute(&spec.program, "program")?.as_os_str(), "program")?,
            argument_bytes: length(&arguments) + length(&environment),
            arguments: Strings::new(arguments),
            environment: Strings::new(environment),
            cwd,
            cwd_target: match spec.cwd == Path::new("/") {
                true => None,
                false => Some(Target::new(&spec.cwd, Kind::Directory, "working directory")?),
            },
            rlimits: spec.rlimits.clone(),
            capabilities: spec
                .capabilities
                .iter()
                .fold(0, |bits, capability| bits | 1 << *capability as u8),
            makes_devices: spec.capabilities.contains(&Capability::Mknod),
            uid: spec.user.uid,
            gid: spec.user.gid,
            clear_groups: !single_user,
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
            shared,
            own_init: match spec.capabilities.contains(&Capability::SysPtrace) {
                true => Some(Shared::executable_of_its_own()?),
                false => None,
            },
            link,
            link_keeper,
            group_maker: match group.as_ref().is_some_and(Place::has_v2) || id_maps.is_some() {
                true => GroupMaker::Lab,
                false => GroupMaker::Program,
            },
            group,
            id_maps,
        })
    }

    /// Whether the program runs as another user or group than the one that builds the container. The helper changes to it,
    /// because that makes the kernel mark a process's memory as "not dumpable" (prctl(2), PR_SET_DUMPABLE), and until
    /// then it is isolab's.
    pub fn changes_user(&self) -> bool {
        let builds_as_root = self.id_maps.as_ref().is_none_or(|maps| maps.become_root);
        builds_as_root && (self.uid != 0 || self.gid != 0)
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

fn volumes(spec: &Spec) -> Result<Vec<VolumePlan>, Error> {
    let volumes = spec.volumes.iter().map(|volume| {
        let read_only = match volume.access {
            Access::ReadOnly => libc::MOUNT_ATTR_RDONLY,
            Access::ReadWrite => 0,
        };
        let attributes = read_only | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;
        VolumePlan::new(&volume.source, &volume.target, attributes)
    });
    let devices = spec.devices.iter().map(|device| {
        // Read-only is the file's mode and owner, not the device.
        let attributes = libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NOEXEC;
        let is_device = std::fs::metadata(device).is_ok_and(|about| {
            let kind = about.file_type();
            kind.is_char_device() || kind.is_block_device()
        });
        match is_device {
            true => VolumePlan::new(device, device, attributes),
            false => Err(wrong(
                format!("device {device:?}"),
                "it is no device file of this host: name one, and show folders and other files as volumes",
            )),
        }
    });
    volumes.chain(devices).collect()
}

impl VolumePlan {
    fn new(source: &Path, target: &Path, attributes: u64) -> Result<VolumePlan, Error> {
        let failed = |error: std::io::Error| Error {
            step: "volume sources",
            tried: format!("stat {source:?}"),
            errno: error.raw_os_error().map(Errno::from_raw),
            hint: "the source of a volume must be there and readable by the user who runs isolab".into(),
        };
        let is_directory = std::fs::metadata(source).map_err(failed)?.is_dir();
        let kind = if is_directory { Kind::Directory } else { Kind::File };
        Ok(VolumePlan {
            source: c_string(source.as_os_str(), "volume")?,
            attributes,
            target: Target::new(target, kind, "volume target")?,
        })
    }
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
