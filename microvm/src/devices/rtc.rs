//! The clock chip of a PC, a Motorola MC146818 behind ports 0x70 and 0x71 (data sheet, figure 15 and table 2): the date
//! and time, and no alarm. A guest that finds none waits more than a second for one.

use std::time::{SystemTime, UNIX_EPOCH};

/// First port.
pub const PORT: u16 = 0x70;
/// Ports.
pub const PORTS: u16 = 2;
/// The first port selects a register, the second is that register.
pub const INDEX: u64 = 0;
pub const DATA: u64 = 1;

/// Register A: divider for a 32768 Hz crystal, 1024 Hz periodic rate; bit 7 (update in progress) is never set.
const REGISTER_A: u8 = 0x26;
/// Register B: 24 hours; numbers are binary-coded decimal.
const REGISTER_B: u8 = 0x02;
/// Register D: time and memory are valid.
const REGISTER_D: u8 = 0x80;

/// The chip.
#[derive(Debug, Default)]
pub struct Rtc {
    index: u8,
}

impl Rtc {
    /// The guest selects a register. Bit 7 masks non-maskable interrupts, which do not come here.
    pub fn select(&mut self, index: u8) {
        self.index = index & 0x7f;
    }

    /// The guest reads the selected register.
    pub fn read_now(&self) -> u8 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        self.read(now.map_or(0, |now| now.as_secs() as i64))
    }

    /// The selected register at that time (seconds since 1970, UTC).
    fn read(&self, now: i64) -> u8 {
        // SAFETY: all fields of the structure are integers and one pointer, which may be null.
        let mut time: libc::tm = unsafe { std::mem::zeroed() };
        // SAFETY: both are ours; the function fills in `time` and knows every moment of the next billion years.
        unsafe { libc::gmtime_r(&now, &mut time) };
        let decimal = |value: i32| ((value / 10) << 4 | (value % 10)) as u8;
        match self.index {
            0x00 => decimal(time.tm_sec),
            0x02 => decimal(time.tm_min),
            0x04 => decimal(time.tm_hour),
            0x06 => decimal(time.tm_wday + 1),
            0x07 => decimal(time.tm_mday),
            0x08 => decimal(time.tm_mon + 1),
            0x09 => decimal(time.tm_year % 100),
            0x0a => REGISTER_A,
            0x0b => REGISTER_B,
            0x0d => REGISTER_D,
            0x32 => decimal(19 + time.tm_year / 100),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_the_date_in_decimal_digits() {
        // 2026-11-21, a Saturday, 01:28:22 UTC.
        let now = 1_795_224_502;
        let registers = [0x00, 0x02, 0x04, 0x06, 0x07, 0x08, 0x09, 0x32, 0x8a];
        let read = registers.map(|index| {
            let mut chip = Rtc::default();
            chip.select(index);
            chip.read(now)
        });
        assert_eq!(read, [0x22, 0x28, 0x01, 0x07, 0x21, 0x11, 0x26, 0x20, REGISTER_A]);
    }
}
