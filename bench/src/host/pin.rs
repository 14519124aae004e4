//! Keeps the lab and everything it starts to one processor (sched_setaffinity(2), inherited by children).

use crate::error::Error;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

/// Moves the calling thread to processor `cpu` for good.
pub fn to_processor(cpu: u32) -> Result<(), Error> {
    let pinned = || {
        let mut set = CpuSet::new();
        set.set(cpu as usize)?;
        sched_setaffinity(Pid::this(), &set)
    };
    pinned().map_err(|errno| {
        Error::from_cause(format_args!("cannot keep the lab to processor {cpu}"), errno.desc())
            .remedy("`nproc` says how many there are, counted from 0; `taskset -p $$` which of them may be used.")
    })
}
