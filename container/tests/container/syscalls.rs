//! Every system call that the default filter refuses, attempted from inside: refused, and looked at by the kernel where
//! there is no filter.
//!
//! The arguments are invalid (-1 everywhere, where nothing else is said), so that a call that gets through does nothing.

use container::{Capability, Seccomp};

use crate::run::{answers, attempts, output, payload};
use crate::{Need, Test};

pub const TESTS: &[Test] = &[
    ("every call that is not on the list is refused", Need::Nothing, refused),
    (
        "calls newer than the list are answered as by a kernel without them",
        Need::Nothing,
        unknown,
    ),
    (
        "without the filter the kernel looks at each of them",
        Need::Root,
        looked_at,
    ),
    (
        "dangerous arguments of calls on the list are refused",
        Need::Nothing,
        refused_arguments,
    ),
    ("the filter is what refuses them", Need::Root, filter_refuses_arguments),
    (
        "calls of i386 and x32 programs are refused",
        Need::Nothing,
        other_architectures,
    ),
];

/// Calls by name and number, grouped by what they would do to the host (Docker's page on seccomp names the reasons:
/// docs.docker.com/engine/security/seccomp).
#[rustfmt::skip]
const REFUSED: &[(&str, i64)] = &[
    // Mounts.
    ("mount", libc::SYS_mount), ("umount2", libc::SYS_umount2), ("pivot_root", libc::SYS_pivot_root),
    ("chroot", libc::SYS_chroot), ("open_tree", libc::SYS_open_tree), ("move_mount", libc::SYS_move_mount),
    ("fsopen", libc::SYS_fsopen), ("fsconfig", libc::SYS_fsconfig), ("fsmount", libc::SYS_fsmount),
    ("fspick", libc::SYS_fspick), ("mount_setattr", libc::SYS_mount_setattr),
    ("open_by_handle_at", libc::SYS_open_by_handle_at), ("quotactl", libc::SYS_quotactl),
    ("quotactl_fd", libc::SYS_quotactl_fd), ("swapon", libc::SYS_swapon), ("swapoff", libc::SYS_swapoff),
    ("fanotify_init", libc::SYS_fanotify_init), ("sysfs", libc::SYS_sysfs), ("ustat", libc::SYS_ustat),
    // Namespaces and names.
    ("unshare", libc::SYS_unshare), ("setns", libc::SYS_setns), ("sethostname", libc::SYS_sethostname),
    ("setdomainname", libc::SYS_setdomainname), ("vhangup", libc::SYS_vhangup),
    // The kernel itself.
    ("init_module", libc::SYS_init_module), ("finit_module", libc::SYS_finit_module),
    ("delete_module", libc::SYS_delete_module), ("create_module", 174),
    ("query_module", 178), ("get_kernel_syms", 177),
    ("kexec_load", libc::SYS_kexec_load), ("kexec_file_load", libc::SYS_kexec_file_load),
    ("reboot", libc::SYS_reboot), ("syslog", libc::SYS_syslog), ("acct", libc::SYS_acct),
    ("bpf", libc::SYS_bpf), ("perf_event_open", libc::SYS_perf_event_open),
    ("userfaultfd", libc::SYS_userfaultfd), ("io_uring_setup", libc::SYS_io_uring_setup),
    ("io_uring_enter", libc::SYS_io_uring_enter), ("io_uring_register", libc::SYS_io_uring_register),
    ("_sysctl", libc::SYS__sysctl), ("nfsservctl", libc::SYS_nfsservctl), ("uselib", libc::SYS_uselib),
    ("lookup_dcookie", libc::SYS_lookup_dcookie), ("lsm_get_self_attr", 459), ("lsm_set_self_attr", 460),
    ("lsm_list_modules", 461),
    // Keys, which belong to no namespace.
    ("add_key", libc::SYS_add_key), ("request_key", libc::SYS_request_key), ("keyctl", libc::SYS_keyctl),
    // Devices and the clock.
    ("iopl", libc::SYS_iopl), ("ioperm", libc::SYS_ioperm), ("settimeofday", libc::SYS_settimeofday),
    ("clock_settime", libc::SYS_clock_settime),
    // Other processes, and where memory lies.
    ("kcmp", libc::SYS_kcmp), ("pidfd_getfd", libc::SYS_pidfd_getfd), ("process_madvise", libc::SYS_process_madvise),
    ("mbind", libc::SYS_mbind), ("set_mempolicy", libc::SYS_set_mempolicy), ("get_mempolicy", libc::SYS_get_mempolicy),
    ("migrate_pages", libc::SYS_migrate_pages), ("move_pages", libc::SYS_move_pages),
    ("set_mempolicy_home_node", libc::SYS_set_mempolicy_home_node),
];

/// Calls that are newer than the list, and numbers that no kernel has. A libc that tries one must be told that it is not there.
const UNKNOWN: &[(&str, i64)] = &[
    ("open_tree_attr", 467),
    ("a number past the table", 4000),
    ("the highest number", 0x3fff_ffff),
];

fn probe(mut spec: container::Spec, calls: &[(&str, i64)]) -> Vec<(String, String)> {
    spec.args = ["calls".to_owned()]
        .into_iter()
        .chain(calls.iter().map(|(_, number)| number.to_string()))
        .map(Into::into)
        .collect();
    let text = output(spec);
    let names = calls.iter().map(|(name, _)| (*name).to_owned());
    let answers: Vec<_> = names.zip(text.lines().map(str::to_owned)).collect();
    assert_eq!(answers.len(), calls.len(), "{text}");
    answers
}

fn refused() {
    for (name, answer) in probe(payload(&[]), REFUSED) {
        assert_eq!(answer, "EPERM", "{name}");
    }
}

fn unknown() {
    for (name, answer) in probe(payload(&[]), UNKNOWN) {
        assert_eq!(answer, "ENOSYS", "{name}");
    }
}

fn looked_at() {
    let mut spec = payload(&[]);
    spec.seccomp = Seccomp::Unconfined;
    spec.capabilities = Capability::ALL.iter().copied().collect();
    for (name, answer) in probe(spec, REFUSED) {
        // ENOSYS is an answer, too: this kernel lacks the call, and the filter would have said EPERM.
        assert_ne!(answer, "EPERM", "{name}");
    }
}

/// Calls of which the filter refuses some arguments.
const REFUSED_ARGUMENTS: &[&str] = &[
    "unshare-user",
    "unshare-net",
    "clone-user",
    "vsock",
    "alg",
    "personality-odd",
    "mount-proc",
];

fn refused_arguments() {
    let text = output(attempts(REFUSED_ARGUMENTS));
    for (attempt, answer) in answers(&text) {
        assert_eq!(answer, "EPERM", "{attempt}");
    }
    assert_eq!(answers(&text).len(), REFUSED_ARGUMENTS.len());
    assert_eq!(output(attempts(&["clone3"])), "clone3: ENOSYS\n");
}

fn filter_refuses_arguments() {
    // The user namespace last: what comes after it is refused for its lack of rights outside.
    let tries = [
        "unshare-net",
        "fsconfig",
        "keyctl",
        "chroot",
        "mount-proc",
        "clone3",
        "unshare-user",
    ];
    let mut spec = attempts(&tries);
    spec.seccomp = Seccomp::Unconfined;
    spec.capabilities = Capability::ALL.iter().copied().collect();
    let text = output(spec);
    for (attempt, answer) in answers(&text) {
        assert!(!["EPERM", "ENOSYS"].contains(&answer), "{attempt}: {answer}");
    }
}

fn other_architectures() {
    assert_eq!(output(payload(&["try", "x32-getpid"])), "x32-getpid: EPERM\n");
    // A kernel without support for i386 programs answers int 0x80 with a signal.
    let text = output(payload(&["i386-getpid"]));
    assert!(["ENOSYS\n", "SIGSEGV\n"].contains(&text.as_str()), "{text}");
}
