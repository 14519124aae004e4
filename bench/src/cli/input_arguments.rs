//! What a program is given besides its arguments, the same on every target.

use crate::error::Error;
use crate::workloads::Workload;
use crate::workloads::inputs::{InputRequest, variable};
use clap::Args;
use std::path::PathBuf;

// Options of the program, for every target alike.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Given to the program, on every target")]
pub struct InputArguments {
    /// Give the program a copy of a file, or of a folder's files, at the path DST of its working directory (the root of a
    /// container or VM); by default under its own name. The host's files are never changed
    #[arg(long, value_name = "SRC[:DST]")]
    file: Vec<String>,
    /// Set an environment variable; without a value, take this command's own
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = variable)]
    env: Vec<String>,
    /// Read standard input from a copy of FILE, in each run from its beginning; by default it is empty, for `run` this
    /// terminal's
    #[arg(long, value_name = "FILE")]
    stdin: Option<PathBuf>,
}

impl InputArguments {
    /// The workload with what it is given.
    ///
    /// # Errors
    /// A file that cannot be given.
    pub fn give_to(&self, workload: Workload) -> Result<Workload, Error> {
        let request = InputRequest {
            files: self.file.clone(),
            env: self.env.clone(),
            stdin: self.stdin.clone(),
        };
        Ok(Workload {
            inputs: request.resolve(&workload.file_name)?,
            ..workload
        })
    }

    /// Whether standard input is a file's.
    pub fn has_stdin(&self) -> bool {
        self.stdin.is_some()
    }
}
