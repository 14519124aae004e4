//! A program that reaches for pid 1 from its very first instruction, a thousand times: a copy of this executable whose entry
//! point is the function below. It has no libc and no thread-local storage, which nobody has set up.

use std::arch::{asm, global_asm};
use std::path::Path;

/// How often it tries everything.
const TRIES: u64 = 1000;

/// What it got hold of.
#[repr(C)]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Times that /proc/1/environ, cmdline or auxv could be opened and was not empty and not the init's.
    pub environment: u64,
    /// Times that /proc/1/mem could be opened for writing.
    pub memory: u64,
    /// Times that there was something at the address of this function, which the init does not have, and isolab has.
    pub memory_of_isolab: u64,
    /// Times that /proc/1/exe could be opened for writing.
    pub executable: u64,
    /// Times that pid 1 could be traced.
    pub traced: u64,
    /// Times that a link of /proc/1 could be followed: exe, root, cwd, a descriptor.
    pub links: u64,
    /// Times that it led to something else than the init or the container's own root.
    pub links_out: u64,
}

global_asm!(".globl first_instruction", "first_instruction:", "xor ebp, ebp", "and rsp, -16", "call {reach}", "ud2", reach = sym reach);

unsafe extern "C" {
    fn first_instruction();
}

fn syscall(number: i64, a: usize, b: usize, c: usize, d: usize) -> isize {
    let answer: isize;
    // SAFETY: the calls below pass terminated strings, buffers with their size, or numbers.
    unsafe {
        asm!("syscall", inlateout("rax") number as isize => answer, in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d,
            lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    answer
}

static mut REACHED: Reached = Reached {
    environment: 0,
    memory: 0,
    memory_of_isolab: 0,
    executable: 0,
    traced: 0,
    links: 0,
    links_out: 0,
};
static mut BUFFER: [u8; 256] = [0; 256];

/// Links of /proc/1, and what those of the init lead to.
static LINKS: [(&std::ffi::CStr, &[u8]); 8] = [
    (c"/proc/1/exe", b"/memfd:isolab-init (deleted)"),
    (c"/proc/1/root", b"/"),
    (c"/proc/1/cwd", b"/"),
    (c"/proc/1/fd/0", b"socket:["),
    (c"/proc/1/fd/1", b"anon_inode:[signalfd]"),
    (c"/proc/1/fd/2", b"nothing"),
    (c"/proc/1/fd/3", b"nothing"),
    (c"/proc/1/fd/4", b"nothing"),
];

/// Whether the text is a link's expected one: a socket has a number, too. Without memcmp(3), which has to be relocated first.
unsafe fn begins_with(text: *const u8, length: usize, expected: &[u8]) -> bool {
    let numbered = expected[expected.len() - 1] == b'[';
    let mut index = 0;
    while index < expected.len() {
        // SAFETY: the caller vouches for `length` bytes.
        if index == length || unsafe { *text.add(index) } != expected[index] {
            return false;
        }
        index += 1;
    }
    numbered || length == expected.len()
}

unsafe extern "C" fn reach() -> ! {
    let open = |path: &std::ffi::CStr, flags: i32| {
        syscall(
            libc::SYS_openat,
            libc::AT_FDCWD as usize,
            path.as_ptr() as usize,
            flags as usize,
            0,
        )
    };
    let reached = &raw mut REACHED;
    let buffer = &raw mut BUFFER as usize;
    for _ in 0..TRIES {
        // SAFETY: one thread uses the two statics.
        unsafe {
            let file = open(c"/proc/1/environ", libc::O_RDONLY);
            if file >= 0 {
                (*reached).environment += u64::from(syscall(libc::SYS_read, file as usize, buffer, 256, 0) > 0);
                syscall(libc::SYS_close, file as usize, 0, 0, 0);
            }
            let file = open(c"/proc/1/mem", libc::O_RDWR);
            if file >= 0 {
                (*reached).memory += 1;
                let here = first_instruction as *const () as usize;
                let read = syscall(libc::SYS_pread64, file as usize, buffer, 16, here);
                (*reached).memory_of_isolab += u64::from(read > 0);
                syscall(libc::SYS_close, file as usize, 0, 0, 0);
            }
            let file = open(c"/proc/1/exe", libc::O_WRONLY);
            if file >= 0 {
                (*reached).executable += 1;
                syscall(libc::SYS_close, file as usize, 0, 0, 0);
            }
            let mut link = 0;
            while link < LINKS.len() {
                let path = LINKS[link].0.as_ptr() as usize;
                let length = syscall(libc::SYS_readlink, path, buffer, 256, 0);
                if length > 0 {
                    (*reached).links += 1;
                    (*reached).links_out +=
                        u64::from(!begins_with(buffer as *const u8, length as usize, LINKS[link].1));
                }
                link += 1;
            }
        }
    }
    // Last: a traced pid 1 would stop.
    let traced = syscall(libc::SYS_ptrace, libc::PTRACE_SEIZE as usize, 1, 0, 0);
    // SAFETY: as above.
    unsafe { (*reached).traced += u64::from(traced == 0) };
    syscall(libc::SYS_write, 1, reached as usize, size_of::<Reached>(), 0);
    loop {
        syscall(libc::SYS_exit_group, 0, 0, 0, 0);
    }
}

impl Reached {
    /// Reads what the program has written.
    pub fn from_bytes(bytes: &[u8]) -> Reached {
        let number = |index: usize| u64::from_ne_bytes(bytes[index * 8..][..8].try_into().expect("8 bytes"));
        assert_eq!(bytes.len(), size_of::<Reached>());
        Reached {
            environment: number(0),
            memory: number(1),
            memory_of_isolab: number(2),
            executable: number(3),
            traced: number(4),
            links: number(5),
            links_out: number(6),
        }
    }
}

/// Writes the program: this executable, with another entry point (elf(5), `Elf64_Ehdr.e_entry`).
pub fn write_program(path: &Path) {
    const ENTRY: usize = 24;
    let mut executable = std::fs::read("/proc/self/exe").expect("own executable");
    let entry = first_instruction as *const () as u64;
    executable[ENTRY..ENTRY + 8].copy_from_slice(&entry.to_le_bytes());
    std::fs::write(path, executable).expect("write the program");
    crate::run::open_to_all(path);
}
