//! The allow-list as a classic BPF program (seccomp(2), `Documentation/networking/filter.rst`).
//!
//! The kernel runs a new filter once for every system-call number to find those that are always allowed, so loading
//! time follows the length of the path through it, and of the program, which is compiled. Allowed numbers fall into a few dozen ranges: a binary tree over
//! their boundaries reaches every verdict in about seven comparisons, where a chain takes hundreds.

use std::collections::BTreeMap;

use super::policy::{Policy, Verdict, X32_BIT};

/// One instruction, `struct sock_filter`.
pub type Instruction = libc::sock_filter;

// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
/// The low half of the first argument, on a little-endian machine.
const FIRST_ARGUMENT: u32 = 16;

/// `AUDIT_ARCH_X86_64` of linux/audit.h.
const X86_64: u32 = 0xc000_003e;

const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const JUMP: u16 = (libc::BPF_JMP | libc::BPF_JA) as u16;
const IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const IF_AT_LEAST: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
const IF_ANY_BIT: u16 = (libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K) as u16;
const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;

fn instruction(code: u16, k: u32, jt: u8, jf: u8) -> Instruction {
    Instruction { code, jt, jf, k }
}

fn refuse(errno: u16) -> Instruction {
    instruction(RETURN, libc::SECCOMP_RET_ERRNO | u32::from(errno), 0, 0)
}

const KILL: Instruction = Instruction {
    code: RETURN,
    jt: 0,
    jf: 0,
    k: libc::SECCOMP_RET_KILL_PROCESS,
};

const ALLOW: Instruction = Instruction {
    code: RETURN,
    jt: 0,
    jf: 0,
    k: libc::SECCOMP_RET_ALLOW,
};

/// Compiles a policy into a program.
pub fn compile(policy: &Policy) -> Vec<Instruction> {
    let mut program = vec![
        instruction(LOAD, ARCHITECTURE, 0, 0),
        instruction(IF_EQUAL, X86_64, 1, 0),
        refuse(libc::ENOSYS as u16),
        instruction(LOAD, NUMBER, 0, 0),
    ];
    program.extend(tree(&segments(policy), policy.default));
    program
}

/// The whole range of numbers as segments of one verdict each: where each begins, in order, the first at 0.
fn segments(policy: &Policy) -> Vec<(u32, Verdict)> {
    let mut segments: Vec<(u32, Verdict)> = Vec::new();
    let mut push = |start, verdict| {
        if segments.last().is_none_or(|(_, last)| *last != verdict) {
            segments.push((start, verdict));
        }
    };
    let mut next = 0;
    for (&number, &verdict) in &policy.rules {
        if number > next {
            push(next, policy.default);
        }
        push(number, verdict);
        next = number.saturating_add(1);
    }
    push(next, policy.unknown);
    push(next.max(X32_BIT), policy.default);
    segments
}

/// Where a comparison leads.
#[derive(Clone, Copy)]
enum Next {
    /// To another comparison, by its index.
    Comparison(usize),
    /// To a verdict.
    Verdict(Verdict),
}

/// "At least `boundary`?"
struct Comparison {
    boundary: u32,
    low: Next,
    high: Next,
}

/// A binary tree over the segments, all its ways to one verdict ending at the same instructions. Where that is too far
/// for a conditional jump, which reaches 255 instructions, two smaller trees.
fn tree(segments: &[(u32, Verdict)], default: Verdict) -> Vec<Instruction> {
    let mut comparisons = Vec::new();
    let start = compare(segments, default, &mut comparisons);
    if let Some(code) = lay_out(&comparisons, start, default) {
        return code;
    }
    let (low, high) = segments.split_at(segments.len() / 2);
    let boundary = high.first().map_or(0, |segment| segment.0);
    let (low, high) = (tree(low, default), tree(high, default));
    let mut code = vec![
        instruction(IF_AT_LEAST, boundary, 0, 1),
        instruction(JUMP, low.len() as u32, 0, 0),
    ];
    code.extend(low);
    code.extend(high);
    code
}

/// Adds the comparisons that find the segment of a number, each before those it leads to.
fn compare(segments: &[(u32, Verdict)], default: Verdict, comparisons: &mut Vec<Comparison>) -> Next {
    match segments {
        [] => Next::Verdict(default),
        [(_, verdict)] => Next::Verdict(*verdict),
        _ => {
            let (low, high) = segments.split_at(segments.len() / 2);
            let index = comparisons.len();
            let undecided = Next::Verdict(default);
            comparisons.push(Comparison {
                boundary: high[0].0,
                low: undecided,
                high: undecided,
            });
            comparisons[index].low = compare(low, default, comparisons);
            comparisons[index].high = compare(high, default, comparisons);
            Next::Comparison(index)
        }
    }
}

/// The comparisons, one instruction each, then each verdict once; `None` when a jump is too long.
fn lay_out(comparisons: &[Comparison], start: Next, default: Verdict) -> Option<Vec<Instruction>> {
    if let Next::Verdict(verdict) = start {
        return Some(leaf(verdict, default));
    }
    let mut leaves = Vec::new();
    let mut places: BTreeMap<Verdict, usize> = BTreeMap::new();
    let mut code = Vec::with_capacity(comparisons.len());
    for (index, comparison) in comparisons.iter().enumerate() {
        let mut distance = |next| {
            let place = match next {
                Next::Comparison(place) => place,
                Next::Verdict(verdict) => *places.entry(verdict).or_insert_with(|| {
                    let place = comparisons.len() + leaves.len();
                    leaves.extend(leaf(verdict, default));
                    place
                }),
            };
            u8::try_from(place - index - 1).ok()
        };
        let (low, high) = (distance(comparison.low)?, distance(comparison.high)?);
        code.push(instruction(IF_AT_LEAST, comparison.boundary, high, low));
    }
    code.extend(leaves);
    Some(code)
}

fn leaf(verdict: Verdict, default: Verdict) -> Vec<Instruction> {
    let refused = match default {
        Verdict::Refuse(errno) => refuse(errno),
        _ => KILL,
    };
    let one_of = |values: &[u32], matches, otherwise| {
        let mut code = vec![instruction(LOAD, FIRST_ARGUMENT, 0, 0)];
        for (index, value) in values.iter().enumerate() {
            code.push(instruction(IF_EQUAL, *value, (values.len() - index) as u8, 0));
        }
        code.extend([otherwise, matches]);
        code
    };
    match verdict {
        Verdict::Allow => vec![ALLOW],
        Verdict::Kill => vec![KILL],
        Verdict::Refuse(errno) => vec![refuse(errno)],
        Verdict::AllowWithout(bits) => {
            vec![
                instruction(LOAD, FIRST_ARGUMENT, 0, 0),
                instruction(IF_ANY_BIT, bits, 1, 0),
                ALLOW,
                refused,
            ]
        }
        Verdict::AllowOneOf(values) => one_of(values, ALLOW, refused),
        Verdict::AllowUnlessOneOf(values) => one_of(values, refused, ALLOW),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::capability::Capability;
    use crate::seccomp::policy::{self, EPERM};
    use crate::spec::Seccomp;

    /// Runs a program as the kernel does. Returns the answer and how many instructions it took.
    fn run(program: &[Instruction], architecture: u32, number: u32, argument: u32) -> (u32, usize) {
        let (mut accumulator, mut at) = (0, 0);
        for taken in 1..=program.len() {
            let Instruction { code, jt, jf, k } = program[at];
            at += 1;
            let mut branch = |condition: bool| at += usize::from(if condition { jt } else { jf });
            match code {
                LOAD => {
                    accumulator = match k {
                        NUMBER => number,
                        ARCHITECTURE => architecture,
                        FIRST_ARGUMENT => argument,
                        other => panic!("load from {other}"),
                    }
                }
                JUMP => at += k as usize,
                IF_EQUAL => branch(accumulator == k),
                IF_AT_LEAST => branch(accumulator >= k),
                IF_ANY_BIT => branch(accumulator & k != 0),
                RETURN => return (k, taken),
                other => panic!("instruction {other:#x}"),
            }
        }
        panic!("the program does not end");
    }

    fn expected(verdict: Verdict, argument: u32) -> u32 {
        let when = |allowed: bool| {
            if allowed {
                libc::SECCOMP_RET_ALLOW
            } else {
                libc::SECCOMP_RET_ERRNO | 1
            }
        };
        match verdict {
            Verdict::Allow => when(true),
            Verdict::Kill => libc::SECCOMP_RET_KILL_PROCESS,
            Verdict::Refuse(errno) => libc::SECCOMP_RET_ERRNO | u32::from(errno),
            Verdict::AllowWithout(bits) => when(argument & bits == 0),
            Verdict::AllowOneOf(values) => when(values.contains(&argument)),
            Verdict::AllowUnlessOneOf(values) => when(!values.contains(&argument)),
        }
    }

    const ENOSYS: Verdict = Verdict::Refuse(libc::ENOSYS as u16);

    fn verdict_on(policy: &Policy, number: u32) -> Verdict {
        let highest = policy.rules.keys().last();
        let is_unknown = highest.is_none_or(|highest| number > *highest) && number < X32_BIT;
        let otherwise = if is_unknown { policy.unknown } else { policy.default };
        policy.rules.get(&number).copied().unwrap_or(otherwise)
    }

    fn any_verdict() -> impl Strategy<Value = Verdict> {
        prop_oneof![
            Just(Verdict::Allow),
            Just(Verdict::Kill),
            (1u16..4096).prop_map(Verdict::Refuse),
            any::<u32>().prop_map(Verdict::AllowWithout),
            Just(Verdict::AllowOneOf(&[0, 8, 0xffff_ffff])),
            Just(Verdict::AllowUnlessOneOf(&[38, 40])),
        ]
    }

    proptest! {
        #[test]
        fn the_program_decides_as_the_rules_say(
            rules in prop::collection::btree_map(0u32..1500, any_verdict(), 0..600),
            numbers in prop::collection::vec(prop_oneof![0u32..1600, any::<u32>()], 50),
            argument in prop_oneof![0u32..64, any::<u32>()],
        ) {
            let policy = Policy { rules, default: EPERM, unknown: ENOSYS };
            let program = compile(&policy);
            for number in numbers {
                let verdict = verdict_on(&policy, number);
                prop_assert_eq!(run(&program, X86_64, number, argument).0, expected(verdict, argument));
            }
        }
    }

    #[test]
    fn the_default_filter_reaches_every_verdict_in_few_steps() {
        let policy = policy::policy(Seccomp::Default, &Default::default()).unwrap();
        let program = compile(&policy);
        for number in 0..500 {
            let (answer, taken) = run(&program, X86_64, number, 0);
            assert_eq!(answer, expected(verdict_on(&policy, number), 0), "system call {number}");
            assert!(taken <= 16, "system call {number} takes {taken} instructions");
        }
        assert!(program.len() <= 110, "{} instructions", program.len());
    }

    #[test]
    fn the_helper_has_room_for_every_filter() {
        for bits in [0, 1 << 21, u64::MAX] {
            let capabilities = Capability::ALL.iter().copied();
            let capabilities = capabilities
                .filter(|capability| bits >> *capability as u8 & 1 == 1)
                .collect();
            let program = compile(&policy::policy(Seccomp::Default, &capabilities).unwrap());
            assert!(
                program.len() <= crate::abi::FILTER_MAX,
                "{} instructions",
                program.len()
            );
        }
    }

    #[test]
    fn programs_for_other_architectures_are_refused() {
        let program = compile(&policy::policy(Seccomp::Default, &Default::default()).unwrap());
        const I386: u32 = 0x4000_0003;
        assert_eq!(
            run(&program, I386, 4, 0).0,
            libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32
        );
        assert_eq!(
            run(&program, X86_64, X32_BIT | 1, 0).0,
            libc::SECCOMP_RET_ERRNO | libc::EPERM as u32
        );
    }
}
