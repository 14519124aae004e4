//! Files of kernel modules, which distributions compress, each in its own way.

use super::bzimage::compressor;
use std::io::{self, Read};

/// No module is larger.
const LARGEST: u64 = 64 << 20;

/// A module as the kernel loads it, from the bytes of its file: those of one that is compressed by gzip, xz or zstd
/// (kmod(8), `*.ko.gz`, `*.ko.xz`, `*.ko.zst`) are unpacked, others are given back as they are.
///
/// # Errors
/// The file is damaged, or unpacks to more than 64 MiB.
pub fn unpack_module(file: Vec<u8>) -> io::Result<Vec<u8>> {
    let reader: Box<dyn Read + '_> = match compressor(&file) {
        Some("gzip") => Box::new(flate2::read::MultiGzDecoder::new(&file[..])),
        Some("xz") => Box::new(lzma_rust2::XzReader::new(&file[..], true)),
        Some("zstd") => Box::new(ruzstd::decoding::StreamingDecoder::new(&file[..]).map_err(io::Error::other)?),
        _ => return Ok(file),
    };
    let mut module = Vec::new();
    reader.take(LARGEST + 1).read_to_end(&mut module)?;
    if module.len() as u64 > LARGEST {
        return Err(io::Error::other("it unpacks to more than 64 MiB"));
    }
    Ok(module)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::write::GzEncoder;
    use lzma_rust2::{XzOptions, XzWriter};
    use proptest::prelude::*;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    use std::io::Write;

    /// The same module, as distributions pack it.
    fn packed(module: &[u8]) -> [Vec<u8>; 4] {
        let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(module).unwrap();
        let mut xz = XzWriter::new(Vec::new(), XzOptions::default()).unwrap();
        xz.write_all(module).unwrap();
        let zstd = compress_to_vec(module, CompressionLevel::Fastest);
        [module.to_vec(), gzip.finish().unwrap(), xz.finish().unwrap(), zstd]
    }

    #[test]
    fn a_module_is_the_same_however_its_file_is_compressed() {
        let module = b"\x7fELF and the rest of a module";
        for file in packed(module) {
            assert_eq!(unpack_module(file).unwrap(), module);
        }
    }

    proptest! {
        #[test]
        fn a_damaged_file_is_judged_without_a_panic(which in 1..4_usize, at in 6..40_usize, value: u8, length in 0..80_usize) {
            let mut file = packed(b"\x7fELF and the rest of a module")[which].clone();
            let at = at % file.len();
            file[at] = value;
            file.truncate(length);
            let _ = unpack_module(file);
        }
    }
}
