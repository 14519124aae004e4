//! The monitor's port for whole strings: the physical address of two words, an address and a number of bytes, written there
//! writes those bytes to the program's output. One exit to the monitor takes up to a page, where a serial port takes an
//! exit for each byte.
//!
//! The page lies below 1 MiB, where the monitor tells the kernel of no RAM, though there is some: `/dev/mem` gives it to
//! this program, and the kernel never moves it.

use crate::syscalls as sys;
use core::arch::asm;

/// The port; reading it gives [`PRESENT`] where a monitor has it (`src/devices.rs`).
pub const PORT: u16 = 0xf7;
const PRESENT: u8 = 1;
/// Physical addresses of the two words, and of the bytes.
const WORDS: usize = 0xd_0000;
const BYTES: usize = WORDS + PAGE;
const PAGE: usize = 4096;

/// The port, and the page that it reads.
pub struct StringPort {
    words: *mut usize,
    bytes: *mut u8,
}

impl StringPort {
    /// The port, if there is one. This program has permission for it.
    pub fn find() -> Option<Self> {
        let present: u8;
        // SAFETY: permitted, and reading changes nothing.
        unsafe { asm!("in al, dx", in("dx") PORT, out("al") present, options(nomem, nostack, preserves_flags)) };
        if present != PRESENT {
            return None;
        }
        let memory = sys::open(c"/dev/mem", sys::O_RDWR);
        if memory < 0 {
            return None;
        }
        let mapped = sys::map(memory as i32, WORDS, 2 * PAGE);
        sys::close(memory as i32);
        (mapped > 0).then_some(Self {
            words: mapped as *mut usize,
            bytes: (mapped as usize + PAGE) as *mut u8,
        })
    }

    /// Writes bytes, however many.
    pub fn write(&self, bytes: &[u8]) {
        for part in bytes.chunks(PAGE) {
            // SAFETY: both pages are mapped, and nobody else knows of them. The monitor reads them during the last
            // instruction.
            unsafe {
                self.bytes.copy_from_nonoverlapping(part.as_ptr(), part.len());
                self.words.write_volatile(BYTES);
                self.words.add(1).write_volatile(part.len());
                asm!("out dx, eax", in("dx") PORT, in("eax") WORDS, options(nostack, preserves_flags));
            }
        }
    }
}
