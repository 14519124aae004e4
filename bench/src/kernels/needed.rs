//! Which of a kernel's modules a guest needs. Loading costs a start, so that it gets those of its disks and no others.

use super::{installed, module};
use crate::error::Error;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What a guest has a disk for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Its program's root.
    Root,
    /// Whatever file system is on it.
    Any,
}

impl Use {
    /// The modules for it; what those need is needed besides.
    fn modules(self) -> &'static [&'static str] {
        match self {
            Use::Root => &["virtio_mmio", "virtio_blk", "crc32c_generic", "erofs", "overlay"],
            Use::Any => &[
                "virtio_mmio",
                "virtio_blk",
                "crc32c_generic",
                "ext4",
                "erofs",
                "squashfs",
            ],
        }
    }
}

/// Those of the files, a kernel's modules in the order to load them, that guests with such disks need. What is not among them
/// is taken to be built into the kernel.
pub fn needed(files: &[PathBuf], uses: &[Use]) -> Result<Vec<PathBuf>, Error> {
    let named: BTreeMap<String, &PathBuf> = files.iter().filter_map(|path| Some((name(path)?, path))).collect();
    let mut needed = BTreeSet::new();
    let mut left: Vec<String> = uses
        .iter()
        .flat_map(|of| of.modules())
        .map(|&name| name.into())
        .collect();
    while let Some(path) = left.pop().map(|name| named.get(&name)) {
        if let Some(path) = path.filter(|path| needed.insert(**path)) {
            left.extend(module::needs(&installed::read(path)?));
        }
    }
    Ok(files.iter().filter(|path| needed.contains(path)).cloned().collect())
}

/// The module's name. A file that was taken in begins with two digits, its place in the order.
fn name(path: &Path) -> Option<String> {
    let file = path.file_name()?.to_str()?;
    let number = |prefix: &&str| prefix.len() == 2 && prefix.bytes().all(|byte| byte.is_ascii_digit());
    match file.split_once('-').filter(|(prefix, _)| number(prefix)) {
        Some((_, rest)) => module::name(rest),
        None => module::name(file),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::module::tests::with_modinfo;

    #[test]
    fn a_guest_gets_the_modules_of_its_disks_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let kept = [
            ("00-virtio_blk", ""),
            ("01-virtio_console", ""),
            ("02-crc32c_generic", ""),
            ("jbd2", ""),
            ("ext4", "jbd2"),
            ("05-libcrc32c", ""),
            ("06-erofs", "libcrc32c,built_in"),
            ("overlay", ""),
        ];
        let kept = kept.map(|(name, needs)| {
            let path = folder.path().join(format!("{name}.ko"));
            std::fs::write(&path, with_modinfo(&format!("depends={needs}\0"))).unwrap();
            path
        });
        let names = |uses: &[Use]| -> Vec<String> {
            let needed = needed(&kept, uses).unwrap();
            needed.iter().map(|path| name(path).unwrap()).collect()
        };
        let root = ["virtio_blk", "crc32c_generic", "libcrc32c", "erofs", "overlay"];
        assert_eq!(names(&[Use::Root]), root);
        let any = ["virtio_blk", "crc32c_generic", "jbd2", "ext4", "libcrc32c", "erofs"];
        assert_eq!(names(&[Use::Any]), any);
        assert_eq!(names(&[Use::Any, Use::Root]).len(), kept.len() - 1);
        assert!(names(&[]).is_empty());
    }

    #[test]
    fn a_module_is_known_by_its_name_wherever_its_file_is_from() {
        for (file, expected) in [
            ("/kernels/a/modules/02-virtio_mmio.ko", "virtio_mmio"),
            ("/lib/modules/6.1/kernel/virtio-mmio.ko.xz", "virtio_mmio"),
        ] {
            assert_eq!(name(Path::new(file)).as_deref(), Some(expected));
        }
    }
}
