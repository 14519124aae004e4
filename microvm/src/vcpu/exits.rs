//! Counts what a processor came out for and the time of it, and explains the exits after which it cannot go on.

use crate::Error;
use crate::memory::Ram;
use kvm_ioctls::{VcpuExit, VcpuFd};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use vm_memory::{Bytes, GuestAddress};

/// The reasons and their names.
macro_rules! reasons {
    ($($reason:ident = $name:literal,)*) => {
        /// What a processor comes out to the monitor for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reason {
            $($reason,)*
        }

        /// Their names, in the same order.
        const NAMES: [&str; REASONS] = [$($name,)*];
    };
}

reasons! {
    WriteCom1 = "write COM1 (kernel log)",
    ReadCom1 = "read COM1 (kernel log)",
    WriteCom2 = "write COM2 (console)",
    ReadCom2 = "read COM2 (console)",
    StringPort = "string port (console)",
    ExitPort = "exit port",
    PhasePort = "phase port",
    SleepPort = "sleep port",
    InputPort = "port to wait for input",
    CountsPort = "port of the guest's counts",
    MemoryPort = "port that gives more memory",
    Keyboard = "keyboard controller",
    Reset = "reset",
    Clock = "clock chip",
    Disk = "disk",
    ReadNoPort = "read of a port without a device",
    WriteNoPort = "write to a port without a device",
    ReadNoMemory = "read of memory without a device",
    WriteNoMemory = "write to memory without a device",
    Signal = "signal",
    Halt = "halt",
    TripleFault = "triple fault",
    EntryFailure = "entry failure",
    InternalError = "internal error",
    Other = "other",
}

/// How many there are.
const REASONS: usize = Reason::Other as usize + 1;

/// All exits of one reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exit {
    /// How many there were.
    pub count: u64,
    /// Time in KVM_RUN before them: the guest's, and what KVM did for it.
    pub in_guest: Duration,
    /// Time until the monitor had answered them.
    pub in_monitor: Duration,
}

/// The exits of a processor so far. Two reads of the clock (vDSO, no system call) for each.
#[derive(Debug)]
pub struct Exits {
    by_reason: [Exit; REASONS],
    /// The last time that the processor went in or came out.
    since: Instant,
    in_guest: Duration,
}

impl Exits {
    /// None yet; the processor goes in now.
    pub fn none() -> Self {
        Self {
            by_reason: [Exit::default(); REASONS],
            since: Instant::now(),
            in_guest: Duration::ZERO,
        }
    }

    /// The processor has come out.
    pub fn came_out(&mut self) {
        self.in_guest = self.lap();
    }

    /// The exit is answered; the processor goes in again.
    pub fn answered(&mut self, reason: Reason) {
        let in_monitor = self.lap();
        let exit = &mut self.by_reason[reason as usize];
        exit.count += 1;
        exit.in_guest += self.in_guest;
        exit.in_monitor += in_monitor;
    }

    fn lap(&mut self) -> Duration {
        let now = Instant::now();
        now.duration_since(std::mem::replace(&mut self.since, now))
    }

    /// Adds another processor's.
    pub fn merge(&mut self, other: Exits) {
        for (all, exit) in self.by_reason.iter_mut().zip(other.by_reason) {
            all.count += exit.count;
            all.in_guest += exit.in_guest;
            all.in_monitor += exit.in_monitor;
        }
    }

    /// All that there were, by the name of their reason.
    pub fn by_name(self) -> BTreeMap<&'static str, Exit> {
        let named = NAMES.into_iter().zip(self.by_reason);
        named.filter(|(_, exit)| exit.count > 0).collect()
    }
}

/// An exit after which the processor cannot go on.
pub struct Dead {
    /// What it is counted as.
    pub reason: Reason,
    exit: String,
    hint: &'static str,
}

/// Names an exit that no device answers.
pub fn dead(exit: VcpuExit) -> Dead {
    let (reason, exit, hint) = match exit {
        VcpuExit::Hlt => (
            Reason::Halt,
            "halted with interrupts off (KVM_EXIT_HLT)".into(),
            " Nothing can wake it: its kernel gave up, and its log may say why",
        ),
        VcpuExit::Shutdown => (
            Reason::TripleFault,
            "triple fault (KVM_EXIT_SHUTDOWN)".into(),
            " A fault in its handler of a double fault ends a processor: its kernel lost its way",
        ),
        VcpuExit::FailEntry(reason, cpu) => (
            Reason::EntryFailure,
            format!("the processor did not start (KVM_EXIT_FAIL_ENTRY, reason {reason:#x}, cpu {cpu})"),
            "",
        ),
        VcpuExit::InternalError => (Reason::InternalError, String::new(), ""),
        other => (Reason::Other, format!("{other:?}"), ""),
    };
    Dead { reason, exit, hint }
}

impl Dead {
    /// The error that says where the processor was.
    pub fn into_error(self, vcpu: &mut VcpuFd, memory: &Ram) -> Error {
        let (exit, hint) = match self.reason {
            Reason::InternalError => internal_error(vcpu),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_all_exits_add_up_to_the_time_that_passed() {
        let began = Instant::now();
        let mut exits = Exits::none();
        for reason in [Reason::Disk, Reason::Clock, Reason::Disk] {
            std::thread::sleep(Duration::from_millis(2));
            exits.came_out();
            std::thread::sleep(Duration::from_millis(1));
            exits.answered(reason);
        }
        let mut all = Exits::none();
        all.merge(exits);
        let passed = began.elapsed();
        let by_reason = all.by_name();
        assert_eq!((by_reason["disk"].count, by_reason["clock chip"].count), (2, 1));
        for exit in by_reason.values() {
            assert!(exit.in_guest >= Duration::from_millis(2 * exit.count), "{exit:?}");
            assert!(exit.in_monitor >= Duration::from_millis(exit.count), "{exit:?}");
        }
        let sum: Duration = by_reason.values().map(|exit| exit.in_guest + exit.in_monitor).sum();
        assert!(sum <= passed, "{sum:?} of {passed:?}");
    }
}
