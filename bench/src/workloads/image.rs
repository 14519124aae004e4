//! The files that the workload needs, as each target takes them: a directory for a container's layer, an initramfs or a disk
//! for a virtual machine.

use crate::error::Error;
use crate::files::scratch::Scratch;
use crate::measure::ready::Ready;
use crate::targets::microvm::disk_image::DiskImage;
use crate::workloads::inputs::GivenFile;
use crate::workloads::layer;
use crate::workloads::{Workload, sha256};
use flate2::Compression;
use flate2::write::GzEncoder;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use reports::model::ImagePart;
use reports::model::Message;
use std::cell::OnceCell;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The name of the file beside the program, where an image is to be larger than its program.
pub(super) const OTHER_FILE: &str = "other-files";

const GZIP_LEVEL: u32 = 6;

/// A workload's files, and what else it is started with.
#[derive(Debug)]
pub struct Image {
    layer: PathBuf,
    executable: String,
    program: String,
    args: Vec<String>,
    environment: Vec<String>,
    /// The copy of what standard input is read from: a memory file that nothing can change, whoever opens it again.
    stdin: Option<File>,
    ready: Ready,
    known_sha256: Option<&'static str>,
    other_files: Vec<ImageFile>,
    /// What is shipped, once that is asked for: it takes a compression.
    parts: OnceCell<Parts>,
    /// The disk with its files, once that is asked for.
    disk: OnceCell<DiskImage>,
    /// A copy with directories to mount upon, once that is asked for.
    to_bind: OnceCell<Scratch>,
    /// Where the layer is, unless it is one that is kept.
    scratch: Option<Scratch>,
}

/// A file of an image.
#[derive(Clone, Debug)]
pub struct ImageFile {
    /// Its path inside, relative to the root.
    pub inside: String,
    /// Its permissions inside.
    pub permissions: u32,
    /// Where it is.
    pub source: PathBuf,
}

/// The sizes of an image's files.
#[derive(Clone, Debug)]
struct Parts {
    workload: ImagePart,
    other: Option<ImagePart>,
}

impl Image {
    /// The workload in a directory of its own, with the files that it is given and `other_bytes` in a file beside it. A program
    /// of isolab's own that is alone in its image is kept on disk ([`layer`]); anything else is laid out anew, and removed
    /// with the image.
    pub fn build(workload: &Workload, other_bytes: u64) -> Result<Self, Error> {
        let alone = other_bytes == 0 && workload.inputs.files.is_empty();
        let kept = match workload.known_sha256 {
            Some(sha256) if alone => layer::kept(&workload.file_name, sha256, &workload.bytes),
            _ => None,
        };
        let (layer, scratch) = match kept {
            Some(layer) => (layer, None),
            None => {
                let scratch = Scratch::new()?;
                let layer = scratch.path().join("layer");
                lay_out(workload, other_bytes, &scratch, &layer).map_err(|error| {
                    Error::of_path("cannot-write-workload", &layer, error).remedy(Message::new("do-make-room"))
                })?;
                check_copies(workload, &layer)?;
                (layer, Some(scratch))
            }
        };
        let other = |inside: &str, permissions| ImageFile {
            inside: inside.into(),
            permissions,
            source: layer.join(inside),
        };
        let given = workload
            .inputs
            .files
            .iter()
            .map(|file| other(&file.inside, file.permissions()));
        let filling = (other_bytes > 0).then(|| other(OTHER_FILE, 0o644));
        let other_files = given.chain(filling).collect();
        let stdin = workload.inputs.stdin.as_ref().map(sealed).transpose()?;
        let executable = layer.join(&workload.file_name);
        let text = executable.to_str().map(str::to_owned).ok_or_else(|| {
            let problem = Message::new("not-utf-8").with("path", executable.display().to_string());
            Error::new(problem).remedy(Message::new("do-make-room"))
        })?;
        Ok(Image {
            executable: text,
            program: format!("/{}", workload.file_name),
            args: workload.args.clone(),
            environment: workload.inputs.environment(),
            stdin,
            ready: workload.ready.clone(),
            known_sha256: workload.known_sha256,
            other_files,
            parts: OnceCell::new(),
            disk: OnceCell::new(),
            to_bind: OnceCell::new(),
            layer,
            scratch,
        })
    }

    /// The directory that holds the image's files.
    pub fn layer(&self) -> &Path {
        &self.layer
    }

    /// Whether it holds a program of isolab's own and nothing else, in a layer that is kept ([`layer`]).
    pub fn is_kept(&self) -> bool {
        self.scratch.is_none()
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

    /// The program's environment, `NAME=value`.
    pub fn environment(&self) -> &[String] {
        &self.environment
    }

    /// The program's standard input, at its beginning.
    ///
    /// # Errors
    /// What open(2) answers.
    pub fn stdin(&self) -> Result<OwnedFd, Error> {
        let path = match &self.stdin {
            Some(file) => again(file),
            None => PathBuf::from("/dev/null"),
        };
        File::open(&path)
            .map(OwnedFd::from)
            .map_err(|error| Error::of_path("cannot-open", &path, error))
    }

    /// When the program counts as started.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// The program as part of what is shipped.
    pub fn workload_part(&self) -> Result<ImagePart, Error> {
        Ok(self.file_parts()?.workload)
    }

    /// What is shipped where the host's kernel is used.
    pub fn parts(&self) -> Result<Vec<ImagePart>, Error> {
        let Parts { workload, other } = self.file_parts()?;
        Ok([Some(workload), other, Some(host_kernel_part())]
            .into_iter()
            .flatten()
            .collect())
    }

    fn file_parts(&self) -> Result<Parts, Error> {
        if let Some(parts) = self.parts.get() {
            return Ok(parts.clone());
        }
        let parts = Parts {
            workload: part("workload", &read_back(Path::new(&self.executable))?),
            other: match self.other_files() {
                [] => None,
                files => {
                    let bytes = files.iter().map(|file| read_back(&file.source));
                    Some(part("files", &bytes.collect::<Result<Vec<_>, _>>()?.concat()))
                }
            },
        };
        Ok(self.parts.get_or_init(|| parts).clone())
    }

    /// A disk with the image's files, the same one each time.
    pub fn disk(&self) -> Result<&DiskImage, Error> {
        if let Some(disk) = self.disk.get() {
            return Ok(disk);
        }
        let disk = DiskImage::build(self)?;
        Ok(self.disk.get_or_init(|| disk))
    }

    /// The directory that holds the image's files and those directories which a container mounts upon.
    pub fn layer_to_bind(&self) -> Result<PathBuf, Error> {
        const LAYER: &str = "layer";
        let scratch = match self.to_bind.get() {
            Some(scratch) => scratch,
            None => {
                let scratch = Scratch::new()?;
                self.copy_with_folders(&scratch.path().join(LAYER), ["proc", "sys", "dev"])
                    .map_err(|error| {
                        Error::of_path("cannot-write-to", scratch.path(), error).remedy(Message::new("do-make-room"))
                    })?;
                self.to_bind.get_or_init(|| scratch)
            }
        };
        Ok(scratch.path().join(LAYER))
    }

    /// The files of the image beside the program.
    pub fn other_files(&self) -> &[ImageFile] {
        &self.other_files
    }

    /// Its files as the host sees them.
    pub fn files(&self) -> Vec<PathBuf> {
        let others = self.other_files.iter().map(|file| file.source.clone());
        [PathBuf::from(&self.executable)].into_iter().chain(others).collect()
    }

    /// Copies the files beside the program into a folder.
    ///
    /// # Errors
    /// What the file system answers.
    pub fn copy_other_files(&self, folder: &Path) -> std::io::Result<()> {
        copy(&self.other_files, folder)
    }

    /// Copies the program and the files beside it into a folder.
    ///
    /// # Errors
    /// What the file system answers.
    pub fn copy_files(&self, folder: &Path) -> std::io::Result<()> {
        std::fs::copy(&self.executable, folder.join(self.program.trim_start_matches('/')))?;
        self.copy_other_files(folder)
    }

    /// Copies the program and the files beside it into a new directory, which gets these folders besides. The directory above is
    /// opened for everybody, too.
    ///
    /// # Errors
    /// What the file system answers.
    pub fn copy_with_folders<F: AsRef<Path>>(
        &self,
        to: &Path,
        folders: impl IntoIterator<Item = F>,
    ) -> std::io::Result<()> {
        std::fs::create_dir(to)?;
        for directory in to.parent().into_iter().chain([to]) {
            std::fs::set_permissions(directory, PermissionsExt::from_mode(0o755))?;
        }
        self.copy_files(to)?;
        folders
            .into_iter()
            .try_for_each(|folder| std::fs::create_dir_all(to.join(folder)))
    }

    /// SHA-256 of the program as it lies in the layer.
    pub fn layer_sha256(&self) -> Result<String, Error> {
        let found = sha256(&read_back(Path::new(&self.executable))?);
        match self.known_sha256 {
            Some(known) if known != found => {
                let problem = Message::new("workload-changed").with("path", self.executable.as_str());
                Err(Error::new(problem)
                    .remedy(Message::new("do-remove-workload").with("path", self.executable.as_str())))
            }
            _ => Ok(found),
        }
    }
}

fn lay_out(workload: &Workload, other_bytes: u64, scratch: &Scratch, layer: &Path) -> std::io::Result<()> {
    std::fs::create_dir(layer)?;
    // The programs of every user namespace must get through, whatever the caller's umask and mkdtemp's 0700.
    for directory in [scratch.path(), layer] {
        std::fs::set_permissions(directory, PermissionsExt::from_mode(0o755))?;
    }
    let executable = layer.join(&workload.file_name);
    std::fs::write(&executable, &workload.bytes)?;
    std::fs::set_permissions(&executable, PermissionsExt::from_mode(0o755))?;
    if other_bytes > 0 {
        std::fs::write(layer.join(OTHER_FILE), incompressible(other_bytes))?;
    }
    let given = workload.inputs.files.iter().map(|file| ImageFile {
        inside: file.inside.clone(),
        permissions: file.permissions(),
        source: file.source.clone(),
    });
    copy(&given.collect::<Vec<_>>(), layer)
}

/// A copy of a file in memory, sealed: a program that opens its standard input anew for writing is refused
/// (F_ADD_SEALS, fcntl(2)).
fn sealed(given: &GivenFile) -> Result<File, Error> {
    let seals = SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SEAL;
    let fill = || -> std::io::Result<File> {
        let memory = memfd_create("isolab-stdin", MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)?;
        let mut memory = File::from(memory);
        std::io::copy(&mut File::open(&given.source)?, &mut memory)?;
        fcntl(&memory, FcntlArg::F_ADD_SEALS(seals))?;
        Ok(memory)
    };
    let memory = fill().map_err(|error| {
        Error::of_path("cannot-copy-stdin", &given.source, error).remedy(Message::new("do-smaller-stdin"))
    })?;
    check_copy(given, &again(&memory))?;
    Ok(memory)
}

/// What opens this file another time, from its beginning.
fn again(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// Refuses copies that are not what the results file says of the files.
fn check_copies(workload: &Workload, layer: &Path) -> Result<(), Error> {
    let mut files = workload.inputs.files.iter();
    files.try_for_each(|file| check_copy(file, &layer.join(&file.inside)))
}

fn check_copy(file: &GivenFile, copy: &Path) -> Result<(), Error> {
    if sha256(&read_back(copy)?) == file.sha256 {
        return Ok(());
    }
    let problem = Message::new("file-changed").with("path", file.source.display().to_string());
    Err(Error::new(problem).remedy(Message::new("do-keep-file")))
}

/// Copies files to a folder, with the folders that they are in.
fn copy(files: &[ImageFile], folder: &Path) -> std::io::Result<()> {
    for file in files {
        let to = folder.join(&file.inside);
        let above = Path::new(&file.inside).ancestors().skip(1).collect::<Vec<_>>();
        for name in above.into_iter().rev().filter(|name| !name.as_os_str().is_empty()) {
            let made = folder.join(name);
            if !made.is_dir() {
                std::fs::create_dir(&made)?;
                std::fs::set_permissions(&made, PermissionsExt::from_mode(0o755))?;
            }
        }
        std::fs::copy(&file.source, &to)?;
        std::fs::set_permissions(&to, PermissionsExt::from_mode(file.permissions))?;
    }
    Ok(())
}

/// A file of the image as it is there.
pub fn read_back(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|error| Error::of_path("cannot-read-back", path, error))
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
    use crate::workloads::inputs::InputRequest;

    #[test]
    fn the_image_holds_the_workload_byte_for_byte_and_its_part_has_the_bytes_on_disk() {
        let workload = Workload::own("hello", vec![]).unwrap();
        let image = Image::build(&workload, 0).unwrap();
        assert_eq!(std::fs::read(image.executable()).unwrap(), &*workload.bytes);
        assert_eq!(image.layer_sha256().unwrap(), workload.describe().sha256);
        assert_eq!(
            image.workload_part().unwrap().bytes,
            std::fs::metadata(image.executable()).unwrap().len()
        );
        assert_eq!(std::fs::read_dir(image.layer()).unwrap().count(), 1);
    }

    #[test]
    fn an_image_with_another_file_leaves_nothing_behind() {
        let image = Image::build(&Workload::own("hello", vec![]).unwrap(), 5000).unwrap();
        let other = &image.other_files()[0].source;
        assert_eq!(image.parts().unwrap()[1].bytes, std::fs::metadata(other).unwrap().len());
        let layer = image.layer().to_owned();
        drop(image);
        assert!(!layer.parent().unwrap().exists());
    }

    #[test]
    fn a_file_that_was_changed_after_its_hash_was_taken_is_refused() {
        let host = tempfile::tempdir().unwrap();
        let source = host.path().join("data.txt");
        for stdin in [None, Some(source.clone())] {
            std::fs::write(&source, "as it was").unwrap();
            let files = match stdin {
                Some(_) => Vec::new(),
                None => vec![source.display().to_string()],
            };
            let request = InputRequest {
                files,
                stdin,
                ..InputRequest::default()
            };
            let workload = Workload {
                inputs: request.resolve("hello").unwrap(),
                ..Workload::own("hello", vec![]).unwrap()
            };
            assert!(Image::build(&workload, 0).is_ok());
            std::fs::write(&source, "changed").unwrap();
            let error = Image::build(&workload, 0).unwrap_err().to_string();
            assert!(error.contains("was changed while isolab worked"), "{error}");
        }
    }

    #[test]
    fn no_run_changes_the_standard_input_of_the_next_one() {
        let host = tempfile::tempdir().unwrap();
        let source = host.path().join("data.txt");
        std::fs::write(&source, "as it was").unwrap();
        let request = InputRequest {
            stdin: Some(source),
            ..InputRequest::default()
        };
        let workload = Workload {
            inputs: request.resolve("hello").unwrap(),
            ..Workload::own("hello", vec![]).unwrap()
        };
        let image = Image::build(&workload, 0).unwrap();
        let first = image.stdin().unwrap();
        // What a program can do with its /proc/self/fd/0.
        let anew = format!("/proc/self/fd/{}", first.as_raw_fd());
        assert!(File::options().write(true).truncate(true).open(&anew).is_err());
        if let Ok(mut file) = File::options().write(true).open(&anew) {
            assert!(file.write_all(b"changed").is_err());
        }
        drop(first);
        let text = std::io::read_to_string(File::from(image.stdin().unwrap())).unwrap();
        assert_eq!(text, "as it was");
    }
}
