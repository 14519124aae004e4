//! Reads an initramfs: a cpio archive in the "newc" format, uncompressed (Linux,
//! Documentation/driver-api/early-userspace/buffer-format.rst).

/// One entry of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Path without leading `/` or `./`.
    pub name: &'a [u8],
    /// File type and permissions, as `st_mode`.
    pub mode: u32,
    /// Number that hard links to one file share.
    pub inode: u32,
    /// How many of them there are.
    links: u32,
    /// Which archive of several this is in.
    archive: u32,
    /// Modification time, seconds since 1970.
    pub modified: u32,
    /// The file's bytes, or a symbolic link's target.
    pub data: &'a [u8],
}

impl Entry<'_> {
    /// Whether it has other names, one of which may carry its bytes.
    pub fn has_links(&self) -> bool {
        self.links > 1
    }

    /// Whether the two are names of one file.
    pub fn is_link_of(&self, other: &Entry) -> bool {
        self.has_links() && (self.inode, self.mode, self.archive) == (other.inode, other.mode, other.archive)
    }
}

/// Bytes of a header: magic and thirteen 8-digit hexadecimal fields.
const HEADER: usize = 110;

/// The entries of an archive, in order; an error ends them.
pub struct Entries<'a> {
    archive: &'a [u8],
    number: u32,
    at: usize,
    failed: bool,
}

/// Reads the archive's entries.
pub fn entries(archive: &[u8]) -> Entries<'_> {
    Entries {
        archive,
        number: 0,
        at: 0,
        failed: false,
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, &'static str>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let item = self.read().transpose();
        self.failed = !matches!(item, Some(Ok(_)));
        item
    }
}

impl<'a> Entries<'a> {
    /// The next entry; `None` at the end. Archives may be concatenated, with zeroes between them.
    fn read(&mut self) -> Result<Option<Entry<'a>>, &'static str> {
        loop {
            match self.entry()? {
                Some(entry) if entry.name == b"TRAILER!!!" => self.number += 1,
                other => return Ok(other),
            }
        }
    }

    /// The entry at `self.at`, the trailer of an archive too.
    fn entry(&mut self) -> Result<Option<Entry<'a>>, &'static str> {
        while self.archive.get(self.at) == Some(&0) {
            self.at += 1;
        }
        if self.at == self.archive.len() {
            return Ok(None);
        }
        let header = self
            .archive
            .get(self.at..self.at + HEADER)
            .ok_or("the initramfs ends in the middle of a header")?;
        if &header[..6] != b"070701" && &header[..6] != b"070702" {
            return Err(match header {
                [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] | [0xfd, b'7', b'z', ..] | [2, 0x21, 0x4c, ..] => {
                    "the initramfs is compressed; unpack it first"
                }
                _ => "the initramfs is not a cpio archive in the newc format",
            });
        }
        let field = |n: usize| hexadecimal(&header[6 + 8 * n..14 + 8 * n]);
        let (inode, mode, links, modified) = (field(0)?, field(1)?, field(4)?, field(5)?);
        let (data_bytes, name_bytes) = (field(6)? as usize, field(11)? as usize);

        let name_at = self.at + HEADER;
        let data_at = align4(name_at + name_bytes);
        let name = self
            .archive
            .get(name_at..name_at + name_bytes)
            .ok_or("the initramfs ends in the middle of a name")?;
        let data = self
            .archive
            .get(data_at..data_at + data_bytes)
            .ok_or("the initramfs ends in the middle of a file")?;
        self.at = align4(data_at + data_bytes).min(self.archive.len());

        let name = &name[..name.iter().position(|&byte| byte == 0).unwrap_or(name.len())];
        Ok(Some(Entry {
            name: normalize(name),
            mode,
            inode,
            links,
            archive: self.number,
            modified,
            data,
        }))
    }
}

/// Takes `/` and `./` from the front, and `/` from the end.
pub fn normalize(mut path: &[u8]) -> &[u8] {
    loop {
        path = match path {
            [b'/', rest @ ..] | [b'.', b'/', rest @ ..] | [rest @ .., b'/'] => rest,
            b"." => b"",
            _ => return path,
        };
    }
}

fn align4(at: usize) -> usize {
    (at + 3) & !3
}

fn hexadecimal(digits: &[u8]) -> Result<u32, &'static str> {
    digits.iter().try_fold(0, |value, digit| {
        let digit = (*digit as char)
            .to_digit(16)
            .ok_or("a header of the initramfs is not hexadecimal")?;
        Ok(value << 4 | digit)
    })
}
