//! What the caller and the processes of one start share: the plan, which nobody changes, and what changes while it is carried out.

use std::sync::atomic::AtomicI32;
use std::sync::{Arc, OnceLock};

use crate::kernel_files::MASKED_SYS;
use crate::plan::Plan;
use crate::report::Report;
use crate::seccomp::Instruction;
use crate::stack::{Roles, Runs};

/// See the top of the file.
pub struct Launch {
    pub plan: Plan,
    pub report: Report,
    pub stacks: Roles,
    /// The system-call filter, which isolab compiles while pid 1 is on its way. Behind
    /// [`gate::FILTER`](crate::report::gate::FILTER).
    pub filter: OnceLock<Option<Arc<[Instruction]>>>,
    /// What covers directories of /sys, taken hold of while its place is still in sight.
    pub covers: [AtomicI32; MASKED_SYS.len()],
    /// The detached mount of each volume, taken hold of likewise.
    pub volumes: Vec<AtomicI32>,
}

impl Launch {
    pub fn new(plan: Plan, report: Report, stacks: Roles) -> Self {
        Launch {
            volumes: plan.volumes.iter().map(|_| AtomicI32::new(-1)).collect(),
            plan,
            report,
            stacks,
            filter: OnceLock::new(),
            covers: [const { AtomicI32::new(-1) }; MASKED_SYS.len()],
        }
    }

    /// The instructions of the system-call filter, once it is there; none for no filter.
    pub fn filter(&self) -> &[Instruction] {
        self.filter.get().and_then(Option::as_deref).unwrap_or_default()
    }
}

impl Runs for Launch {
    fn has_finished(&self) -> bool {
        self.report.is_released()
    }
}
