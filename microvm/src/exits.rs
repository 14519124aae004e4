//! Counts what a processor came out for, and explains the exits after which it cannot go on.

use crate::Error;
use crate::memory::Ram;
use kvm_ioctls::{VcpuExit, VcpuFd};
use std::collections::BTreeMap;
use std::time::Duration;
use vm_memory::{Bytes, GuestAddress};

/// Exits by reason: how many there were, and how long the monitor took to answer them.
#[derive(Debug, Default)]
pub struct Exits {
    by_reason: BTreeMap<&'static str, (u64, Duration)>,
}

impl Exits {
    /// Notes one.
    pub fn note(&mut self, reason: &'static str, answered_in: Duration) {
        let (count, time) = self.by_reason.entry(reason).or_default();
        *count += 1;
        *time += answered_in;
    }

    /// Adds another processor's.
    pub fn merge(&mut self, other: Exits) {
        for (reason, (count, time)) in other.by_reason {
            let (all, total) = self.by_reason.entry(reason).or_default();
            *all += count;
            *total += time;
        }
    }

    /// How many there were.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.by_reason
            .iter()
            .map(|(reason, (count, _))| (*reason, *count))
            .collect()
    }

    /// How long they took.
    pub fn times(&self) -> BTreeMap<&'static str, Duration> {
        self.by_reason
            .iter()
            .map(|(reason, (_, time))| (*reason, *time))
            .collect()
    }
}

/// An exit after which the processor cannot go on.
pub struct Dead {
    /// Its name in the counts.
    pub reason: &'static str,
    exit: String,
    hint: &'static str,
}

/// Names an exit that no device answers.
pub fn dead(exit: VcpuExit) -> Dead {
    let (reason, exit, hint) = match exit {
        VcpuExit::Hlt => (
            "halt",
            "halted with interrupts off (KVM_EXIT_HLT)".into(),
            " Nothing can wake it: its kernel gave up, and its log may say why",
        ),
        VcpuExit::Shutdown => (
            "triple fault",
            "triple fault (KVM_EXIT_SHUTDOWN)".into(),
            " A fault in its handler of a double fault ends a processor: its kernel lost its way",
        ),
        VcpuExit::FailEntry(reason, cpu) => (
            "entry failure",
            format!("the processor did not start (KVM_EXIT_FAIL_ENTRY, reason {reason:#x}, cpu {cpu})"),
            "",
        ),
        VcpuExit::InternalError => ("internal error", String::new(), ""),
        other => ("other", format!("{other:?}"), ""),
    };
    Dead { reason, exit, hint }
}

impl Dead {
    /// The error that says where the processor was.
    pub fn into_error(self, vcpu: &mut VcpuFd, memory: &Ram) -> Error {
        let (exit, hint) = match self.reason {
            "internal error" => internal_error(vcpu),
            _ => (self.exit, self.hint),
        };
        let rip = vcpu.get_regs().map_or(0, |regs| regs.rip);
        let physical = vcpu
            .translate_gva(rip)
            .ok()
            .filter(|translation| translation.valid != 0);
        let mut bytes = [0; 16];
        let read = physical.and_then(|physical| {
            memory
                .read_slice(&mut bytes, GuestAddress(physical.physical_address))
                .ok()
        });
        let bytes = match read {
            Some(()) => bytes.map(|byte| format!("{byte:02x}")).join(" "),
            None => "not to be read".into(),
        };
        Error::UnexpectedExit { exit, rip, bytes, hint }
    }
}

/// What KVM says of an exit that it could not deal with itself.
fn internal_error(vcpu: &mut VcpuFd) -> (String, &'static str) {
    // SAFETY: KVM has filled this member of the union for this exit.
    let internal = unsafe { vcpu.get_kvm_run().__bindgen_anon_1.internal };
    let (what, hint) = match internal.suberror {
        1 => (
            "KVM cannot emulate an instruction",
            " Where guest kernel mode is emulated (see `isolab doctor`) only guest kernels that avoid such instructions run; the built-in one does",
        ),
        2 => ("two exceptions at once", ""),
        3 => ("an exception during an exit", ""),
        4 => ("an exit that KVM does not know", ""),
        _ => ("KVM failed", ""),
    };
    (
        format!("{what} (KVM_EXIT_INTERNAL_ERROR, suberror {})", internal.suberror),
        hint,
    )
}
