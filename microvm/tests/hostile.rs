//! Guests that mean harm: here to their monitor, a few instructions each, in place of a kernel; none hangs or crashes it,
//! none makes it grow, and each ends with the status or the error that it should. In `hostile/programs.rs`, programs that
//! mean harm to the built-in kernel. Needs /dev/kvm.
//!
//! The test binary can be copied to another machine.

#[path = "hostile/programs.rs"]
mod programs;
mod support;

use libtest_mimic::{Failed, Trial};
use microvm::{Config, Kernel};
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitCode};
use std::time::Duration;
use support::{ENDED, FAILED, TIMEOUT};

/// Memory of the machines.
const MEMORY: u64 = 16 << 20;
/// A monitor may use so much more at its worst than when its guest began: parts of its own program that it had not used yet.
const GROWTH_MAX_KIB: u64 = 2048;
/// How a guest says that it got to its end.
const DONE: [u8; 4] = [0xb0, 42, 0xe6, 0xf4]; // mov al, 42; out 0xf4, al

fn main() -> ExitCode {
    support::main(config, trials)
}

fn trials() -> Vec<Trial> {
    let missing = support::missing_kvm();
    let trial = |name, test| support::trial(name, missing.as_ref(), test);
    let mut trials = vec![
        trial("an_endless_loop_ends_at_the_timeout", endless_loop),
        trial("a_triple_fault_is_an_error_that_names_it", triple_fault),
        trial("a_halt_that_nothing_can_wake_is_an_error_that_says_so", halt),
        trial("every_port_can_be_read_and_written", every_port),
        trial("memory_that_is_not_there_reads_as_ones_and_takes_writes", holes),
        trial("the_exit_port_takes_any_width_and_strings", exit_port),
        trial("a_string_for_the_console_may_lie_anywhere_or_be_endless", string_port),
        trial(
            "a_string_instruction_of_four_gib_ends_at_the_timeout",
            string_instruction,
        ),
        trial("a_sleep_of_an_hour_ends_at_the_timeout", long_sleep),
        trial("a_flooded_log_is_kept_to_its_limit", flooded_log),
        trial("stamps_without_end_are_not_kept", flooded_stamps),
        trial("a_flooded_console_waits_for_its_reader", flooded_console),
        trial("a_console_whose_reader_is_gone_ends_the_machine", reader_gone),
        trial("a_machine_killed_from_outside_is_gone", killed),
    ];
    trials.extend(programs::trials(missing.as_ref()));
    trials
}

/// A machine that boots the file of that name, or the built-in kernel with other words for its program.
fn config(words: Vec<String>) -> Config {
    if !words[0].starts_with('/') {
        return programs::config(words);
    }
    Config {
        memory_bytes: MEMORY,
        ..Config::new(Kernel::File(words.concat().into()))
    }
}

/// A kernel that is loaded at 1 MiB and entered there by the PVH protocol, in 32-bit protected mode.
fn kernel(code: &[u8]) -> Vec<u8> {
    const ENTRY: u64 = 0x10_0000;
    const NOTE: u64 = 64 + 2 * 56;
    const CODE: u64 = 0x1000;
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    let mut put = |bytes: &[u8]| file.extend_from_slice(bytes);
    // ET_EXEC for x86-64, version 1; entry, program headers, no sections; sizes.
    put(&[2, 0, 62, 0, 1, 0, 0, 0]);
    [ENTRY, 64, 0].iter().for_each(|word| put(&word.to_le_bytes()));
    [0u16, 0, 64, 56, 2, 0, 0, 0]
        .iter()
        .for_each(|half| put(&half.to_le_bytes()));
    // PT_LOAD of the code, PT_NOTE of the entry: type and flags, offset, addresses, sizes, alignment.
    let length = code.len() as u64;
    let mut header = |kind: u32, flags: u32, words: [u64; 6]| {
        put(&kind.to_le_bytes());
        put(&flags.to_le_bytes());
        words.iter().for_each(|word| put(&word.to_le_bytes()));
    };
    header(1, 7, [CODE, ENTRY, ENTRY, length, length, 4096]);
    header(4, 4, [NOTE, 0, 0, 24, 24, 4]);
    // XEN_ELFNOTE_PHYS32_ENTRY.
    [4u32, 8, 18].iter().for_each(|word| put(&word.to_le_bytes()));
    put(b"Xen\0");
    put(&ENTRY.to_le_bytes());
    file.resize(CODE as usize, 0);
    file.extend_from_slice(code);
    file
}

/// What a machine did.
struct Ran {
    status: i32,
    output: Vec<u8>,
    log: String,
    /// By how much its largest size exceeded the first that was seen of it.
    growth_kib: u64,
}

fn start(code: &[u8], timeout_ms: u64) -> (Child, tempfile::NamedTempFile) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&kernel(code)).unwrap();
    let path = file.path().to_str().unwrap();
    let mut command = support::command(&[path]);
    let child = support::start(command.env(TIMEOUT, timeout_ms.to_string()));
    (child, file)
}

/// Runs a machine to its end while its console is read.
fn run(code: &[u8], timeout_ms: u64) -> Ran {
    let (mut child, _file) = start(code, timeout_ms);
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let output = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stdout.read_to_end(&mut bytes).map(|_| bytes)
    });
    let log = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stderr.read_to_end(&mut bytes).map(|_| bytes)
    });
    let (mut first, mut largest) = (None, 0);
    let status = loop {
        if let Some(peak) = peak_kib(child.id()).filter(|_| is_confined(child.id())) {
            first.get_or_insert(peak);
            largest = peak.max(largest);
        }
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    Ran {
        status: status.code().unwrap_or(-1),
        output: output.join().unwrap().unwrap(),
        log: String::from_utf8_lossy(&log.join().unwrap().unwrap()).into_owned(),
        growth_kib: largest - first.unwrap_or(largest),
    }
}

fn field(process: u32, name: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// The largest size that a process has had.
fn peak_kib(process: u32) -> Option<u64> {
    field(process, "VmHWM:")
}

/// Whether the machine is about to run: the filter comes last.
fn is_confined(process: u32) -> bool {
    field(process, "Seccomp:") == Some(2)
}

/// Checks how a machine ended, and that it did not grow.
fn expect(ran: &Ran, status: i32, says: &str) -> Result<(), Failed> {
    let log: String = ran.log.chars().take(2000).collect();
    if ran.status != status || !ran.log.contains(says) {
        return Err(format!(
            "status {} (expected {status}), log (expected {says:?}): {log}",
            ran.status
        )
        .into());
    }
    if ran.growth_kib > GROWTH_MAX_KIB {
        return Err(format!("the monitor grew by {} KiB", ran.growth_kib).into());
    }
    Ok(())
}

fn endless_loop() -> Result<(), Failed> {
    expect(&run(&[0xeb, 0xfe], 300), ENDED, "TimedOut") // jmp .
}

fn triple_fault() -> Result<(), Failed> {
    // lidt [0]: memory there is zero, so that no exception has a handler; ud2
    let code = [0x0f, 0x01, 0x1d, 0, 0, 0, 0, 0x0f, 0x0b];
    expect(&run(&code, 5000), FAILED, "triple fault")
}

fn halt() -> Result<(), Failed> {
    expect(&run(&[0xfa, 0xf4], 5000), FAILED, "halted with interrupts off") // cli; hlt
}

/// Ports below 0x1000 one by one, those above in steps, in every width; the exit port is left out.
fn every_port() -> Result<(), Failed> {
    let mut code = vec![
        0x31, 0xd2, // xor edx, edx
        0xec, 0x66, 0xed, 0xed, // in al, dx; in ax, dx; in eax, dx
        0x31, 0xc0, // xor eax, eax
        0x81, 0xfa, 0xf4, 0, 0, 0, // cmp edx, 0xf4
        0x74, 0x04, // je over the next four
        0xee, 0x66, 0xef, 0xef, // out dx, al; out dx, ax; out dx, eax
        0x42, // inc edx
        0x81, 0xfa, 0, 0x10, 0, 0, // cmp edx, 0x1000
        0x72, 0xe5, // jb to the first in
        0x83, 0xc2, 0x7e, // add edx, 126
        0x81, 0xfa, 0, 0, 1, 0, // cmp edx, 0x10000
        0x72, 0xda, // jb to the first in
    ];
    code.extend(DONE);
    expect(&run(&code, 60_000), 42, "")
}

/// Every 16 MiB from the end of RAM to 4 GiB, the interrupt controllers' and the firmware's places among them.
fn holes() -> Result<(), Failed> {
    let mut code = vec![
        0xbb, 0, 0, 0, 1, // mov ebx, 16 MiB
        0x8b, 0x03, // mov eax, [ebx]
        0x83, 0xf8, 0xff, // cmp eax, -1
        0x75, 0x1a, // jne to the end
        0x89, 0x03, // mov [ebx], eax
        0x8a, 0x83, 0x30, 0, 0xe0, 0, // mov al, [ebx + 0xe00030]: where the local APIC would be, once
        0x88, 0x83, 0xff, 0xff, 0xff, 0, // mov [ebx + 0xffffff], al: the last byte before the next
        0x81, 0xc3, 0, 0, 0, 1, // add ebx, 16 MiB
        0x75, 0xe3, // jnz to the read
    ];
    code.extend(DONE);
    code.extend([0xb0, 7, 0xe6, 0xf4]); // mov al, 7; out 0xf4, al
    expect(&run(&code, 60_000), 42, "")
}

fn exit_port() -> Result<(), Failed> {
    let load = [0xb8, 5, 6, 7, 8]; // mov eax, 0x08070605
    for out in [&[0xe6, 0xf4][..], &[0x66, 0xe7, 0xf4], &[0xe7, 0xf4]] {
        expect(&run(&[&load[..], out].concat(), 5000), 5, "")?;
    }
    // The code's own bytes: mov esi, 1 MiB; mov ecx, 3; mov edx, 0xf4; rep outsb
    let code = [0xbe, 0, 0, 0x10, 0, 0xb9, 3, 0, 0, 0, 0xba, 0xf4, 0, 0, 0, 0xf3, 0x6e];
    expect(&run(&code, 5000), 0xbe, "")
}

/// Of the string port: where the address and the length lie, and what they are.
fn string_port() -> Result<(), Failed> {
    let mut code = Vec::new();
    let last = MEMORY as u32;
    for address in [0, last - 8, last - 4, last, 0xd000_0000, u32::MAX - 3, u32::MAX] {
        code.push(0xb8); // mov eax, address
        code.extend(address.to_le_bytes());
        code.extend([0xe7, 0xf7]); // out 0xf7, eax
    }
    for (address, length) in [
        (u32::MAX, u32::MAX),
        (0, u32::MAX),
        (last - 1, 4096),
        (0xffff_f000, 1 << 31),
    ] {
        for (at, value) in [
            (0x8000u32, address),
            (0x8004, address),
            (0x8008, length),
            (0x800c, length),
        ] {
            code.extend([0xc7, 0x05]); // mov dword [at], value
            code.extend(at.to_le_bytes());
            code.extend(value.to_le_bytes());
        }
        code.extend([0xb8, 0, 0x80, 0, 0, 0xe7, 0xf7]); // mov eax, 0x8000; out 0xf7, eax
    }
    code.extend(DONE);
    expect(&run(&code, 5000), 42, "")
}

fn string_instruction() -> Result<(), Failed> {
    // xor esi, esi; mov ecx, -1; mov edx, 0x80; rep outsb
    let code = [
        0x31, 0xf6, 0xb9, 0xff, 0xff, 0xff, 0xff, 0xba, 0x80, 0, 0, 0, 0xf3, 0x6e,
    ];
    let ran = run(&[&code[..], &DONE].concat(), 700);
    // All of RAM and what is not RAM is read on the way, so that this one does touch its memory.
    let touched = MEMORY >> 10;
    expect(
        &Ran {
            growth_kib: ran.growth_kib.saturating_sub(touched),
            ..ran
        },
        ENDED,
        "TimedOut",
    )
}

fn long_sleep() -> Result<(), Failed> {
    // 1: mov eax, 3600000000 microseconds; out 0xf6, eax; jmp 1b
    let mut code = vec![0xb8];
    code.extend(3_600_000_000u32.to_le_bytes());
    code.extend([0xe7, 0xf6, 0xeb, 0xf7]);
    expect(&run(&code, 300), ENDED, "TimedOut")?;
    // The same by the port that waits for input, 0xfb. There is none, so it does not wait, and the guest loops.
    code[6] = 0xfb;
    expect(&run(&code, 300), ENDED, "TimedOut")
}

fn flooded_log() -> Result<(), Failed> {
    // mov edx, 0x3f8; mov al, 'x'; 1: out dx, al; jmp 1b
    let ran = run(&[0xba, 0xf8, 3, 0, 0, 0xb0, b'x', 0xee, 0xeb, 0xfd], 1500);
    let kept = ran.log.matches('x').count();
    if kept == 0 || kept > 64 << 10 {
        return Err(format!("{kept} bytes of the log were kept").into());
    }
    expect(&ran, ENDED, "TimedOut")
}

fn flooded_stamps() -> Result<(), Failed> {
    expect(&run(&[0xb0, 1, 0xe6, 0xf5, 0xeb, 0xfc], 1500), ENDED, "TimedOut") // 1: mov al, 1; out 0xf5, al; jmp
}

/// mov edx, 0x2f8; mov al, 'x'; 1: out dx, al; jmp 1b
const FLOOD: [u8; 10] = [0xba, 0xf8, 2, 0, 0, 0xb0, b'x', 0xee, 0xeb, 0xfd];

fn flooded_console() -> Result<(), Failed> {
    // Nobody reads before the end: the pipe fills up, and the guest waits.
    let (mut child, _file) = start(&FLOOD, 1500);
    let status = child.wait().unwrap();
    let output = child.wait_with_output().unwrap();
    // A pipe holds 64 KiB unless told otherwise (pipe(7)).
    if status.code() != Some(ENDED) || output.stdout.is_empty() || output.stdout.len() > 64 << 10 {
        return Err(format!("{status}, {} bytes in the pipe", output.stdout.len()).into());
    }
    // With a reader, what is read is not kept.
    let ran = run(&FLOOD, 1500);
    if ran.output.is_empty() {
        return Err("nothing was read".into());
    }
    expect(&ran, ENDED, "TimedOut")
}

fn reader_gone() -> Result<(), Failed> {
    let (mut child, _file) = start(&FLOOD, 60_000);
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    if output.status.code() != Some(FAILED) || !log.contains("cannot write the guest's output") {
        return Err(format!("{}: {log}", output.status).into());
    }
    Ok(())
}

fn killed() -> Result<(), Failed> {
    let (mut child, _file) = start(&[0xeb, 0xfe], 60_000);
    while !is_confined(child.id()) {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    match child.wait().unwrap().signal() {
        Some(9) => Ok(()),
        other => Err(format!("ended by {other:?}").into()),
    }
}
