//! The system-call filter: what is allowed, and its shape.

mod filter;
mod init;
mod policy;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

pub use filter::Instruction;
pub use init::init_filter;

use crate::capability::Capability;
use crate::spec::Seccomp;

/// The filter for a container; `None` when it asks for none. Each is compiled once and kept.
pub fn filter(seccomp: Seccomp, capabilities: &BTreeSet<Capability>) -> Option<Arc<[Instruction]>> {
    static COMPILED: Mutex<BTreeMap<Vec<Capability>, Arc<[Instruction]>>> = Mutex::new(BTreeMap::new());
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if seccomp == Seccomp::Default
        && let Some(filter) = compiled.get(&key(capabilities))
    {
        return Some(Arc::clone(filter));
    }
    let filter: Arc<[Instruction]> = filter::compile(&policy::policy(seccomp, capabilities)?).into();
    compiled.insert(key(capabilities), Arc::clone(&filter));
    Some(filter)
}

fn key(capabilities: &BTreeSet<Capability>) -> Vec<Capability> {
    capabilities.iter().copied().collect()
}
