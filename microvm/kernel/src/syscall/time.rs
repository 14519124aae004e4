//! System calls about time.

use crate::cpu::clock;
use crate::errno::{Errno, Result};
use crate::abi;
use crate::log;
use crate::power;
use crate::memory::user_access;

const NANOSECONDS: u64 = 1_000_000_000;

/// Nanoseconds of one of Linux's clocks.
fn now(clock: u64) -> Result<u64> {
    match clock {
        0 | 5 | 11 => Ok(clock::realtime()), // CLOCK_REALTIME, _COARSE, CLOCK_TAI
        // CLOCK_MONOTONIC, _RAW, _COARSE, CLOCK_BOOTTIME, and the processor time of the only process there is.
        1..=4 | 6 | 7 => Ok(clock::monotonic()),
        _ => Err(Errno::EINVAL),
    }
}

/// Writes a `struct timespec`.
fn write_time(address: u64, nanoseconds: u64) -> Result<u64> {
    user_access::write(address, [nanoseconds / NANOSECONDS, nanoseconds % NANOSECONDS]).map(|()| 0)
}

/// Reads a `struct timespec`.
pub fn read_time(address: u64) -> Result<u64> {
    let [seconds, nanoseconds]: [u64; 2] = user_access::read(address)?;
    if seconds as i64 >= 0 && nanoseconds < NANOSECONDS {
        Ok(seconds.saturating_mul(NANOSECONDS).saturating_add(nanoseconds))
    } else {
        Err(Errno::EINVAL)
    }
}

/// Lets time pass until the monotonic clock says `deadline`.
fn wait_until(deadline: u64) {
    loop {
        let now = clock::monotonic();
        if now >= deadline {
            return;
        }
        power::sleep(microseconds(deadline - now));
    }
}

/// Microseconds that are not fewer than those nanoseconds, as far as a port takes them.
pub fn microseconds(nanoseconds: u64) -> u32 {
    u32::try_from(nanoseconds.div_ceil(1000)).unwrap_or(u32::MAX)
}

/// `clock_gettime`.
pub fn clock(clock: u64, address: u64) -> Result<u64> {
    write_time(address, now(clock)?)
}

/// `clock_getres`.
pub fn resolution(clock: u64, address: u64) -> Result<u64> {
    now(clock)?;
    if address == 0 { Ok(0) } else { write_time(address, 1) }
}

/// `gettimeofday`.
pub fn time_of_day(address: u64) -> Result<u64> {
    let now = clock::realtime();
    user_access::write(address, [now / NANOSECONDS, now % NANOSECONDS / 1000]).map(|()| 0)
}

/// `time`.
pub fn seconds(address: u64) -> Result<u64> {
    let seconds = clock::realtime() / NANOSECONDS;
    if address != 0 {
        user_access::write(address, seconds)?;
    }
    Ok(seconds)
}

/// `nanosleep`.
pub fn sleep(address: u64) -> Result<u64> {
    let duration = read_time(address)?;
    wait_until(clock::monotonic().saturating_add(duration));
    Ok(0)
}

/// `clock_nanosleep`.
pub fn clock_sleep(clock: u64, flags: u64, address: u64) -> Result<u64> {
    const TIMER_ABSTIME: u64 = 1;
    let now = now(clock)?;
    let time = read_time(address)?;
    let duration = if flags & TIMER_ABSTIME != 0 {
        time.saturating_sub(now)
    } else {
        time
    };
    wait_until(clock::monotonic().saturating_add(duration));
    Ok(0)
}

/// `futex`, as it is without other threads: nobody waits, and nobody would wake the one who did.
pub fn futex(address: u64, operation: u64, value: u64, timeout: u64, bits: u64) -> Result<u64> {
    const FUTEX_CLOCK_REALTIME: u64 = 256;
    const FUTEX_PRIVATE: u64 = 128;
    const FUTEX_WAIT: u64 = 0;
    const FUTEX_WAKE: u64 = 1;
    const FUTEX_WAIT_BITSET: u64 = 9;
    const FUTEX_WAKE_BITSET: u64 = 10;
    const SIGABRT: u8 = 6;
    match operation & !(FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME) {
        FUTEX_WAKE | FUTEX_WAKE_BITSET => Ok(0),
        wait @ (FUTEX_WAIT | FUTEX_WAIT_BITSET) => {
            let time = match timeout {
                0 => None,
                timeout => Some(read_time(timeout)?),
            };
            if address % 4 != 0 || wait == FUTEX_WAIT_BITSET && bits as u32 == 0 {
                return Err(Errno::EINVAL);
            }
            if user_access::read::<u32>(address)? != value as u32 {
                return Err(Errno::EAGAIN);
            }
            let Some(time) = time else {
                log!("the program waits for another thread, and there is none: deadlock");
                power::exit(abi::status::SIGNAL + SIGABRT);
            };
            // FUTEX_WAIT takes a duration, FUTEX_WAIT_BITSET the time of a clock (futex(2)).
            let duration = match (wait, operation & FUTEX_CLOCK_REALTIME) {
                (FUTEX_WAIT, _) => time,
                (_, 0) => time.saturating_sub(clock::monotonic()),
                _ => time.saturating_sub(clock::realtime()),
            };
            wait_until(clock::monotonic().saturating_add(duration));
            Err(Errno::ETIMEDOUT)
        }
        _ => Err(Errno::ENOSYS),
    }
}
