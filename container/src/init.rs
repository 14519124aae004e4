//! The executables that pid 1 and some programs' processes become, and the runtime's, in sealed memory files.
//!
//! Sealed, so that nothing inside a container can change what the next one executes (CVE-2019-5736), and in memory, so
//! that isolab's own executable is never what `/proc/1/exe` shows.

use std::ffi::CStr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::OnceLock;

use nix::errno::Errno;

use crate::error::Error;
use crate::seccomp::{self, Instruction};
use crate::steps::Step;
use crate::sys::{self, Readable};

/// Pid 1's init, made of `init/main.rs` by the build script.
const EXECUTABLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/init"));
/// The same for other processes: the helper of `child/helper.rs`.
const HELPER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/helper"));

/// The runtime of `bundle.rs`, made of `runtime/main.rs`.
const RUNTIME: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/runtime"));

/// What the processes of every container need and isolab makes once.
pub struct Shared {
    executable: OwnedFd,
    helper: OwnedFd,
    runtime: OnceLock<OwnedFd>,
    /// What pid 1 may call once it is its init.
    pub filter: Vec<Instruction>,
    lifeline: OwnedFd,
    lifeline_keeper: OwnedFd,
}

fn sealed(name: &CStr, content: &[u8], readable: Readable) -> Result<OwnedFd, (&'static str, Errno)> {
    let file = sys::sealed_file(name, content, readable)
        .map_err(|errno| ("memfd_create, F_ADD_SEALS", Errno::from_raw(errno)))?;
    // SAFETY: just made, owned by nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(file) })
}

fn failed((tried, errno): (&str, Errno)) -> Error {
    Error::of_resource(Step::Plan, tried, errno)
}

impl Shared {
    /// The init's executable for one container alone, whose program may change what /proc/1/exe leads to: the content is
    /// sealed, but not the mode.
    pub fn executable_of_its_own() -> Result<OwnedFd, Error> {
        sealed(c"isolab-init", EXECUTABLE, Readable::No).map_err(failed)
    }

    /// Made at the first start, kept until isolab ends.
    pub fn get() -> Result<&'static Shared, Error> {
        static SHARED: OnceLock<Shared> = OnceLock::new();
        if let Some(shared) = SHARED.get() {
            return Ok(shared);
        }
        let made = Shared::make().map_err(failed)?;
        Ok(SHARED.get_or_init(|| made))
    }

    fn make() -> Result<Shared, (&'static str, Errno)> {
        let (executable, helper) = (
            sealed(c"isolab-init", EXECUTABLE, Readable::No)?,
            sealed(c"isolab-exec", HELPER, Readable::No)?,
        );
        let (lifeline, lifeline_keeper) =
            nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC).map_err(|errno| ("pipe2", errno))?;
        Ok(Shared {
            executable,
            helper,
            runtime: OnceLock::new(),
            filter: seccomp::init_filter(),
            lifeline,
            lifeline_keeper,
        })
    }

    /// The init program, to be executed.
    pub fn executable(&self) -> BorrowedFd<'_> {
        self.executable.as_fd()
    }

    /// The helper, likewise.
    pub fn helper(&self) -> BorrowedFd<'_> {
        self.helper.as_fd()
    }

    /// The runtime executable.
    pub fn runtime(&self) -> Result<BorrowedFd<'_>, Error> {
        if let Some(made) = self.runtime.get() {
            return Ok(made.as_fd());
        }
        // An ordinary user has to write the id maps of pid 1, which has the runtime's memory.
        let made = sealed(c"isolab-runtime", RUNTIME, Readable::Yes).map_err(failed)?;
        // Another thread's may be there by now.
        Ok(self.runtime.get_or_init(|| made).as_fd())
    }

    /// The end of a pipe that the processes of a start watch: it hangs up when isolab is gone. An init never has it, since
    /// it is the same for all containers.
    pub fn lifeline(&self) -> BorrowedFd<'_> {
        self.lifeline.as_fd()
    }

    /// The end that isolab alone keeps; a child closes its copy first.
    pub fn lifeline_keeper(&self) -> RawFd {
        self.lifeline_keeper.as_raw_fd()
    }
}
