//! Puts files where they belong so that they are never half-written: written under another name, synced, then renamed.

use crate::error::Error;
use reports::model::Message;
use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;

/// Writes `bytes` to `path`; see [`write_with`].
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_with(path, |file| file.write_all(bytes))
}

/// Writes what `content` gives to `path`, which then holds either what it held before or all of it. Makes the folder if it
/// is missing. A symbolic link is followed; what is no file, such as a pipe or a device, is written to where it is.
pub fn write_with(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
    let asked = path;
    // What is not there yet stays as it was asked for.
    let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let attempt = || -> io::Result<()> {
        if std::fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
            let mut buffer = BufWriter::new(File::options().write(true).open(path)?);
            content(&mut buffer)?;
            return buffer.flush();
        }
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new().prefix(".isolab-").tempfile_in(folder)?;
        let mut buffer = BufWriter::new(&mut file);
        content(&mut buffer)?;
        buffer.flush()?;
        drop(buffer);
        // Readable like any file that a program makes, not mkstemp's 0600.
        file.as_file()
            .set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666 & !umask()))?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        // The rename itself is on disk once the folder is.
        File::open(folder)?.sync_all()
    };
    attempt().map_err(|error| refused(asked, &error))
}

fn refused(path: &Path, error: &io::Error) -> Error {
    let remedy = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "do-room-or-place",
        ErrorKind::ReadOnlyFilesystem => "do-writable-place",
        ErrorKind::PermissionDenied => "do-change-owner",
        _ => "do-other-place",
    };
    Error::of_path("cannot-write", path, error).remedy(Message::new(remedy))
}

/// Whether a file can be put there, before time is spent on what is to be in it. Folders that are missing are not made.
///
/// # Errors
/// As [`write_with`].
pub fn check(path: &Path) -> Result<(), Error> {
    let there = std::fs::metadata(path);
    if there.as_ref().is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        return Ok(());
    }
    let attempt = || match there {
        Ok(there) if there.is_dir() => Err(io::Error::from(ErrorKind::IsADirectory)),
        // The lowest folder that is there.
        _ => {
            let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
            let folders = target.ancestors().skip(1);
            let folder = folders
                .map(|folder| {
                    if folder.as_os_str().is_empty() {
                        Path::new(".")
                    } else {
                        folder
                    }
                })
                .find(|folder| folder.symlink_metadata().is_ok());
            tempfile::Builder::new()
                .prefix(".isolab-")
                .tempfile_in(folder.unwrap_or(Path::new(".")))
                .map(drop)
        }
    };
    attempt().map_err(|error| refused(path, &error))
}

/// The permissions that new files do not get, from /proc (umask(2) can only be read by changing it).
fn umask() -> u32 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    line.and_then(|octal| u32::from_str_radix(octal.trim(), 8).ok())
        .unwrap_or(0o022)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_nothing_else_is_left_in_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/results.json");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_is_followed_and_a_pipe_is_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link, pipe) = (
            folder.path().join("file"),
            folder.path().join("link"),
            folder.path().join("pipe"),
        );
        std::fs::write(&file, b"old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write(&link, b"new").unwrap();
        assert!(link.is_symlink() && std::fs::read(&file).unwrap() == b"new");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || std::fs::read(pipe).unwrap()
        });
        write(&pipe, b"through").unwrap();
        assert_eq!(reader.join().unwrap(), b"through");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[test]
    fn a_place_that_cannot_be_written_to_is_named_with_a_remedy() {
        let error = write(Path::new("/proc/isolab/results.json"), b"x").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("cannot write /proc/isolab/results.json: "),
            "{error}"
        );
        assert!(error.to_string().contains("hint: "));
    }
}
