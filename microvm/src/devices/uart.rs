//! A serial port, a 16550A UART (PC16550D data sheet): without an interrupt line for a guest that polls it, or with one.

use kvm_ioctls::VmFd;
use std::cell::Cell;
use std::io::{self, Write};
use vm_superio::serial::NoEvents;
use vm_superio::{Serial, Trigger};

/// Registers (table II): data, the pending interrupt, which interrupts are enabled, the state of the line and of the modem.
pub const DATA: u16 = 0;
const INTERRUPT_IDENTIFICATION: u16 = 2;
const INTERRUPT_ENABLE: u8 = 1;
pub const LINE_STATUS: u16 = 5;
pub const MODEM_STATUS: u16 = 6;
/// Bits of them: no interrupt is pending; a byte was received, as a reason; the line has received a byte; received bytes
/// interrupt; carrier detected.
const NO_INTERRUPT: u8 = 1;
const RECEIVED: u8 = 4;
const DATA_READY: u8 = 1;
const RECEIVED_ENABLED: u8 = 1;
pub const CARRIER: u8 = 0x80;

/// An interrupt line. A burst of events raises it once: it is armed again by whatever else happens to its device.
pub struct Line<'a> {
    to: Option<(&'a VmFd, u32)>,
    raised: Cell<bool>,
}

impl<'a> Line<'a> {
    /// Line `number` of a machine's interrupt controllers, or none.
    pub fn new(to: Option<(&'a VmFd, u32)>) -> Self {
        Self {
            to,
            raised: Cell::new(false),
        }
    }

    /// Makes the next event raise it.
    pub fn arm(&self) {
        self.raised.set(false);
    }
}

impl Trigger for Line<'_> {
    type E = kvm_ioctls::Error;

    fn trigger(&self) -> Result<(), Self::E> {
        if let Some((vm, number)) = self.to
            && !self.raised.replace(true)
        {
            // These lines are triggered by their edge.
            vm.set_irq_line(number, true)?;
            vm.set_irq_line(number, false)?;
        }
        Ok(())
    }
}

/// Bytes that a guest wrote, up to a limit: what follows is dropped, so that a guest cannot fill the host's memory.
#[derive(Default)]
pub struct Sink {
    bytes: Vec<u8>,
    limit: usize,
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

/// The port.
pub struct Uart<'a> {
    serial: Serial<Line<'a>, NoEvents, Sink>,
}

impl<'a> Uart<'a> {
    /// A port that keeps so many of the bytes that the guest sends.
    pub fn new(line: Line<'a>, limit: usize) -> Self {
        let bytes = Vec::new();
        Self {
            serial: Serial::new(line, Sink { bytes, limit }),
        }
    }

    /// The guest writes to a register, as often as there are bytes.
    pub fn write(&mut self, register: u16, bytes: &[u8]) {
        if register != DATA {
            self.serial.interrupt_evt().arm();
        }
        for byte in bytes {
            // A sink takes everything; KVM takes every interrupt of a line that exists.
            let _ = self.serial.write(register as u8, *byte);
        }
    }

    /// The guest reads a register. A received byte is a reason to interrupt as long as it has not been read; vm-superio names
    /// it only once, and a driver that stops reading at some limit would wait for ever for the rest.
    pub fn read(&mut self, register: u16) -> u8 {
        self.serial.interrupt_evt().arm();
        let value = self.serial.read(register as u8);
        if register == INTERRUPT_IDENTIFICATION && value & NO_INTERRUPT != 0 {
            let wanted = self.serial.read(INTERRUPT_ENABLE) & RECEIVED_ENABLED != 0;
            if self.has_received() && wanted {
                return value & !NO_INTERRUPT | RECEIVED;
            }
        }
        value
    }

    /// Whether there is a byte for the guest to read.
    pub fn has_received(&mut self) -> bool {
        self.serial.read(LINE_STATUS as u8) & DATA_READY != 0
    }

    /// How many bytes it can receive.
    pub fn room(&self) -> usize {
        self.serial.fifo_capacity()
    }

    /// It receives bytes, not more than it has room for.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.serial.interrupt_evt().arm();
        // There is room, and KVM takes the interrupt.
        let _ = self.serial.enqueue_raw_bytes(bytes);
    }

    /// Takes the bytes that the guest has sent.
    pub fn take_sent(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.serial.writer_mut().bytes)
    }
}
