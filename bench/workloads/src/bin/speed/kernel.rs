//! The few calls that the standard library does not offer, from the C library that it is linked with.

use std::ffi::{c_int, c_long, c_void};
use std::io::{Error, Result};
use std::time::Duration;

unsafe extern "C" {
    fn mmap(
        address: *mut c_void,
        length: usize,
        protection: c_int,
        flags: c_int,
        fd: c_int,
        offset: i64,
    ) -> *mut c_void;
    fn munmap(address: *mut c_void, length: usize) -> c_int;
    fn madvise(address: *mut c_void, length: usize, advice: c_int) -> c_int;
    fn clock_gettime(clock: c_int, time: *mut [c_long; 2]) -> c_int;
    fn posix_fadvise(fd: c_int, offset: i64, length: i64, advice: c_int) -> c_int;
}

const PROT_READ_WRITE: c_int = 1 | 2;
const MAP_PRIVATE_ANONYMOUS: c_int = 0x02 | 0x20;
const MADV_HUGEPAGE: c_int = 14;
const MADV_NOHUGEPAGE: c_int = 15;
const CLOCK_PROCESS_CPUTIME_ID: c_int = 2;
const POSIX_FADV_DONTNEED: c_int = 4;

/// A page, in bytes.
pub const PAGE: usize = 4096;
/// A huge page, in bytes.
pub const HUGE_PAGE: usize = 2 << 20;

/// Memory of its own that nobody has touched yet (mmap(2)).
pub struct Mapping {
    address: *mut c_void,
    bytes: usize,
}

impl Mapping {
    /// So many bytes, all zero.
    pub fn new(bytes: usize) -> Result<Mapping> {
        // SAFETY: a new mapping at an address of the kernel's choice.
        let address = unsafe {
            mmap(
                std::ptr::null_mut(),
                bytes,
                PROT_READ_WRITE,
                MAP_PRIVATE_ANONYMOUS,
                -1,
                0,
            )
        };
        if address as isize == -1 {
            return Err(Error::last_os_error());
        }
        Ok(Mapping { address, bytes })
    }

    /// Asks for huge pages, or for none (madvise(2)).
    pub fn huge_pages(&mut self, wanted: bool) -> Result<()> {
        let advice = if wanted { MADV_HUGEPAGE } else { MADV_NOHUGEPAGE };
        // SAFETY: the mapping is this value's own; neither advice changes what is in it.
        match unsafe { madvise(self.address, self.bytes, advice) } {
            0 => Ok(()),
            _ => Err(Error::last_os_error()),
        }
    }

    /// What is in it.
    pub fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: mapped for reading and writing as long as this value is there, and borrowed as this value is.
        unsafe { std::slice::from_raw_parts_mut(self.address.cast(), self.bytes) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, and borrowed by nobody.
        unsafe { munmap(self.address, self.bytes) };
    }
}

/// Processor time of this process, all threads (clock_gettime(2)).
pub fn processor_time() -> Duration {
    let mut time = [0; 2];
    // SAFETY: a struct timespec, which is two long here.
    unsafe { clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    Duration::new(time[0].unsigned_abs(), time[1].unsigned_abs() as u32)
}

/// Drops a file's clean pages from the page cache, where its file system can (posix_fadvise(2)).
pub fn drop_cached(file: &std::fs::File) {
    use std::os::fd::AsRawFd;
    // SAFETY: a descriptor that is open, and numbers.
    unsafe { posix_fadvise(file.as_raw_fd(), 0, 0, POSIX_FADV_DONTNEED) };
}
