//! How many descriptors isolab may have open at once (RLIMIT_NOFILE, getrlimit(2)).

use crate::error::Error;
use nix::libc::rlim_t;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use reports::model::Message;
use std::sync::OnceLock;

static INHERITED: OnceLock<(rlim_t, rlim_t)> = OnceLock::new();

/// Lets isolab open as many as the kernel allows it to. What it starts still gets the limits that isolab was started with.
///
/// # Errors
/// The kernel's answer.
pub fn allow_most() -> Result<(), Error> {
    let failed = |errno: nix::errno::Errno| Error::from_cause(Message::new("cannot-allow-more-files"), errno);
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).map_err(failed)?;
    INHERITED.get_or_init(|| (soft, hard));
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).map_err(failed)
}

/// The soft and the hard limit that isolab was started with, where it has changed them since.
pub fn inherited() -> Option<(rlim_t, rlim_t)> {
    INHERITED.get().copied()
}
