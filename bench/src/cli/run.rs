//! `isolab run`: the workload once on one target, on this terminal, and its status.

use super::arguments::{self, MachineArguments};
use super::output;
use crate::error::Error;
use crate::image::Image;
use crate::lab::TargetName;
use crate::signals;
use crate::spawn::Group;
use crate::target::container::Container;
use crate::target::microvm::MicroVm;
use crate::target::process::Process;
use crate::target::{Backend, Stdio};
use clap::Args;
use container::{Access, Volume};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The exit status when the time is up, as timeout(1) gives it.
const TIMED_OUT: u8 = 124;

/// What `isolab run` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Where to run it
    #[arg(long, value_name = "T")]
    on: TargetName,
    /// End it after this many seconds, with status 124
    #[arg(long, value_name = "S", value_parser = arguments::seconds)]
    timeout: Option<Duration>,
    /// Show a file or folder of the host inside, at the absolute path DST (container only)
    #[arg(long, value_name = "SRC:DST[:ro]", value_parser = volume)]
    volume: Vec<Volume>,
    #[command(flatten)]
    machine: MachineArguments,
    /// One of the lab's own workloads: hello, cpu, hold
    #[arg(value_name = "W")]
    workload: Option<String>,
    /// A static program and its arguments; after a workload's name only the workload's arguments
    #[arg(last = true, value_name = "PROGRAM ARGS")]
    words: Vec<String>,
}

/// Runs it, and gives its status.
pub fn run(arguments: Arguments) -> Result<u8, Error> {
    let workload = arguments::workload(arguments.workload.as_deref(), &arguments.words)?;
    let backend = backend(&arguments)?;
    let image = Image::build(&workload, 0)?;
    let start = backend.prepare(&image, image.args(), terminal()?)?;
    let mut instance = start()?;
    let deadline = arguments
        .timeout
        .and_then(|timeout| Instant::now().checked_add(timeout));
    let why = wait(instance.pidfd(), deadline)?;
    if why != Over::Ended {
        instance.kill();
    }
    let end = instance.finish()?;
    match (why, end.failure) {
        (Over::TimedOut, _) => {
            output::hint("the workload took longer than --timeout allows, and was ended");
            Ok(TIMED_OUT)
        }
        (_, Some(failure)) => Err(Error::new(failure)),
        _ => Ok(u8::try_from(end.status).unwrap_or(u8::MAX)),
    }
}

fn backend(arguments: &Arguments) -> Result<Box<dyn Backend>, Error> {
    if !arguments.volume.is_empty() && arguments.on != TargetName::Container {
        return Err(Error::new(format!(
            "--volume is for containers; {} has no volumes",
            arguments.on.as_str()
        ))
        .remedy("Leave it out, or use --on container."));
    }
    Ok(match arguments.on {
        TargetName::Process => Box::new(Process { group: Group::Lab }),
        TargetName::Container => Box::new(Container {
            volumes: arguments.volume.clone(),
            ..Container::default()
        }),
        TargetName::Microvm => {
            let machine = arguments.machine.machine();
            Box::new(MicroVm {
                kernel: machine.kernel,
                memory_bytes: machine.memory_bytes,
                timeout: None,
                group: Group::Lab,
            })
        }
    })
}

/// The lab's own standard descriptors, for the workload.
fn terminal() -> Result<Stdio, Error> {
    let copy = |fd: BorrowedFd<'_>| -> Result<OwnedFd, Error> {
        fd.try_clone_to_owned()
            .map_err(|error| Error::from_cause("cannot hand over stdin, stdout and stderr", error))
    };
    Ok(Stdio {
        stdin: copy(std::io::stdin().as_fd())?,
        stdout: copy(std::io::stdout().as_fd())?,
        stderr: copy(std::io::stderr().as_fd())?,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    Ended,
    TimedOut,
    Signal,
}

fn wait(pidfd: BorrowedFd<'_>, deadline: Option<Instant>) -> Result<Over, Error> {
    let signals = signals::descriptor();
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let timeout = match left {
            None => PollTimeout::NONE,
            // Rounded up, so that the last fraction of a millisecond is not spent in a loop.
            Some(left) => PollTimeout::try_from(left + Duration::from_micros(999)).unwrap_or(PollTimeout::MAX),
        };
        let mut fds = [pidfd, signals.unwrap_or(pidfd)].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        match poll(&mut fds, timeout) {
            Err(Errno::EINTR) => continue,
            Err(errno) => return Err(Error::from_cause("cannot wait for the workload", errno.desc())),
            Ok(_) => {}
        }
        let [ended, signal] = fds.map(|fd| fd.any().unwrap_or(false));
        match () {
            () if ended => return Ok(Over::Ended),
            () if signal => return Ok(Over::Signal),
            () if left.is_some_and(|left| left.is_zero()) => return Ok(Over::TimedOut),
            () => {}
        }
    }
}

/// `SRC:DST`, or `SRC:DST:ro`.
fn volume(text: &str) -> Result<Volume, String> {
    let mut parts = text.split(':');
    let (Some(source), Some(target), access, None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err("it has the form SRC:DST or SRC:DST:ro".into());
    };
    let access = match access {
        None | Some("rw") => Access::ReadWrite,
        Some("ro") => Access::ReadOnly,
        Some(other) => return Err(format!("{other:?} is not an access; ro and rw are")),
    };
    if !target.starts_with('/') {
        return Err(format!("{target:?} is not an absolute path inside"));
    }
    let source = std::path::absolute(source).map_err(|error| format!("{source:?}: {error}"))?;
    Ok(Volume {
        source,
        target: PathBuf::from(target),
        access,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_names_source_target_and_access() {
        let read_only = volume("/a:/b:ro").unwrap();
        assert_eq!(
            (read_only.source, read_only.target),
            (PathBuf::from("/a"), PathBuf::from("/b"))
        );
        assert_eq!(read_only.access, Access::ReadOnly);
        assert_eq!(volume("/a:/b").unwrap().access, Access::ReadWrite);
        for wrong in ["", "/a", "/a:b", "/a:/b:rx", "/a:/b:ro:x", ":/b"] {
            assert!(volume(wrong).is_err(), "{wrong}");
        }
    }
}
