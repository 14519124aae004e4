//! The stopwatch: starts one instance, waits for the first byte that the workload writes, or for another mark
//! ([`super::ready`]), then for its end.
//!
//! The order of events is that of the definitions of `ready_ms` and `exit_ms`. Pipes and everything that the start needs
//! are made before the clock is read for the first time; between that and the first byte isolab makes no system call
//! but the start itself, one poll(2) and one read(2).

use crate::error::Error;
use crate::measure::clock;
use crate::measure::ready::{Finder, Ready};
use crate::measure::system_calls::SystemCalls;
use crate::signals;
use crate::targets::{Backend, End, Stdio};
use crate::workloads::image::Image;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use reports::model::{Figures, Message};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// What is kept of each of the workload's two output streams, from its beginning.
const KEPT_BYTES: usize = 64 * 1024;

/// What happened in one run, in nanoseconds of [`clock`].
#[derive(Debug, Default)]
pub struct Observation {
    /// Just before the kernel was asked for the first process.
    pub asked_ns: u64,
    /// The last process was reaped and every resource was gone.
    pub gone_ns: u64,
    /// The start-up was over, by the mark that the image has for that.
    pub ready_ns: Option<u64>,
    /// What it wrote to stdout, and when.
    pub stdout: Stream,
    /// What it wrote to stderr, and when.
    pub stderr: Stream,
    /// How it ended.
    pub end: End,
    /// It was ended because it took longer than it was allowed to.
    pub timed_out: bool,
    /// What the kernel counted of its processes.
    pub counted: Figures,
}

/// What came out of one descriptor of the workload.
#[derive(Debug, Default)]
pub struct Stream {
    /// The first byte was read.
    pub first_ns: Option<u64>,
    /// The last byte was read.
    pub last_ns: Option<u64>,
    /// The beginning of it.
    pub bytes: Vec<u8>,
    /// How many bytes it was in all.
    pub length: u64,
    /// A text that was looked for was read.
    found_ns: Option<u64>,
    /// That text, until it is found.
    finder: Option<Finder>,
    /// isolab's end of the pipe, until all writers are gone.
    reader: Option<OwnedFd>,
}

/// Runs `image` once, for at most `timeout`.
pub fn run(backend: &dyn Backend, image: &Image, timeout: Duration) -> Result<Observation, Error> {
    let (stdio, mut stdout, stderr) = pipes(image.stdin()?)?;
    stdout.finder = Finder::of(image.ready());
    let start = backend.prepare(image, image.args(), stdio)?;
    let mut seen = Observation {
        stdout,
        stderr,
        ..Observation::default()
    };
    let before = of_children();
    seen.asked_ns = clock::now_ns();
    let mut instance = start()?;
    let deadline_ns = after(seen.asked_ns, timeout);
    let why = loop {
        if let Some(why) = wait(&mut seen.stdout, &mut seen.stderr, instance.pidfd(), deadline_ns)? {
            break why;
        }
    };
    let ended_ns = clock::now_ns();
    if why != Over::Ended {
        instance.kill();
    }
    seen.end = instance.finish()?;
    seen.gone_ns = clock::now_ns();
    seen.counted = counted(&before, &of_children());
    // What it wrote just before its end, where the end was seen first.
    seen.stdout.read();
    seen.stderr.read();
    seen.timed_out = why == Over::TimedOut;
    seen.ready_ns = match image.ready() {
        Ready::FirstByte => seen.stdout.first_ns,
        Ready::Line(_) => seen.stdout.found_ns,
        Ready::Exit => Some(ended_ns),
    };
    if why == Over::Interrupted {
        Err(interrupted())
    } else {
        Ok(seen)
    }
}

/// Runs `image` once more, untimed, and gives how many system calls it made, or why that cannot be counted.
pub fn system_calls(backend: &dyn Backend, image: &Image, timeout: Duration) -> Result<u64, Message> {
    let counting = SystemCalls::begin()?;
    let seen = run(backend, image, timeout).map_err(|error| error.reason())?;
    if seen.timed_out {
        return Err(Message::new("timed-out").with("seconds", timeout.as_secs_f64()));
    }
    counting.finish()
}

/// What the kernel has counted so far of all children that were reaped, and of theirs.
fn of_children() -> Usage {
    // For a constant and known `who`, getrusage(2) has no error to report.
    getrusage(UsageWho::RUSAGE_CHILDREN).expect("the kernel always knows its counts")
}

/// What was added to the counts of the children, by metric: isolab runs one instance at a time.
fn counted(before: &Usage, after: &Usage) -> Figures {
    let added = |of: fn(&Usage) -> i64| (of(after) - of(before)) as f64;
    let cpu_us = |usage: &Usage| (usage.user_time() + usage.system_time()).num_microseconds();
    Figures::from([
        ("cpu_ms", added(cpu_us) / 1e3),
        (
            "page_faults",
            added(|usage| usage.minor_page_faults() + usage.major_page_faults()),
        ),
        ("major_faults", added(Usage::major_page_faults)),
        (
            "context_switches",
            added(|usage| usage.voluntary_context_switches() + usage.involuntary_context_switches()),
        ),
        ("involuntary_switches", added(Usage::involuntary_context_switches)),
    ])
}

/// The error of a run that a signal ended.
fn interrupted() -> Error {
    Error::new(Message::new("interrupted"))
}

fn after(from_ns: u64, time: Duration) -> u64 {
    from_ns.saturating_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

fn pipe() -> Result<(OwnedFd, OwnedFd), Error> {
    nix::unistd::pipe2(OFlag::O_CLOEXEC).map_err(|errno| Error::from_cause(Message::new("cannot-make-pipe"), errno))
}

fn pipes(stdin: OwnedFd) -> Result<(Stdio, Stream, Stream), Error> {
    let (stdout_reader, stdout) = pipe()?;
    let (stderr_reader, stderr) = pipe()?;
    for reader in [&stdout_reader, &stderr_reader] {
        // Only isolab's end: the workload's own end blocks, as programs expect.
        fcntl(reader, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))
            .map_err(|errno| Error::from_cause(Message::new("cannot-set-up-pipe"), errno))?;
    }
    let stream = |reader| Stream {
        reader: Some(reader),
        ..Stream::default()
    };
    Ok((
        Stdio { stdin, stdout, stderr },
        stream(stdout_reader),
        stream(stderr_reader),
    ))
}

impl Stream {
    /// Reads all that is there.
    fn read(&mut self) {
        let mut buffer = [0; 8192];
        while let Some(reader) = &self.reader {
            match nix::unistd::read(reader, &mut buffer) {
                Ok(0) => self.reader = None,
                Ok(length) => {
                    let now_ns = clock::now_ns();
                    self.first_ns.get_or_insert(now_ns);
                    self.last_ns = Some(now_ns);
                    if self
                        .finder
                        .as_mut()
                        .is_some_and(|finder| finder.finds_in(&buffer[..length]))
                    {
                        self.found_ns = Some(now_ns);
                        self.finder = None;
                    }
                    self.length += length as u64;
                    let room = KEPT_BYTES - self.bytes.len();
                    self.bytes.extend_from_slice(&buffer[..length.min(room)]);
                }
                Err(Errno::EINTR) => {}
                // Nothing more for now (EAGAIN).
                Err(_) => return,
            }
        }
    }
}

/// Why there is nothing more to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Ended,
    TimedOut,
    Interrupted,
}

/// Waits until something happens: reads what the instance wrote, or says that it has ended, has run out of time, or that a
/// signal came.
fn wait(
    stdout: &mut Stream,
    stderr: &mut Stream,
    pidfd: BorrowedFd<'_>,
    deadline_ns: u64,
) -> Result<Option<Over>, Error> {
    let left_ms = deadline_ns.saturating_sub(clock::now_ns()).div_ceil(1_000_000);
    let timeout = PollTimeout::try_from(left_ms).unwrap_or(PollTimeout::MAX);
    // What there is no descriptor for, or no longer, is filled up with one that is in the list anyway; reading from a
    // stream that is over does nothing.
    let signals = signals::descriptor();
    let (out, err) = (
        stdout.reader.as_ref().map(OwnedFd::as_fd),
        stderr.reader.as_ref().map(OwnedFd::as_fd),
    );
    let mut fds = [out, err, Some(pidfd), signals].map(|fd| PollFd::new(fd.unwrap_or(pidfd), PollFlags::POLLIN));
    match poll(&mut fds, timeout) {
        Ok(_) => {}
        Err(Errno::EINTR) => return Ok(None),
        Err(errno) => return Err(Error::from_cause(Message::new("cannot-wait-instance"), errno)),
    }
    let [out, err, ended, signal] = fds.map(|fd| fd.any().unwrap_or(false));
    if out {
        stdout.read();
    }
    if err {
        stderr.read();
    }
    Ok(match () {
        () if signals.is_some() && signal => Some(Over::Interrupted),
        () if ended => Some(Over::Ended),
        () if left_ms == 0 => Some(Over::TimedOut),
        () => None,
    })
}
