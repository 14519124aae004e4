//! The guest's RAM.

use crate::Error;
use vm_memory::{GuestAddress, GuestMemoryBackend, GuestMemoryMmap, GuestMemoryRegion};

/// From here to 4 GiB there is no RAM: that is where a PC's devices are.
pub const GAP_START: u64 = 0xc000_0000;
/// RAM goes on here.
pub const GAP_END: u64 = 1 << 32;
/// The kernel is linked at 1 MiB; less than this leaves it nothing.
const SMALLEST: u64 = 2 << 20;
/// Larger than any host this is meant for.
const LARGEST: u64 = 1 << 40;

/// Reserves RAM of that size, below and above the gap. Nothing is touched: the host gives pages as the guest uses them.
pub fn reserve(bytes: u64) -> Result<GuestMemoryMmap, Error> {
    if !bytes.is_multiple_of(4096) {
        return Err(Error::MemorySize {
            bytes,
            why: "it is not a multiple of the page size, 4096",
        });
    }
    if bytes < SMALLEST {
        return Err(Error::MemorySize {
            bytes,
            why: "a machine needs at least 2 MiB",
        });
    }
    if bytes > LARGEST {
        return Err(Error::MemorySize {
            bytes,
            why: "the most is 1 TiB",
        });
    }
    let mut ranges = vec![(GuestAddress(0), bytes.min(GAP_START) as usize)];
    if bytes > GAP_START {
        ranges.push((GuestAddress(GAP_END), (bytes - GAP_START) as usize));
    }
    let memory = GuestMemoryMmap::from_ranges(&ranges).map_err(|error| Error::Memory {
        mib: bytes >> 20,
        reason: error.to_string(),
    })?;
    for region in memory.iter() {
        prepare_mapping(region.as_ptr(), region.len() as usize);
    }
    Ok(memory)
}

/// Asks for small pages, so that a guest which touches little costs little, and names the mapping for
/// /proc/PID/smaps. Both are refinements: a kernel without them is served as well.
fn prepare_mapping(start: *mut u8, bytes: usize) {
    // SAFETY: the range is a mapping of our own; neither call changes its contents (madvise(2), prctl(2)).
    unsafe {
        libc::madvise(start.cast(), bytes, libc::MADV_NOHUGEPAGE);
        libc::prctl(
            libc::PR_SET_VMA,
            libc::PR_SET_VMA_ANON_NAME,
            start,
            bytes,
            c"isolab-guest-ram".as_ptr(),
        );
    }
}
