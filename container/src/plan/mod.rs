//! The arguments of a start's system calls, made ahead by `planner.rs`: the processes of a start must not allocate.
//!
//! It is plain data in a block of memory of its own (`arena.rs`), which the small runtime executable maps at the same address
//! (`bundle.rs`); what is `'static` here lies in that block and lives as long as the [`Launch`](crate::launch::Launch) does.
//! Descriptors are numbers in the process that carries out the start.

mod group;

use core::ffi::{CStr, c_char};

pub use group::{Doing, FILES, GroupPlan, Item, PartPlan, Value};

/// A descriptor's number.
pub type Descriptor = i32;

/// See the top of the file.
#[repr(C)]
pub struct Plan {
    pub clone_flags: u64,
    pub own_network: bool,
    /// The network namespace to join in its place.
    pub joined_network: Option<Descriptor>,
    /// Whether pid 1 becomes the program.
    pub without_init: bool,
    /// Whether the one layer is the root.
    pub binds_layer: bool,
    pub own_cgroup_view: bool,
    pub id_maps: Option<IdMapPlan>,
    pub stage_options: &'static CStr,
    pub overlay_options: &'static CStr,
    /// The layers again, lowest first, for where there is no overlay.
    pub layers: &'static [&'static CStr],
    /// A detached mount of each, where the layers are names of places for them.
    pub layer_mounts: &'static [Descriptor],
    pub terminal_options: &'static CStr,
    pub read_only_root: bool,
    pub volumes: &'static [VolumePlan],
    pub tmpfs: &'static [TmpfsPlan],
    pub host_name: Option<&'static [u8]>,
    pub name_files: &'static [NameFile],
    pub own_ipc: bool,
    /// Directories of /sys to be covered.
    pub masked_sys: &'static [&'static CStr],
    pub program: &'static CStr,
    /// The helper's name and the working directory (`init/helper.rs`), then the program's arguments from `argv[0]` on.
    pub arguments: Strings,
    pub environment: Strings,
    /// How long both are together.
    pub argument_bytes: u64,
    pub cwd: &'static CStr,
    pub cwd_target: Option<Target>,
    pub rlimits: &'static [Rlimit],
    /// Bit N: capability N is kept.
    pub capabilities: u64,
    /// Whether the program may make device files.
    pub makes_devices: bool,
    pub uid: u32,
    pub gid: u32,
    /// Whether the supplementary groups may be changed; an ordinary user's user namespace forbids it.
    pub clear_groups: bool,
    /// The descriptors that become 0, 1 and 2; -1 for /dev/null.
    pub stdio: [Descriptor; 3],
    pub terminal: Option<TerminalPlan>,
    /// The init's executable.
    pub init_image: Descriptor,
    /// The helper's.
    pub helper_image: Descriptor,
    /// Where isolab gets the descriptor of the program's process, and where the helper says why it failed.
    pub start: Descriptor,
    /// isolab's end of it.
    pub start_keeper: Descriptor,
    /// The end of a pipe that hangs up when isolab is gone, and the end that isolab alone keeps: a child closes its copy first.
    pub lifeline: Descriptor,
    pub lifeline_keeper: Descriptor,
    /// The init's end of its socket to isolab, and isolab's end of it.
    pub link: Descriptor,
    pub link_keeper: Descriptor,
    /// An epoll instance that pid 1 is to be waited for with, where it has no init, and so no end of a socket.
    pub ended: Option<Descriptor>,
    /// What pid 1 may call once it is its init.
    pub init_filter: &'static [libc::sock_filter],
    /// The control group.
    pub group: Option<GroupPlan>,
    /// Who makes it.
    pub group_maker: GroupMaker,
}

/// Who makes the control group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum GroupMaker {
    /// The process that clones pid 1, before it does: pid 1 is born into it, or could not make it, being nobody outside its
    /// user namespace.
    Starter,
    /// The program's process.
    Program,
}

/// Strings as execve(2) takes them: pointers, the last one null.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Strings(pub &'static [*const c_char]);

// SAFETY: the pointers lead to texts that nobody changes and that live as long.
unsafe impl Send for Strings {}
// SAFETY: as above.
unsafe impl Sync for Strings {}

impl Strings {
    pub fn as_ptr(&self) -> *const *const c_char {
        self.0.as_ptr()
    }
}

/// What goes into the files of a user namespace (user_namespaces(7)).
#[repr(C)]
pub struct IdMapPlan {
    pub uids: &'static [u8],
    pub gids: &'static [u8],
    /// Whether `/proc/PID/setgroups` must say `deny` first (user_namespaces(7), "gid_map").
    pub deny_setgroups: bool,
    /// Whether pid 1 has to change its ids to be root inside.
    pub become_root: bool,
}

/// A volume, ready to be mounted.
#[repr(C)]
pub struct VolumePlan {
    pub source: &'static CStr,
    pub attributes: u64,
    pub target: Target,
}

/// A memory file system, ready to be mounted.
#[repr(C)]
pub struct TmpfsPlan {
    pub size: Option<&'static CStr>,
    pub target: Target,
}

/// A terminal of the program's own, ready to be opened.
#[repr(C)]
pub struct TerminalPlan {
    /// `struct winsize` (tty_ioctl(4), TIOCSWINSZ).
    pub size: [u16; 4],
    /// What its other end is sent over.
    pub socket: Descriptor,
}

/// A file of /etc, and what is in it.
#[repr(C)]
pub struct NameFile {
    pub name: &'static CStr,
    pub text: &'static [u8],
}

/// A path inside the root as the list of its prefixes, each relative to the root: `a`, `a/b`, `a/b/c`.
#[repr(C)]
pub struct Target {
    pub steps: &'static [TargetStep],
    pub kind: Kind,
}

/// One prefix and its last component.
#[repr(C)]
pub struct TargetStep {
    pub path: &'static CStr,
    pub name: &'static CStr,
}

/// What to make where a target is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Directory,
    File,
}

/// One resource limit (setrlimit(2)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Rlimit {
    /// Which, `libc::RLIMIT_*`.
    pub resource: u32,
    /// The limit in force.
    pub soft: u64,
    /// The highest value the program may raise it to.
    pub hard: u64,
}

impl Plan {
    /// Whether the program runs as another user or group than the one that builds the container. The helper changes to it,
    /// because that makes the kernel mark a process's memory as "not dumpable" (prctl(2), PR_SET_DUMPABLE), and until
    /// then it is isolab's.
    pub fn changes_user(&self) -> bool {
        let builds_as_root = self.id_maps.as_ref().is_none_or(|maps| maps.become_root);
        builds_as_root && (self.uid != 0 || self.gid != 0)
    }
}
