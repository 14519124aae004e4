//! User, groups and capabilities of the calling thread (credentials(7), capabilities(7)). Compiled into the small
//! executables of `init/`, too.

use super::{Errno, call};

const SYS_SETGROUPS: i64 = 116;
const SYS_SETRESUID: i64 = 117;
const SYS_SETRESGID: i64 = 119;
const SYS_CAPGET: i64 = 125;
const SYS_CAPSET: i64 = 126;
const SYS_PRCTL: i64 = 157;
const PR_CAPBSET_DROP: i32 = 24;
const PR_CAP_AMBIENT: i32 = 47;
const PR_CAP_AMBIENT_RAISE: i32 = 2;
const PR_CAP_AMBIENT_CLEAR_ALL: i32 = 4;
const EINVAL: Errno = 22;

/// Bits of capabilities (capabilities(7), `include/uapi/linux/capability.h`).
pub const KILL: u64 = 1 << 5;
pub const SETGID: u64 = 1 << 6;
pub const SETUID: u64 = 1 << 7;
pub const SETPCAP: u64 = 1 << 8;

/// Takes every capability but those wanted out of the bounding set: exec can give none of them back.
pub fn drop_bounding_set(wanted: u64) -> Result<(), Errno> {
    for capability in (0..64).filter(|capability| wanted >> capability & 1 == 0) {
        // SAFETY: numbers only.
        match unsafe { call!(SYS_PRCTL, PR_CAPBSET_DROP, capability, 0, 0, 0) } {
            Ok(_) => {}
            // Past the last capability that this kernel has.
            Err(EINVAL) => break,
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Leaves the supplementary groups.
pub fn clear_groups() -> Result<(), Errno> {
    // SAFETY: an empty list.
    unsafe { call!(SYS_SETGROUPS, 0, 0) }.map(drop)
}

/// Changes every user and group id, of this thread alone.
pub fn change_ids(uid: u32, gid: u32) -> Result<(), Errno> {
    // SAFETY: numbers only.
    unsafe {
        call!(SYS_SETRESGID, gid, gid, gid)?;
        call!(SYS_SETRESUID, uid, uid, uid).map(drop)
    }
}

/// Sets the effective and permitted capabilities to those of `wanted` that are there. The ambient and inheritable ones
/// become none (CVE-2022-24769), or the same where they must outlast the exec of a user who is not root.
pub fn keep_capabilities(wanted: u64, over_exec: bool) -> Result<(), Errno> {
    // _LINUX_CAPABILITY_VERSION_3: two structs of 32 bits each for effective, permitted, inheritable.
    let header: [u32; 2] = [0x2008_0522, 0];
    let mut data = [[0u32; 3]; 2];
    let mut kept = 0u64;
    // SAFETY: header and data have the layout and size of version 3; numbers otherwise.
    unsafe {
        call!(SYS_PRCTL, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)?;
        call!(SYS_CAPGET, header.as_ptr(), data.as_mut_ptr())?;
        for (half, [effective, permitted, inheritable]) in data.iter_mut().enumerate() {
            *permitted &= (wanted >> (32 * half)) as u32;
            *effective = *permitted;
            *inheritable = if over_exec { *permitted } else { 0 };
            kept |= u64::from(*permitted) << (32 * half);
        }
        call!(SYS_CAPSET, header.as_ptr(), data.as_ptr())?;
        for capability in (0..64).filter(|capability| over_exec && kept >> capability & 1 == 1) {
            call!(SYS_PRCTL, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0)?;
        }
    }
    Ok(())
}
