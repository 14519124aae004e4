//! What the tests of machines share.
//!
//! A machine's console is its process's standard input and output, so each runs in a process of its own: the test binary
//! again, told by environment variables. It carries the guest's program, and can be copied to another machine.

// Each test binary uses its part.
#![allow(dead_code)]

use libtest_mimic::{Arguments, Failed, Trial};
use microvm::{Config, Disk, End, KvmKind, Sandbox};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Output, Stdio};
use std::time::Duration;

/// Tells the test binary to be a machine: the words of what it is to run, separated by newlines.
const MACHINE: &str = "ISOLAB_TEST_MACHINE";
/// More of that machine: its timeout in milliseconds, its memory in MiB, its processors, its kernel, parameters and modules
/// (paths separated by colons) of that, the image of its root disk, the base and the overlay of its disk.
pub const TIMEOUT: &str = "ISOLAB_TEST_TIMEOUT";
pub const MEMORY: &str = "ISOLAB_TEST_MEMORY";
pub const CPUS: &str = "ISOLAB_TEST_CPUS";
pub const GUEST_KERNEL: &str = "ISOLAB_TEST_GUEST_KERNEL";
pub const PARAMETER: &str = "ISOLAB_TEST_PARAMETER";
pub const LOADED: &str = "ISOLAB_TEST_LOADED";
pub const ROOT_DISK: &str = "ISOLAB_TEST_ROOT_DISK";
pub const DISK: &str = "ISOLAB_TEST_DISK";
pub const OVERLAY: &str = "ISOLAB_TEST_OVERLAY";

/// Tells it to say what its processor came out for.
pub const EXITS: &str = "ISOLAB_TEST_EXITS";

/// Tells it to count, and to say what was counted: a line `counts: NUMBER WHAT` for each.
pub const COUNTS: &str = "ISOLAB_TEST_COUNTS";

/// The status of a machine that ended otherwise than by an exit status, and of one that could not be run.
pub const ENDED: i32 = 200;
pub const FAILED: i32 = 201;

/// Runs the tests, or is a machine: `config` makes one of the words of what it is to run.
pub fn main(config: impl FnOnce(Vec<String>) -> Config, trials: impl FnOnce() -> Vec<Trial>) -> ExitCode {
    match std::env::var(MACHINE) {
        Ok(words) => be_a_machine(config(words.split('\n').map(String::from).collect())),
        Err(_) => libtest_mimic::run(&Arguments::from_args(), trials()).exit_code(),
    }
}

/// Why there is no KVM here; `None` where there is one.
pub fn missing_kvm() -> Option<String> {
    match microvm::probe().kind {
        KvmKind::None(reason) => Some(format!("needs KVM: {reason}")),
        KvmKind::EmulatedKernelMode | KvmKind::Hardware { .. } => None,
    }
}

/// A test, ignored where something is missing.
pub fn trial(name: &str, missing: Option<&String>, test: fn() -> Result<(), Failed>) -> Trial {
    let title = match missing {
        Some(reason) => format!("{name} [{reason}]"),
        None => name.to_string(),
    };
    Trial::test(title, test).with_ignored_flag(missing.is_some())
}

/// Runs the machine; the log goes to standard error, and the program's status becomes this process's.
fn be_a_machine(mut config: Config) -> ExitCode {
    let text = |name| std::env::var(name).ok();
    let number = |name| text(name).and_then(|value| value.parse::<u64>().ok());
    config.timeout = Some(Duration::from_millis(number(TIMEOUT).unwrap_or(120_000)));
    config.memory_bytes = number(MEMORY).map_or(config.memory_bytes, |mib| mib << 20);
    config.linux.cpus = number(CPUS).map_or(config.linux.cpus, |cpus| cpus as u8);
    config.kernel = text(GUEST_KERNEL).map_or(config.kernel, |path| microvm::Kernel::File(path.into()));
    config.kernel_parameters.extend(text(PARAMETER));
    config.linux.modules = text(LOADED).map_or_else(Vec::new, |paths| paths.split(':').map(PathBuf::from).collect());
    if let Some(image) = text(ROOT_DISK) {
        config.linux.root_disk = Some(image.into());
        config.initramfs = microvm::Initramfs::Bytes(Vec::new());
    }
    config.linux.disk = text(DISK).map(|base| Disk {
        base: base.into(),
        overlay: text(OVERLAY).map(PathBuf::from),
    });
    config.counts = text(COUNTS).is_some();
    config.sandbox = Sandbox::On(Vec::new());
    match microvm::run(config) {
        Ok(outcome) => {
            eprint!("{}", outcome.kernel_log);
            if text(EXITS).is_some() {
                let exits = outcome.exits.iter();
                exits.for_each(|(reason, exit)| eprintln!("exits: {} {reason}", exit.count));
            }
            if let Some(counts) = &outcome.counts {
                eprintln!("counts: {} CPUID", counts.cpuids);
                eprintln!("counts: {} pages", counts.pages);
                for calls in &counts.calls {
                    eprintln!("counts: {} {}", calls.all(), calls.name);
                    eprintln!("counts: {} {} without the kernel", calls.not_entered, calls.name);
                }
            }
            for (name, figure) in &outcome.kvm {
                eprintln!("kvm: {figure} {name}");
            }
            match outcome.end {
                End::Exited(status) => ExitCode::from(status),
                end => {
                    eprintln!("{end:?}");
                    ExitCode::from(ENDED as u8)
                }
            }
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(FAILED as u8)
        }
    }
}

/// What a machine did.
pub struct Ran {
    pub status: i32,
    pub output: String,
    pub log: String,
}

/// A machine that is to run those words.
pub fn command(words: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(MACHINE, words.join("\n")).stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub fn run(words: &[&str]) -> Ran {
    finish(&mut command(words))
}

/// Runs it to its end.
pub fn finish(command: &mut Command) -> Ran {
    ran(command.output().unwrap())
}

/// Starts it with pipes.
pub fn start(command: &mut Command) -> Child {
    let piped = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    piped.spawn().unwrap()
}

/// What it did, from what came out.
pub fn ran(output: Output) -> Ran {
    Ran {
        status: output.status.code().unwrap_or(-1),
        output: String::from_utf8_lossy(&output.stdout).into_owned(),
        log: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Compares, and shows everything if it differs.
pub fn expect(ran: &Ran, status: i32, output: &str) -> Result<(), Failed> {
    if ran.status == status && ran.output == output {
        return Ok(());
    }
    Err(format!(
        "status {} (expected {status})\noutput:\n{}\nexpected:\n{output}\nlog:\n{}",
        ran.status, ran.output, ran.log
    )
    .into())
}

/// Whether the log, the kernel's and the monitor's, has that in it.
pub fn expect_log(ran: &Ran, part: &str) -> Result<(), Failed> {
    if ran.log.contains(part) {
        return Ok(());
    }
    Err(format!("the log does not say {part:?}:\n{}", ran.log).into())
}
