//! What a monitor gives up before the guest's first instruction, so that a guest that took it over would find nothing to
//! go on with: capabilities, the way to new privileges (prctl(2), PR_SET_NO_NEW_PRIVS), descriptors that it does not
//! need, and all system calls but those that its threads make from then on ([`filter`]). There is no way back.

mod filter;

pub use filter::Thread;

use crate::Error;
use crate::error::Renounce;
use nix::errno::Errno;
use std::os::fd::RawFd;

/// What a process gives up to run a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sandbox {
    /// Everything that a running machine does not need, **for good**. Descriptors above 2 are closed, except these: the
    /// caller owns no others. The calling thread, and on Linux guests those that it starts, can open none any more.
    On(Vec<RawFd>),
    /// Nothing: the caller goes on to do other things, and sees to it that a guest's escape does no harm.
    Off,
}

impl Sandbox {
    /// For the whole process, while it has one thread: no capabilities, no new privileges, no descriptors but the
    /// standard ones, `own` and those of the caller's that stay.
    pub fn shed(&self, own: &[RawFd]) -> Result<(), Error> {
        let Sandbox::On(keep) = self else { return Ok(()) };
        // SAFETY: a number for a number.
        let done = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
        Errno::result(done).map_err(failed(Renounce::Privileges))?;
        drop_capabilities().map_err(failed(Renounce::Capabilities))?;
        close_all_but(&mut [&[0, 1, 2], own, keep].concat());
        Ok(())
    }

    /// For the calling thread: no other system calls than `thread` makes.
    pub fn enter(&self, thread: Thread) -> Result<(), Error> {
        match self {
            Sandbox::On(_) => filter::install(thread).map_err(failed(Renounce::SystemCalls)),
            Sandbox::Off => Ok(()),
        }
    }
}

fn failed(what: Renounce) -> impl Fn(Errno) -> Error {
    move |errno| Error::Sandbox { what, errno }
}

/// `_LINUX_CAPABILITY_VERSION_3` (capset(2)): two words of each set.
const CAPABILITY_VERSION: u32 = 0x2008_0522;

/// Empties the permitted, effective and inheritable sets; the ambient one follows (capabilities(7)).
fn drop_capabilities() -> nix::Result<()> {
    let header = [CAPABILITY_VERSION, 0];
    let none = [[0u32; 3]; 2];
    // SAFETY: both have the layout that capset(2) reads.
    Errno::result(unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), none.as_ptr()) }).map(drop)
}

/// Closes all descriptors but these: what the process was started with, and what libraries have left open. Should
/// somebody own another one after all, its number cannot come to mean something else: the filter lets nothing be opened
/// any more.
fn close_all_but(keep: &mut [RawFd]) {
    keep.sort_unstable();
    let mut first = 0;
    for &descriptor in keep.iter() {
        if descriptor > first {
            close_range(first, descriptor as u32 - 1);
        }
        first = first.max(descriptor + 1);
    }
    close_range(first, u32::MAX);
}

fn close_range(first: RawFd, last: u32) {
    // SAFETY: see `close_all_but`. A kernel before 5.9 lacks the call; there the descriptors stay, and the filter is what
    // keeps them from being used for more than reading and writing.
    unsafe { libc::syscall(libc::SYS_close_range, first as libc::c_uint, last, 0) };
}
