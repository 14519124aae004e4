//! Files that people name: only regular ones, so that a pipe that nobody writes to or an endless device is refused, not waited for.

use crate::error::Error;
use std::fs::File;
use std::path::Path;

/// Opens a regular file.
pub fn open(path: &Path) -> Result<File, Error> {
    let failed = |error| Error::from_cause(format_args!("cannot read {}", path.display()), error);
    check(path).map_err(failed)?;
    File::open(path).map_err(failed)
}

/// Whether it is one, without opening it.
pub fn check(path: &Path) -> std::io::Result<()> {
    match std::fs::metadata(path)? {
        about if about.is_file() => Ok(()),
        about if about.is_dir() => Err(std::io::Error::other("it is a folder")),
        _ => Err(std::io::Error::other(
            "it is a pipe, a device or a socket; write what comes from there to a file first",
        )),
    }
}
