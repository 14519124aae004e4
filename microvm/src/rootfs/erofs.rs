//! Writes a disk: an EROFS file system, uncompressed, in blocks of 4096 bytes (Linux, Documentation/filesystems/erofs.rst
//! and fs/erofs/erofs_fs.h; <https://erofs.docs.kernel.org/en/latest/core_ondisk.html>).
//!
//! In the order of the blocks: the superblock with the inodes behind it, what directories and symbolic links hold, and the
//! files' bytes, each file from a block of its own on. Every time is zero, so that the same files give the same bytes.

use super::files::{Entry, Files, Kind};
use crate::Error;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;

const BLOCK: usize = 4096;
const BLOCK_BITS: u8 = 12;
/// The superblock (`struct erofs_super_block`): where it lies, its size, and what it begins with.
const SUPERBLOCK: usize = 1024;
const SUPERBLOCK_BYTES: usize = 128;
const MAGIC: u32 = 0xe0f5_e1e2;
/// Compatible features: the superblock has a checksum, and the times in inodes are those of changes.
const CHECKSUM: u32 = 1;
const CHANGE_TIMES: u32 = 2;
/// Inodes are counted in slots of this size, from the first block on.
const SLOT: usize = 32;
/// An extended inode (`struct erofs_inode_extended`).
const INODE: usize = 64;
/// Its format: extended (bit 0), and its data in consecutive blocks (`EROFS_INODE_FLAT_PLAIN`, 0, from bit 1 on).
const EXTENDED_PLAIN: u16 = 1;
/// Bytes of a directory's entry (`struct erofs_dirent`), before the names.
const DIRECTORY_ENTRY: usize = 12;
/// Types of a file, in inodes (`st_mode`) and in directories (Linux, include/linux/fs_types.h).
const S_IFREG: u16 = 0o100_000;
const S_IFDIR: u16 = 0o040_000;
const S_IFLNK: u16 = 0o120_000;
const FT_REG_FILE: u8 = 1;
const FT_DIR: u8 = 2;
const FT_SYMLINK: u8 = 7;

/// A disk image as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its size, a multiple of 4096.
    pub bytes: u64,
    /// Where the bytes of each file begin that has any, by its path (without a slash before it), and how many there are.
    pub files: BTreeMap<String, (u64, u64)>,
}

impl Files {
    /// Writes a disk image of them to an empty file. Bytes of files that were added open go from one file to the other
    /// without passing through this process's memory where the kernel can do that (copy_file_range(2)).
    ///
    /// # Errors
    /// A file cannot be read, the image cannot be written, or its format cannot hold what it is to.
    pub fn write_disk(&self, image: &File) -> Result<Written, Error> {
        let (metadata, written) = lay_out(&self.entries)?;
        let failed = Error::WriteDiskImage;
        image.write_all_at(&metadata, 0).map_err(failed)?;
        for entry in &self.entries {
            let Some((at, bytes)) = written.files.get(&entry.name) else {
                continue;
            };
            (&*image).seek(SeekFrom::Start(*at)).map_err(failed)?;
            match &entry.kind {
                Kind::Bytes(data) => (&*image).write_all(data).map_err(failed)?,
                Kind::Open(file, _) => copy(file, *bytes, image, &entry.name)?,
                Kind::Directory | Kind::Link(_) => {}
            }
        }
        image.set_len(written.bytes).map_err(failed)?;
        Ok(written)
    }
}

/// Everything but the files' bytes, and where those are to be.
fn lay_out(entries: &[Entry]) -> Result<(Vec<u8>, Written), Error> {
    let nodes = nodes(entries);
    let mut metadata = vec![0; (SUPERBLOCK + SUPERBLOCK_BYTES + nodes.len() * INODE).next_multiple_of(BLOCK)];
    // The first block of each node's data, 0 where there is none.
    let mut starts = vec![0; nodes.len()];
    for (node, start) in nodes.iter().zip(&mut starts).filter(|(node, _)| !node.data.is_empty()) {
        *start = (metadata.len() / BLOCK) as u64;
        metadata.extend_from_slice(&node.data);
        metadata.resize(metadata.len().next_multiple_of(BLOCK), 0);
    }
    let mut end = (metadata.len() / BLOCK) as u64;
    let mut files = BTreeMap::new();
    for (node, start) in nodes.iter().zip(&mut starts) {
        if node.file_type == FT_REG_FILE && node.bytes > 0 {
            *start = end;
            files.insert(node.name.to_owned(), (end * BLOCK as u64, node.bytes));
            end += node.bytes.div_ceil(BLOCK as u64);
        }
        if end > u32::MAX.into() {
            return Err(Error::DiskImage {
                name: node.name.into(),
                why: "the disk would be larger than 16 TiB, which its format cannot hold",
            });
        }
    }
    for (index, (node, start)) in nodes.iter().zip(&starts).enumerate() {
        node.write_inode(index, *start as u32, &mut metadata);
    }
    write_superblock(nodes.len() as u64, end as u32, &mut metadata);
    let bytes = end * BLOCK as u64;
    Ok((metadata, Written { bytes, files }))
}

fn copy(mut file: &File, bytes: u64, mut image: &File, name: &str) -> Result<(), Error> {
    file.rewind().map_err(Error::read_file(name))?;
    // Which of the two it was that failed is not told.
    let copied = io::copy(&mut file.take(bytes), &mut image).map_err(Error::WriteDiskImage)?;
    if copied != bytes {
        return Err(Error::read_file(name)(io::Error::other("it became shorter meanwhile")));
    }
    Ok(())
}

/// A file, a directory or a link on its way to the disk.
struct Node<'a> {
    name: &'a str,
    mode: u16,
    file_type: u8,
    links: u32,
    /// Its size.
    bytes: u64,
    /// What is in a directory.
    listing: Listing<'a>,
    /// What it holds, where that belongs to the metadata.
    data: Vec<u8>,
}

/// What is in a directory, in the order of the names' bytes: each one's index among the nodes, and its type.
type Listing<'a> = BTreeMap<&'a str, (usize, u8)>;

/// The number of the node at that index: the slot of its inode. The root is the first.
fn number(index: usize) -> u64 {
    ((SUPERBLOCK + SUPERBLOCK_BYTES + index * INODE) / SLOT) as u64
}

/// All nodes: the root directory, and then the entries in their order.
fn nodes(entries: &[Entry]) -> Vec<Node<'_>> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::from([("", 0)]);
    let mut nodes = vec![Node::directory("", 0o755, 0, 0)];
    for entry in entries {
        let index = nodes.len();
        let (above, name) = entry.name.rsplit_once('/').unwrap_or(("", &entry.name));
        let above = places[above];
        places.insert(&entry.name, index);
        let permissions = entry.permissions as u16;
        let node = match &entry.kind {
            Kind::Directory => {
                nodes[above].links += 1; // by its ".."
                Node::directory(&entry.name, permissions, index, above)
            }
            Kind::Link(target) => Node {
                data: target.clone().into_bytes(),
                ..Node::new(&entry.name, S_IFLNK | permissions, FT_SYMLINK, target.len() as u64)
            },
            Kind::Bytes(data) => Node::new(&entry.name, S_IFREG | permissions, FT_REG_FILE, data.len() as u64),
            Kind::Open(_, bytes) => Node::new(&entry.name, S_IFREG | permissions, FT_REG_FILE, *bytes),
        };
        nodes[above].listing.insert(name, (index, node.file_type));
        nodes.push(node);
    }
    for node in nodes.iter_mut().filter(|node| node.file_type == FT_DIR) {
        node.data = blocks(&node.listing);
        node.bytes = node.data.len() as u64;
    }
    nodes
}

impl<'a> Node<'a> {
    fn new(name: &'a str, mode: u16, file_type: u8, bytes: u64) -> Self {
        Self {
            name,
            mode,
            file_type,
            links: 1,
            bytes,
            listing: BTreeMap::new(),
            data: Vec::new(),
        }
    }

    fn directory(name: &'a str, permissions: u16, index: usize, above: usize) -> Self {
        Self {
            links: 2,
            listing: BTreeMap::from([(".", (index, FT_DIR)), ("..", (above, FT_DIR))]),
            ..Self::new(name, S_IFDIR | permissions, FT_DIR, 0)
        }
    }

    fn write_inode(&self, index: usize, start: u32, metadata: &mut [u8]) {
        let at = number(index) as usize * SLOT;
        let mut put = Put(&mut metadata[at..at + INODE]);
        put.at(0x00, EXTENDED_PLAIN.to_le_bytes());
        put.at(0x04, self.mode.to_le_bytes());
        put.at(0x08, self.bytes.to_le_bytes());
        put.at(0x10, start.to_le_bytes());
        put.at(0x14, (index as u32 + 1).to_le_bytes()); // what stat(2) gives where its numbers have 32 bits
        put.at(0x2c, self.links.to_le_bytes());
    }
}

/// A directory as blocks, each with as many entries and their names as fit.
fn blocks(listing: &Listing) -> Vec<u8> {
    let entries: Vec<_> = listing.iter().collect();
    let mut blocks = Vec::new();
    let mut rest = &entries[..];
    while !rest.is_empty() {
        let mut used = 0;
        let fitting = rest.iter().take_while(|(name, _)| {
            used += DIRECTORY_ENTRY + name.len();
            used <= BLOCK
        });
        let (here, behind) = rest.split_at(fitting.count());
        let mut name_at = here.len() * DIRECTORY_ENTRY;
        for (name, (index, file_type)) in here {
            blocks.extend(number(*index).to_le_bytes());
            blocks.extend((name_at as u16).to_le_bytes());
            blocks.extend([*file_type, 0]);
            name_at += name.len();
        }
        here.iter().for_each(|(name, _)| blocks.extend(name.bytes()));
        blocks.resize(blocks.len().next_multiple_of(BLOCK), 0);
        rest = behind;
    }
    blocks
}

fn write_superblock(inodes: u64, blocks: u32, metadata: &mut [u8]) {
    let mut put = Put(&mut metadata[SUPERBLOCK..BLOCK]);
    put.at(0x00, MAGIC.to_le_bytes());
    put.at(0x08, (CHECKSUM | CHANGE_TIMES).to_le_bytes());
    put.at(0x0c, [BLOCK_BITS]);
    put.at(0x0e, (number(0) as u16).to_le_bytes());
    put.at(0x10, inodes.to_le_bytes());
    put.at(0x24, blocks.to_le_bytes());
    // Taken of the rest of the block, in which the checksum itself is still zero.
    let checksum = crc32c(put.0);
    put.at(0x04, checksum.to_le_bytes());
}

/// The cyclic redundancy check with Castagnoli's polynomial, as this format has it: not inverted at the end.
fn crc32c(bytes: &[u8]) -> u32 {
    const POLYNOMIAL_REVERSED: u32 = 0x82f6_3b78;
    bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            crc >> 1 ^ if crc & 1 == 1 { POLYNOMIAL_REVERSED } else { 0 }
        })
    })
}

/// Puts numbers into bytes.
struct Put<'a>(&'a mut [u8]);

impl Put<'_> {
    fn at<const N: usize>(&mut self, offset: usize, bytes: [u8; N]) {
        self.0[offset..offset + N].copy_from_slice(&bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_castagnolis() {
        // The check value of CRC-32C (RFC 3720, appendix B.4, has more), without the inversion at its end.
        assert_eq!(!crc32c(b"123456789"), 0xe306_9283);
    }

    fn with_large_file(bytes: u64) -> Result<Written, Error> {
        let mut files = Files::new();
        let large = tempfile::tempfile().unwrap();
        files.add_open_file("/large", 0o644, large).unwrap();
        files.add_file("/small", 0o644, b"x").unwrap();
        // Not every file system can hold files of that size, even sparse ones.
        if let Kind::Open(_, size) = &mut files.entries[0].kind {
            *size = bytes;
        }
        lay_out(&files.entries).map(|(_, written)| written)
    }

    #[test]
    fn a_file_of_more_than_4_gib_and_its_neighbour_have_their_places() {
        let written = with_large_file((4 << 30) + 1).unwrap();
        let (large, small) = (written.files["large"], written.files["small"]);
        assert_eq!(large.1, (4 << 30) + 1);
        assert_eq!(small.0, large.0 + (4 << 30) + 4096);
    }

    #[test]
    fn a_disk_of_more_than_16_tib_is_refused_by_the_name_of_the_file() {
        let error = with_large_file(16 << 40).unwrap_err().to_string();
        assert!(error.contains("cannot put large on the disk"), "{error}");
    }

    #[test]
    fn a_file_that_became_shorter_meanwhile_is_named() {
        let mut files = Files::new();
        let file = tempfile::tempfile().unwrap();
        file.set_len(5000).unwrap();
        files
            .add_open_file("/shrunk", 0o644, file.try_clone().unwrap())
            .unwrap();
        file.set_len(100).unwrap();
        let error = files
            .write_disk(&tempfile::tempfile().unwrap())
            .unwrap_err()
            .to_string();
        assert!(error.contains("shrunk") && error.contains("shorter"), "{error}");
    }
}
