//! Kernel modules: what they need, and in which order they are loaded.

use object::{Object, ObjectSection};
use std::io::{self, Read};

/// What a guest of isolab has a use for: disks, a console, file systems that a disk may hold, and one above a root
/// disk.
pub const WANTED: [&str; 8] = [
    "virtio_mmio",
    "virtio_blk",
    "virtio_console",
    // ext4 and erofs ask for it by the name of its algorithm, and nobody answers in the guest.
    "crc32c_generic",
    "ext4",
    "erofs",
    "squashfs",
    "overlay",
];

/// No module is larger.
const LARGEST: u64 = 64 << 20;

/// A module's name by its file's: `kernel/fs/ext4/ext4.ko.xz` is `ext4`; `None` for other files.
pub fn name(path: &str) -> Option<String> {
    let file = path.rsplit('/').next()?;
    let (name, suffix) = file.split_once(".ko")?;
    matches!(suffix, "" | ".xz" | ".zst" | ".gz").then(|| name.replace('-', "_"))
}

/// The release of the kernel that a module is for, by the folder of its file: of `lib/modules/6.1.0/kernel/fs/ext4.ko` it is
/// `6.1.0`.
pub fn release(path: &str) -> Option<&str> {
    path.split_once("lib/modules/")?
        .1
        .split_once('/')
        .map(|(release, _)| release)
}

/// A module's bytes, unpacked, out of its file.
pub fn unpack(path: &str, file: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other(format!("{path} is larger than 64 MiB")));
    }
    let failed = |error| io::Error::other(format!("{path} is no module: {error}"));
    microvm::kernel::unpack_module(bytes).map_err(failed)
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

/// The wanted modules and what they need, each after what it needs. `needs` tells what a module needs, and `None` of one that
/// is not there, which is taken to be built into the kernel.
pub fn in_order<E>(mut needs: impl FnMut(&str) -> Result<Option<Vec<String>>, E>) -> Result<Vec<String>, E> {
    let mut order = Vec::new();
    for name in WANTED {
        visit(name, &mut needs, &mut Vec::new(), &mut order)?;
    }
    Ok(order)
}

/// Appends `name` after what it needs. `above` are those that need it: a circle, which no kernel loads, ends there.
fn visit<E>(
    name: &str,
    needs: &mut impl FnMut(&str) -> Result<Option<Vec<String>>, E>,
    above: &mut Vec<String>,
    order: &mut Vec<String>,
) -> Result<(), E> {
    if order.iter().chain(&*above).any(|known| known == name) {
        return Ok(());
    }
    let Some(needed) = needs(name)? else { return Ok(()) };
    above.push(name.to_owned());
    for needed in &needed {
        visit(needed, needs, above, order)?;
    }
    above.pop();
    order.push(name.to_owned());
    Ok(())
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use object::write::{Object as Written, StandardSegment};
    use object::{Architecture, BinaryFormat, Endianness, SectionKind};
    use proptest::prelude::*;

    fn order(needs: &[(&str, &[&str])]) -> Vec<String> {
        let needs = |name: &str| {
            let (_, needs) = needs.iter().find(|(known, _)| *known == name)?;
            Some(needs.iter().map(|name| (*name).to_owned()).collect())
        };
        in_order(|name| Ok::<_, ()>(needs(name))).unwrap()
    }

    #[test]
    fn modules_come_after_what_they_need_and_others_not_at_all() {
        let order = order(&[
            ("virtio_blk", &["virtio", "virtio_ring"]),
            ("virtio_ring", &["virtio"]),
            ("virtio", &[]),
            ("ext4", &["jbd2", "mbcache", "built_in"]),
            ("mbcache", &[]),
            ("jbd2", &[]),
            ("nouveau", &[]),
        ]);
        assert_eq!(
            order,
            ["virtio", "virtio_ring", "virtio_blk", "jbd2", "mbcache", "ext4"]
        );
    }

    #[test]
    fn a_circle_of_needs_ends() {
        assert_eq!(order(&[("ext4", &["erofs"]), ("erofs", &["ext4"])]), ["erofs", "ext4"]);
    }

    /// A module that says that of itself.
    pub fn with_modinfo(text: &str) -> Vec<u8> {
        let mut file = Written::new(BinaryFormat::Elf, Architecture::X86_64, Endianness::Little);
        let segment = file.segment_name(StandardSegment::Data).to_vec();
        let section = file.add_section(segment, b".modinfo".to_vec(), SectionKind::ReadOnlyData);
        file.append_section_data(section, text.as_bytes(), 1);
        file.write().unwrap()
    }

    #[test]
    fn what_a_module_needs_is_in_its_section_modinfo() {
        let module = with_modinfo("license=GPL\0depends=virtio-ring,virtio\0name=virtio_blk\0");
        assert_eq!(needs(&module), ["virtio_ring", "virtio"]);
    }

    #[test]
    fn module_files_are_told_by_their_names() {
        assert_eq!(name("kernel/fs/ext4/ext4.ko.xz").as_deref(), Some("ext4"));
        assert_eq!(name("virtio-mmio.ko").as_deref(), Some("virtio_mmio"));
        for other in ["modules.dep", "ext4.ko.lz4", "a.komodo"] {
            assert_eq!(name(other), None);
        }
    }

    #[test]
    fn the_folder_of_a_module_tells_its_kernels_release() {
        assert_eq!(
            release("usr/lib/modules/6.12.1-amd64/kernel/a.ko.xz"),
            Some("6.12.1-amd64")
        );
        assert_eq!(
            release("lib/modules/6.8.0-1-generic/kernel/a.ko.zst"),
            Some("6.8.0-1-generic")
        );
        assert_eq!(release("usr/share/a.ko"), None);
    }

    #[test]
    fn a_damaged_module_is_named() {
        let refused = unpack("fs/a.ko.gz", &b"\x1f\x8b and no more"[..]).unwrap_err();
        assert!(refused.to_string().starts_with("fs/a.ko.gz is no module"), "{refused}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), path in "\\PC{0,12}") {
            let _ = (needs(&bytes), name(&path), release(&path));
        }
    }
}
