//! The executable that pid 1 becomes, in a sealed memory file.
//!
//! Sealed, so that nothing inside a container can change what the next one executes (CVE-2019-5736), and in memory, so
//! that the lab's own executable is never what `/proc/1/exe` shows.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::OnceLock;

use nix::errno::Errno;

use crate::Error;
use crate::sys;

/// Pid 1's init, made of `init/main.rs` by the build script.
const EXECUTABLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/init"));
/// The same for other processes: the helper of `child/exec.rs`.
pub const HELPER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/helper"));

/// What the processes of every container need and the lab makes once.
pub struct Shared {
    executable: OwnedFd,
    lifeline: OwnedFd,
    lifeline_keeper: OwnedFd,
}

impl Shared {
    /// Made at the first start, kept until the lab ends.
    pub fn get() -> Result<&'static Shared, Error> {
        static SHARED: OnceLock<Shared> = OnceLock::new();
        if let Some(shared) = SHARED.get() {
            return Ok(shared);
        }
        let made = Shared::make().map_err(|(tried, errno)| Error {
            step: "plan",
            tried: tried.to_owned(),
            errno: Some(errno),
            hint: if errno == Errno::EMFILE {
                "too many open files: raise `ulimit -n`".into()
            } else {
                String::new()
            },
        })?;
        Ok(SHARED.get_or_init(|| made))
    }

    fn make() -> Result<Shared, (&'static str, Errno)> {
        let executable = sys::sealed_file(c"isolab-init", EXECUTABLE)
            .map_err(|errno| ("memfd_create, F_ADD_SEALS", Errno::from_raw(errno)))?;
        // SAFETY: just made, owned by nobody else.
        let executable = unsafe { OwnedFd::from_raw_fd(executable) };
        let (lifeline, lifeline_keeper) =
            nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC).map_err(|errno| ("pipe2", errno))?;
        Ok(Shared {
            executable,
            lifeline,
            lifeline_keeper,
        })
    }

    /// The init program, to be executed.
    pub fn executable(&self) -> RawFd {
        self.executable.as_raw_fd()
    }

    /// The end of the pipe that pid 1 watches: it hangs up when the lab is gone.
    pub fn lifeline(&self) -> RawFd {
        self.lifeline.as_raw_fd()
    }

    /// The end that the lab alone keeps; a child closes its copy first.
    pub fn lifeline_keeper(&self) -> RawFd {
        self.lifeline_keeper.as_raw_fd()
    }
}
