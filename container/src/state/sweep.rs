//! Removes what processes that were killed have left.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::fcntl::Flock;

use super::{failed, group_prefix, owner_of_note};
use crate::cgroup::{Abandoned, take_back};
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
    let notes = |names: &mut dyn Iterator<Item = &OsStr>| names.filter(|name| owner(name).is_some()).count();
    let all: Vec<OsString> = std::fs::read_dir(state_dir).map_or(Vec::new(), |entries| {
        entries.flatten().map(|entry| entry.file_name()).collect()
    });
    let left = notes(&mut abandoned.iter().map(|(name, _)| name.as_os_str()));
    // Another isolab may count on what one that was killed has changed.
    let alone = notes(&mut all.iter().map(OsString::as_os_str)) == left;
    for (name, lock) in abandoned {
        let Some(owner) = owner(&name) else {
            continue;
        };
        if let Err(error) = sweep_note(&state_dir.join(&name), owner, lock, alone, &mut removed) {
            first_error.get_or_insert(error);
        }
    }
    first_error.map_or(Ok(removed), Err)
}

fn owner(name: &OsStr) -> Option<&str> {
    name.to_str().and_then(owner_of_note)
}

/// Removes the groups that a note lists, takes back what was changed for them, and then removes the note.
fn sweep_note(path: &Path, owner: &str, mut note: Flock<File>, alone: bool, removed: &mut usize) -> Result<(), Error> {
    let mut text = Vec::new();
    note.read_to_end(&mut text)
        .map_err(|error| failed("read", path, &error))?;
    let lines = || text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let changes = || lines().filter_map(|line| line.strip_prefix(b"+"));
    let prefix = group_prefix(owner);
    let mut first_error = None;
    for base in lines().filter(|line| !line.starts_with(b"+")) {
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
    if !alone && changes().next().is_some() {
        return Ok(());
    }
    changes().for_each(take_back);
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
