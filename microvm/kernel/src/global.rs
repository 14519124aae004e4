//! State of the kernel that outlives a function.

use core::cell::UnsafeCell;

/// A value that the one processor this kernel runs on may change at any time.
pub struct Global<T>(UnsafeCell<T>);

// SAFETY: there is one processor and interrupts are off, so no two contexts run at once. What is left is a page fault
// that the kernel itself takes on the program's memory; it happens only in `memory/user_access.rs`, which borrows no `Global`.
unsafe impl<T> Sync for Global<T> {}

impl<T> Global<T> {
    /// A global with its first value.
    pub const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// The value, to change it.
    ///
    /// # Safety
    /// No other borrow of the same global may be alive: borrow for one statement or one function that calls nothing
    /// which borrows it too, and never across a copy from or to the program's memory.
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn borrow(&self) -> &mut T {
        // SAFETY: the caller's.
        unsafe { &mut *self.0.get() }
    }
}
