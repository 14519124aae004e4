//! The two serial ports: COM1 is the kernel's log, COM2 the program's standard input, output and error.
//!
//! Both are 16550 UARTs (PC16550D data sheet). They are used without interrupts and without waiting for the transmitter:
//! a virtual one takes a byte as soon as it is written.

use crate::abi::Piece;
use crate::abi::port::{COM1, COM2, STRING};
use crate::cpu;
use crate::errno::Result;
use crate::global::Value;
use crate::memory::layout::{KERNEL_BASE, PAGE};
use crate::memory::MEMORY;
use crate::power;
use crate::memory::user_access;
use core::fmt;

/// Line status register.
const LINE_STATUS: u16 = 5;
/// Line status: a byte was received.
const DATA_READY: u8 = 1;
/// Modem status register.
const MODEM_STATUS: u16 = 6;
/// Modem status: carrier detected. A terminal that hangs up is the end of its input.
const CARRIER: u8 = 0x80;
/// How long to wait for input at a time, in microseconds.
const WAIT: u32 = 1_000_000;

/// The port of the program's standard input and output; none until it is used first.
static STANDARD: Value<Option<u16>> = Value::new(None);
/// Whether output goes through the string port instead.
static BY_STRINGS: Value<bool> = Value::new(false);

static PIECE: Value<Piece> = Value::new(Piece { address: 0, bytes: 0 });

/// Uses COM1 for the program too, under monitors that have no COM2.
pub fn use_com1() {
    STANDARD.set(Some(COM1));
}

/// Uses the string port for the program's output.
pub fn use_strings() {
    BY_STRINGS.set(true);
}

/// COM2, unless the command line says otherwise. Monitors that have no second port (Firecracker, Cloud Hypervisor, QEMU's
/// `microvm` by itself) have the program share the first with the kernel's log: where nothing drives the bus, all ones are read.
fn standard() -> u16 {
    const NOTHING: u8 = 0xff;
    let port = STANDARD.get().unwrap_or_else(|| match cpu::in8(COM2 + LINE_STATUS) {
        NOTHING => COM1,
        _ => COM2,
    });
    STANDARD.set(Some(port));
    port
}

/// The kernel's log.
pub struct Log;

impl fmt::Write for Log {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        cpu::out_string(COM1, text.as_bytes());
        Ok(())
    }
}

/// Writes a line to the kernel's log.
#[macro_export]
macro_rules! log {
    ($($arguments:tt)*) => {{
        use core::fmt::Write;
        let _ = writeln!($crate::console::Log, "isolab-kernel: {}", format_args!($($arguments)*));
    }};
}

/// Writes the program's bytes to its standard output.
pub fn write(address: u64, bytes: u64) -> Result<()> {
    let by_strings = BY_STRINGS.get();
    if !by_strings && cpu::ring() == 0 {
        return user_access::out_string(standard(), address, bytes);
    }
    user_access::check(address, bytes)?;
    if !by_strings {
        for at in address..address + bytes {
            cpu::out8(standard(), user_access::read(at)?);
        }
        return Ok(());
    }
    let (mut at, end) = (address, address + bytes);
    while at < end {
        let size = (end - at).min(PAGE - at % PAGE);
        PIECE.set(Piece {
            address: MEMORY.borrow().translate(at)?,
            bytes: size,
        });
        // The monitor reads the piece during the port's instruction.
        cpu::out32(STRING, (PIECE.as_ptr() as u64 - KERNEL_BASE) as u32);
        at += size;
    }
    Ok(())
}

/// Whether a byte can be read without waiting, or the input has ended.
pub fn input_ready() -> bool {
    let port = standard();
    cpu::in8(port + LINE_STATUS) & DATA_READY != 0 || cpu::in8(port + MODEM_STATUS) & CARRIER == 0
}

/// Reads what is there, at least one byte; 0 bytes at the end of input.
pub fn read(buffer: &mut [u8]) -> usize {
    let port = standard();
    let mut count = 0;
    while count < buffer.len() {
        if cpu::in8(port + LINE_STATUS) & DATA_READY != 0 {
            buffer[count] = cpu::in8(port);
            count += 1;
        } else if count > 0 || cpu::in8(port + MODEM_STATUS) & CARRIER == 0 {
            break;
        } else {
            power::wait_for_input(WAIT);
        }
    }
    count
}
