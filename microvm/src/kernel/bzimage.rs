//! Takes the ELF kernel out of a bzImage, so that the guest need not unpack itself (Linux,
//! Documentation/arch/x86/boot.rst).
//!
//! A bzImage is a real-mode program that says where the compressed kernel lies, and that kernel. Its compressor is told
//! by its first bytes; all but gzip are followed by the unpacked size (scripts/Makefile.lib, `size_append`).

use std::io::{self, Read};

/// Fields of the setup header, by their offset in the file: sectors of the real-mode program, paragraphs behind it,
/// version of the protocol, place and length of the payload in the part behind.
const SETUP_SECTORS: usize = 0x1f1;
const PARAGRAPHS: usize = 0x1f4;
const PROTOCOL: usize = 0x206;
const PAYLOAD_OFFSET: usize = 0x248;
const PAYLOAD_LENGTH: usize = 0x24c;
/// The first protocol that tells where the payload is.
const PROTOCOL_WITH_PAYLOAD: u16 = 0x208;
const SECTOR: usize = 512;
/// More than any kernel unpacks to; a damaged size must not fill the host's memory.
const LARGEST: usize = 1 << 30;

/// The kernel in it, an ELF file.
///
/// # Errors
/// Says what is damaged, or which compressor is not known.
pub fn unpack(image: &[u8]) -> Result<Vec<u8>, String> {
    let payload = payload(image)?;
    if payload.len() < 8 {
        return Err("its compressed kernel is empty: the file is damaged".into());
    }
    let (body, size) = payload.split_at(payload.len() - 4);
    let size = u32::from_le_bytes([size[0], size[1], size[2], size[3]]) as usize;
    if size > LARGEST {
        return Err(format!("its kernel would unpack to {size} bytes: the file is damaged"));
    }
    let (name, kernel) = match payload {
        [0x1f, 0x8b, ..] => ("gzip", read(flate2::read::GzDecoder::new(payload), size)),
        [b'B', b'Z', b'h', ..] => ("bzip2", read(bzip2::read::BzDecoder::new(body), size)),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => ("xz", read(lzma_rust2::XzReader::new(body, false), size)),
        [0x5d, 0, 0, ..] => ("lzma", unpack_lzma(body, size)),
        [0x02, 0x21, 0x4c, 0x18, ..] => ("lz4", unpack_lz4(&body[4..], size)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => ("zstd", unpack_zstd(body, size)),
        [0x89, b'L', b'Z', b'O', ..] => {
            return Err("it is compressed with LZO, which is not unpacked here; take its vmlinux".into());
        }
        _ => return Err("its compressor is not known: the file is damaged, or newer than this lab".into()),
    };
    let kernel =
        kernel.map_err(|error| format!("its kernel does not unpack ({name}: {error}): the file is damaged"))?;
    if kernel.len() != size {
        let found = kernel.len();
        return Err(format!(
            "its kernel unpacks to {found} bytes and not to {size}: the file is damaged"
        ));
    }
    Ok(kernel)
}

/// The compressed kernel, of a file that is whole.
fn payload(image: &[u8]) -> Result<&[u8], String> {
    let truncated = || String::from("it is shorter than its header says: the file is truncated");
    let number = |at: usize| Some(u32::from_le_bytes(image.get(at..at + 4)?.try_into().ok()?) as usize);
    let protocol = image
        .get(PROTOCOL..PROTOCOL + 2)
        .map(|version| u16::from_le_bytes([version[0], version[1]]))
        .ok_or_else(truncated)?;
    if protocol < PROTOCOL_WITH_PAYLOAD {
        return Err("its boot protocol is older than 2.08 (2007), which does not tell where its kernel lies".into());
    }
    // Zero means four, for kernels of long ago.
    let sectors = usize::from(*image.get(SETUP_SECTORS).ok_or_else(truncated)?);
    let setup = (if sectors == 0 { 4 } else { sectors } + 1) * SECTOR;
    let header = || Some((number(PARAGRAPHS)?, number(PAYLOAD_OFFSET)?, number(PAYLOAD_LENGTH)?));
    let (paragraphs, offset, length) = header().ok_or_else(truncated)?;
    let whole = image.get(..setup + paragraphs * 16).ok_or_else(truncated)?;
    if has_checksum(image) && !checksum_is_right(whole) {
        return Err("its checksum is wrong: the file is damaged".into());
    }
    whole
        .get(setup + offset..)
        .and_then(|rest| rest.get(..length))
        .ok_or_else(|| "its kernel lies outside of it: the file is damaged".into())
}

/// Whether the file ends in a checksum: all do since protocol 2.08, until Linux 6.15.
fn has_checksum(image: &[u8]) -> bool {
    let version = super::bzimage_version(image);
    let mut numbers = version.split(['.', '-']).map(|number| number.parse::<u32>().ok());
    let release = numbers.next().flatten().zip(numbers.next().flatten());
    release.is_none_or(|release| release < (6, 15))
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
