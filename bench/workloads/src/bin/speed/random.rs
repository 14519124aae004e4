//! Numbers that look random and are the same in every run.

/// Marsaglia's xorshift64.
pub struct Random(u64);

impl Random {
    pub fn new() -> Random {
        Random(0x9e37_79b9_7f4a_7c15)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// One from 0 to `below`, which is small beside 2^64.
    pub fn below(&mut self, below: u64) -> u64 {
        self.next() % below
    }
}
