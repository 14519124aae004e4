//! The built-in workloads as layers on disk, made when first asked for and kept: `CACHE/layers/SHA256/NAME`, under the
//! SHA-256 of the program, which was taken when isolab was built. Every start of every target then uses the same file,
//! and nothing is copied. A cache that cannot be used is done without.

use crate::files::xdg;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::unistd::linkat;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Permissions of the layer and of the program: whoever a container's program runs as may read both.
const MODE: u32 = 0o755;

/// The folder that holds `program` as `name` and nothing else; `None` where no such folder can be kept.
pub fn kept(name: &str, sha256: &str, program: &[u8]) -> Option<PathBuf> {
    let layer = xdg::cache()?.join("layers").join(sha256);
    let path = layer.join(name);
    if is_whole(&layer, &path, program.len()) {
        return Some(layer);
    }
    make(&layer, &path, program).ok()?;
    is_whole(&layer, &path, program.len()).then_some(layer)
}

/// Whether the file is the one that was put there, as far as its inode tells: a program appears there only when it is
/// complete ([`make`]), and nobody but this user can write to it. Its bytes are hashed where they are reported.
fn is_whole(layer: &Path, path: &Path, bytes: usize) -> bool {
    let user = nix::unistd::geteuid().as_raw();
    let ours = |path: &Path| {
        let metadata = std::fs::symlink_metadata(path).ok()?;
        (metadata.uid() == user && metadata.mode() & 0o7777 == MODE).then_some(metadata)
    };
    ours(layer).is_some_and(|metadata| metadata.is_dir())
        && ours(path).is_some_and(|metadata| metadata.is_file() && metadata.len() == bytes as u64)
}

/// Writes the file without a name, and gives it its name when it is complete and on disk: an isolab that is killed
/// meanwhile leaves nothing.
fn make(layer: &Path, path: &Path, program: &[u8]) -> io::Result<()> {
    std::fs::create_dir_all(layer)?;
    std::fs::set_permissions(layer, PermissionsExt::from_mode(MODE))?;
    let mut file = OpenOptions::new()
        .write(true)
        .custom_flags(nix::libc::O_TMPFILE)
        .open(layer)?;
    file.write_all(program)?;
    file.set_permissions(PermissionsExt::from_mode(MODE))?;
    file.sync_all()?;
    // Closed for writing before anybody can execute it (ETXTBSY, execve(2)).
    let complete = File::open(descriptor(&file))?;
    drop(file);
    loop {
        let source = descriptor(&complete);
        match linkat(AT_FDCWD, source.as_path(), AT_FDCWD, path, AtFlags::AT_SYMLINK_FOLLOW) {
            // Another isolab was faster.
            Err(Errno::EEXIST) if is_whole(layer, path, program.len()) => return Ok(()),
            // Damaged.
            Err(Errno::EEXIST) => std::fs::remove_file(path)?,
            linked => return Ok(linked?),
        }
    }
}

fn descriptor(file: &File) -> PathBuf {
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_made_once_holds_the_program_alone_and_is_mended_when_it_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let layer = folder.path().join("layers/0123");
        let path = layer.join("hello");
        assert!(!is_whole(&layer, &path, 3));
        make(&layer, &path, b"abc").unwrap();
        assert!(is_whole(&layer, &path, 3));
        std::fs::write(&path, "x").unwrap();
        assert!(!is_whole(&layer, &path, 3));
        make(&layer, &path, b"abc").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"abc");
        assert!(is_whole(&layer, &path, 3));
        assert_eq!(std::fs::read_dir(&layer).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_others_can_write_to_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let (layer, path) = (folder.path().join("0123"), folder.path().join("0123/hello"));
        make(&layer, &path, b"abc").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o777)).unwrap();
        assert!(!is_whole(&layer, &path, 3));
    }
}
