//! Says hello and ends: what is left is the cost of starting.
//!
//! `hello [DELAY_MS]` computes for DELAY_MS milliseconds (a fraction is fine) before it says so. An isolab that is told
//! of a program which is known to be that much slower can be checked against it.

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    if let Some(argument) = std::env::args().nth(1) {
        match argument
            .parse()
            .ok()
            .and_then(|ms: f64| Duration::try_from_secs_f64(ms / 1e3).ok())
        {
            Some(delay) => {
                let start = Instant::now();
                while start.elapsed() < delay {
                    std::hint::spin_loop();
                }
            }
            None => {
                eprintln!("hello: {argument:?} is not a number of milliseconds");
                return ExitCode::from(2);
            }
        }
    }
    match std::io::stdout().write_all(b"{\"workload\":\"hello\"}\n") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
