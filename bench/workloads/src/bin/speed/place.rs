//! Where files are made: a folder of the run's own, which goes with it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A folder that is removed at the end, with what is in it.
pub struct Place(PathBuf);

impl Place {
    /// In the folder asked for; else in memory (`/dev/shm`), where every target has the same kind of file system, or, without
    /// that, in the working directory.
    pub fn new(folder: Option<String>) -> Result<Place, String> {
        let folder = folder.map(PathBuf::from).unwrap_or_else(|| {
            let memory = Path::new("/dev/shm");
            let usual = if memory.is_dir() { memory } else { Path::new(".") };
            usual.into()
        });
        // A run that was killed may have left one, and its number comes again.
        for attempt in 0..100 {
            let path = folder.join(format!("isolab-workload-{}-{attempt}", std::process::id()));
            match std::fs::create_dir(&path) {
                Ok(()) => return Ok(Place(path)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(format!("cannot make the folder {}: {error}", path.display())),
            }
        }
        Err(format!("{} is full of folders of this kind", folder.display()))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Nobody is left to tell.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An error of a step on a file.
pub fn failed<'a>(what: &'a str, path: &'a Path) -> impl Fn(std::io::Error) -> String + 'a {
    move |error| format!("cannot {what} {}: {error}", path.display())
}
