//! Makes one of the cheapest system calls over and over: what it costs to enter the kernel and to come back.
//!
//! `syscall [CALLS]` asks for its parent's process number that many times (default 5000; getppid(2), which the C library never
//! answers by itself). A program in a container enters the host's kernel, one in a virtual machine that of its guest.

use std::io::{Result, Write};
use std::process::ExitCode;
use std::time::Instant;

const DEFAULT_CALLS: u32 = 5000;

fn main() -> ExitCode {
    let calls = match std::env::args().nth(1).map(|argument| argument.parse::<u32>()) {
        None => DEFAULT_CALLS,
        Some(Ok(calls @ 1..)) => calls,
        Some(_) => {
            eprintln!("syscall: the number of calls is a whole number, at least 1");
            return ExitCode::from(2);
        }
    };
    match measure(calls) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn measure(calls: u32) -> Result<()> {
    let mut out = std::io::stdout();
    out.write_all(b"{\"workload\":\"syscall\",")?;
    out.flush()?;
    let start = Instant::now();
    for _ in 0..calls {
        std::hint::black_box(std::os::unix::process::parent_id());
    }
    let seconds = start.elapsed().as_secs_f64();
    writeln!(
        out,
        "\"ops\":{calls},\"inside_ms\":{:.6},\"ops_per_s\":{:.1},\"checksum\":\"{calls:x}\",\
         \"metrics\":[{{\"name\":\"per_call\",\"value\":{:.1},\"unit\":\"ns\",\"better\":\"lower\"}}]}}",
        seconds * 1e3,
        f64::from(calls) / seconds,
        seconds * 1e9 / f64::from(calls)
    )
}
