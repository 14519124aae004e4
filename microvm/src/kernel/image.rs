//! A kernel that is about to be booted.

use super::bzimage::NotUnpacked;
use super::{Format, Inspection, builtin, cache, layout};
use crate::{Error, Kernel};
use object::read::ReadCache;
use std::fs::File;

/// A kernel's bytes: in memory, or in a file, whose segments are read straight into the guest's memory.
pub enum Image {
    /// The built-in kernel.
    Builtin(&'static [u8]),
    /// An ELF file, or a bzImage that unpacks itself.
    File {
        /// Its name, for messages.
        name: String,
        /// The file.
        file: File,
        /// What it says of itself.
        inspection: Inspection,
    },
}

impl Image {
    /// Opens a kernel.
    pub fn open(kernel: &Kernel) -> Result<Self, Error> {
        let path = match kernel {
            Kernel::Builtin => return Ok(Self::Builtin(builtin())),
            Kernel::File(path) => path,
        };
        let file = File::open(path).map_err(|error| Error::ReadKernel {
            path: path.clone(),
            error,
        })?;
        let name = path.display().to_string();
        let opened = layout(&ReadCache::new(&file)).and_then(|inspection| match inspection.format {
            Format::Elf(_) => Ok((file, inspection)),
            Format::BzImage(_) => {
                match cache::unpacked(&file) {
                    Ok(file) => layout(&ReadCache::new(&file)).map(|inspection| (file, inspection)),
                    // What cannot be unpacked here unpacks itself, if it has an entry to do so.
                    Err(NotUnpacked::Foreign(why)) => match inspection.check_bootable(u64::MAX) {
                        Ok(_) => Ok((file, inspection)),
                        Err(no_entry) => Err(format!("{why}; {no_entry}")),
                    },
                    Err(error) => Err(error.to_string()),
                }
            }
        });
        match opened {
            Ok((file, inspection)) => Ok(Self::File { name, file, inspection }),
            Err(why) => Err(Error::BadKernel { kernel: name, why }),
        }
    }

    /// Whether it is given a PC, as Linux expects it.
    pub fn wants_pc(&self) -> bool {
        match self {
            Self::Builtin(_) => false,
            Self::File { inspection, .. } => inspection.wants_pc(),
        }
    }

    /// What it says of itself.
    pub fn layout(&self) -> Result<Inspection, String> {
        match self {
            Self::Builtin(bytes) => layout(*bytes),
            Self::File { inspection, .. } => Ok(inspection.clone()),
        }
    }

    /// The error that it cannot be booted.
    pub fn bad(&self, why: String) -> Error {
        let kernel = match self {
            Self::Builtin(_) => "the built-in kernel".into(),
            Self::File { name, .. } => name.clone(),
        };
        Error::BadKernel { kernel, why }
    }
}
