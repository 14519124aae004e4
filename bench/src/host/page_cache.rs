//! Drops single files from the page cache, and looks whether they are gone: for starts as after a boot, without disturbing
//! the rest of the host (posix_fadvise(2), mincore(2)).

use crate::error::Error;
use nix::errno::Errno;
use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use nix::libc;
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};
use nix::unistd::{AccessFlags, access};
use std::fs::File;
use std::num::NonZeroUsize;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Pages of a file in the page cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cached {
    /// Those that are in memory; `None` where the kernel does not tell this user, whose file it is not.
    pub pages: Option<usize>,
    /// All that the file has.
    pub of: usize,
}

/// Writes back what is not on disk yet, drops the file from the page cache, and gives what is still there: pages that a
/// process maps or that are locked, and all pages of a file system that has no other place for them, such as tmpfs.
///
/// # Errors
/// A file that cannot be opened, written back or looked at.
pub fn drop_file(path: &Path) -> Result<Cached, Error> {
    let failed = |tried: &str, errno: Errno| Error::of_path(tried, path, errno);
    let file = File::open(path).map_err(|error| Error::of_path("cannot-open", path, error))?;
    write_back(&file).map_err(|errno| failed("cannot-write-back", errno))?;
    posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED)
        .map_err(|errno| failed("cannot-drop", errno))?;
    cached(&file, path).map_err(|errno| failed("cannot-look-at-pages", errno))
}

/// How much of a file is in the page cache.
///
/// # Errors
/// A file that cannot be opened or looked at.
pub fn look(path: &Path) -> Result<Cached, Error> {
    let file = File::open(path).map_err(|error| Error::of_path("cannot-look-at-pages", path, error))?;
    cached(&file, path).map_err(|errno| Error::of_path("cannot-look-at-pages", path, errno))
}

/// Waits until the file's pages are on disk; only such pages can be dropped. Not fsync(2), which also empties the disk's own
/// cache, each time.
fn write_back(file: &File) -> nix::Result<()> {
    const ALL: libc::c_uint =
        libc::SYNC_FILE_RANGE_WAIT_BEFORE | libc::SYNC_FILE_RANGE_WRITE | libc::SYNC_FILE_RANGE_WAIT_AFTER;
    // SAFETY: a system call on a descriptor that is open, without pointers.
    let done = unsafe { libc::sync_file_range(file.as_raw_fd(), 0, 0, ALL) };
    match Errno::result(done) {
        // What cannot be written to has nothing to write back.
        Ok(_) | Err(Errno::EROFS) => Ok(()),
        Err(errno) => Err(errno),
    }
}

fn cached(file: &File, path: &Path) -> nix::Result<Cached> {
    let metadata = file
        .metadata()
        .map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO)))?;
    let Some(bytes) = usize::try_from(metadata.len()).ok().and_then(NonZeroUsize::new) else {
        return Ok(Cached { pages: Some(0), of: 0 });
    };
    let of = bytes.get().div_ceil(PAGE_BYTES);
    let user = nix::unistd::geteuid();
    if !user.is_root() && metadata.uid() != user.as_raw() && access(path, AccessFlags::W_OK).is_err() {
        // mincore(2) then says that every page is there.
        return Ok(Cached { pages: None, of });
    }
    let mut resident = vec![0_u8; of];
    // SAFETY: a new mapping, which nothing reads or writes: mapping a file does not bring its pages in.
    let mapped = unsafe { mmap(None, bytes, ProtFlags::PROT_READ, MapFlags::MAP_SHARED, file, 0) }?;
    // SAFETY: the mapping has `bytes` bytes, and `resident` one byte for each of its pages.
    let looked = Errno::result(unsafe { libc::mincore(mapped.as_ptr(), bytes.get(), resident.as_mut_ptr()) });
    // SAFETY: the mapping was made above, and nobody else knows of it.
    unsafe { munmap(mapped, bytes.get()) }?;
    looked?;
    Ok(Cached {
        pages: Some(resident.iter().filter(|page| **page & 1 == 1).count()),
        of,
    })
}

const PAGE_BYTES: usize = 4096;
