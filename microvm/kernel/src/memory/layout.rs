//! Where everything lies in the guest's virtual address space.
//!
//! | from | to | what |
//! |---|---|---|
//! | `0` | [`USER_END`] | the program: its segments, heap, mappings, stack |
//! | [`HELPER`] | three pages | code of the kernel's that ring 3 executes (`memory/user_access.rs`, `traps/fast_path.rs`), its data, and the clock, read-only |
//! | [`INITRAMFS_WINDOW`] | [`WINDOW_SIZE`] | the initramfs, read-only, for that code to copy from |
//! | [`DIRECT_MAP`] | size of RAM | all of guest-physical memory, in order |
//! | [`KERNEL_BASE`] | 1 GiB | the first GiB of it again, where the kernel is linked |
//!
//! Both maps lie in the last 512 GiB of the address space: one entry of the top-level table holds all that is the
//! kernel's. (A hypervisor that runs ring 3 natively inside its own address space may also need the rest.)

/// Size of a page.
pub const PAGE: u64 = 4096;
/// Size of a page mapped by a page directory entry.
pub const LARGE_PAGE: u64 = 2 << 20;

/// The kernel is linked at this address plus its physical one.
pub const KERNEL_BASE: u64 = 0xffff_ffff_8000_0000;
/// Physical address 0, in the map of all memory: at most 510 GiB.
pub const DIRECT_MAP: u64 = 0xffff_ff80_0000_0000;
/// Memory from here on is in the direct map only; below, also in the kernel's own map.
pub const LOW_MEMORY: u64 = 1 << 30;

/// First address that is never the program's: nothing from here on can it map, unmap or give to a system call.
pub const USER_END: u64 = HELPER;
/// The helper pages, directly above the stack so that they share page tables.
pub const HELPER: u64 = INITRAMFS_WINDOW - 3 * PAGE;
/// Where ring 3 reads [`crate::cpu::clock::CLOCK`].
pub const CLOCK: u64 = HELPER + 2 * PAGE;
/// The initramfs as the helper sees it.
pub const INITRAMFS_WINDOW: u64 = 0x0000_7fff_8000_0000;
/// Half of this can be seen there at a time, from any page on.
pub const WINDOW_SIZE: u64 = 1 << 30;
/// The stack ends (begins to grow) here.
pub const STACK_TOP: u64 = HELPER;
/// What the stack may grow to: Linux's default RLIMIT_STACK.
pub const STACK_SIZE: u64 = 8 << 20;
/// Mappings are placed below this address.
pub const MAPPINGS_TOP: u64 = STACK_TOP - STACK_SIZE - LARGE_PAGE;
/// Mappings are placed above this address.
pub const MAPPINGS_BOTTOM: u64 = 0x0000_7f00_0000_0000;
/// Where a position-independent program is put: Linux's ELF_ET_DYN_BASE.
pub const PIE_BASE: u64 = 0x0000_5555_5555_4000;
/// The lowest address that may be mapped: Linux's default vm.mmap_min_addr.
pub const USER_START: u64 = 0x1_0000;

/// Rounds down to a page.
pub const fn page_floor(address: u64) -> u64 {
    address & !(PAGE - 1)
}

/// Rounds up to a page; saturates at the last page of the address space.
pub const fn page_ceil(address: u64) -> u64 {
    page_floor(address.saturating_add(PAGE - 1))
}

/// The address in the direct map of a physical address.
pub const fn direct(physical: u64) -> *mut u8 {
    (DIRECT_MAP + physical) as *mut u8
}
