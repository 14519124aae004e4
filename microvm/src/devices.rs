//! What the guest finds behind its I/O ports: two serial ports, and the ports by which it tells the monitor things.

use crate::Error;
use crate::abi::{PIECE_MAX, Piece};
use crate::memory::Ram;
use crate::watchdog::Watchdog;
use nix::poll::{PollFd, PollFlags, PollTimeout, ppoll};
use nix::sys::time::TimeSpec;
use std::io::{self, Read, Write};
use std::mem::offset_of;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;
use vm_memory::{Bytes, GuestAddress};
use vm_superio::serial::NoEvents;
use vm_superio::{Serial, Trigger};

/// Line status register of a UART.
const LINE_STATUS: u8 = 5;
/// Modem status register of a UART.
const MODEM_STATUS: u8 = 6;
/// Modem status: carrier detected.
const CARRIER: u8 = 0x80;
/// Line status: a byte was received.
const DATA_READY: u8 = 1;
/// The kernel's log keeps this much; what follows is dropped, so that a guest cannot fill the host's memory.
pub const LOG_MAX: usize = 64 << 10;

/// The guest is polled, so nothing is to be triggered.
struct NoInterrupt;

impl Trigger for NoInterrupt {
    type E = io::Error;

    fn trigger(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes that a guest wrote, up to a limit.
pub struct Sink {
    /// The bytes.
    pub bytes: Vec<u8>,
    limit: usize,
}

impl Sink {
    /// A sink that drops what comes after that many bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            limit,
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.limit - self.bytes.len();
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

type Uart = Serial<NoInterrupt, NoEvents, Sink>;

fn uart(limit: usize) -> Uart {
    Serial::new(NoInterrupt, Sink::new(limit))
}

/// The serial ports. COM2 is connected to two of this process's descriptors.
pub struct Devices<'a> {
    com1: Uart,
    com2: Uart,
    input: BorrowedFd<'a>,
    output: BorrowedFd<'a>,
    input_ended: bool,
}

impl<'a> Devices<'a> {
    /// The devices of a machine that has just been switched on.
    pub fn new(input: BorrowedFd<'a>, output: BorrowedFd<'a>) -> Self {
        Self {
            com1: uart(LOG_MAX),
            com2: uart(usize::MAX),
            input,
            output,
            input_ended: false,
        }
    }

    /// The guest wrote to one of COM1's ports.
    pub fn write_com1(&mut self, offset: u16, data: &[u8]) {
        for byte in data {
            // Neither the sink nor the trigger can fail.
            let _ = self.com1.write(offset as u8, *byte);
        }
    }

    /// The guest wrote to one of COM2's ports; it waits until the bytes have gone out.
    pub fn write_com2(&mut self, offset: u16, data: &[u8], watchdog: &Watchdog) -> Result<(), Error> {
        for byte in data {
            // As above.
            let _ = self.com2.write(offset as u8, *byte);
        }
        let bytes = std::mem::take(&mut self.com2.writer_mut().bytes);
        write_all(self.output, &bytes, watchdog).map_err(Error::Output)
    }

    /// The guest gave the address of a [`Piece`] in its memory. What does not lie in its RAM is not written.
    pub fn write_string(&mut self, string: u32, memory: &Ram, watchdog: &Watchdog) -> Result<(), Error> {
        let mut buffer = [0; PIECE_MAX];
        write_all(self.output, string_at(string, memory, &mut buffer), watchdog).map_err(Error::Output)
    }

    /// The guest reads one of COM1's ports.
    pub fn read_com1(&mut self, offset: u16) -> u8 {
        self.com1.read(offset as u8)
    }

    /// The guest reads one of COM2's ports. Input is taken from the host when the guest looks for it; its end shows as a
    /// lost carrier, which is how a serial line hangs up.
    pub fn read_com2(&mut self, offset: u16) -> u8 {
        let offset = offset as u8;
        if offset == LINE_STATUS && self.com2.read(LINE_STATUS) & DATA_READY == 0 && !self.input_ended {
            self.take_input();
        }
        let value = self.com2.read(offset);
        if offset == MODEM_STATUS && self.input_ended {
            value & !CARRIER
        } else {
            value
        }
    }

    /// Takes what the host has to read, if it has anything.
    fn take_input(&mut self) {
        if !input_ready(self.input, Duration::ZERO) {
            return;
        }
        let mut buffer = [0; 64];
        let room = self.com2.fifo_capacity().min(buffer.len());
        match borrowed_file(self.input).read(&mut buffer[..room]) {
            // The FIFO has room for as many bytes as were asked for.
            Ok(count) if count > 0 => drop(self.com2.enqueue_raw_bytes(&buffer[..count])),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // A descriptor that is closed or cannot be read has no input, like one at its end.
            _ => self.input_ended = true,
        }
    }

    /// The guest has nothing to do for a while. A signal of the watchdog ends the sleep early, and the machine's loop looks at
    /// the deadline.
    pub fn sleep(&mut self, duration: Duration) {
        let _ = ppoll(&mut [], Some(TimeSpec::from(duration)), None);
    }

    /// The guest has nothing to do before there is input; not longer than that.
    pub fn wait_for_input(&mut self, duration: Duration) {
        if !self.input_ended {
            input_ready(self.input, duration);
        }
    }

    /// What the kernel logged.
    pub fn into_log(self) -> String {
        String::from_utf8_lossy(&self.com1.writer().bytes).into_owned()
    }
}

/// The [`Piece`] that the guest gave the address of; none where it does not lie in its RAM.
pub fn string_at<'a>(string: u32, memory: &Ram, buffer: &'a mut [u8; PIECE_MAX]) -> &'a [u8] {
    let word = |offset: usize| memory.read_obj::<u64>(GuestAddress(u64::from(string) + offset as u64));
    let word = |offset| word(offset).unwrap_or(0);
    let (address, bytes) = (word(offset_of!(Piece, address)), word(offset_of!(Piece, bytes)));
    let part = &mut buffer[..usize::try_from(bytes).unwrap_or(PIECE_MAX).min(PIECE_MAX)];
    match memory.read_slice(part, GuestAddress(address)) {
        Ok(()) => part,
        Err(_) => &[],
    }
}

/// Waits until the descriptor can be read or has ended; not longer than `timeout`, and not beyond a signal.
fn input_ready(input: BorrowedFd, timeout: Duration) -> bool {
    let mut polled = [PollFd::new(input, PollFlags::POLLIN)];
    if timeout.is_zero() {
        return nix::poll::poll(&mut polled, PollTimeout::ZERO).is_ok_and(|count| count > 0);
    }
    ppoll(&mut polled, Some(TimeSpec::from(timeout)), None).is_ok_and(|count| count > 0)
}

/// A file that reads or writes a descriptor and does not close it.
fn borrowed_file(descriptor: BorrowedFd) -> impl Read + Write {
    struct Borrowed<'a>(BorrowedFd<'a>);
    impl Read for Borrowed<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            Ok(nix::unistd::read(self.0.as_fd(), buffer)?)
        }
    }
    impl Write for Borrowed<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(nix::unistd::write(self.0.as_fd(), bytes)?)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    Borrowed(descriptor)
}

/// Writes everything; waits for a slow reader, but not beyond the machine's deadline.
fn write_all(output: BorrowedFd, mut bytes: &[u8], watchdog: &Watchdog) -> io::Result<()> {
    while !bytes.is_empty() {
        match borrowed_file(output).write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                if watchdog.expired() {
                    return Ok(()); // the machine's loop ends it now
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let _ = ppoll(&mut [PollFd::new(output, PollFlags::POLLOUT)], None, None);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
