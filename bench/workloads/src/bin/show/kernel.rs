//! System calls that the standard library has no function for.

use std::ffi::{CStr, c_char, c_int, c_long, c_ulong};
use std::io;

/// `struct utsname`: six texts (uname(2)).
#[repr(C)]
struct Names([[c_char; 65]; 6]);

/// The beginning of `struct sysinfo` (sysinfo(2)), and room for the rest.
#[repr(C)]
struct Information {
    uptime_s: c_long,
    loads: [c_ulong; 3],
    total_ram: c_ulong,
    rest: [c_ulong; 12],
}

unsafe extern "C" {
    fn uname(names: *mut Names) -> c_int;
    fn sysinfo(information: *mut Information) -> c_int;
    fn getuid() -> u32;
    fn getgid() -> u32;
    fn getppid() -> c_int;
    fn setrlimit(resource: c_int, limit: *const [u64; 2]) -> c_int;
    fn prctl(option: c_int, value: c_ulong) -> c_int;
    fn fork() -> c_int;
    fn pause() -> c_int;
    fn kill(pid: c_int, signal: c_int) -> c_int;
    fn waitpid(pid: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn syscall(number: c_long) -> c_long;
}

const SIGKILL: c_int = 9;
const PR_SET_PDEATHSIG: c_int = 1;
const RLIMIT_AS: c_int = 9;

/// Kernel, host, release and version, as the kernel tells them.
pub fn names() -> [String; 4] {
    let mut names = Names([[0; 65]; 6]);
    // SAFETY: the kernel writes six texts that end in a zero byte; where it does not, they are empty.
    unsafe { uname(&raw mut names) };
    let text = |n: usize| {
        // SAFETY: see above; the last byte of each is never written to with anything else than zero.
        unsafe { CStr::from_ptr(names.0[n].as_ptr()) }
            .to_string_lossy()
            .into_owned()
    };
    [text(0), text(1), text(2), text(3)]
}

/// Seconds since the kernel was booted, and bytes of RAM.
pub fn uptime_and_ram() -> (i64, u64) {
    let mut information = Information {
        uptime_s: 0,
        loads: [0; 3],
        total_ram: 0,
        rest: [0; 12],
    };
    // SAFETY: the structure is at least as long as what the kernel writes. On x86-64 its unit of memory is a byte.
    unsafe { sysinfo(&raw mut information) };
    (information.uptime_s, information.total_ram)
}

/// User, group and parent process.
pub fn identity() -> (u32, u32, i32) {
    // SAFETY: these calls cannot fail.
    unsafe { (getuid(), getgid(), getppid()) }
}

/// Refuses this process more address space than so many bytes. A kernel without such limits has them in its machine's memory.
pub fn limit_address_space(bytes: u64) {
    let limit = [bytes; 2];
    // SAFETY: `limit` lives through the call.
    unsafe { setrlimit(RLIMIT_AS, &raw const limit) };
}

/// A child that does nothing and dies with this process. Dropping it ends it.
pub struct Child(c_int);

impl Child {
    /// Makes one.
    pub fn new() -> io::Result<Self> {
        // SAFETY: this process has one thread; the child makes system calls only.
        match unsafe { fork() } {
            0 => loop {
                // SAFETY: as above.
                unsafe {
                    prctl(PR_SET_PDEATHSIG, SIGKILL as c_ulong);
                    pause();
                }
            },
            pid if pid > 0 => Ok(Child(pid)),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // SAFETY: until it is waited for, the number is that of this child.
        unsafe {
            kill(self.0, SIGKILL);
            waitpid(self.0, std::ptr::null_mut(), 0);
        }
    }
}

/// A system call without arguments.
pub fn call(number: i64) -> io::Error {
    // SAFETY: the caller knows what it asks for.
    unsafe { syscall(number) };
    io::Error::last_os_error()
}
