//! Removes what processes that were killed have left.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::fcntl::Flock;

use super::{failed, group_prefix, owner_of_note};
use crate::cgroup::Abandoned;
use crate::error::Error;
use crate::user_folder::UserFolder;

/// Removes what processes that were killed have left: control groups, and their notes in `state_dir`. Returns how many
/// groups were removed. A missing `state_dir` means that there is nothing to do; one that others than this user can write
/// to is an error. What cannot be removed stays with its note, for the next time, and the first such error is the answer.
pub fn sweep(state_dir: &Path) -> Result<usize, Error> {
    let folder = UserFolder::new(state_dir);
    let abandoned = folder.abandoned().map_err(|error| failed("read", state_dir, &error))?;
    let mut removed = 0;
    let mut first_error = None;
    for (name, lock) in abandoned {
        let Some(owner) = name.to_str().and_then(owner_of_note) else {
            continue;
        };
        if let Err(error) = sweep_note(&state_dir.join(&name), owner, lock, &mut removed) {
            first_error.get_or_insert(error);
        }
    }
    first_error.map_or(Ok(removed), Err)
}

/// Removes the groups that a note lists, and then the note.
fn sweep_note(path: &Path, owner: &str, mut note: Flock<File>, removed: &mut usize) -> Result<(), Error> {
    let mut text = Vec::new();
    note.read_to_end(&mut text)
        .map_err(|error| failed("read", path, &error))?;
    let bases = text.split(|byte| *byte == b'\n').filter(|base| !base.is_empty());
    let prefix = group_prefix(owner);
    let mut first_error = None;
    for base in bases {
        let outcomes = match Abandoned::find(Path::new(OsStr::from_bytes(base)), &prefix) {
            Ok(groups) => groups.iter().map(Abandoned::kill_and_remove).collect(),
            Err(error) => vec![Err(error)],
        };
        for outcome in outcomes {
            match outcome {
                Ok(()) => *removed += 1,
                Err(error) => drop(first_error.get_or_insert(error)),
            }
        }
    }
    first_error.map_or(Ok(()), Err)?;
    std::fs::remove_file(path).map_err(|error| failed("remove", path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_takes_the_notes_of_dead_processes_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let (dead, alive) = ("1-0123456789abcdef.groups", "2-0123456789abcdef.groups");
        for name in [dead, alive, "notes.txt"] {
            std::fs::write(path(name), "/nonexistent\n").unwrap();
        }
        let _held = crate::user_folder::lock(&path(alive)).unwrap();
        assert_eq!(sweep(directory.path()), Ok(0));
        assert_eq!(
            [dead, alive, "notes.txt"].map(|name| path(name).exists()),
            [false, true, true]
        );
    }
}
