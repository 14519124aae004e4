//! The library's system calls, and the numbers of those that only the small executables make
//! (arch/x86/entry/syscalls/syscall_64.tbl).

#[path = "../src/sys/credentials.rs"]
pub mod credentials;
#[path = "../src/sys/raw.rs"]
mod raw;

pub(crate) use raw::call;
pub use raw::{Errno, syscall};

pub const READ: i64 = 0;
pub const WRITE: i64 = 1;
pub const EXECVE: i64 = 59;
pub const WAIT4: i64 = 61;
pub const KILL: i64 = 62;
pub const FCNTL: i64 = 72;
pub const GETCWD: i64 = 79;
pub const CHDIR: i64 = 80;
pub const PRCTL: i64 = 157;
pub const EXIT_GROUP: i64 = 231;
pub const PPOLL: i64 = 271;
pub const SIGNALFD4: i64 = 289;
pub const SECCOMP: i64 = 317;

/// Ends the process.
pub fn exit(code: usize) -> ! {
    loop {
        // SAFETY: a number.
        let _ = unsafe { call!(EXIT_GROUP, code) };
    }
}
