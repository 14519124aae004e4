//! Guest kernels: the built-in one, and what a kernel file says of itself.

mod bzimage;
mod cache;
mod elf;
mod image;
mod inspection;
mod module;

use crate::Error;
pub(crate) use image::Image;
pub(crate) use inspection::layout;
pub use inspection::{BzImage, Elf, Format, Inspection, Place, Protocol};
pub use module::unpack_module;
use std::path::Path;

/// Version of the built-in guest kernel: that of this library.
pub const BUILTIN_VERSION: &str = env!("CARGO_PKG_VERSION");
/// Kernels are loaded from here up; below lie the boot information and what a PC has there.
pub const LOWEST_LOAD: u64 = 1 << 20;

/// The built-in guest kernel, an ELF file with a PVH entry.
pub fn builtin() -> &'static [u8] {
    include_bytes!(env!("ISOLAB_KERNEL"))
}

/// The bytes of a kernel file.
///
/// # Errors
/// [`Error::ReadKernel`].
pub fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|error| Error::ReadKernel {
        path: path.into(),
        error,
    })
}

/// Looks at a kernel's bytes. Of a bzImage this is what stands in front of its compressed kernel, which [`unpack`] takes
/// out of it to be looked at in turn.
///
/// # Errors
/// Says what the bytes are instead, and what to do.
pub fn inspect(bytes: &[u8]) -> Result<Inspection, String> {
    let mut inspection = layout(bytes)?;
    if let Format::Elf(elf) = &mut inspection.format {
        elf.version = elf::linux_version(bytes);
    }
    Ok(inspection)
}

/// The ELF kernel in a bzImage's bytes.
///
/// # Errors
/// Says what is damaged, or which compressor is not known.
pub fn unpack(bzimage: &[u8]) -> Result<Vec<u8>, String> {
    bzimage::unpack(bzimage).map_err(|error| error.to_string())
}
