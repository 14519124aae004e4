//! Writes an initramfs: a cpio archive in the "newc" format, uncompressed (Linux,
//! Documentation/driver-api/early-userspace/buffer-format.rst).
//!
//! The bytes of every file begin at a multiple of 4096, so that a kernel which finds the archive at such an address can
//! map a file's pages instead of copying them. The format has no padding of its own: a file's name is followed by
//! zero bytes, which readers take for the end of the name.

use crate::{Error, Initramfs};
use std::collections::BTreeSet;
use std::fs::File;

/// `st_mode` of a regular file.
const S_IFREG: u32 = 0o100_000;
/// `st_mode` of a directory.
const S_IFDIR: u32 = 0o040_000;
/// `st_mode` of a symbolic link.
const S_IFLNK: u32 = 0o120_000;
/// Bytes of a header: magic and thirteen fields of eight hexadecimal digits.
const HEADER: usize = 110;
/// File data begins at a multiple of this.
const PAGE: usize = 4096;
/// The longest name that Linux reads (PATH_MAX).
const NAME_MAX: usize = 4096;

/// An archive in the making.
#[derive(Debug, Default)]
pub struct Archive {
    bytes: Vec<u8>,
    names: BTreeSet<String>,
    inode: u32,
}

impl Archive {
    /// An empty archive.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file with its permissions; directories above it that are missing are added too.
    pub fn add_file(&mut self, path: &str, permissions: u32, data: &[u8]) -> Result<(), Error> {
        let name = self.add_parents(path)?;
        self.add(name, S_IFREG | permissions & 0o7777, data)
    }

    /// Adds a directory, if it is not there yet.
    pub fn add_directory(&mut self, path: &str, permissions: u32) -> Result<(), Error> {
        let name = self.add_parents(path)?;
        if self.names.contains(name) {
            return Ok(());
        }
        self.add(name, S_IFDIR | permissions & 0o7777, &[])
    }

    /// Adds a symbolic link to `target`.
    pub fn add_link(&mut self, path: &str, target: &str) -> Result<(), Error> {
        let name = self.add_parents(path)?;
        self.add(name, S_IFLNK | 0o777, target.as_bytes())
    }

    /// The finished archive; its size is a multiple of 4096.
    pub fn finish(mut self) -> Vec<u8> {
        self.write("TRAILER!!!", 0, 0, &[]);
        self.bytes.resize(self.bytes.len().next_multiple_of(PAGE), 0);
        self.bytes
    }

    /// The finished archive with `file` as its last. The file's bytes stay where they are: the guest shares its pages with
    /// the page cache until it writes to them, so the file must not change meanwhile.
    pub fn finish_with_file(mut self, path: &str, permissions: u32, file: File) -> Result<Initramfs, Error> {
        let bytes = file.metadata().map_err(Error::ReadInitramfs)?.len();
        let name = self.add_parents(path)?;
        let size = self.enter(name, bytes)?;
        self.header(name, self.inode, S_IFREG | permissions & 0o7777, size);
        let head = std::mem::take(&mut self.bytes);
        // The file begins at a page, so the places after it can be counted from its own beginning.
        let end = bytes.next_multiple_of(4);
        self.write("TRAILER!!!", 0, 0, &[]);
        let trailer = std::mem::take(&mut self.bytes);
        let all = (end + trailer.len() as u64).next_multiple_of(PAGE as u64);
        let mut tail = vec![0; (end - bytes) as usize];
        tail.extend(trailer);
        tail.resize((all - bytes) as usize, 0);
        Ok(Initramfs::Shared {
            head,
            file,
            bytes,
            tail,
        })
    }

    /// Adds the directories above `path`, and gives the path without its leading slash.
    fn add_parents<'a>(&mut self, path: &'a str) -> Result<&'a str, Error> {
        let name = path.trim_start_matches('/');
        let bad = |why| Error::Initramfs { name: path.into(), why };
        if name.is_empty() || name.ends_with('/') {
            return Err(bad("its path is empty or ends in a slash"));
        }
        if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(bad("its path has an empty, . or .. component"));
        }
        if name.contains('\0') || name.len() >= NAME_MAX || name == "TRAILER!!!" {
            return Err(bad("its path is too long, or one that the archive format cannot hold"));
        }
        for (slash, _) in name.match_indices('/') {
            if !self.names.contains(&name[..slash]) {
                self.add(&name[..slash], S_IFDIR | 0o755, &[])?;
            }
        }
        Ok(name)
    }

    fn add(&mut self, name: &str, mode: u32, data: &[u8]) -> Result<(), Error> {
        self.enter(name, data.len() as u64)?;
        self.write(name, self.inode, mode, data);
        Ok(())
    }

    /// Checks that there can be such a file, and counts it; gives its size as a header holds it.
    fn enter(&mut self, name: &str, bytes: u64) -> Result<u32, Error> {
        let bad = |why| Error::Initramfs { name: name.into(), why };
        let size =
            u32::try_from(bytes).map_err(|_| bad("it is larger than 4 GiB, which the archive format cannot hold"))?;
        if !self.names.insert(name.into()) {
            return Err(bad("there is already a file of that name"));
        }
        self.inode += 1;
        Ok(size)
    }

    fn write(&mut self, name: &str, inode: u32, mode: u32, data: &[u8]) {
        self.header(name, inode, mode, data.len() as u32);
        self.bytes.extend_from_slice(data);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    fn header(&mut self, name: &str, inode: u32, mode: u32, size: u32) {
        let name_end = self.bytes.len() + HEADER + name.len() + 1;
        let data_start = name_end.next_multiple_of(if mode & S_IFREG == S_IFREG && size > 0 { PAGE } else { 4 });
        let name_bytes = (data_start - self.bytes.len() - HEADER) as u32;
        let links = if mode & S_IFDIR == S_IFDIR && mode & S_IFREG == 0 {
            2
        } else {
            1
        };
        let fields = [inode, mode, 0, 0, links, 0, size, 0, 0, 0, 0, name_bytes, 0];
        self.bytes.extend_from_slice(b"070701");
        for field in fields {
            self.bytes.extend_from_slice(format!("{field:08x}").as_bytes());
        }
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.resize(data_start, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    proptest! {
        #[test]
        fn an_archive_around_a_file_has_the_bytes_of_one_that_holds_it(
            data in prop::collection::vec(any::<u8>(), 0..9000),
            other in prop::collection::vec(any::<u8>(), 0..9000),
        ) {
            let archive = || {
                let mut archive = Archive::new();
                archive.add_file("/other", 0o644, &other).unwrap();
                archive
            };
            let mut whole = archive();
            whole.add_file("/bin/hello", 0o755, &data).unwrap();
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&data).unwrap();
            let shared = archive().finish_with_file("/bin/hello", 0o755, file).unwrap();
            if let (Initramfs::Shared { head, .. }, false) = (&shared, data.is_empty()) {
                prop_assert_eq!(head.len() % PAGE, 0);
            }
            prop_assert!(shared.to_bytes().unwrap() == whole.finish());
        }
    }

    #[test]
    fn a_file_that_is_there_already_cannot_be_the_last() {
        let mut archive = Archive::new();
        archive.add_file("/hello", 0o755, b"x").unwrap();
        let file = tempfile::tempfile().unwrap();
        assert!(matches!(
            archive.finish_with_file("/hello", 0o755, file),
            Err(Error::Initramfs { .. })
        ));
    }
}
