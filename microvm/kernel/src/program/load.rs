//! Puts the program's segments where it wants them.

use crate::program::elf::Segment;
use crate::errno::Errno;
use crate::memory::layout::{DIRECT_MAP, PAGE, direct, page_ceil, page_floor};
use crate::memory::Memory;
use crate::boot::prepare::Error;
use crate::memory::vma::{EXECUTE, Origin, READ, Vma, WRITE};

/// Pages of zeroed data that are there from the start.
const FIRST_PAGES: u64 = 16;

/// Makes one segment's vmas and pages. What is only read stays in the initramfs; what may be written is copied.
pub fn load(memory: &mut Memory, file: &[u8], base: u64, segment: &Segment) -> Result<(), Error> {
    if segment.memory_bytes == 0 {
        return Ok(());
    }
    let flag = |bit: u32, protection| if segment.flags & bit != 0 { protection } else { 0 };
    let protection = flag(4, READ) | flag(2, WRITE) | flag(1, EXECUTE);
    let start = page_floor(base + segment.address);
    let file_end = base + segment.address + segment.file_bytes;
    let end = page_ceil(base + segment.address + segment.memory_bytes);
    if end - start > memory.ram_bytes {
        return Err(Error::Memory);
    }
    let skew = segment.address % PAGE;
    let data = file.as_ptr() as u64 + segment.offset - skew;
    let physical = data - DIRECT_MAP;

    let vma = Vma {
        start,
        end,
        protection,
        origin: Origin::Anonymous,
    };
    if !memory.vmas.is_free(start, end) {
        return Err(Error::Message("two segments of the program lie in the same pages"));
    }
    let shared = protection & WRITE == 0 && data.is_multiple_of(PAGE) && segment.memory_bytes == segment.file_bytes;
    if shared {
        let origin = Origin::File {
            data: physical,
            bytes: end - start,
        };
        memory
            .vmas
            .insert(Vma { origin, ..vma })
            .map_err(Errno::from)?;
        return Ok(memory.map_frames(start, physical, end - start, protection)?);
    }
    memory.vmas.insert(vma).map_err(Errno::from)?;
    let with_data = page_ceil(file_end).min(end);
    let populated = (with_data + FIRST_PAGES * PAGE).min(end);
    for page in (start..populated).step_by(PAGE as usize) {
        let frame = memory.populate(page, protection)?;
        let from = page.max(base + segment.address);
        let to = (page + PAGE).min(file_end);
        if from < to {
            // SAFETY: within the file, which the segment was checked against, and within the frame.
            unsafe {
                direct(frame + (from - page))
                    .copy_from_nonoverlapping((data + (from - start)) as *const u8, (to - from) as usize);
            }
        }
    }
    Ok(())
}
