//! The system calls, by the numbers that Linux gives them on x86-64 (arch/x86/entry/syscalls/syscall_64.tbl); each
//! answers as its page in section 2 of the Linux manual says.

mod descriptors;
mod identity;
pub use identity::PROCESS;
mod mappings;
mod names;
mod paths;
mod time;

use crate::abi;
use crate::boot::entry::{kernel_stack_top, ring_3_stack_top};
use crate::errno::{Errno, Result};
use crate::global::Global;
use crate::traps::signals::{self, SIGNALS};
use crate::traps::entry::SyscallFrame;
use crate::counts;
use crate::cpu;
use crate::log;
use crate::power;
use crate::cpu::random;
use crate::memory::user_access;

/// The program made a system call; called by [`crate::traps::entry`] with the registers that carry it.
pub extern "C" fn system_call(a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, number: u64) -> u64 {
    counts::system_call(number);
    match dispatch(number, a, b, c, d, e, f) {
        Ok(value) => value,
        Err(error) => (error as u64).wrapping_neg(),
    }
}

/// What the program returns to, to change it.
fn frame() -> &'static mut SyscallFrame {
    let stack_top = match cpu::ring() {
        0 => &raw const kernel_stack_top,
        _ => &raw const ring_3_stack_top,
    };
    // SAFETY: a system call always lays its frame at the top of its stack, and there is one at a time; callers use it for
    // one statement.
    unsafe { &mut *stack_top.cast::<SyscallFrame>().cast_mut().sub(1) }
}

#[inline(always)]
fn dispatch(number: u64, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64) -> Result<u64> {
    match number {
        0 => descriptors::read(a, b, c),
        1 => descriptors::write(a, b, c),
        2 => paths::open(paths::AT_FDCWD, a, b),
        3 => descriptors::close(a),
        4 => paths::stat(paths::AT_FDCWD, a, b, 0),
        5 => descriptors::stat(a, b),
        6 => paths::stat(paths::AT_FDCWD, a, b, paths::AT_SYMLINK_NOFOLLOW),
        7 => descriptors::poll(a, b, c),
        8 => descriptors::seek(a, b as i64, c),
        9 => mappings::map(a, b, c, d, e, f),
        10 => mappings::protect(a, b, c),
        11 => mappings::unmap(a, b),
        12 => mappings::set_break(a),
        13 => signal_action(a, b, c, d),
        14 => signal_mask(a, b, c, d),
        16 => descriptors::control(a),
        17 => descriptors::read_at(a, b, c, d),
        19 => descriptors::read_vector(a, b, c),
        20 => descriptors::write_vector(a, b, c),
        21 => paths::access(paths::AT_FDCWD, a, b),
        24 => Ok(0), // sched_yield
        25 => mappings::remap(a, b, c, d),
        28 => mappings::advise(a, b, c),
        35 => time::sleep(a),
        39 | 186 => Ok(PROCESS),          // getpid, gettid
        60 | 231 => power::exit(a as u8), // exit, exit_group
        62 => signal_send(a as i32, b),
        63 => identity::name(a),
        72 => descriptors::fcntl(a, b),
        79 => paths::working_directory(a, b),
        89 => paths::read_link(paths::AT_FDCWD, a, b, c),
        96 => time::time_of_day(a),
        97 => identity::limit(0, a, 0, b),
        99 => identity::system_information(a),
        102 | 104 | 107 | 108 | 110 => Ok(0), // getuid, getgid, geteuid, getegid, getppid
        131 => signal_stack(a, b),
        158 => thread_pointer(a, b),
        127 => signal_pending(a, b),
        200 => signal_thread(PROCESS as i32, a as i32, b),
        201 => time::seconds(a),
        202 => time::futex(a, b, c, d, f),
        204 => identity::affinity(b, c),
        217 => descriptors::entries(a, b, c),
        218 => Ok(PROCESS), // set_tid_address
        228 => time::clock(a, b),
        229 => time::resolution(a, b),
        230 => time::clock_sleep(a, b, c),
        234 => signal_thread(a as i32, b as i32, c),
        257 => paths::open(a, b, c),
        262 => paths::stat(a, b, c, d),
        267 => paths::read_link(a, b, c, d),
        269 => paths::access(a, b, c),
        271 => descriptors::poll_precisely(a, b, c),
        273 => Ok(0), // set_robust_list
        302 => identity::limit(a, b, c, d),
        318 => random_bytes(a, b),
        334 => Err(Errno::ENOSYS), // rseq: optional for the C libraries
        abi::PANIC_CALL => panic!("the program has asked for it"),
        _ => unknown(number),
    }
}

/// A call that this kernel does not have: names it once.
fn unknown(number: u64) -> Result<u64> {
    static SEEN: Global<[u64; 8]> = Global::new([0; 8]);
    let mut seen = SEEN.borrow();
    let (word, bit) = ((number / 64) as usize % 8, 1 << (number % 64));
    if seen[word] & bit == 0 {
        seen[word] |= bit;
        log!(
            "unknown system call {number} ({}), answered with ENOSYS",
            names::name(number)
        );
    }
    Err(Errno::ENOSYS)
}

/// `arch_prctl`: the bases of FS and GS.
fn thread_pointer(operation: u64, address: u64) -> Result<u64> {
    let (set, register) = match operation {
        0x1001 => (true, cpu::msr::GS_BASE),
        0x1002 => (true, cpu::msr::FS_BASE),
        0x1003 => (false, cpu::msr::FS_BASE),
        0x1004 => (false, cpu::msr::GS_BASE),
        _ => return Err(Errno::EINVAL),
    };
    if !set {
        // SAFETY: the register exists.
        return user_access::write(address, unsafe { cpu::rdmsr(register) }).map(|()| 0);
    }
    if address >= crate::memory::layout::USER_END {
        return Err(Errno::EPERM);
    }
    // SAFETY: the register exists, the address is canonical, and the kernel uses neither FS nor GS.
    unsafe { cpu::wrmsr(register, address) }
    Ok(0)
}

/// `getrandom`.
fn random_bytes(address: u64, bytes: u64) -> Result<u64> {
    let bytes = bytes.min(256);
    for at in (0..bytes).step_by(8) {
        let word = random::word().to_le_bytes();
        user_access::write_bytes(address + at, &word[..(bytes - at).min(8) as usize])?;
    }
    Ok(bytes)
}

/// Bytes of a set of signals.
const SIGNAL_SET: u64 = 8;

/// `rt_sigaction`.
fn signal_action(signal: u64, new: u64, old: u64, size: u64) -> Result<u64> {
    if size != SIGNAL_SET || new != 0 && !signals::can_be_handled(signal) {
        return Err(Errno::EINVAL);
    }
    let current = SIGNALS.action(signal)?;
    let before = current.get();
    if new != 0 {
        current.set(user_access::read(new)?);
    }
    if old != 0 {
        user_access::write(old, before)?;
    }
    Ok(0)
}

/// `rt_sigprocmask`.
fn signal_mask(how: u64, new: u64, old: u64, size: u64) -> Result<u64> {
    if size != SIGNAL_SET {
        return Err(Errno::EINVAL);
    }
    let before = SIGNALS.mask.get();
    if new != 0 {
        let set: u64 = user_access::read(new)?;
        let mask = match how {
            0 => before | set,
            1 => before & !set,
            2 => set,
            _ => return Err(Errno::EINVAL),
        };
        SIGNALS.mask.set(mask);
    }
    if old != 0 {
        user_access::write(old, before)?;
    }
    signals::deliver_pending().map(|()| 0)
}

/// `sigaltstack`.
fn signal_stack(new: u64, old: u64) -> Result<u64> {
    let before = SIGNALS.stack.get();
    if new != 0 {
        SIGNALS.stack.set(user_access::read(new)?);
    }
    if old != 0 {
        user_access::write(old, before)?;
    }
    Ok(0)
}

/// `rt_sigpending`.
fn signal_pending(set: u64, size: u64) -> Result<u64> {
    if size > SIGNAL_SET {
        return Err(Errno::EINVAL);
    }
    user_access::write_bytes(set, &signals::pending().to_le_bytes()[..size as usize]).map(|()| 0)
}

/// `tkill`, `tgkill`: the process has one thread, of its own number.
fn signal_thread(process: i32, thread: i32, signal: u64) -> Result<u64> {
    if process <= 0 || thread <= 0 {
        return Err(Errno::EINVAL);
    }
    match (process as u64, thread as u64) {
        (PROCESS, PROCESS) => signal_send(process, signal),
        _ => Err(Errno::ESRCH),
    }
}

/// `kill`: there is one process to send a signal to, by its number or as the group that it is in.
fn signal_send(process: i32, signal: u64) -> Result<u64> {
    if process != 0 && process != PROCESS as i32 {
        return Err(Errno::ESRCH);
    }
    if signal != 0 {
        signals::raise(signal)?;
    }
    Ok(0)
}
