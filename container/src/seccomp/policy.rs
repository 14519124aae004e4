//! Which system calls a container may make: the allow-list that Docker uses by default, for x86-64.
//!
//! Source: the default profile of Docker (github.com/moby/profiles, `seccomp/default.json`, June 2026) and its page
//! <https://docs.docker.com/engine/security/seccomp/>. One difference: programs for i386 and x32 are refused as a whole,
//! because isolab runs x86-64 programs only.

use std::collections::{BTreeMap, BTreeSet};

use crate::capability::Capability;
use crate::spec::Seccomp;

/// What happens to a system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It is made.
    Allow,
    /// It ends the process.
    Kill,
    /// It is not, and answers this errno(3).
    Refuse(u16),
    /// It is made unless its first argument has one of these bits.
    AllowWithout(u32),
    /// It is made if its first argument is one of these.
    AllowOneOf(&'static [u32]),
    /// It is made unless its first argument is one of these.
    AllowUnlessOneOf(&'static [u32]),
}

/// What happens to each system call.
#[derive(Debug)]
pub struct Policy {
    /// To those named.
    pub rules: BTreeMap<u32, Verdict>,
    /// To all others, and to those named when their arguments are refused.
    pub default: Verdict,
    /// To those with a number above all that are named, which the author of the list did not know. Up to [`X32_BIT`].
    pub unknown: Verdict,
}

/// Numbers from here on are calls of x32 programs (`__X32_SYSCALL_BIT` of asm/unistd.h).
pub const X32_BIT: u32 = 0x4000_0000;

/// The default of the containers' policy.
pub const EPERM: Verdict = Verdict::Refuse(libc::EPERM as u16);

/// `CLONE_NEW*` of clone(2), as its first argument: no new namespaces.
const NEW_NAMESPACES: u32 = 0x7e02_0000;

/// Address families without isolation between containers: AF_ALG, AF_VSOCK.
const REFUSED_FAMILIES: &[u32] = &[38, 40];

/// The execution domains of personality(2) that change nothing dangerous: Linux, Linux 32 bit, each with
/// UNAME26, and the question which one is in force.
const PERSONALITIES: &[u32] = &[0, 8, 0x2_0000, 0x2_0008, 0xffff_ffff];

// Numbers that the libc crate does not name (arch/x86/entry/syscalls/syscall_64.tbl).
const SYS_IO_PGETEVENTS: i64 = 333;
const SYS_URETPROBE: i64 = 335;
const SYS_CACHESTAT: i64 = 451;
const SYS_MAP_SHADOW_STACK: i64 = 453;
const SYS_FUTEX_WAKE: i64 = 454;
const SYS_FUTEX_WAIT: i64 = 455;
const SYS_FUTEX_REQUEUE: i64 = 456;
const SYS_STATMOUNT: i64 = 457;
const SYS_LISTMOUNT: i64 = 458;
const SYS_SETXATTRAT: i64 = 463;
const SYS_GETXATTRAT: i64 = 464;
const SYS_LISTXATTRAT: i64 = 465;
const SYS_REMOVEXATTRAT: i64 = 466;

/// Allowed to everyone, whatever the arguments.
#[rustfmt::skip]
const ALWAYS: &[i64] = &[
    libc::SYS_read, libc::SYS_write, libc::SYS_open, libc::SYS_close, libc::SYS_stat, libc::SYS_fstat,
    libc::SYS_lstat, libc::SYS_poll, libc::SYS_lseek, libc::SYS_mmap, libc::SYS_mprotect, libc::SYS_munmap,
    libc::SYS_brk, libc::SYS_rt_sigaction, libc::SYS_rt_sigprocmask, libc::SYS_rt_sigreturn, libc::SYS_ioctl,
    libc::SYS_pread64, libc::SYS_pwrite64, libc::SYS_readv, libc::SYS_writev, libc::SYS_access, libc::SYS_pipe,
    libc::SYS_select, libc::SYS_sched_yield, libc::SYS_mremap, libc::SYS_msync, libc::SYS_mincore,
    libc::SYS_madvise, libc::SYS_shmget, libc::SYS_shmat, libc::SYS_shmctl, libc::SYS_dup, libc::SYS_dup2,
    libc::SYS_pause, libc::SYS_nanosleep, libc::SYS_getitimer, libc::SYS_alarm, libc::SYS_setitimer,
    libc::SYS_getpid, libc::SYS_sendfile, libc::SYS_connect, libc::SYS_accept, libc::SYS_sendto,
    libc::SYS_recvfrom, libc::SYS_sendmsg, libc::SYS_recvmsg, libc::SYS_shutdown, libc::SYS_bind,
    libc::SYS_listen, libc::SYS_getsockname, libc::SYS_getpeername, libc::SYS_socketpair, libc::SYS_setsockopt,
    libc::SYS_getsockopt, libc::SYS_fork, libc::SYS_vfork, libc::SYS_execve, libc::SYS_exit, libc::SYS_wait4,
    libc::SYS_kill, libc::SYS_uname, libc::SYS_semget, libc::SYS_semop, libc::SYS_semctl, libc::SYS_shmdt,
    libc::SYS_msgget, libc::SYS_msgsnd, libc::SYS_msgrcv, libc::SYS_msgctl, libc::SYS_fcntl, libc::SYS_flock,
    libc::SYS_fsync, libc::SYS_fdatasync, libc::SYS_truncate, libc::SYS_ftruncate, libc::SYS_getdents,
    libc::SYS_getcwd, libc::SYS_chdir, libc::SYS_fchdir, libc::SYS_rename, libc::SYS_mkdir, libc::SYS_rmdir,
    libc::SYS_creat, libc::SYS_link, libc::SYS_unlink, libc::SYS_symlink, libc::SYS_readlink, libc::SYS_chmod,
    libc::SYS_fchmod, libc::SYS_chown, libc::SYS_fchown, libc::SYS_lchown, libc::SYS_umask,
    libc::SYS_gettimeofday, libc::SYS_getrlimit, libc::SYS_getrusage, libc::SYS_sysinfo, libc::SYS_times,
    libc::SYS_ptrace, libc::SYS_getuid, libc::SYS_getgid, libc::SYS_setuid, libc::SYS_setgid, libc::SYS_geteuid,
    libc::SYS_getegid, libc::SYS_setpgid, libc::SYS_getppid, libc::SYS_getpgrp, libc::SYS_setsid,
    libc::SYS_setreuid, libc::SYS_setregid, libc::SYS_getgroups, libc::SYS_setgroups, libc::SYS_setresuid,
    libc::SYS_getresuid, libc::SYS_setresgid, libc::SYS_getresgid, libc::SYS_getpgid, libc::SYS_setfsuid,
    libc::SYS_setfsgid, libc::SYS_getsid, libc::SYS_capget, libc::SYS_capset, libc::SYS_rt_sigpending,
    libc::SYS_rt_sigtimedwait, libc::SYS_rt_sigqueueinfo, libc::SYS_rt_sigsuspend, libc::SYS_sigaltstack,
    libc::SYS_utime, libc::SYS_mknod, libc::SYS_statfs, libc::SYS_fstatfs, libc::SYS_getpriority,
    libc::SYS_setpriority, libc::SYS_sched_setparam, libc::SYS_sched_getparam, libc::SYS_sched_setscheduler,
    libc::SYS_sched_getscheduler, libc::SYS_sched_get_priority_max, libc::SYS_sched_get_priority_min,
    libc::SYS_sched_rr_get_interval, libc::SYS_mlock, libc::SYS_munlock, libc::SYS_mlockall,
    libc::SYS_munlockall, libc::SYS_modify_ldt, libc::SYS_prctl, libc::SYS_arch_prctl, libc::SYS_adjtimex,
    libc::SYS_setrlimit, libc::SYS_sync, libc::SYS_gettid, libc::SYS_readahead, libc::SYS_setxattr,
    libc::SYS_lsetxattr, libc::SYS_fsetxattr, libc::SYS_getxattr, libc::SYS_lgetxattr, libc::SYS_fgetxattr,
    libc::SYS_listxattr, libc::SYS_llistxattr, libc::SYS_flistxattr, libc::SYS_removexattr,
    libc::SYS_lremovexattr, libc::SYS_fremovexattr, libc::SYS_tkill, libc::SYS_time, libc::SYS_futex,
    libc::SYS_sched_setaffinity, libc::SYS_sched_getaffinity, libc::SYS_set_thread_area, libc::SYS_io_setup,
    libc::SYS_io_destroy, libc::SYS_io_getevents, libc::SYS_io_submit, libc::SYS_io_cancel,
    libc::SYS_get_thread_area, libc::SYS_epoll_create, libc::SYS_epoll_ctl_old, libc::SYS_epoll_wait_old,
    libc::SYS_remap_file_pages, libc::SYS_getdents64, libc::SYS_set_tid_address, libc::SYS_restart_syscall,
    libc::SYS_semtimedop, libc::SYS_fadvise64, libc::SYS_timer_create, libc::SYS_timer_settime,
    libc::SYS_timer_gettime, libc::SYS_timer_getoverrun, libc::SYS_timer_delete, libc::SYS_clock_gettime,
    libc::SYS_clock_getres, libc::SYS_clock_nanosleep, libc::SYS_exit_group, libc::SYS_epoll_wait,
    libc::SYS_epoll_ctl, libc::SYS_tgkill, libc::SYS_utimes, libc::SYS_mq_open, libc::SYS_mq_unlink,
    libc::SYS_mq_timedsend, libc::SYS_mq_timedreceive, libc::SYS_mq_notify, libc::SYS_mq_getsetattr,
    libc::SYS_waitid, libc::SYS_ioprio_set, libc::SYS_ioprio_get, libc::SYS_inotify_init,
    libc::SYS_inotify_add_watch, libc::SYS_inotify_rm_watch, libc::SYS_openat, libc::SYS_mkdirat,
    libc::SYS_mknodat, libc::SYS_fchownat, libc::SYS_futimesat, libc::SYS_newfstatat, libc::SYS_unlinkat,
    libc::SYS_renameat, libc::SYS_linkat, libc::SYS_symlinkat, libc::SYS_readlinkat, libc::SYS_fchmodat,
    libc::SYS_faccessat, libc::SYS_pselect6, libc::SYS_ppoll, libc::SYS_set_robust_list,
    libc::SYS_get_robust_list, libc::SYS_splice, libc::SYS_tee, libc::SYS_sync_file_range, libc::SYS_vmsplice,
    libc::SYS_utimensat, libc::SYS_epoll_pwait, libc::SYS_signalfd, libc::SYS_timerfd_create, libc::SYS_eventfd,
    libc::SYS_fallocate, libc::SYS_timerfd_settime, libc::SYS_timerfd_gettime, libc::SYS_accept4,
    libc::SYS_signalfd4, libc::SYS_eventfd2, libc::SYS_epoll_create1, libc::SYS_dup3, libc::SYS_pipe2,
    libc::SYS_inotify_init1, libc::SYS_preadv, libc::SYS_pwritev, libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_recvmmsg, libc::SYS_fanotify_mark, libc::SYS_prlimit64, libc::SYS_name_to_handle_at,
    libc::SYS_clock_adjtime, libc::SYS_syncfs, libc::SYS_sendmmsg, libc::SYS_getcpu, libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev, libc::SYS_sched_setattr, libc::SYS_sched_getattr, libc::SYS_renameat2,
    libc::SYS_seccomp, libc::SYS_getrandom, libc::SYS_memfd_create, libc::SYS_execveat, libc::SYS_membarrier,
    libc::SYS_mlock2, libc::SYS_copy_file_range, libc::SYS_preadv2, libc::SYS_pwritev2, libc::SYS_pkey_mprotect,
    libc::SYS_pkey_alloc, libc::SYS_pkey_free, libc::SYS_statx, SYS_IO_PGETEVENTS, libc::SYS_rseq,
    SYS_URETPROBE, libc::SYS_pidfd_send_signal, libc::SYS_pidfd_open, libc::SYS_close_range, libc::SYS_openat2,
    libc::SYS_faccessat2, libc::SYS_epoll_pwait2, libc::SYS_landlock_create_ruleset,
    libc::SYS_landlock_add_rule, libc::SYS_landlock_restrict_self, libc::SYS_memfd_secret,
    libc::SYS_process_mrelease, libc::SYS_futex_waitv, SYS_CACHESTAT, libc::SYS_fchmodat2, SYS_MAP_SHADOW_STACK,
    SYS_FUTEX_WAKE, SYS_FUTEX_WAIT, SYS_FUTEX_REQUEUE, SYS_STATMOUNT, SYS_LISTMOUNT, libc::SYS_mseal,
    SYS_SETXATTRAT, SYS_GETXATTRAT, SYS_LISTXATTRAT, SYS_REMOVEXATTRAT,
];

/// Allowed to who has the capability.
#[rustfmt::skip]
const WITH_CAPABILITY: &[(Capability, &[i64])] = &[
    (Capability::DacReadSearch, &[libc::SYS_open_by_handle_at]),
    (Capability::SysAdmin, &[
        libc::SYS_bpf, libc::SYS_clone, libc::SYS_clone3, libc::SYS_fanotify_init, libc::SYS_fsconfig, libc::SYS_fsmount,
        libc::SYS_fsopen, libc::SYS_fspick, libc::SYS_lookup_dcookie, 459, 460, 461 /* lsm_* */, libc::SYS_mount,
        libc::SYS_mount_setattr, libc::SYS_move_mount, libc::SYS_open_tree, libc::SYS_perf_event_open,
        libc::SYS_quotactl, libc::SYS_quotactl_fd, libc::SYS_setdomainname, libc::SYS_sethostname, libc::SYS_setns,
        libc::SYS_syslog, libc::SYS_umount2, libc::SYS_unshare,
    ]),
    (Capability::SysBoot, &[libc::SYS_reboot]),
    (Capability::SysChroot, &[libc::SYS_chroot]),
    (Capability::SysModule, &[libc::SYS_delete_module, libc::SYS_init_module, libc::SYS_finit_module]),
    (Capability::SysPacct, &[libc::SYS_acct]),
    (Capability::SysPtrace, &[libc::SYS_kcmp, libc::SYS_pidfd_getfd, libc::SYS_process_madvise]),
    (Capability::SysRawio, &[libc::SYS_iopl, libc::SYS_ioperm]),
    (Capability::SysTime, &[libc::SYS_settimeofday, libc::SYS_clock_settime]),
    (Capability::SysTtyConfig, &[libc::SYS_vhangup]),
    (Capability::SysNice, &[
        libc::SYS_get_mempolicy, libc::SYS_mbind, libc::SYS_set_mempolicy, libc::SYS_set_mempolicy_home_node,
    ]),
    (Capability::Syslog, &[libc::SYS_syslog]),
    (Capability::Bpf, &[libc::SYS_bpf]),
    (Capability::Perfmon, &[libc::SYS_perf_event_open]),
];

/// The policy for a container; `None`: no filter at all.
pub fn policy(seccomp: Seccomp, capabilities: &BTreeSet<Capability>) -> Option<Policy> {
    if seccomp == Seccomp::Unconfined {
        return None;
    }
    let mut rules: BTreeMap<u32, Verdict> = ALWAYS.iter().map(|number| (*number as u32, Verdict::Allow)).collect();
    rules.insert(libc::SYS_socket as u32, Verdict::AllowUnlessOneOf(REFUSED_FAMILIES));
    rules.insert(libc::SYS_personality as u32, Verdict::AllowOneOf(PERSONALITIES));
    rules.insert(libc::SYS_clone as u32, Verdict::AllowWithout(NEW_NAMESPACES));
    // clone3 hides its flags behind a pointer. ENOSYS makes every libc fall back to clone.
    rules.insert(libc::SYS_clone3 as u32, Verdict::Refuse(libc::ENOSYS as u16));
    for (capability, numbers) in WITH_CAPABILITY {
        if capabilities.contains(capability) {
            rules.extend(numbers.iter().map(|number| (*number as u32, Verdict::Allow)));
        }
    }
    // A libc that tries a new call falls back to an old one when it is told that there is no such call, and fails on EPERM.
    Some(Policy {
        rules,
        default: EPERM,
        unknown: Verdict::Refuse(libc::ENOSYS as u16),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_names_nothing_twice() {
        assert!(ALWAYS.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn a_capability_opens_its_own_calls_and_no_others() {
        let none = policy(Seccomp::Default, &BTreeSet::new()).unwrap().rules;
        let time = policy(Seccomp::Default, &BTreeSet::from([Capability::SysTime]))
            .unwrap()
            .rules;
        let added: Vec<_> = time
            .keys()
            .filter(|number| !none.contains_key(number))
            .copied()
            .collect();
        assert_eq!(added, [libc::SYS_settimeofday as u32, libc::SYS_clock_settime as u32]);
    }

    #[test]
    fn the_calls_behind_known_escapes_are_not_on_the_list() {
        let rules = policy(Seccomp::Default, &BTreeSet::new()).unwrap().rules;
        for number in [
            libc::SYS_unshare,
            libc::SYS_fsconfig,
            libc::SYS_mount,
            libc::SYS_keyctl,
            libc::SYS_bpf,
        ] {
            assert_eq!(rules.get(&(number as u32)), None);
        }
    }
}
