//! `isolab run`: the workload once on one target, on this terminal, and its status.

use super::container_arguments::{self, ContainerArguments};
use super::terminal::{self, Asked, Relay};
use super::{arguments, explain, output};
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
use container::Terminal;
use microvm::Kernel;
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
    /// Show how the start was made, step by step, on stderr
    #[arg(long)]
    explain: bool,
    /// Memory: guest RAM of a micro-VM (128M unless given), limit of a container (none unless given)
    #[arg(long, value_name = "SIZE", value_parser = arguments::ram)]
    memory: Option<u64>,
    /// Processor time a container may use, in processors: 0.5 is half of one
    #[arg(long, value_name = "N", value_parser = container_arguments::processors)]
    cpus: Option<f64>,
    /// Guest kernel of the micro-VM: a vmlinux or bzImage; the built-in one by default
    #[arg(long, value_name = "PATH")]
    kernel: Option<PathBuf>,
    #[command(flatten)]
    container: ContainerArguments,
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
    refuse_options_of_others(&arguments)?;
    let (terminal, asked) = match arguments.container.tty {
        true => terminal::ask().map(|(terminal, asked)| (terminal, Some(asked)))?,
        false => (Terminal::None, None),
    };
    let backend = backend(&arguments, terminal)?;
    let image = Image::build(&workload, 0)?;
    let start = backend.prepare(&image, image.args(), own_stdio()?)?;
    let mut instance = start()?;
    let mut relay = asked.map(Asked::connect).transpose()?;
    let deadline = arguments
        .timeout
        .and_then(|timeout| Instant::now().checked_add(timeout));
    let why = wait(instance.pidfd(), deadline, relay.as_mut())?;
    drop(relay);
    if why != Over::Ended {
        instance.kill();
    }
    let end = instance.finish()?;
    if arguments.explain {
        explain::show(&end.steps);
    }
    if let Some(note) = &end.note {
        output::hint(note);
    }
    match (why, end.failure) {
        (Over::TimedOut, _) => {
            output::hint("the workload took longer than --timeout allows, and was ended");
            Ok(TIMED_OUT)
        }
        (_, Some(failure)) => Err(Error::new(failure)),
        _ => Ok(u8::try_from(end.status).unwrap_or(u8::MAX)),
    }
}

fn refuse_options_of_others(arguments: &Arguments) -> Result<(), Error> {
    let given = [
        (arguments.container.given(), "containers", TargetName::Container),
        (arguments.cpus.map(|_| "--cpus"), "containers", TargetName::Container),
        (
            arguments.kernel.as_ref().map(|_| "--kernel"),
            "micro-VMs",
            TargetName::Microvm,
        ),
    ];
    for (option, meant_for, target) in given {
        if let Some(option) = option.filter(|_| arguments.on != target) {
            let problem = format!("{option} is for {meant_for}, and this is a {}", arguments.on.as_str());
            return Err(Error::new(problem).remedy(format!("Leave it out, or use --on {}.", target.as_str())));
        }
    }
    Ok(())
}

fn backend(arguments: &Arguments, terminal: Terminal) -> Result<Box<dyn Backend>, Error> {
    Ok(match arguments.on {
        TargetName::Process if arguments.memory.is_some() => {
            return Err(
                Error::new("--memory is for containers and micro-VMs; a plain process has no limit")
                    .remedy("Leave it out, or use --on container."),
            );
        }
        TargetName::Simulated => {
            return Err(Error::new("the simulated target runs no program")
                .remedy("Compare with it: isolab compare --on simulated."));
        }
        TargetName::Process => Box::new(Process { group: Group::Lab }),
        TargetName::Container => Box::new(Container {
            options: arguments.container.options(arguments.memory, arguments.cpus, terminal),
            ..Container::default()
        }),
        TargetName::Microvm => Box::new(MicroVm {
            kernel: arguments.kernel.clone().map_or(Kernel::Builtin, Kernel::File),
            memory_bytes: arguments.memory.unwrap_or(microvm::DEFAULT_MEMORY_BYTES),
            timeout: None,
            group: Group::Lab,
        }),
    })
}

/// The lab's own standard descriptors, for the workload.
fn own_stdio() -> Result<Stdio, Error> {
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

/// Waits for the end, or for a reason to bring it about; meanwhile hands on what goes through the terminal.
fn wait(pidfd: BorrowedFd<'_>, deadline: Option<Instant>, mut relay: Option<&mut Relay>) -> Result<Over, Error> {
    let signals = signals::descriptor();
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let timeout = match left {
            None => PollTimeout::NONE,
            // Rounded up, so that the last fraction of a millisecond is not spent in a loop.
            Some(left) => PollTimeout::try_from(left + Duration::from_micros(999)).unwrap_or(PollTimeout::MAX),
        };
        let mut fds = vec![pollable(pidfd), pollable(signals.unwrap_or(pidfd))];
        fds.extend(relay.iter().flat_map(|relay| relay.waits_for()));
        match poll(&mut fds, timeout) {
            Err(Errno::EINTR) => continue,
            Err(errno) => return Err(Error::from_cause("cannot wait for the workload", errno.desc())),
            Ok(_) => {}
        }
        let ready: Vec<bool> = fds.iter().map(|fd| fd.any().unwrap_or(false)).collect();
        let (ended, signal) = (ready[0], ready[1]);
        let more = match (&mut relay, ready[2..].try_into()) {
            (Some(relay), Ok(ready)) => relay.hand_on(ready),
            _ => false,
        };
        match () {
            // What was written before the end is still to be read after it.
            () if ended && more => {}
            () if ended => return Ok(Over::Ended),
            () if signal => return Ok(Over::Signal),
            () if left.is_some_and(|left| left.is_zero()) => return Ok(Over::TimedOut),
            () => {}
        }
    }
}

fn pollable(fd: BorrowedFd<'_>) -> PollFd<'_> {
    PollFd::new(fd, PollFlags::POLLIN)
}
