//! A system call in inline assembly (syscall(2), "Architecture calling conventions"). Compiled into the small executables
//! of `init/`, too, which have no libc.

use core::arch::asm;

/// What the kernel answered instead of success: a positive errno(3) number.
pub type Errno = i32;

/// Makes a system call and turns the answer into a result.
///
/// # Safety
/// The arguments must be what the system call of that number expects; pointers among them must be valid for it.
#[inline(always)]
pub unsafe fn syscall(number: i64, arguments: [usize; 6]) -> Result<usize, Errno> {
    let answer: isize;
    // SAFETY: the caller vouches for number and arguments; the kernel changes rax, rcx and r11 only.
    unsafe {
        asm!("syscall", inlateout("rax") number as isize => answer,
            in("rdi") arguments[0], in("rsi") arguments[1], in("rdx") arguments[2],
            in("r10") arguments[3], in("r8") arguments[4], in("r9") arguments[5],
            lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    if (-4095..0).contains(&answer) {
        Err(-answer as Errno)
    } else {
        Ok(answer as usize)
    }
}

/// `call!(SYS_x, a, b, …)`: a system call with up to six arguments, each cast to `usize`.
macro_rules! call {
    ($number:expr) => { $crate::sys::syscall($number, [0; 6]) };
    ($number:expr, $a:expr) => { $crate::sys::syscall($number, [$a as usize, 0, 0, 0, 0, 0]) };
    ($number:expr, $a:expr, $b:expr) => { $crate::sys::syscall($number, [$a as usize, $b as usize, 0, 0, 0, 0]) };
    ($number:expr, $a:expr, $b:expr, $c:expr) => {
        $crate::sys::syscall($number, [$a as usize, $b as usize, $c as usize, 0, 0, 0])
    };
    ($number:expr, $a:expr, $b:expr, $c:expr, $d:expr) => {
        $crate::sys::syscall($number, [$a as usize, $b as usize, $c as usize, $d as usize, 0, 0])
    };
    ($number:expr, $a:expr, $b:expr, $c:expr, $d:expr, $e:expr) => {
        $crate::sys::syscall($number, [$a as usize, $b as usize, $c as usize, $d as usize, $e as usize, 0])
    };
}
pub(crate) use call;
