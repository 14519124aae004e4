//! Signals, as far as this kernel has them: actions are remembered, and a signal that would end the program does.
//! Handlers are not called, because nothing here interrupts a program but its own faults.

use crate::errno::{Errno, Result};
use crate::global::Value;
use crate::memory::vma::{READ, WRITE};
use crate::traps::entry::Frame;
use crate::abi;
use crate::log;
use crate::power;

pub const SIGILL: u8 = 4;
pub const SIGTRAP: u8 = 5;
pub const SIGBUS: u8 = 7;
pub const SIGFPE: u8 = 8;
pub const SIGKILL: u8 = 9;
pub const SIGSEGV: u8 = 11;
const SIGCHLD: u8 = 17;
const SIGCONT: u8 = 18;
pub const SIGSTOP: u8 = 19;
const SIGURG: u8 = 23;
const SIGWINCH: u8 = 28;
const SIG_DFL: u64 = 0;
const SIG_IGN: u64 = 1;

/// `struct kernel_sigaction`: handler, flags, restorer, mask.
pub type Action = [u64; 4];
/// `stack_t`: address, flags (and padding), size.
pub type AlternateStack = [u64; 3];
/// `SS_DISABLE`.
const NO_STACK: AlternateStack = [0, 2, 0];

/// What the program asked for. (`traps/fast_path.rs` counts on the order of the fields.)
#[repr(C)]
pub struct Signals {
    actions: [Value<Action>; 64],
    /// The signals that are blocked.
    pub mask: Value<u64>,
    /// The stack for handlers.
    pub stack: Value<AlternateStack>,
}

/// What the program asked for. It concerns nobody else, so it lies where ring 3 can change it (`traps/fast_path.rs`).
#[unsafe(link_section = ".process")]
pub static SIGNALS: Signals = Signals {
    actions: [const { Value::new([0; 4]) }; 64],
    mask: Value::new(0),
    stack: Value::new(NO_STACK),
};

impl Signals {
    /// The action of a signal, to read and change.
    pub fn action(&self, signal: u64) -> Result<&Value<Action>> {
        self.actions
            .get(signal.wrapping_sub(1) as usize)
            .ok_or(Errno::EINVAL)
    }
}

/// The signals that were sent while they were blocked.
static PENDING: Value<u64> = Value::new(0);

/// The bit of a signal in a set of them.
const fn bit(signal: u64) -> u64 {
    1 << (signal - 1)
}

/// Signals that can be neither blocked nor handled.
const UNBLOCKABLE: u64 = bit(SIGKILL as u64) | bit(SIGSTOP as u64);

/// Whether a signal has an action that a program may change.
pub fn can_be_handled(signal: u64) -> bool {
    (1..=64).contains(&signal) && bit(signal) & UNBLOCKABLE == 0
}

/// The signals that were sent while they were blocked.
pub fn pending() -> u64 {
    PENDING.get()
}

/// The program sends a signal to itself.
pub fn raise(signal: u64) -> Result<()> {
    SIGNALS.action(signal)?;
    if SIGNALS.mask.get() & !UNBLOCKABLE & bit(signal) != 0 {
        PENDING.set(PENDING.get() | bit(signal));
        return Ok(());
    }
    deliver(signal)
}

/// Delivers what was sent while it was blocked and is blocked no longer.
pub fn deliver_pending() -> Result<()> {
    loop {
        let ready = PENDING.get() & !SIGNALS.mask.get();
        if ready == 0 {
            return Ok(());
        }
        PENDING.set(PENDING.get() & !(ready & ready.wrapping_neg()));
        deliver(u64::from(ready.trailing_zeros()) + 1)?;
    }
}

fn deliver(signal: u64) -> Result<()> {
    let [handler, ..] = SIGNALS.action(signal)?.get();
    let signal = signal as u8;
    let ignored_by_default = matches!(signal, SIGCHLD | SIGCONT | SIGURG | SIGWINCH);
    if signal != SIGKILL && signal != SIGSTOP && (handler == SIG_IGN || handler == SIG_DFL && ignored_by_default) {
        return Ok(());
    }
    if handler > SIG_IGN {
        log!("the program sent itself signal {signal}, which it handles; this kernel does not call handlers");
    }
    power::exit(abi::status::SIGNAL + signal)
}

/// The program made a fault: says what and where, and ends the machine.
pub fn fatal(frame: &Frame, signal: u8, what: &str, access: Option<(u64, u8)>) -> ! {
    let name = match signal {
        SIGILL => "SIGILL",
        SIGTRAP => "SIGTRAP",
        SIGBUS => "SIGBUS",
        SIGFPE => "SIGFPE",
        _ => "SIGSEGV",
    };
    match access {
        Some((address, access)) => {
            let access = match access {
                READ => "read",
                WRITE => "write",
                _ => "jump",
            };
            log!(
                "{name}: {access} at {address:#x} by the instruction at {:#x}: {what}",
                frame.rip
            );
        }
        None => log!("{name}: {what} at {:#x}", frame.rip),
    }
    log!(
        "rsp {:#x} rax {:#x} rdi {:#x} rsi {:#x} rdx {:#x}",
        frame.rsp,
        frame.rax,
        frame.rdi,
        frame.rsi,
        frame.rdx
    );
    power::exit(abi::status::SIGNAL + signal)
}
