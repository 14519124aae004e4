//! One start as isolab holds it: what all its processes share, and what only isolab needs of it.

use std::ops::Deref;
use std::os::fd::OwnedFd;
use std::ptr::NonNull;
use std::sync::atomic::AtomicI32;
use std::sync::{Arc, OnceLock};

use crate::arena::Arena;
use crate::cgroup::Place;
use crate::error::Error;
use crate::launch::{Launch, Roles};
use crate::planner::Planned;
use crate::report::Report;
use crate::seccomp::Instruction;
use crate::stack::Runs;

/// See the top of the file.
pub struct Start {
    /// In the arena.
    launch: NonNull<Launch>,
    pub place: Option<Place>,
    filter: OnceLock<Arc<[Instruction]>>,
    _owned: Vec<OwnedFd>,
    arena: Arena,
}

// SAFETY: a launch is atomic where it changes, and lives in the arena as long as this.
unsafe impl Send for Start {}
// SAFETY: as above.
unsafe impl Sync for Start {}

impl Start {
    /// A start that is planned, with the stacks that its processes run on.
    pub fn new(mut arena: Arena, planned: Planned, report: Report, stacks: Roles) -> Result<Start, Error> {
        let Planned { plan, place, owned } = planned;
        let mut none = |count: usize| arena.list((0..count).map(|_| AtomicI32::new(-1)).collect());
        let (covers, volumes) = (none(plan.masked_sys.len())?, none(plan.volumes.len())?);
        let launch = arena.put(Launch::new(plan, report, stacks, covers, volumes))?;
        Ok(Start {
            launch: NonNull::new(launch).expect("a place in a mapping"),
            place,
            filter: OnceLock::new(),
            _owned: owned,
            arena,
        })
    }

    /// Sets the system-call filter that this process has compiled.
    pub fn use_filter(&self, filter: Option<Arc<[Instruction]>>) {
        match filter {
            // SAFETY: kept as long as this, which the launch is in.
            Some(filter) => unsafe { self.set_filter(self.filter.get_or_init(|| filter)) },
            // SAFETY: it lives for ever.
            None => unsafe { self.set_filter(&[]) },
        }
    }

    /// The memory that it lies in.
    pub fn arena(&self) -> &Arena {
        &self.arena
    }

    /// Where the launch is.
    pub fn launch(&self) -> NonNull<Launch> {
        self.launch
    }
}

impl Deref for Start {
    type Target = Launch;

    fn deref(&self) -> &Launch {
        // SAFETY: written when this was made, and only read since, but for what is atomic.
        unsafe { self.launch.as_ref() }
    }
}

impl Drop for Start {
    fn drop(&mut self) {
        // What another process has opened is that one's.
        if let Some(group) = self.plan.group.as_ref().filter(|_| self.arena.file().is_none()) {
            group.close_opened();
        }
    }
}

impl Runs for Start {
    fn has_finished(&self) -> bool {
        self.report.is_released()
    }
}
