//! Reading and writing the program's memory.
//!
//! Few bytes are copied by the kernel; a fault on the way, where nothing is mapped, is caught by its address
//! ([`recover`]) and becomes EFAULT. Many bytes are left to a page of code that ring 3 executes ([`copy_later`],
//! [`zero_page`]): under a hypervisor that emulates ring 0, a copy there is hundreds of times dearer. The system call or
//! fault returns into that code, it ends in an undefined instruction, and the program goes on from there.

use crate::errno::{Errno, Result};
use crate::global::Value;
use crate::memory::layout::{HELPER, PAGE, USER_END, direct};
use crate::cpu::patch::patch;
use crate::traps::entry::{Frame, SyscallFrame};
use core::arch::global_asm;
use core::mem::MaybeUninit;

unsafe extern "C" {
    fn user_copy(to: *mut u8, from: *const u8, bytes: u64) -> u64;
    fn user_out_string(port: u16, from: u64, bytes: u64) -> u64;
    static user_code_start: u8;
    static user_code_end: u8;
    static user_code_fault: u8;
    static helper_start: u8;
    static helper_copy: u8;
    static helper_copy_done: u8;
    static helper_zero: u8;
    static helper_zero_done: u8;
}

global_asm!(
    ".text",
    // Between these labels, a fault means that the program gave a bad address. No stack is used.
    "user_code_start:",
    "user_copy:",
    patch!(STAC),
    "    mov rcx, rdx",
    "    shr rcx, 3",
    "    rep movsq",
    "    mov ecx, edx",
    "    and ecx, 7",
    "    rep movsb",
    patch!(CLAC),
    "    xor eax, eax",
    "    ret",
    "user_out_string:",
    patch!(STAC),
    "    mov rcx, rdx",
    "    mov edx, edi",
    "    rep outsb",
    patch!(CLAC),
    "    xor eax, eax",
    "    ret",
    "user_code_end:",
    "user_code_fault:",
    patch!(CLAC),
    "    mov eax, 1",
    "    ret",
    ".section .helper, \"ax\", @progbits",
    ".balign 16",
    "helper_copy:", // RDI to, RSI from, RDX bytes; RCX is the program's to lose in a system call
    "    mov rcx, rdx",
    "    rep movsb",
    "helper_copy_done:",
    "    ud2",
    "helper_zero:", // RDI to, RCX words, RAX zero
    "    rep stosq",
    "helper_zero_done:",
    "    ud2",
);

/// Physical address of the page that ring 3 finds at [`HELPER`].
pub fn helper_frame() -> u64 {
    (&raw const helper_start) as u64 - crate::memory::layout::KERNEL_BASE
}

/// Where ring 3 sees a label of the helper page.
pub fn in_helper(label: *const u8) -> u64 {
    HELPER + (label as u64 - (&raw const helper_start) as u64)
}

/// Checks that an area is one the program may have.
pub fn check(address: u64, bytes: u64) -> Result<()> {
    match address.checked_add(bytes) {
        Some(end) if end <= USER_END => Ok(()),
        _ => Err(Errno::EFAULT),
    }
}

fn done(result: u64) -> Result<()> {
    if result == 0 { Ok(()) } else { Err(Errno::EFAULT) }
}

/// Types of which every bit pattern is a value.
///
/// # Safety
/// Every bit pattern must be a value, and there must be no padding.
pub unsafe trait Plain: Copy {}
// SAFETY: integers.
unsafe impl Plain for u8 {}
// SAFETY: integers.
unsafe impl Plain for u32 {}
// SAFETY: integers.
unsafe impl Plain for i32 {}
// SAFETY: integers.
unsafe impl Plain for u64 {}
// SAFETY: integers.
unsafe impl Plain for i64 {}
// SAFETY: an array of plain values has no padding.
unsafe impl<T: Plain, const N: usize> Plain for [T; N] {}

/// Reads a value from the program's memory.
#[inline]
pub fn read<T: Plain>(address: u64) -> Result<T> {
    check(address, size_of::<T>() as u64)?;
    let mut value = MaybeUninit::<T>::uninit();
    // SAFETY: the area is the program's, a fault is caught, and every bit pattern is a value.
    unsafe {
        done(user_copy(
            value.as_mut_ptr().cast(),
            address as *const u8,
            size_of::<T>() as u64,
        ))?;
        Ok(value.assume_init())
    }
}

/// Writes a value to the program's memory.
#[inline]
pub fn write<T: Plain>(address: u64, value: T) -> Result<()> {
    check(address, size_of::<T>() as u64)?;
    // SAFETY: the area is the program's, and a fault is caught.
    unsafe {
        done(user_copy(
            address as *mut u8,
            (&raw const value).cast(),
            size_of::<T>() as u64,
        ))
    }
}

/// Writes bytes to the program's memory.
pub fn write_bytes(address: u64, bytes: &[u8]) -> Result<()> {
    check(address, bytes.len() as u64)?;
    // SAFETY: as in `write`.
    unsafe { done(user_copy(address as *mut u8, bytes.as_ptr(), bytes.len() as u64)) }
}

/// Room for a string, not zeroed in advance, and for the word that its end lies in.
pub type StringBuffer = MaybeUninit<[u8; STRING_MAX + 8]>;
/// Longest string that is read from the program, with its zero byte: PATH_MAX.
pub const STRING_MAX: usize = 4096;

/// Reads a string that ends in a zero byte, eight bytes at a time, into `buffer`.
pub fn read_string(address: u64, buffer: &mut StringBuffer) -> Result<&[u8]> {
    let bytes: *mut u8 = buffer.as_mut_ptr().cast();
    let mut length = 0;
    while length < STRING_MAX {
        let at = address.wrapping_add(length as u64);
        // A string may end just before a page that is not mapped.
        let (word, size): (u64, usize) = if at % PAGE <= PAGE - 8 {
            (read(at)?, 8)
        } else {
            (u64::from(read::<u8>(at)?) | 1 << 8, 1)
        };
        // SAFETY: within the buffer, which has room for eight bytes more.
        unsafe { bytes.add(length).cast::<u64>().write_unaligned(word) }
        let zeroes = word.wrapping_sub(0x0101_0101_0101_0101) & !word & 0x8080_8080_8080_8080;
        let zero = zeroes.trailing_zeros() as usize / 8;
        if zeroes != 0 && zero < size && length + zero < STRING_MAX {
            // SAFETY: as many bytes were written.
            return Ok(unsafe { core::slice::from_raw_parts(bytes, length + zero) });
        }
        length += size;
    }
    Err(Errno::ENAMETOOLONG)
}

/// Writes the program's bytes to an I/O port.
pub fn out_string(port: u16, address: u64, bytes: u64) -> Result<()> {
    check(address, bytes)?;
    // SAFETY: the area is the program's, and a fault is caught.
    unsafe { done(user_out_string(port, address, bytes)) }
}

/// After a fault of the kernel that cannot be resolved: goes on behind the copy, if it was in one.
pub fn recover(frame: &mut Frame) -> bool {
    let in_copy = (&raw const user_code_start as u64..&raw const user_code_end as u64).contains(&frame.rip);
    if in_copy {
        frame.rip = (&raw const user_code_fault) as u64;
    }
    in_copy
}

/// What a copy by ring 3 took from the program and gives back at its end.
#[derive(Clone, Copy)]
struct Copying {
    rdi: u64,
    rsi: u64,
    rdx: u64,
    rip: u64,
    rflags: u64,
}

/// What zeroing a page took.
#[derive(Clone, Copy)]
struct Zeroing {
    rax: u64,
    rcx: u64,
    rdi: u64,
    rip: u64,
    rflags: u64,
}

static COPYING: Value<Option<Copying>> = Value::new(None);
static ZEROING: Value<Option<Zeroing>> = Value::new(None);

/// RFLAGS: string instructions count down.
const DIRECTION: u64 = 1 << 10;

/// Lets a system call return by way of a copy in ring 3, of `bytes` from where ring 3 can read to the program's memory.
/// An address that cannot be written turns the call's result into EFAULT.
pub fn copy_later(call: &mut SyscallFrame, to: u64, from: u64, bytes: u64) -> Result<()> {
    check(to, bytes)?;
    let saved = Copying {
        rdi: call.rdi,
        rsi: call.rsi,
        rdx: call.rdx,
        rip: call.rip,
        rflags: call.rflags,
    };
    // No copy is under way, since the program is making a system call.
    COPYING.set(Some(saved));
    (call.rdi, call.rsi, call.rdx) = (to, from, bytes);
    call.rip = in_helper(&raw const helper_copy);
    call.rflags &= !DIRECTION;
    Ok(())
}

/// Zeroes the page of a frame that a fault has just mapped: in ring 3 before the program goes on, or at once for the kernel.
pub fn zero_page(frame: &mut Frame, page: u64, physical: u64, from_user: bool) {
    if !from_user {
        // SAFETY: the frame is the program's, and nobody has used it yet.
        unsafe { direct(physical).write_bytes(0, PAGE as usize) }
        return;
    }
    let saved = Zeroing {
        rax: frame.rax,
        rcx: frame.rcx,
        rdi: frame.rdi,
        rip: frame.rip,
        rflags: frame.rflags,
    };
    // The zeroing helper takes no faults, so none is under way.
    ZEROING.set(Some(saved));
    (frame.rax, frame.rcx, frame.rdi) = (0, PAGE / 8, page);
    frame.rip = in_helper(&raw const helper_zero);
    frame.rflags &= !DIRECTION;
}

/// If the undefined instruction is the end of a helper: gives the program back what the helper took.
pub fn helper_done(frame: &mut Frame) -> bool {
    if frame.rip == in_helper(&raw const helper_zero_done)
        && let Some(saved) = ZEROING.replace(None)
    {
        (frame.rax, frame.rcx, frame.rdi) = (saved.rax, saved.rcx, saved.rdi);
        (frame.rip, frame.rflags) = (saved.rip, saved.rflags);
        return true;
    }
    frame.rip == in_helper(&raw const helper_copy_done) && end_copy(frame)
}

/// If a fault that cannot be resolved is the copying helper's: the system call answers EFAULT.
pub fn helper_failed(frame: &mut Frame) -> bool {
    let in_copy = (in_helper(&raw const helper_copy)..in_helper(&raw const helper_copy_done)).contains(&frame.rip);
    if in_copy && end_copy(frame) {
        frame.rax = (Errno::EFAULT as u64).wrapping_neg();
        return true;
    }
    false
}

fn end_copy(frame: &mut Frame) -> bool {
    let Some(saved) = COPYING.replace(None) else {
        return false;
    };
    (frame.rdi, frame.rsi, frame.rdx) = (saved.rdi, saved.rsi, saved.rdx);
    (frame.rip, frame.rflags) = (saved.rip, saved.rflags);
    true
}
