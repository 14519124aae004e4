//! What is installed on this host: the kernel that it runs, and the modules of a kernel.

use super::{Found, HOST, module, open};
use crate::error::Error;
use nix::sys::utsname::uname;
use reports::model::Message;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The kernel that this host runs, where distributions put it, with its modules.
///
/// # Errors
/// It is not there, or this user may not read it: with what to do.
pub fn host() -> Result<Found, Error> {
    let name = uname().map_err(|errno| Error::from_cause(Message::new("cannot-ask-kernel-release"), errno))?;
    running(Path::new("/"), &name.release().to_string_lossy())
}

/// The kernel of that release in the file system below `root`.
fn running(root: &Path, release: &str) -> Result<Found, Error> {
    let places = [
        root.join(format!("boot/vmlinuz-{release}")),
        root.join(format!("lib/modules/{release}/vmlinuz")),
    ];
    let mut refused = None;
    for kernel in &places {
        match open(kernel) {
            Ok(_) => {
                return Ok(Found {
                    name: HOST.into(),
                    kernel: kernel.clone(),
                    modules: modules(root, release)?.into_iter().map(|(_, path)| path).collect(),
                });
            }
            Err((ErrorKind::NotFound, _)) => {}
            Err((_, error)) => refused = refused.or(Some(error)),
        }
    }
    let [boot, modules] = places.map(|place| place.display().to_string());
    Err(refused.unwrap_or_else(|| {
        Error::new(
            Message::new("host-kernel-nowhere")
                .with("boot", boot)
                .with("modules", modules),
        )
        .remedy(Message::new("do-fetch-kernel"))
    }))
}

/// The names and files of the modules that a guest has a use for, of the kernel of that release, in the order to load them.
/// The files may be compressed.
pub fn modules(root: &Path, release: &str) -> Result<Vec<(String, PathBuf)>, Error> {
    let mut files = BTreeMap::new();
    files_below(&root.join("lib/modules").join(release).join("kernel"), &mut files);
    let order = module::in_order(|name| {
        files
            .get(name)
            .map(|path| Ok::<_, Error>(module::needs(&read(path)?)))
            .transpose()
    })?;
    Ok(order.into_iter().filter_map(|name| files.remove_entry(&name)).collect())
}

/// The module in that file, unpacked.
pub fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let unpacked = File::open(path).and_then(|file| module::unpack(&path.to_string_lossy(), file));
    unpacked.map_err(|error| Error::of_path("cannot-read-module", path, error))
}

fn files_below(folder: &Path, files: &mut BTreeMap<String, PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files_below(&path, files),
            _ => {
                if let Some(name) = module::name(&path.to_string_lossy()) {
                    files.insert(name, path);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_running_kernel_is_found_where_distributions_put_it() {
        for place in ["boot/vmlinuz-6.1-test", "lib/modules/6.1-test/vmlinuz"] {
            let root = tempfile::tempdir().unwrap();
            let path = root.path().join(place);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "kernel").unwrap();
            assert_eq!(running(root.path(), "6.1-test").unwrap().kernel, path);
            let missing = running(root.path(), "6.2-test").unwrap_err().to_string();
            assert!(
                missing.contains("neither") && missing.contains("isolab kernel fetch"),
                "{missing}"
            );
        }
    }

    #[test]
    fn its_modules_are_those_of_its_release_that_a_guest_has_a_use_for() {
        let root = tempfile::tempdir().unwrap();
        let modules = root.path().join("lib/modules/6.1-test/kernel");
        for name in ["fs/ext4/ext4.ko", "drivers/virtio_blk.ko", "drivers/gpu/nouveau.ko"] {
            let path = modules.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "module").unwrap();
        }
        fs::create_dir(root.path().join("boot")).unwrap();
        for release in ["6.1-test", "6.2-test"] {
            fs::write(root.path().join(format!("boot/vmlinuz-{release}")), "kernel").unwrap();
        }
        let found = running(root.path(), "6.1-test").unwrap().modules;
        assert_eq!(
            found,
            ["drivers/virtio_blk.ko", "fs/ext4/ext4.ko"].map(|name| modules.join(name))
        );
        assert!(running(root.path(), "6.2-test").unwrap().modules.is_empty());
    }
}
