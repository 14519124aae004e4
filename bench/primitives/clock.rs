//! The processor's time stamp counter, which is cheap to read whatever the kernel's clock source is (SDM volume 3, 19.17),
//! and its rate, by that clock.

use crate::sys;
use core::arch::x86_64::{_mm_lfence, _rdtsc};

/// The rate is taken over at least this time.
const CALIBRATION_NS: u64 = 2_000_000;

/// Both clocks at the beginning.
pub struct Clock {
    ns: u64,
    ticks: u64,
    /// As it was found at the beginning, good enough to choose how long to time.
    ticks_per_ms: u64,
}

impl Clock {
    /// Reads both, and finds the rate.
    pub fn start() -> Self {
        let mut clock = Clock {
            ns: sys::now_ns(),
            ticks: ticks(),
            ticks_per_ms: 0,
        };
        while sys::now_ns() - clock.ns < CALIBRATION_NS {}
        clock.ticks_per_ms = clock.ticks_of_all(1_000_000);
        clock
    }

    /// About how many ticks a time has.
    pub fn ticks_of(&self, ns: u64) -> u64 {
        (u128::from(ns) * u128::from(self.ticks_per_ms) / 1_000_000) as u64
    }

    /// How many ticks a time has, by all that has passed since the beginning.
    fn ticks_of_all(&self, ns: u64) -> u64 {
        let (passed_ns, passed) = (sys::now_ns() - self.ns, ticks() - self.ticks);
        (u128::from(ns) * u128::from(passed) / u128::from(passed_ns.max(1))) as u64
    }

    /// Thousandths of ticks as picoseconds, by all that has passed since the beginning.
    pub fn picoseconds(&self, milliticks: u64) -> u64 {
        let ticks_per_s = self.ticks_of_all(1_000_000_000).max(1);
        (u128::from(milliticks) * 1_000_000_000 / u128::from(ticks_per_s)) as u64
    }
}

/// The counter, when everything before it is done.
pub fn ticks() -> u64 {
    // SAFETY: every x86-64 processor has both instructions, and Linux lets programs read the counter.
    unsafe {
        _mm_lfence();
        _rdtsc()
    }
}
