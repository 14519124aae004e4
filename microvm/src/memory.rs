//! The guest's RAM.

use crate::error::WrongSize;
use crate::{Error, KvmCall};
use kvm_bindings::kvm_userspace_memory_region;
use kvm_ioctls::VmFd;
use nix::errno::Errno;
use std::fs::File;
use std::io;
use std::ops::{Deref, Range};
use std::os::fd::AsRawFd;
use std::ptr::null_mut;
use vm_memory::{
    Bytes, GuestAddress, GuestMemoryBackend, GuestMemoryMmap, GuestMemoryRegion, GuestRegionMmap, MmapRegion,
};

/// Where guest RAM lies in the address space of a process that runs one machine, so that its pages can be told from the
/// monitor's own in /proc/PID/smaps. (A second machine in the same process lies wherever there is room.)
pub const GUEST_RAM: Range<u64> = 0x1000_0000_0000..0x2000_0000_0000;

/// From here to 4 GiB there is no RAM: that is where a PC's devices are.
pub const GAP_START: u64 = 0xc000_0000;
/// RAM goes on here.
pub const GAP_END: u64 = 1 << 32;
/// The kernel is linked at 1 MiB; less than this leaves it nothing.
const SMALLEST: u64 = 2 << 20;
/// Larger than any host this is meant for.
const LARGEST: u64 = 1 << 40;

/// A part of the guest's RAM, as KVM is told of it (Linux, Documentation/virt/kvm/api.rst, KVM_SET_USER_MEMORY_REGION).
pub type Slot = kvm_userspace_memory_region;

/// Makes a part of the guest's RAM the machine's.
pub fn give(vm: &VmFd, slot: Slot) -> Result<(), Error> {
    // SAFETY: the mapping lives in a `Ram`, which the machine keeps as long as a processor runs.
    let given = unsafe { vm.set_user_memory_region(slot) };
    given.map_err(KvmCall::GiveMemory.failed())
}

/// The guest's RAM, given back when dropped.
pub struct Ram {
    memory: GuestMemoryMmap,
}

impl Deref for Ram {
    type Target = GuestMemoryMmap;

    fn deref(&self) -> &GuestMemoryMmap {
        &self.memory
    }
}

impl Drop for Ram {
    fn drop(&mut self) {
        for region in self.memory.iter() {
            // SAFETY: mapped in `map`; whoever used it borrowed `self`, and the machine is gone before its RAM.
            unsafe { libc::munmap(region.as_ptr().cast(), region.len() as usize) };
        }
    }
}

impl Ram {
    /// Reserves RAM of that size, below and above the gap. Nothing is touched: the host gives pages as the guest uses
    /// them.
    pub fn reserve(bytes: u64) -> Result<Self, Error> {
        if !bytes.is_multiple_of(4096) {
            return Err(Error::MemorySize {
                bytes,
                why: WrongSize::NotPages,
            });
        }
        if bytes < SMALLEST {
            return Err(Error::MemorySize {
                bytes,
                why: WrongSize::TooSmall,
            });
        }
        if bytes > LARGEST {
            return Err(Error::MemorySize {
                bytes,
                why: WrongSize::TooLarge,
            });
        }
        let failed = |reason: String| Error::Memory {
            mib: bytes >> 20,
            reason,
        };
        let start = map(bytes as usize).map_err(|errno| failed(errno.desc().into()))?;
        let mut pieces = vec![(0, 0, bytes.min(GAP_START))];
        if bytes > GAP_START {
            pieces.push((GAP_START, GAP_END, bytes - GAP_START));
        }
        let mut regions = Vec::new();
        for (offset, address, size) in pieces {
            // SAFETY: a part of the mapping just made, which lives until `Ram` is dropped.
            let region = unsafe {
                MmapRegion::build_raw(
                    start.add(offset as usize),
                    size as usize,
                    libc::PROT_READ | libc::PROT_WRITE,
                    FLAGS,
                )
            };
            let region = region.map_err(|error| failed(error.to_string()))?;
            regions.extend(GuestRegionMmap::new(region, GuestAddress(address)));
        }
        let memory = GuestMemoryMmap::from_regions(regions).map_err(|error| failed(error.to_string()))?;
        Ok(Self { memory })
    }

    /// Puts a file's pages from `offset` on at a guest-physical page without copying them: the guest's writes stay its own.
    pub fn map_file(&self, file: &File, offset: u64, bytes: usize, at: GuestAddress) -> io::Result<()> {
        let place = self
            .memory
            .get_slice(at, bytes.next_multiple_of(4096))
            .map_err(io::Error::other)?;
        let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_FIXED);
        let start: *mut libc::c_void = place.ptr_guard_mut().as_ptr().cast();
        // SAFETY: replaces pages of our own mapping, which nobody has a reference to, and no processor runs yet.
        let mapped = unsafe { libc::mmap(start, bytes, protection, flags, file.as_raw_fd(), offset as i64) };
        if mapped == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // Maps what is in the page cache at once instead of by a fault each; an older kernel does it by faults.
        // SAFETY: changes no contents (madvise(2)).
        unsafe { libc::madvise(start, bytes, libc::MADV_POPULATE_READ) };
        Ok(())
    }

    /// Gives pages their memory in advance, all at once; those that do not lie in RAM, and an older kernel, do without.
    pub fn populate(&self, at: GuestAddress, bytes: usize) {
        if let Ok(place) = self.memory.get_slice(at, bytes) {
            let start: *mut libc::c_void = place.ptr_guard_mut().as_ptr().cast();
            // SAFETY: changes no contents (madvise(2)).
            unsafe { libc::madvise(start, bytes, libc::MADV_POPULATE_WRITE) };
        }
    }

    /// From now on the host gives it in pages of 2 MiB where it has them, also where it gives them only to who asks
    /// (`enabled` is `madvise`, Linux, Documentation/admin-guide/mm/transhuge.rst). A guest that touches most of what lies
    /// around its kernel anyway, as Linux does, starts in about two thirds of the time, for some megabytes more; one that
    /// touches little would take a multiple of its memory. A host without such pages refuses, and goes on.
    pub fn prefer_huge_pages(&self) {
        for region in self.memory.iter() {
            // SAFETY: changes no contents (madvise(2)).
            unsafe { libc::madvise(region.as_ptr().cast(), region.len() as usize, libc::MADV_HUGEPAGE) };
        }
    }

    /// All of it, as KVM is told: the parts before a guest-physical address, and the parts behind it.
    pub fn slots(&self, border: u64) -> (Vec<Slot>, Vec<Slot>) {
        let mut slots = (Vec::new(), Vec::new());
        for region in self.memory.iter() {
            let (start, end) = (region.start_addr().0, region.start_addr().0 + region.len());
            let middle = border.clamp(start, end);
            for (part, into) in [(start..middle, &mut slots.0), (middle..end, &mut slots.1)] {
                if !part.is_empty() {
                    into.push(Slot {
                        guest_phys_addr: part.start,
                        memory_size: part.end - part.start,
                        userspace_addr: region.as_ptr() as u64 + (part.start - start),
                        ..Default::default()
                    });
                }
            }
        }
        let all = slots.0.iter_mut().chain(&mut slots.1);
        (0..).zip(all).for_each(|(number, slot)| slot.slot = number);
        slots
    }

    /// Copies bytes to a guest-physical address, if they fit.
    pub fn write(&self, bytes: &[u8], at: GuestAddress) -> Option<()> {
        self.memory.write_slice(bytes, at).ok()
    }
}

/// Flags of the mapping: pages come when they are touched, and are not counted before.
const FLAGS: i32 = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;

/// Maps anonymous memory, in [`GUEST_RAM`] if nothing is there yet; in small pages, so that a guest which touches little
/// costs little.
fn map(bytes: usize) -> Result<*mut u8, Errno> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let fixed = FLAGS | libc::MAP_FIXED_NOREPLACE;
    // SAFETY: new mappings; with this flag nothing that exists is replaced (mmap(2)).
    let mut start = unsafe { libc::mmap(GUEST_RAM.start as *mut _, bytes, protection, fixed, -1, 0) };
    if start == libc::MAP_FAILED && Errno::last() == Errno::EEXIST {
        // SAFETY: as above.
        start = unsafe { libc::mmap(null_mut(), bytes, protection, FLAGS, -1, 0) };
    }
    if start == libc::MAP_FAILED {
        return Err(Errno::last());
    }
    // SAFETY: changes no contents (madvise(2)); a kernel without huge pages refuses, and needs it not.
    unsafe { libc::madvise(start, bytes, libc::MADV_NOHUGEPAGE) };
    Ok(start.cast())
}
