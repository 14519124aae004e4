//! The files that the workload needs, as each target takes them: a directory for a container's layer, an initramfs for a
//! virtual machine.

use crate::error::Error;
use crate::scratch::Scratch;
use crate::workload::{Workload, sha256};
use flate2::Compression;
use flate2::write::GzEncoder;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use reports::model::ImagePart;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The name of the file beside the program, where an image is to be larger than its program.
const OTHER_FILE: &str = "other-files";

const GZIP_LEVEL: u32 = 6;

/// A workload's files.
#[derive(Debug)]
pub struct Image {
    _scratch: Scratch,
    layer: PathBuf,
    executable: String,
    program: String,
    args: Vec<String>,
    workload: Cow<'static, [u8]>,
    /// What is shipped, once that is asked for: it takes a compression.
    workload_part: OnceCell<ImagePart>,
    other: Vec<u8>,
    other_part: OnceCell<ImagePart>,
    initramfs: OnceCell<File>,
}

impl Image {
    /// Lays the workload out in a directory of the lab's own, with `other_bytes` in a file beside it.
    pub fn build(workload: &Workload, other_bytes: u64) -> Result<Self, Error> {
        let scratch = Scratch::new()?;
        let layer = scratch.path().join("layer");
        let executable = layer.join(&workload.file_name);
        let other = incompressible(other_bytes);
        let write = || -> std::io::Result<()> {
            std::fs::create_dir(&layer)?;
            // The programs of every user namespace must get through, whatever the caller's umask and mkdtemp's 0700.
            for directory in [scratch.path(), &layer] {
                std::fs::set_permissions(directory, PermissionsExt::from_mode(0o755))?;
            }
            std::fs::write(&executable, &workload.bytes)?;
            std::fs::set_permissions(&executable, PermissionsExt::from_mode(0o755))?;
            if other_bytes > 0 {
                std::fs::write(layer.join(OTHER_FILE), &other)?;
            }
            Ok(())
        };
        write().map_err(|error| {
            Error::from_cause(
                format_args!("cannot write the workload to {}", executable.display()),
                error,
            )
            .remedy("Make room there, or name another folder: TMPDIR=/path isolab …")
        })?;
        let text = |path: &Path| {
            path.to_str().map(str::to_owned).ok_or_else(|| {
                Error::new(format!("{} is not UTF-8", path.display())).remedy("Name another folder: TMPDIR=/path …")
            })
        };
        Ok(Image {
            executable: text(&executable)?,
            program: format!("/{}", workload.file_name),
            args: workload.args.clone(),
            workload: workload.bytes.clone(),
            workload_part: OnceCell::new(),
            other,
            other_part: OnceCell::new(),
            initramfs: OnceCell::new(),
            layer,
            _scratch: scratch,
        })
    }

    /// The directory that holds the image's files.
    pub fn layer(&self) -> &Path {
        &self.layer
    }

    /// The program as the host sees it.
    pub fn executable(&self) -> &str {
        &self.executable
    }

    /// The program as the instance sees it.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// The program's arguments.
    pub fn args(&self) -> &[String] {
        &self.args
    }

    /// The program as part of what is shipped.
    pub fn workload_part(&self) -> ImagePart {
        let workload = || part("workload", &self.workload);
        self.workload_part.get_or_init(workload).clone()
    }

    /// Everything else as part of what is shipped.
    fn other_part(&self) -> Option<ImagePart> {
        let other = || part("files", &self.other);
        (!self.other.is_empty()).then(|| self.other_part.get_or_init(other).clone())
    }

    /// What is shipped where the host's kernel is used.
    pub fn parts(&self) -> Vec<ImagePart> {
        let files = [Some(self.workload_part()), self.other_part(), Some(host_kernel_part())];
        files.into_iter().flatten().collect()
    }

    /// Every file of the image but the program: its path inside, and its bytes.
    pub fn other_files(&self) -> Result<Option<(&'static str, Vec<u8>)>, Error> {
        if self.other.is_empty() {
            return Ok(None);
        }
        let path = self.layer.join(OTHER_FILE);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some((OTHER_FILE, bytes))),
            Err(error) => Err(Error::from_cause(
                format_args!("cannot read back {}", path.display()),
                error,
            )),
        }
    }

    /// A file that holds the image's initramfs, made by `make` when it is first asked for.
    pub fn initramfs(&self, make: impl FnOnce() -> Result<File, Error>) -> Result<&File, Error> {
        match self.initramfs.get() {
            Some(file) => Ok(file),
            None => {
                let file = make()?;
                Ok(self.initramfs.get_or_init(|| file))
            }
        }
    }

    /// SHA-256 of the program as it lies in the layer.
    pub fn layer_sha256(&self) -> Result<String, Error> {
        std::fs::read(&self.executable)
            .map(|bytes| sha256(&bytes))
            .map_err(|error| Error::from_cause(format_args!("cannot read back {}", self.executable), error))
    }
}

/// Bytes that compression cannot shrink, the same each time.
fn incompressible(bytes: u64) -> Vec<u8> {
    let mut random = StdRng::seed_from_u64(0);
    let mut filled = vec![0; usize::try_from(bytes).unwrap_or(usize::MAX)];
    random.fill_bytes(&mut filled);
    filled
}

/// What a container and a process do not ship: the kernel they run on.
pub fn host_kernel_part() -> ImagePart {
    ImagePart {
        part: "host kernel".into(),
        codec: codec(),
        ..ImagePart::default()
    }
}

/// One part of what is shipped, with the size it has when it is compressed.
pub fn part(name: &str, bytes: &[u8]) -> ImagePart {
    let mut encoder = GzEncoder::new(Counter(0), Compression::new(GZIP_LEVEL));
    // Counting bytes cannot fail.
    let compressed_bytes = encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .map_or(0, |counter| counter.0);
    ImagePart {
        part: name.into(),
        bytes: bytes.len() as u64,
        compressed_bytes,
        codec: codec(),
    }
}

fn codec() -> String {
    format!("gzip -{GZIP_LEVEL}")
}

struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_holds_the_workload_byte_for_byte_and_its_part_has_the_bytes_on_disk() {
        let workload = Workload::own("hello", vec![]).unwrap();
        let image = Image::build(&workload, 0).unwrap();
        assert_eq!(std::fs::read(image.executable()).unwrap(), &*workload.bytes);
        assert_eq!(image.layer_sha256().unwrap(), workload.describe().sha256);
        assert_eq!(
            image.workload_part().bytes,
            std::fs::metadata(image.executable()).unwrap().len()
        );
        assert_eq!(std::fs::read_dir(image.layer()).unwrap().count(), 1);
    }

    #[test]
    fn an_image_leaves_nothing_behind() {
        let image = Image::build(&Workload::own("hello", vec![]).unwrap(), 0).unwrap();
        let layer = image.layer().to_owned();
        drop(image);
        assert!(!layer.parent().unwrap().exists());
    }
}
