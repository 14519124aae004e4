//! Writes an initramfs: a cpio archive in the "newc" format, uncompressed (Linux,
//! Documentation/driver-api/early-userspace/buffer-format.rst).
//!
//! The bytes of every file begin at a multiple of 4096, so that a kernel which finds the archive at such an address can
//! map a file's pages instead of copying them. The format has no padding of its own: a file's name is followed by
//! zero bytes, which readers take for the end of the name.

use crate::Error;
use std::collections::BTreeSet;

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
        let bad = |why| Error::Initramfs { name: name.into(), why };
        if data.len() > u32::MAX as usize {
            return Err(bad("it is larger than 4 GiB, which the archive format cannot hold"));
        }
        if !self.names.insert(name.into()) {
            return Err(bad("there is already a file of that name"));
        }
        self.inode += 1;
        self.write(name, self.inode, mode, data);
        Ok(())
    }

    fn write(&mut self, name: &str, inode: u32, mode: u32, data: &[u8]) {
        let name_end = self.bytes.len() + HEADER + name.len() + 1;
        let data_start = name_end.next_multiple_of(if mode & S_IFREG == S_IFREG && !data.is_empty() {
            PAGE
        } else {
            4
        });
        let name_bytes = (data_start - self.bytes.len() - HEADER) as u32;
        let links = if mode & S_IFDIR == S_IFDIR && mode & S_IFREG == 0 {
            2
        } else {
            1
        };
        let fields = [
            inode,
            mode,
            0,
            0,
            links,
            0,
            data.len() as u32,
            0,
            0,
            0,
            0,
            name_bytes,
            0,
        ];
        self.bytes.extend_from_slice(b"070701");
        for field in fields {
            self.bytes.extend_from_slice(format!("{field:08x}").as_bytes());
        }
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.resize(data_start, 0);
        self.bytes.extend_from_slice(data);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}
