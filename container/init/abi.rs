//! What the library and its small executables agree on; compiled into all of them.

/// What the helper is called. A script whose interpreter is /proc/self/exe gives it another name, and is refused.
pub const HELPER_NAME: &core::ffi::CStr = c"isolab-exec";

/// What the init is called.
pub const INIT_NAME: &core::ffi::CStr = c"init";

/// The init's end of a socket whose other end isolab holds: the wait status of the program goes out over it, and it
/// hangs up when isolab is gone.
pub const INIT_LINK: i32 = 0;
/// The init's own executable, until it runs.
pub const INIT_IMAGE: i32 = 1;

/// Pid 1's end of a pipe that closes when the init is executed: behind the change of its memory (`begin_new_exec`,
/// fs/exec.c), which the word that CLONE_CHILD_CLEARTID clears is not.
pub const INIT_EXECUTED: i32 = 2;

/// The helper's end of a socket for a [`Failure`]. It closes when the program is executed.
pub const HELPER_FAILURE: i32 = 3;
/// The helper's end of a pipe with its [`Order`], followed by that many instructions of a system-call filter.
pub const HELPER_ORDER: i32 = 4;
/// The helper's own executable, until it runs.
pub const HELPER_IMAGE: i32 = 5;

/// The runtime executable's descriptor of the memory that a start is planned in.
pub const START_FILE: i32 = 3;
/// Its own executable.
pub const RUNTIME_IMAGE: i32 = 4;
/// How much memory that is at most: execve(2) takes 6 MiB of arguments and environment, and the rest is less. Only what is
/// written to takes any.
pub const START_BYTES: usize = 16 << 20;

/// What the helper does before it executes the program.
#[repr(C)]
pub struct Order {
    /// Whether it does anything: all of the below.
    pub become_user: u32,
    /// Whether the supplementary groups are emptied.
    pub clear_groups: u32,
    /// The user id to change to.
    pub uid: u32,
    /// The group id to change to.
    pub gid: u32,
    /// Bit N: capability N is kept.
    pub capabilities: u64,
    /// How many instructions of 8 bytes the filter has; 0 for no filter.
    pub filter_length: u64,
}

/// The most instructions that a filter may have (`BPF_MAXINSNS` is 4096; more than that of this library ever has).
pub const FILTER_MAX: usize = 512;

/// What the helper could not do.
#[repr(C)]
pub struct Failure {
    /// One of [`part`].
    pub part: u32,
    /// What the kernel answered.
    pub errno: u32,
}

/// Which part of an [`Order`] failed.
pub mod part {
    /// Becoming the user.
    pub const USER: u32 = 1;
    /// No new privileges.
    pub const NO_NEW_PRIVILEGES: u32 = 2;
    /// The system-call filter.
    pub const FILTER: u32 = 3;
    /// The working directory.
    pub const DIRECTORY: u32 = 4;
    /// Executing the program.
    pub const EXECUTE: u32 = 5;
}
