//! How a program ended.

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// It ended by itself with this code.
    Code(u8),
    /// A signal ended it.
    Signal {
        /// The signal's number.
        signal: i32,
        /// Whether the out-of-memory killer of its control group has been at work.
        out_of_memory: bool,
    },
}

impl ExitStatus {
    /// The status a shell shows: the code, or 128 + the signal's number.
    pub fn code(self) -> u8 {
        match self {
            ExitStatus::Code(code) => code,
            ExitStatus::Signal { signal, .. } => 128u8.saturating_add(signal as u8),
        }
    }

    /// Reads the status of wait(2).
    pub(crate) fn from_wait(status: i32) -> ExitStatus {
        match status & 0x7f {
            0 => ExitStatus::Code((status >> 8) as u8),
            signal => ExitStatus::Signal {
                signal,
                out_of_memory: false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_shown_as_128_and_its_number() {
        assert_eq!(ExitStatus::from_wait(libc::SIGSEGV | 0x80).code(), 139);
        assert_eq!(ExitStatus::from_wait(3 << 8), ExitStatus::Code(3));
    }
}
