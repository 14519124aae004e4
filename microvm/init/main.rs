//! The first program of a Linux guest: makes what programs expect to find, loads the modules that it was given, runs one
//! program, and ends the machine with that program's exit status. The program's input comes from the second serial port, and
//! its output goes to the monitor's string port, or to the serial port where another monitor has none.
//!
//! It is freestanding, so that it stays at a few KiB: every system call is made directly (`syscalls.rs`). What to run
//! stands in a file that the monitor adds to the initramfs (`/.isolab/start`, written by `src/linux/start.rs`).

#![no_std]
#![no_main]

mod start_file;
mod string_port;
mod syscalls;

use core::arch::{asm, global_asm};
use core::ffi::CStr;
use core::panic::PanicInfo;
use start_file::Start;
use string_port::StringPort;
use syscalls::{self as sys, Found};

/// Phase port: this program has begun.
const PHASE_INIT: u8 = 3;
/// Phase port: the program's first instruction is next.
const PHASE_PROGRAM: u8 = 2;
/// Writing here ends the machine with that status.
const EXIT_PORT: u16 = 0xf4;
/// Writing here notes a step of the start.
const PHASE_PORT: u16 = 0xf5;
/// The monitor's ports, the string port and the three behind it that a word reaches among them.
const PORTS: usize = (string_port::PORT - EXIT_PORT) as usize + 4;
/// The program cannot be run for another reason than the two below, as `docker run` tells it.
const STATUS_INIT: u8 = 125;
/// The program cannot be executed.
const STATUS_NOT_EXECUTABLE: u8 = 126;
/// There is no such program.
const STATUS_NOT_FOUND: u8 = 127;

// The kernel enters with the stack pointer at the argument count (System V ABI, x86-64 supplement, 3.4.1).
global_asm!(
    ".globl _start",
    "_start:",
    "xor ebp, ebp",
    "and rsp, -16",
    "call {main}",
    "ud2",
    main = sym main
);

extern "C" fn main() -> ! {
    // SAFETY: these ports belong to the monitor; where another one runs this machine, nothing answers.
    let ports = sys::ioperm(EXIT_PORT, PORTS, true);
    phase(PHASE_INIT);
    make_file_systems();
    load_modules();
    sys::loopback_up();
    mount_disk();

    let Some(console) = open_console() else {
        log(&[b"cannot use a serial port, /dev/ttyS1 or ttyS0: is the kernel built with 8250 ports?"]);
        end(STATUS_INIT);
    };
    if ports < 0 {
        log(&[b"cannot use I/O ports (ioperm): the exit status does not get out"]);
    }
    let Some(start) = start_file::read() else {
        log(&[b"cannot read /.isolab/start, which names the program"]);
        end(STATUS_INIT);
    };
    let strings = if ports < 0 { None } else { StringPort::find() };
    let status = run(&start, console, strings);
    sys::drain(console);
    end(status)
}

/// The second serial port; where a monitor has only one, the first, which the kernel's log then shares.
fn open_console() -> Option<i32> {
    [c"/dev/ttyS1", c"/dev/ttyS0"].into_iter().find_map(|path| {
        let port = sys::open(path, sys::O_RDWR | sys::O_NOCTTY);
        // A port without a device behind it opens, and refuses to be set up.
        (port >= 0 && sys::make_raw(port) >= 0).then_some(port as i32)
    })
}

/// Mounts what every program may expect. A kernel without one of these leaves its directory empty.
fn make_file_systems() {
    for (path, kind) in [
        (c"/dev", c"devtmpfs"),
        (c"/proc", c"proc"),
        (c"/sys", c"sysfs"),
        (c"/tmp", c"tmpfs"),
    ] {
        sys::mkdir(path, 0o755);
        sys::mount(kind, path, kind);
    }
    sys::chmod(c"/tmp", 0o1777);
}

/// Mounts the disk, if there is one with a file system that the kernel knows; without the right to write, read-only.
fn mount_disk() {
    let disk = sys::open(c"/dev/vda", sys::O_RDONLY);
    if disk < 0 {
        return;
    }
    sys::close(disk as i32);
    sys::mkdir(c"/disk", 0o755);
    for kind in [c"ext4", c"erofs", c"squashfs"] {
        if sys::mount_with(c"/dev/vda", c"/disk", kind, 0) == 0
            || sys::mount_with(c"/dev/vda", c"/disk", kind, sys::MS_RDONLY) == 0
        {
            return;
        }
    }
}

/// Loads `/.isolab/module.NN`. One that needs another has to wait for it, so those that failed are tried again as long as
/// that brings in any.
fn load_modules() {
    let mut loaded = [false; 100];
    loop {
        let mut progress = false;
        let mut failure = None;
        for (number, loaded) in loaded.iter_mut().enumerate() {
            let digits = [b'0' + number as u8 / 10, b'0' + number as u8 % 10];
            let mut path = *b"/.isolab/module.00\0";
            path[16..18].copy_from_slice(&digits);
            let file = sys::open(text(&path), sys::O_RDONLY);
            if file < 0 {
                break;
            }
            if !*loaded {
                let answer = sys::load_module(file as i32);
                *loaded = answer == 0 || answer == -sys::EEXIST;
                progress |= *loaded;
                if !*loaded {
                    failure = Some((digits, answer));
                }
            }
            sys::close(file as i32);
        }
        match failure {
            Some((digits, answer)) if !progress => {
                log(&[b"cannot load module number ", &digits, b", error ", &decimal(-answer)]);
                return;
            }
            Some(_) => {}
            None => return,
        }
    }
}

/// Runs the program and gives its exit status, or 128 + N where signal N ended it. Its output goes to the string port, or
/// straight to the console where there is none.
fn run(start: &Start, console: i32, strings: Option<StringPort>) -> u8 {
    let Some([input, feed]) = sys::pipe() else {
        log(&[b"cannot make a pipe for the program's input"]);
        return STATUS_INIT;
    };
    if sys::fork() == 0 {
        sys::close(input);
        relay(console, feed);
    }
    let children = sys::child_signals();
    let piped = strings
        .filter(|_| children >= 0)
        .and_then(|strings| sys::pipe().map(|ends| (strings, ends)));
    let output = piped.as_ref().map_or(console, |(_, [_, write])| *write);
    let program = sys::fork();
    if program == 0 {
        sys::unblock_signals();
        sys::setsid();
        for (from, to) in [(input, 0), (output, 1), (output, 2)] {
            sys::dup2(from, to);
        }
        sys::close_from(3);
        phase(PHASE_PROGRAM);
        sys::ioperm(EXIT_PORT, PORTS, false);
        let error = sys::execve(start.program(), start.arguments(), start.environment());
        log(&[
            b"cannot execute ",
            start.program().to_bytes(),
            b", error ",
            &decimal(-error),
        ]);
        let found = error != -sys::ENOENT && error != -sys::ENOTDIR;
        sys::exit(if found { STATUS_NOT_EXECUTABLE } else { STATUS_NOT_FOUND });
    }
    if program < 0 {
        log(&[b"cannot make a process for the program, error ", &decimal(-program)]);
        return STATUS_INIT;
    }
    sys::close(input);
    sys::close(feed);
    let status = match piped {
        Some((strings, [read, write])) => {
            sys::close(write);
            pass_on_and_wait(&strings, read, children, program)
        }
        None => wait(program),
    };
    // wait(2): the low seven bits are the signal, the next byte is the exit status.
    match status & 0x7f {
        0 => (status >> 8) as u8,
        signal => 128 + signal as u8,
    }
}

/// Waits for the program to end; gives its status. Being process 1, it also reaps what the program leaves behind.
fn wait(program: isize) -> i32 {
    loop {
        let (child, status) = sys::wait();
        if child == program {
            return status;
        }
        if child < 0 && child != -sys::EINTR {
            return i32::from(STATUS_INIT) << 8;
        }
    }
}

/// The same, while it passes on what comes out of the pipe.
fn pass_on_and_wait(strings: &StringPort, mut pipe: i32, children: i32, program: isize) -> i32 {
    loop {
        let [output, ended] = sys::poll([pipe, children], true);
        match output {
            Found::Nothing => {}
            Found::Input => pass_on(strings, pipe),
            // The program has closed its output, and goes on.
            Found::End => pipe = -1,
        }
        if ended == Found::Nothing {
            continue;
        }
        sys::read(children, &mut [0; 128]);
        if let Some(status) = reap(program) {
            // What the program has written is in the pipe; what others write from now on is not waited for.
            pass_on(strings, pipe);
            return status;
        }
    }
}

/// Passes on what is in the pipe, not more than it holds: whoever writes on and on does not keep this program here.
fn pass_on(strings: &StringPort, pipe: i32) {
    // pipe(7), F_SETPIPE_SZ: a pipe can be made to hold so many pages.
    const PAGES: usize = 256;
    let mut buffer = [0u8; 4096];
    for _ in 0..PAGES {
        if sys::poll([pipe, -1], false)[0] != Found::Input {
            return;
        }
        match sys::read(pipe, &mut buffer) {
            count if count > 0 => strings.write(&buffer[..count as usize]),
            _ => return,
        }
    }
}

/// Reaps every process that has ended, what the program leaves behind too: this is process 1. Gives how the program ended, if
/// it has.
fn reap(program: isize) -> Option<i32> {
    loop {
        let (child, status) = sys::reap_one();
        if child == program {
            return Some(status);
        }
        if child <= 0 {
            return None;
        }
    }
}

/// Takes the input from the serial line to the program. A line cannot end, so the monitor marks the end: the byte 0xff
/// stands for itself when it comes twice, and for the end of the input before 0x00 (`src/linux/input.rs`).
fn relay(line: i32, feed: i32) -> ! {
    let mut marked = false;
    let mut buffer = [0u8; 256];
    loop {
        let count = sys::read(line, &mut buffer);
        if count == -sys::EINTR {
            continue;
        }
        if count <= 0 {
            sys::exit(0);
        }
        let mut out = 0;
        let mut ended = false;
        for at in 0..count as usize {
            match (marked, buffer[at]) {
                (false, 0xff) => marked = true,
                (true, 0) => ended = true,
                (_, byte) => {
                    marked = false;
                    buffer[out] = byte;
                    out += 1;
                }
            }
            if ended {
                break;
            }
        }
        if sys::write_all(feed, &buffer[..out]) < 0 || ended {
            sys::exit(0);
        }
    }
}

/// Ends the machine.
fn end(status: u8) -> ! {
    out(EXIT_PORT, status);
    sys::restart();
    // Without the right to restart there is nothing left but to wait.
    loop {
        sys::wait();
    }
}

fn phase(step: u8) {
    out(PHASE_PORT, step);
}

/// Writes to one of the monitor's ports. Without permission for them this would be a fault, so it asks first.
fn out(port: u16, value: u8) {
    if sys::ioperm(port, 1, true) >= 0 {
        // SAFETY: the port is permitted and changes nothing in this program.
        unsafe { asm!("out dx, al", in("dx") port, in("al") value, options(nomem, nostack, preserves_flags)) };
    }
}

/// Writes a line to the kernel's log, which the monitor keeps.
fn log(parts: &[&[u8]]) {
    let mut line = [0u8; 256];
    let mut used = 0;
    // 0: an emergency, which is shown however quiet the kernel is (syslog(2)).
    for part in [b"<0>isolab init: ".as_slice()]
        .iter()
        .chain(parts)
        .chain(&[b"\n".as_slice()])
    {
        let room = part.len().min(line.len() - used);
        line[used..used + room].copy_from_slice(&part[..room]);
        used += room;
    }
    let file = sys::open(c"/dev/kmsg", sys::O_WRONLY);
    if file >= 0 {
        sys::write_all(file as i32, &line[..used]);
        sys::close(file as i32);
    }
}

/// A small number in decimal digits.
fn decimal(value: isize) -> [u8; 3] {
    let digit = |divisor| b'0' + (value / divisor % 10) as u8;
    [digit(100), digit(10), digit(1)]
}

/// Bytes that end in zero, as a path.
fn text(bytes: &[u8]) -> &CStr {
    CStr::from_bytes_until_nul(bytes).unwrap_or(c"")
}

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    end(STATUS_INIT)
}
