//! Commands of other tools, and what they print.

use super::search_path;
use std::fs::File;
use std::io::{Read, Seek};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// How long a tool may take to say its version, or to tidy up.
const PATIENCE: Duration = Duration::from_secs(10);

/// So much of what they print is looked at.
const MOST_OUTPUT: u64 = 64 << 10;

/// What a command prints, where it ends in time.
pub fn output(words: &[String]) -> std::io::Result<Output> {
    let mut command = Command::new(search_path::find(&words[0])?);
    command.args(&words[1..]).stdin(Stdio::null());
    // Files, not pipes: what it leaves running may keep its descriptors open.
    let (mut stdout, mut stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
    command.stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
    let mut child = command.spawn()?;
    let until = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() > until {
            // It is reaped below.
            let _ = child.kill();
            child.wait()?;
            return Err(std::io::Error::other(format!(
                "it did not end within {} s",
                PATIENCE.as_secs()
            )));
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    Ok(Output {
        status,
        stdout: beginning(&mut stdout)?,
        stderr: beginning(&mut stderr)?,
    })
}

/// The first bytes of what a command wrote.
fn beginning(file: &mut File) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.take(MOST_OUTPUT).read_to_end(&mut bytes)?;
    Ok(bytes)
}
