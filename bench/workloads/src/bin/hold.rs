//! Writes its first byte and then holds still, so that its memory can be looked at.
//!
//! `hold [MIB]` first writes to every page of MIB mebibytes, which are then resident. It ends when it is killed or when
//! its standard input ends.

use std::io::{Read, Write};
use std::process::ExitCode;

const PAGE_BYTES: usize = 4096;

fn main() -> ExitCode {
    let mebibytes = match std::env::args().nth(1).map(|argument| argument.parse::<usize>()) {
        None => Some(0),
        Some(parsed) => parsed.ok(),
    };
    let Some(bytes) = mebibytes.and_then(|mebibytes| mebibytes.checked_mul(1 << 20)) else {
        eprintln!("hold: the amount is a whole number of mebibytes");
        return ExitCode::from(2);
    };
    let mut memory = Vec::new();
    if memory.try_reserve_exact(bytes).is_err() {
        eprintln!("hold: {bytes} bytes are not to be had");
        return ExitCode::FAILURE;
    }
    memory.resize(bytes, 0_u8);
    for page in memory.chunks_mut(PAGE_BYTES) {
        page[0] = 1;
    }
    match hold(&memory) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn hold(memory: &[u8]) -> std::io::Result<()> {
    std::io::stdout().write_all(b"{\"workload\":\"hold\"}\n")?;
    let mut ignored = [0; 64];
    while std::io::stdin().read(&mut ignored)? > 0 {}
    std::hint::black_box(memory);
    Ok(())
}
