//! `isolab run`: the workload once on one target, on this terminal, and its status.

use super::arguments::{self, WorkloadArguments};
use super::container_arguments::ContainerArguments;
use super::input_arguments::InputArguments;
use super::machine_arguments::MachineArguments;
use super::terminal::{self, Asked, Relay};
use super::{explain, output};
use crate::error::{Error, in_english};
use crate::host::fault_log::FaultLog;
use crate::kernels;
use crate::plan::refuse_unused;
use crate::signals;
use crate::targets::microvm::Tell;
use crate::targets::registry::{Purpose, TargetKind};
use crate::targets::spawn::Group;
use crate::targets::{Backend, End, Instance, Role, Stdio};
use crate::workloads::image::Image;
use clap::Args;
use container::Terminal;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use reports::model::Message;
use reports::render;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// The exit status when the time is up, as timeout(1) gives it.
const TIMED_OUT: u8 = 124;

/// How much later than its own time a monitor that does not end is ended.
const MONITOR_GRACE: Duration = Duration::from_secs(1);

// What `isolab run` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Where to run it
    #[arg(long, value_name = "T", value_parser = arguments::target)]
    on: TargetKind,
    /// Kill it after this many seconds, and exit with status 124
    #[arg(long, value_name = "S", value_parser = arguments::seconds)]
    timeout: Option<Duration>,
    /// Show each step of the start on stderr
    #[arg(long)]
    explain: bool,
    /// Show the guest kernel's log on stderr when the VM has ended; a Linux guest then logs everything
    #[arg(long)]
    kernel_log: bool,
    // Of `isolab compare`; people try it here, too.
    #[arg(long, hide = true, value_name = "MARK")]
    ready: Option<String>,
    #[command(flatten)]
    inputs: InputArguments,
    #[command(flatten)]
    machine: MachineArguments,
    #[command(flatten)]
    container: ContainerArguments,
    #[command(flatten)]
    workload: WorkloadArguments,
}

/// Runs it, and gives its status. What isolab processes that were killed have left is removed meanwhile.
pub fn run(arguments: Arguments) -> Result<u8, Error> {
    let started = start(&arguments);
    super::sweep();
    finish(&arguments, started?)
}

/// What runs.
struct Started {
    instance: Box<dyn Instance>,
    relay: Option<Relay>,
    /// The host's kernel log since before the start.
    faults: FaultLog,
    /// These two are removed when the instance is gone, with what they have laid out for it.
    _backend: Box<dyn Backend>,
    image: Image,
}

fn start(arguments: &Arguments) -> Result<Started, Error> {
    if let Some(mark) = &arguments.ready {
        return Err(
            Error::new("--ready says what is measured, and isolab run measures nothing").remedy(format!(
                "Measure it: isolab compare --ready {mark:?} …, or leave it out."
            )),
        );
    }
    let workload = arguments.inputs.give_to(arguments.workload.find("run --on T")?)?;
    let (terminal, asked) = match arguments.container.tty {
        true => terminal::ask().map(|(terminal, asked)| (terminal, Some(asked)))?,
        false => (Terminal::None, None),
    };
    let backend = backend(arguments, terminal)?;
    let image = Image::build(&workload, 0)?;
    let mut stdio = own_stdio()?;
    if arguments.inputs.has_stdin() {
        stdio.stdin = image.stdin()?;
    }
    let start = backend.prepare(&image, image.args(), stdio)?;
    let faults = FaultLog::from_here();
    let instance = start()?;
    Ok(Started {
        instance,
        relay: asked.map(Asked::connect).transpose()?,
        _backend: backend,
        image,
        faults,
    })
}

fn finish(arguments: &Arguments, started: Started) -> Result<u8, Error> {
    // Dropped from the last to the first.
    let Started {
        image,
        _backend,
        mut faults,
        mut relay,
        mut instance,
    } = started;
    // A monitor ends its machine by itself, and then can still tell of it.
    let grace = if arguments.on.ends_itself() {
        MONITOR_GRACE
    } else {
        Duration::ZERO
    };
    let deadline = arguments.timeout.map(|timeout| timeout + grace);
    let deadline = deadline.and_then(|time| Instant::now().checked_add(time));
    let why = wait(instance.pidfd(), deadline, relay.as_mut())?;
    drop(relay);
    if why != Over::Ended {
        instance.kill();
    }
    // A plain process is known until it is reaped; a container's are gone already.
    let program = instance
        .processes()
        .into_iter()
        .find(|(_, role)| *role == Role::Program);
    let mut end = instance.finish()?;
    if let Some(log) = &end.kernel_log {
        output::text(log);
    }
    if arguments.explain {
        explain::show(&end);
    }
    if why == Over::Ended && !end.timed_out {
        tell_reason(&mut end, &image, &mut faults, program.map(|(pid, _)| pid));
    }
    match (why, end.failure) {
        (why, _) if why == Over::TimedOut || end.timed_out => {
            output::say(&Message::new("longer-than-timeout"));
            Ok(TIMED_OUT)
        }
        (_, Some(failure)) => Err(Error::new(in_english(failure))),
        _ => Ok(u8::try_from(end.status).unwrap_or(u8::MAX)),
    }
}

/// Signals that end a program that has done something wrong, or that was too large, as no user has asked for.
const CRASHES: [Signal; 8] = [
    Signal::SIGILL,
    Signal::SIGTRAP,
    Signal::SIGABRT,
    Signal::SIGBUS,
    Signal::SIGFPE,
    Signal::SIGKILL,
    Signal::SIGSEGV,
    Signal::SIGSYS,
];

/// Those that the host's kernel sends for a fault, and may log.
const FAULTS: [Signal; 5] = [
    Signal::SIGILL,
    Signal::SIGTRAP,
    Signal::SIGBUS,
    Signal::SIGFPE,
    Signal::SIGSEGV,
];

/// Says what ended a program that did not end well, as far as that is known.
fn tell_reason(end: &mut End, image: &Image, faults: &mut FaultLog, pid: Option<i32>) {
    let crashed = CRASHES.iter().any(|signal| end.status == 128 + *signal as i32);
    let fault = FAULTS.iter().any(|signal| end.status == 128 + *signal as i32);
    if fault && end.note.is_none() {
        let fault = faults.fault_of(image.program().trim_start_matches('/'), pid);
        end.note = fault.map(|how| Message::new("fault").with("how", how));
    }
    let why = match crashed {
        true => end.killed(),
        // A program that ended well did without what its note says.
        false => end.note.clone().filter(|_| end.status != 0),
    };
    if let Some(why) = why {
        output::hint(&render::reason(&why, output::language()));
    }
}

/// What it runs on. Options that another target has, and this one not, are refused.
fn backend(arguments: &Arguments, terminal: Terminal) -> Result<Box<dyn Backend>, Error> {
    let target = std::slice::from_ref(&arguments.on);
    if let Some(option) = arguments.container.given() {
        refuse_unused(option, target, |takes| takes.container)?;
    }
    if arguments.kernel_log {
        refuse_unused("--kernel-log", target, |takes| takes.kernel_log)?;
    }
    let machine = arguments.machine.request()?.resolve(target)?;
    arguments.machine.tell_kernel(&machine);
    if let Some(linux) = &machine.linux {
        kernels::here::check(&linux.kernel)?;
    }
    let purpose = Purpose {
        machine: &machine,
        group: Group::Lab,
        timeout: arguments.timeout,
        tell: Tell {
            story: arguments.explain,
            kernel_log: arguments.kernel_log,
        },
        container: Some(arguments.container.options(machine.limits.clone(), terminal)),
    };
    arguments.on.backend(&purpose).ok_or_else(|| {
        let name = arguments.on.name.as_str();
        Error::new(Message::new("runs-no-program").with("name", name))
            .remedy(Message::new("do-compare-with-it").with("name", name))
    })
}

/// isolab's own standard descriptors, for the workload.
fn own_stdio() -> Result<Stdio, Error> {
    let copy = |fd: BorrowedFd<'_>| -> Result<OwnedFd, Error> {
        fd.try_clone_to_owned()
            .map_err(|error| Error::from_cause(Message::new("cannot-hand-over-stdin-stdout-stderr"), error))
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
            Err(errno) => return Err(Error::from_cause(Message::new("cannot-wait-workload"), errno)),
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
