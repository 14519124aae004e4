//! Takes the ELF kernel out of a bzImage, so that the guest need not unpack itself (Linux,
//! Documentation/arch/x86/boot.rst).
//!
//! A bzImage is a real-mode program that says where the compressed kernel lies, and that kernel. Its compressor is told
//! by its first bytes; all but gzip are followed by the unpacked size (scripts/Makefile.lib, `size_append`).

use super::inspection::BzImage;
use object::read::ReadRef;
use std::io::{self, Read};
use thiserror::Error;

/// Fields of the setup header, by their offset in the file: sectors of the real-mode program, paragraphs behind it,
/// version of the protocol, where it says its version, whether it can be loaded elsewhere, its entries, place and length of
/// the payload in the part behind, where it is best loaded, how much memory it needs there.
const SETUP_SECTORS: usize = 0x1f1;
const PARAGRAPHS: usize = 0x1f4;
const PROTOCOL: usize = 0x206;
const VERSION: usize = 0x20e;
const CODE32_START: usize = 0x214;
const RELOCATABLE: usize = 0x234;
const ENTRIES: usize = 0x236;
const PAYLOAD_OFFSET: usize = 0x248;
const PAYLOAD_LENGTH: usize = 0x24c;
const PREFERRED_ADDRESS: usize = 0x258;
const INIT_SIZE: usize = 0x260;
/// The first protocol that tells where the payload is, and the first that tells of a 64-bit entry.
const PROTOCOL_WITH_PAYLOAD: u16 = 0x208;
const PROTOCOL_WITH_ENTRIES: u16 = 0x20c;
/// XLF_KERNEL_64.
const ENTRY_64: u16 = 1;
const SECTOR: usize = 512;
/// More than any kernel unpacks to; a damaged size must not fill the host's memory.
const LARGEST: usize = 1 << 30;

/// Why there is no ELF kernel.
#[derive(Debug, Error)]
pub enum NotUnpacked {
    /// The file is damaged.
    #[error("{0}")]
    Damaged(String),
    /// The file may be whole, and holds no kernel that can be unpacked here.
    #[error("{0}")]
    Foreign(&'static str),
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(io::Error),
    /// The unpacked kernel cannot be kept.
    #[error("it is unpacked, and there is no place for it: {0}")]
    NoPlace(io::Error),
}

/// Reads the setup header, which `start` holds.
pub fn inspect<'d, R: ReadRef<'d>>(data: R, start: &[u8]) -> Result<BzImage, String> {
    let header = Header(start);
    let length = data.len().map_err(|()| "its size cannot be told")?;
    let truncated = || String::from("it ends in the header of a bzImage: the file is truncated");
    let protocol = header.half(PROTOCOL).ok_or_else(truncated)?;
    let setup = header.setup_bytes().ok_or_else(truncated)? as u64;
    let mut image = BzImage {
        protocol: ((protocol >> 8) as u8, protocol as u8),
        version: version(start),
        ..BzImage::default()
    };
    if protocol >= PROTOCOL_WITH_PAYLOAD {
        let place = header.word(PAYLOAD_OFFSET).zip(header.word(PAYLOAD_LENGTH));
        let (offset, bytes) = place.ok_or_else(truncated)?;
        let magic = data.read_bytes_at(setup + u64::from(offset), 8);
        image.compressed = magic.ok().and_then(compressor).map(|name| (name, bytes.into()));
    }
    if protocol >= PROTOCOL_WITH_ENTRIES {
        let fields = || {
            let entries = header.half(ENTRIES)?;
            let start = match header.byte(RELOCATABLE)? {
                0 => header.word(CODE32_START)?.into(),
                _ => header.long(PREFERRED_ADDRESS)?,
            };
            Some((entries & ENTRY_64 != 0, start, header.word(INIT_SIZE)?))
        };
        let (entry_64, start, init_size) = fields().ok_or_else(truncated)?;
        let needed = u64::from(init_size).max(length.saturating_sub(setup));
        image.entry_64 = entry_64;
        image.load = start
            ..start
                .checked_add(needed)
                .ok_or("its load address makes no sense: the file is damaged")?;
    }
    Ok(image)
}

/// The compressor that compressed bytes were made by, told by their beginning.
pub fn compressor(payload: &[u8]) -> Option<&'static str> {
    Some(match payload {
        [0x1f, 0x8b, ..] => "gzip",
        [b'B', b'Z', b'h', ..] => "bzip2",
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => "xz",
        [0x5d, 0, 0, ..] => "lzma",
        [0x02, 0x21, 0x4c, 0x18, ..] => "lz4",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "zstd",
        _ => return None,
    })
}

/// The kernel in it, an ELF file.
pub fn unpack(image: &[u8]) -> Result<Vec<u8>, NotUnpacked> {
    let payload = payload(image)?;
    let damaged = |what: String| NotUnpacked::Damaged(what + ": the file is damaged");
    if payload.len() < 8 {
        return Err(damaged("its compressed kernel is empty".into()));
    }
    let (body, size) = payload.split_at(payload.len() - 4);
    let size = u32::from_le_bytes([size[0], size[1], size[2], size[3]]) as usize;
    let name = match compressor(payload) {
        Some(name) => name,
        None if payload.starts_with(b"\x89LZO") => {
            return Err(NotUnpacked::Foreign(
                "it is compressed with LZO, which is not unpacked here; take its vmlinux",
            ));
        }
        // Without a checksum, this is how damage shows.
        None if !has_checksum(image) => return Err(damaged("its compressor is not known".into())),
        None => {
            return Err(NotUnpacked::Foreign(
                "its compressor is not known here; take its vmlinux",
            ));
        }
    };
    if size > LARGEST {
        return Err(damaged(format!("its kernel would unpack to {size} bytes")));
    }
    let kernel = match name {
        "gzip" => read(flate2::read::GzDecoder::new(payload), size),
        "bzip2" => read(bzip2::read::BzDecoder::new(body), size),
        "xz" => read(lzma_rust2::XzReader::new(body, false), size),
        "lzma" => unpack_lzma(body, size),
        "lz4" => unpack_lz4(&body[4..], size),
        _ => unpack_zstd(body, size),
    };
    let kernel = kernel.map_err(|error| damaged(format!("its kernel does not unpack ({name}: {error})")))?;
    if kernel.len() != size {
        let found = kernel.len();
        return Err(damaged(format!(
            "its kernel unpacks to {found} bytes and not to {size}"
        )));
    }
    Ok(kernel)
}

/// The setup header's fields.
struct Header<'a>(&'a [u8]);

impl Header<'_> {
    fn bytes<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.0.get(at..at + N)?.try_into().ok()
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.0.get(at).copied()
    }

    fn half(&self, at: usize) -> Option<u16> {
        self.bytes(at).map(u16::from_le_bytes)
    }

    fn word(&self, at: usize) -> Option<u32> {
        self.bytes(at).map(u32::from_le_bytes)
    }

    fn long(&self, at: usize) -> Option<u64> {
        self.bytes(at).map(u64::from_le_bytes)
    }

    /// Size of the real-mode program with its boot sector.
    fn setup_bytes(&self) -> Option<usize> {
        // Zero means four, for kernels of long ago.
        let sectors = match self.byte(SETUP_SECTORS)? {
            0 => 4,
            sectors => usize::from(sectors),
        };
        Some((sectors + 1) * SECTOR)
    }
}

/// The compressed kernel, of a file that is whole.
fn payload(image: &[u8]) -> Result<&[u8], NotUnpacked> {
    let damaged = |what: &str| NotUnpacked::Damaged(what.into());
    let truncated = || damaged("it is shorter than its header says: the file is truncated");
    let header = Header(image);
    if header.half(PROTOCOL).ok_or_else(truncated)? < PROTOCOL_WITH_PAYLOAD {
        let why = "its boot protocol is older than 2.08 (2007), which does not tell where its kernel lies";
        return Err(NotUnpacked::Foreign(why));
    }
    let setup = header.setup_bytes().ok_or_else(truncated)?;
    let fields = || {
        Some((
            header.word(PARAGRAPHS)?,
            header.word(PAYLOAD_OFFSET)?,
            header.word(PAYLOAD_LENGTH)?,
        ))
    };
    let (paragraphs, offset, length) = fields().ok_or_else(truncated)?;
    let (behind, offset, length) = (paragraphs as usize * 16, offset as usize, length as usize);
    if (offset, length) == (0, 0) {
        // The paragraphs are rounded up.
        return Err(match image.len() + 15 < setup + behind {
            true => truncated(),
            false => NotUnpacked::Foreign("it holds no compressed kernel"),
        });
    }
    let whole = image.get(..setup + behind).ok_or_else(truncated)?;
    if has_checksum(image) && !checksum_is_right(whole) {
        return Err(damaged("its checksum is wrong: the file is damaged"));
    }
    whole
        .get(setup + offset..)
        .and_then(|rest| rest.get(..length))
        .ok_or_else(|| damaged("its kernel lies outside of it: the file is damaged"))
}

/// Whether the file ends in a checksum: all do since protocol 2.08, until Linux 6.15.
fn has_checksum(image: &[u8]) -> bool {
    let version = version(image);
    let mut numbers = version.split(['.', '-']).map(|number| number.parse::<u32>().ok());
    let release = numbers.next().flatten().zip(numbers.next().flatten());
    release.is_none_or(|release| release < (6, 15))
}

/// What a bzImage says `uname -rv` will say.
fn version(image: &[u8]) -> String {
    let place = Header(image).half(VERSION).unwrap_or(0);
    match image.get(0x200 + usize::from(place)..) {
        Some(text) if place != 0 => {
            let end = text.iter().take(256).position(|byte| *byte == 0).unwrap_or(0);
            String::from_utf8_lossy(&text[..end]).trim().into()
        }
        _ => "unknown".into(),
    }
}

/// Whether the CRC-32 of the file is zero, as its last four bytes make it. Signing a kernel for secure boot changes two
/// fields of its PE header afterwards, which were zero before: its checksum, and where the signature is.
fn checksum_is_right(whole: &[u8]) -> bool {
    let crc = |parts: &[&[u8]]| {
        let mut hasher = crc32fast::Hasher::new();
        parts.iter().for_each(|part| hasher.update(part));
        hasher.finalize()
    };
    // The stored value makes the remainder zero before its final inversion.
    const RIGHT: u32 = u32::MAX;
    if crc(&[whole]) == RIGHT {
        return true;
    }
    // PE/COFF specification: the header's place is at 0x3c; behind 24 bytes comes the optional header with the two.
    let pe = whole.get(0x3c..0x40).map_or(0, |place| {
        u32::from_le_bytes([place[0], place[1], place[2], place[3]]) as usize
    });
    let (checksum, certificate) = (pe.saturating_add(24 + 64), pe.saturating_add(24 + 144));
    if certificate + 8 > whole.len() {
        return false;
    }
    let parts = [
        &whole[..checksum],
        &[0; 4],
        &whole[checksum + 4..certificate],
        &[0; 8],
        &whole[certificate + 8..],
    ];
    crc(&parts) == RIGHT
}

/// Reads everything, but not more than one byte too many.
fn read(decoder: impl Read, size: usize) -> io::Result<Vec<u8>> {
    let mut kernel = Vec::with_capacity(size);
    decoder.take(size as u64 + 1).read_to_end(&mut kernel)?;
    Ok(kernel)
}

fn unpack_lzma(body: &[u8], size: usize) -> io::Result<Vec<u8>> {
    const MEMORY_KIB: u32 = 256 << 10;
    read(lzma_rust2::LzmaReader::new_mem_limit(body, MEMORY_KIB, None)?, size)
}

fn unpack_zstd(body: &[u8], size: usize) -> io::Result<Vec<u8>> {
    let decoder = ruzstd::decoding::StreamingDecoder::new(body).map_err(io::Error::other)?;
    read(decoder, size)
}

/// The legacy frame of LZ4 (lz4_Frame_format.md): blocks of 8 MiB, each with its compressed size.
fn unpack_lz4(mut blocks: &[u8], size: usize) -> io::Result<Vec<u8>> {
    const BLOCK: usize = 8 << 20;
    let damaged = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let mut kernel = vec![0; size];
    let mut used = 0;
    while !blocks.is_empty() {
        let (length, rest) = blocks.split_at_checked(4).ok_or_else(damaged)?;
        let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize;
        let (block, rest) = rest.split_at_checked(length).ok_or_else(damaged)?;
        let end = size.min(used + BLOCK);
        used += lz4_flex::block::decompress_into(block, &mut kernel[used..end]).map_err(io::Error::other)?;
        blocks = rest;
    }
    kernel.truncate(used);
    Ok(kernel)
}
