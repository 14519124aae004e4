//! Reads a file back out of an initramfs: the "newc" cpio format (Linux, Documentation/driver-api/early-userspace/
//! buffer-format.rst). So isolab can say what a virtual machine was really given.

use std::ops::Range;

/// Magic and thirteen fields of eight hexadecimal digits.
const HEADER_BYTES: usize = 110;
/// Place of `c_filesize` among the thirteen fields.
const FILE_SIZE: usize = 6;
/// Place of `c_namesize`.
const NAME_SIZE: usize = 11;

/// Where in `archive` the bytes of the file `path` are; `None` where it is not there or the archive is damaged.
pub fn file(archive: &[u8], path: &str) -> Option<Range<usize>> {
    let wanted = path.trim_start_matches('/').as_bytes();
    let mut at = 0_usize;
    loop {
        let header = archive.get(at..at.checked_add(HEADER_BYTES)?)?;
        if !header.starts_with(b"070701") {
            return None;
        }
        let field = |index: usize| -> Option<usize> {
            let digits = std::str::from_utf8(header.get(6 + 8 * index..14 + 8 * index)?).ok()?;
            usize::from_str_radix(digits, 16).ok()
        };
        let name_start = at + HEADER_BYTES;
        let name_end = name_start.checked_add(field(NAME_SIZE)?)?;
        // Zero bytes that pad the name are not part of it.
        let name = archive.get(name_start..name_end)?.split(|byte| *byte == 0).next()?;
        let data_start = name_end.checked_next_multiple_of(4)?;
        let data_end = data_start.checked_add(field(FILE_SIZE)?)?;
        match name {
            b"TRAILER!!!" => return None,
            _ if name == wanted => return (data_end <= archive.len()).then_some(data_start..data_end),
            _ => at = data_end.checked_next_multiple_of(4)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn archive(files: &[(String, Vec<u8>)]) -> Vec<u8> {
        let mut added = microvm::Files::new();
        for (name, data) in files {
            added.add_file(name, 0o755, data).unwrap();
        }
        added.to_archive().unwrap()
    }

    proptest! {
        #[test]
        fn every_file_comes_back_as_it_was_put_in(
            files in prop::collection::btree_map("[a-z]{1,12}", prop::collection::vec(any::<u8>(), 0..9000), 1..5)
        ) {
            let files: Vec<(String, Vec<u8>)> = files.into_iter().collect();
            let archive = archive(&files);
            for (name, data) in &files {
                let found = file(&archive, &format!("/{name}"));
                prop_assert_eq!(found.map(|place| &archive[place]), Some(data.as_slice()));
            }
            prop_assert_eq!(file(&archive, "/UPPER"), None);
        }

        #[test]
        fn a_damaged_archive_is_read_without_a_panic(
            damage in prop::collection::vec((0..400_usize, any::<u8>()), 0..20),
            length in 0..5000_usize,
        ) {
            let mut bytes = archive(&[("hello".into(), vec![1; 100])]);
            for (index, value) in damage {
                bytes[index] = value;
            }
            bytes.truncate(length);
            let _ = file(&bytes, "/hello");
            let _ = file(&bytes, "/other");
        }
    }
}
