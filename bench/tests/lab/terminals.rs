//! `isolab run -t`: the program has a terminal of its own, connected to this one.

use crate::programs;
use crate::support::{Need, Place, Running, descendants, expect, test, until};
use libtest_mimic::{Failed, Trial};
use nix::libc;
use nix::pty::{OpenptyResult, Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::Pid;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::process::Stdio;

nix::ioctl_write_ptr_bad!(set_size, libc::TIOCSWINSZ, Winsize);

pub fn tests() -> Vec<Trial> {
    let containers = &[Need::Containers];
    vec![
        test("the_window_inside_has_the_size_of_the_one_outside", containers, size),
        test("an_interrupt_that_is_typed_reaches_the_program", containers, interrupt),
        test("the_terminal_gets_its_settings_back", containers, settings),
    ]
}

/// Writes the number of rows and columns of its terminal as two bytes each, now and after each line that is typed.
const SHOWS_SIZE: &[u8] = &[
    0x48, 0x83, 0xec, 0x10, // sub $16, %rsp
    0xb8, 0x10, 0, 0, 0, 0x31, 0xff, 0xbe, 0x13, 0x54, 0, 0, // again: ioctl(0, TIOCGWINSZ,
    0x48, 0x89, 0xe2, 0x0f, 0x05, // %rsp)
    0xb8, 1, 0, 0, 0, 0xbf, 1, 0, 0, 0, 0x48, 0x89, 0xe6, 0xba, 4, 0, 0, 0, 0x0f, 0x05, // write(1, %rsp, 4)
    0x31, 0xc0, 0x31, 0xff, 0x48, 0x89, 0xe6, 0xba, 16, 0, 0, 0, 0x0f, 0x05, // read(0, %rsp, 16)
    0xeb, 0xcb, // jmp again
];

/// A window of which [`SHOWS_SIZE`] shows these four characters.
fn window(size: &[u8; 4]) -> Winsize {
    let [row_low, row_high, column_low, column_high] = *size;
    Winsize {
        ws_row: u16::from_le_bytes([row_low, row_high]),
        ws_col: u16::from_le_bytes([column_low, column_high]),
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

/// isolab on a terminal of the test's, with the program above.
struct Session {
    // Dropped first.
    lab: Running,
    _place: Place,
    terminal: OpenptyResult,
    screen: File,
}

impl Session {
    fn start() -> Result<Self, Failed> {
        let place = Place::new();
        let program = programs::file(place.path(), "shows-size", &programs::elf(SHOWS_SIZE));
        let terminal = openpty(&window(b"ABCD"), None)?;
        let slave = || terminal.slave.try_clone().map(Stdio::from);
        let mut command = place.isolab(&["run", "--on", "container", "-t", "--"]);
        command.arg(program).stdin(slave()?).stdout(slave()?).stderr(slave()?);
        let lab = Running::start(&mut command)?;
        let screen = File::from(terminal.master.try_clone()?);
        let mut session = Session {
            _place: place,
            terminal,
            screen,
            lab,
        };
        session.read_until(&["ABCD"])?;
        Ok(session)
    }

    /// Reads until one of the texts is on the screen, and returns it.
    fn read_until(&mut self, wanted: &[&'static str]) -> Result<&'static str, Failed> {
        let mut text = String::new();
        loop {
            let mut buffer = [0; 64];
            let count = self.screen.read(&mut buffer)?;
            text += &String::from_utf8_lossy(&buffer[..count]);
            if let Some(found) = wanted.iter().find(|wanted| text.contains(**wanted)) {
                return Ok(found);
            }
        }
    }

    fn hands_lines_on(&self) -> Result<bool, Failed> {
        let settings = tcgetattr(&self.terminal.slave)?;
        Ok(settings.local_flags.contains(LocalFlags::ICANON | LocalFlags::ECHO))
    }

    fn ended_with(mut self, status: i32) -> Result<(), Failed> {
        let ended = self.lab.wait()?;
        expect(ended.code() == Some(status), || format!("{ended}, expected {status}"))?;
        expect(self.hands_lines_on()?, || "the terminal is still raw".into())
    }
}

fn size() -> Result<(), Failed> {
    let mut session = Session::start()?;
    // SAFETY: the descriptor is a terminal, and the size a valid one.
    unsafe { set_size(session.terminal.master.as_raw_fd(), &window(b"EFGH")) }?;
    // The kernel tells the foreground processes of a terminal; this one has none.
    kill(Pid::from_raw(i32::try_from(session.lab.id())?), Signal::SIGWINCH)?;
    // The first line may be typed before isolab has heard of it.
    until("the new size", || {
        session.screen.write_all(b"\r").ok()?;
        (session.read_until(&["ABCD", "EFGH"]).ok()? == "EFGH").then_some(())
    })?;
    session.screen.write_all(b"\x03")?;
    session.ended_with(128 + libc::SIGINT)
}

fn interrupt() -> Result<(), Failed> {
    let mut session = Session::start()?;
    session.screen.write_all(b"\x03")?;
    session.ended_with(128 + libc::SIGINT)
}

fn settings() -> Result<(), Failed> {
    let session = Session::start()?;
    expect(!session.hands_lines_on()?, || "the terminal is not raw".into())?;
    let processes = descendants(session.lab.id());
    let program = processes.last().ok_or("the program is not there")?;
    kill(Pid::from_raw(i32::try_from(*program)?), Signal::SIGKILL)?;
    session.ended_with(128 + libc::SIGKILL)
}
