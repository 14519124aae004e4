//! Removes what processes that were killed have left.

use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use super::{failed, group_prefix, owner_of_note};
use crate::cgroup::Abandoned;
use crate::error::Error;
use crate::user_folder::UserFolder;

/// The kernel may still be ending a group's processes: so often it is tried again, and so long waited in between.
const TRIES: u32 = 6;
const PAUSE: Duration = Duration::from_millis(20);

/// Removes what processes that were killed have left: control groups, and their notes in `state_dir`. Returns how many
/// groups were removed. A missing `state_dir` means that there is nothing to do; one that others than this user can write
/// to is an error.
pub fn sweep(state_dir: &Path) -> Result<usize, Error> {
    let folder = UserFolder::new(state_dir);
    let abandoned = folder.abandoned().map_err(|error| failed("read", state_dir, &error))?;
    let mut removed = 0;
    for (name, mut lock) in abandoned {
        let Some(owner) = name.to_str().and_then(owner_of_note) else {
            continue;
        };
        let path = state_dir.join(&name);
        let mut text = Vec::new();
        lock.read_to_end(&mut text)
            .map_err(|error| failed("read", &path, &error))?;
        for base in text.split(|byte| *byte == b'\n').filter(|base| !base.is_empty()) {
            removed += sweep_base(Path::new(OsStr::from_bytes(base)), &group_prefix(owner))?;
        }
        std::fs::remove_file(&path).map_err(|error| failed("remove", &path, &error))?;
    }
    Ok(removed)
}

fn sweep_base(base: &Path, prefix: &str) -> Result<usize, Error> {
    let mut removed = 0;
    for group in Abandoned::find(base, prefix) {
        let mut tries = 1;
        while let Err(error) = group.kill_and_remove() {
            if tries == TRIES {
                return Err(error);
            }
            tries += 1;
            std::thread::sleep(PAUSE);
        }
        removed += 1;
    }
    Ok(removed)
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
