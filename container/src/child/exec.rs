//! The executions: pid 1's of its init, then the program's.
//!
//! Until the second one succeeds, /proc/self/exe is isolab's executable. An image that has a link or a script lead
//! there would have it run inside, where it could be opened, and be overwritten once isolab has ended (CVE-2019-5736).
//! So only what cannot lead there is executed at once: a static program of the container's own root (`executable.rs`). All
//! else is executed by a helper that is executed first, a sealed file in memory (`helper.rs`).

use std::ffi::CStr;

use super::executable;
use crate::abi;
use crate::plan::Plan;
use crate::sys::{self, Errno, call, credentials};

/// How the program is executed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// At once.
    Direct,
    /// By the helper.
    Helper,
}

/// Looks at the program. An error is what executing it would answer; ELOOP, too, for a link of /proc, which leads anywhere.
pub fn way(plan: &Plan) -> Result<Way, Errno> {
    let open = |flags, resolve| sys::open_resolving(libc::AT_FDCWD, plan.program, flags, resolve);
    let own_root = libc::RESOLVE_NO_XDEV | libc::RESOLVE_NO_MAGICLINKS;
    if !plan.changes_user()
        && let Ok(file) = open(libc::O_RDONLY | libc::O_NONBLOCK, own_root)
    {
        let stands_alone = executable::stands_alone(file, plan.program.to_bytes());
        sys::close(file);
        // A folder or a pipe cannot be read there.
        if stands_alone == Ok(true) {
            return Ok(Way::Direct);
        }
    }
    let file = open(libc::O_PATH, libc::RESOLVE_NO_MAGICLINKS)?;
    let about = sys::stat(file, c"", libc::AT_EMPTY_PATH);
    let flags = libc::AT_EMPTY_PATH | libc::AT_EACCESS;
    // SAFETY: a terminated string.
    let may = unsafe { call!(libc::SYS_faccessat2, file, c"".as_ptr(), libc::X_OK, flags) };
    sys::close(file);
    may?;
    match about?.mode & libc::S_IFMT {
        libc::S_IFREG => Ok(Way::Helper),
        _ => Err(libc::EACCES),
    }
}

/// Executes the program. Returns only when that failed.
pub fn become_program(plan: &Plan) -> Errno {
    let environment = plan.environment.as_ptr();
    // SAFETY: terminated arrays of terminated strings; the first two arguments are the helper's.
    let answer = unsafe {
        call!(
            libc::SYS_execve,
            plan.program.as_ptr(),
            plan.arguments.as_ptr().add(2),
            environment
        )
    };
    answer.err().unwrap_or(libc::EIO)
}

/// Gives up all that the init does not need. `executed` closes with the exec.
pub fn become_harmless(plan: &Plan, executed: i32) -> Result<(), Errno> {
    // The init keeps one capability: the program may run as another user, and it forwards signals to it. It also
    // means that a program without it cannot trace pid 1 (ptrace(2), "Ptrace access mode checking").
    credentials::drop_bounding_set(credentials::KILL)?;
    credentials::keep_capabilities(credentials::KILL, false)?;
    sys::prctl(libc::PR_SET_NO_NEW_PRIVS, 1)?;
    keep([plan.link, plan.init_image, executed], 0)?;
    // SAFETY: numbers only. The init lies where only a stack that is not randomised leaves room (`build.rs`).
    unsafe {
        call!(libc::SYS_fcntl, abi::INIT_IMAGE, libc::F_SETFD, libc::FD_CLOEXEC)?;
        call!(libc::SYS_fcntl, abi::INIT_EXECUTED, libc::F_SETFD, libc::FD_CLOEXEC)?;
        call!(libc::SYS_personality, libc::ADDR_NO_RANDOMIZE).map(drop)
    }
}

/// Sets the init's filter and executes it. Returns only when that failed; the filter allows nothing but to end then.
pub fn become_init(plan: &Plan, program: i32) -> Errno {
    let mut digits = [0u8; 12];
    let number = decimal(program, &mut digits);
    let arguments = [abi::INIT_NAME.as_ptr(), number.as_ptr(), std::ptr::null()];
    let environment = [std::ptr::null::<libc::c_char>()];
    let answer = sys::set_filter(plan.init_filter)
        .and_then(|()| execute(abi::INIT_IMAGE, arguments.as_ptr(), environment.as_ptr()));
    answer.err().unwrap_or(libc::EIO)
}

/// Puts descriptors at `first` and after, and closes everything behind them.
pub fn keep<const COUNT: usize>(fds: [i32; COUNT], first: i32) -> Result<(), Errno> {
    // High numbers first, since any of them may be where another has to go.
    let mut high = [0; COUNT];
    for (high, fd) in high.iter_mut().zip(fds) {
        // SAFETY: fcntl(2) with a number.
        *high = unsafe { call!(libc::SYS_fcntl, fd, libc::F_DUPFD_CLOEXEC, 16) }?;
    }
    for (offset, high) in high.into_iter().enumerate() {
        // SAFETY: numbers only.
        unsafe { call!(libc::SYS_dup3, high, first as usize + offset, 0) }?;
    }
    // SAFETY: numbers only.
    unsafe { call!(libc::SYS_close_range, first as usize + COUNT, u32::MAX, 0) }.map(drop)
}

/// execveat(2) of an open file.
pub fn execute(
    file: i32,
    arguments: *const *const libc::c_char,
    environment: *const *const libc::c_char,
) -> Result<usize, Errno> {
    // SAFETY: terminated arrays of terminated strings.
    unsafe {
        call!(
            libc::SYS_execveat,
            file,
            c"".as_ptr(),
            arguments,
            environment,
            libc::AT_EMPTY_PATH
        )
    }
}

/// Writes a number that is not negative in decimal, right-aligned and terminated, into the buffer.
pub fn decimal(mut number: i32, buffer: &mut [u8; 12]) -> &CStr {
    let mut start = buffer.len() - 1;
    for (index, digit) in buffer.iter_mut().enumerate().take(11).rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
        start = index;
        if number == 0 {
            break;
        }
    }
    CStr::from_bytes_with_nul(buffer.get(start..).unwrap_or(b"\0")).unwrap_or(c"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_decimal() {
        for number in [0, 2, 10, 32768, i32::MAX] {
            assert_eq!(decimal(number, &mut [0; 12]).to_str(), Ok(number.to_string().as_str()));
        }
    }
}
