//! `isolab kernel`: the guest kernels.

use crate::error::Error;
use crate::store;
use clap::Subcommand;
use std::path::PathBuf;

/// What can be done with guest kernels.
#[derive(Debug, Subcommand)]
pub enum Command {
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
        Command::Export { kernel: _, file } => store::write(&file, microvm::kernel::builtin())?,
    }
    Ok(0)
}
