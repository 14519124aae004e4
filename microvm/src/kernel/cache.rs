//! Keeps unpacked kernels, by the SHA-256 of the bzImage that they came from, in `$XDG_CACHE_HOME/isolab/kernels`.
//!
//! A file appears under its name only when it is complete (it is renamed), so that several processes may do the same at
//! once. It ends in its own CRC-32, so that one that was damaged later is made anew.

use super::bzimage::{self, NotUnpacked};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The kernel of a bzImage as an open file: from the cache, or unpacked now and kept there.
///
/// A cache that cannot be used is done without.
///
/// # Errors
/// Says why the image cannot be unpacked.
pub fn unpacked(image: &[u8]) -> Result<File, NotUnpacked> {
    let name = Sha256::digest(image)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>();
    let place = directory().map(|directory| directory.join(format!("{name}.elf")));
    if let Some(file) = place.as_deref().and_then(open_if_whole) {
        return Ok(file);
    }
    let kernel = bzimage::unpack(image)?;
    if let Some(file) = place.and_then(|place| keep(&kernel, &place).ok()) {
        return Ok(file);
    }
    let file = tempfile::tempfile().and_then(|mut file| file.write_all(&kernel).map(|()| file));
    file.map_err(NotUnpacked::NoPlace)
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

/// Writes a kernel with its checksum beside its place, and then puts it there.
fn keep(kernel: &[u8], place: &Path) -> io::Result<File> {
    let directory = place.parent().unwrap_or(Path::new("/"));
    std::fs::create_dir_all(directory)?;
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(kernel)?;
    file.write_all(&crc32fast::hash(kernel).to_le_bytes())?;
    file.persist(place).map_err(|error| error.error)
}

/// Opens a kept kernel, if it is there and its checksum is right.
fn open_if_whole(place: &Path) -> Option<File> {
    let bytes = std::fs::read(place).ok()?;
    let (kernel, checksum) = bytes.split_at_checked(bytes.len().checked_sub(4)?)?;
    if crc32fast::hash(kernel).to_le_bytes() != checksum {
        return None;
    }
    File::open(place).ok()
}
