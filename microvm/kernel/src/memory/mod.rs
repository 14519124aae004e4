//! The program's memory: what it asked for ([`Vmas`]), and the pages that it has so far ([`crate::memory::page_table`]).
//!
//! Pages come when they are first touched, a few at a time. Pages of a file are the initramfs's own frames as long as
//! nothing is written to them.

pub mod heap;
pub mod layout;
pub mod page_allocator;
pub mod page_table;
pub mod user_access;
pub mod vma;

use crate::boot::boot_info::Range;
use crate::cpu;
use crate::errno::{Errno, Result};
use crate::memory::page_allocator::{Frame, PageAllocator};
use crate::global::Global;
use crate::memory::layout::{MAPPINGS_BOTTOM, MAPPINGS_TOP, PAGE, USER_END, USER_START, direct, page_floor};
use crate::memory::page_table::{ACCESSED, DIRTY, NO_EXECUTE, OWNED, PRESENT, USER, WRITABLE, frame_of};
use crate::memory::vma::{EXECUTE, Origin, READ, Vma, Vmas, TooMany, WRITE};

/// Pages mapped by one fault on anonymous memory, where so many follow: the fault costs more than they do.
const FAULT_AROUND: u64 = 16;
/// More pages than this are forgotten by the processor all at once.
const FLUSH_ALL: u64 = 32;

/// The memory of the machine and of the program.
#[unsafe(link_section = ".large.memory")]
pub static MEMORY: Global<Memory> = Global::new(Memory {
    frames: PageAllocator::new(),
    ram_bytes: 0,
    heap: Range { start: 0, end: 0 },
    vmas: Vmas::new(),
});

/// See [`MEMORY`]. In this order a start touches its first page only.
#[repr(C)]
pub struct Memory {
    /// The free frames.
    pub frames: PageAllocator,
    /// All RAM that can ever be handed out.
    pub ram_bytes: u64,
    /// The heap's vma. Where in it the program has set the heap's end is in [`crate::memory::heap::BREAK`].
    pub heap: Range,
    /// What the program asked for.
    pub vmas: Vmas,
}

/// How a fault was dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The access works now.
    Resolved,
    /// It works now, but this page still holds what its frame's former user left and must be zeroed before the program
    /// goes on.
    ResolvedDirty { page: u64, frame: u64 },
    /// Nothing is mapped there.
    Unmapped,
    /// What is mapped there forbids it.
    Forbidden,
    /// A file is mapped there that ended before this page.
    BehindFile,
    /// There is no memory left.
    OutOfMemory,
}

impl From<TooMany> for Errno {
    fn from(_: TooMany) -> Self {
        Errno::ENOMEM
    }
}

/// The page table bits of a protection.
fn bits(protection: u8, owned: bool) -> u64 {
    let mut bits = if owned { OWNED } else { 0 };
    if protection & (READ | WRITE | EXECUTE) != 0 {
        bits |= PRESENT | USER | ACCESSED;
    }
    if protection & WRITE != 0 && owned {
        bits |= WRITABLE | DIRTY;
    }
    if protection & EXECUTE == 0 {
        bits |= NO_EXECUTE;
    }
    bits
}

/// Makes the processor forget the translations between two addresses.
fn flush(start: u64, end: u64) {
    if (end - start) / PAGE > FLUSH_ALL {
        cpu::flush_translations();
    } else {
        (start..end).step_by(PAGE as usize).for_each(cpu::flush_translation);
    }
}

impl Memory {
    /// Deals with a page fault at `address`; `access` is [`READ`], [`WRITE`] or [`EXECUTE`].
    pub fn fault(&mut self, address: u64, access: u8) -> Fault {
        let Some(&vma) = self.vmas.find(address) else {
            return Fault::Unmapped;
        };
        // A page table has no bit that forbids reading alone: what is there at all can be read, as under Linux.
        let readable = access == READ && vma.protection != 0;
        if vma.protection & access == 0 && !readable {
            return Fault::Forbidden;
        }
        let page = page_floor(address);
        let Some(entry) = page_table::entry_or_make(page, &mut self.frames) else {
            return Fault::OutOfMemory;
        };
        // SAFETY: an entry of the program's page tables, which nothing else is changing now.
        let old = unsafe { entry.read() };
        match vma.origin {
            _ if old & OWNED != 0 => {
                // The page is there, and only what the entry allows was behind.
                // SAFETY: as above.
                unsafe { entry.write(frame_of(old) | bits(vma.protection, true)) }
                cpu::flush_translation(page);
                Fault::Resolved
            }
            Origin::Anonymous => self.fault_anonymous(page, entry, &vma),
            Origin::File { data, bytes } => {
                let into = page - vma.start;
                let data = data + into.min(bytes);
                self.fault_file(page, entry, vma.protection, access, data, bytes.saturating_sub(into))
            }
        }
    }

    /// The physical address of what the program has at `address`, to read it.
    pub fn translate(&mut self, address: u64) -> Result<u64> {
        loop {
            let entry = page_table::entry_or_make(address, &mut self.frames).ok_or(Errno::ENOMEM)?;
            // SAFETY: an entry of the program's page tables.
            let entry = unsafe { entry.read() };
            if entry & PRESENT != 0 {
                return Ok(frame_of(entry) + address % PAGE);
            }
            match self.fault(address, READ) {
                Fault::Resolved => {}
                // Nobody has written to the page, so what is read of it should be zeroes.
                // SAFETY: the program's own, and not used yet.
                Fault::ResolvedDirty { frame, .. } => unsafe { direct(frame).write_bytes(0, PAGE as usize) },
                _ => return Err(Errno::EFAULT),
            }
        }
    }

    /// Gives an anonymous page, and those after it that were never used, as far as the page table goes.
    fn fault_anonymous(&mut self, page: u64, entry: *mut u64, vma: &Vma) -> Fault {
        let bits = bits(vma.protection, true);
        let Some(frame) = self.frames.take() else {
            return Fault::OutOfMemory;
        };
        // SAFETY: `entry` maps `page`.
        unsafe { entry.write(frame.address | bits) }
        if frame.dirty && vma.protection & WRITE != 0 {
            let frame = frame.address;
            return Fault::ResolvedDirty { page, frame };
        }
        if frame.dirty {
            // SAFETY: the frame was just taken.
            unsafe { direct(frame.address).write_bytes(0, PAGE as usize) }
        }
        let in_table = 512 - page / PAGE % 512;
        let count = FAULT_AROUND.min(in_table).min((vma.end - page) / PAGE);
        for next in 1..count as usize {
            // SAFETY: entries after `entry` in the same table.
            unsafe {
                let entry = entry.add(next);
                if entry.read() != 0 {
                    break;
                }
                match self.frames.take() {
                    Some(Frame { address, dirty: false }) => entry.write(address | bits),
                    Some(Frame { address, dirty: true }) => {
                        self.frames.give_back(address);
                        break;
                    }
                    None => break,
                }
            }
        }
        Fault::Resolved
    }

    /// Gives a page of a file: the file's own frame to read, a copy to write, and a copy where the file ends.
    fn fault_file(&mut self, page: u64, entry: *mut u64, protection: u8, access: u8, data: u64, left: u64) -> Fault {
        if access != WRITE && left >= PAGE && data.is_multiple_of(PAGE) {
            // SAFETY: `entry` maps `page`.
            unsafe { entry.write(data | bits(protection, false)) }
            return Fault::Resolved;
        }
        if left == 0 {
            return Fault::BehindFile;
        }
        let Some(frame) = self.frames.take_zeroed() else {
            return Fault::OutOfMemory;
        };
        // SAFETY: both in RAM; the frame was just taken.
        unsafe {
            direct(frame).copy_from_nonoverlapping(direct(data), left.min(PAGE) as usize);
            entry.write(frame | bits(protection, true));
        }
        cpu::flush_translation(page);
        Fault::Resolved
    }

    /// Maps pages at `page` on to frames that are not the mapping's own.
    pub fn map_frames(&mut self, page: u64, frames: u64, bytes: u64, protection: u8) -> Result<()> {
        for offset in (0..bytes).step_by(PAGE as usize) {
            let entry = page_table::entry_or_make(page + offset, &mut self.frames).ok_or(Errno::ENOMEM)?;
            // SAFETY: an entry of the program's page tables.
            unsafe { entry.write((frames + offset) | bits(protection, false)) }
        }
        Ok(())
    }

    /// Maps a page that the program and the kernel both change.
    pub fn map_shared(&mut self, page: u64, frame: u64) -> Result<()> {
        let entry = page_table::entry_or_make(page, &mut self.frames).ok_or(Errno::ENOMEM)?;
        // SAFETY: an entry of the program's page tables.
        unsafe { entry.write(frame | bits(READ, false) | WRITABLE | DIRTY) }
        Ok(())
    }

    /// Gives a page of an anonymous vma a frame in advance; tells its physical address.
    pub fn populate(&mut self, page: u64, protection: u8) -> Result<u64> {
        let entry = page_table::entry_or_make(page, &mut self.frames).ok_or(Errno::ENOMEM)?;
        // SAFETY: an entry of the program's page tables.
        unsafe {
            if entry.read() & OWNED == 0 {
                entry.write(self.frames.take_zeroed().ok_or(Errno::ENOMEM)? | bits(protection, true));
            }
            Ok(frame_of(entry.read()))
        }
    }

    /// The part of `mmap` that is about memory: makes a vma, at `wanted` if that is given and free (or `fixed`).
    pub fn map(&mut self, wanted: u64, size: u64, fixed: bool, protection: u8, origin: Origin) -> Result<u64> {
        let usable = wanted >= USER_START && wanted.checked_add(size).is_some_and(|end| end <= MAPPINGS_TOP);
        let start = if fixed {
            if !usable {
                return Err(Errno::ENOMEM);
            }
            self.unmap(wanted, wanted + size)?;
            wanted
        } else if usable && self.vmas.is_free(wanted, wanted + size) {
            wanted
        } else {
            self.vmas
                .find_free(size, MAPPINGS_BOTTOM, MAPPINGS_TOP)
                .ok_or(Errno::ENOMEM)?
        };
        self.vmas.insert(Vma {
            start,
            end: start + size,
            protection,
            origin,
        })?;
        Ok(start)
    }

    /// `munmap`.
    pub fn unmap(&mut self, start: u64, end: u64) -> Result<()> {
        self.vmas.remove(start, end)?;
        self.release(start, end);
        Ok(())
    }

    /// Gives the pages between two addresses back; what is touched there later begins anew.
    pub fn release(&mut self, start: u64, end: u64) {
        let frames = &mut self.frames;
        page_table::for_each_entry(start, end, |_, entry| {
            if *entry & OWNED != 0 {
                frames.give_back(frame_of(*entry));
            }
            *entry = 0;
        });
        flush(start, end);
    }

    /// `mprotect`.
    pub fn protect(&mut self, start: u64, end: u64, protection: u8) -> Result<()> {
        if !self.vmas.is_covered(start, end) {
            return Err(Errno::ENOMEM);
        }
        self.vmas.protect(start, end, protection)?;
        page_table::for_each_entry(start, end, |_, entry| {
            if *entry != 0 {
                *entry = frame_of(*entry) | bits(protection, *entry & OWNED != 0);
            }
        });
        flush(start, end);
        Ok(())
    }

    /// `mremap`, of pages that lie in one vma: shrinks, grows in place, or moves if it `may_move`.
    pub fn remap(&mut self, start: u64, old_size: u64, new_size: u64, may_move: bool) -> Result<u64> {
        let &vma = self.vmas.find(start).ok_or(Errno::EFAULT)?;
        let (old_end, new_end) = (start + old_size, start + new_size);
        if vma.end < old_end {
            return Err(Errno::EFAULT);
        }
        if new_size <= old_size {
            if new_size < old_size {
                self.unmap(new_end, old_end)?;
            }
            return Ok(start);
        }
        if new_size > self.ram_bytes {
            return Err(Errno::ENOMEM);
        }
        let anonymous = vma.origin == Origin::Anonymous;
        if anonymous && new_end <= USER_END && self.vmas.is_free(old_end, new_end) {
            self.vmas.insert(Vma {
                start: old_end,
                end: new_end,
                ..vma
            })?;
            return Ok(start);
        }
        if !may_move || !anonymous {
            return Err(Errno::ENOMEM);
        }
        // Made now, where it may fail: once pages have moved, their old addresses have to go, and be flushed.
        self.vmas.split(start)?;
        self.vmas.split(old_end)?;
        let target = self.map(0, new_size, false, vma.protection, vma.origin)?;
        let frames = &mut self.frames;
        let mut complete = true;
        page_table::for_each_entry(start, old_end, |address, entry| {
            if *entry != 0 {
                match page_table::entry_or_make(target + (address - start), frames) {
                    // SAFETY: the target's tables are others than the one `entry` is borrowed from, or other entries.
                    Some(place) => unsafe { place.write(core::mem::take(entry)) },
                    None => complete = false,
                }
            }
        });
        self.unmap(start, old_end)?;
        if complete { Ok(target) } else { Err(Errno::ENOMEM) }
    }
}
