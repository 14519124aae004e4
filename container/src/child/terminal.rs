//! The program's terminal, from the container's own /dev/pts.

use super::volumes;
use crate::plan::TerminalPlan;
use crate::rights;
use crate::sys::{self, Errno, call};

/// Opens a new terminal, sends the other end to isolab, and shows this one as /dev/console, too, as Docker does.
/// Returns the program's end. Runs in the directory that the root is put together in.
pub fn open(terminal: &TerminalPlan, uid: u32) -> Result<i32, Errno> {
    let flags = libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC;
    let other_end = sys::open(libc::AT_FDCWD, c"root/dev/pts/ptmx", flags, 0)?;
    let unlocked = 0i32;
    // SAFETY: an int to read, a struct winsize to read, and flags.
    let this_end = unsafe {
        call!(libc::SYS_ioctl, other_end, libc::TIOCSPTLCK, &raw const unlocked)?;
        call!(libc::SYS_ioctl, other_end, libc::TIOCSWINSZ, &raw const terminal.size)?;
        call!(libc::SYS_ioctl, other_end, libc::TIOCGPTPEER, flags)? as i32
    };
    // Who may read and write it: the program's user, and its group as the file system's options say.
    // SAFETY: numbers only; -1 leaves the group.
    unsafe { call!(libc::SYS_fchown, this_end, uid, u32::MAX) }?;
    rights::send_descriptor(terminal.socket, other_end)?;
    sys::close(other_end);

    sys::mknod(libc::AT_FDCWD, c"root/dev/console", libc::S_IFREG | 0o600, 0)?;
    let console = sys::open(libc::AT_FDCWD, c"root/dev/console", libc::O_PATH | libc::O_CLOEXEC, 0)?;
    let flags = libc::OPEN_TREE_CLONE | libc::OPEN_TREE_CLOEXEC | libc::AT_EMPTY_PATH as u32;
    // SAFETY: a terminated string.
    let tree = unsafe { call!(libc::SYS_open_tree, this_end, c"".as_ptr(), flags) }? as i32;
    volumes::attach(tree, console)?;
    sys::close(tree);
    sys::close(console);
    Ok(this_end)
}
