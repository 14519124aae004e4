//! The helper that executes a program which isolab's own process must not: one that may lead to /proc/self/exe, since
//! here that is this file, and one that runs as another user, since changing ids changes the memory that isolab's process
//! shares (prctl(2), PR_SET_DUMPABLE).
//!
//! It is started with `argv[0]` [`HELPER_NAME`](crate::abi::HELPER_NAME), `argv[1]` the working directory, then the
//! program and its arguments, and the descriptors that `abi.rs` lists.

use core::mem::MaybeUninit;

use crate::abi::{FILTER_MAX, Failure, HELPER_FAILURE, HELPER_NAME, HELPER_ORDER, Order, part};
use crate::sys::{self, Errno, call, credentials};

const F_SETFD: i32 = 2;
const FD_CLOEXEC: i32 = 1;
const PR_SET_KEEPCAPS: i32 = 8;
const PR_SET_NO_NEW_PRIVS: i32 = 38;
const SECCOMP_SET_MODE_FILTER: i32 = 1;
const SECCOMP_FILTER_FLAG_SPEC_ALLOW: i32 = 4;
const EIO: Errno = 5;
const EXDEV: Errno = 18;
const EINVAL: Errno = 22;
const PATH_MAX: usize = 4096;
/// Docker's exit code for what cannot be executed.
const CANNOT_EXECUTE: usize = 126;

/// `struct sock_fprog`.
#[repr(C)]
struct Filter {
    length: u16,
    instructions: *const u64,
}

fn fail(part: u32, errno: Errno) -> ! {
    let failure = Failure {
        part,
        errno: errno as u32,
    };
    // SAFETY: the bytes of a live value.
    let _ = unsafe { call!(sys::WRITE, HELPER_FAILURE, &raw const failure, size_of_val(&failure)) };
    sys::exit(CANNOT_EXECUTE);
}

/// Takes so many bytes from the pipe: isolab has written all of it before this process was there.
///
/// # Safety
/// `to` has room for them.
unsafe fn take(to: *mut u8, bytes: usize) -> Result<(), Errno> {
    // SAFETY: the caller vouches for the room.
    match unsafe { call!(sys::READ, HELPER_ORDER, to, bytes) }? {
        read if read == bytes => Ok(()),
        _ => Err(EIO),
    }
}

/// Changes the ids, drops what was not asked for. The kernel takes every capability from a thread whose user changes from
/// root to another, unless told to keep what is permitted.
fn become_user(order: &Order) -> Result<(), Errno> {
    credentials::drop_bounding_set(order.capabilities)?;
    // SAFETY: numbers.
    unsafe { call!(sys::PRCTL, PR_SET_KEEPCAPS, 1, 0, 0, 0) }?;
    if order.clear_groups != 0 {
        credentials::clear_groups()?;
    }
    credentials::change_ids(order.uid, order.gid)?;
    credentials::keep_capabilities(order.capabilities, order.uid != 0)
}

fn set_filter(length: usize) -> Result<(), Errno> {
    if length > FILTER_MAX {
        return Err(EINVAL);
    }
    let mut instructions = MaybeUninit::<[u64; FILTER_MAX]>::uninit();
    let program = Filter {
        length: length as u16,
        instructions: instructions.as_mut_ptr().cast(),
    };
    // SAFETY: room for as many; then a sock_fprog that describes them.
    unsafe {
        take(instructions.as_mut_ptr().cast(), length * size_of::<u64>())?;
        call!(sys::SECCOMP, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &raw const program).map(drop)
    }
}

/// As the user that the program runs as, and inside the root: what lies outside, the kernel names
/// "(unreachable)…" (getcwd(2), CVE-2024-21626).
fn change_directory(path: *const u8) -> Result<(), Errno> {
    let mut reached = MaybeUninit::<[u8; PATH_MAX]>::uninit();
    // SAFETY: a terminated string; a buffer of that size, which has been written to when the call succeeds.
    let first = unsafe {
        call!(sys::CHDIR, path)?;
        call!(sys::GETCWD, reached.as_mut_ptr(), PATH_MAX)?;
        *reached.as_ptr().cast::<u8>()
    };
    if first == b'/' { Ok(()) } else { Err(EXDEV) }
}

/// # Safety
/// `arguments` are `count` pointers to terminated strings and a null, and `environment` some and a null.
pub unsafe fn run(count: usize, arguments: *const *const u8, environment: *const *const u8) -> ! {
    // SAFETY: the caller vouches for the strings.
    let is_helper = count > 2 && unsafe { crate::is(*arguments, HELPER_NAME) };
    if !is_helper {
        sys::exit(CANNOT_EXECUTE);
    }
    let mut order = Order {
        become_user: 0,
        clear_groups: 0,
        uid: 0,
        gid: 0,
        capabilities: 0,
        filter_length: 0,
    };
    for fd in [HELPER_FAILURE, HELPER_ORDER] {
        // SAFETY: numbers.
        let _ = unsafe { call!(sys::FCNTL, fd, F_SETFD, FD_CLOEXEC) };
    }
    let done = |part, result: Result<(), Errno>| result.unwrap_or_else(|errno| fail(part, errno));
    // SAFETY: a struct of numbers.
    done(part::USER, unsafe { take((&raw mut order).cast(), size_of::<Order>()) });
    if order.become_user != 0 {
        done(part::USER, become_user(&order));
        // SAFETY: numbers.
        let set = unsafe { call!(sys::PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
        done(part::NO_NEW_PRIVILEGES, set.map(drop));
        if order.filter_length != 0 {
            done(part::FILTER, set_filter(order.filter_length as usize));
        }
        // SAFETY: there are more than two.
        done(part::DIRECTORY, change_directory(unsafe { *arguments.add(1) }));
    }
    // SAFETY: terminated arrays of terminated strings.
    let answer = unsafe {
        let program = *arguments.add(2);
        call!(sys::EXECVE, program, arguments.add(2), environment)
    };
    fail(part::EXECUTE, answer.err().unwrap_or(EIO))
}
