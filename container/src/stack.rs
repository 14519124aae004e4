//! Stacks for the two processes of a start while they share isolab's memory, pid 1 and the program's, and for a thread
//! of the latter.
//!
//! They are kept and used again, so that many containers alive at once do not each hold their own.

use std::sync::{Arc, Mutex, PoisonError};

use nix::errno::Errno;

use crate::Error;

/// One stack: its lowest address and its size in bytes, as `struct clone_args` wants them.
#[derive(Debug, Clone, Copy)]
pub struct Stack {
    pub base: u64,
    pub size: u64,
}

/// Who runs on which stack.
#[derive(Debug, Clone, Copy)]
pub struct Roles {
    pub pid1: Stack,
    pub program: Stack,
    /// A thread of the program's process.
    pub leaver: Stack,
}

/// What runs on stacks.
pub trait Runs: Send + Sync {
    /// Whether nothing does any more.
    fn has_finished(&self) -> bool;
}

/// The stacks of a start, each with an inaccessible page below it.
#[derive(Debug)]
pub struct Stacks {
    base: u64,
}

const GUARD: u64 = 4096;
/// Enough for an unoptimised build, whose frames are large, and a path of PATH_MAX.
const SIZE: u64 = 60 * 1024;
const STRIDE: u64 = GUARD + SIZE;
const COUNT: u64 = 3;

/// Stacks, each with what ran on it last; free when that has finished.
static LENT: Mutex<Vec<(Stacks, Arc<dyn Runs>)>> = Mutex::new(Vec::new());

impl Stacks {
    /// Spare ones, or new ones.
    pub fn get() -> Result<Stacks, Error> {
        let mut lent = LENT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(free) = lent.iter().position(|(_, last)| last.has_finished()) {
            return Ok(lent.swap_remove(free).0);
        }
        drop(lent);
        Stacks::map().map_err(|errno| Error {
            step: "plan",
            tried: format!("mmap of {} KiB for stacks", STRIDE * COUNT / 1024),
            errno: Some(errno),
            hint: "memory is short: end something, or raise `ulimit -v`".into(),
        })
    }

    fn map() -> Result<Stacks, Errno> {
        let (protection, flags) = (
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK,
        );
        // SAFETY: a new anonymous mapping.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                (STRIDE * COUNT) as usize,
                protection,
                flags,
                -1,
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(Errno::last());
        }
        let stacks = Stacks { base: base as u64 };
        for index in 0..COUNT {
            let guard = (stacks.base + index * STRIDE) as *mut libc::c_void;
            // SAFETY: a page of the mapping just made.
            Errno::result(unsafe { libc::mprotect(guard, GUARD as usize, libc::PROT_NONE) })?;
        }
        Ok(stacks)
    }

    /// Which stack is whose.
    pub fn roles(&self) -> Roles {
        let stack = |index| Stack {
            base: self.base + index * STRIDE + GUARD,
            size: SIZE,
        };
        Roles {
            pid1: stack(0),
            program: stack(1),
            leaver: stack(2),
        }
    }
}

impl Drop for Stacks {
    /// Only stacks on which nothing has run are dropped; others are given back.
    fn drop(&mut self) {
        // SAFETY: the mapping that `map` has made. munmap(2) of a whole mapping cannot fail.
        let _ = unsafe { libc::munmap(self.base as *mut libc::c_void, (STRIDE * COUNT) as usize) };
    }
}

/// Keeps the stacks of a start for later ones, and what runs on them until it has finished.
pub fn give_back(stacks: Stacks, last: Arc<dyn Runs>) {
    LENT.lock().unwrap_or_else(PoisonError::into_inner).push((stacks, last));
}
