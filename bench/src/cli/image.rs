//! `isolab image`: the files that a workload is given.

use super::arguments::WorkloadArguments;
use crate::error::Error;
use crate::files::store;
use crate::targets::microvm;
use crate::workloads::image::Image;
use clap::{ArgGroup, Subcommand};
use reports::model::Message;
use std::fs::File;
use std::io;
use std::path::PathBuf;

/// What can be done with images.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Write a workload's image to a file, as a virtual machine takes it
    #[command(group(ArgGroup::new("to").required(true).multiple(true).args(["initramfs", "disk"])))]
    Export {
        /// Where to: a newc cpio archive, uncompressed
        #[arg(long, value_name = "FILE")]
        initramfs: Option<PathBuf>,
        /// Where to: a disk with an EROFS file system, uncompressed
        #[arg(long, value_name = "FILE")]
        disk: Option<PathBuf>,
        #[command(flatten)]
        workload: WorkloadArguments,
    },
}

/// Does it.
pub fn run(command: Command) -> Result<u8, Error> {
    let Command::Export {
        initramfs,
        disk,
        workload,
    } = command;
    let image = Image::build(&workload.find("image export")?, 0)?;
    if let Some(path) = initramfs {
        store::write(&path, &microvm::initramfs(&image)?)?;
    }
    if let Some(path) = disk {
        let failed = |error| Error::from_cause(Message::new("cannot-read-back-disk"), error);
        let mut written = File::open(image.disk()?.path()).map_err(failed)?;
        store::write_with(&path, |file| io::copy(&mut written, file).map(drop))?;
    }
    Ok(0)
}
