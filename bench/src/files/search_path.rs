//! Commands by their names.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Where a command is, as a shell finds it: in the folders of PATH, and where administrators' commands usually are.
pub fn find(command: &str) -> std::io::Result<PathBuf> {
    if command.contains('/') {
        return Ok(command.into());
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    // Where Debian and others have what root uses; an ordinary user's PATH may lack it.
    let usual = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    let found = std::env::split_paths(&folders)
        .chain(usual)
        .map(|folder| folder.join(command))
        .find(|path| is_executable(path));
    found.ok_or_else(|| ErrorKind::NotFound.into())
}

fn is_executable(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.mode() & 0o111 != 0)
}
