//! Stacks for the two processes of a start while they share isolab's memory, pid 1 and the program's, and for a thread
//! of the latter.
//!
//! They are kept and used again, so that many containers alive at once do not each hold their own.

use std::sync::{Arc, Mutex, PoisonError};

use nix::errno::Errno;

use crate::Error;
use crate::launch::Roles;
use crate::steps::Step;

/// What runs on stacks.
pub trait Runs: Send + Sync {
    /// Whether nothing does any more.
    fn has_finished(&self) -> bool;
}

/// The stacks of a start.
#[derive(Debug)]
pub struct Stacks(Roles);

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
        let mapped = Roles::map().map_err(|errno| {
            let tried = format!("mmap of {} KiB for stacks", Roles::BYTES / 1024);
            Error::of_resource(Step::Plan, tried, Errno::from_raw(errno))
        });
        mapped.map(Stacks)
    }

    /// Which stack is whose.
    pub fn roles(&self) -> Roles {
        self.0
    }
}

impl Drop for Stacks {
    /// Only stacks on which nothing has run are dropped; others are given back.
    fn drop(&mut self) {
        // SAFETY: `get` has made them.
        unsafe { self.0.unmap() };
    }
}

/// Keeps the stacks of a start for later ones, and what runs on them until it has finished.
pub fn give_back(stacks: Stacks, last: Arc<dyn Runs>) {
    LENT.lock().unwrap_or_else(PoisonError::into_inner).push((stacks, last));
}
