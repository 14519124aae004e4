//! The one clock that every time in isolab is taken from: CLOCK_MONOTONIC (clock_gettime(2)), which all processes of a
//! host share, so that a stamp taken in a monitor or a container's first process lies on the same line as isolab's own.

use nix::time::{ClockId, clock_gettime};

/// Nanoseconds on CLOCK_MONOTONIC.
pub fn now_ns() -> u64 {
    // With a constant, valid clock and a valid pointer, clock_gettime(2) has no error to report.
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("CLOCK_MONOTONIC is always there");
    now.tv_sec() as u64 * 1_000_000_000 + now.tv_nsec() as u64
}

/// Milliseconds from one stamp to a later one; 0 when they are the wrong way round.
pub fn ms_between(from_ns: u64, to_ns: u64) -> f64 {
    to_ns.saturating_sub(from_ns) as f64 / 1e6
}
