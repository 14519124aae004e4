//! Time stamps of the steps of a start.

use nix::time::{ClockId, clock_gettime};

/// A step that ended, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The step that ended here; it began at the stamp before.
    pub name: &'static str,
    /// CLOCK_MONOTONIC, nanoseconds.
    pub at_ns: u64,
}

/// The stamps of one machine, in order.
#[derive(Debug, Default)]
pub struct Recorder {
    stamps: Vec<Stamp>,
}

impl Recorder {
    /// Notes that a step has just ended. Costs one read of the clock (vDSO, no system call).
    pub fn ended(&mut self, name: &'static str) {
        self.stamps.push(Stamp { name, at_ns: now_ns() });
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
