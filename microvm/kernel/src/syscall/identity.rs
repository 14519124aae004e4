//! System calls that tell the program about itself and the machine.

use crate::cpu::clock;
use crate::errno::{Errno, Result};
use crate::files::OPEN_MAX;
use crate::memory::layout::STACK_SIZE;
use crate::memory::MEMORY;
use crate::memory::user_access;

/// The number of the only process.
pub const PROCESS: u64 = 1;

/// `uname`: by its name, this is not Linux; the release is the one whose calls it speaks.
pub fn name(address: u64) -> Result<u64> {
    const FIELD: u64 = 65;
    let fields: [&[u8]; 6] = [b"isolab", b"isolab", b"6.1.0", VERSION.as_bytes(), b"x86_64", b"(none)"];
    for (n, field) in fields.into_iter().enumerate() {
        let at = address + n as u64 * FIELD;
        user_access::write_bytes(at, field)?;
        user_access::write(at + field.len() as u64, 0u8)?;
    }
    Ok(0)
}

/// What `uname` gives as the version.
pub const VERSION: &str = match option_env!("ISOLAB_KERNEL_VERSION") {
    Some(version) => version,
    None => "built-in guest kernel",
};

/// `prlimit64` and `getrlimit`: everything is unlimited but the stack and the number of open files.
pub fn limit(process: u64, resource: u64, new: u64, old: u64) -> Result<u64> {
    const RLIM_INFINITY: u64 = u64::MAX;
    const RLIMIT_STACK: u64 = 3;
    const RLIMIT_NOFILE: u64 = 7;
    if process != 0 && process != PROCESS {
        return Err(Errno::ESRCH);
    }
    if new != 0 {
        return Err(Errno::EPERM);
    }
    let limits = match resource {
        RLIMIT_STACK => [STACK_SIZE, RLIM_INFINITY],
        RLIMIT_NOFILE => [OPEN_MAX as u64; 2],
        0..16 => [RLIM_INFINITY, RLIM_INFINITY],
        _ => return Err(Errno::EINVAL),
    };
    if old != 0 {
        user_access::write(old, limits)?;
    }
    Ok(0)
}

/// `sched_getaffinity`: processor 0.
pub fn affinity(bytes: u64, address: u64) -> Result<u64> {
    if bytes < 8 {
        return Err(Errno::EINVAL);
    }
    user_access::write(address, 1u64).map(|()| 8)
}

/// `sysinfo`.
pub fn system_information(address: u64) -> Result<u64> {
    let (total, used) = {
        let memory = MEMORY.borrow();
        (memory.ram_bytes, memory.frames.used_bytes())
    };
    let mut information = [0u64; 14];
    information[0] = clock::monotonic() / 1_000_000_000;
    information[4] = total;
    information[5] = total.saturating_sub(used);
    information[10] = 1; // procs
    information[13] = 1; // mem_unit
    user_access::write(address, information).map(|()| 0)
}
