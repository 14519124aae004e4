//! Hands out frames: pages of guest-physical memory.
//!
//! Frames that were never used are handed out first, from the lowest address up: they are zero (a machine starts with zeroed
//! memory), and a monitor need not have touched them yet. When the first of them are used up, the monitor is asked for those
//! that it has kept back, if it has. Frames given back are kept in a list through their own first bytes and used again only
//! when nothing else is left, because they have to be zeroed.

use crate::abi::port;
use crate::boot::boot_info::Range;
use crate::cpu;
use crate::memory::layout::{PAGE, direct, page_ceil, page_floor};

/// A machine with more separate pieces of free memory loses the smallest.
const RANGES: usize = 12;

/// The free frames.
pub struct PageAllocator {
    fresh: [Range; RANGES],
    /// What the machine has to ask for, below 4 GiB and above.
    on_demand: [Range; 2],
    current: usize,
    used: u64,
    recycled: u64,
}

/// A frame and whether it is known to be zero.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Physical address of its first byte.
    pub address: u64,
    /// It still holds what its former user left.
    pub dirty: bool,
}

impl PageAllocator {
    /// No frames.
    pub const fn new() -> Self {
        Self {
            fresh: [Range { start: 0, end: 0 }; RANGES],
            on_demand: [Range { start: 0, end: 0 }; 2],
            current: 0,
            used: 0,
            recycled: 0,
        }
    }

    /// Adds a piece of RAM from which `reserved` is left out.
    pub fn add(&mut self, ram: Range, reserved: &[Range]) {
        let mut rest = Range {
            start: page_ceil(ram.start),
            end: page_floor(ram.end),
        };
        while rest.start < rest.end {
            let touches = |range: &&Range| range.start < rest.end && range.end > rest.start && range.start < range.end;
            let next = reserved.iter().filter(touches).min_by_key(|range| range.start);
            let end = next.map_or(rest.end, |range| page_floor(range.start).max(rest.start));
            self.keep(Range { start: rest.start, end });
            rest.start = next.map_or(rest.end, |range| page_ceil(range.end));
        }
    }

    /// Adds a piece of RAM, of which nothing is in use, that the machine has to ask for.
    pub fn add_on_demand(&mut self, ram: Range) {
        let ram = Range {
            start: page_ceil(ram.start),
            end: page_floor(ram.end),
        };
        if let Some(free) = self.on_demand.iter_mut().find(|range| range.start == range.end) {
            *free = ram;
        }
    }

    /// Whether there is memory to ask for.
    fn has_to_ask(&self) -> bool {
        self.on_demand[0].end != 0
    }

    /// Asks for the rest of the machine's memory.
    #[cold]
    #[inline(never)]
    fn ask(&mut self) {
        cpu::out32(port::MEMORY, 0);
        for range in core::mem::take(&mut self.on_demand) {
            self.keep(range);
        }
        self.ready();
        self.current = 0;
    }

    /// Keeps a free piece, in the place of a smaller one if need be.
    fn keep(&mut self, range: Range) {
        let size = |range: &Range| range.end - range.start;
        if let Some(smallest) = self.fresh.iter_mut().min_by_key(|range| size(range))
            && size(smallest) < size(&range)
        {
            *smallest = range;
        }
    }

    /// Orders the pieces after the last `add`: by address.
    pub fn ready(&mut self) {
        self.fresh.sort_unstable_by_key(|range| range.start);
    }

    /// Takes a frame; `None` when there is none left.
    #[inline]
    pub fn take(&mut self) -> Option<Frame> {
        while self.current < RANGES {
            let range = &mut self.fresh[self.current];
            if range.start < range.end {
                let address = range.start;
                range.start += PAGE;
                self.used += 1;
                return Some(Frame { address, dirty: false });
            }
            self.current += 1;
        }
        if self.has_to_ask() {
            self.ask();
            return self.take();
        }
        let address = self.recycled;
        if address == 0 {
            return None;
        }
        // SAFETY: a frame in the list is used by nothing else and holds the address of the next.
        self.recycled = unsafe { direct(address).cast::<u64>().read() };
        self.used += 1;
        Some(Frame { address, dirty: true })
    }

    /// Takes adjacent frames that were never used, enough for `bytes`.
    pub fn take_run(&mut self, bytes: u64) -> Option<u64> {
        let size = page_ceil(bytes);
        let fits = |range: &Range| range.end - range.start >= size;
        if !self.fresh.iter().any(fits) && self.has_to_ask() {
            self.ask();
        }
        let range = self.fresh.iter_mut().find(|range| fits(range))?;
        let address = range.start;
        range.start += size;
        self.used += size / PAGE;
        Some(address)
    }

    /// Takes a frame and zeroes it if it is not: for page tables.
    pub fn take_zeroed(&mut self) -> Option<u64> {
        let frame = self.take()?;
        if frame.dirty {
            // SAFETY: the frame was just taken.
            unsafe { direct(frame.address).write_bytes(0, PAGE as usize) }
        }
        Some(frame.address)
    }

    /// Gives a frame back.
    pub fn give_back(&mut self, address: u64) {
        // SAFETY: the caller has unmapped it; its first bytes become the list's link.
        unsafe { direct(address).cast::<u64>().write(self.recycled) }
        self.recycled = address;
        self.used -= 1;
    }

    /// Frames in use, in bytes.
    pub fn used_bytes(&self) -> u64 {
        self.used * PAGE
    }

    /// Frames that were never used, in bytes.
    pub fn free_bytes(&self) -> u64 {
        self.fresh[self.current.min(RANGES - 1)..]
            .iter()
            .chain(&self.on_demand)
            .map(|range| range.end - range.start)
            .sum()
    }
}
