//! Other processes that this executable becomes for a workload: one that only ends, and one that answers.

use std::io::{Read, Write};
use std::process::{Command, ExitCode};

/// The argument of a process that ends at once.
pub const END: &str = "--end";
/// The argument of a process that writes back each byte it reads.
pub const ECHO: &str = "--echo";

/// This executable as another process. The name that it was called by will do where there is no /proc.
pub fn command(role: &str) -> Command {
    let itself = std::env::current_exe().ok();
    let called = || std::env::args_os().next().unwrap_or_default().into();
    let mut command = Command::new(itself.unwrap_or_else(called));
    command.arg(role);
    command
}

/// Does what the argument says, where it is one of those.
pub fn play(role: &str) -> Option<ExitCode> {
    match role {
        END => Some(ExitCode::SUCCESS),
        ECHO => Some(echo()),
        _ => None,
    }
}

fn echo() -> ExitCode {
    let (mut stdin, mut stdout) = (std::io::stdin(), std::io::stdout());
    let mut byte = [0];
    // The other end is closed when it is done.
    while stdin.read_exact(&mut byte).is_ok() {
        if stdout.write_all(&byte).and_then(|()| stdout.flush()).is_err() {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
