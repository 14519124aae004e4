//! What the processes of one start share: the plan, which nobody changes, and what changes while it is carried out.

use core::sync::atomic::{AtomicI32, AtomicPtr, AtomicU64, AtomicUsize, Ordering::*};

use crate::plan::Plan;
use crate::report::{Report, gate};
use crate::sys::{Errno, call};

/// See the top of the file.
#[repr(C)]
pub struct Launch {
    /// Its size: what the runtime executable is made of and what isolab is made of must agree on it.
    pub size: usize,
    pub plan: Plan,
    pub report: Report,
    /// Where the stacks begin; whoever carries the start out has them.
    stacks: AtomicU64,
    /// The system-call filter; null before it is compiled, and for none. Behind [`gate::FILTER`].
    filter: AtomicPtr<libc::sock_filter>,
    filter_length: AtomicUsize,
    /// What covers each directory of /sys, taken hold of while its place is still in sight.
    pub covers: &'static [AtomicI32],
    /// The detached mount of each volume, taken hold of likewise.
    pub volumes: &'static [AtomicI32],
}

impl Launch {
    /// A start that nobody has begun.
    pub fn new(
        plan: Plan,
        report: Report,
        stacks: Roles,
        covers: &'static [AtomicI32],
        volumes: &'static [AtomicI32],
    ) -> Self {
        Launch {
            size: size_of::<Launch>(),
            plan,
            report,
            stacks: AtomicU64::new(stacks.base()),
            filter: AtomicPtr::new(core::ptr::null_mut()),
            filter_length: AtomicUsize::new(0),
            covers,
            volumes,
        }
    }

    /// The stacks that its processes run on.
    pub fn stacks(&self) -> Roles {
        Roles::at(self.stacks.load(Relaxed))
    }

    /// Sets them, before there is a process that runs on one.
    #[allow(dead_code, reason = "for the runtime executable")]
    pub fn set_stacks(&self, stacks: Roles) {
        self.stacks.store(stacks.base(), Relaxed);
    }

    /// Sets the filter, and opens the gate for it.
    ///
    /// # Safety
    /// The filter lives as long as this does.
    pub unsafe fn set_filter(&self, filter: &[libc::sock_filter]) {
        self.filter.store(filter.as_ptr().cast_mut(), Relaxed);
        self.filter_length.store(filter.len(), Relaxed);
        self.report.open_gate(gate::FILTER);
    }

    /// The instructions of the system-call filter, once it is there; none for no filter.
    pub fn filter(&self) -> &[libc::sock_filter] {
        let (first, length) = (self.filter.load(Relaxed), self.filter_length.load(Relaxed));
        if first.is_null() {
            return &[];
        }
        // SAFETY: what `set_filter` was given.
        unsafe { core::slice::from_raw_parts(first, length) }
    }
}

/// One stack: its lowest address and its size in bytes, as `struct clone_args` wants them.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Stack {
    pub base: u64,
    pub size: u64,
}

/// Who runs on which stack.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Roles {
    pub pid1: Stack,
    pub program: Stack,
    /// A thread of the program's process.
    pub leaver: Stack,
}

const GUARD: u64 = 4096;
/// Enough for an unoptimised build, whose frames are large, and a path of PATH_MAX.
const STACK_BYTES: u64 = 60 * 1024;
const STRIDE: u64 = GUARD + STACK_BYTES;

impl Roles {
    /// How much memory the stacks take, each with an inaccessible page below it.
    pub const BYTES: u64 = 3 * STRIDE;
    /// Of nobody.
    pub const NONE: Roles = Roles::at(0);

    const fn at(base: u64) -> Roles {
        const fn stack(base: u64, index: u64) -> Stack {
            Stack {
                base: base + index * STRIDE + GUARD,
                size: STACK_BYTES,
            }
        }
        Roles {
            pid1: stack(base, 0),
            program: stack(base, 1),
            leaver: stack(base, 2),
        }
    }

    /// Where the guard page of the first is.
    const fn base(self) -> u64 {
        self.pid1.base - GUARD
    }

    /// New stacks.
    pub fn map() -> Result<Roles, Errno> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK;
        // SAFETY: a new anonymous mapping, then pages of it.
        unsafe {
            let base = call!(libc::SYS_mmap, 0, Roles::BYTES, libc::PROT_NONE, flags, -1i32)? as u64;
            let roles = Roles::at(base);
            for stack in [roles.pid1, roles.program, roles.leaver] {
                let protection = libc::PROT_READ | libc::PROT_WRITE;
                if let Err(errno) = call!(libc::SYS_mprotect, stack.base, stack.size, protection) {
                    roles.unmap();
                    return Err(errno);
                }
            }
            Ok(roles)
        }
    }

    /// Gives them back.
    ///
    /// # Safety
    /// They were made by [`map`](Self::map), and nothing runs on them any more.
    pub unsafe fn unmap(self) {
        // SAFETY: the caller vouches for the mapping. munmap(2) of a whole mapping cannot fail.
        let _ = unsafe { call!(libc::SYS_munmap, self.base(), Roles::BYTES) };
    }
}
