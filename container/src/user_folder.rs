//! A folder of this user's own, where a process keeps what the next one clears when it was killed.
//!
//! In /tmp, anybody may make a folder of any name, and what a process finds there it acts on with its own rights: so a folder is
//! used only when it is this user's and nobody else can write to it, and what is in it is opened without following links. A
//! process holds a lock (flock(2)) on what is its own; the kernel gives it up however the process ends.

use std::ffi::OsString;
use std::fs::{DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

/// See the top of the file.
#[derive(Debug, Clone)]
pub struct UserFolder(PathBuf);

impl UserFolder {
    /// The folder of that path, whether or not it is there.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        UserFolder(path.into())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Makes it when it is missing, with this mode whatever the umask. The folder above it has to be there.
    pub fn make(&self, mode: u32) -> io::Result<()> {
        match DirBuilder::new().mode(mode).create(&self.0) {
            Ok(()) => {
                // By a descriptor: the name may mean something else by now.
                self.open()?
                    .map_or(Ok(()), |folder| folder.set_permissions(PermissionsExt::from_mode(mode)))
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => self.open().map(drop),
            Err(error) => Err(error),
        }
    }

    /// Opens it; `None` when there is none. An error when it is not this user's alone.
    pub fn open(&self) -> io::Result<Option<File>> {
        let flags = libc::O_DIRECTORY | libc::O_NOFOLLOW;
        let opened = File::options().read(true).custom_flags(flags).open(&self.0);
        let folder = match opened {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) if matches!(error.raw_os_error(), Some(libc::ELOOP | libc::ENOTDIR)) => {
                return Err(io::Error::other("what has that name there is not a directory"));
            }
            other => other?,
        };
        let about = folder.metadata()?;
        if about.uid() != nix::unistd::geteuid().as_raw() {
            return Err(io::Error::other("the directory of that name is another user's"));
        }
        if about.mode() & 0o022 != 0 {
            return Err(io::Error::other("other users may write to the directory of that name"));
        }
        // What is in it is used by name, so nobody may put another in its place (the sticky bit: inode(7)).
        let above = self.0.parent().filter(|above| !above.as_os_str().is_empty());
        let above = std::fs::metadata(above.unwrap_or(Path::new(".")))?.mode();
        if above & 0o002 != 0 && above & libc::S_ISVTX == 0 {
            return Err(io::Error::other("everybody may rename the directory of that name"));
        }
        Ok(Some(folder))
    }

    /// Opens it and waits for the lock on the folder itself, which processes hold for moments only; `None` when there is none.
    pub fn hold(&self) -> io::Result<Option<Flock<File>>> {
        let Some(mut folder) = self.open()? else {
            return Ok(None);
        };
        loop {
            match Flock::lock(folder, FlockArg::LockExclusive) {
                Ok(held) => return Ok(Some(held)),
                Err((again, Errno::EINTR)) => folder = again,
                Err((_, errno)) => return Err(errno.into()),
            }
        }
    }

    /// What is in it that no process holds a lock on: left by those that were killed. Held until it is dropped.
    pub fn abandoned(&self) -> io::Result<Vec<(OsString, Flock<File>)>> {
        if self.open()?.is_none() {
            return Ok(Vec::new());
        }
        let names = std::fs::read_dir(&self.0)?.flatten().map(|entry| entry.file_name());
        Ok(names
            .filter_map(|name| Some((name.clone(), lock(&self.0.join(name))?)))
            .collect())
    }
}

/// The lock on this user's file or directory, unless it is held, or is no longer there when it is got.
pub fn lock(path: &Path) -> Option<Flock<File>> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file = File::options().read(true).custom_flags(flags).open(path).ok()?;
    let about = file.metadata().ok()?;
    if about.uid() != nix::unistd::geteuid().as_raw() {
        return None;
    }
    let lock = Flock::lock(file, FlockArg::LockExclusiveNonblock).ok()?;
    (std::fs::symlink_metadata(path).ok()?.ino() == about.ino()).then_some(lock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_somebody_elses_making_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let folder = UserFolder::new(place.path().join("folder"));
        assert!(folder.open().unwrap().is_none());
        folder.make(0o700).unwrap();
        folder.make(0o700).unwrap();
        assert!(folder.open().unwrap().is_some());
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o770)).unwrap();
        assert!(folder.open().is_err() && folder.make(0o700).is_err());
        std::fs::remove_dir(folder.path()).unwrap();
        std::os::unix::fs::symlink(place.path(), folder.path()).unwrap();
        assert!(folder.open().is_err() && folder.make(0o700).is_err());
    }

    #[test]
    fn a_folder_that_everybody_may_replace_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let folder = UserFolder::new(place.path().join("folder"));
        folder.make(0o700).unwrap();
        for (mode, refused) in [(0o1777, false), (0o777, true), (0o770, false)] {
            std::fs::set_permissions(place.path(), PermissionsExt::from_mode(mode)).unwrap();
            assert_eq!(folder.open().is_err(), refused, "{mode:o}");
        }
    }

    #[test]
    fn what_nobody_holds_is_abandoned() {
        let place = tempfile::tempdir().unwrap();
        for name in ["held", "left"] {
            std::fs::write(place.path().join(name), "").unwrap();
        }
        let _held = lock(&place.path().join("held")).unwrap();
        std::os::unix::fs::symlink("left", place.path().join("link")).unwrap();
        let abandoned = UserFolder::new(place.path()).abandoned().unwrap();
        assert_eq!(abandoned.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["left"]);
        assert!(UserFolder::new(place.path()).abandoned().unwrap().is_empty());
    }
}
