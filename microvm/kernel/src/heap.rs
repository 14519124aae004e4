//! The program's heap: what `brk` moves the end of.

use crate::errno::Result;
use crate::layout::{MAPPINGS_BOTTOM, PAGE, page_ceil};
use crate::memory::Memory;
use crate::regions::{Origin, READ, Region, WRITE};

/// Heap that is there from the start, in bytes: what glibc asks for first.
const FIRST_HEAP: u64 = 192 << 10;
/// Pages of it that have their frames.
const FIRST_HEAP_PAGES: usize = 16;

impl Memory {
    /// Lets the heap begin (and end) at `address`. Some memory is there from the start, and the first pages of it have
    /// their frames: every C library asks for as much before anything else.
    pub fn start_heap(&mut self, address: u64) -> Result<()> {
        self.heap.start = address;
        self.heap.end = address;
        let end = self.heap_region_end(address);
        let protection = READ | WRITE;
        self.regions.insert(Region {
            start: address,
            end,
            protection,
            origin: Origin::Anonymous,
        })?;
        for page in (address..end).step_by(PAGE as usize).take(FIRST_HEAP_PAGES) {
            self.populate(page, protection)?;
        }
        Ok(())
    }

    /// Where the heap's region ends when the program has set the heap's end.
    fn heap_region_end(&self, end: u64) -> u64 {
        page_ceil(end).max(self.heap.start + FIRST_HEAP)
    }

    /// `brk`: moves the heap's end, and tells where it is then.
    pub fn set_heap_end(&mut self, end: u64) -> u64 {
        if end < self.heap.start || end >= MAPPINGS_BOTTOM {
            return self.heap.end;
        }
        let (old_page, new_page) = (self.heap_region_end(self.heap.end), self.heap_region_end(end));
        let moved = if new_page < old_page {
            self.unmap(new_page, old_page).is_ok()
        } else if new_page > old_page {
            let region = Region {
                start: old_page,
                end: new_page,
                protection: READ | WRITE,
                origin: Origin::Anonymous,
            };
            new_page - old_page <= self.ram_bytes
                && self.regions.is_free(old_page, new_page)
                && self.regions.insert(region).is_ok()
        } else {
            true
        };
        if moved {
            // What the program gives up and takes again must read as zeroes then.
            let (first, last) = (page_ceil(end), page_ceil(self.heap.end).min(new_page));
            if first < last {
                self.release(first, last);
            }
            self.heap.end = end;
        }
        self.heap.end
    }
}
