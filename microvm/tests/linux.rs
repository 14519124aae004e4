//! Stock Linux kernels as guests. Needs a /dev/kvm where guest kernels execute natively, and a kernel: the environment
//! variable `ISOLAB_TEST_KERNEL` names a vmlinux or bzImage with PVH entry.
//!
//! A machine's console is its process's standard input and output, so each runs in a process of its own: this test
//! binary again, told by an environment variable. It can be copied to another machine together with a kernel.

use libtest_mimic::{Arguments, Failed, Trial};
use microvm::initramfs::Archive;
use microvm::{Config, End, Initramfs, Kernel, KvmKind};
use std::io::Write;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// The kernel to test with.
const KERNEL: &str = "ISOLAB_TEST_KERNEL";
/// Tells the test binary to be a machine: the program and its arguments, separated by newlines.
const MACHINE: &str = "ISOLAB_TEST_MACHINE";
/// More of that machine: its timeout in milliseconds, its processors, a parameter of its kernel.
const TIMEOUT: &str = "ISOLAB_TEST_TIMEOUT";
const CPUS: &str = "ISOLAB_TEST_CPUS";
const PARAMETER: &str = "ISOLAB_TEST_PARAMETER";

fn main() -> ExitCode {
    if let Ok(arguments) = std::env::var(MACHINE) {
        return be_a_machine(&arguments);
    }
    let missing = match microvm::probe().kind {
        _ if std::env::var_os(KERNEL).is_none() => Some(format!("{KERNEL} names no kernel")),
        KvmKind::None(reason) => Some(format!("needs KVM: {reason}")),
        KvmKind::EmulatedKernelMode => Some("guest kernel mode is emulated here, and Linux does not run in it".into()),
        KvmKind::Hardware { .. } => None,
    };
    let trial = |name: &str, test: fn() -> Result<(), Failed>| {
        let title = match &missing {
            Some(reason) => format!("{name} [{reason}]"),
            None => name.to_string(),
        };
        Trial::test(title, test).with_ignored_flag(missing.is_some())
    };
    let trials = vec![
        trial("the_program_gets_its_arguments_and_environment", arguments),
        trial("the_exit_status_is_the_programs", exit_status),
        trial("a_signal_that_ends_the_program_is_128_and_its_number", signal),
        trial("a_program_that_is_missing_or_no_program_is_127_or_126", no_program),
        trial("standard_input_reaches_the_program_and_ends", echo),
        trial("a_kernel_panic_resets_the_machine_and_its_log_says_why", panic),
        trial("an_endless_program_ends_at_the_timeout", endless),
        trial("a_program_that_floods_the_console_waits_for_the_reader", flood),
        trial("two_processors_come_up", two_processors),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Runs the guest's program; the log goes to standard error, and the program's status becomes this process's.
fn be_a_machine(arguments: &str) -> ExitCode {
    let number = |name| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let mut archive = Archive::new();
    archive
        .add_file("/bin/program", 0o755, isolab_guest_program::PROGRAM)
        .unwrap();
    archive.add_file("/etc/text", 0o755, b"no program").unwrap();
    let mut words = arguments.split('\n').map(String::from);
    let kernel = std::env::var_os(KERNEL).unwrap_or_default();
    let config = Config {
        initramfs: Initramfs::Bytes(archive.finish()),
        program: words.next().unwrap_or_default(),
        args: words.collect(),
        env: vec!["GREETING=good morning".into()],
        timeout: Some(Duration::from_millis(number(TIMEOUT).unwrap_or(100_000))),
        cpus: number(CPUS).unwrap_or(1) as u8,
        kernel_parameters: std::env::var(PARAMETER).into_iter().collect(),
        ..Config::new(Kernel::File(kernel.into()))
    };
    match microvm::run(&config) {
        Ok(outcome) => {
            eprint!("{}", outcome.kernel_log);
            match outcome.end {
                End::Exited(status) => ExitCode::from(status),
                end => {
                    eprintln!("{end:?}");
                    ExitCode::from(200)
                }
            }
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(201)
        }
    }
}

/// What a machine did.
struct Ran {
    status: i32,
    output: String,
    log: String,
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(MACHINE, arguments.join("\n")).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Ran {
    finish(&mut command(arguments))
}

fn finish(command: &mut Command) -> Ran {
    ran(command.output().unwrap())
}

fn ran(output: std::process::Output) -> Ran {
    Ran {
        status: output.status.code().unwrap_or(-1),
        output: String::from_utf8_lossy(&output.stdout).into_owned(),
        log: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Compares, and shows everything if it differs.
fn expect(ran: &Ran, status: i32, output: &str, log: &str) -> Result<(), Failed> {
    if ran.status == status && ran.output == output && ran.log.contains(log) {
        return Ok(());
    }
    Err(format!(
        "status {} (expected {status})\noutput:\n{}\nexpected:\n{output}\nlog (expected {log:?} in it):\n{}",
        ran.status, ran.output, ran.log
    )
    .into())
}

const PROGRAM: &str = "/bin/program";

fn arguments() -> Result<(), Failed> {
    let ran = run(&[
        PROGRAM,
        "arguments",
        "two words",
        "a \"quote\" and a \\",
        "--",
        "",
        "한국어",
    ]);
    let output = concat!(
        "argument \"two words\"\nargument \"a \\\"quote\\\" and a \\\\\"\nargument \"--\"\nargument \"\"\n",
        "argument \"한국어\"\nvariable GREETING=\"good morning\"\nexecutable Some(\"/bin/program\")\n"
    );
    expect(&ran, 0, output, "")
}

fn exit_status() -> Result<(), Failed> {
    for status in [0, 3, 255] {
        expect(&run(&[PROGRAM, "exit", &status.to_string()]), status, "", "")?;
    }
    Ok(())
}

fn signal() -> Result<(), Failed> {
    expect(&run(&[PROGRAM, "fault", "null"]), 139, "", "")
}

fn no_program() -> Result<(), Failed> {
    expect(
        &run(&["/bin/missing"]),
        127,
        "",
        "cannot execute /bin/missing, error 002",
    )?;
    expect(&run(&["/etc/text"]), 126, "", "cannot execute /etc/text, error 008")
}

fn echo() -> Result<(), Failed> {
    // Larger than the serial port's buffer; every byte that a terminal could change is in it.
    let text = "line one\r\nline\ttwo\x03\x04\x11\x13\x1a\x7f, 한국어\n".repeat(100);
    let mut child = command(&[PROGRAM, "echo"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(text.as_bytes()).unwrap();
    drop(input);
    let ran = ran(child.wait_with_output().unwrap());
    expect(&ran, 0, &format!("{} bytes: {text}\n", text.len()), "")
}

fn panic() -> Result<(), Failed> {
    let ran = finish(command(&[PROGRAM]).env(PARAMETER, "rdinit=/missing root=/dev/missing"));
    expect(&ran, 200, "", "Kernel panic - not syncing")?;
    expect(&ran, 200, "", "Reset")
}

fn endless() -> Result<(), Failed> {
    let started = Instant::now();
    let ran = finish(command(&[PROGRAM, "endless"]).env(TIMEOUT, "2000"));
    expect(&ran, 200, "", "TimedOut")?;
    if started.elapsed() < Duration::from_millis(2000) {
        return Err("it ended before its timeout".into());
    }
    Ok(())
}

/// Nobody reads: the machine fills the pipe, waits, and still ends at its timeout.
fn flood() -> Result<(), Failed> {
    let mut child = command(&[PROGRAM, "flood"])
        .env(TIMEOUT, "40000")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let status = child.wait().unwrap();
    let output = child.wait_with_output().unwrap();
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    // A pipe holds 64 KiB unless told otherwise (pipe(7)).
    if status.code() != Some(200) || output.stdout.is_empty() || output.stdout.len() > 64 << 10 {
        return Err(format!("{status}, {} bytes in the pipe, log: {log}", output.stdout.len()).into());
    }
    Ok(())
}

fn two_processors() -> Result<(), Failed> {
    let ran = finish(command(&[PROGRAM, "processors"]).env(CPUS, "2"));
    expect(&ran, 0, "2 processors\n", "")
}
