//! Keeps unpacked kernels, by the SHA-256 of the bzImage that they came from, in `$XDG_CACHE_HOME/isolab/kernels`.
//!
//! A file appears under its name only when it is complete (it is renamed), so that several processes may do the same at
//! once. It ends in its own CRC-32, so that one that was damaged later is made anew.
//!
//! Reading both files only to find nothing changed takes longer than many a guest lives. So a third, small file remembers, under
//! the [identity](Identity) of a bzImage, which kernel came out of it, and that one's identity when its checksum was right.

use super::bzimage::{self, NotUnpacked};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A file that changed so recently may change again without its times telling: the clock that they come from has steps.
const SETTLED: Duration = Duration::from_secs(2);

/// The kernel of a bzImage as an open file: from the cache, or unpacked now and kept there.
///
/// A cache that cannot be used is done without.
///
/// # Errors
/// Says why the image cannot be unpacked.
pub fn unpacked(image: &File) -> Result<File, NotUnpacked> {
    Cache {
        directory: directory(),
        settled: SETTLED,
    }
    .unpacked(image, bzimage::unpack)
}

/// The cache's directory, if the environment tells where it may be (XDG Base Directory Specification).
fn directory() -> Option<PathBuf> {
    let set = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let base = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?;
    Some(base.join("isolab/kernels"))
}

struct Cache {
    directory: Option<PathBuf>,
    settled: Duration,
}

impl Cache {
    fn unpacked(
        &self,
        mut image: &File,
        unpack: impl FnOnce(&[u8]) -> Result<Vec<u8>, NotUnpacked>,
    ) -> Result<File, NotUnpacked> {
        let identity = Identity::of(image).map_err(NotUnpacked::Unreadable)?;
        if let Some(file) = self.remembered(&identity) {
            return Ok(file);
        }
        let mut bytes = Vec::new();
        image
            .rewind()
            .and_then(|()| image.read_to_end(&mut bytes))
            .map_err(NotUnpacked::Unreadable)?;
        let Some(directory) = &self.directory else {
            return without_cache(&unpack(&bytes)?);
        };
        let sum: String = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let name = format!("{sum}.elf");
        let place = directory.join(&name);
        if let Some(file) = open_if_whole(&place) {
            self.remember(&identity, &name, &file);
            return Ok(file);
        }
        let kernel = unpack(&bytes)?;
        match keep(&kernel, &place) {
            Ok(file) => {
                self.remember(&identity, &name, &file);
                Ok(file)
            }
            Err(_) => without_cache(&kernel),
        }
    }

    /// The kernel that came out of an image before, if neither has changed since.
    fn remembered(&self, image: &Identity) -> Option<File> {
        let directory = self.directory.as_ref()?;
        let memory = fs::read_to_string(directory.join(image.name())).ok()?;
        let (name, identity) = memory.split_once(' ')?;
        let file = File::open(directory.join(Path::new(name).file_name()?)).ok()?;
        (Identity::of(&file).ok()?.name() == identity).then_some(file)
    }

    /// Remembers what came out of an image. That it cannot does no harm.
    fn remember(&self, image: &Identity, name: &str, kernel: &File) {
        let remember = |directory: &Path| {
            let mut file = tempfile::NamedTempFile::new_in(directory)?;
            write!(file, "{name} {}", Identity::of(kernel)?.name())?;
            file.persist(directory.join(image.name())).map_err(|error| error.error)
        };
        if image.unchanged_for(self.settled) {
            let _ = self.directory.as_deref().map(remember);
        }
    }
}

/// What changes whenever a file's contents do: where it is, its size, and when it was changed last, in two ways, of which
/// nobody can set the second (inode(7), ctime).
struct Identity {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Identity {
    fn of(file: &File) -> io::Result<Self> {
        let data = file.metadata()?;
        Ok(Self {
            device: data.dev(),
            inode: data.ino(),
            bytes: data.len(),
            modified: (data.mtime(), data.mtime_nsec()),
            changed: (data.ctime(), data.ctime_nsec()),
        })
    }

    /// As a file's name.
    fn name(&self) -> String {
        let Self {
            device,
            inode,
            bytes,
            modified,
            changed,
        } = self;
        let time = |(seconds, nanoseconds): &(i64, i64)| format!("{seconds}.{nanoseconds:09}");
        format!("{device}-{inode}-{bytes}-{}-{}", time(modified), time(changed))
    }

    fn unchanged_for(&self, duration: Duration) -> bool {
        let changed = UNIX_EPOCH + Duration::new(self.changed.0.max(0) as u64, self.changed.1 as u32);
        SystemTime::now()
            .duration_since(changed)
            .is_ok_and(|elapsed| elapsed >= duration)
    }
}

fn without_cache(kernel: &[u8]) -> Result<File, NotUnpacked> {
    tempfile::tempfile()
        .and_then(|mut file| file.write_all(kernel).map(|()| file))
        .map_err(NotUnpacked::NoPlace)
}

/// Writes a kernel with its checksum beside its place, and then puts it there.
fn keep(kernel: &[u8], place: &Path) -> io::Result<File> {
    let directory = place.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(directory)?;
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(kernel)?;
    file.write_all(&crc32fast::hash(kernel).to_le_bytes())?;
    file.persist(place).map_err(|error| error.error)
}

/// Opens a kept kernel, if it is there and its checksum is right.
fn open_if_whole(place: &Path) -> Option<File> {
    let bytes = fs::read(place).ok()?;
    let (kernel, checksum) = bytes.split_at_checked(bytes.len().checked_sub(4)?)?;
    if crc32fast::hash(kernel).to_le_bytes() != checksum {
        return None;
    }
    File::open(place).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    /// An image whose kernel is its text in capitals, and a cache.
    struct Scene {
        directory: TempDir,
        settled: Duration,
    }

    impl Scene {
        fn new(settled: Duration) -> Self {
            let directory = tempfile::tempdir().unwrap();
            fs::write(directory.path().join("image"), "a kernel").unwrap();
            Self { directory, settled }
        }

        fn image(&self) -> PathBuf {
            self.directory.path().join("image")
        }

        fn cache(&self) -> PathBuf {
            self.directory.path().join("cache")
        }

        /// The kernel, and whether it was unpacked now.
        fn open(&self) -> (String, bool) {
            let cache = Cache {
                directory: Some(self.cache()),
                settled: self.settled,
            };
            let mut unpacked = false;
            let unpack = |bytes: &[u8]| {
                unpacked = true;
                Ok(bytes.to_ascii_uppercase())
            };
            let mut file = cache.unpacked(&File::open(self.image()).unwrap(), unpack).unwrap();
            let mut kernel = Vec::new();
            file.rewind().unwrap();
            file.read_to_end(&mut kernel).unwrap();
            kernel.truncate("a kernel".len());
            (String::from_utf8(kernel).unwrap(), unpacked)
        }

        /// The files of the cache whose names end so.
        fn kept(&self, end: &str) -> Vec<PathBuf> {
            let entries = fs::read_dir(self.cache()).unwrap().map(|entry| entry.unwrap().path());
            entries.filter(|path| path.to_str().unwrap().ends_with(end)).collect()
        }
    }

    #[test]
    fn an_image_is_unpacked_once() {
        for settled in [Duration::ZERO, Duration::from_secs(1000)] {
            let scene = Scene::new(settled);
            assert_eq!(scene.open(), ("A KERNEL".into(), true));
            assert_eq!(scene.open(), ("A KERNEL".into(), false));
        }
    }

    #[test]
    fn an_image_that_has_settled_is_not_read_again() {
        let scene = Scene::new(Duration::ZERO);
        scene.open();
        // The kernel under another name: only what was remembered leads there.
        let elf = scene.kept(".elf").remove(0);
        let remembered = scene.kept("").into_iter().find(|path| *path != elf).unwrap();
        let elsewhere = scene.cache().join("elsewhere");
        fs::write(&elsewhere, "REMEMBER").unwrap();
        let identity = Identity::of(&File::open(&elsewhere).unwrap()).unwrap().name();
        fs::write(remembered, format!("elsewhere {identity}")).unwrap();
        assert_eq!(scene.open(), ("REMEMBER".into(), false));
    }

    #[test]
    fn an_image_that_has_just_changed_is_not_remembered() {
        let scene = Scene::new(Duration::from_secs(1000));
        scene.open();
        assert_eq!(scene.kept("").len(), 1);
    }

    #[test]
    fn a_changed_image_is_unpacked_anew() {
        let scene = Scene::new(Duration::ZERO);
        scene.open();
        fs::write(scene.image(), "another kernel").unwrap();
        assert_eq!(scene.open(), ("ANOTHER ".into(), true));
    }

    #[test]
    fn a_damaged_kernel_is_made_anew() {
        let scene = Scene::new(Duration::ZERO);
        scene.open();
        fs::write(scene.kept(".elf").remove(0), "damaged").unwrap();
        assert_eq!(scene.open(), ("A KERNEL".into(), true));
        fs::remove_file(scene.kept(".elf").remove(0)).unwrap();
        assert_eq!(scene.open(), ("A KERNEL".into(), true));
    }
}
