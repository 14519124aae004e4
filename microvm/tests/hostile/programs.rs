//! Programs that mean harm to the built-in kernel (`tests/guest/hostile.rs`). None takes its rights, reads its memory, or
//! makes it fail.

use super::support::{self, Ran, TIMEOUT, command, expect, expect_log, finish, run};
use libtest_mimic::{Failed, Trial};
use microvm::{Config, Files, Initramfs, Kernel, KvmKind};
use std::time::{SystemTime, UNIX_EPOCH};

/// Statuses of a program that its own fault ended: 128 and the signal.
const SIGILL: i32 = 132;
const SIGTRAP: i32 = 133;
const SIGSEGV: i32 = 139;

pub fn trials(missing: Option<&String>) -> Vec<Trial> {
    let trial = |name, test| support::trial(name, missing, test);
    vec![
        trial("a_jump_to_the_system_call_entry_brings_no_flags", forged_flags),
        trial(
            "a_jump_to_the_system_call_entry_returns_to_no_wild_address",
            forged_return,
        ),
        trial("the_direction_flag_stays_the_programs", direction),
        trial("flags_of_a_program_do_not_reach_the_kernel", flags),
        trial("privileged_instructions_end_the_program", privileged),
        trial("the_kernels_memory_around_the_initramfs_is_not_to_be_read", window),
        trial("what_is_not_the_programs_is_not_unmapped", unmap),
        trial("the_clock_can_be_read_and_not_changed", clock),
        trial("used_memory_reads_as_zeroes_where_it_cannot_be_written", recycled),
        trial("random_system_calls_do_no_harm", random_calls),
        trial("a_program_whose_addresses_wrap_around_is_refused", wild_program),
    ]
}

/// A machine that runs the guest's program; a last word `entry=ADDRESS` changes where that begins.
pub fn config(arguments: Vec<String>) -> Config {
    let mut program = isolab_guest_program::PROGRAM.to_vec();
    let entry = arguments.last().and_then(|word| word.strip_prefix("entry="));
    if let Some(entry) = entry.and_then(|entry| entry.parse::<u64>().ok()) {
        program[24..32].copy_from_slice(&entry.to_le_bytes());
    }
    let mut files = Files::new();
    files.add_file("/bin/program", 0o755, &program).unwrap();
    files.add_file("/etc/text", 0o644, b"hello from the initramfs").unwrap();
    files.add_file("/big", 0o644, &vec![7; 3 << 20]).unwrap();
    Config {
        initramfs: Initramfs::Bytes(files.to_archive().unwrap()),
        program: "/bin/program".into(),
        args: arguments,
        memory_bytes: 64 << 20,
        ..Config::new(Kernel::Builtin)
    }
}

fn attack(name: &str) -> Ran {
    run(&["hostile", name])
}

/// Whether SYSCALL enters ring 0 here, so that nothing else does.
fn hardware() -> bool {
    matches!(microvm::probe().kind, KvmKind::Hardware { .. })
}

fn named(name: &str) -> impl Fn(Failed) -> Failed {
    let name = name.to_string();
    move |failed| format!("{name}: {}", failed.message().unwrap_or_default()).into()
}

/// A program that its own fault ended: it printed that, and the kernel says where, and does not blame itself.
fn ended_by(ran: &Ran, status: i32, output: &str) -> Result<(), Failed> {
    expect(ran, status, output)?;
    expect_log(ran, "isolab-kernel: SIG")?;
    match ran.log.contains("bug in the kernel") {
        true => Err(ran.log.clone().into()),
        false => Ok(()),
    }
}

fn forged_flags() -> Result<(), Failed> {
    for name in [
        "forged-flags",
        "forged-flags-of-a-failed-call",
        "forged-flags-in-ring-3",
        "forged-number-in-ring-3",
    ] {
        ended_by(&attack(name), SIGSEGV, "").map_err(named(name))?;
    }
    Ok(())
}

fn forged_return() -> Result<(), Failed> {
    for name in [
        "forged-return",
        "forged-return-of-a-failed-call",
        "forged-return-in-ring-3",
    ] {
        ended_by(&attack(name), SIGSEGV, "").map_err(named(name))?;
    }
    Ok(())
}

fn direction() -> Result<(), Failed> {
    let forged = attack("forged-direction");
    if hardware() {
        ended_by(&forged, SIGSEGV, "")?;
    } else {
        expect(&forged, 0, "answered 0\n")?;
    }
    let kept = "answered 0, direction 1\nanswered 0, direction 1\nanswered 1, direction 1\n";
    expect(&attack("direction"), 0, kept)
}

fn flags() -> Result<(), Failed> {
    expect(&attack("flags"), 0, &"answered 0\nanswered 0\nanswered 1\n".repeat(2))
}

fn privileged() -> Result<(), Failed> {
    for (name, status) in [
        ("ports", SIGSEGV),
        ("string-ports", SIGSEGV),
        ("interrupts", SIGSEGV),
        ("control-register", SIGSEGV),
        ("debug-register", SIGSEGV),
        ("model-specific-register", SIGSEGV),
        ("descriptor-table", SIGSEGV),
        ("single-step", SIGTRAP),
        ("far-return", SIGSEGV),
        ("interrupt-return", SIGSEGV),
        ("popped-flags", SIGSEGV),
        ("swap", SIGSEGV),
        ("invalidate", SIGSEGV),
        ("extended-control-register", SIGSEGV),
        ("counter", SIGSEGV),
        ("end-of-a-helper", SIGILL),
    ] {
        ended_by(&attack(name), status, "").map_err(named(name))?;
    }
    // Instructions that not every processor knows: AMD's have no SYSENTER in 64-bit mode, for example.
    for (name, status) in [
        ("sysenter", SIGSEGV),
        ("software-interrupt", SIGSEGV),
        ("double-fault", SIGSEGV),
        ("debug-trap", SIGTRAP),
        ("system-return", SIGSEGV),
        ("hypercall", SIGSEGV),
    ] {
        let ran = attack(name);
        ended_by(&ran, if ran.status == SIGILL { SIGILL } else { status }, "").map_err(named(name))?;
    }
    expect(&attack("stack-pointer"), 7, "").map_err(named("stack-pointer"))
}

fn window() -> Result<(), Failed> {
    ended_by(&attack("window"), SIGSEGV, "3145728 bytes\n")
}

fn unmap() -> Result<(), Failed> {
    expect(&attack("unmap"), 0, "same true\n")
}

fn clock() -> Result<(), Failed> {
    let output = "[-14, -14, -14, -14, -14, -14, -12]\nread\n";
    ended_by(&attack("clock"), SIGSEGV, output)
}

fn recycled() -> Result<(), Failed> {
    expect(&attack("recycled"), 0, "reads 0\n\0\0\0written 3\n")
}

/// A million by ten machines where the kernel executes natively, and a tenth of them where it is emulated. `ISOLAB_TEST_SEED`
/// is the first seed, and `ISOLAB_TEST_CALLS` how many calls each machine makes.
fn random_calls() -> Result<(), Failed> {
    let given = |name| std::env::var(name).ok().and_then(|number| number.parse::<u64>().ok());
    let calls = given("ISOLAB_TEST_CALLS").unwrap_or(if hardware() { 100_000 } else { 10_000 });
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros() as u64;
    let first = given("ISOLAB_TEST_SEED").unwrap_or(now);
    let seeds = first..first + 10;
    println!("seeds {seeds:?}");
    for seed in seeds {
        let mut machine = command(&["random-calls", &seed.to_string(), &calls.to_string()]);
        let ran = finish(machine.env(TIMEOUT, "600000"));
        let end = format!("{calls} calls, 0 addresses of the kernel\n");
        if ran.status != 0 || !ran.output.ends_with(&end) {
            let log: String = ran
                .log
                .lines()
                .filter(|line| !line.contains("unknown system call"))
                .collect();
            return Err(format!("seed {seed}: status {}, log: {log}", ran.status).into());
        }
    }
    Ok(())
}

fn wild_program() -> Result<(), Failed> {
    for entry in [1 << 63, u64::MAX, 0xffff_ffff_8010_0000] {
        let ran = run(&[&format!("entry={entry}")]);
        expect(&ran, 126, "")?;
        expect_log(&ran, "cannot start the program: ")?;
    }
    Ok(())
}
