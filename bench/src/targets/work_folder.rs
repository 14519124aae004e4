//! The working directory of a plain process, or what another tool gets: a folder with copies of the files that the program is
//! given, as it finds them in the root of a container or a virtual machine.
//!
//! Every run begins with the same files. A container's and a guest's changes go with them; here the folder is looked through before
//! each start, outside the time that is measured, and laid out anew where a run has changed anything.

use crate::error::Error;
use crate::files::scratch::Scratch;
use reports::model::Message;
use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A folder to run in. It is removed when it is dropped.
#[derive(Debug)]
pub struct WorkFolder {
    scratch: Scratch,
    /// What was put there.
    laid_out: Option<Contents>,
}

/// Inode and time of the last change, which no program can set (inode(7)), of everything in a folder.
type Contents = BTreeMap<PathBuf, (u64, i64, i64)>;

impl WorkFolder {
    /// An empty one in the folder for temporary files.
    pub fn new() -> Result<Self, Error> {
        Ok(WorkFolder {
            scratch: Scratch::new()?,
            laid_out: None,
        })
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.scratch.path().join("work")
    }

    /// The directory that holds it, and is removed with it.
    pub fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    /// The folder, with what `fill` puts into it and nothing else.
    pub fn renew(&mut self, fill: impl FnOnce(&Path) -> io::Result<()>) -> Result<PathBuf, Error> {
        let folder = self.path();
        let failed = |error| Error::of_path("cannot-write-to", &folder, error).remedy(Message::new("do-make-room"));
        let found = contents(&folder).ok();
        if found.is_none() || found != self.laid_out {
            self.laid_out = Some(lay_out(&folder, fill).map_err(failed)?);
        }
        Ok(folder)
    }
}

fn lay_out(folder: &Path, fill: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<Contents> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => std::fs::create_dir(folder)?,
    }
    fill(folder)?;
    contents(folder)
}

fn contents(folder: &Path) -> io::Result<Contents> {
    let mut all = Contents::new();
    let mut left = vec![folder.to_owned()];
    while let Some(path) = left.pop() {
        let about = path.symlink_metadata()?;
        if about.is_dir() {
            for entry in std::fs::read_dir(&path)? {
                left.push(entry?.path());
            }
        }
        all.insert(path, (about.ino(), about.ctime(), about.ctime_nsec()));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workloads::Workload;
    use crate::workloads::image::Image;
    use crate::workloads::inputs::InputRequest;

    #[test]
    fn every_run_begins_with_the_same_files_and_those_of_the_host_are_never_changed() {
        let host = tempfile::tempdir().unwrap();
        let source = host.path().join("data.txt");
        std::fs::write(&source, "as it was").unwrap();
        let request = InputRequest {
            files: vec![format!("{}:in/data.txt", source.display())],
            ..InputRequest::default()
        };
        let workload = Workload {
            inputs: request.resolve("hello").unwrap(),
            ..Workload::own("hello", vec![]).unwrap()
        };
        let image = Image::build(&workload, 0).unwrap();
        let mut folder = WorkFolder::new().unwrap();
        let place = folder.renew(|to| image.copy_other_files(to)).unwrap();
        let given = place.join("in/data.txt");
        let inode = given.metadata().unwrap().ino();
        folder.renew(|to| image.copy_other_files(to)).unwrap();
        assert_eq!(
            given.metadata().unwrap().ino(),
            inode,
            "what is as it was is not copied again"
        );

        std::fs::write(&given, "changed").unwrap();
        std::fs::write(place.join("more"), "").unwrap();
        folder.renew(|to| image.copy_other_files(to)).unwrap();
        assert_eq!(std::fs::read_to_string(&given).unwrap(), "as it was");
        assert!(!place.join("more").exists());
        assert_eq!(std::fs::read_to_string(&source).unwrap(), "as it was");
        drop((folder, image));
        assert!(!place.exists());
    }
}
