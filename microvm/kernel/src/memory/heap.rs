//! The program's heap: what `brk` moves the end of.

use crate::errno::Result;
use crate::global::Value;
use crate::memory::layout::{MAPPINGS_BOTTOM, PAGE, page_ceil};
use crate::memory::Memory;
use crate::memory::vma::{Origin, READ, Vma, WRITE};

/// Heap that is there from the start, in bytes: what glibc asks for first.
const FIRST_HEAP: u64 = 192 << 10;
/// Pages of it that have their frames.
const FIRST_HEAP_PAGES: usize = 2;

/// What ring 3 needs to move the heap's end by itself while no more is wanted than is there from the start (`traps/fast_path.rs`
/// counts on the order of the fields). The program can change it, so the kernel believes none of it.
#[repr(C)]
pub struct Break {
    /// Where the heap begins.
    start: Value<u64>,
    /// Where that ends which is there from the start.
    first_end: Value<u64>,
    /// Where the program has set the heap's end.
    end: Value<u64>,
}

/// See [`Break`].
#[unsafe(link_section = ".process")]
pub static BREAK: Break = Break {
    start: Value::new(0),
    first_end: Value::new(0),
    end: Value::new(0),
};

impl Memory {
    /// Lets the heap begin (and end) at `address`. Some memory is there from the start, and the first pages of it have
    /// their frames: every C library asks for as much before anything else.
    pub fn start_heap(&mut self, address: u64) -> Result<()> {
        self.heap.start = address;
        self.heap.end = self.heap_region_end(address);
        let end = self.heap.end;
        BREAK.start.set(address);
        BREAK.first_end.set(end);
        BREAK.end.set(address);
        let protection = READ | WRITE;
        self.vmas.insert(Vma {
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

    /// Where the heap's vma ends when the program has set the heap's end.
    fn heap_region_end(&self, end: u64) -> u64 {
        page_ceil(end).max(self.heap.start + FIRST_HEAP)
    }

    /// `brk`: moves the heap's end, and tells where it is then.
    pub fn set_heap_end(&mut self, end: u64) -> u64 {
        let set = BREAK.end.get().clamp(self.heap.start, self.heap.end);
        BREAK.end.set(set);
        if end < self.heap.start || end >= MAPPINGS_BOTTOM {
            return set;
        }
        let (old_page, new_page) = (self.heap.end, self.heap_region_end(end));
        let moved = if new_page < old_page {
            self.unmap(new_page, old_page).is_ok()
        } else if new_page > old_page {
            let vma = Vma {
                start: old_page,
                end: new_page,
                protection: READ | WRITE,
                origin: Origin::Anonymous,
            };
            new_page - old_page <= self.ram_bytes
                && self.vmas.is_free(old_page, new_page)
                && self.vmas.insert(vma).is_ok()
        } else {
            true
        };
        if moved {
            // What the program gives up and takes again must read as zeroes then.
            let (first, last) = (page_ceil(end), page_ceil(set).min(new_page));
            if first < last {
                self.release(first, last);
            }
            self.heap.end = new_page;
            BREAK.end.set(end);
        }
        BREAK.end.get()
    }
}
