//! What stays out of a program's reach with any one capability added, and with Docker's fourteen: attempted one by one.

use container::Capability::{
    self, Bpf, DacReadSearch, NetRaw, Perfmon, SysAdmin, SysChroot, SysModule, SysPtrace, SysRawio, Syslog,
};

use crate::run::{answers, attempts, output};
use crate::{Need, Test};

pub const TESTS: &[Test] = &[(
    "what no capability but a named one gives stays out of reach with every other, and with Docker's",
    Need::Root,
    out_of_reach,
)];

/// Attempts, and the capabilities that give what is attempted, here as with Docker: the container of someone who adds one is
/// open that far.
const ATTEMPTS: &[(&str, &[Capability])] = &[
    // The host's kernel: what tells about it, and what steers it.
    ("read:/proc/kcore", &[]),
    ("read:/proc/keys", &[]),
    ("read:/proc/timer_list", &[]),
    ("read:/proc/interrupts", &[]),
    ("list:/proc/scsi", &[]),
    ("list:/sys/firmware", &[]),
    ("open:/proc/sysrq-trigger", &[]),
    ("open:/proc/sys/kernel/core_pattern", &[]),
    ("open:/proc/sys/kernel/modprobe", &[]),
    ("open:/sys/kernel/uevent_helper", &[]),
    ("open:/sys/kernel/mm/ksm/run", &[]),
    ("mkdir:/sys/fs/cgroup/new", &[]),
    ("syslog", &[Syslog, SysAdmin]),
    ("module", &[SysModule]),
    ("bpf", &[Bpf, SysAdmin]),
    ("perf", &[Perfmon, SysAdmin]),
    ("iopl", &[SysRawio]),
    ("kexec", &[]),
    // The host's devices and files.
    ("device:/device", &[]),
    ("device:/dev/device", &[]),
    ("device:/dev/shm/device", &[]),
    ("handle", &[DacReadSearch]),
    ("chroot", &[SysChroot]),
    // Other namespaces, and mounts.
    ("clone-user", &[SysAdmin]),
    ("clone3", &[SysAdmin]),
    ("setns", &[SysAdmin]),
    ("fsconfig", &[SysAdmin]),
    ("mount-cgroup", &[SysAdmin]),
    ("mount-proc", &[SysAdmin]),
    // The runtime, as far as it is there.
    ("open:/proc/1/exe", &[]),
    ("open:/proc/1/mem", &[SysPtrace]),
    ("read:/proc/1/environ", &[]),
    ("ptrace-1", &[SysPtrace]),
    ("getfd-1", &[SysPtrace]),
    ("vm-read-1", &[SysPtrace]),
    ("madvise-1", &[SysPtrace]),
    // Old and odd ways into the kernel.
    ("keyctl", &[]),
    ("x32-getpid", &[]),
    ("personality-odd", &[]),
    ("vsock", &[]),
    ("alg", &[]),
    ("raw", &[NetRaw]),
    // Last: who gets a user namespace has every capability in it.
    ("unshare-net", &[SysAdmin]),
    ("unshare-user", &[SysAdmin]),
];

fn out_of_reach() {
    let tries: Vec<&str> = ATTEMPTS.iter().map(|(attempt, _)| *attempt).collect();
    let each = Capability::ALL.iter().map(std::slice::from_ref);
    for capabilities in each.chain([&[][..], &Capability::DOCKER]) {
        let mut spec = attempts(&tries);
        spec.capabilities = capabilities.iter().copied().collect();
        let text = output(spec);
        let answers = answers(&text);
        assert_eq!(answers.len(), ATTEMPTS.len(), "{text}");
        for ((attempt, answer), (_, givers)) in answers.into_iter().zip(ATTEMPTS) {
            let is_given = capabilities.iter().any(|capability| givers.contains(capability));
            let is_refused = match attempt.contains(':') {
                // Nothing to be read, no permission, or no such thing in this kernel.
                true => answer.is_empty() || answer.starts_with('E') || answer == "made EACCES",
                // Not so much as a look at the arguments.
                false => ["EPERM", "EACCES", "ENOSYS"].contains(&answer),
            };
            assert!(is_given || is_refused, "{capabilities:?}: {attempt}: {answer}");
        }
    }
}
