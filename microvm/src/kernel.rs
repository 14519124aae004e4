//! Guest kernels: the built-in one, and what an ELF file says of itself.

use crate::Error;
use std::path::Path;

/// The built-in guest kernel, an ELF file with a PVH entry.
pub fn builtin() -> &'static [u8] {
    include_bytes!(env!("ISOLAB_KERNEL"))
}

/// Version of the built-in guest kernel: that of this library.
pub const BUILTIN_VERSION: &str = env!("CARGO_PKG_VERSION");

/// The bytes of a kernel file.
pub fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|error| Error::ReadKernel {
        path: path.into(),
        error,
    })
}
