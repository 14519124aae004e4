//! System calls on the program's memory.

use crate::errno::{Errno, Result};
use crate::files::{FILES, Open};
use crate::memory::layout::{DIRECT_MAP, PAGE, USER_END, page_ceil};
use crate::memory::MEMORY;
use crate::memory::vma::{Origin, WRITE};

const MAP_PRIVATE: u64 = 2;
const MAP_TYPE: u64 = 15;
const MAP_FIXED: u64 = 0x10;
const MAP_ANONYMOUS: u64 = 0x20;
const MAP_NORESERVE: u64 = 0x4000;
const MAP_FIXED_NOREPLACE: u64 = 0x10_0000;
const MREMAP_MAYMOVE: u64 = 1;
const MADV_DONTNEED: u64 = 4;

/// Pages from `address` on that hold `bytes`: aligned, not empty, and the program's.
fn pages(address: u64, bytes: u64) -> Result<(u64, u64)> {
    let size = page_ceil(bytes);
    if !address.is_multiple_of(PAGE) || bytes == 0 {
        return Err(Errno::EINVAL);
    }
    match address.checked_add(size) {
        Some(end) if end <= USER_END && bytes <= USER_END => Ok((address, end)),
        _ => Err(Errno::ENOMEM),
    }
}

/// `mmap`: anonymous memory, and private maps of files.
pub fn map(address: u64, bytes: u64, protection: u64, flags: u64, descriptor: u64, offset: u64) -> Result<u64> {
    if bytes == 0 || !offset.is_multiple_of(PAGE) || flags & MAP_TYPE == 0 {
        return Err(Errno::EINVAL);
    }
    if bytes > USER_END {
        return Err(Errno::ENOMEM);
    }
    let size = page_ceil(bytes);
    let origin = if flags & MAP_ANONYMOUS != 0 {
        Origin::Anonymous
    } else {
        let Open::Node(node, _) = *FILES.borrow().get(descriptor)? else {
            return Err(Errno::EACCES);
        };
        if !node.is_file() || flags & MAP_TYPE != MAP_PRIVATE && protection & u64::from(WRITE) != 0 {
            return Err(Errno::EACCES);
        }
        let length = node.data.len() as u64;
        let skipped = offset.min(length);
        Origin::File {
            data: node.data.as_ptr() as u64 - DIRECT_MAP + skipped,
            bytes: length - skipped,
        }
    };
    let fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE) != 0;
    if fixed && !address.is_multiple_of(PAGE) {
        return Err(Errno::EINVAL);
    }
    if flags & MAP_FIXED_NOREPLACE != 0 {
        let (start, end) = pages(address, bytes)?;
        if !MEMORY.borrow().vmas.is_free(start, end) {
            return Err(Errno::EEXIST);
        }
    }
    let protection = protection as u8 & 7;
    if size > MEMORY.borrow().ram_bytes && origin == Origin::Anonymous && protection != 0 && flags & MAP_NORESERVE == 0 {
        return Err(Errno::ENOMEM); // as Linux's heuristic overcommit refuses it (proc_sys_vm(5))
    }
    MEMORY.borrow().map(address & !(PAGE - 1), size, fixed, protection, origin)
}

/// `munmap`.
pub fn unmap(address: u64, bytes: u64) -> Result<u64> {
    let (start, end) = pages(address, bytes).map_err(|_| Errno::EINVAL)?;
    MEMORY.borrow().unmap(start, end).map(|()| 0)
}

/// `mprotect`.
pub fn protect(address: u64, bytes: u64, protection: u64) -> Result<u64> {
    if bytes == 0 {
        return Ok(0);
    }
    let (start, end) = pages(address, bytes)?;
    MEMORY.borrow().protect(start, end, protection as u8 & 7).map(|()| 0)
}

/// `mremap`.
pub fn remap(address: u64, old_bytes: u64, new_bytes: u64, flags: u64) -> Result<u64> {
    if flags & !MREMAP_MAYMOVE != 0 {
        return Err(Errno::EINVAL);
    }
    let (start, old_end) = pages(address, old_bytes).map_err(|_| Errno::EINVAL)?;
    let (_, new_end) = pages(address, new_bytes).map_err(|_| Errno::EINVAL)?;
    MEMORY.borrow().remap(start, old_end - start, new_end - start, flags & MREMAP_MAYMOVE != 0)
}

/// `madvise`: advice is free to be ignored, except that pages not needed read as zeroes afterwards.
pub fn advise(address: u64, bytes: u64, advice: u64) -> Result<u64> {
    if bytes == 0 {
        return Ok(0);
    }
    let (start, end) = pages(address, bytes)?;
    if advice == MADV_DONTNEED {
        MEMORY.borrow().release(start, end);
    }
    Ok(0)
}

/// `brk`.
pub fn set_break(address: u64) -> Result<u64> {
    Ok(MEMORY.borrow().set_heap_end(address))
}
