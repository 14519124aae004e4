//! Instances that are held in their first write to stdout.
//!
//! Their stdout is a pipe that is full, so that the first write of the program (or, for a guest, of its monitor) waits, and
//! everything that the program has at its first byte is still there, even if it would end right after it. That write is
//! found in /proc/PID/task/TID/syscall (proc_pid_syscall(5)). Then the instance is stopped, as other threads of it may
//! still run. Nothing of this is seen by the program before it writes: no tracer, no signal, and the same descriptors as in a
//! timed run, stdin included.
//!
//! All instances of a [`Stage`] share their pipes, so that these do not count as memory of each.

use super::tasks;
use crate::error::Error;
use crate::signals;
use crate::targets::{Backend, Instance, Role, Stdio};
use crate::workloads::image::Image;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reports::model::Message;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// What is kept of what instances write to stderr.
const KEPT_BYTES: usize = 64 * 1024;
/// The shortest and the longest pause between two looks at what an instance waits for; within these, a part of the time that
/// it has taken so far, so that looking costs little beside it.
const PAUSES: [Duration; 2] = [Duration::from_micros(50), Duration::from_millis(10)];
/// That part.
const PART: u32 = 16;
/// After this much time the writer is looked for in the children of busy processes, too, and in their other threads.
const PATIENCE: Duration = Duration::from_millis(20);

/// The standard descriptors of instances to be held.
pub struct Stage {
    /// Full, and never read.
    stdout: OwnedFd,
    stdout_reader: Rc<OwnedFd>,
    /// `pipe:[INODE]`.
    stdout_name: PathBuf,
    stderr: OwnedFd,
    stderr_reader: OwnedFd,
}

/// An instance that waits in its first write, and is stopped. Dropping it ends it.
pub struct Held {
    /// None once it has ended.
    instance: Option<Box<dyn Instance>>,
    /// Its processes, as they were when it was stopped.
    processes: Vec<(i32, Role)>,
    took: Duration,
    /// A pipe without a reader would end its write.
    _stdout_reader: Rc<OwnedFd>,
}

impl Held {
    /// The instance.
    pub fn instance(&self) -> &dyn Instance {
        self.instance.as_deref().expect("only `finish` takes it away")
    }

    /// How long it took from its start to its first write; seen up to a sixteenth too late.
    pub fn took(&self) -> Duration {
        self.took
    }

    /// Ends the program, or the monitor.
    fn kill(&self) {
        signal(&self.processes, Signal::SIGKILL);
    }

    fn finish(&mut self) -> Result<(), Error> {
        let Some(mut instance) = self.instance.take() else {
            return Ok(());
        };
        instance.kill();
        instance.finish().map(drop)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.kill();
        // Nobody is left to tell that something of it may have stayed.
        let _ = self.finish();
    }
}

/// Ends instances and removes what they used. All programs and monitors end first, so that their runtimes tidy up at the same
/// time.
pub fn end(mut all: Vec<Held>) -> Result<(), Error> {
    all.iter().for_each(Held::kill);
    all.iter_mut().try_for_each(Held::finish)
}

impl Stage {
    /// Descriptors for any number of instances.
    pub fn new() -> Result<Self, Error> {
        let failed = |errno: Errno| Error::from_cause(Message::new("cannot-make-pipe"), errno);
        let (stdout_reader, stdout) = nix::unistd::pipe2(OFlag::O_CLOEXEC).map_err(failed)?;
        fill(&stdout).map_err(failed)?;
        let (stderr_reader, stderr) = nix::unistd::pipe2(OFlag::O_CLOEXEC).map_err(failed)?;
        fcntl(&stderr_reader, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map_err(failed)?;
        let link = format!("/proc/self/fd/{}", stdout.as_raw_fd());
        let stdout_name =
            std::fs::read_link(&link).map_err(|error| Error::of_path("cannot-read-file", Path::new(&link), error))?;
        Ok(Stage {
            stdout,
            stdout_reader: Rc::new(stdout_reader),
            stdout_name,
            stderr,
            stderr_reader,
        })
    }

    fn stdio(&self, image: &Image) -> Result<Stdio, Error> {
        let copy = |fd: &OwnedFd| {
            fd.try_clone()
                .map_err(|error| Error::from_cause(Message::new("cannot-duplicate-descriptor"), error))
        };
        Ok(Stdio {
            stdin: image.stdin()?,
            stdout: copy(&self.stdout)?,
            stderr: copy(&self.stderr)?,
        })
    }

    /// Starts `image`, and stops it in its first write to stdout.
    pub fn hold(&self, backend: &dyn Backend, image: &Image, timeout: Duration) -> Result<Held, Error> {
        let start = backend.prepare(image, image.args(), self.stdio(image)?)?;
        let began = Instant::now();
        let mut held = Held {
            instance: Some(start()?),
            processes: Vec::new(),
            took: Duration::ZERO,
            _stdout_reader: Rc::clone(&self.stdout_reader),
        };
        let mut said = Vec::new();
        loop {
            self.listen(&mut said);
            let taken = began.elapsed();
            let search = tasks::search(held.instance(), &self.stdout_name, taken > PATIENCE);
            held.processes = search.processes;
            if search.waits {
                held.took = taken;
                signal(&held.processes, Signal::SIGSTOP);
                return Ok(held);
            }
            if taken > timeout {
                return Err(Error::new(
                    Message::new("silent").with("seconds", timeout.as_secs_f64()),
                ));
            }
            match pause(held.instance(), (taken / PART).clamp(PAUSES[0], PAUSES[1]))? {
                Pause::Over => {}
                Pause::Interrupted => return Err(Error::new(Message::new("interrupted"))),
                Pause::Ended => {
                    self.listen(&mut said);
                    let said = String::from_utf8_lossy(&said).trim_end().to_owned();
                    return Err(Error::new(Message::new("ended-silent").with_said(&said)));
                }
            }
        }
    }

    /// Takes what came to stderr, so that nobody waits for room there.
    fn listen(&self, said: &mut Vec<u8>) {
        let mut buffer = [0; 4096];
        // Nothing more for now is EAGAIN.
        while let Ok(length @ 1..) = nix::unistd::read(&self.stderr_reader, &mut buffer) {
            said.extend_from_slice(&buffer[..length.min(KEPT_BYTES - said.len())]);
        }
    }
}

/// Makes a pipe small and full: a write to it waits.
fn fill(pipe: &OwnedFd) -> Result<(), Errno> {
    // Rounded up to a page; a whole one, so that nothing can be put behind what it holds.
    let room = fcntl(pipe, FcntlArg::F_SETPIPE_SZ(1))?;
    nix::unistd::write(pipe, &vec![b'.'; usize::try_from(room).unwrap_or(0)]).map(drop)
}

/// How a pause ended.
enum Pause {
    Over,
    Ended,
    Interrupted,
}

fn pause(instance: &dyn Instance, time: Duration) -> Result<Pause, Error> {
    let pidfd = instance.pidfd();
    let signals = signals::descriptor();
    let mut fds = [Some(pidfd), signals].map(|fd| PollFd::new(fd.unwrap_or(pidfd), PollFlags::POLLIN));
    match ppoll(&mut fds, Some(time.into()), None) {
        Ok(_) | Err(Errno::EINTR) => {}
        Err(errno) => return Err(Error::from_cause(Message::new("cannot-wait-instance"), errno)),
    }
    let [ended, signal] = fds.map(|fd| fd.any().unwrap_or(false));
    Ok(match () {
        () if signals.is_some() && signal => Pause::Interrupted,
        () if ended => Pause::Ended,
        () => Pause::Over,
    })
}

/// Signals an instance's program, or the monitor that runs it, with all its threads. A container's own pid 1 goes on: it may
/// still have to become what it is at rest.
fn signal(processes: &[(i32, Role)], signal: Signal) {
    for (pid, _) in processes.iter().filter(|(_, role)| *role != Role::Runtime) {
        // One that has ended meanwhile (ESRCH) is found out when it is looked at.
        let _ = kill(Pid::from_raw(*pid), signal);
    }
}
