//! The note of this process: written before its first group is made, removed when it ends by itself and its groups are gone.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use nix::fcntl::Flock;

use super::{NOTE, failed, group_prefix, own_name};
use crate::error::Error;
use crate::user_folder::{UserFolder, lock};

/// A note that is written.
struct Note {
    path: PathBuf,
    /// The process that wrote it: one that it forks has a copy of this.
    pid: u32,
    lines: BTreeSet<Vec<u8>>,
    /// Held as long as this process lives.
    _lock: Flock<File>,
}

/// The notes of this process, one in each state directory.
static WRITTEN: Mutex<Vec<Note>> = Mutex::new(Vec::new());

/// Holds sweeps off until it is dropped: before this process has its note in the directory, one would take back what a first start
/// counts on. `None` where the note is there.
pub fn hold(directory: &Path) -> Result<Option<Flock<File>>, Error> {
    let noted = |note: &Note| note.path.parent() == Some(directory);
    if WRITTEN.lock().unwrap_or_else(PoisonError::into_inner).iter().any(noted) {
        return Ok(None);
    }
    let folder = UserFolder::new(directory);
    let held = make_folder(&folder).and_then(|()| folder.hold());
    held.map_err(|error| failed("lock", directory, &error))
}

/// Sees to it that the note in the directory has these lines: where groups are, and what was changed for them.
pub fn write(directory: &Path, lines: impl Iterator<Item = Vec<u8>>) -> Result<(), Error> {
    let mut written = WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
    let path = directory.join(format!("{}{NOTE}", own_name()));
    let failed = |error: io::Error| failed("write", &path, &error);
    let index = match written.iter().position(|note| note.path == path) {
        Some(index) => index,
        None => {
            let lock = make(directory, &path).map_err(failed)?;
            if written.is_empty() {
                // SAFETY: a function without arguments that does not unwind. Should there be no room for it, which the
                // answer would say, the next sweep removes the note.
                let _ = unsafe { libc::atexit(remove_notes) };
            }
            written.push(Note {
                path: path.clone(),
                pid: std::process::id(),
                lines: BTreeSet::new(),
                _lock: lock,
            });
            written.len() - 1
        }
    };
    let listed = &mut written[index].lines;
    for line in lines {
        if listed.contains(&line) {
            continue;
        }
        let opened = File::options().append(true).custom_flags(libc::O_NOFOLLOW).open(&path);
        let ended = [&line[..], b"\n"].concat();
        opened.and_then(|mut file| file.write_all(&ended)).map_err(failed)?;
        listed.insert(line);
    }
    Ok(())
}

/// Makes an empty note and takes the lock on it.
fn make(directory: &Path, path: &Path) -> io::Result<Flock<File>> {
    let folder = UserFolder::new(directory);
    // Another process's sweep may take it for one that was left, between the two steps, and the folder may be removed.
    const TRIES: u32 = 100;
    let mut last = io::Error::other("it is removed again and again");
    for _ in 0..TRIES {
        make_folder(&folder)?;
        let made = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(path);
        match made {
            Ok(_) => {
                if let Some(lock) = lock(path) {
                    return Ok(lock);
                }
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists) => {
                // Another process's sweep holds it, and removes it in a moment.
                last = error;
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

fn make_folder(folder: &UserFolder) -> io::Result<()> {
    match folder.make(0o700) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // For the first container of all; no other start looks above the folder.
            folder.path().parent().map_or(Ok(()), std::fs::create_dir_all)?;
            folder.make(0o700)
        }
        made => made,
    }
}

extern "C" fn remove_notes() {
    let written = std::mem::take(&mut *WRITTEN.lock().unwrap_or_else(PoisonError::into_inner));
    for note in written {
        if note.pid == std::process::id() && !note.lines.iter().any(|line| has_groups(line)) {
            // The next sweep removes it otherwise.
            let _ = std::fs::remove_file(&note.path);
        }
    }
}

/// Whether a group of this process is still there: that of a container that was neither removed nor dropped.
fn has_groups(line: &[u8]) -> bool {
    let base = OsStr::from_bytes(line);
    let prefix = group_prefix(own_name());
    let entries = std::fs::read_dir(base).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name())
        .any(|name| name.as_bytes().starts_with(prefix.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_lists_each_place_once_and_is_held() {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("made/on/demand");
        for bases in [&["/a", "/b"][..], &["/a", "/b"], &["/c", "/a"]] {
            write(&state, bases.iter().map(|base| base.as_bytes().to_vec())).unwrap();
        }
        let notes: Vec<_> = std::fs::read_dir(&state)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(notes.len(), 1);
        assert_eq!(std::fs::read_to_string(&notes[0]).unwrap(), "/a\n/b\n/c\n");
        assert!(lock(&notes[0]).is_none());
    }
}
