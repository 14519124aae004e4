//! Guest kernels on this host: those that were added, each in a folder of its own (`$XDG_DATA_HOME/isolab/kernels/NAME`,
//! with the file `kernel` and the folder `modules`), and the host's.

mod add;
pub mod fetch;
pub mod here;
mod installed;
mod module;
mod needed;
mod package;

pub use add::{add, remove};
pub use installed::host;

use crate::error::Error;
use crate::files::{regular, xdg};
use crate::targets::microvm::{Disk, Linux, Rootfs};
use microvm::kernel::Inspection;
use needed::Use;
use reports::model::Message;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The name of the host's own kernel.
pub const HOST: &str = "host";
/// What it is to look at.
pub const HOST_LESSON: &str = "a container shares this kernel, a VM boots its own copy of it";
/// The kernel's file in its folder.
const KERNEL: &str = "kernel";
/// The folder of its modules.
const MODULES: &str = "modules";

/// A kernel and what belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// What `--kernel` takes.
    pub name: String,
    /// The kernel's file.
    pub kernel: PathBuf,
    /// Its modules, in the order to load them.
    pub modules: Vec<PathBuf>,
}

/// The kernel of that name, or else in that file.
pub fn find(name: &str) -> Result<Found, Error> {
    if name == HOST {
        return host();
    }
    let known = list();
    if let Some(found) = known.iter().find(|found| found.name == name) {
        return Ok(found.clone());
    }
    match open(Path::new(name)) {
        Ok(_) => {
            return Ok(Found {
                name: name.into(),
                kernel: name.into(),
                modules: Vec::new(),
            });
        }
        Err((ErrorKind::NotFound, _)) => {}
        Err((_, error)) => return Err(error),
    }
    let names: Vec<&str> = known.iter().map(|found| found.name.as_str()).chain([HOST]).collect();
    let remedy = match name {
        "builtin" => Message::new("do-on-microvm"),
        _ => here::advice(),
    };
    let names = names.join(", ");
    Err(Error::new(Message::new("no-kernel").with("name", name).with("known", names)).remedy(remedy))
}

/// The kernel of that name or in that file, with the modules that its disks need and `more` behind them.
pub fn linux(name: &str, rootfs: Rootfs, disk: Option<Disk>, more: &[PathBuf]) -> Result<Linux, Error> {
    let found = find(name)?;
    let root = (rootfs == Rootfs::Disk).then_some(Use::Root);
    let uses: Vec<Use> = root.into_iter().chain(disk.as_ref().map(|_| Use::Any)).collect();
    let needed = needed::needed(&found.modules, &uses)?;
    Ok(Linux {
        kernel: found.kernel,
        modules: [&needed, more].concat(),
        rootfs,
        disk,
    })
}

/// The kernel that a comparison boots where none is named: the first of those that were added, where the KVM here boots such
/// kernels. The host's own is not taken unasked.
pub fn usual() -> Option<String> {
    usual_of(here::why_not().is_none(), &list())
}

fn usual_of(boots: bool, added: &[Found]) -> Option<String> {
    boots.then(|| added.first().map(|found| found.name.clone())).flatten()
}

/// A kernel's file, and what it is.
pub fn read(path: &Path) -> Result<(Vec<u8>, Inspection), Error> {
    let bytes = microvm::kernel::read(path)?;
    let inspected = inspect(path, &bytes)?;
    Ok((bytes, inspected))
}

/// What the bytes of a kernel's file are.
pub fn inspect(path: &Path, bytes: &[u8]) -> Result<Inspection, Error> {
    microvm::kernel::inspect(bytes).map_err(|reason| Error::of_path("no-guest-kernel", path, reason))
}

/// The kernels that were added.
pub fn list() -> Vec<Found> {
    let folder = folder().ok();
    let entries = folder
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten());
    let mut found: Vec<Found> = entries.filter_map(|entry| added(&entry.path())).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// Opens a kernel's file; tells apart, in how it failed, what kind of failure it was.
fn open(path: &Path) -> Result<File, (ErrorKind, Error)> {
    regular::check(path).and_then(|()| File::open(path)).map_err(|error| {
        let failed = Error::of_path("cannot-read-kernel", path, &error);
        let failed = match error.kind() {
            // Some distributions keep it from ordinary users.
            ErrorKind::PermissionDenied => {
                failed.remedy(Message::new("do-copy-kernel").with("path", path.display().to_string()))
            }
            _ => failed,
        };
        (error.kind(), failed)
    })
}

/// Where kernels are kept.
fn folder() -> Result<PathBuf, Error> {
    let data = xdg::data()
        .ok_or_else(|| Error::new(Message::new("no-place-for-kernels")).remedy(Message::new("do-set-data-home")))?;
    Ok(data.join("kernels"))
}

fn added(folder: &Path) -> Option<Found> {
    let name = folder.file_name()?.to_str()?.to_owned();
    let kernel = folder.join(KERNEL);
    // What begins with a dot is on its way, or was left by an isolab that was killed.
    if name.starts_with('.') || !kernel.is_file() {
        return None;
    }
    let entries = std::fs::read_dir(folder.join(MODULES)).into_iter().flatten().flatten();
    let mut modules: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    modules.sort();
    Some(Found { name, kernel, modules })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_that_was_added_is_booted_unasked_where_it_can_boot() {
        let added = [Found {
            name: "debian".into(),
            kernel: PathBuf::new(),
            modules: Vec::new(),
        }];
        assert_eq!(usual_of(true, &added), Some("debian".into()));
        assert_eq!(usual_of(true, &[]), None);
        assert_eq!(usual_of(false, &added), None);
    }
}
