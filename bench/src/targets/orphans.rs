//! What a plain process or a tool leaves running outside of its process group (setsid(2)): isolab adopts such orphans and ends
//! them with the instance.
//! What isolab was started with as its child (`sh -c 'server & exec isolab …'`) is none of theirs, and stays.

use crate::targets::process_tree::{self, Process};
use nix::errno::Errno;
use nix::sys::prctl::{get_child_subreaper, set_child_subreaper};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
use nix::unistd::Pid;
use std::cell::Cell;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A killed process is gone at once, unless the kernel is busy for it.
const PATIENCE: Duration = Duration::from_secs(2);

thread_local! {
    /// Instances of plain processes and tools that are alive. Whose an orphan is, is known when there is none.
    static ALIVE: Cell<u32> = const { Cell::new(0) };
}

/// The processes below this one before it started any.
static OTHERS: OnceLock<Vec<Process>> = OnceLock::new();

/// Allows to adopt what plain processes and tools leave. To be called by a program that has started no process yet, and whose children are all
/// isolab's from now on.
pub fn allow_to_adopt() {
    OTHERS.get_or_init(|| {
        let tree = process_tree::below(std::process::id() as i32);
        tree.into_iter().filter_map(|(pid, _)| Process::of(pid)).collect()
    });
}

/// From now on orphans below this process become its children (PR_SET_CHILD_SUBREAPER), where that is allowed. Those that come to
/// pid 1 of a container come from everywhere: it leaves them alone.
pub fn adopt() {
    if OTHERS.get().is_some() && std::process::id() != 1 {
        // Without it orphans go to pid 1, as they do everywhere.
        let _ = set_child_subreaper(true);
    }
}

/// An instance of a plain process or a tool that is alive.
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

/// Ends all children that isolab or an instance has started, and what is below them, until there are none.
fn end_orphans() {
    let until = Instant::now() + PATIENCE;
    loop {
        let children = orphans();
        for &child in &children {
            for (pid, _) in process_tree::below(child) {
                // It may have ended by itself (ESRCH).
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
            let _ = waitpid(Pid::from_raw(child), Some(WaitPidFlag::WNOHANG));
        }
        if children.is_empty() || Instant::now() >= until {
            return;
        }
        if !orphans().is_empty() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// The children of this process but those that it began with.
fn orphans() -> Vec<i32> {
    // Mostly there is none, which one call tells.
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    if waitid(Id::All, flags) == Err(Errno::ECHILD) {
        return Vec::new();
    }
    let others = OTHERS.get().map_or(&[][..], Vec::as_slice);
    let mut children = process_tree::children(std::process::id() as i32);
    children.retain(|child| Process::of(*child).is_none_or(|child| !others.contains(&child)));
    children
}
