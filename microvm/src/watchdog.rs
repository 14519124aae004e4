//! Ends a machine at its timeout, from outside its virtual processors: a timer sends SIGALRM to the thread of each, which
//! interrupts whatever system call it is in, KVM_RUN above all. A guest cannot hold it off.

use crate::Error;
use nix::sys::signal::{SaFlags, SigAction, SigEvent, SigHandler, SigSet, SigevNotify, SigmaskHow, Signal, sigaction};
use nix::sys::timer::{Expiration, Timer, TimerSetTimeFlags};
use nix::time::ClockId;
use nix::unistd::gettid;
use std::time::{Duration, Instant};

/// A signal that comes just before a system call begins would be lost: it is sent again after this time.
const AGAIN: Duration = Duration::from_millis(10);

/// SIGALRM interrupts system calls of the machine's threads, as long as this lives. None, where no signal is to come.
pub struct Watchdog {
    _signal: Option<Alarm>,
}

impl Watchdog {
    /// For the calling thread and those that it starts. With other threads, these can be interrupted, too.
    pub fn start(timeout: Option<Duration>, other_threads: bool) -> Result<Self, Error> {
        let needed = timeout.is_some() || other_threads;
        let signal = needed.then(Alarm::take).transpose()?;
        Ok(Self { _signal: signal })
    }
}

/// Interrupts the calling thread at the deadline, and then again and again. Each thread that executes a processor has one: the
/// first may be waiting for a lock that another holds while it writes to a console that nobody reads.
pub fn watch(deadline: Option<Instant>) -> Result<Option<Timer>, Error> {
    let timeout = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    timeout.map(timer).transpose().map_err(Error::Timer)
}

/// A timer that sends SIGALRM to the calling thread after some time, and then again and again.
fn timer(timeout: Duration) -> nix::Result<Timer> {
    let notify = SigevNotify::SigevThreadId {
        signal: Signal::SIGALRM,
        thread_id: gettid().as_raw(),
        si_value: 0,
    };
    let mut timer = Timer::new(ClockId::CLOCK_MONOTONIC, SigEvent::new(notify))?;
    let first = timeout.max(Duration::from_nanos(1)).into();
    let expiration = Expiration::IntervalDelayed(first, AGAIN.into());
    timer.set(expiration, TimerSetTimeFlags::empty())?;
    Ok(timer)
}

/// Interrupts the system call that a thread of this process is in.
pub fn interrupt_thread(thread: i32) {
    // SAFETY: passes numbers only. A thread that has just ended needs no interruption (ESRCH).
    unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, libc::SIGALRM) };
}

extern "C" fn interrupt(_: i32) {}

/// SIGALRM interrupts system calls, and nothing else, in this thread and in those that it starts, also where it was blocked;
/// when dropped, it is what it was before.
struct Alarm {
    action: SigAction,
    mask: SigSet,
}

impl Alarm {
    fn take() -> Result<Self, Error> {
        let action = SigAction::new(SigHandler::Handler(interrupt), SaFlags::empty(), SigSet::empty());
        // SAFETY: the handler does nothing, which is safe in any context.
        let action = unsafe { sigaction(Signal::SIGALRM, &action) }.map_err(Error::Timer)?;
        let alarm = SigSet::from(Signal::SIGALRM);
        let mask = alarm.thread_swap_mask(SigmaskHow::SIG_UNBLOCK).map_err(Error::Timer)?;
        Ok(Self { action, mask })
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        // Both were like this before, so they can be again.
        let _ = self.mask.thread_set_mask();
        // SAFETY: the action was the process's own.
        let _ = unsafe { sigaction(Signal::SIGALRM, &self.action) };
    }
}
