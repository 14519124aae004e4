//! Writes an initramfs: a cpio archive in the "newc" format, uncompressed (Linux,
//! Documentation/driver-api/early-userspace/buffer-format.rst).
//!
//! The bytes of every file begin at a multiple of 4096, so that a kernel which finds the archive at such an address can
//! map a file's pages instead of copying them. The format has no padding of its own: a file's name is followed by
//! zero bytes, which readers take for the end of the name.

use super::files::{Entry, Files, Kind};
use crate::{Error, Initramfs};
use std::os::unix::fs::FileExt;

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
/// The name of the entry behind the last.
const TRAILER: &str = "TRAILER!!!";

impl Files {
    /// All of them as the bytes of an initramfs, a multiple of 4096.
    ///
    /// # Errors
    /// A file cannot be read, or is one that the format cannot hold.
    pub fn to_archive(&self) -> Result<Vec<u8>, Error> {
        Ok(archive(&self.entries)?.finish())
    }

    /// An initramfs of them. A file that was added open, as the last, stays where it is, if it has any bytes: the guest shares
    /// its pages with the page cache until it writes to them.
    ///
    /// # Errors
    /// As [`Files::to_archive`].
    pub fn into_initramfs(mut self) -> Result<Initramfs, Error> {
        let last = self.entries.pop_if(|last| matches!(last.kind, Kind::Open(_, 1..)));
        let mut archive = archive(&self.entries)?;
        let Some(Entry {
            name,
            permissions,
            kind: Kind::Open(file, bytes),
        }) = last
        else {
            return Ok(Initramfs::Bytes(archive.finish()));
        };
        archive.header(&name, S_IFREG | permissions, bytes)?;
        let head = std::mem::take(&mut archive.bytes);
        // The file begins at a page, so the places after it can be counted from its own beginning.
        let end = bytes.next_multiple_of(4);
        archive.trailer();
        let all = (end + archive.bytes.len() as u64).next_multiple_of(PAGE as u64);
        let mut tail = vec![0; (end - bytes) as usize];
        tail.extend(archive.bytes);
        tail.resize((all - bytes) as usize, 0);
        Ok(Initramfs::Shared {
            head,
            file,
            bytes,
            tail,
        })
    }
}

fn archive(entries: &[Entry]) -> Result<Archive, Error> {
    let mut archive = Archive::default();
    for entry in entries {
        archive.add(entry)?;
    }
    Ok(archive)
}

/// An archive in the making.
#[derive(Default)]
struct Archive {
    bytes: Vec<u8>,
    inode: u32,
}

impl Archive {
    fn add(
        &mut self,
        Entry {
            name,
            permissions,
            kind,
        }: &Entry,
    ) -> Result<(), Error> {
        if name == TRAILER {
            return Err(Error::Initramfs {
                name: name.into(),
                why: "in this format, that name is the archive's end",
            });
        }
        match kind {
            Kind::Directory => self.header(name, S_IFDIR | permissions, 0)?,
            Kind::Link(target) => {
                self.header(name, S_IFLNK | permissions, target.len() as u64)?;
                self.bytes.extend_from_slice(target.as_bytes());
            }
            Kind::Bytes(data) => {
                self.header(name, S_IFREG | permissions, data.len() as u64)?;
                self.bytes.extend_from_slice(data);
            }
            Kind::Open(file, bytes) => {
                self.header(name, S_IFREG | permissions, *bytes)?;
                let start = self.bytes.len();
                self.bytes.resize(start + *bytes as usize, 0);
                file.read_exact_at(&mut self.bytes[start..], 0)
                    .map_err(Error::read_file(name))?;
            }
        }
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        Ok(())
    }

    fn finish(mut self) -> Vec<u8> {
        self.trailer();
        self.bytes.resize(self.bytes.len().next_multiple_of(PAGE), 0);
        self.bytes
    }

    fn trailer(&mut self) {
        self.fields(TRAILER, 0, 0, 0);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    fn header(&mut self, name: &str, mode: u32, bytes: u64) -> Result<(), Error> {
        let size = u32::try_from(bytes).map_err(|_| Error::Initramfs {
            name: name.into(),
            why: "it is larger than 4 GiB, which the archive format cannot hold",
        })?;
        self.inode += 1;
        self.fields(name, self.inode, mode, size);
        Ok(())
    }

    fn fields(&mut self, name: &str, inode: u32, mode: u32, size: u32) {
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
    use std::fs::File;
    use std::io::Write;

    fn holding(data: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(data).unwrap();
        file
    }

    proptest! {
        #[test]
        fn an_archive_around_a_file_has_the_bytes_of_one_that_holds_it(
            data in prop_oneof![Just(Vec::new()), prop::collection::vec(any::<u8>(), 0..9000)],
            other in prop::collection::vec(any::<u8>(), 0..9000),
        ) {
            let files = |other_is_open| {
                let mut files = Files::new();
                match other_is_open {
                    true => files.add_open_file("/other", 0o644, holding(&other)).unwrap(),
                    false => files.add_file("/other", 0o644, &other).unwrap(),
                }
                files
            };
            let mut whole = files(false);
            whole.add_file("/bin/hello", 0o755, &data).unwrap();
            let mut around = files(true);
            around.add_open_file("/bin/hello", 0o755, holding(&data)).unwrap();
            let shared = around.into_initramfs().unwrap();
            match &shared {
                Initramfs::Shared { head, .. } => prop_assert!(head.len() % PAGE == 0),
                Initramfs::Bytes(_) => prop_assert!(data.is_empty(), "the last file was read"),
            }
            prop_assert!(shared.to_bytes().unwrap() == whole.to_archive().unwrap());
        }
    }

    #[test]
    fn what_the_format_cannot_hold_is_named() {
        let mut files = Files::new();
        files.add_file(TRAILER, 0o644, b"x").unwrap();
        assert!(files.to_archive().unwrap_err().to_string().contains(TRAILER));
        let mut files = Files::new();
        let large = tempfile::tempfile().unwrap();
        large.set_len(1 << 32).unwrap();
        files.add_open_file("/large", 0o644, large).unwrap();
        assert!(
            files
                .to_archive()
                .unwrap_err()
                .to_string()
                .contains("larger than 4 GiB")
        );
    }
}
