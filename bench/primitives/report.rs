//! The lines that the program writes.

use crate::clock::Clock;
use crate::{Timed, sys};

/// Room for all lines.
const BYTES: usize = 1024;

/// Lines, until they are written with one call.
pub struct Report<'a> {
    clock: &'a Clock,
    text: [u8; BYTES],
    used: usize,
}

impl<'a> Report<'a> {
    /// No lines yet.
    pub fn new(clock: &'a Clock) -> Self {
        Report {
            clock,
            text: [0; BYTES],
            used: 0,
        }
    }

    /// A line about an operation.
    pub fn add(&mut self, name: &str, timed: Timed) {
        self.text(name.as_bytes());
        match timed {
            Ok(mut times) => {
                self.text(b" ");
                let picoseconds = self.clock.picoseconds(times.median());
                self.number(picoseconds);
                self.text(b" ");
                self.number(times.count as u64);
            }
            Err(errno) => {
                self.text(b" !");
                self.number(errno as u64);
            }
        }
        self.text(b"\n");
    }

    /// Writes them to stdout; false where nobody takes them.
    pub fn write(&self) -> bool {
        sys::write(1, self.text.get(..self.used).unwrap_or_default())
    }

    fn text(&mut self, text: &[u8]) {
        for byte in text {
            if let Some(place) = self.text.get_mut(self.used) {
                *place = *byte;
                self.used += 1;
            }
        }
    }

    fn number(&mut self, number: u64) {
        if number >= 10 {
            self.number(number / 10);
        }
        self.text(&[b'0' + (number % 10) as u8]);
    }
}
