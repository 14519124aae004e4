//! What can be said of a description without asking the kernel.

use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::error::{Error, ErrorStep};

/// The error for a description that makes no sense.
pub fn wrong(tried: String, hint: &str) -> Error {
    Error {
        step: ErrorStep::Spec,
        tried,
        errno: None,
        hint: hint.to_owned(),
    }
}

/// The text as the kernel takes it.
pub fn c_string(text: &OsStr, what: &str) -> Result<CString, Error> {
    CString::new(text.as_bytes()).map_err(|_| {
        wrong(
            format!("{what} {text:?}"),
            "it contains a zero byte, which ends a string for the kernel",
        )
    })
}

/// The path, which has to be absolute.
pub fn absolute<'a>(path: &'a Path, what: &str) -> Result<&'a Path, Error> {
    if path.is_absolute() {
        Ok(path)
    } else {
        Err(wrong(
            format!("{what} {path:?}"),
            "give an absolute path inside the root",
        ))
    }
}
