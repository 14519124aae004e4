//! A disk's bytes: a base file that is only read, and an overlay file that takes what is written.
//!
//! The overlay is as long as the base and sparse: a block of 4096 bytes is in it where the file has data, and in the base
//! where it has a hole (lseek(2), SEEK_DATA), so that it can be used again.

use crate::error::Error;
use nix::errno::Errno;
use nix::unistd::{Whence, lseek};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Bytes of a block of the overlay: what file systems allocate at once.
const BLOCK: u64 = 4096;
/// Bytes of a disk's sector.
pub const SECTOR: u64 = 512;

/// The files.
pub struct Disk {
    base: File,
    overlay: Option<Overlay>,
    bytes: u64,
}

struct Overlay {
    file: File,
    /// Whether each block is in the overlay.
    has: Vec<bool>,
}

impl Disk {
    /// Opens them; the overlay is made if it is not there. Without one, the disk is read-only.
    pub fn open(config: &crate::config::Disk) -> Result<Self, Error> {
        let failed = |path: &Path| {
            let path = path.to_path_buf();
            move |error| Error::Disk { path, error }
        };
        let base = File::open(&config.base).map_err(failed(&config.base))?;
        let bytes = base.metadata().map_err(failed(&config.base))?.len() / SECTOR * SECTOR;
        if bytes == 0 {
            let error = io::Error::other("it is shorter than one sector of 512 bytes");
            return Err(failed(&config.base)(error));
        }
        let overlay = match &config.overlay {
            Some(path) => Some(Overlay::open(path, bytes).map_err(failed(path))?),
            None => None,
        };
        Ok(Self { base, overlay, bytes })
    }

    /// The descriptors it is read and written by.
    pub fn descriptors(&self) -> impl Iterator<Item = RawFd> {
        let overlay = self.overlay.as_ref().map(|overlay| overlay.file.as_raw_fd());
        [self.base.as_raw_fd()].into_iter().chain(overlay)
    }

    /// Its size in bytes, a multiple of [`SECTOR`].
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether it can be written.
    pub fn writable(&self) -> bool {
        self.overlay.is_some()
    }

    /// Reads bytes, each from the overlay or the base.
    pub fn read(&self, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            let (part, rest) = bytes.split_at_mut(in_block(bytes.len(), at));
            self.holder(at / BLOCK).read_exact_at(part, at)?;
            at += part.len() as u64;
            bytes = rest;
        }
        Ok(())
    }

    /// Writes bytes to the overlay. A block that is written in part for the first time is copied from the base before.
    pub fn write(&mut self, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            let (part, rest) = bytes.split_at(in_block(bytes.len(), at));
            self.write_in_block(part, at)?;
            at += part.len() as u64;
            bytes = rest;
        }
        Ok(())
    }

    /// Makes sure that what was written outlives the host's end (fdatasync(2)).
    pub fn flush(&self) -> io::Result<()> {
        self.overlay.as_ref().map_or(Ok(()), |overlay| overlay.file.sync_data())
    }

    fn holder(&self, block: u64) -> &File {
        match &self.overlay {
            Some(overlay) if overlay.has[block as usize] => &overlay.file,
            _ => &self.base,
        }
    }

    fn write_in_block(&mut self, part: &[u8], at: u64) -> io::Result<()> {
        let (block, start) = (at / BLOCK, at / BLOCK * BLOCK);
        let length = BLOCK.min(self.bytes - start) as usize;
        let mut whole = [0; BLOCK as usize];
        let whole = &mut whole[..length];
        let offset = (at - start) as usize;
        let Some(overlay) = &mut self.overlay else {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        };
        if overlay.has[block as usize] {
            return overlay.file.write_all_at(part, at);
        }
        self.base.read_exact_at(whole, start)?;
        whole[offset..offset + part.len()].copy_from_slice(part);
        overlay.file.write_all_at(whole, start)?;
        overlay.has[block as usize] = true;
        Ok(())
    }
}

/// How many of the bytes lie in the block that the first one lies in.
fn in_block(bytes: usize, at: u64) -> usize {
    bytes.min((BLOCK - at % BLOCK) as usize)
}

impl Overlay {
    fn open(path: &PathBuf, bytes: u64) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        match file.metadata()?.len() {
            0 => file.set_len(bytes)?,
            length if length == bytes => {}
            length => {
                return Err(io::Error::other(format!(
                    "it is an overlay of a disk of {length} bytes, and this one has {bytes}"
                )));
            }
        }
        let mut has = vec![false; bytes.div_ceil(BLOCK) as usize];
        let mut at = 0;
        while let Some(data) = seek(&file, at, Whence::SeekData)? {
            at = seek(&file, data, Whence::SeekHole)?.unwrap_or(bytes);
            has[(data / BLOCK) as usize..at.div_ceil(BLOCK) as usize].fill(true);
        }
        Ok(Self { file, has })
    }
}

/// The next data or hole; none behind the last.
fn seek(file: &File, at: u64, whence: Whence) -> io::Result<Option<u64>> {
    match lseek(file, at as i64, whence) {
        Ok(found) => Ok(Some(found as u64)),
        Err(Errno::ENXIO) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::os::fd::OwnedFd;

    proptest! {
        #[test]
        fn it_reads_what_was_written_over_the_base_and_the_base_stays(
            writes in prop::collection::vec((0u64..40_000, prop::collection::vec(any::<u8>(), 1..9000)), 0..20)
        ) {
            let directory = tempfile::tempdir().unwrap();
            let size = 81 * SECTOR;
            let base: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
            let config = crate::config::Disk {
                base: directory.path().join("base"),
                overlay: Some(directory.path().join("overlay")),
            };
            std::fs::write(&config.base, &base).unwrap();
            let mut disk = Disk::open(&config).unwrap();
            let mut expected = base.clone();
            for (at, bytes) in &writes {
                let end = (size as usize).min(*at as usize + bytes.len());
                let bytes = &bytes[..end - *at as usize];
                disk.write(bytes, *at).unwrap();
                expected[*at as usize..end].copy_from_slice(bytes);
            }
            disk.flush().unwrap();
            for disk in [disk, Disk::open(&config).unwrap()] {
                let mut read = vec![0; size as usize];
                disk.read(&mut read, 0).unwrap();
                prop_assert!(read == expected);
            }
            prop_assert!(std::fs::read(&config.base).unwrap() == base);
        }
    }

    #[test]
    fn a_write_that_fails_is_told_and_leaves_what_was_there() {
        let directory = tempfile::tempdir().unwrap();
        let config = crate::config::Disk {
            base: directory.path().join("base"),
            overlay: Some(directory.path().join("overlay")),
        };
        std::fs::write(&config.base, [7; 2 * BLOCK as usize]).unwrap();
        let mut disk = Disk::open(&config).unwrap();
        disk.write(&[1; 10], 0).unwrap();
        // As a file system that is full: the overlay takes nothing any more, and cannot say that it holds what it has.
        let (_, pipe) = std::io::pipe().unwrap();
        let whole = std::mem::replace(
            &mut disk.overlay.as_mut().unwrap().file,
            File::from(OwnedFd::from(pipe)),
        );
        assert!(disk.write(&[2; 10], 0).is_err());
        assert!(disk.write(&[2; 10], BLOCK).is_err());
        assert!(disk.flush().is_err());
        disk.overlay.as_mut().unwrap().file = whole;
        let mut read = [0; 2 * BLOCK as usize];
        disk.read(&mut read, 0).unwrap();
        assert_eq!((&read[..10], read[10], read[BLOCK as usize]), (&[1; 10][..], 7, 7));
    }

    #[test]
    fn an_overlay_of_another_disk_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let config = crate::config::Disk {
            base: directory.path().join("base"),
            overlay: Some(directory.path().join("overlay")),
        };
        std::fs::write(&config.base, [0; 1024]).unwrap();
        std::fs::write(config.overlay.as_ref().unwrap(), [0; 512]).unwrap();
        let error = Disk::open(&config).err().unwrap().to_string();
        assert!(
            error.contains("an overlay of a disk of 512 bytes, and this one has 1024"),
            "{error}"
        );
    }
}
