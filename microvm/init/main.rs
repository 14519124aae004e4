//! The first program of a Linux guest: makes what programs expect to find, loads the modules that it was given, runs one
//! program, and ends the machine with that program's exit status. The program's input comes from the second serial port, and
//! its output goes to the monitor's string port, or to the serial port where another monitor has none.
//!
//! It is freestanding, so that it stays at a few KiB: every system call is made directly (`syscalls.rs`). What to run
//! stands in a file that the monitor adds to the initramfs (`/.isolab/start`, written by `src/linux/start.rs`).

#![no_std]
#![no_main]

#[path = "../abi.rs"]
mod abi;
mod memory;
mod program;
mod root_disk;
mod start_file;
mod string_port;
mod syscalls;

use abi::{port, status};
use core::arch::{asm, global_asm};
use core::ffi::CStr;
use core::panic::PanicInfo;
use string_port::StringPort;
use syscalls as sys;

/// The monitor's ports from the first on, the string port and the three behind it that a word reaches among them.
const FIRST_PORT: u16 = port::EXIT;
const PORTS: usize = (port::STRING - FIRST_PORT) as usize + 4;

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
    let ports = sys::ioperm(FIRST_PORT, PORTS, true);
    phase(abi::phase::INIT);
    make_file_systems();
    let Some(start) = start_file::read() else {
        log(&[b"cannot read /.isolab/start, which names the program"]);
        end(status::FAILED);
    };
    load_modules();
    sys::loopback_up();
    if start.root_is_disk && !root_disk::switch() {
        end(status::FAILED);
    }
    mount_disk(if start.root_is_disk { c"/dev/vdb" } else { c"/dev/vda" });

    let Some(console) = open_console() else {
        log(&[b"cannot use a serial port, /dev/ttyS1 or ttyS0: is the kernel built with 8250 ports?"]);
        end(status::FAILED);
    };
    if ports < 0 {
        log(&[b"cannot use I/O ports (ioperm): the exit status does not get out"]);
    }
    let strings = if ports < 0 { None } else { StringPort::find() };
    let status = program::run(&start, console, strings);
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

/// What every program may expect: directories of the root, and the file systems in them.
const FILE_SYSTEMS: [(&CStr, &CStr); 4] = [
    (c"/proc", c"proc"),
    (c"/sys", c"sysfs"),
    (c"/tmp", c"tmpfs"),
    (c"/dev", c"devtmpfs"),
];

/// Mounts them. A kernel without one of these leaves its directory empty.
fn make_file_systems() {
    for (path, kind) in FILE_SYSTEMS {
        sys::mkdir(path, 0o755);
        sys::mount(kind, path, kind, 0);
    }
    sys::chmod(c"/tmp", 0o1777);
}

/// Mounts the disk, if there is one with a file system that the kernel knows; without the right to write, read-only.
fn mount_disk(device: &CStr) {
    let disk = sys::open(device, sys::O_RDONLY);
    if disk < 0 {
        return;
    }
    sys::close(disk as i32);
    sys::mkdir(c"/disk", 0o755);
    for kind in [c"ext4", c"erofs", c"squashfs"] {
        if [0, sys::MS_RDONLY].iter().any(|flags| sys::mount(device, c"/disk", kind, *flags) == 0) {
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

/// Ends the machine.
fn end(status: u8) -> ! {
    out(port::EXIT, status);
    sys::restart();
    // Without the right to restart there is nothing left but to wait.
    loop {
        sys::wait();
    }
}

fn phase(step: u8) {
    out(port::PHASE, step);
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
    end(status::FAILED)
}
