//! Kernels come out of bzImages of every compressor, and damaged files are refused.

use microvm::kernel::{builtin, unpack};
use proptest::prelude::*;
use std::io::Write;
use std::sync::LazyLock;

/// A bzImage around a compressed kernel, with the checksum that makes the CRC-32 of the whole file zero.
fn bzimage(payload: &[u8]) -> Vec<u8> {
    const SETUP: usize = 1024;
    let padded = (payload.len() + 4).next_multiple_of(16);
    let mut image = vec![0; SETUP];
    image[0x1f1] = 1;
    image[0x1f4..0x1f8].copy_from_slice(&((padded / 16) as u32).to_le_bytes());
    image[0x202..0x206].copy_from_slice(b"HdrS");
    image[0x206..0x208].copy_from_slice(&0x20f_u16.to_le_bytes());
    image[0x20e..0x210].copy_from_slice(&0x100_u16.to_le_bytes());
    image[0x24c..0x250].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    image[0x300..0x306].copy_from_slice(b"6.1.0\0");
    image.extend_from_slice(payload);
    image.resize(SETUP + padded - 4, 0);
    let checksum = !crc32fast::hash(&image);
    image.extend_from_slice(&checksum.to_le_bytes());
    image
}

/// A compressed kernel and its unpacked size.
fn sized(mut compressed: Vec<u8>, kernel: &[u8]) -> Vec<u8> {
    compressed.extend_from_slice(&(kernel.len() as u32).to_le_bytes());
    compressed
}

fn payloads(kernel: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(kernel).unwrap();
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip2.write_all(kernel).unwrap();
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut xz = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    xz.write_all(kernel).unwrap();
    let options = lzma_rust2::LzmaOptions::with_preset(1);
    let mut lzma = lzma_rust2::LzmaWriter::new_use_header(Vec::new(), &options, None).unwrap();
    lzma.write_all(kernel).unwrap();
    let block = lz4_flex::block::compress(kernel);
    let lz4 = [
        &0x184c_2102_u32.to_le_bytes(),
        &(block.len() as u32).to_le_bytes(),
        &block[..],
    ]
    .concat();
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    vec![
        ("gzip", gzip.finish().unwrap()),
        ("bzip2", sized(bzip2.finish().unwrap(), kernel)),
        ("xz", sized(xz.finish().unwrap(), kernel)),
        ("lzma", sized(lzma.finish().unwrap(), kernel)),
        ("lz4", sized(lz4, kernel)),
        ("zstd", sized(ruzstd::encoding::compress_to_vec(kernel, level), kernel)),
    ]
}

#[test]
fn every_compressor_s_kernel_comes_out_as_it_went_in() {
    for (name, payload) in payloads(builtin()) {
        let kernel = unpack(&bzimage(&payload)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(kernel == builtin(), "{name}");
    }
}

#[test]
fn a_signature_for_secure_boot_is_no_damage() {
    let mut image = bzimage(&payloads(builtin())[0].1);
    // Signing writes the PE header's checksum and the place of the signature, and appends that.
    let pe = 0x40;
    let unsigned = {
        image[0x3c] = pe;
        let end = image.len() - 4;
        let checksum = !crc32fast::hash(&image[..end]);
        image[end..].copy_from_slice(&checksum.to_le_bytes());
        image.clone()
    };
    assert!(unpack(&unsigned).is_ok());
    let optional_header = usize::from(pe) + 24;
    image[optional_header + 64..][..4].fill(7);
    image[optional_header + 144..][..8].fill(9);
    image.extend_from_slice(b"signature");
    assert!(unpack(&image).unwrap() == builtin());
    image[optional_header + 80] ^= 1;
    assert!(unpack(&image).unwrap_err().contains("checksum"));
}

#[test]
fn what_cannot_be_unpacked_is_refused_with_its_reason() {
    let refusal = |payload: &[u8]| unpack(&bzimage(payload)).unwrap_err();
    assert!(refusal(b"\x89LZO\0\0\0\0\0\0\0\0").contains("LZO"));
    assert!(refusal(b"what is this?").contains("compressor is not known"));
    assert!(refusal(b"").contains("holds no compressed kernel"));
    assert!(refusal(b"tiny").contains("empty"));
    let (_, mut gzip) = payloads(b"not much, but more than a few bytes").remove(0);
    let size = gzip.len() - 4;
    gzip[size..].copy_from_slice(&1_000_000_u32.to_le_bytes());
    assert!(refusal(&gzip).contains("does not unpack"));
    gzip[size..].fill(0xff);
    assert!(refusal(&gzip).contains("would unpack to 4294967295 bytes"));
    let mut old = bzimage(&gzip);
    old[0x206] = 7;
    assert!(unpack(&old).unwrap_err().contains("older than 2.08"));
}

/// One image of each compressor, around a part of a kernel.
static IMAGES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    payloads(&builtin()[..20_000])
        .iter()
        .map(|(_, payload)| bzimage(payload))
        .collect()
});

proptest! {
    #[test]
    fn a_flipped_bit_is_noticed(which in 0usize..6, place: prop::sample::Index, bit in 0u8..8) {
        let mut image = IMAGES[which].clone();
        let place = place.index(image.len());
        image[place] ^= 1 << bit;
        if let Ok(kernel) = unpack(&image) {
            prop_assert!(kernel == builtin()[..20_000], "byte {place} bit {bit} of image {which}");
        }
    }

    #[test]
    fn a_truncated_file_is_refused(which in 0usize..6, place: prop::sample::Index) {
        let image = &IMAGES[which];
        prop_assert!(unpack(&image[..place.index(image.len())]).is_err());
    }

    #[test]
    fn hostile_payloads_with_right_checksums_end_in_an_error_or_in_bytes(
        which in 0usize..6, place: prop::sample::Index, garbage in prop::collection::vec(any::<u8>(), 1..200)
    ) {
        let (_, mut payload) = payloads(&builtin()[..5_000]).swap_remove(which);
        let place = place.index(payload.len());
        let end = payload.len().min(place + garbage.len());
        payload[place..end].copy_from_slice(&garbage[..end - place]);
        // The size stays: a hostile one only asks for more memory, up to the limit.
        let size = payload.len() - 4;
        payload[size..].copy_from_slice(&5_000_u32.to_le_bytes());
        let _ = unpack(&bzimage(&payload));
    }

    #[test]
    fn hostile_headers_end_in_an_error_or_in_bytes(at in 0x1f0usize..0x260, value: u64) {
        let mut image = IMAGES[0].clone();
        image[at..at + 8].copy_from_slice(&value.to_le_bytes());
        let end = image.len() - 4;
        let checksum = !crc32fast::hash(&image[..end]);
        image[end..].copy_from_slice(&checksum.to_le_bytes());
        let _ = unpack(&image);
    }
}
