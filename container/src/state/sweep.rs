//! Removes what processes that were killed have left.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::{failed, group_prefix, owner_of_note};
use crate::cgroup::{Abandoned, take_back};
use crate::error::Error;
use crate::user_folder::UserFolder;

/// Removes what processes that were killed have left: control groups, and their notes in `state_dir`. Returns how many
/// groups were removed. A missing `state_dir` means that there is nothing to do; one that others than this user can write
/// to is an error. What cannot be removed stays with its note, for the next time, and the first such error is the answer.
pub fn sweep(state_dir: &Path) -> Result<usize, Error> {
    let folder = UserFolder::new(state_dir);
    let unread = |error| failed("read", state_dir, &error);
    let hold = || folder.hold().map_err(unread);
    let held = hold()?;
    let mut abandoned = folder.abandoned().map_err(unread)?;
    drop(held);
    abandoned.retain(|(name, _)| owner(name).is_some());
    let mut removed = 0;
    let mut first_error = None;
    let mut swept = Vec::new();
    for (name, lock) in &abandoned {
        let path = state_dir.join(name);
        match owner(name).map_or(Ok(Vec::new()), |owner| remove_groups(&path, owner, lock, &mut removed)) {
            Ok(changes) => swept.push((path, changes)),
            Err(error) => drop(first_error.get_or_insert(error)),
        }
    }
    // Another isolab may count on what one that was killed has changed. None begins to while the folder is held.
    let _held = hold()?;
    let left = |name: &OsStr| abandoned.iter().any(|(abandoned, _)| abandoned == name);
    let mut names = std::fs::read_dir(state_dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name());
    let alone = names.all(|name| owner(&name).is_none() || left(&name));
    for (path, changes) in swept {
        if !alone && !changes.is_empty() {
            continue;
        }
        changes.iter().for_each(|change| take_back(change));
        if let Err(error) = std::fs::remove_file(&path) {
            first_error.get_or_insert(failed("remove", &path, &error));
        }
    }
    first_error.map_or(Ok(removed), Err)
}

fn owner(name: &OsStr) -> Option<&str> {
    name.to_str().and_then(owner_of_note)
}

/// Removes the groups that a note lists; gives what was changed for them.
fn remove_groups(path: &Path, owner: &str, mut note: &File, removed: &mut usize) -> Result<Vec<Vec<u8>>, Error> {
    let mut text = Vec::new();
    note.read_to_end(&mut text)
        .map_err(|error| failed("read", path, &error))?;
    let lines = || text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
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
    let changes = lines().filter_map(|line| line.strip_prefix(b"+")).map(<[u8]>::to_vec);
    first_error.map_or(Ok(changes.collect()), Err)
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
    #[test]
    fn a_start_that_begins_during_a_sweep_keeps_what_it_may_count_on() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let (dead, starting) = ("1-0123456789abcdef.groups", "2-0123456789abcdef.groups");
        std::fs::write(path(dead), "+io /nonexistent\n").unwrap();
        let folder = UserFolder::new(directory.path());
        let held = folder.hold().unwrap();
        let _noted = std::thread::scope(|scope| {
            let sweep = scope.spawn(|| sweep(directory.path()));
            // For the sweep to come as far as it does.
            std::thread::sleep(std::time::Duration::from_millis(50));
            std::fs::write(path(starting), "").unwrap();
            let noted = crate::user_folder::lock(&path(starting)).unwrap();
            drop(held);
            assert_eq!(sweep.join().unwrap(), Ok(0));
            noted
        });
        assert!(path(dead).exists() && path(starting).exists());
    }
}
