//! An image as a disk (`--rootfs disk`): an EROFS file system with the files that a container's layer has, made when it is
//! first asked for and removed with its image.

use super::handover::{self, GuestFile};
use crate::error::Error;
use crate::files::scratch::Scratch;
use crate::workloads::image::Image;
use reports::model::Message;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What a guest mounts over; it cannot make them where its root is read-only.
const MOUNT_POINTS: [&str; 4] = ["/dev", "/proc", "/sys", "/tmp"];

/// A file that holds a disk.
#[derive(Debug)]
pub struct DiskImage {
    path: PathBuf,
    program: Range<usize>,
    _scratch: Scratch,
}

impl DiskImage {
    /// Writes the disk of an image.
    pub fn build(image: &Image) -> Result<Self, Error> {
        let scratch = Scratch::new()?;
        let path = scratch.path().join("disk");
        let file = File::create_new(&path)
            .map_err(|error| Error::of_path("cannot-make", &path, error).remedy(Message::new("do-make-room")))?;
        Ok(DiskImage {
            program: write(image, &file)?,
            path,
            _scratch: scratch,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where in it the program's bytes are.
    pub fn program(&self) -> Range<usize> {
        self.program.clone()
    }
}

/// Writes an image's files and the places to mount at to an empty file; tells where the program's bytes are.
pub fn write(image: &Image, to: &File) -> Result<Range<usize>, Error> {
    let mut files = handover::open(&GuestFile::all(image))?;
    for place in MOUNT_POINTS {
        files.add_directory(place, 0o755)?;
    }
    let written = files.write_disk(to)?;
    let program = written.files.get(image.program().trim_start_matches('/'));
    let (at, bytes) = program.ok_or_else(|| Error::new(Message::new("disk-without-program")))?;
    Ok(*at as usize..(at + bytes) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workloads::Workload;

    #[test]
    fn the_disk_holds_the_program_byte_for_byte_and_is_removed_with_its_image() {
        let workload = Workload::own("hello", vec![]).unwrap();
        let image = Image::build(&workload, 5000).unwrap();
        let disk = image.disk().unwrap();
        let bytes = std::fs::read(disk.path()).unwrap();
        assert_eq!(bytes[disk.program()], *workload.bytes);
        assert_eq!(image.disk().unwrap().path(), disk.path());
        let folder = disk.path().parent().unwrap().to_owned();
        drop(image);
        assert!(!folder.exists());
    }
}
