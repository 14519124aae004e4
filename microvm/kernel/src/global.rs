//! State of the kernel that outlives a function.
//!
//! There is one processor and interrupts are off, so nothing else runs between two instructions but an exception of the kernel's
//! own: a page fault on the program's memory (`memory/user_access.rs`). References to state are therefore counted where it is
//! borrowed; what is only copied in and out needs no count.

use core::cell::{Cell, UnsafeCell};
use core::ops::{Deref, DerefMut};

/// A small value: read and written as a whole. (It lies as its contents do: assembler reads some.)
#[repr(transparent)]
pub struct Value<T>(Cell<T>);

// SAFETY: there is one processor, and an exception in the middle of a copy borrows no `Value` that it interrupts: no copy of one
// touches the program's memory.
unsafe impl<T> Sync for Value<T> {}

impl<T> Value<T> {
    /// With its first contents.
    pub const fn new(value: T) -> Self {
        Self(Cell::new(value))
    }

    /// Changes it.
    pub fn set(&self, value: T) {
        self.0.set(value);
    }

    /// Changes it; gives what was there.
    pub fn replace(&self, value: T) -> T {
        self.0.replace(value)
    }

    /// Where it lies, for those that change it from outside.
    pub const fn as_ptr(&self) -> *mut T {
        self.0.as_ptr()
    }
}

impl<T: Copy> Value<T> {
    /// What it is.
    pub fn get(&self) -> T {
        self.0.get()
    }
}

/// A value that is borrowed by one function at a time.
#[repr(C)]
pub struct Global<T> {
    borrowed: Value<bool>,
    value: UnsafeCell<T>,
}

// SAFETY: as above; references are handed out one at a time.
unsafe impl<T> Sync for Global<T> {}

impl<T> Global<T> {
    /// With its first contents.
    pub const fn new(value: T) -> Self {
        Self {
            borrowed: Value::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// The value, to change it, as long as the borrow lives. A second borrow meanwhile is a bug of the kernel's and ends it.
    pub fn borrow(&'static self) -> Borrow<T> {
        assert!(!self.borrowed.replace(true), "borrowed twice");
        Borrow(self)
    }

    /// The same, for ever.
    #[allow(clippy::mut_from_ref)] // Not a second time: see `borrow`.
    pub fn take(&'static self) -> &'static mut T {
        let borrow = core::mem::ManuallyDrop::new(self.borrow());
        // SAFETY: there is no other borrow and never will be.
        unsafe { &mut *borrow.0.value.get() }
    }
}

/// A borrow of a [`Global`].
pub struct Borrow<T: 'static>(&'static Global<T>);

impl<T> Deref for Borrow<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: there is no other borrow as long as this lives.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for Borrow<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and this one is borrowed to be changed.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for Borrow<T> {
    fn drop(&mut self) {
        self.0.borrowed.set(false);
    }
}
