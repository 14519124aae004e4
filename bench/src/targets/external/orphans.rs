//! What a tool leaves running outside of its process group (setsid(2)): isolab adopts such orphans and ends them with the instance.

use crate::targets::process_tree;
use nix::errno::Errno;
use nix::libc;
use nix::sys::prctl::{get_child_subreaper, set_child_subreaper};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
use nix::unistd::Pid;
use std::cell::Cell;
use std::time::{Duration, Instant};

/// A killed process is gone at once, unless the kernel is busy for it.
const PATIENCE: Duration = Duration::from_secs(2);

thread_local! {
    /// Instances of tools that are alive. Whose an orphan is, is known when there is none.
    static ALIVE: Cell<u32> = const { Cell::new(0) };
}

/// From now on orphans below this process become its children (PR_SET_CHILD_SUBREAPER). To be called by a program whose children
/// are all isolab's.
pub fn adopt() {
    // Without it orphans go to pid 1, as they do everywhere.
    let _ = set_child_subreaper(true);
}

/// An instance of a tool that is alive.
#[derive(Debug)]
pub struct Alive(());

impl Alive {
    /// One more.
    pub fn one_more() -> Self {
        ALIVE.set(ALIVE.get() + 1);
        Alive(())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        ALIVE.set(ALIVE.get() - 1);
        if ALIVE.get() == 0 && get_child_subreaper().unwrap_or(false) {
            end_orphans();
        }
    }
}

/// Ends all children of this process, and what is below them, until there are none.
fn end_orphans() {
    let until = Instant::now() + PATIENCE;
    // Mostly there is none, which one call tells.
    let any = || {
        waitid(
            Id::All,
            WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT,
        ) != Err(Errno::ECHILD)
    };
    while any() && Instant::now() < until {
        for (pid, depth) in process_tree::below(std::process::id() as libc::pid_t) {
            if depth > 0 {
                // It may have ended by itself (ESRCH).
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
            if depth == 1 {
                let _ = waitpid(Pid::from_raw(pid), Some(WaitPidFlag::WNOHANG));
            }
        }
        if any() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
