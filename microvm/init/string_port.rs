//! The monitor's port for whole strings: the physical address of two words, an address and a number of bytes, written there
//! writes those bytes to the program's output. One exit to the monitor takes up to a page, where a serial port takes an
//! exit for each byte.
//!
//! The page lies below 1 MiB, where the monitor tells the kernel of no RAM, though there is some: `/dev/mem` gives it to
//! this program, and the kernel never moves it.

use crate::abi::port::{STRING, STRING_PRESENT};
use crate::abi::{PIECE_MAX, Piece};
use crate::syscalls as sys;
use core::arch::asm;

/// Physical addresses of the piece, and of its bytes.
const PIECE: usize = 0xd_0000;
const BYTES: usize = PIECE + PIECE_MAX;

/// The port, and the page that it reads.
pub struct StringPort {
    piece: *mut Piece,
    bytes: *mut u8,
}

impl StringPort {
    /// The port, if there is one. This program has permission for it.
    pub fn find() -> Option<Self> {
        let present: u8;
        // SAFETY: permitted, and reading changes nothing.
        unsafe { asm!("in al, dx", in("dx") STRING, out("al") present, options(nomem, nostack, preserves_flags)) };
        if present != STRING_PRESENT {
            return None;
        }
        let memory = sys::open(c"/dev/mem", sys::O_RDWR);
        if memory < 0 {
            return None;
        }
        let mapped = sys::map(memory as i32, PIECE, 2 * PIECE_MAX);
        sys::close(memory as i32);
        (mapped > 0).then_some(Self {
            piece: mapped as *mut Piece,
            bytes: (mapped as usize + PIECE_MAX) as *mut u8,
        })
    }

    /// Writes bytes, however many.
    pub fn write(&self, bytes: &[u8]) {
        for part in bytes.chunks(PIECE_MAX) {
            // SAFETY: both pages are mapped, and nobody else knows of them. The monitor reads them during the last
            // instruction.
            unsafe {
                self.bytes.copy_from_nonoverlapping(part.as_ptr(), part.len());
                self.piece.write_volatile(Piece {
                    address: BYTES as u64,
                    bytes: part.len() as u64,
                });
                asm!("out dx, eax", in("dx") STRING, in("eax") PIECE, options(nostack, preserves_flags));
            }
        }
    }
}
