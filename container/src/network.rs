//! A network namespace that several containers share, as those of a pod do.

use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;

use crate::child::loopback_up;
use crate::error::{Error, errno_of};
use crate::steps::Step;

/// Makes a network namespace with nothing but a loopback device that is up. It is there as long as its descriptor, or a process in
/// it: [`Network::Of`](crate::Network::Of) takes `/proc/self/fd/NUMBER`. Needs root.
pub fn network_namespace() -> Result<OwnedFd, Error> {
    // A thread of its own: it is left where it has moved to.
    let made = std::thread::Builder::new().spawn(|| {
        // SAFETY: a number.
        Errno::result(unsafe { libc::unshare(libc::CLONE_NEWNET) })?;
        let socket = std::net::UdpSocket::bind("0.0.0.0:0").map_err(|error| errno_of(&error))?;
        loopback_up(socket.as_raw_fd()).map_err(Errno::from_raw)?;
        File::open("/proc/thread-self/ns/net").map_err(|error| errno_of(&error))
    });
    let failed = |errno| Error {
        step: Step::Network.into(),
        tried: "unshare(CLONE_NEWNET), SIOCSIFFLAGS".into(),
        errno: Some(errno),
        hint: "it takes root; too many namespaces: raise user.max_net_namespaces (sysctl)".into(),
    };
    made.map_err(|error| Error {
        tried: "clone (a thread)".into(),
        hint: "it takes one more thread for a moment: raise pids.max of isolab's control group, or `ulimit -u`".into(),
        ..failed(errno_of(&error))
    })?
    .join()
    .unwrap_or(Err(Errno::EIO))
    .map(OwnedFd::from)
    .map_err(failed)
}
