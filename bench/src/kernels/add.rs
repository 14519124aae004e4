//! Takes a kernel in: out of packages, or out of a file, with those of its modules that a guest has a use for.

use super::{Found, KERNEL, MODULES, added, folder, installed, module, open, package};
use crate::error::Error;
use microvm::kernel::Inspection;
use nix::fcntl::{Flock, FlockArg};
use reports::model::Message;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What a folder on its way begins with.
const UNFINISHED: &str = ".new-";
/// No kernel is larger.
const LARGEST_KERNEL: u64 = 1 << 30;

/// Adds the kernel in the files: packages, of which one holds the kernel and all may hold modules, or one kernel file.
pub fn add(files: &[PathBuf]) -> Result<Found, Error> {
    let collected = collect(files)?;
    let folder = folder()?;
    let failed = |error: io::Error| Error::of_path("cannot-write-to", &folder, error);
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let lock = File::open(&folder).map_err(failed)?;
    // Held until the folder has its name, so that what is unfinished now was left by an isolab that was killed.
    let _lock = Flock::lock(lock, FlockArg::LockExclusive).map_err(|(_, errno)| failed(errno.into()))?;
    remove_unfinished(&folder).map_err(failed)?;
    let unfinished = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .tempdir_in(&folder)
        .map_err(failed)?;
    collected.write(unfinished.path()).map_err(failed)?;
    let place = folder.join(&collected.name);
    match std::fs::remove_dir_all(&place) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => std::fs::rename(unfinished.keep(), &place).map_err(failed)?,
    }
    added(&place).ok_or_else(|| Error::new(Message::new("gone-again").with("path", place.display().to_string())))
}

/// Removes a kernel that was added.
pub fn remove(name: &str) -> Result<(), Error> {
    let known = super::list();
    let Some(found) = known.iter().find(|found| found.name == name) else {
        let names: Vec<&str> = known.iter().map(|found| found.name.as_str()).collect();
        let remedy = match &names[..] {
            [] => Message::new("do-none-was-added"),
            names => Message::new("do-those-added").with("names", names.join(", ")),
        };
        return Err(Error::new(Message::new("kernel-not-added").with("name", name)).remedy(remedy));
    };
    let folder = folder()?;
    let failed = |error: io::Error| Error::of_path("cannot-remove", &folder, error);
    let lock = File::open(&folder).map_err(failed)?;
    let _lock = Flock::lock(lock, FlockArg::LockExclusive).map_err(|(_, errno)| failed(errno.into()))?;
    remove_unfinished(&folder).map_err(failed)?;
    // Gone at once, even if this is killed: what is unfinished is removed by the next.
    let going = folder.join(format!("{UNFINISHED}{}", std::process::id()));
    std::fs::rename(folder.join(&found.name), &going).map_err(failed)?;
    std::fs::remove_dir_all(&going).map_err(failed)
}

fn remove_unfinished(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// A kernel with its modules, in memory.
struct Collected {
    name: String,
    kernel: Vec<u8>,
    /// In the order to load them.
    modules: Vec<(String, Vec<u8>)>,
}

impl Collected {
    fn write(&self, folder: &Path) -> io::Result<()> {
        std::fs::set_permissions(folder, PermissionsExt::from_mode(0o755))?;
        std::fs::write(folder.join(KERNEL), &self.kernel)?;
        std::fs::create_dir(folder.join(MODULES))?;
        for (number, (name, module)) in self.modules.iter().enumerate() {
            std::fs::write(folder.join(MODULES).join(format!("{number:02}-{name}.ko")), module)?;
        }
        Ok(())
    }
}

fn collect(files: &[PathBuf]) -> Result<Collected, Error> {
    let mut packages = Vec::new();
    for path in files {
        let mut beginning = Vec::new();
        let file = open(path).map_err(|(_, error)| error)?;
        let read = file.take(32).read_to_end(&mut beginning);
        read.map_err(|error| Error::of_path("cannot-read-file", path, error))?;
        if package::is_package(&beginning) {
            packages.push(path.as_path());
        }
    }
    match (files, packages.as_slice()) {
        (_, packages) if packages.len() == files.len() => from_packages(packages),
        ([file], []) => from_file(file),
        _ => Err(Error::new(Message::new("not-all-packages")).remedy(Message::new("do-one-kernel"))),
    }
}

fn from_packages(packages: &[&Path]) -> Result<Collected, Error> {
    let mut kernels = BTreeMap::new();
    let mut releases = BTreeSet::new();
    let mut needs = BTreeMap::new();
    // Twice: which modules are wanted is known only when all have said what they need.
    each_file(packages, &mut |path, reader| {
        if let Some((_, release)) = path.split_once("boot/vmlinuz-") {
            let mut bytes = Vec::new();
            reader.take(LARGEST_KERNEL).read_to_end(&mut bytes)?;
            kernels.insert(release.to_owned(), bytes);
        } else if let Some(name) = module::name(path) {
            releases.extend(module::release(path).map(str::to_owned));
            needs.insert(name, module::needs(&module::unpack(path, reader)?));
        }
        Ok(())
    })?;
    let names: Vec<String> = packages.iter().map(|path| path.display().to_string()).collect();
    let names = names.join(", ");
    let (release, kernel) = one_kernel(kernels, &releases, &names)?;
    check(&kernel, &names)?;
    let order = module::in_order(|name| Ok::<_, Error>(needs.get(name).cloned()))?;
    let mut found = BTreeMap::new();
    each_file(packages, &mut |path, reader| {
        if let Some(name) = module::name(path).filter(|name| order.contains(name)) {
            found.insert(name, module::unpack(path, reader)?);
        }
        Ok(())
    })?;
    let modules = order.into_iter().filter_map(|name| found.remove_entry(&name));
    Ok(collected(&release, kernel, modules.collect()))
}

/// The only one of the kernels, by their releases, that the packages of those names hold; `for_releases` are those that the
/// modules in them are for.
fn one_kernel(
    mut kernels: BTreeMap<String, Vec<u8>>,
    for_releases: &BTreeSet<String>,
    names: &str,
) -> Result<(String, Vec<u8>), Error> {
    let Some((release, kernel)) = kernels.pop_first() else {
        let remedy = match for_releases.first() {
            Some(release) => Message::new("do-name-its-image").with("release", release.as_str()),
            None => Message::new("do-look-at-depends"),
        };
        return Err(Error::new(Message::new("packages-without-kernel").with("names", names)).remedy(remedy));
    };
    if let Some((other, _)) = kernels.pop_first() {
        let problem = Message::new("packages-several-kernels")
            .with("names", names)
            .with("first", release)
            .with("second", other);
        return Err(Error::new(problem).remedy(Message::new("do-one-kernel")));
    }
    if let Some(other) = for_releases.iter().find(|other| **other != release) {
        let problem = Message::new("packages-other-modules")
            .with("names", names)
            .with("release", release.as_str())
            .with("other", other.as_str());
        return Err(Error::new(problem).remedy(Message::new("do-own-modules").with("release", release)));
    }
    Ok((release, kernel))
}

fn each_file(packages: &[&Path], visit: package::Visit) -> Result<(), Error> {
    for path in packages {
        let read = File::open(path).and_then(|file| package::files(BufReader::new(file), visit));
        read.map_err(|error| Error::of_path("cannot-read-package", path, error))?;
    }
    Ok(())
}

/// A kernel file; its modules are those of its version on this host.
fn from_file(path: &Path) -> Result<Collected, Error> {
    let kernel = microvm::kernel::read(path)?;
    let inspection = check(&kernel, &path.display().to_string())?;
    let release = inspection
        .version()
        .and_then(|version| version.split_ascii_whitespace().next());
    let name = release.map_or_else(
        || path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        str::to_owned,
    );
    let modules = installed::modules(Path::new("/"), &name)?.into_iter();
    let modules = modules.map(|(name, path)| Ok((name, installed::read(&path)?)));
    Ok(collected(&name, kernel, modules.collect::<Result<_, Error>>()?))
}

fn collected(version: &str, kernel: Vec<u8>, modules: Vec<(String, Vec<u8>)>) -> Collected {
    // A name is a folder's: one component, and not hidden.
    let name = version.trim_start_matches('.').replace(['/', '\0'], "-");
    Collected {
        name: if name.is_empty() { "kernel".into() } else { name },
        kernel,
        modules,
    }
}

/// Checks that it is a kernel.
fn check(kernel: &[u8], from: &str) -> Result<Inspection, Error> {
    microvm::kernel::inspect(kernel)
        .map_err(|why| Error::from_cause(Message::new("holds-no-guest-kernel").with("from", from), why))
}

#[cfg(test)]
mod tests {
    use super::super::package::tests::package;
    use super::*;

    #[test]
    fn a_package_gives_its_kernel_and_the_modules_that_are_wanted() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("linux.deb");
        let kernel = microvm::kernel::builtin();
        let modules = "lib/modules/6.1-test/kernel/drivers";
        let files = [
            ("./boot/vmlinuz-6.1-test", kernel),
            (&format!("./{modules}/block/virtio_blk.ko"), &b"blk"[..]),
            (&format!("./{modules}/gpu/nouveau.ko"), b"gpu"),
        ];
        std::fs::write(&path, package(&files)).unwrap();
        let found = collect(&[path]).unwrap();
        assert_eq!(found.name, "6.1-test");
        assert!(found.kernel == kernel);
        assert_eq!(found.modules, [("virtio_blk".into(), b"blk".to_vec())]);
    }

    #[test]
    fn modules_of_another_kernel_or_without_one_are_refused_as_are_several_kernels() {
        let place = tempfile::tempdir().unwrap();
        let written = |name: &str, path: &str| {
            let file = place.path().join(name);
            std::fs::write(&file, package(&[(path, microvm::kernel::builtin())])).unwrap();
            file
        };
        let kernel = written("image", "./boot/vmlinuz-6.1-a");
        let other = written("other", "./boot/vmlinuz-6.1-b");
        let modules = written("modules", "./lib/modules/6.1-a/kernel/fs/erofs/erofs.ko");
        assert_eq!(collect(&[kernel.clone(), modules.clone()]).unwrap().modules.len(), 1);
        for (files, part) in [
            (vec![kernel, other.clone()], "several kernels"),
            (vec![other, modules.clone()], "the kernel 6.1-b, and modules for 6.1-a"),
            (vec![modules], "linux-image-6.1-a"),
        ] {
            let refused = collect(&files).map(|found| found.name).unwrap_err().to_string();
            assert!(refused.contains(part), "{refused}");
        }
    }

    #[test]
    fn a_package_without_a_kernel_and_a_file_that_is_none_are_refused() {
        let place = tempfile::tempdir().unwrap();
        let (meta, text) = (place.path().join("meta.deb"), place.path().join("text"));
        std::fs::write(&meta, package(&[("./usr/share/doc", b"x")])).unwrap();
        std::fs::write(&text, "hello").unwrap();
        for (files, part) in [
            (vec![meta.clone()], "there is no kernel"),
            (vec![text.clone()], "neither an ELF file"),
            (vec![meta, text], "several files"),
            (vec!["/nonexistent".into()], "cannot read"),
        ] {
            let refused = collect(&files).map(|found| found.name).unwrap_err().to_string();
            assert!(refused.contains(part), "{refused}");
        }
    }
}
