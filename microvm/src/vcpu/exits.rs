//! Counts what a processor came out for and the time of it, and explains the exits after which it cannot go on.

use crate::Error;
use crate::memory::Ram;
use kvm_ioctls::{VcpuExit, VcpuFd};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use thiserror::Error;
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

/// Why a processor cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Stop {
    /// It waits for an interrupt, and there is none.
    #[error("halted with interrupts off (KVM_EXIT_HLT)")]
    Halt,
    /// A fault in its handler of a double fault.
    #[error("triple fault (KVM_EXIT_SHUTDOWN)")]
    TripleFault,
    /// The host's processor refused to enter it.
    #[error("the processor did not start (KVM_EXIT_FAIL_ENTRY, reason {reason:#x}, cpu {cpu})")]
    EntryFailure {
        /// What the host's processor said.
        reason: u64,
        /// The host's processor.
        cpu: u32,
    },
    /// KVM failed.
    #[error("{} (KVM_EXIT_INTERNAL_ERROR, suberror {suberror})", internal_error(*suberror))]
    InternalError {
        /// KVM_INTERNAL_ERROR_*.
        suberror: u32,
    },
    /// An exit that no device answers, as KVM names it.
    #[error("{0}")]
    Other(String),
}

/// What KVM says of an exit that it could not deal with itself (linux/kvm.h).
fn internal_error(suberror: u32) -> &'static str {
    match suberror {
        NO_EMULATION => "KVM cannot emulate an instruction",
        2 => "two exceptions at once",
        3 => "an exception during an exit",
        4 => "an exit that KVM does not know",
        _ => "KVM failed",
    }
}

/// KVM_INTERNAL_ERROR_EMULATION.
const NO_EMULATION: u32 = 1;

impl Stop {
    /// Why, of an exit that no device answers.
    pub(crate) fn of(exit: VcpuExit) -> Self {
        match exit {
            VcpuExit::Hlt => Self::Halt,
            VcpuExit::Shutdown => Self::TripleFault,
            VcpuExit::FailEntry(reason, cpu) => Self::EntryFailure { reason, cpu },
            VcpuExit::InternalError => Self::InternalError { suberror: 0 },
            other => Self::Other(format!("{other:?}")),
        }
    }

    /// What it is counted as.
    pub(crate) fn reason(&self) -> Reason {
        match self {
            Self::Halt => Reason::Halt,
            Self::TripleFault => Reason::TripleFault,
            Self::EntryFailure { .. } => Reason::EntryFailure,
            Self::InternalError { .. } => Reason::InternalError,
            Self::Other(_) => Reason::Other,
        }
    }

    /// What that usually means, or nothing.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Halt => " Nothing can wake it: its kernel gave up, and its log may say why",
            Self::TripleFault => " A fault in its handler of a double fault ends a processor: its kernel lost its way",
            Self::InternalError { suberror: NO_EMULATION } => {
                " Where guest kernel mode is emulated (see `isolab doctor`) only guest kernels that avoid such instructions run; the built-in one does"
            }
            _ => "",
        }
    }

    /// The error that says where the processor was.
    pub(crate) fn into_error(mut self, vcpu: &mut VcpuFd, memory: &Ram) -> Error {
        if let Self::InternalError { suberror } = &mut self {
            // SAFETY: KVM has filled this member of the union for this exit.
            *suberror = unsafe { vcpu.get_kvm_run().__bindgen_anon_1.internal.suberror };
        }
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
        Error::UnexpectedExit { stop: self, rip, bytes }
    }
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
