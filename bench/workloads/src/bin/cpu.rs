//! A fixed amount of integer work, with a checksum that shows it was done.
//!
//! `cpu [MILLIONS]` takes that many million steps (default 40, some 100 to 200 ms) of a xorshift generator whose every
//! step depends on the one before, so that the processor can neither skip nor overlap them. The output is one line of
//! JSON in two writes: its beginning before the work and the rest after it, so that whoever reads it can time the same
//! work from outside.

use std::io::{Result, Write};
use std::process::ExitCode;
use std::time::Instant;

const DEFAULT_MILLIONS: u64 = 40;

fn main() -> ExitCode {
    let millions = match std::env::args().nth(1).map(|argument| argument.parse::<u64>()) {
        None => Some(DEFAULT_MILLIONS),
        Some(parsed) => parsed.ok(),
    };
    let Some(ops) = millions
        .and_then(|millions| millions.checked_mul(1_000_000))
        .filter(|ops| *ops > 0)
    else {
        eprintln!("cpu: the amount is a whole number of million steps, at least 1");
        return ExitCode::from(2);
    };
    match measure(ops) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn measure(ops: u64) -> Result<()> {
    let mut out = std::io::stdout();
    out.write_all(b"{\"workload\":\"cpu\",")?;
    out.flush()?;
    let start = Instant::now();
    let checksum = work(ops);
    let seconds = start.elapsed().as_secs_f64();
    writeln!(
        out,
        "\"ops\":{ops},\"inside_ms\":{:.6},\"ops_per_s\":{:.1},\"checksum\":\"{checksum:016x}\"}}",
        seconds * 1e3,
        ops as f64 / seconds
    )
}

/// `steps` steps of Marsaglia's xorshift64 with a multiplication mixed into the sum.
fn work(steps: u64) -> u64 {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut sum = 0_u64;
    for _ in 0..steps {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        sum = sum
            .rotate_left(5)
            .wrapping_add(state)
            .wrapping_mul(0x2545_f491_4f6c_dd1d);
    }
    sum
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_checksum_depends_on_every_step() {
        let sums: std::collections::HashSet<u64> = (1..1000).map(super::work).collect();
        assert_eq!(sums.len(), 999);
    }
}
