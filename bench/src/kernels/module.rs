//! Kernel modules: what they need, and in which order they are loaded.

use flate2::read::MultiGzDecoder;
use lzma_rust2::XzReader;
use object::{Object, ObjectSection};
use ruzstd::decoding::StreamingDecoder;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

/// What a guest of the lab has a use for: a disk, a console, and file systems that a disk may hold.
pub const WANTED: [&str; 7] = [
    "virtio_mmio",
    "virtio_blk",
    "virtio_console",
    // ext4 asks for it by the name of its algorithm, and nobody answers in the guest.
    "crc32c_generic",
    "ext4",
    "erofs",
    "squashfs",
];

/// No module is larger.
const LARGEST: u64 = 64 << 20;

/// A module's name by its file's: `kernel/fs/ext4/ext4.ko.xz` is `ext4`; `None` for other files.
pub fn name(path: &str) -> Option<String> {
    let file = path.rsplit('/').next()?;
    let (name, suffix) = file.split_once(".ko")?;
    matches!(suffix, "" | ".xz" | ".zst" | ".gz").then(|| name.replace('-', "_"))
}

/// A module's bytes, decompressed as its file's name says.
pub fn unpack(path: &str, bytes: impl Read) -> io::Result<Vec<u8>> {
    let mut reader: Box<dyn Read + '_> = match path.rsplit('.').next() {
        Some("xz") => Box::new(XzReader::new(bytes, true)),
        Some("gz") => Box::new(MultiGzDecoder::new(bytes)),
        Some("zst") => Box::new(StreamingDecoder::new(bytes).map_err(io::Error::other)?),
        _ => Box::new(bytes),
    };
    let mut module = Vec::new();
    reader.by_ref().take(LARGEST + 1).read_to_end(&mut module)?;
    if module.len() as u64 > LARGEST {
        return Err(io::Error::other(format!("{path} unpacks to more than 64 MiB")));
    }
    Ok(module)
}

/// The names of the modules that one needs, as its section `.modinfo` has them (Linux, include/linux/module.h).
pub fn needs(module: &[u8]) -> Vec<String> {
    let section = object::File::parse(module).ok().and_then(|file| {
        let section = file.section_by_name(".modinfo")?;
        Some(section.data().ok()?.to_vec())
    });
    let section = section.unwrap_or_default();
    let lines = section.split(|byte| *byte == 0);
    let depends = lines.filter_map(|line| line.strip_prefix(b"depends="));
    let depends = depends
        .flat_map(|names| names.split(|byte| *byte == b','))
        .filter(|name| !name.is_empty());
    depends
        .map(|name| String::from_utf8_lossy(name).replace('-', "_"))
        .collect()
}

/// What each module needs, by its name.
pub type Needs = BTreeMap<String, Vec<String>>;

/// The wanted ones of the modules and what they need, each after what it needs. What is not there is taken to be built
/// into the kernel.
pub fn in_order(modules: &Needs) -> Vec<String> {
    let mut order = Vec::new();
    for name in WANTED {
        visit(name, modules, &mut BTreeSet::new(), &mut order);
    }
    order
}

/// Appends `name` after what it needs. `above` are those that need it: a circle, which no kernel loads, ends there.
fn visit<'m>(name: &'m str, modules: &'m Needs, above: &mut BTreeSet<&'m str>, order: &mut Vec<String>) {
    let Some(needed) = modules.get(name) else { return };
    if order.iter().any(|known| known == name) || !above.insert(name) {
        return;
    }
    for needed in needed {
        visit(needed, modules, above, order);
    }
    above.remove(name);
    order.push(name.to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::write::{Object as Written, StandardSegment};
    use object::{Architecture, BinaryFormat, Endianness, SectionKind};
    use proptest::prelude::*;
    use std::io::Write;

    fn modules(needs: &[(&str, &[&str])]) -> Needs {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        needs
            .iter()
            .map(|(name, needs)| ((*name).to_owned(), owned(needs)))
            .collect()
    }

    #[test]
    fn modules_come_after_what_they_need_and_others_not_at_all() {
        let modules = modules(&[
            ("virtio_blk", &["virtio", "virtio_ring"]),
            ("virtio_ring", &["virtio"]),
            ("virtio", &[]),
            ("ext4", &["jbd2", "mbcache", "built_in"]),
            ("mbcache", &[]),
            ("jbd2", &[]),
            ("nouveau", &[]),
        ]);
        let order = in_order(&modules);
        assert_eq!(
            order,
            ["virtio", "virtio_ring", "virtio_blk", "jbd2", "mbcache", "ext4"]
        );
    }

    #[test]
    fn a_circle_of_needs_ends() {
        let modules = modules(&[("ext4", &["erofs"]), ("erofs", &["ext4"])]);
        assert_eq!(in_order(&modules), ["erofs", "ext4"]);
    }

    #[test]
    fn what_a_module_needs_is_in_its_section_modinfo() {
        let mut file = Written::new(BinaryFormat::Elf, Architecture::X86_64, Endianness::Little);
        let segment = file.segment_name(StandardSegment::Data).to_vec();
        let section = file.add_section(segment, b".modinfo".to_vec(), SectionKind::ReadOnlyData);
        let text = b"license=GPL\0depends=virtio-ring,virtio\0name=virtio_blk\0";
        file.append_section_data(section, text, 1);
        assert_eq!(needs(&file.write().unwrap()), ["virtio_ring", "virtio"]);
    }

    #[test]
    fn module_files_are_told_by_their_names_and_unpacked() {
        assert_eq!(name("kernel/fs/ext4/ext4.ko.xz").as_deref(), Some("ext4"));
        assert_eq!(name("virtio-mmio.ko").as_deref(), Some("virtio_mmio"));
        for other in ["modules.dep", "ext4.ko.lz4", "a.komodo"] {
            assert_eq!(name(other), None);
        }
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(b"module").unwrap();
        let packed = packed.finish().unwrap();
        assert_eq!(unpack("x.ko.gz", &packed[..]).unwrap(), b"module");
        assert_eq!(unpack("x.ko", &b"module"[..]).unwrap(), b"module");
        assert!(unpack("x.ko.xz", &packed[..]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), path in "\\PC{0,12}") {
            let _ = (needs(&bytes), name(&path), unpack("x.zst", &bytes[..]), unpack("x.xz", &bytes[..]));
        }
    }
}
