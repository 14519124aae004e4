//! The file that says what to run: three little-endian 32-bit numbers, how many arguments (the program's path first) and
//! how many environment variables there are, and whether the program's root is a disk; then all of them, each ended by a
//! zero byte.

use crate::syscalls as sys;
use core::ffi::{CStr, c_char};

/// The most strings of a start; more than fit on one page of pointers are not for this small program.
const STRINGS: usize = 4096;
/// The largest file.
const BYTES: usize = 1 << 20;

/// What to run. Its pointer lists end in null, as execve(2) wants them.
pub struct Start {
    pointers: &'static [*const c_char; STRINGS + 2],
    arguments: usize,
    /// Whether the program's root is the first disk, and not the initramfs.
    pub root_is_disk: bool,
}

static mut TEXT: [u8; BYTES] = [0; BYTES];
static mut POINTERS: [*const c_char; STRINGS + 2] = [core::ptr::null(); STRINGS + 2];

/// Reads the file, if it is there and whole.
pub fn read() -> Option<Start> {
    let (text, pointers) = (&raw mut TEXT, &raw mut POINTERS);
    // SAFETY: called once, by the only thread; nobody else uses these two.
    let (text, pointers) = unsafe { (&mut *text, &mut *pointers) };
    let file = sys::open(c"/.isolab/start", sys::O_RDONLY);
    if file < 0 {
        return None;
    }
    let mut used = 0;
    while used < BYTES {
        match sys::read(file as i32, &mut text[used..]) {
            0 => break,
            count if count > 0 => used += count as usize,
            _ => return None,
        }
    }
    sys::close(file as i32);
    let text = &text[..used];
    let number = |at: usize| Some(u32::from_le_bytes(text.get(at..at + 4)?.try_into().ok()?) as usize);
    let (arguments, variables, root) = (number(0)?, number(4)?, number(8)?);
    if arguments == 0 || arguments.checked_add(variables)? > STRINGS {
        return None;
    }
    let mut rest = &text[12..];
    let mut slot = 0;
    for string in 0..arguments + variables {
        // A null between the two lists.
        slot += usize::from(string == arguments);
        let string = CStr::from_bytes_until_nul(rest).ok()?;
        pointers[slot] = string.as_ptr();
        slot += 1;
        rest = &rest[string.to_bytes_with_nul().len()..];
    }
    Some(Start {
        pointers,
        arguments,
        root_is_disk: root == 1,
    })
}

impl Start {
    /// The program's path.
    pub fn program(&self) -> &CStr {
        // SAFETY: the first pointer is a string in `TEXT`, which is never changed again.
        unsafe { CStr::from_ptr(self.pointers[0]) }
    }

    /// Its arguments, the path first.
    pub fn arguments(&self) -> *const *const c_char {
        self.pointers.as_ptr()
    }

    /// Its environment.
    pub fn environment(&self) -> *const *const c_char {
        self.pointers[self.arguments + 1..].as_ptr()
    }
}
