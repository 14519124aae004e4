//! The test program as bytes, so that a test binary carries it to wherever it runs.

/// A static ELF: `program.rs`, compiled by `build.rs`.
pub const PROGRAM: &[u8] = include_bytes!(env!("GUEST_PROGRAM"));
