//! Whether this process may be traced by others of its user, and dumps core (prctl(2), PR_SET_DUMPABLE).
//!
//! That is a mark of its memory, which pid 1 of a container shares. Where root maps a user namespace's ids, pid 1 has to
//! change its own, and the kernel takes the mark away. It is put back when no start needs that any more.

use std::sync::{Mutex, PoisonError};

/// Starts that may take the mark away, and what it was before the first of them.
static CHANGING: Mutex<(u32, i32)> = Mutex::new((0, 0));

/// Puts the mark back when the last one is dropped.
pub struct Dumpable(());

impl Dumpable {
    /// Remembers the mark.
    pub fn remember() -> Self {
        let mut changing = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
        if changing.0 == 0 {
            // SAFETY: prctl(2) without pointers.
            changing.1 = unsafe { libc::prctl(libc::PR_GET_DUMPABLE) };
        }
        changing.0 += 1;
        Dumpable(())
    }
}

impl Drop for Dumpable {
    fn drop(&mut self) {
        let mut changing = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
        changing.0 -= 1;
        // Only a process that could be dumped was made one that cannot.
        if changing.0 == 0 && changing.1 == 1 {
            // SAFETY: prctl(2) without pointers. It cannot fail with this value.
            let _ = unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 1) };
        }
    }
}
