//! The system calls of a container's init, `init/pid1.rs`: whoever takes it over can make no other.

use std::collections::BTreeMap;

use super::filter::{Instruction, compile};
use super::policy::{Policy, Verdict};
use crate::abi;

/// What the init calls. The one exec is its own start, from a descriptor that closes then.
const CALLS: [(i64, Verdict); 10] = [
    (libc::SYS_execveat, Verdict::AllowOneOf(&[abi::INIT_IMAGE as u32])),
    (libc::SYS_getpid, Verdict::Allow),
    (libc::SYS_prctl, Verdict::AllowOneOf(&[libc::PR_SET_NAME as u32])),
    (libc::SYS_signalfd4, Verdict::Allow),
    (libc::SYS_ppoll, Verdict::Allow),
    (libc::SYS_read, Verdict::Allow),
    (libc::SYS_write, Verdict::AllowOneOf(&[abi::INIT_LINK as u32])),
    (libc::SYS_wait4, Verdict::Allow),
    (libc::SYS_kill, Verdict::Allow),
    (libc::SYS_exit_group, Verdict::Allow),
];

/// The init's filter.
pub fn init_filter() -> Vec<Instruction> {
    let rules: BTreeMap<u32, Verdict> = CALLS.map(|(number, verdict)| (number as u32, verdict)).into();
    compile(&Policy {
        rules,
        default: Verdict::Kill,
        unknown: Verdict::Kill,
    })
}
