//! The two small executables that the library embeds: pid 1 of a container (`pid1.rs`), and the helper that executes
//! some programs (`helper.rs`). They are the same code, at two places in memory (`build.rs`).
//!
//! Freestanding, so that a waiting container costs a few pages: no libc, no data segment.

#![no_std]
#![no_main]
#![allow(dead_code, reason = "each executable uses a part of what it shares with the library")]

use core::arch::global_asm;
use core::ffi::CStr;

mod abi;
mod helper;
mod pid1;
mod sys;

const SYS_GETPID: i64 = 39;

// Entry: rsp points at argc, argv… (System V ABI, x86-64, 3.4.1).
global_asm!(".globl _start", "_start:", "xor ebp, ebp", "mov rdi, rsp", "and rsp, -16", "call {main}", "ud2", main = sym main);

extern "C" fn main(stack: *const usize) -> ! {
    // SAFETY: _start passes the stack pointer of the very beginning: argc, that many pointers, null, the environment's
    // pointers, null.
    unsafe {
        let count = *stack;
        let arguments: *const *const u8 = stack.add(1).cast();
        // Without an init, the helper is pid 1, too.
        match sys::call!(SYS_GETPID) {
            Ok(1) if count == 2 && is(*arguments, abi::INIT_NAME) => pid1::run(arguments),
            _ => helper::run(count, arguments, arguments.add(count + 1)),
        }
    }
}

/// Whether the string is the other one.
///
/// # Safety
/// `text` is a terminated string.
unsafe fn is(text: *const u8, other: &CStr) -> bool {
    let other = other.to_bytes_with_nul();
    // SAFETY: read up to its first difference or its end.
    unsafe { (0..other.len()).all(|index| *text.add(index) == other[index]) }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    sys::exit(125)
}
