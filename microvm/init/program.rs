//! Runs the program: gives it its input, passes on its output, and waits for its end.

use crate::abi::status;
use crate::start_file::Start;
use crate::string_port::StringPort;
use crate::syscalls::{self as sys, Found};
use crate::{FIRST_PORT, PORTS, abi, decimal, log, phase};

/// Runs the program and gives its exit status, or 128 + N where signal N ended it. Its output goes to the string port, or
/// straight to the console where there is none.
pub fn run(start: &Start, console: i32, strings: Option<StringPort>) -> u8 {
    let Some([input, feed]) = sys::pipe() else {
        log(&[b"cannot make a pipe for the program's input"]);
        return status::FAILED;
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
        phase(abi::phase::PROGRAM);
        sys::ioperm(FIRST_PORT, PORTS, false);
        let error = sys::execve(start.program(), start.arguments(), start.environment());
        log(&[
            b"cannot execute ",
            start.program().to_bytes(),
            b", error ",
            &decimal(-error),
        ]);
        let found = error != -sys::ENOENT && error != -sys::ENOTDIR;
        sys::exit(if found { status::NOT_EXECUTABLE } else { status::NOT_FOUND });
    }
    if program < 0 {
        log(&[b"cannot make a process for the program, error ", &decimal(-program)]);
        return status::FAILED;
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
            return i32::from(status::FAILED) << 8;
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
