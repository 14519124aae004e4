//! A [`Spec`] turned into the arguments of system calls: everything that can be checked without the kernel is checked here.

use std::ffi::{CStr, CString, OsStr};
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use crate::abi;
use crate::arena::Arena;
use crate::capability::Capability;
use crate::cgroup::Place;
use crate::descriptors::Descriptors;
use crate::error::{Error, errno_of};
use crate::id_maps::id_maps;
use crate::init::Shared;
use crate::link::Ends;
use crate::masked_sys::masked_sys;
use crate::name_files::name_files;
use crate::overlay::{layers, overlay_options, stage_options};
use crate::plan::{GroupMaker, GroupPlan, IdMapPlan, Kind, Plan, TerminalPlan, TmpfsPlan, VolumePlan};
use crate::spec::{Access, Init, Limits, Network, Share, Spec, Writable};
use crate::state;
use crate::steps::Step;
use crate::target::target;
use crate::terminal::Terminal;
use crate::validate::{absolute, c_string, wrong};

/// Where the parts of a plan are put.
pub struct Workplace<'a> {
    pub arena: &'a mut Arena,
    pub descriptors: &'a mut Descriptors,
}

/// A plan, and what it is explained by and depends on.
pub struct Planned {
    pub plan: Plan,
    pub place: Option<Place>,
    /// What the plan has as numbers only.
    pub owned: Vec<OwnedFd>,
}

/// Checks the description and prepares it, and notes where its control groups will be.
/// `ended` is what pid 1 is waited for with, where that is needed.
pub fn plan(
    spec: &Spec,
    shared: &Shared,
    ends: &Ends,
    ended: Option<BorrowedFd>,
    workplace: Workplace,
) -> Result<Planned, Error> {
    let Workplace { arena, descriptors } = workplace;
    let id_maps = id_maps(spec)?;
    let place = place(spec)?;
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
    let own_init = match spec.capabilities.contains(&Capability::SysPtrace) {
        true => Some(Shared::executable_of_its_own()?),
        false => None,
    };
    // Who is root inside by a map alone may not enter the folders above a layer: this process takes hold of it.
    let mut layers = layers(spec)?;
    let mut owned: Vec<OwnedFd> = Vec::new();
    let mut layer_mounts = Vec::new();
    if id_maps.as_ref().is_some_and(|maps| maps.become_root) {
        for (number, layer) in layers.iter_mut().enumerate() {
            let mount = open_layer(layer)?;
            layer_mounts.push(descriptors.lend(mount.as_fd())?);
            owned.push(mount);
            *layer = format!("layer-{number}").into();
        }
    }
    if spec.writable == Writable::Bound && layers.len() > 1 {
        return Err(wrong(
            format!("bind {} layers as one root", layers.len()),
            "one layer can be bound; several need an overlay",
        ));
    }
    let init_image = own_init.as_ref().map_or(shared.executable(), AsFd::as_fd);
    let group = place.as_ref().map(|place| place.plan(arena, descriptors)).transpose()?;
    let plan = Plan {
        clone_flags: clone_flags(spec, id_maps.is_some()),
        own_network: spec.namespaces.network == Network::Loopback,
        joined_network: match &spec.namespaces.network {
            Network::Of(path) => {
                let network = open_network(path)?;
                let number = descriptors.lend(network.as_fd())?;
                owned.push(network);
                Some(number)
            }
            _ => None,
        },
        without_init: spec.init == Init::None,
        binds_layer: spec.writable == Writable::Bound,
        own_cgroup_view: spec.namespaces.cgroup == Share::Private,
        stage_options: arena.text(&stage_options(spec)?)?,
        overlay_options: arena.text(&overlay_options(&layers, id_maps.is_some())?)?,
        layers: paths(&layers, arena)?,
        layer_mounts: arena.list(layer_mounts)?,
        terminal_options: arena.text(match id_maps.as_ref().is_none_or(|maps| maps.has_terminal_group) {
            true => c"newinstance,ptmxmode=0666,mode=0620,gid=5",
            false => c"newinstance,ptmxmode=0666,mode=0620",
        })?,
        read_only_root: spec.writable == Writable::No,
        volumes: volumes(spec, arena)?,
        tmpfs: memory_file_systems(spec, arena)?,
        host_name: host_name(spec)?.map(|name| arena.bytes(name)).transpose()?,
        name_files: match spec.writable {
            Writable::Bound => &[],
            _ => name_files(spec, arena)?,
        },
        masked_sys: masked_sys(arena)?,
        own_ipc: spec.namespaces.ipc == Share::Private,
        program: arena.text(&c_string(absolute(&spec.program, "program")?.as_os_str(), "program")?)?,
        argument_bytes: length(&arguments) + length(&environment),
        arguments: arena.strings(&arguments)?,
        environment: arena.strings(&environment)?,
        cwd: arena.text(&cwd)?,
        cwd_target: match spec.cwd == Path::new("/") {
            true => None,
            false => Some(target(&spec.cwd, Kind::Directory, "working directory", arena)?),
        },
        rlimits: arena.list(spec.rlimits.clone())?,
        capabilities: spec
            .capabilities
            .iter()
            .fold(0, |bits, capability| bits | 1 << *capability as u8),
        makes_devices: spec.capabilities.contains(&Capability::Mknod),
        uid: spec.user.uid,
        gid: spec.user.gid,
        clear_groups: !single_user,
        stdio: [
            descriptors.standard(&spec.stdio.stdin, 0),
            descriptors.standard(&spec.stdio.stdout, 1),
            descriptors.standard(&spec.stdio.stderr, 2),
        ],
        terminal: match &spec.stdio.terminal {
            Terminal::None => None,
            Terminal::Own(terminal) => Some(TerminalPlan {
                size: terminal.size(),
                socket: descriptors.lend(terminal.sender())?,
            }),
        },
        init_image: descriptors.lend(init_image)?,
        helper_image: descriptors.lend(shared.helper())?,
        lifeline: descriptors.lend(shared.lifeline())?,
        lifeline_keeper: match descriptors {
            Descriptors::Here => shared.lifeline_keeper(),
            // It never has one.
            Descriptors::Given(_) => -1,
        },
        start: descriptors.lend(ends.starting())?,
        start_keeper: descriptors.lend(ends.start())?,
        link: descriptors.lend(ends.theirs())?,
        link_keeper: descriptors.lend(ends.ours())?,
        ended: ended.map(|ended| descriptors.lend(ended)).transpose()?,
        init_filter: arena.list(shared.filter.clone())?,
        group_maker: match group.as_ref().is_some_and(GroupPlan::has_v2) || id_maps.is_some() {
            true => GroupMaker::Starter,
            false => GroupMaker::Program,
        },
        group,
        id_maps: match id_maps {
            None => None,
            Some(maps) => Some(IdMapPlan {
                uids: arena.bytes(maps.uids.as_bytes())?,
                gids: arena.bytes(maps.gids.as_bytes())?,
                deny_setgroups: maps.deny_setgroups,
                become_root: maps.become_root,
            }),
        },
    };
    Ok(Planned {
        plan,
        place,
        owned: owned.into_iter().chain(own_init).collect(),
    })
}

fn paths(layers: &[PathBuf], arena: &mut Arena) -> Result<&'static [&'static CStr], Error> {
    let layers = layers
        .iter()
        .map(|layer| arena.text(&c_string(layer.as_os_str(), "layer")?));
    let layers = layers.collect::<Result<_, _>>()?;
    arena.list(layers)
}

/// A copy of a layer's mount that is attached nowhere yet (open_tree(2)).
fn open_layer(layer: &Path) -> Result<OwnedFd, Error> {
    let path = c_string(layer.as_os_str(), "layer")?;
    let flags = libc::OPEN_TREE_CLONE | libc::OPEN_TREE_CLOEXEC;
    // SAFETY: a terminated string.
    let opened = unsafe { libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, path.as_ptr(), flags) };
    let opened = Errno::result(opened).map_err(|errno| Error {
        step: Step::Overlay.into(),
        tried: format!("open_tree {layer:?}"),
        errno: Some(errno),
        hint: "a layer is a directory that is there".into(),
    })?;
    // SAFETY: just made, owned by nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(opened as i32) })
}

fn open_network(path: &Path) -> Result<OwnedFd, Error> {
    let opened = std::fs::File::open(path).map_err(|error| Error {
        step: Step::JoinNetwork.into(),
        tried: format!("open {path:?}"),
        errno: Some(errno_of(&error)),
        hint: "it is the network namespace of a process that is there: /proc/PID/ns/net".into(),
    })?;
    Ok(opened.into())
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

fn volumes(spec: &Spec, arena: &mut Arena) -> Result<&'static [VolumePlan], Error> {
    let mut plans = Vec::new();
    for volume in &spec.volumes {
        let read_only = match volume.access {
            Access::ReadOnly => libc::MOUNT_ATTR_RDONLY,
            Access::ReadWrite => 0,
        };
        let attributes = read_only | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;
        plans.push(volume_plan(&volume.source, &volume.target, attributes, arena)?);
    }
    for device in &spec.devices {
        // Read-only is the file's mode and owner, not the device.
        let attributes = libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NOEXEC;
        let is_device = std::fs::metadata(device).is_ok_and(|about| {
            let kind = about.file_type();
            kind.is_char_device() || kind.is_block_device()
        });
        if !is_device {
            return Err(wrong(
                format!("device {device:?}"),
                "it is no device file of this host: name one, and show folders and other files as volumes",
            ));
        }
        plans.push(volume_plan(device, device, attributes, arena)?);
    }
    arena.list(plans)
}

/// Where the container's group is made, noted and with the controllers handed down; `None` when nothing is limited.
fn place(spec: &Spec) -> Result<Option<Place>, Error> {
    if spec.limits == Limits::default() {
        return Ok(None);
    }
    // What another isolab takes back meanwhile would be missing.
    let _held = state::hold(&spec.state_dir)?;
    let place = Place::find(&spec.limits, state::group_name)?;
    if let Some(place) = &place {
        state::write(&spec.state_dir, place.notes())?;
        place.hand_down()?;
    }
    Ok(place)
}

fn volume_plan(source: &Path, place: &Path, attributes: u64, arena: &mut Arena) -> Result<VolumePlan, Error> {
    let failed = |error: std::io::Error| Error {
        step: Step::VolumeSource.into(),
        tried: format!("stat {source:?}"),
        errno: Some(errno_of(&error)),
        hint: "the source of a volume must be there and readable by the user who runs isolab".into(),
    };
    let is_directory = std::fs::metadata(source).map_err(failed)?.is_dir();
    let kind = if is_directory { Kind::Directory } else { Kind::File };
    Ok(VolumePlan {
        source: arena.text(&c_string(source.as_os_str(), "volume")?)?,
        attributes,
        target: target(place, kind, "volume target", arena)?,
    })
}

fn memory_file_systems(spec: &Spec, arena: &mut Arena) -> Result<&'static [TmpfsPlan], Error> {
    let mut plans = Vec::new();
    for tmpfs in &spec.tmpfs {
        let size = tmpfs
            .size_bytes
            .map(|size| arena.text(&c_string(OsStr::new(&size.to_string()), "size")?));
        plans.push(TmpfsPlan {
            size: size.transpose()?,
            target: target(&tmpfs.target, Kind::Directory, "tmpfs target", arena)?,
        });
    }
    arena.list(plans)
}

fn host_name(spec: &Spec) -> Result<Option<&[u8]>, Error> {
    // __NEW_UTS_LEN of linux/utsname.h.
    if spec.hostname.len() > 64 {
        return Err(wrong(
            format!("host name {:?}", spec.hostname),
            "the kernel takes at most 64 bytes",
        ));
    }
    Ok((spec.namespaces.uts == Share::Private).then_some(spec.hostname.as_bytes()))
}
