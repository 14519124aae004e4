//! Raw system calls for code that runs in a child sharing isolab's memory.
//!
//! Such a child has isolab's thread-local storage, so it must not call anything that touches `errno` or another
//! thread-local variable: no libc wrapper, no allocation, no panic. Everything here is inline assembly that returns
//! the kernel's answer. The runtime executable, which has no libc at all, is compiled from the same files (`runtime/main.rs`).

pub mod credentials;
mod raw;

use std::arch::asm;
use std::ffi::CStr;
use std::sync::atomic::AtomicU32;

pub(crate) use raw::call;
pub use raw::{Errno, syscall};

/// CLOCK_MONOTONIC in ns.
pub fn now_ns() -> u64 {
    let mut time = [0i64; 2];
    // SAFETY: clock_gettime(2) writes one timespec, which is two i64.
    let _ = unsafe { call!(libc::SYS_clock_gettime, libc::CLOCK_MONOTONIC, time.as_mut_ptr()) };
    time[0] as u64 * 1_000_000_000 + time[1] as u64
}

/// Sleeps while the word is `value`, or until woken. Waking without a change is possible: look again.
/// Not `FUTEX_PRIVATE_FLAG`: the kernel's wake-up for `CLONE_CHILD_CLEARTID` is not private either.
pub fn futex_wait(word: &AtomicU32, value: u32, timeout_ms: Option<u32>) {
    let time = timeout_ms.map(|ms| [i64::from(ms / 1000), i64::from(ms % 1000) * 1_000_000]);
    let pointer = time.as_ref().map_or(std::ptr::null(), |time| time.as_ptr());
    // SAFETY: word outlives the call; the timeout is null or a timespec. Every error means: look again.
    let _ = unsafe { call!(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, value, pointer) };
}

/// Wakes everyone who sleeps on the word.
pub fn futex_wake(word: &AtomicU32) {
    // SAFETY: FUTEX_WAKE only uses the word's address.
    let _ = unsafe { call!(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, i32::MAX) };
}

/// sched_yield(2).
pub fn yield_processor() {
    // SAFETY: no arguments.
    let _ = unsafe { call!(libc::SYS_sched_yield) };
}

/// Ends the calling process (exit_group(2)).
pub fn exit_process(code: i32) -> ! {
    loop {
        // SAFETY: exit_group(2) does not return.
        let _ = unsafe { call!(libc::SYS_exit_group, code) };
    }
}

/// Ends the calling thread (_exit(2), "C library/kernel differences").
pub fn exit_thread() -> ! {
    loop {
        // SAFETY: exit(2) does not return.
        let _ = unsafe { call!(libc::SYS_exit, 0) };
    }
}

/// mount(2).
pub fn mount(source: &CStr, target: &CStr, kind: &CStr, flags: u64, data: Option<&CStr>) -> Result<(), Errno> {
    let data = data.map_or(std::ptr::null(), |text| text.as_ptr());
    // SAFETY: all strings are terminated and outlive the call; data is null or such a string.
    unsafe {
        call!(
            libc::SYS_mount,
            source.as_ptr(),
            target.as_ptr(),
            kind.as_ptr(),
            flags,
            data
        )
    }
    .map(drop)
}

/// Binds `source` to `target` (mount(2), MS_BIND).
pub fn bind(source: &CStr, target: &CStr) -> Result<(), Errno> {
    mount(source, target, c"", libc::MS_BIND, None)
}

/// umount2(2) with MNT_DETACH.
pub fn detach(target: &CStr) -> Result<(), Errno> {
    // SAFETY: a terminated string.
    unsafe { call!(libc::SYS_umount2, target.as_ptr(), libc::MNT_DETACH) }.map(drop)
}

/// pivot_root(2).
pub fn pivot_root(new: &CStr, old: &CStr) -> Result<(), Errno> {
    // SAFETY: terminated strings.
    unsafe { call!(libc::SYS_pivot_root, new.as_ptr(), old.as_ptr()) }.map(drop)
}

/// chdir(2).
pub fn chdir(path: &CStr) -> Result<(), Errno> {
    // SAFETY: a terminated string.
    unsafe { call!(libc::SYS_chdir, path.as_ptr()) }.map(drop)
}

/// mkdirat(2).
pub fn mkdir(directory: i32, path: &CStr, mode: u32) -> Result<(), Errno> {
    // SAFETY: a terminated string.
    unsafe { call!(libc::SYS_mkdirat, directory, path.as_ptr(), mode) }.map(drop)
}

/// mknodat(2).
pub fn mknod(directory: i32, path: &CStr, mode: u32, device: u64) -> Result<(), Errno> {
    // SAFETY: a terminated string.
    unsafe { call!(libc::SYS_mknodat, directory, path.as_ptr(), mode, device) }.map(drop)
}

/// symlink(2).
pub fn symlink(target: &CStr, path: &CStr) -> Result<(), Errno> {
    // SAFETY: terminated strings.
    unsafe { call!(libc::SYS_symlink, target.as_ptr(), path.as_ptr()) }.map(drop)
}

/// openat(2).
pub fn open(directory: i32, path: &CStr, flags: i32, mode: u32) -> Result<i32, Errno> {
    // SAFETY: a terminated string.
    unsafe { call!(libc::SYS_openat, directory, path.as_ptr(), flags, mode) }.map(|fd| fd as i32)
}

/// openat2(2): opens `path` with the given `RESOLVE_*` restrictions. With `..` in a link, the kernel answers EAGAIN
/// when anything was mounted or renamed on the machine meanwhile: then it is tried again.
pub fn open_resolving(directory: i32, path: &CStr, flags: i32, resolve: u64) -> Result<i32, Errno> {
    const TRIES: u32 = 1000;
    let how: [u64; 3] = [(flags | libc::O_CLOEXEC) as u64, 0, resolve];
    let mut opened = Err(libc::EAGAIN);
    for _ in 0..TRIES {
        // SAFETY: a terminated string and a struct open_how, which is three u64.
        opened = unsafe {
            call!(
                libc::SYS_openat2,
                directory,
                path.as_ptr(),
                how.as_ptr(),
                size_of_val(&how)
            )
        };
        if opened != Err(libc::EAGAIN) {
            break;
        }
    }
    opened.map(|fd| fd as i32)
}

/// `struct stat` of x86-64.
#[repr(C)]
#[derive(Default)]
pub struct Stat {
    pub device: u64,
    pub inode: u64,
    pub links: u64,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    padding: u32,
    special: u64,
    size: i64,
    block_size: i64,
    blocks: i64,
    /// Seconds and nanoseconds.
    pub accessed: [i64; 2],
    pub modified: [i64; 2],
    changed: [i64; 2],
    rest: [i64; 3],
}

/// fstatat(2).
pub fn stat(directory: i32, path: &CStr, flags: i32) -> Result<Stat, Errno> {
    let mut about = Stat::default();
    // SAFETY: a terminated string and a struct stat of 144 bytes.
    unsafe { call!(libc::SYS_newfstatat, directory, path.as_ptr(), &raw mut about, flags) }?;
    Ok(about)
}

/// close(2). What it answers does not matter: the descriptor is gone in every case.
pub fn close(fd: i32) {
    // SAFETY: closing a number is safe for the kernel; callers close only what they opened.
    let _ = unsafe { call!(libc::SYS_close, fd) };
}

/// write(2) of all bytes at once; a short write counts as EIO.
pub fn write(fd: i32, bytes: &[u8]) -> Result<(), Errno> {
    // SAFETY: pointer and length describe the slice.
    let written = unsafe { call!(libc::SYS_write, fd, bytes.as_ptr(), bytes.len()) }?;
    if written == bytes.len() { Ok(()) } else { Err(libc::EIO) }
}

/// Opens a file, writes to it, and closes it.
pub fn write_to(directory: i32, path: &CStr, bytes: &[u8]) -> Result<(), Errno> {
    let file = open(directory, path, libc::O_WRONLY | libc::O_CLOEXEC, 0)?;
    let written = write(file, bytes);
    close(file);
    written
}

/// pipe2(2) with O_CLOEXEC: the end to read from, and the end to write to.
pub fn pipe() -> Result<[i32; 2], Errno> {
    let mut ends = [0i32; 2];
    // SAFETY: room for two numbers.
    unsafe { call!(libc::SYS_pipe2, ends.as_mut_ptr(), libc::O_CLOEXEC) }?;
    Ok(ends)
}

/// What poll(2) says of a descriptor now, of `events` and of those that are always told.
pub fn poll_now(fd: i32, events: i16) -> i16 {
    let mut waiting = libc::pollfd { fd, events, revents: 0 };
    // SAFETY: one pollfd, no waiting.
    match unsafe { call!(libc::SYS_poll, &raw mut waiting, 1, 0) } {
        Ok(1) => waiting.revents,
        _ => 0,
    }
}

/// Waits until the other end of a socket is closed.
#[allow(dead_code, reason = "for the runtime executable")]
pub fn wait_for_hang_up(socket: i32) {
    let mut waiting = libc::pollfd {
        fd: socket,
        events: 0,
        revents: 0,
    };
    // SAFETY: one pollfd, without a time.
    while unsafe { call!(libc::SYS_poll, &raw mut waiting, 1, -1i32) } == Err(libc::EINTR) {}
}

/// epoll_ctl(2), EPOLL_CTL_ADD.
#[allow(dead_code, reason = "for the runtime executable")]
pub fn add_to_epoll(epoll: i32, descriptor: i32, events: i32) -> Result<(), Errno> {
    // struct epoll_event of x86-64: events, then 8 bytes for the caller, without padding.
    let event = [events, 0, 0];
    // SAFETY: a struct epoll_event.
    unsafe {
        call!(
            libc::SYS_epoll_ctl,
            epoll,
            libc::EPOLL_CTL_ADD,
            descriptor,
            event.as_ptr()
        )
    }
    .map(drop)
}

/// unshare(2).
pub fn unshare(flags: i32) -> Result<(), Errno> {
    // SAFETY: no pointers; the flags used here do not touch memory or descriptors.
    unsafe { call!(libc::SYS_unshare, flags) }.map(drop)
}

/// prctl(2) with one argument that is not a pointer.
pub fn prctl(option: i32, argument: u64) -> Result<usize, Errno> {
    // SAFETY: callers use options whose argument is a number.
    unsafe { call!(libc::SYS_prctl, option, argument, 0, 0, 0) }
}

/// Sets a system-call filter (seccomp(2)).
pub fn set_filter(filter: &[libc::sock_filter]) -> Result<(), Errno> {
    let program = libc::sock_fprog {
        len: filter.len() as u16,
        filter: filter.as_ptr().cast_mut(),
    };
    // Without SPEC_ALLOW, kernels before 5.16 switch the processor's speculation off for the whole program.
    let flags = libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    // SAFETY: a sock_fprog that describes the filter, which the kernel copies.
    unsafe {
        call!(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            flags,
            &raw const program
        )
    }
    .map(drop)
}

/// Who may read an executable in memory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Readable {
    /// Nobody without a capability for it, so that the process that executes it cannot be traced, and its files of /proc are
    /// root's (execve(2), and prctl(2), PR_SET_DUMPABLE).
    No,
    /// Everybody.
    Yes,
}

/// A memory file with this content, to be executed: nothing can change it any more (memfd_create(2), F_ADD_SEALS).
pub fn sealed_file(name: &CStr, content: &[u8], readable: Readable) -> Result<i32, Errno> {
    let mode = match readable {
        Readable::No => 0o111,
        Readable::Yes => 0o555,
    };
    let seals = libc::F_SEAL_WRITE | libc::F_SEAL_GROW | libc::F_SEAL_SHRINK | libc::F_SEAL_SEAL;
    let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
    // MFD_EXEC asks for what `vm.memfd_noexec=1` would take away; kernels before 6.3 do not know it.
    // SAFETY: a terminated name; the answer is a new descriptor or an error.
    let create = |flags| unsafe { call!(libc::SYS_memfd_create, name.as_ptr(), flags) };
    let file = create(flags | libc::MFD_EXEC).or_else(|_| create(flags))? as i32;
    // SAFETY: numbers only.
    let sealed = write(file, content).and_then(|()| unsafe {
        call!(libc::SYS_fchmod, file, mode)?;
        call!(libc::SYS_fcntl, file, libc::F_ADD_SEALS, seals)
    });
    match sealed {
        Ok(_) => Ok(file),
        Err(errno) => {
            close(file);
            Err(errno)
        }
    }
}

/// clone3(2), Linux 5.7; the libc crate's constant has another type.
pub const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// `struct clone_args` of clone3(2), up to `cgroup` (Linux 5.7).
#[repr(C)]
#[derive(Default)]
pub struct CloneArgs {
    pub flags: u64,
    pub pidfd: u64,
    pub child_tid: u64,
    pub parent_tid: u64,
    pub exit_signal: u64,
    pub stack: u64,
    pub stack_size: u64,
    pub tls: u64,
    pub set_tid: u64,
    pub set_tid_size: u64,
    pub cgroup: u64,
}

/// clone3(2) with CLONE_VM: the child runs `entry(argument)` on its own stack. Returns the child's id to the caller.
///
/// # Safety
/// `arguments` must name a stack that is used by nothing else and stays mapped until the child has ended or executed
/// another program; `argument` must stay valid as long; `entry` must keep to what the top of this file says.
pub unsafe fn clone_onto<T>(
    arguments: &CloneArgs,
    entry: extern "C" fn(*const T) -> !,
    argument: *const T,
) -> Result<i32, Errno> {
    let answer: isize;
    // SAFETY: in the child, only registers carry state over to the new stack, which the kernel has set in rsp, 16-byte
    // aligned; `call` then gives `entry` the alignment that the System V ABI asks for, and it never returns.
    unsafe {
        asm!(
            "syscall", "test rax, rax", "jnz 2f", "xor ebp, ebp", "mov rdi, r12", "call r13", "ud2", "2:",
            inlateout("rax") libc::SYS_clone3 as isize => answer,
            in("rdi") arguments, in("rsi") size_of::<CloneArgs>(),
            in("r12") argument, in("r13") entry,
            lateout("rcx") _, lateout("r11") _,
        );
    }
    if answer < 0 {
        Err(-answer as Errno)
    } else {
        Ok(answer as i32)
    }
}
