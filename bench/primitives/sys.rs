//! System calls, made directly (Linux, arch/x86/entry/syscalls/syscall_64.tbl), and what the compiler expects of a C library.

use core::arch::asm;
use core::ffi::CStr;

/// A network namespace of its own (clone(2)).
pub const CLONE_NEWNET: u64 = 0x4000_0000;
/// A user namespace of its own.
pub const CLONE_NEWUSER: u64 = 0x1000_0000;
/// What an ordinary user may not.
pub const EPERM: i32 = 1;
/// Nobody at the other end.
pub const EPIPE: i32 = 32;

const SIGCHLD: u64 = 17;
const CLOCK_MONOTONIC: u64 = 1;
/// KVM_CREATE_VM (Documentation/virt/kvm/api.rst, 4.2).
const KVM_CREATE_VM: u64 = 0xae01;

/// # Safety
/// The call itself is sound with these arguments.
unsafe fn call(number: u64, [a, b, c, d, e, f]: [u64; 6]) -> Result<u64, i32> {
    let answer: i64;
    // SAFETY: the kernel keeps all registers but these; what it does to memory is up to the caller.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number as i64 => answer,
            in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e, in("r9") f,
            lateout("rcx") _, lateout("r11") _,
            options(nostack)
        );
    }
    if (-4095..0).contains(&answer) {
        Err(-answer as i32)
    } else {
        Ok(answer as u64)
    }
}

/// The time of CLOCK_MONOTONIC. By a system call: there is no vDSO here, and in no built-in guest.
pub fn now_ns() -> u64 {
    let mut time = [0_u64; 2];
    // SAFETY: the kernel writes two words to `time`.
    let _ = unsafe { call(228, [CLOCK_MONOTONIC, time.as_mut_ptr() as u64, 0, 0, 0, 0]) };
    time[0] * 1_000_000_000 + time[1]
}

/// getppid(2).
pub fn parent() {
    // SAFETY: no pointers.
    let _ = unsafe { call(110, [0; 6]) };
}

/// New memory, without huge pages.
pub fn map(bytes: usize) -> Result<u64, i32> {
    const READ_WRITE: u64 = 3;
    const PRIVATE_ANONYMOUS: u64 = 0x22;
    const MADV_NOHUGEPAGE: u64 = 15;
    // SAFETY: a new mapping, which nothing else refers to.
    unsafe {
        let area = call(9, [0, bytes as u64, READ_WRITE, PRIVATE_ANONYMOUS, u64::MAX, 0])?;
        // A kernel without huge pages refuses, and needs no advice.
        let _ = call(28, [area, bytes as u64, MADV_NOHUGEPAGE, 0, 0, 0]);
        Ok(area)
    }
}

/// Gives memory of [`map`] back.
pub fn unmap(area: u64, bytes: usize) -> Result<(), i32> {
    // SAFETY: the caller uses the area no more.
    unsafe { call(11, [area, bytes as u64, 0, 0, 0, 0]) }.map(drop)
}

/// The end to read from and the end to write to.
pub fn pipe() -> Result<[u64; 2], i32> {
    let mut ends = [0_i32; 2];
    // SAFETY: the kernel writes two numbers to `ends`.
    unsafe { call(22, [ends.as_mut_ptr() as u64, 0, 0, 0, 0, 0]) }?;
    Ok(ends.map(|end| end as u64))
}

/// Whether a byte came.
pub fn read(from: u64) -> bool {
    let mut byte = 0_u8;
    // SAFETY: the kernel writes at most one byte to `byte`.
    unsafe { call(0, [from, &raw mut byte as u64, 1, 0, 0, 0]) == Ok(1) }
}

/// Whether all of it was taken.
pub fn write(to: u64, bytes: &[u8]) -> bool {
    let length = bytes.len() as u64;
    // SAFETY: the kernel reads the bytes.
    unsafe { call(1, [to, bytes.as_ptr() as u64, length, 0, 0, 0]) == Ok(length) }
}

/// Closes a descriptor.
pub fn close(descriptor: u64) {
    // SAFETY: the caller uses it no more.
    let _ = unsafe { call(3, [descriptor, 0, 0, 0, 0, 0]) };
}

/// Opens a file for reading and writing.
pub fn open(path: &CStr) -> Result<u64, i32> {
    const O_RDWR: u64 = 2;
    // SAFETY: the kernel reads the path.
    unsafe { call(2, [path.as_ptr() as u64, O_RDWR, 0, 0, 0, 0]) }
}

/// A new virtual machine, as a descriptor.
pub fn create_vm(kvm: u64) -> Result<u64, i32> {
    // SAFETY: no pointers.
    unsafe { call(16, [kvm, KVM_CREATE_VM, 0, 0, 0, 0]) }
}

/// A copy of this process, in which the answer is 0.
pub fn clone(namespaces: u64) -> Result<u64, i32> {
    // SAFETY: without CLONE_VM the copy has memory of its own, this stack included.
    unsafe { call(56, [namespaces | SIGCHLD, 0, 0, 0, 0, 0]) }
}

/// Waits for a child's end.
pub fn wait(child: u64) {
    // SAFETY: no status is asked for.
    let _ = unsafe { call(61, [child, 0, 0, 0, 0, 0]) };
}

/// Stays on the processor that this runs on, and children with it.
pub fn stay_on_this_cpu() -> Result<(), i32> {
    const MOST_CPUS: usize = 8192;
    let mut cpu = 0_u32;
    let mut set = [0_u64; MOST_CPUS / 64];
    // SAFETY: getcpu writes a number to `cpu`; sched_setaffinity reads `set`.
    unsafe {
        call(309, [&raw mut cpu as u64, 0, 0, 0, 0, 0])?;
        let word = set.get_mut(cpu as usize / 64).ok_or(EPERM)?;
        *word = 1 << (cpu % 64);
        call(203, [0, size_of_val(&set) as u64, set.as_ptr() as u64, 0, 0, 0]).map(drop)
    }
}

/// Ends this process.
pub fn exit(status: u64) -> ! {
    loop {
        // SAFETY: does not return.
        let _ = unsafe { call(231, [status, 0, 0, 0, 0, 0]) };
    }
}

/// As in C: the compiler calls it.
///
/// # Safety
/// As in C.
#[unsafe(no_mangle)]
unsafe extern "C" fn memset(to: *mut u8, byte: i32, length: usize) -> *mut u8 {
    // SAFETY: `length` bytes at `to` may be written to; the direction flag is clear (System V ABI).
    unsafe {
        asm!("rep stosb", inout("rdi") to => _, inout("rcx") length => _, in("al") byte as u8, options(nostack, preserves_flags));
    }
    to
}

/// As in C: the compiler calls it.
///
/// # Safety
/// As in C.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, length: usize) -> *mut u8 {
    // SAFETY: `length` bytes at `from` may be read and at `to` written to; the direction flag is clear (System V ABI).
    unsafe {
        asm!("rep movsb", inout("rdi") to => _, inout("rsi") from => _, inout("rcx") length => _, options(nostack, preserves_flags));
    }
    to
}

/// As in C: the compiler calls it.
///
/// # Safety
/// As in C.
#[unsafe(no_mangle)]
unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, length: usize) -> *mut u8 {
    let mut rest = if (to as usize) > from as usize { length } else { 0 };
    if rest == 0 {
        // SAFETY: copied from the front, bytes are read before they are written over.
        return unsafe { memcpy(to, from, length) };
    }
    while rest > 0 {
        rest -= 1;
        // SAFETY: within the bytes given; from the back, bytes are read before they are written over.
        unsafe { to.add(rest).write_volatile(from.add(rest).read_volatile()) };
    }
    to
}

/// As in C: the compiler calls it.
///
/// # Safety
/// As in C.
#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(left: *const u8, right: *const u8, length: usize) -> i32 {
    // SAFETY: within the bytes given.
    let differ = |at: usize| unsafe { left.add(at).read_volatile() != right.add(at).read_volatile() };
    i32::from((0..length).any(differ))
}

/// As in C: the compiler calls it.
///
/// # Safety
/// As in C.
#[unsafe(no_mangle)]
unsafe extern "C" fn strlen(text: *const u8) -> usize {
    let mut length = 0;
    // SAFETY: up to the zero byte at the end.
    while unsafe { text.add(length).read_volatile() } != 0 {
        length += 1;
    }
    length
}
