//! Time stamps of the steps of a start.

use nix::time::{ClockId, clock_gettime};

/// A step of a start: one call of the kernel, or one piece of work. Consecutive steps of one phase make up the phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The phase that it belongs to.
    pub phase: &'static str,
    /// The kernel call; for steps of the guest the one that it executes in.
    pub call: &'static str,
    /// What it is for.
    pub purpose: &'static str,
}

/// A step that ended, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The step that ended here; it began at the stamp before.
    pub step: Step,
    /// CLOCK_MONOTONIC, nanoseconds.
    pub at_ns: u64,
}

/// The phases that stamps make up: each phase's name, and when it ended (CLOCK_MONOTONIC, nanoseconds).
pub fn phases(stamps: &[Stamp]) -> Vec<(&'static str, u64)> {
    let ends = stamps.chunk_by(|a, b| a.step.phase == b.step.phase);
    ends.filter_map(|phase| phase.last())
        .map(|stamp| (stamp.step.phase, stamp.at_ns))
        .collect()
}

/// The stamps of one machine, in order.
#[derive(Debug, Default)]
pub struct Recorder {
    stamps: Vec<Stamp>,
}

impl Recorder {
    /// Notes that a step has just ended, the first time. Costs one read of the clock (vDSO, no system call).
    ///
    /// A guest asks for stamps as often as it likes: no step is noted twice.
    pub fn ended(&mut self, step: Step) {
        if self.stamps.iter().any(|stamp| stamp.step == step) {
            return;
        }
        self.stamps.push(Stamp { step, at_ns: now_ns() });
    }

    /// The stamps.
    pub fn into_stamps(self) -> Vec<Stamp> {
        self.stamps
    }
}

/// CLOCK_MONOTONIC in nanoseconds.
fn now_ns() -> u64 {
    // CLOCK_MONOTONIC always exists (clock_gettime(2)).
    let time = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("CLOCK_MONOTONIC exists");
    time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64
}

const fn step(phase: &'static str, call: &'static str, purpose: &'static str) -> Step {
    Step { phase, call, purpose }
}

const MACHINE: &str = "make the machine";
const MEMORY: &str = "load kernel and files";
const PROCESSOR: &str = "make the processor";
const RUN: &str = "ioctl(KVM_RUN)";

/// Until the monitor's first step.
pub const BEGAN: Step = step("start the monitor", "execve", "a process of its own for the machine");
pub const OPEN_KVM: Step = step(MACHINE, "open(/dev/kvm)", "the way to the kernel's part of the monitor");
pub const CREATE_VM: Step = step(
    MACHINE,
    "ioctl(KVM_CREATE_VM)",
    "a machine, as yet without memory and processor",
);
pub const BOARD: Step = step(
    MACHINE,
    "ioctl(KVM_CREATE_IRQCHIP, KVM_CREATE_PIT2)",
    "interrupt controllers and timer, where Linux looks for them",
);
pub const OPEN_FILES: Step = step(
    MACHINE,
    "open, read",
    "the guest kernel's file; one that is packed is unpacked, or found where it was kept; the files behind the disks",
);
pub const RESERVE_MEMORY: Step = step(
    MEMORY,
    "mmap",
    "addresses for the guest's memory; pages come when they are touched",
);
pub const GIVE_MEMORY: Step = step(
    MEMORY,
    "ioctl(KVM_SET_USER_MEMORY_REGION)",
    "those addresses become the guest's memory",
);
pub const LOAD: Step = step(
    MEMORY,
    "mmap",
    "kernel, initramfs and boot information in their places in it",
);
pub const CREATE_VCPU: Step = step(
    PROCESSOR,
    "ioctl(KVM_CREATE_VCPU)",
    "a processor, which is registers and a thread of the host that calls KVM_RUN",
);
pub const FEATURES: Step = step(
    PROCESSOR,
    "ioctl(KVM_GET_SUPPORTED_CPUID)",
    "which features a guest can be offered on this host",
);
pub const SET_FEATURES: Step = step(
    PROCESSOR,
    "ioctl(KVM_SET_CPUID2)",
    "what the guest's CPUID instruction answers",
);
pub const SET_STATE: Step = step(
    PROCESSOR,
    "ioctl(KVM_SET_SREGS, KVM_SET_REGS)",
    "the state in which the boot protocol enters a kernel",
);
pub const CONFINE: Step = step(
    "confine the monitor",
    "capset, close_range, seccomp",
    "it gives up what it does not need, before the guest's first instruction",
);
pub const KERNEL_ENTRY: Step = step(
    "guest kernel: entry",
    RUN,
    "its first instructions: 64-bit mode, page tables, descriptor tables",
);
pub const KERNEL_PREPARE: Step = step(
    "guest kernel: load the program",
    RUN,
    "memory, the initramfs, the program's segments and stack",
);
pub const KERNEL_BOOT: Step = step(
    "guest kernel: boot",
    RUN,
    "a whole operating system's start, up to its first program",
);
pub const INIT: Step = step(
    "guest init: prepare",
    RUN,
    "file systems, modules and the network for the program",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_ends_once() {
        let mut recorder = Recorder::default();
        for step in [BEGAN, LOAD, LOAD, BEGAN, LOAD] {
            recorder.ended(step);
        }
        let steps: Vec<_> = recorder.into_stamps().iter().map(|stamp| stamp.step).collect();
        assert_eq!(steps, [BEGAN, LOAD]);
    }

    #[test]
    fn a_phase_ends_with_the_last_of_its_steps() {
        let stamp = |step, at_ns| Stamp { step, at_ns };
        let stamps = [
            stamp(BEGAN, 1),
            stamp(OPEN_KVM, 2),
            stamp(CREATE_VM, 3),
            stamp(CREATE_VCPU, 4),
        ];
        let ends = [
            ("start the monitor", 1),
            ("make the machine", 3),
            ("make the processor", 4),
        ];
        assert_eq!(phases(&stamps), ends);
        assert_eq!(phases(&[]), []);
    }
}
