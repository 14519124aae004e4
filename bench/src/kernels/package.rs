//! Debian packages (deb(5)): an ar archive whose member `data.tar.*` holds the files.

use flate2::read::MultiGzDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::StreamingDecoder;
use std::io::{self, Read};

/// What is done with each file: its path, and its bytes to be read.
pub type Visit<'v> = &'v mut dyn FnMut(&str, &mut dyn Read) -> io::Result<()>;

/// Whether these are the first bytes of a package.
pub fn is_package(bytes: &[u8]) -> bool {
    bytes.starts_with(b"!<arch>\ndebian-binary")
}

/// Goes through the regular files of a package.
pub fn files(package: impl Read, visit: Visit) -> io::Result<()> {
    let mut archive = ar::Archive::new(package);
    while let Some(member) = archive.next_entry() {
        let member = member?;
        let name = String::from_utf8_lossy(member.header().identifier()).into_owned();
        match name.strip_prefix("data.tar") {
            None => {}
            Some("") => return files_of_tar(member, visit),
            Some(".gz") => return files_of_tar(MultiGzDecoder::new(member), visit),
            Some(".xz") => return files_of_tar(XzReader::new(member, true), visit),
            Some(".zst") => return files_of_tar(StreamingDecoder::new(member).map_err(io::Error::other)?, visit),
            Some(other) => {
                return Err(io::Error::other(format!(
                    "its files are compressed in a way that is not known ({other})"
                )));
            }
        }
    }
    Err(io::Error::other("it has no member data.tar"))
}

fn files_of_tar(tar: impl Read, visit: Visit) -> io::Result<()> {
    for entry in tar::Archive::new(tar).entries()? {
        let mut entry = entry?;
        if entry.header().entry_type().is_file() {
            let path = entry.path()?.to_string_lossy().into_owned();
            visit(&path, &mut entry)?;
        }
    }
    Ok(())
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A package with these files.
    pub fn package(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
        for (path, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, path, *bytes).unwrap();
        }
        let data = tar.into_inner().unwrap().finish().unwrap();
        let mut package = ar::Builder::new(Vec::new());
        for (name, bytes) in [("debian-binary", &b"2.0\n"[..]), ("data.tar.gz", &data)] {
            let header = ar::Header::new(name.as_bytes().to_vec(), bytes.len() as u64);
            package.append(&header, bytes).unwrap();
        }
        package.into_inner().unwrap()
    }

    fn read(bytes: &[u8]) -> io::Result<Vec<(String, Vec<u8>)>> {
        let mut found = Vec::new();
        files(bytes, &mut |path, reader| {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes)?;
            found.push((path.to_owned(), bytes));
            Ok(())
        })?;
        Ok(found)
    }

    #[test]
    fn the_files_of_a_package_come_out_as_they_were_put_in() {
        let bytes = package(&[("./boot/vmlinuz-1", b"kernel"), ("./a", b"")]);
        assert!(is_package(&bytes));
        let found = read(&bytes).unwrap();
        assert_eq!(found[0], ("boot/vmlinuz-1".into(), b"kernel".to_vec()));
        assert_eq!(found[1].1, b"");
    }

    proptest! {
        #[test]
        fn a_damaged_package_is_read_without_a_panic(
            damage in prop::collection::vec((0..400_usize, any::<u8>()), 1..10),
            length in 60..400_usize,
        ) {
            let mut bytes = package(&[("./boot/vmlinuz-1", b"kernel")]);
            for (index, value) in damage {
                let index = index % bytes.len();
                bytes[index] = value;
            }
            bytes.truncate(length);
            let _ = read(&bytes);
        }
    }
}
