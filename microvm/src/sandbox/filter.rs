//! The system calls that a monitor's threads make while the guest runs and afterwards, as a classic BPF program (seccomp(2),
//! Linux, Documentation/userspace-api/seccomp_filter.rst). Any other ends the process (SIGSYS).
//!
//! The kernel executes a new filter once for every system call's number, to remember those that it always allows, so
//! its loading time follows the length of the way through it: a binary tree over the numbers keeps that short.

use libc::sock_filter;
use nix::errno::Errno;

/// What a thread does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thread {
    /// Executes a processor and answers its exits. The only thread of a machine with the built-in kernel.
    Processor,
    /// Passes on input to a Linux guest.
    Input,
}

/// What all of them may do: read, write and wait on open descriptors; allocate; end.
const COMMON: [i64; 28] = [
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_fdatasync,
    libc::SYS_close,
    libc::SYS_poll,
    libc::SYS_ppoll,
    libc::SYS_futex,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_sched_yield,
    libc::SYS_restart_syscall,
    libc::SYS_brk,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_madvise,
    libc::SYS_getrandom,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigaction,
    libc::SYS_sigaltstack,
    libc::SYS_timer_delete,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

// Calls of KVM (linux/kvm.h); the built-in kernel's monitor and a Linux guest's use the same.
/// `_IO(KVMIO, 0x80)`.
const KVM_RUN: u32 = 0xae80;
/// `_IOR(KVMIO, 0x81, struct kvm_regs)`, to say where a guest died.
const KVM_GET_REGS: u32 = 0x8090_ae81;
/// `_IOWR(KVMIO, 0x85, struct kvm_translation)`, for the same.
const KVM_TRANSLATE: u32 = 0xc018_ae85;
/// `_IOW(KVMIO, 0x46, struct kvm_userspace_memory_region)`, for memory that a guest asks for.
const KVM_SET_USER_MEMORY_REGION: u32 = 0x4020_ae46;
/// `_IOW(KVMIO, 0x61, struct kvm_irq_level)`.
const KVM_IRQ_LINE: u32 = 0x4008_ae61;

/// When a call is allowed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rule {
    Never,
    Always,
    /// If argument n is one of these.
    OneOf(u32, [u32; 5]),
    /// If argument n has none of these bits.
    Without(u32, u32),
}

/// The rules of a thread, by number.
fn rules(thread: Thread) -> Vec<(u32, Rule)> {
    let mut rules: Vec<_> = COMMON.iter().map(|&number| (number, Rule::Always)).collect();
    let not_executable = Rule::Without(2, libc::PROT_EXEC as u32);
    rules.extend([(libc::SYS_mmap, not_executable), (libc::SYS_mprotect, not_executable)]);
    match thread {
        Thread::Processor => {
            let calls = [
                KVM_RUN,
                KVM_GET_REGS,
                KVM_TRANSLATE,
                KVM_IRQ_LINE,
                KVM_SET_USER_MEMORY_REGION,
            ];
            rules.push((libc::SYS_ioctl, Rule::OneOf(1, calls)));
        }
        Thread::Input => rules.push((libc::SYS_ioctl, Rule::OneOf(1, [KVM_IRQ_LINE; 5]))),
    }
    // Rust makes sure that what it closes is open, in builds with its own checks.
    rules.push((libc::SYS_fcntl, Rule::OneOf(1, [libc::F_GETFD as u32; 5])));
    // To end itself when something went wrong (abort(3)), to interrupt its own threads; no other process.
    let own = std::process::id();
    rules.push((libc::SYS_tgkill, Rule::OneOf(0, [own; 5])));
    let mut rules: Vec<_> = rules.into_iter().map(|(number, rule)| (number as u32, rule)).collect();
    rules.sort_unstable_by_key(|(number, _)| *number);
    rules
}

// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
/// The low half of argument n is at this plus 8 n.
const ARGUMENTS: u32 = 16;
/// `AUDIT_ARCH_X86_64` (linux/audit.h).
const X86_64: u32 = 0xc000_003e;

/// About the last number that there is; only the shape of the tree depends on it.
const LAST_NUMBER: u32 = 470;

fn instruction(code: u32, k: u32, if_true: u8, if_false: u8) -> sock_filter {
    sock_filter {
        code: code as u16,
        jt: if_true,
        jf: if_false,
        k,
    }
}

fn load(offset: u32) -> sock_filter {
    instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset, 0, 0)
}

fn jump_if(test: u32, value: u32, if_true: u8, if_false: u8) -> sock_filter {
    instruction(libc::BPF_JMP | test | libc::BPF_K, value, if_true, if_false)
}

fn answer(action: u32) -> sock_filter {
    instruction(libc::BPF_RET | libc::BPF_K, action, 0, 0)
}

/// The whole program.
fn compile(rules: &[(u32, Rule)]) -> Vec<sock_filter> {
    let mut program = vec![
        load(ARCHITECTURE),
        jump_if(libc::BPF_JEQ, X86_64, 1, 0),
        answer(libc::SECCOMP_RET_KILL_PROCESS),
        load(NUMBER),
    ];
    program.extend(tree(&ranges(rules), LAST_NUMBER));
    program
}

/// All numbers as ranges of one rule each: where each begins, the first at 0.
fn ranges(rules: &[(u32, Rule)]) -> Vec<(u32, Rule)> {
    let mut ranges = Vec::new();
    let mut next = 0;
    for &(number, rule) in rules {
        if number > next {
            ranges.push((next, Rule::Never));
        }
        ranges.push((number, rule));
        next = number + 1;
    }
    ranges.push((next, Rule::Never));
    ranges.dedup_by_key(|(_, rule)| *rule);
    ranges
}

/// Finds the rule of the number in the accumulator, which lies in one of the ranges up to `end`. Halves the numbers and not
/// the ranges, so that it is short for most numbers. All jumps are short: a few dozen rules make fewer than 255
/// instructions.
fn tree(ranges: &[(u32, Rule)], end: u32) -> Vec<sock_filter> {
    if let [(_, rule)] = ranges {
        return rule.code();
    }
    let middle = ranges[0].0.midpoint(end);
    let split = (1..ranges.len()).min_by_key(|&n| ranges[n].0.abs_diff(middle));
    let (low, high) = ranges.split_at(split.unwrap_or(1));
    let boundary = high[0].0;
    let low = tree(low, boundary);
    let mut program = vec![jump_if(libc::BPF_JGE, boundary, low.len() as u8, 0)];
    program.extend(low);
    program.extend(tree(high, end));
    program
}

impl Rule {
    fn code(self) -> Vec<sock_filter> {
        let (allow, kill) = (answer(libc::SECCOMP_RET_ALLOW), answer(libc::SECCOMP_RET_KILL_PROCESS));
        match self {
            Rule::Always => vec![allow],
            Rule::Never => vec![kill],
            Rule::OneOf(argument, values) => {
                let behind = (1..=values.len() as u8).rev();
                let tests = values.iter().zip(behind);
                let tests = tests.map(|(value, behind)| jump_if(libc::BPF_JEQ, *value, behind, 0));
                let load = load(ARGUMENTS + 8 * argument);
                [load].into_iter().chain(tests).chain([kill, allow]).collect()
            }
            Rule::Without(argument, bits) => vec![
                load(ARGUMENTS + 8 * argument),
                jump_if(libc::BPF_JSET, bits, 0, 1),
                kill,
                allow,
            ],
        }
    }
}

/// Makes the calling thread's filter.
pub fn install(thread: Thread) -> nix::Result<()> {
    let program = compile(&rules(thread));
    let description = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_ptr().cast_mut(),
    };
    // Without the flag, kernels before 5.16 slow the thread down by turning off speculation of stores.
    let flags = libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    // SAFETY: `description` points to the program, which the kernel copies.
    let done = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            flags,
            &raw const description,
        )
    };
    Errno::result(done).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Executes a program as the kernel does, on the instructions that `compile` uses.
    fn execute(program: &[sock_filter], architecture: u32, number: u32, arguments: [u32; 3]) -> u32 {
        let (mut at, mut accumulator) = (0, 0);
        loop {
            let step = program[at];
            at += 1;
            let taken = match u32::from(step.code) & 0xf0 {
                libc::BPF_JEQ => accumulator == step.k,
                libc::BPF_JGE => accumulator >= step.k,
                _ => accumulator & step.k != 0,
            };
            match u32::from(step.code) & 7 {
                libc::BPF_RET => return step.k,
                libc::BPF_LD => {
                    accumulator = match step.k {
                        NUMBER => number,
                        ARCHITECTURE => architecture,
                        offset => arguments[(offset - ARGUMENTS) as usize / 8],
                    }
                }
                _ => at += usize::from(if taken { step.jt } else { step.jf }),
            }
        }
    }

    fn allowed(thread: Thread, number: i64, arguments: [u32; 3]) -> bool {
        let program = compile(&rules(thread));
        assert!(program.len() < 255);
        execute(&program, X86_64, number as u32, arguments) == libc::SECCOMP_RET_ALLOW
    }

    #[test]
    fn exactly_the_listed_calls_are_allowed() {
        for thread in [Thread::Processor, Thread::Input] {
            let listed = rules(thread);
            for number in (0..600).chain([0x4000_0000, 0x4000_0001, u32::MAX]) {
                let rule = listed.iter().find(|(listed, _)| *listed == number);
                // Arguments that suit every rule.
                let arguments = match rule {
                    Some((_, Rule::OneOf(argument, values))) => {
                        let mut arguments = [0; 3];
                        arguments[*argument as usize] = values[0];
                        arguments
                    }
                    _ => [0; 3],
                };
                assert_eq!(
                    allowed(thread, number.into(), arguments),
                    rule.is_some(),
                    "{thread:?} {number}"
                );
            }
        }
    }

    #[test]
    fn nothing_new_can_be_opened_executed_or_reached() {
        for thread in [Thread::Processor, Thread::Input] {
            for number in [
                libc::SYS_open,
                libc::SYS_openat,
                libc::SYS_dup,
                libc::SYS_socket,
                libc::SYS_memfd_create,
                libc::SYS_execve,
                libc::SYS_clone,
                libc::SYS_clone3,
                libc::SYS_ptrace,
                libc::SYS_kill,
                libc::SYS_io_uring_setup,
            ] {
                assert!(!allowed(thread, number, [0; 3]), "{number}");
            }
            assert!(!allowed(thread, libc::SYS_mmap, [0, 0, libc::PROT_EXEC as u32]));
            assert!(!allowed(thread, libc::SYS_mprotect, [0, 0, libc::PROT_EXEC as u32 | 1]));
            assert!(!allowed(thread, libc::SYS_tgkill, [1, 1, 9]));
        }
    }

    #[test]
    fn of_kvm_a_processor_may_run_and_the_others_may_not() {
        const KVM_CREATE_VM: u32 = 0xae01;
        for call in [
            KVM_RUN,
            KVM_GET_REGS,
            KVM_TRANSLATE,
            KVM_IRQ_LINE,
            KVM_SET_USER_MEMORY_REGION,
        ] {
            assert!(allowed(Thread::Processor, libc::SYS_ioctl, [0, call, 0]));
        }
        assert!(!allowed(Thread::Processor, libc::SYS_ioctl, [0, KVM_CREATE_VM, 0]));
        assert!(!allowed(
            Thread::Processor,
            libc::SYS_ioctl,
            [0, libc::TIOCSTI as u32, 0]
        ));
        assert!(allowed(Thread::Input, libc::SYS_ioctl, [0, KVM_IRQ_LINE, 0]));
        assert!(!allowed(Thread::Input, libc::SYS_ioctl, [0, KVM_RUN, 0]));
    }

    #[test]
    fn another_architectures_calls_are_not_allowed() {
        const I386: u32 = 0x4000_0003;
        let program = compile(&rules(Thread::Processor));
        for number in 0..500 {
            assert_eq!(execute(&program, I386, number, [0; 3]), libc::SECCOMP_RET_KILL_PROCESS);
        }
    }
}
