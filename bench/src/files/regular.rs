//! Files that people name: only regular ones, so that a pipe that nobody writes to or an endless device is refused, not waited for.

use crate::error::Error;
use reports::model::Message;
use std::fs::File;
use std::path::Path;

/// Opens a regular file.
pub fn open(path: &Path) -> Result<File, Error> {
    let failed = |error| Error::of_path("cannot-read-file", path, error);
    check(path).map_err(failed)?;
    File::open(path).map_err(failed)
}

/// Whether it is one, without opening it.
pub fn check(path: &Path) -> std::io::Result<()> {
    match std::fs::metadata(path)? {
        about if about.is_file() => Ok(()),
        about if about.is_dir() => Err(std::io::Error::other(Error::new(Message::new("is-folder")))),
        _ => Err(std::io::Error::other(Error::new(Message::new("is-special")))),
    }
}
