//! `isolab kernel`: the guest kernels.

use super::output;
use crate::error::Error;
use crate::store;
use clap::Subcommand;
use std::path::PathBuf;

/// What can be done with guest kernels.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say what a kernel file is, and whether and how the lab boots it
    Inspect {
        /// The kernel file
        file: PathBuf,
    },
    /// Write a guest kernel to a file, to boot it elsewhere
    Export {
        /// Which; `builtin` is the one inside this program
        #[arg(value_parser = ["builtin"])]
        kernel: String,
        /// Where to
        file: PathBuf,
    },
}

/// Does it.
pub fn run(command: Command) -> Result<u8, Error> {
    match command {
        Command::Inspect { file } => {
            let bytes = microvm::kernel::read(&file).map_err(|error| Error::new(error.to_string()))?;
            let inspection = microvm::kernel::inspect(&bytes)
                .map_err(|reason| Error::from_cause(format_args!("{} is no guest kernel", file.display()), reason))?;
            output::print(format!("{inspection}\n").as_bytes())?;
        }
        Command::Export { kernel: _, file } => store::write(&file, microvm::kernel::builtin())?,
    }
    Ok(0)
}
