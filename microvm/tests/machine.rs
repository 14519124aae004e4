//! The built-in guest kernel and the monitor, through a program that runs in the guest. Needs /dev/kvm.

mod support;

use libtest_mimic::{Failed, Trial};
use microvm::{Config, Console, End, Files, Initramfs, Kernel, KvmKind, Linux};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{SigHandler, SigSet, Signal, signal};
use std::io::{Read, Seek, Write};
use std::os::fd::IntoRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, ExitCode, Stdio};
use std::time::{Duration, Instant};
use support::{COUNTS, EXITS, MEMORY, TIMEOUT, command, expect, expect_log, finish, run, start};

fn main() -> ExitCode {
    let with_descriptor = |arguments| {
        // One that the machine has no use for.
        let _forgotten = std::fs::File::open("/proc/self/exe").unwrap().into_raw_fd();
        config(arguments)
    };
    support::main(with_descriptor, trials)
}

fn trials() -> Vec<Trial> {
    let missing = support::missing_kvm();
    let trial = |name, test| support::trial(name, missing.as_ref(), test);
    vec![
        trial("the_program_gets_its_arguments_and_environment", arguments),
        trial("the_exit_status_is_the_programs", exit_status),
        trial("a_fault_ends_the_machine_with_its_signal_and_says_where", faults),
        trial("files_of_the_initramfs_are_read_and_not_written", files),
        trial("a_big_file_is_read_and_mapped_as_it_is", big_file),
        trial("thousands_of_empty_files_do_not_hold_up_the_start", many_files),
        trial("memory_is_asked_for_when_it_is_needed", on_demand),
        trial("memory_grows_moves_and_is_zero_when_it_comes_again", memory),
        trial(
            "the_heap_ends_where_it_is_set_and_is_zero_when_it_comes_again",
            heap_end,
        ),
        trial("a_machine_without_memory_left_says_so_and_ends", exhausted),
        trial("an_unknown_system_call_is_named_once", unknown),
        trial("bad_addresses_are_errors_of_the_call", bad_addresses),
        trial("what_a_program_sets_of_its_own_state_reads_back", own_state),
        trial("what_a_program_costs_is_counted_where_that_is_asked_for", costs),
        trial("time_passes_in_the_guest_as_outside", time),
        trial("a_sleep_is_no_loop_whatever_becomes_of_the_input", sleep),
        trial("waiting_ends_when_its_time_is_over", waiting),
        trial("a_futex_waits_by_the_clock_that_it_names", futex),
        trial("paths_that_cannot_be_are_refused_as_linux_refuses_them", paths),
        trial("signals_that_are_blocked_wait", signals),
        trial("mappings_end_where_their_memory_or_file_does", mappings),
        trial("standard_input_reaches_the_program_and_ends", echo),
        trial("a_program_may_use_the_vectors_that_it_may_use_outside", vectors),
        trial("random_bytes_differ_from_run_to_run", random),
        trial("the_kernel_does_not_call_itself_linux", name),
        trial("floating_point_survives_system_calls_and_faults", floats),
        trial("an_endless_program_ends_at_the_timeout", endless),
        trial("a_program_that_floods_the_console_waits_for_the_reader", flood),
        trial("the_timeout_holds_for_a_full_output_that_does_not_block", full_output),
        trial(
            "the_timeout_holds_for_a_process_that_began_with_its_signal_blocked",
            blocked_alarm,
        ),
        trial("any_size_of_memory_that_makes_sense_works", sizes),
        trial("a_machine_runs_inside_a_process_that_keeps_what_it_has", inside),
        trial("a_kernel_that_is_not_linux_takes_nothing_of_linux", not_linux),
        trial("looking_at_kvm_and_timing_it_agree", examined),
        trial("a_running_machine_has_given_up_what_it_does_not_need", confined),
    ]
}

/// A machine that runs the guest's program.
fn config(mut arguments: Vec<String>) -> Config {
    let mut files = Files::new();
    if arguments[0] == WITH_MANY_FILES {
        arguments.remove(0);
        (0..30_000).for_each(|n| files.add_file(&format!("/many/{n}"), 0o644, b"").unwrap());
    }
    files
        .add_file("/bin/program", 0o755, isolab_guest_program::PROGRAM)
        .unwrap();
    files.add_file("/etc/text", 0o644, b"hello from the initramfs").unwrap();
    files.add_file("/big", 0o644, &big()).unwrap();
    files.add_link("/link", "etc/text").unwrap();
    files.add_link("/loop", "loop").unwrap();
    Config {
        initramfs: Initramfs::Bytes(files.to_archive().unwrap()),
        program: "/bin/program".into(),
        args: arguments,
        env: variables().map(|(name, value)| format!("{name}={value}")).into(),
        memory_bytes: 64 << 20,
        ..Config::new(Kernel::Builtin)
    }
}

/// The program's environment in the order of its names, some of them those of kernel parameters.
fn variables() -> [(&'static str, String); 7] {
    [
        ("GREETING", "good morning".into()),
        ("LONG", "x".repeat(6000)),
        ("QUOTED", "\"\\".into()),
        ("a.b", "1".into()),
        ("console", "x".into()),
        ("rdinit", "/x".into()),
        ("root", "/srv".into()),
    ]
}

/// 3 MiB in which no two pages are alike.
fn big() -> Vec<u8> {
    (0..3u32 << 20)
        .map(|n| (n ^ n >> 12).wrapping_mul(2_654_435_761).to_le_bytes()[3])
        .collect()
}

/// In front of what the program is to do: its archive has thousands of empty files beside it.
const WITH_MANY_FILES: &str = "with many files";

fn many_files() -> Result<(), Failed> {
    let ran = finish(command(&[WITH_MANY_FILES, "exit", "3"]).env(TIMEOUT, "30000"));
    expect(&ran, 3, "")
}

fn sum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)))
}

fn arguments() -> Result<(), Failed> {
    let ran = run(&[
        "arguments",
        "plain",
        "two words",
        "a \"quote\" and a \\",
        "--",
        "",
        "한국어",
    ]);
    let variables = variables().map(|(name, value)| format!("variable {name}={value:?}\n"));
    let wanted = [
        concat!(
            "argument \"plain\"\nargument \"two words\"\nargument \"a \\\"quote\\\" and a \\\\\"\nargument \"--\"\n",
            "argument \"\"\nargument \"한국어\"\n",
        ),
        &variables.concat(),
        "executable Some(\"/bin/program\")\n",
    ];
    expect(&ran, 0, &wanted.concat())
}

fn exit_status() -> Result<(), Failed> {
    for status in [0, 3, 255] {
        expect(&run(&["exit", &status.to_string()]), status, "")?;
    }
    Ok(())
}

fn faults() -> Result<(), Failed> {
    for (kind, status, says) in [
        ("null", 139, "SIGSEGV: write at 0x8 by the instruction at 0x"),
        (
            "kernel-read",
            139,
            "SIGSEGV: read at 0xffffffff80100000 by the instruction at 0x",
        ),
        ("kernel-jump", 139, "SIGSEGV: jump at 0xffffffff80100000"),
        ("read-only", 139, "the mapping there forbids it"),
        ("no-execute", 139, "SIGSEGV: jump at 0x"),
        ("undefined", 132, "SIGILL: undefined instruction at 0x"),
        ("divide", 136, "SIGFPE: division by zero or overflow at 0x"),
        ("breakpoint", 133, "SIGTRAP: breakpoint at 0x"),
        ("privileged", 139, "SIGSEGV: general protection fault at 0x"),
        ("abort", 134, ""),
    ] {
        let ran = run(&["fault", kind]);
        expect(&ran, status, "").map_err(|failed| format!("{kind}: {}", failed.message().unwrap_or_default()))?;
        expect_log(&ran, says)?;
    }
    Ok(())
}

fn files() -> Result<(), Failed> {
    expect(
        &run(&["files"]),
        0,
        concat!(
            "text \"hello from the initramfs\"\nlink \"hello from the initramfs\" -> \"etc/text\"\n",
            "dotted \"hello from the initramfs\"\nsize 24 directory true\n",
            "root [\"big\", \"bin\", \"etc\", \"link\", \"loop\"]\nrest \"from the initramfs\"\n",
            "error Some(Some(2))\nerror Some(Some(20))\nerror Some(Some(30))\nerror Some(Some(30))\nerror Some(Some(40))\n"
        ),
    )
}

fn big_file() -> Result<(), Failed> {
    let sum = sum(&big());
    expect(&run(&["big-file"]), 0, &format!("3145728 bytes, sum {sum}\n"))?;
    let mapped = format!("read-only sum {sum} then {sum}\nwritable sum {sum} then {sum}\n");
    expect(&run(&["map-file"]), 0, &mapped)
}

fn memory() -> Result<(), Failed> {
    let heap: usize = (0..10_000).map(|n| n % 300).sum();
    expect(&run(&["memory"]), 0, &format!("grown true\nstack 1000\nheap {heap}\n"))?;
    expect(&run(&["recycle"]), 0, "dirty 0\n")
}

/// What is dirty is what was written before and not given up meanwhile.
fn heap_end() -> Result<(), Failed> {
    expect(
        &run(&["break"]),
        0,
        concat!(
            "100 bytes, 0 dirty\n1048576 bytes, 1 dirty\n4096 bytes, 5 dirty\n1048576 bytes, 5 dirty\n",
            "2097152 bytes, 1049 dirty\n0 bytes, 0 dirty\n5000 bytes, 0 dirty\n"
        ),
    )
}

fn exhausted() -> Result<(), Failed> {
    let ran = run(&["exhaust"]);
    expect(&ran, 137, "")?;
    expect_log(&ran, "out of memory: the program uses")
}

fn unknown() -> Result<(), Failed> {
    let ran = run(&["unknown"]);
    expect(&ran, 0, "-38 -38 -38\n")?;
    expect_log(&ran, "unknown system call 56 (clone), answered with ENOSYS")?;
    match ran.log.matches("(clone)").count() {
        1 => Ok(()),
        count => Err(format!("named {count} times").into()),
    }
}

fn bad_addresses() -> Result<(), Failed> {
    expect(
        &run(&["bad-addresses"]),
        0,
        "write -14 -14\nread small -14 -14\nread large -14 -14\npath -14 -14\nstat -14\nmap -12 -22\n",
    )
}

fn own_state() -> Result<(), Failed> {
    expect(
        &run(&["own-state"]),
        0,
        concat!(
            "action [0, 0] [0, 0, 0, 0] [1, 2, 3, 4]\nin place 0 [5, 6, 7, 8]\nrefused [-22, -22] -14\n",
            "stack 0\nstack 0 true\nstack -14 -14\nlimit 0 [8388608, 18446744073709551615]\nlimit -14 -3\n",
            "random -14 8\nids 1 1 1\n"
        ),
    )
}

fn time() -> Result<(), Failed> {
    let started = Instant::now();
    let ran = run(&["time"]);
    let outside = started.elapsed().as_millis();
    let slept = ran
        .output
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("slept ")?.strip_suffix(" ms"));
    let slept: u128 = slept
        .and_then(|slept| slept.parse().ok())
        .ok_or(ran.output.clone() + &ran.log)?;
    if !(20..=outside).contains(&slept)
        || !ran.output.contains("year 20")
        || !ran.output.ends_with("\nclocks agree [-14, -14]\n")
    {
        return Err(format!("slept {slept} ms of {outside} ms outside\n{}{}", ran.output, ran.log).into());
    }
    Ok(())
}

/// With an input that is at its end, that is open and silent, and that has something to read.
fn sleep() -> Result<(), Failed> {
    let mut ended = command(&["sleep"]);
    let mut silent = start(command(&["sleep"]).env(EXITS, "1"));
    let mut full = start(command(&["sleep"]).env(EXITS, "1"));
    full.stdin.as_mut().unwrap().write_all(b"not read").unwrap();
    let input = silent.stdin.take();
    let others = [full.wait_with_output(), silent.wait_with_output()].map(|output| support::ran(output.unwrap()));
    drop(input);
    for ran in others.iter().chain([&finish(ended.env(EXITS, "1"))]) {
        expect(ran, 0, "")?;
        // One, but for clocks that differ by a little.
        let exits = ran
            .log
            .lines()
            .find_map(|line| line.strip_prefix("exits: ")?.strip_suffix(" sleep port"));
        if !exits.is_some_and(|exits| (1..5).contains(&exits.parse().unwrap_or(0))) {
            return Err(ran.log.clone().into());
        }
    }
    Ok(())
}

fn waiting() -> Result<(), Failed> {
    let mut child = start(&mut command(&["waiting"]));
    let input = child.stdin.take();
    let ran = support::ran(child.wait_with_output().unwrap());
    drop(input);
    let answers = "wait 0\nat once 0\nfor nothing 0\nwrong time -22 -14\ntoo many -22 -22\npoll 0\n";
    expect(&ran, 0, answers)
}

fn futex() -> Result<(), Failed> {
    expect(
        &run(&["futex"]),
        0,
        concat!(
            "for a time -110, waited\nuntil -110, waited\nuntil, by the real time -110, waited\n",
            "until before, by the real time -110, at once\nodd -22\nother -11\nno bits -22\nclock -22\n"
        ),
    )
}

fn paths() -> Result<(), Failed> {
    expect(
        &run(&["paths"]),
        0,
        concat!(
            "empty [-2, -2, -2, -2]\nlongest name [-2, -2, -2, -2]\nlong name [-36, -36, -36, -36]\n",
            "longest [3, 0, 0, -22]\nlong [-36, -36, -36, -36]\n"
        ),
    )
}

/// The last of them is delivered when it is not blocked any more.
fn signals() -> Result<(), Failed> {
    const USR1: i32 = 10;
    expect(
        &run(&["signals"]),
        128 + USR1,
        concat!(
            "kill -22 0\nstop -22 0\nsize 0 -22\nblock (0, 0)\nhow -22 size -22\nnone 0 -22 -3\nthread -22 -3\n",
            "blocked 0\npending 0 512\n"
        ),
    )
}

fn mappings() -> Result<(), Failed> {
    const BUS: i32 = 7;
    let ran = run(&["mappings"]);
    let answers = "beyond memory -12\nwithout reserve true\nwrite-only 0\nbehind the file 0\nwritten -14\n";
    expect(&ran, 128 + BUS, answers)?;
    expect_log(&ran, "SIGBUS: read at 0x")
}

fn on_demand() -> Result<(), Failed> {
    let asked = |words: &[&str]| {
        let ran = finish(command(words).env(EXITS, ""));
        ran.log.contains("exits: 1 port that gives more memory")
    };
    match (asked(&["exit", "0"]), asked(&["touch", "20"])) {
        (false, true) => Ok(()),
        (small, large) => Err(format!("asked by a small program: {small}, by a large one: {large}").into()),
    }
}

fn costs() -> Result<(), Failed> {
    let count = |ran: &support::Ran, what: &str| {
        let number = |line: &str| {
            line.strip_prefix("counts: ")?
                .strip_suffix(what)?
                .trim_end()
                .parse::<u64>()
                .ok()
        };
        ran.log.lines().find_map(number).unwrap_or(0)
    };
    let [without, with] = ["arguments", "costs"].map(|word| finish(command(&[word]).env(COUNTS, "")));
    // Pages are given sixteen at a time: either run may have got some of a batch that it does not touch.
    for (what, least, most) in [("getppid", 5, 5), ("CPUID", 3, 3), ("pages", 64 - 16, 64 + 16)] {
        let more = count(&with, what).wrapping_sub(count(&without, what));
        if !(least..=most).contains(&more) {
            return Err(format!("{more} more of {what}, not {least}:\n{}", with.log).into());
        }
    }
    let unentered = count(&with, "clock_gettime without the kernel");
    if microvm::probe().kind == KvmKind::EmulatedKernelMode && unentered < 9 {
        return Err(format!(
            "of ten looks at the clock {unentered} without the kernel:\n{}",
            with.log
        )
        .into());
    }
    let uncounted = run(&["costs"]);
    if uncounted.log.contains("counts: ") || uncounted.log.contains("kvm: ") {
        return Err(uncounted.log.into());
    }
    // Linux since 5.14 has them.
    expect_log(&with, "kvm: ")
}

fn echo() -> Result<(), Failed> {
    let text = "line one\nline two, 한국어\n".repeat(20);
    let mut child = start(&mut command(&["echo"]));
    let mut input = child.stdin.take().unwrap();
    input.write_all(text.as_bytes()).unwrap();
    drop(input);
    let ran = support::ran(child.wait_with_output().unwrap());
    expect(&ran, 0, &format!("{} bytes: {text}\n", text.len()))
}

fn vectors() -> Result<(), Failed> {
    let (avx, avx2, avx512) = (
        is_x86_feature_detected!("avx"),
        is_x86_feature_detected!("avx2"),
        is_x86_feature_detected!("avx512f"),
    );
    expect(&run(&["features"]), 0, &format!("{avx} {avx2} {avx512}\n"))
}

fn random() -> Result<(), Failed> {
    let (first, second) = (run(&["random"]), run(&["random"]));
    if first.status == 0 && first.output != second.output {
        Ok(())
    } else {
        Err(first.output.into())
    }
}

fn name() -> Result<(), Failed> {
    let ran = run(&["name"]);
    expect(
        &ran,
        0,
        &format!(
            "isolab\nisolab\n6.1.0\n{}\nx86_64\n(none)\n",
            microvm::kernel::BUILTIN_VERSION
        ),
    )
}

fn floats() -> Result<(), Failed> {
    let sum: f64 = (0..1 << 20).step_by(512).map(|n| f64::from(n).sqrt()).sum();
    expect(&run(&["floats"]), 0, &format!("{sum:.6}\n"))
}

fn endless() -> Result<(), Failed> {
    let started = Instant::now();
    let ran = finish(command(&["endless"]).env(TIMEOUT, "500"));
    expect(&ran, 200, "")?;
    expect_log(&ran, "TimedOut")?;
    if started.elapsed() < Duration::from_millis(500) {
        Err("it ended before its timeout".into())
    } else {
        Ok(())
    }
}

/// Nobody reads: the machine fills the pipe, waits, and still ends at its timeout.
fn flood() -> Result<(), Failed> {
    let mut child = command(&["flood"])
        .env(TIMEOUT, "1500")
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

/// Nobody reads, and the pipe says so instead of waiting.
fn full_output() -> Result<(), Failed> {
    let (reader, writer) = std::io::pipe().unwrap();
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    let mut child = command(&["flood"])
        .env(TIMEOUT, "500")
        .stdout(writer)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let ended = ends(&mut child);
    drop(reader);
    ended
}

fn blocked_alarm() -> Result<(), Failed> {
    let mut machine = command(&["endless"]);
    machine.env(TIMEOUT, "500").stderr(Stdio::null());
    // SAFETY: the one call is safe between fork and exec (signal-safety(7)).
    unsafe {
        machine.pre_exec(|| Ok(SigSet::from(Signal::SIGALRM).thread_block()?));
    }
    ends(&mut machine.spawn().unwrap())
}

/// Whether a machine ends as its timeout has it. One that does not is killed.
fn ends(child: &mut Child) -> Result<(), Failed> {
    for _ in 0..1000 {
        match child.try_wait().unwrap() {
            Some(status) if status.code() == Some(200) => return Ok(()),
            Some(status) => return Err(status.to_string().into()),
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    Err("it did not end".into())
}

fn sizes() -> Result<(), Failed> {
    for (mib, status) in [(1, 201), (16, 0), (3072, 0), (5120, 0)] {
        let ran = finish(command(&["touch", "4"]).env(MEMORY, mib.to_string()));
        expect(&ran, status, if status == 0 { "touched 1024\n" } else { "" })
            .map_err(|failed| format!("{mib} MiB: {}", failed.message().unwrap_or_default()))?;
    }
    Ok(())
}

/// At the guest's first byte of output: no capability, no way to new privileges, a filter on every thread, and no
/// descriptor but the console's and the processor's.
fn confined() -> Result<(), Failed> {
    let mut child = command(&["flood"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    let (rights, descriptors) = (rights(child.id()), descriptors(child.id()));
    child.kill().unwrap();
    child.wait().unwrap();
    let (rights, descriptors) = (
        rights.map_err(|e| e.to_string())?,
        descriptors.map_err(|e| e.to_string())?,
    );
    // KVM may have added a thread of its own.
    let none = "CapInh 0 CapPrm 0 CapEff 0 CapAmb 0 NoNewPrivs 1 Seccomp 2";
    if rights.is_empty() || rights.iter().any(|rights| rights != none) {
        return Err(format!("{rights:?}").into());
    }
    // The machine itself, for memory that the guest has to ask for, and its processor.
    if descriptors != ["anon_inode:kvm-vm", "anon_inode:kvm-vcpu:0"] {
        return Err(format!("{descriptors:?}").into());
    }
    Ok(())
}

/// What each thread of a process may do (proc_pid_status(5)).
fn rights(process: u32) -> std::io::Result<Vec<String>> {
    let of_thread = |status: String| {
        let of = |name: &str| {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            format!(
                "{name} {:x}",
                u64::from_str_radix(line.unwrap_or("f").trim(), 16).unwrap()
            )
        };
        ["CapInh", "CapPrm", "CapEff", "CapAmb", "NoNewPrivs", "Seccomp"]
            .map(of)
            .join(" ")
    };
    std::fs::read_dir(format!("/proc/{process}/task"))?
        .map(|thread| Ok(of_thread(std::fs::read_to_string(thread?.path().join("status"))?)))
        .collect()
}

/// What a process's descriptors above 2 lead to.
fn descriptors(process: u32) -> std::io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(format!("/proc/{process}/fd"))? {
        let path = entry?.path();
        if !["0", "1", "2"].iter().any(|standard| path.ends_with(standard)) {
            found.push(std::fs::read_link(&path)?.display().to_string());
        }
    }
    Ok(found)
}

/// A machine in this process, with a console of files: descriptors, rights and the signal's action stay the process's.
fn inside() -> Result<(), Failed> {
    let (mut output, kept) = (tempfile::tempfile()?, tempfile::tempfile()?);
    let mut input = tempfile::tempfile()?;
    input.write_all(b"from a file")?;
    input.rewind()?;
    // SAFETY: to be ignored is an action that any thread may have.
    let ignored = || unsafe { signal(Signal::SIGALRM, SigHandler::SigIgn) };
    ignored()?;
    let outcome = microvm::run(Config {
        console: Console::Files {
            input: input.into(),
            output: output.try_clone()?.into(),
        },
        timeout: Some(Duration::from_secs(120)),
        ..config(vec!["echo".into()])
    })?;
    let mut text = String::new();
    output.rewind()?;
    output.read_to_string(&mut text)?;
    if (outcome.end, &text[..]) != (End::Exited(0), "11 bytes: from a file\n") {
        return Err(format!("{:?}: {text}{}", outcome.end, outcome.kernel_log).into());
    }
    let (after, _) = (ignored()?, kept.metadata()?);
    match after {
        SigHandler::SigIgn => Ok(()),
        other => Err(format!("the signal's action is {other:?}").into()),
    }
}

fn not_linux() -> Result<(), Failed> {
    for (linux, what) in [
        (
            Linux {
                cpus: 2,
                ..Linux::default()
            },
            "processors",
        ),
        (
            Linux {
                kernel_log: true,
                ..Linux::default()
            },
            "log",
        ),
        (
            Linux {
                modules: vec!["/module.ko".into()],
                ..Linux::default()
            },
            "modules",
        ),
    ] {
        let refused = microvm::run(Config {
            linux,
            ..config(vec!["exit".into()])
        });
        let error = refused.err().ok_or(format!("{what} are taken"))?.to_string();
        if !error.contains("is not a Linux kernel") || !error.contains(what) {
            return Err(error.into());
        }
    }
    Ok(())
}

fn examined() -> Result<(), Failed> {
    let (seen, timed) = (microvm::probe(), microvm::examine());
    if timed.kind == seen.kind && timed.findings.iter().all(|finding| finding.ok) {
        return Ok(());
    }
    Err(format!("{seen:?}, {timed:?}").into())
}
