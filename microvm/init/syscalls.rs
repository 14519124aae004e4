//! The system calls that this program makes (numbers: Linux, arch/x86/entry/syscalls/syscall_64.tbl). Each gives the
//! kernel's answer: a result, or a negative error number.

use core::arch::asm;
use core::ffi::{CStr, c_char};

pub const ENOENT: isize = 2;
pub const EINTR: isize = 4;
pub const EEXIST: isize = 17;
pub const ENODEV: isize = 19;
pub const ENOTDIR: isize = 20;
pub const EINVAL: isize = 22;

pub const O_RDONLY: usize = 0;
pub const O_WRONLY: usize = 1;
pub const O_RDWR: usize = 2;
pub const O_NOCTTY: usize = 0o400;

fn call(number: usize, [a, b, c, d, e]: [usize; 5]) -> isize {
    call_with_six(number, [a, b, c, d, e, 0])
}

fn call_with_six(number: usize, [a, b, c, d, e, f]: [usize; 6]) -> isize {
    let answer;
    // SAFETY: the functions of this file pass addresses of live memory of the size that the call uses.
    unsafe {
        asm!("syscall", inlateout("rax") number as isize => answer, in("rdi") a, in("rsi") b, in("rdx") c,
             in("r10") d, in("r8") e, in("r9") f, out("rcx") _, out("r11") _, options(nostack));
    }
    answer
}

pub fn read(file: i32, buffer: &mut [u8]) -> isize {
    call(0, [file as usize, buffer.as_mut_ptr() as usize, buffer.len(), 0, 0])
}

/// Writes everything, or gives the error.
pub fn write_all(file: i32, mut bytes: &[u8]) -> isize {
    while !bytes.is_empty() {
        match call(1, [file as usize, bytes.as_ptr() as usize, bytes.len(), 0, 0]) {
            count if count >= 0 => bytes = bytes.get(count as usize..).unwrap_or_default(),
            error if error == -EINTR => {}
            error => return error,
        }
    }
    0
}

pub fn open(path: &CStr, flags: usize) -> isize {
    const O_CLOEXEC: usize = 0o2_000_000;
    call(2, [path.as_ptr() as usize, flags | O_CLOEXEC, 0, 0, 0])
}

pub fn close(file: i32) {
    call(3, [file as usize, 0, 0, 0, 0]);
}

/// A pipe: the end to read, and the end to write.
pub fn pipe() -> Option<[i32; 2]> {
    let mut ends = [0i32; 2];
    (call(22, [(&raw mut ends) as usize, 0, 0, 0, 0]) == 0).then_some(ends)
}

/// Maps a part of a file, shared, to read and write; gives the address.
pub fn map(file: i32, offset: usize, bytes: usize) -> isize {
    const PROT_READ_WRITE: usize = 3;
    const MAP_SHARED: usize = 1;
    call_with_six(9, [0, bytes, PROT_READ_WRITE, MAP_SHARED, file as usize, offset])
}

const SIGCHLD: usize = 17;
const SIG_BLOCK: usize = 0;
const SIG_SETMASK: usize = 2;

/// A descriptor to read when a child has ended (signalfd(2)); it takes SIGCHLD from now on.
pub fn child_signals() -> i32 {
    const SFD_NONBLOCK: usize = 0o4000;
    let set = 1u64 << (SIGCHLD - 1);
    let address = (&raw const set) as usize;
    call(14, [SIG_BLOCK, address, 0, 8, 0]);
    call(289, [usize::MAX, address, 8, SFD_NONBLOCK, 0]) as i32
}

/// As a program expects to begin.
pub fn unblock_signals() {
    let none = 0u64;
    call(14, [SIG_SETMASK, (&raw const none) as usize, 0, 8, 0]);
}

/// What poll(2) found of a descriptor.
#[derive(Clone, Copy, PartialEq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// Something to read.
    Input,
    /// Nothing to read, now or later: nobody writes there any more.
    End,
}

/// Looks at two descriptors; a negative one is passed over. Waits until there is something to tell, if it is to.
pub fn poll(files: [i32; 2], wait: bool) -> [Found; 2] {
    const POLLIN: u16 = 1;
    #[repr(C)]
    struct Polled {
        file: i32,
        events: u16,
        found: u16,
    }
    let mut polled = files.map(|file| Polled {
        file,
        events: POLLIN,
        found: 0,
    });
    let timeout = if wait { usize::MAX } else { 0 };
    call(7, [(&raw mut polled) as usize, 2, timeout, 0, 0]);
    polled.map(|polled| match polled.found {
        0 => Found::Nothing,
        found if found & POLLIN != 0 => Found::Input,
        _ => Found::End,
    })
}

pub fn dup2(from: i32, to: i32) {
    call(33, [from as usize, to as usize, 0, 0, 0]);
}

/// Closes every descriptor from this one on.
pub fn close_from(first: u32) {
    call(436, [first as usize, u32::MAX as usize, 0, 0, 0]);
}

pub fn fork() -> isize {
    call(57, [0; 5])
}

pub fn execve(path: &CStr, arguments: *const *const c_char, environment: *const *const c_char) -> isize {
    call(
        59,
        [path.as_ptr() as usize, arguments as usize, environment as usize, 0, 0],
    )
}

pub fn exit(status: u8) -> ! {
    loop {
        call(231, [status.into(), 0, 0, 0, 0]);
    }
}

/// A child that has ended: its number, and how it did; 0 if none has.
pub fn reap_one() -> (isize, i32) {
    const WNOHANG: usize = 1;
    let mut status = 0i32;
    (
        call(61, [usize::MAX, (&raw mut status) as usize, WNOHANG, 0, 0]),
        status,
    )
}

/// Waits for any child: its number, and how it ended.
pub fn wait() -> (isize, i32) {
    let mut status = 0i32;
    (call(61, [usize::MAX, (&raw mut status) as usize, 0, 0, 0]), status)
}

pub fn setsid() {
    call(112, [0; 5]);
}

pub fn mkdir(path: &CStr, mode: usize) {
    call(83, [path.as_ptr() as usize, mode, 0, 0, 0]);
}

pub fn chdir(path: &CStr) -> isize {
    call(80, [path.as_ptr() as usize, 0, 0, 0, 0])
}

pub fn chroot(path: &CStr) -> isize {
    call(161, [path.as_ptr() as usize, 0, 0, 0, 0])
}

pub fn chmod(path: &CStr, mode: usize) {
    call(90, [path.as_ptr() as usize, mode, 0, 0, 0]);
}

/// Flags of mount(2).
pub const MS_RDONLY: usize = 1;
const MS_MOVE: usize = 8192;

pub fn mount(source: &CStr, target: &CStr, kind: &CStr, flags: usize) -> isize {
    mount_with(source, target, kind, flags, None)
}

/// Mounts with options of the file system's own.
pub fn mount_with(source: &CStr, target: &CStr, kind: &CStr, flags: usize, options: Option<&CStr>) -> isize {
    let [source, target, kind] = [source, target, kind].map(|text| text.as_ptr() as usize);
    let options = options.map_or(0, |text| text.as_ptr() as usize);
    call(165, [source, target, kind, flags, options])
}

/// Moves what is mounted at one place to another.
pub fn move_mount(from: &CStr, to: &CStr) -> isize {
    mount(from, to, c"", MS_MOVE)
}

/// finit_module(2) without parameters.
pub fn load_module(file: i32) -> isize {
    call(313, [file as usize, c"".as_ptr() as usize, 0, 0, 0])
}

/// Permission for I/O ports (ioperm(2)); its children have it too.
pub fn ioperm(first: u16, count: usize, on: bool) -> isize {
    call(173, [first.into(), count, on.into(), 0, 0])
}

/// Restarts the machine (reboot(2)); its monitor ends it then.
pub fn restart() {
    call(169, [0xfee1_dead, 672_274_793, 0x0123_4567, 0, 0]);
}

fn ioctl(file: i32, request: usize, argument: usize) -> isize {
    call(16, [file as usize, request, argument, 0, 0])
}

/// Brings up the loopback interface (netdevice(7)).
pub fn loopback_up() {
    const SIOCSIFFLAGS: usize = 0x8914;
    const AF_INET: usize = 2;
    const SOCK_DGRAM: usize = 2;
    let socket = call(41, [AF_INET, SOCK_DGRAM, 0, 0, 0]);
    if socket < 0 {
        return;
    }
    let mut request = [0u8; 40];
    request[..2].copy_from_slice(b"lo");
    request[16] = 1; // IFF_UP
    ioctl(socket as i32, SIOCSIFFLAGS, request.as_ptr() as usize);
    close(socket as i32);
}

/// Makes a terminal pass every byte as it is, at once, without echo (Linux, asm-generic/termbits.h: `struct termios`).
pub fn make_raw(terminal: isize) -> isize {
    #[repr(C)]
    struct Termios {
        input: u32,
        output: u32,
        control: u32,
        local: u32,
        line: u8,
        characters: [u8; 19],
    }
    const TCSETS: usize = 0x5402;
    const B115200: u32 = 0o10002;
    const CS8: u32 = 0o60;
    const CREAD: u32 = 0o200;
    const CLOCAL: u32 = 0o4000;
    const VMIN: usize = 6;
    let mut termios = Termios {
        input: 0,
        output: 0,
        control: B115200 | CS8 | CREAD | CLOCAL,
        local: 0,
        line: 0,
        characters: [0; 19],
    };
    termios.characters[VMIN] = 1;
    ioctl(terminal as i32, TCSETS, (&raw const termios) as usize)
}

/// Waits until everything written to a terminal has gone out (tcdrain(3)).
pub fn drain(terminal: i32) {
    const TCSBRK: usize = 0x5409;
    while ioctl(terminal, TCSBRK, 1) == -EINTR {}
}
