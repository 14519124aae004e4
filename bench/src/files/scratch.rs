//! A directory of isolab's own for as long as it runs.
//!
//! It holds an flock(2) on it. What an isolab that was killed has left has none, and the next isolab removes it.

use super::tool;
use crate::error::Error;
use container::user_folder::{UserFolder, lock};
use nix::fcntl::Flock;
use reports::model::Message;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A directory that is removed when it is dropped, or by the next isolab after this one was killed.
#[derive(Debug)]
pub struct Scratch {
    // In this order: a field is dropped after those before it. The directory is removed before its lock is given up, and
    // before the folder that it is in.
    directory: TempDir,
    _lock: Flock<File>,
    _folder: Folder,
}

impl Scratch {
    /// A new one in the folder for temporary files (`TMPDIR`, or /tmp).
    pub fn new() -> Result<Self, Error> {
        let folder = Folder::of_this_user();
        let failed = |error: std::io::Error| {
            Error::of_path("cannot-make-folder", folder.0.path(), error).remedy(Message::new("do-make-room"))
        };
        loop {
            folder.make().map_err(failed)?;
            let directory = match TempDir::new_in(folder.0.path()) {
                // The last isolab beside this one has just removed the folder.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                made => made.map_err(failed)?,
            };
            if let Some(lock) = lock(directory.path()) {
                return Ok(Scratch {
                    directory,
                    _lock: lock,
                    _folder: folder,
                });
            }
            // Another isolab's sweep took it for a left-over between the two steps: take the next name.
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Notes a command that removes what `id` leaves on this host. Unless the value is told that it is done, the command is run
    /// with the end of this directory, or by the next isolab should this one be killed.
    ///
    /// # Errors
    /// What writing the note gives.
    pub fn leave(&self, id: &str, command: &[String]) -> std::io::Result<Left> {
        let folder = self.path().join(LEFT);
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(id);
        std::fs::write(&path, serde_json::to_vec(command)?)?;
        Ok(Left(path))
    }
}

/// Where the notes of such commands are in a directory.
const LEFT: &str = "left";

/// A note of something that is still to be removed.
#[derive(Debug)]
#[must_use]
pub struct Left(PathBuf);

impl Left {
    /// It is removed.
    pub fn done(self) {
        // A note that stays is run once more, in vain.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove_left(self.directory.path());
    }
}

/// Runs the commands that were noted in a directory.
fn remove_left(directory: &Path) {
    let notes = std::fs::read_dir(directory.join(LEFT)).into_iter().flatten().flatten();
    for note in notes {
        let command = std::fs::read(note.path()).ok();
        let command = command.and_then(|text| serde_json::from_slice::<Vec<String>>(&text).ok());
        if let Some(command) = command.filter(|words| !words.is_empty()) {
            // A tool that had tidied up by itself says that there is nothing to do.
            let _ = tool::output(&command);
        }
    }
}

/// The folder that holds the directories of all of this user's isolab processes, removed with the last of them. With a
/// folder of their own, a sweep need not read all that others keep in /tmp.
#[derive(Debug)]
struct Folder(UserFolder);

impl Folder {
    fn of_this_user() -> Self {
        let user = nix::unistd::geteuid();
        Folder(UserFolder::new(
            std::env::temp_dir().join(format!("isolab-work-{user}")),
        ))
    }

    fn make(&self) -> std::io::Result<()> {
        // Its subfolders are layers: the programs of every user namespace must get through, whatever the umask.
        match self.0.make(0o755) {
            // Removed meanwhile by the last isolab beside this one: the next step finds that out.
            Err(error) if error.kind() == ErrorKind::NotFound && std::env::temp_dir().is_dir() => Ok(()),
            other => other,
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Not empty while other isolab processes have something in it. One that is another user's stays.
        if let Ok(Some(_)) = self.0.open() {
            let _ = std::fs::remove_dir(self.0.path());
        }
    }
}

/// Removes the directories of isolab processes that were killed; gives how many there were.
pub fn sweep() -> usize {
    let folder = Folder::of_this_user();
    // None is usual: no isolab has one now. One that is another user's is not touched.
    let abandoned = folder.0.abandoned().unwrap_or_default();
    for (name, _lock) in &abandoned {
        remove_left(&folder.0.path().join(name));
        // What cannot be removed now is tried again by the next isolab.
        let _ = std::fs::remove_dir_all(folder.0.path().join(name));
    }
    abandoned.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_removes_what_nobody_holds_and_leaves_what_an_isolab_uses() {
        let used = Scratch::new().unwrap();
        let left = TempDir::new_in(Folder::of_this_user().0.path()).unwrap().keep();
        std::fs::write(left.join("file"), "x").unwrap();
        // What an instance of a tool left, too.
        let folder = TempDir::new().unwrap();
        let mark = |name: &str| folder.path().join(name);
        let command = |name: &str| ["touch".to_owned(), mark(name).to_string_lossy().into_owned()];
        std::fs::create_dir(left.join(LEFT)).unwrap();
        std::fs::write(
            left.join(LEFT).join("id"),
            serde_json::to_vec(&command("left")).unwrap(),
        )
        .unwrap();
        let _note = used.leave("id", &command("used")).unwrap();
        used.leave("other", &command("done")).unwrap().done();
        assert!(sweep() >= 1);
        assert!(used.path().is_dir());
        assert!(!left.exists());
        assert!(mark("left").exists() && !mark("used").exists());
        // With the end of the directory at the latest.
        drop(used);
        assert!(mark("used").exists() && !mark("done").exists());
    }
}
