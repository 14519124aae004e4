//! Strings in the form that execve(2) takes them.

use std::ffi::{CString, c_char};

/// Strings as execve(2) takes them: an array of pointers that ends with null.
pub struct Strings {
    _owned: Vec<CString>,
    pointers: Vec<*const c_char>,
}

// SAFETY: the pointers lead to the heap blocks of `_owned`, which nobody changes and which live as long.
unsafe impl Send for Strings {}
// SAFETY: as above.
unsafe impl Sync for Strings {}

impl Strings {
    pub fn new(owned: Vec<CString>) -> Self {
        let pointers = owned
            .iter()
            .map(|text| text.as_ptr())
            .chain([std::ptr::null()])
            .collect();
        Strings {
            _owned: owned,
            pointers,
        }
    }

    pub fn as_ptr(&self) -> *const *const c_char {
        self.pointers.as_ptr()
    }
}
