//! Ends a machine at its timeout, from outside the virtual processor: a timer sends SIGALRM to the thread that runs it,
//! which interrupts whatever system call it is in, KVM_RUN above all. A guest cannot hold it off.

use crate::Error;
use nix::sys::signal::{SaFlags, SigAction, SigEvent, SigHandler, SigSet, SigevNotify, Signal, sigaction};
use nix::sys::timer::{Expiration, Timer, TimerSetTimeFlags};
use nix::time::ClockId;
use nix::unistd::gettid;
use std::time::{Duration, Instant};

/// A signal that comes just before a system call begins would be lost: it is sent again after this time.
const AGAIN: Duration = Duration::from_millis(10);

/// A deadline, or none. While one is set, SIGALRM is the watchdog's.
pub struct Watchdog {
    deadline: Option<Instant>,
    _timer: Option<Timer>,
}

extern "C" fn interrupt(_: i32) {}

/// From now on SIGALRM interrupts system calls, and nothing else.
pub fn catch_signal() -> Result<(), Error> {
    let action = SigAction::new(SigHandler::Handler(interrupt), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing, which is safe in any context.
    unsafe { sigaction(Signal::SIGALRM, &action) }
        .map(drop)
        .map_err(Error::Timer)
}

/// Interrupts the system call that a thread of this process is in.
pub fn interrupt_thread(thread: i32) {
    // SAFETY: passes numbers only. A thread that has just ended needs no interruption (ESRCH).
    unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, libc::SIGALRM) };
}

impl Watchdog {
    /// Watches the calling thread from now on.
    pub fn start(timeout: Option<Duration>) -> Result<Self, Error> {
        let Some(timeout) = timeout else {
            return Ok(Self {
                deadline: None,
                _timer: None,
            });
        };
        catch_signal()?;
        let notify = SigevNotify::SigevThreadId {
            signal: Signal::SIGALRM,
            thread_id: gettid().as_raw(),
            si_value: 0,
        };
        let mut timer = Timer::new(ClockId::CLOCK_MONOTONIC, SigEvent::new(notify)).map_err(Error::Timer)?;
        let first = timeout.max(Duration::from_nanos(1)).into();
        timer
            .set(
                Expiration::IntervalDelayed(first, AGAIN.into()),
                TimerSetTimeFlags::empty(),
            )
            .map_err(Error::Timer)?;
        Ok(Self {
            deadline: Some(Instant::now() + timeout),
            _timer: Some(timer),
        })
    }

    /// Whether the deadline has passed.
    pub fn expired(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}
