//! A disk's bytes: a base file that is only read, and an overlay ([`super::overlay`]) that takes what is written.

use super::overlay::{BLOCK, Overlay};
use crate::error::Error;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Bytes of a disk's sector.
pub const SECTOR: u64 = 512;

/// The files.
pub struct Disk {
    base: File,
    overlay: Option<Overlay>,
    bytes: u64,
}

impl Disk {
    /// Opens them; the overlay is made if it is not there. Without one, the disk is read-only.
    pub fn open(config: &crate::config::Disk) -> Result<Self, Error> {
        let failed = |path: &Path| {
            let path = path.to_path_buf();
            move |error| Error::Disk { path, error }
        };
        let base = File::open(&config.base).map_err(failed(&config.base))?;
        let metadata = base.metadata().map_err(failed(&config.base))?;
        let bytes = metadata.len() / SECTOR * SECTOR;
        if bytes == 0 {
            let error = io::Error::other("it is shorter than one sector of 512 bytes");
            return Err(failed(&config.base)(error));
        }
        let overlay = match &config.overlay {
            Some(path) => Some(Overlay::open(path, &metadata).map_err(failed(path))?),
            None => None,
        };
        Ok(Self { base, overlay, bytes })
    }

    /// The descriptors it is read and written by.
    pub fn descriptors(&self) -> impl Iterator<Item = RawFd> {
        let overlay = self.overlay.as_ref().map(Overlay::descriptor);
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

    /// Reads bytes, each from the overlay or the base; blocks that follow each other in one of them at once.
    pub fn read(&self, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            let count = match &self.overlay {
                Some(overlay) => {
                    let (has, end) = overlay.run(at, at + bytes.len() as u64);
                    let count = (end - at) as usize;
                    if has {
                        overlay.read(&mut bytes[..count], at)?;
                    } else {
                        self.base.read_exact_at(&mut bytes[..count], at)?;
                    }
                    count
                }
                None => {
                    self.base.read_exact_at(bytes, at)?;
                    bytes.len()
                }
            };
            at += count as u64;
            bytes = &mut bytes[count..];
        }
        Ok(())
    }

    /// Writes bytes to the overlay. A block that is written in part for the first time is copied from the base before.
    pub fn write(&mut self, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
        let Some(overlay) = &mut self.overlay else {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        };
        while !bytes.is_empty() {
            let (start, offset) = (at / BLOCK * BLOCK, (at % BLOCK) as usize);
            let length = BLOCK.min(self.bytes - start) as usize;
            let (part, rest) = bytes.split_at(bytes.len().min(length - offset));
            if part.len() == length || overlay.run(at, at + 1).0 {
                overlay.write(part, at)?;
            } else {
                let mut whole = [0; BLOCK as usize];
                let whole = &mut whole[..length];
                self.base.read_exact_at(whole, start)?;
                whole[offset..offset + part.len()].copy_from_slice(part);
                overlay.write(whole, start)?;
            }
            at += part.len() as u64;
            bytes = rest;
        }
        Ok(())
    }

    /// Makes sure that what was written outlives the host's end.
    pub fn flush(&mut self) -> io::Result<()> {
        self.overlay.as_mut().map_or(Ok(()), Overlay::flush)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::os::fd::OwnedFd;
    use std::time::{Duration, SystemTime};
    use tempfile::TempDir;

    proptest! {
        #[test]
        fn no_overlay_makes_it_panic(at in 0usize..12_000, byte: u8, length in 0usize..30_000) {
            let directory = tempfile::tempdir().unwrap();
            let config = config(&directory, &[7; 5 * BLOCK as usize + 512]);
            Disk::open(&config).unwrap().write(&[1; 6000], 100).unwrap();
            let path = config.overlay.as_ref().unwrap();
            let mut bytes = std::fs::read(path).unwrap();
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            bytes.resize(length, byte);
            std::fs::write(path, bytes).unwrap();
            if let Ok(mut disk) = Disk::open(&config) {
                let _ = disk.read(&mut vec![0; disk.bytes() as usize], 0);
                let _ = disk.write(&[2; 9000], 3000);
                let _ = disk.flush();
            }
        }

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
            for _ in 0..2 {
                let mut read = vec![0; size as usize];
                disk.read(&mut read, 0).unwrap();
                prop_assert!(read == expected);
                drop(disk);
                disk = Disk::open(&config).unwrap();
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
        let pipe = File::from(OwnedFd::from(pipe));
        let whole = disk.overlay.as_mut().unwrap().replace_file(pipe);
        assert!(disk.write(&[2; 10], 0).is_err());
        assert!(disk.write(&[2; 10], BLOCK).is_err());
        assert!(disk.flush().is_err());
        disk.overlay.as_mut().unwrap().replace_file(whole);
        let mut read = [0; 2 * BLOCK as usize];
        disk.read(&mut read, 0).unwrap();
        assert_eq!((&read[..10], read[10], read[BLOCK as usize]), (&[1; 10][..], 7, 7));
    }

    fn config(directory: &TempDir, base: &[u8]) -> crate::config::Disk {
        let config = crate::config::Disk {
            base: directory.path().join("base"),
            overlay: Some(directory.path().join("overlay")),
        };
        std::fs::write(&config.base, base).unwrap();
        config
    }

    fn refusal(config: &crate::config::Disk) -> String {
        Disk::open(config).err().unwrap().to_string()
    }

    #[test]
    fn what_is_written_does_not_depend_on_holes() {
        let directory = tempfile::tempdir().unwrap();
        let config = config(&directory, &[7; 4 * BLOCK as usize]);
        let mut disk = Disk::open(&config).unwrap();
        // Zeroes are written too, and a block that nobody wrote is the base's, however the overlay came to be.
        disk.write(&[0; BLOCK as usize], BLOCK).unwrap();
        drop(disk);
        let overlay = config.overlay.as_ref().unwrap();
        let bytes = std::fs::read(overlay).unwrap();
        std::fs::remove_file(overlay).unwrap();
        std::fs::write(overlay, bytes).unwrap();
        let mut read = [1; 4 * BLOCK as usize];
        Disk::open(&config).unwrap().read(&mut read, 0).unwrap();
        let firsts: Vec<u8> = read.iter().step_by(BLOCK as usize).copied().collect();
        assert_eq!(firsts, [7, 0, 7, 7]);
    }

    #[test]
    fn a_second_writer_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let config = config(&directory, &[7; 1024]);
        let first = Disk::open(&config).unwrap();
        assert!(refusal(&config).contains("another machine uses it"));
        drop(first);
        Disk::open(&config).unwrap();
    }

    #[test]
    fn an_overlay_of_another_base_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let config = config(&directory, &[0; 1024]);
        Disk::open(&config).unwrap();
        std::fs::write(&config.base, [0; 512]).unwrap();
        assert!(refusal(&config).contains("it was made for a disk of 1024 bytes, and this one has 512"));
        // The same size, and changed since.
        std::fs::write(&config.base, [1; 1024]).unwrap();
        let later = SystemTime::now() + Duration::from_secs(1);
        File::open(&config.base).unwrap().set_modified(later).unwrap();
        assert!(refusal(&config).contains("has changed since"));
        std::fs::write(config.overlay.as_ref().unwrap(), [0; 9000]).unwrap();
        assert!(refusal(&config).contains("it is not an overlay"));
    }
}
