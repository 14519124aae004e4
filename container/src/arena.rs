//! The block of memory that the plan and the report of one start lie in.
//!
//! A start in this process uses a private one. One that the runtime executable carries out uses a file in memory, which both
//! map at the same address: so pointers from one part of it to another mean the same to both.

use std::ffi::{CStr, CString, c_char};
use std::mem::{align_of, size_of};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use nix::errno::Errno;

use crate::error::Error;
use crate::plan::Strings;
use crate::steps::Step;
use crate::validate::wrong;

const SIZE: usize = crate::abi::START_BYTES;

/// Where shared blocks are mapped: between the executable with its heap and what the kernel maps from the top.
const SHARED_PLACE: u64 = 0x1000_0000_0000;
/// How many places are tried, and taken in turn.
const PLACES: u64 = 1 << 16;

/// See the top of the file.
pub struct Arena {
    base: *mut u8,
    used: usize,
    file: Option<OwnedFd>,
}

// SAFETY: what lies in it is written through `&mut self` only, before anybody else knows of it.
unsafe impl Send for Arena {}
// SAFETY: as above.
unsafe impl Sync for Arena {}

impl Arena {
    /// A block for a start that this process makes.
    pub fn private() -> Result<Arena, Error> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        let base = map(0, flags, -1).map_err(|errno| failed("mmap", errno))?;
        Ok(Arena {
            base,
            used: 0,
            file: None,
        })
    }

    /// A block for a start that another process makes.
    pub fn shared() -> Result<Arena, Error> {
        // SAFETY: a terminated name; the answer is a new descriptor or an error.
        let made = unsafe { libc::memfd_create(c"isolab-start".as_ptr(), libc::MFD_CLOEXEC) };
        let made = Errno::result(made).map_err(|errno| failed("memfd_create", errno))?;
        // SAFETY: just made, owned by nobody else.
        let file = unsafe { OwnedFd::from_raw_fd(made) };
        // SAFETY: numbers only.
        Errno::result(unsafe { libc::ftruncate(made, SIZE as i64) }).map_err(|errno| failed("ftruncate", errno))?;
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let flags = libc::MAP_SHARED | libc::MAP_NORESERVE | libc::MAP_FIXED_NOREPLACE;
        let mut last = Errno::EEXIST;
        for _ in 0..PLACES {
            let place = SHARED_PLACE + NEXT.fetch_add(1, Relaxed) % PLACES * SIZE as u64;
            match map(place, flags, file.as_raw_fd()) {
                Ok(base) => {
                    return Ok(Arena {
                        base,
                        used: 0,
                        file: Some(file),
                    });
                }
                Err(Errno::EEXIST) => {}
                Err(errno) => {
                    last = errno;
                    break;
                }
            }
        }
        Err(failed("mmap", last))
    }

    /// Where it begins.
    pub fn base(&self) -> *mut u8 {
        self.base
    }

    /// The file in memory of a shared one.
    pub fn file(&self) -> Option<&OwnedFd> {
        self.file.as_ref()
    }

    /// Room for so many values.
    fn room<T>(&mut self, count: usize) -> Result<*mut T, Error> {
        const { assert!(!std::mem::needs_drop::<T>() && align_of::<T>() <= 4096) };
        let start = self.used.next_multiple_of(align_of::<T>());
        let end = size_of::<T>()
            .checked_mul(count)
            .and_then(|size| size.checked_add(start));
        let end = end.filter(|end| *end <= SIZE).ok_or_else(|| {
            wrong(
                format!("describe the container in {} MiB", SIZE >> 20),
                "arguments, environment and paths are too long together: execve(2) takes 6 MiB",
            )
        })?;
        self.used = end;
        // SAFETY: inside the mapping.
        Ok(unsafe { self.base.add(start) }.cast())
    }

    /// Puts a value into it, and gives its place.
    pub fn put<T>(&mut self, value: T) -> Result<*mut T, Error> {
        let place = self.room::<T>(1)?;
        // SAFETY: room for it, aligned, that nobody else knows of.
        unsafe { place.write(value) };
        Ok(place)
    }

    /// Puts values into it. They live as long as the arena: the caller keeps it for as long as it uses them.
    pub fn list<T>(&mut self, values: Vec<T>) -> Result<&'static [T], Error> {
        let count = values.len();
        let place = self.room::<T>(count)?;
        for (index, value) in values.into_iter().enumerate() {
            // SAFETY: room for that many, aligned.
            unsafe { place.add(index).write(value) };
        }
        // SAFETY: as many values have been written, and nobody changes them.
        Ok(unsafe { std::slice::from_raw_parts(place, count) })
    }

    /// Puts bytes into it.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<&'static [u8], Error> {
        let place = self.room::<u8>(bytes.len())?;
        // SAFETY: room for as many, which does not overlap with what was given; then written.
        unsafe {
            place.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            Ok(std::slice::from_raw_parts(place, bytes.len()))
        }
    }

    /// Puts a text into it.
    pub fn text(&mut self, text: &CStr) -> Result<&'static CStr, Error> {
        let bytes = self.bytes(text.to_bytes_with_nul())?;
        // SAFETY: the bytes of a CStr.
        Ok(unsafe { CStr::from_bytes_with_nul_unchecked(bytes) })
    }

    /// Puts texts into it, and an array of pointers to them.
    pub fn strings(&mut self, texts: &[CString]) -> Result<Strings, Error> {
        let mut pointers: Vec<*const c_char> = Vec::with_capacity(texts.len() + 1);
        for text in texts {
            pointers.push(self.text(text)?.as_ptr());
        }
        pointers.push(std::ptr::null());
        Ok(Strings(self.list(pointers)?))
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: the mapping that was made with it. munmap(2) of a whole mapping cannot fail.
        let _ = unsafe { libc::munmap(self.base.cast(), SIZE) };
    }
}

fn map(place: u64, flags: i32, file: i32) -> Result<*mut u8, Errno> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new mapping, which replaces no other.
    let base = unsafe { libc::mmap(place as *mut libc::c_void, SIZE, protection, flags, file, 0) };
    if base == libc::MAP_FAILED {
        return Err(Errno::last());
    }
    Ok(base.cast())
}

fn failed(tried: &str, errno: Errno) -> Error {
    Error::of_resource(Step::Plan, format!("{tried} of {} MiB for the plan", SIZE >> 20), errno)
}
