//! Starts a process the way posix_spawn(3) does, with two things that posix_spawn cannot do: the child dies with isolab
//! (PR_SET_PDEATHSIG), and its descriptors are exactly the ones given.
//!
//! The child shares isolab's memory until it executes (CLONE_VM | CLONE_VFORK, clone(2)), so that the cost of a start
//! does not grow with isolab's own page tables. Everything that needs memory is made ahead of time in [`Prepared`].

use crate::error::Error;
use crate::host::descriptors;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use reports::model::Message;
use std::ffi::{CString, c_char, c_int, c_void};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

/// What the child can use of its own stack before it executes; its deepest call is a system call wrapper of libc.
const STACK_BYTES: usize = 64 * 1024;

/// Descriptors that the child gets are moved here or above first, so that placing one never overwrites another.
const FIRST_SOURCE_FD: RawFd = 32;

/// Which process group the child starts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// One of its own: signals from the terminal reach only isolab, which then ends the child and all it started.
    Own,
    /// isolab's, so that it may read from the terminal.
    Lab,
}

/// Everything that is needed to start one process, made before the clock starts.
pub struct Prepared {
    program: CString,
    _strings: Vec<CString>,
    argv: Vec<*const c_char>,
    envp: Vec<*const c_char>,
    /// `fds[n]` becomes the child's descriptor n.
    fds: Vec<OwnedFd>,
    group: Group,
    /// Its working directory, where that is not isolab's.
    folder: Option<CString>,
    /// Never read or written by isolab: only the pages that the child uses come into being.
    stack: Box<[MaybeUninit<u8>]>,
}

/// A started process. Dropping it ends and reaps it.
#[derive(Debug)]
pub struct Child {
    pid: Pid,
    /// Becomes readable when it has ended (pidfd_open(2)).
    pidfd: OwnedFd,
    group: Group,
    reaped: bool,
}

impl Prepared {
    /// A start of `program` (a path) with `argv[0]` first in `args`, `env` as `NAME=value`, and `fds` as its descriptors
    /// 0, 1, 2, ….
    pub fn new(program: &str, args: &[&str], env: &[&str], fds: Vec<OwnedFd>, group: Group) -> Result<Self, Error> {
        let c_string =
            |text: &str| CString::new(text).map_err(|_| Error::new(Message::new("zero-byte").with("text", text)));
        let args = args.iter().map(|text| c_string(text)).collect::<Result<Vec<_>, _>>()?;
        let env = env.iter().map(|text| c_string(text)).collect::<Result<Vec<_>, _>>()?;
        let pointers = |strings: &[CString]| -> Vec<*const c_char> {
            strings
                .iter()
                .map(|text| text.as_ptr())
                .chain([std::ptr::null()])
                .collect()
        };
        let (argv, envp) = (pointers(&args), pointers(&env));
        let fds = fds.into_iter().map(move_up).collect::<Result<Vec<_>, _>>()?;
        Ok(Prepared {
            program: c_string(program)?,
            // Moving a CString does not move the bytes that it points to.
            _strings: args.into_iter().chain(env).collect(),
            argv,
            envp,
            fds,
            group,
            folder: None,
            stack: Box::new_uninit_slice(STACK_BYTES),
        })
    }

    /// The same start in another working directory.
    pub fn in_folder(self, folder: &Path) -> Result<Self, Error> {
        let name = CString::new(folder.as_os_str().as_bytes());
        let name = name.map_err(|_| Error::of_text("zero-byte", folder.display().to_string()))?;
        Ok(Prepared {
            folder: Some(name),
            ..self
        })
    }

    /// Asks the kernel for the process, and returns once it has executed its program.
    pub fn spawn(mut self) -> Result<Child, Errno> {
        let mut request = Request {
            program: self.program.as_ptr(),
            argv: self.argv.as_ptr(),
            envp: self.envp.as_ptr(),
            fds: &self.fds,
            group: self.group,
            folder: self.folder.as_ref().map_or(std::ptr::null(), |folder| folder.as_ptr()),
            lab: std::process::id() as i32,
            descriptors: descriptors::inherited().map(|(soft, hard)| libc::rlimit {
                rlim_cur: soft,
                rlim_max: hard,
            }),
            failed: 0,
        };
        let mut pidfd: c_int = -1;
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD;
        // The stack grows downwards from its end, which the ABI wants aligned to 16 bytes.
        let top = self.stack.as_mut_ptr_range().end.map_addr(|address| address & !15);
        // SAFETY: the child runs `child` on a stack of its own and, because of CLONE_VFORK, this thread stands still until
        // the child has executed or ended; `request`, `self` and the stack therefore outlive every use of them.
        let pid = unsafe {
            libc::clone(
                child,
                top.cast(),
                flags,
                (&raw mut request).cast::<c_void>(),
                &raw mut pidfd,
            )
        };
        if pid < 0 {
            return Err(Errno::last());
        }
        // SAFETY: with CLONE_PIDFD a successful clone(2) has stored a new descriptor, which nobody else owns.
        let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
        // SAFETY: the child has written the field, if at all, before this thread went on.
        let failed = unsafe { (&raw const request.failed).read_volatile() };
        if failed != 0 {
            // The child has ended by _exit: nothing but its zombie is left.
            let _ = waitpid(Pid::from_raw(pid), None);
            return Err(Errno::from_raw(failed));
        }
        Ok(Child {
            pid: Pid::from_raw(pid),
            pidfd,
            group: self.group,
            reaped: false,
        })
    }
}

impl Child {
    /// Its process id, which is its own until it is reaped.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    /// A descriptor that becomes readable when it has ended (pidfd_open(2)).
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// Ends it at once.
    pub fn kill(&self) {
        if !self.reaped {
            // It may have ended by itself (ESRCH).
            let _ = kill(self.pid, Signal::SIGKILL);
        }
    }

    /// Asks it to end (SIGTERM), and ends it if it is still there after `grace`.
    pub fn end_within(&self, grace: Duration) {
        if self.reaped {
            return;
        }
        // It may have ended by itself (ESRCH).
        let _ = kill(self.pid, Signal::SIGTERM);
        let timeout = PollTimeout::try_from(grace).unwrap_or(PollTimeout::MAX);
        // A signal to isolab ends the wait early; what the process then leaves is removed by the next sweep.
        if !poll(&mut [PollFd::new(self.pidfd(), PollFlags::POLLIN)], timeout).is_ok_and(|ended| ended > 0) {
            self.kill();
        }
    }

    /// Waits for its end, with what it has started and left behind in a group of its own; gives its exit status, 128 + N
    /// for a signal.
    pub fn reap(mut self) -> Result<i32, Error> {
        self.wait()
    }

    fn wait(&mut self) -> Result<i32, Error> {
        if self.group == Group::Own && self.ended(libc::WNOWAIT).is_ok() {
            // Until the leader is reaped, the number of its process group belongs to nobody else.
            let _ = killpg(self.pid, Signal::SIGKILL);
        }
        let ended = self.ended(0);
        self.reaped = true;
        let tried = Message::new("cannot-wait-process").with("pid", f64::from(self.pid.as_raw()));
        ended.map_err(|errno| Error::from_cause(tried, errno))
    }

    /// Waits for its end with these flags (waitid(2)), and gives its status, 128 + N for a signal. nix has no name for real-time
    /// signals, and refuses them.
    fn ended(&self, flags: c_int) -> Result<i32, Errno> {
        // SAFETY: zeros are a valid siginfo_t.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        let fd = self.pidfd.as_raw_fd() as libc::id_t;
        loop {
            // SAFETY: the kernel writes to `info`, which lives longer than the call.
            let answer = unsafe { libc::waitid(libc::P_PIDFD, fd, &raw mut info, libc::WEXITED | flags) };
            match Errno::result(answer) {
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
                Ok(_) => break,
            }
        }
        // SAFETY: waitid(2) has filled in the fields of a SIGCHLD.
        let status = unsafe { info.si_status() };
        Ok(if info.si_code == libc::CLD_EXITED {
            status
        } else {
            128 + status
        })
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill();
            // Nobody is left to tell that waiting failed.
            let _ = self.wait();
        }
    }
}

fn move_up(fd: OwnedFd) -> Result<OwnedFd, Error> {
    if fd.as_raw_fd() >= FIRST_SOURCE_FD {
        return Ok(fd);
    }
    let moved = fcntl(fd.as_fd(), FcntlArg::F_DUPFD_CLOEXEC(FIRST_SOURCE_FD))
        .map_err(|errno| Error::from_cause(Message::new("cannot-duplicate-descriptor"), errno))?;
    // SAFETY: F_DUPFD_CLOEXEC has just made this descriptor, and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(moved) })
}

struct Request<'a> {
    program: *const c_char,
    argv: *const *const c_char,
    envp: *const *const c_char,
    fds: &'a [OwnedFd],
    group: Group,
    /// Null for isolab's own.
    folder: *const c_char,
    lab: i32,
    /// Limits of descriptors (RLIMIT_NOFILE), soft and hard, where they are not to be isolab's.
    descriptors: Option<libc::rlimit>,
    /// The errno that kept the child from executing its program.
    failed: c_int,
}

/// The child's life before its program: only system calls, nothing that allocates or locks.
extern "C" fn child(request: *mut c_void) -> c_int {
    let request = request.cast::<Request>();
    // SAFETY: `request` is the one that `spawn` made; its thread stands still meanwhile, so nothing else touches it. Every
    // call is async-signal-safe (signal-safety(7)).
    unsafe {
        if prepare_self(&*request).is_some() {
            libc::execve((*request).program, (*request).argv, (*request).envp);
        }
        (&raw mut (*request).failed).write_volatile(*libc::__errno_location());
        libc::_exit(127)
    }
}

/// `None` when a step failed; errno says why.
///
/// # Safety
/// To be called only in the child, see [`child`].
unsafe fn prepare_self(request: &Request) -> Option<()> {
    let succeeded = |result: c_int| (result >= 0).then_some(());
    // SAFETY: plain system calls on values that live in `request`.
    unsafe {
        succeeded(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL))?;
        if libc::getppid() != request.lab {
            // isolab was killed before the line above: nobody would end this child.
            libc::_exit(127);
        }
        if request.group == Group::Own {
            succeeded(libc::setpgid(0, 0))?;
        }
        if !request.folder.is_null() {
            succeeded(libc::chdir(request.folder))?;
        }
        for (target, fd) in request.fds.iter().enumerate() {
            succeeded(libc::dup2(fd.as_raw_fd(), target as c_int))?;
        }
        // Descriptors that isolab itself was started with. Kernels before 5.9 lack the call; there they are inherited,
        // as posix_spawn(3) would let them be.
        libc::syscall(
            libc::SYS_close_range,
            request.fds.len() as libc::c_uint,
            libc::c_uint::MAX,
            0,
        );
        if let Some(limits) = &request.descriptors {
            succeeded(libc::setrlimit(libc::RLIMIT_NOFILE, limits))?;
        }
        // Rust's runtime ignores SIGPIPE, and what is ignored stays so across execve(2).
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn null() -> OwnedFd {
        std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/null")
            .unwrap()
            .into()
    }

    fn run(program: &str, args: &[&str], env: &[&str]) -> Result<String, Errno> {
        let (reader, writer) = std::io::pipe().unwrap();
        let fds = vec![null(), writer.into(), null()];
        let child = Prepared::new(program, args, env, fds, Group::Own).unwrap().spawn()?;
        let mut output = String::new();
        std::fs::File::from(OwnedFd::from(reader))
            .read_to_string(&mut output)
            .unwrap();
        child.reap().unwrap();
        Ok(output)
    }

    #[test]
    fn the_child_gets_exactly_the_arguments_and_the_environment_it_was_given() {
        assert_eq!(
            run("/bin/sh", &["sh", "-c", "echo \"$0 $1 $X\"", "a", "b c"], &["X=y"]).unwrap(),
            "a b c y\n"
        );
    }

    #[test]
    fn the_child_has_no_other_descriptors() {
        let inheritable = nix::fcntl::fcntl(null(), FcntlArg::F_DUPFD(200)).unwrap();
        let script = "for n in 0 1 2 200; do [ -e /proc/self/fd/$n ] && echo $n; done";
        let open = run("/bin/sh", &["sh", "-c", script], &[]).unwrap();
        nix::unistd::close(inheritable).unwrap();
        assert_eq!(open, "0\n1\n2\n");
    }

    #[test]
    fn a_program_that_cannot_be_executed_is_the_kernels_answer_and_leaves_no_zombie() {
        assert_eq!(run("/nonexistent", &["x"], &[]), Err(Errno::ENOENT));
        assert_eq!(run("/etc/passwd", &["x"], &[]), Err(Errno::EACCES));
    }

    #[test]
    fn dropping_a_child_ends_it_and_what_it_has_started() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let fds = vec![null(), writer.into(), null()];
        let args = ["sh", "-c", "sleep 1000 & echo $!; sleep 1000"];
        let child = Prepared::new("/bin/sh", &args, &["PATH=/bin:/usr/bin"], fds, Group::Own).unwrap();
        let child = child.spawn().unwrap();
        let mut line = [0; 1];
        reader.read_exact(&mut line).unwrap();
        drop(child);
        // Both ends of the pipe that they had are closed.
        let mut rest = String::new();
        reader.read_to_string(&mut rest).unwrap();
    }

    #[test]
    fn the_status_tells_every_signal_also_a_real_time_one() {
        for (script, status) in [
            ("exit 7", 7),
            ("kill -9 $$", 137),
            ("kill -34 $$", 162),
            ("kill -64 $$", 192),
        ] {
            let child = Prepared::new("/bin/sh", &["sh", "-c", script], &[], vec![null()], Group::Own).unwrap();
            assert_eq!(child.spawn().unwrap().reap().unwrap(), status, "{script}");
        }
    }

    #[test]
    fn a_zero_byte_in_an_argument_is_refused() {
        assert!(Prepared::new("/bin/true", &["a\0b"], &[], vec![], Group::Own).is_err());
    }
}
