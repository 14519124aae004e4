//! Walks and changes page tables (SDM volume 3, 5.5 "4-level paging").

use crate::cpu;
use crate::boot::entry::{boot_pml4, kernel_pdpt, program_pml4};
use crate::memory::page_allocator::PageAllocator;
use crate::memory::layout::{DIRECT_MAP, KERNEL_BASE, LARGE_PAGE, LOW_MEMORY, PAGE, direct};

/// The entry translates.
pub const PRESENT: u64 = 1;
/// Writes are allowed.
pub const WRITABLE: u64 = 2;
/// Ring 3 is allowed.
pub const USER: u64 = 4;
/// The page was used. The processor sets this bit and the next; set in advance they save it the trouble, which is large
/// where page tables are shadowed by a hypervisor.
pub const ACCESSED: u64 = 1 << 5;
/// The page was written to.
pub const DIRTY: u64 = 1 << 6;
/// A directory entry maps a large page.
const LARGE: u64 = 1 << 7;
/// Ignored by the processor: the frame belongs to the mapping, and is given back with it.
pub const OWNED: u64 = 1 << 9;
/// Instruction fetches are forbidden.
pub const NO_EXECUTE: u64 = 1 << 63;
/// An entry that leads to a table; what it allows is decided by the entries below.
const TABLE: u64 = PRESENT | WRITABLE | USER | ACCESSED;
/// The bits of an entry that are an address.
const ADDRESS: u64 = 0x000f_ffff_ffff_f000;

/// The frame that an entry names.
pub fn frame_of(entry: u64) -> u64 {
    entry & ADDRESS
}

fn index(address: u64, level: u32) -> usize {
    (address >> (12 + 9 * level) & 511) as usize
}

/// The table that an entry names.
fn table(entry: u64) -> *mut u64 {
    direct(entry & ADDRESS).cast()
}

/// The last-level table that covers `address`, made if `frames` are given, and `None` when it is missing or no frame is
/// left.
fn last_table(address: u64, mut frames: Option<&mut PageAllocator>) -> Option<*mut u64> {
    let mut current = (&raw mut boot_pml4).cast::<u64>();
    for level in [3, 2, 1] {
        // SAFETY: `current` is a table of 512 entries that only this module changes.
        unsafe {
            let entry = current.add(index(address, level));
            if entry.read() & PRESENT == 0 {
                make_table(entry, frames.as_deref_mut()?)?;
            }
            current = table(entry.read());
        }
    }
    Some(current)
}

/// Lets an entry lead to a new table; in both top-level tables, if it is in one: they have the same program.
#[cold]
#[inline(never)]
fn make_table(entry: *mut u64, frames: &mut PageAllocator) -> Option<()> {
    let table = frames.take_zeroed()? | TABLE;
    let (open, closed) = (
        (&raw mut boot_pml4).cast::<u64>(),
        (&raw mut program_pml4).cast::<u64>(),
    );
    // SAFETY: `entry` is one of a table of the program's half, which only this module changes.
    unsafe {
        entry.write(table);
        if (open..open.add(512)).contains(&entry) {
            closed.offset(entry.offset_from(open)).write(table);
        }
    }
    Some(())
}

/// The entry that maps the page at `address`, with its tables made; `None` when memory is used up.
pub fn entry_or_make(address: u64, frames: &mut PageAllocator) -> Option<*mut u64> {
    // SAFETY: the index lies within the table.
    last_table(address, Some(frames)).map(|table| unsafe { table.add(index(address, 0)) })
}

/// Calls `change` with every entry that exists between two page addresses, and the address it maps.
pub fn for_each_entry(start: u64, end: u64, mut change: impl FnMut(u64, &mut u64)) {
    let mut address = start;
    while address < end {
        let next_table = (address & !(LARGE_PAGE - 1)) + LARGE_PAGE;
        if let Some(table) = last_table(address, None) {
            while address < end.min(next_table) {
                // SAFETY: the index lies within the table.
                change(address, unsafe { &mut *table.add(index(address, 0)) });
                address += 4096;
            }
        }
        address = next_table;
    }
}

/// Takes the identity map away that the first instructions ran in: the program's half is empty then.
pub fn drop_identity_map() {
    // SAFETY: nothing uses low addresses any more.
    unsafe {
        (&raw mut boot_pml4).cast::<u64>().write(0);
        (&raw mut program_pml4).cast::<u64>().write(0);
    }
}

/// Maps all RAM up to `end` in the direct map; the first GiB is mapped from the start.
pub fn extend_direct_map(end: u64, frames: &mut PageAllocator) -> Option<()> {
    let mut gib = 1;
    // The last two entries are the kernel's own map.
    while gib * LOW_MEMORY < end && gib < 510 {
        let directory = frames.take_zeroed()?;
        for i in 0..512 {
            let page = gib * LOW_MEMORY + i * LARGE_PAGE;
            // SAFETY: a new table, in mapped memory: the frames handed out first are the lowest.
            unsafe {
                direct(directory)
                    .cast::<u64>()
                    .add(i as usize)
                    .write(page | LARGE | DIRTY | TABLE)
            }
        }
        // SAFETY: the entry is empty.
        unsafe {
            (&raw mut kernel_pdpt)
                .cast::<u64>()
                .add(gib as usize)
                .write(directory | TABLE | NO_EXECUTE)
        }
        gib += 1;
    }
    Some(())
}

/// Maps pages of physical memory read-only for ring 3, where the program maps nothing.
pub fn map_window(window: u64, physical: u64, pages: u64, frames: &mut PageAllocator) -> Option<()> {
    let mut page = 0;
    while page < pages {
        let table = last_table(window + page * PAGE, Some(frames))?;
        for entry in index(window + page * PAGE, 0)..512 {
            if page == pages {
                break;
            }
            // SAFETY: within the table, and the program's tables are only changed here now.
            unsafe {
                let entry = table.add(entry);
                let old = entry.replace((physical + page * PAGE) | PRESENT | USER | ACCESSED | NO_EXECUTE);
                if old != 0 && frame_of(old) != physical + page * PAGE {
                    cpu::flush_translation(window + page * PAGE);
                }
            }
            page += 1;
        }
    }
    Some(())
}

/// Closes the kernel's memory to ring 3: the user bit counts only if it is set on every level.
pub fn close_kernel() {
    const { assert!(DIRECT_MAP >> 39 == KERNEL_BASE >> 39, "one entry holds both maps") }
    // SAFETY: maps what the table in use maps; who may use it is all that differs, and this is ring 0.
    unsafe { cpu::set_cr3((&raw const program_pml4) as u64 - KERNEL_BASE) }
}

/// Whether the kernel's memory is open to ring 3: what executes there is the kernel, then.
pub fn kernel_is_open() -> bool {
    cpu::cr3() != (&raw const program_pml4) as u64 - KERNEL_BASE
}
