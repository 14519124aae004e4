//! What a Linux guest finds behind its I/O ports: two serial ports with interrupts, a clock chip, no keyboard, and the
//! ports by which it tells the monitor things.

use super::block::{self, Block};
use super::clock_chip::{self, ClockChip};
use super::disk::Disk;
use crate::abi::{
    PIECE_MAX, phase,
    port::{COM1, COM2, EXIT, KEYBOARD, PHASE, RESET, STRING, STRING_PRESENT, UART_PORTS},
};
use crate::devices::{LOG_MAX, Sink, string_at};
use crate::memory::Ram;
use crate::stamp::{self, Recorder};
use crate::{End, Error};
use kvm_ioctls::VmFd;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::cell::Cell;
use std::io;
use std::os::fd::BorrowedFd;
use std::time::{SystemTime, UNIX_EPOCH};
use vm_superio::serial::NoEvents;
use vm_superio::{Serial, Trigger};

/// Interrupt lines of a PC's serial ports.
pub const COM1_LINE: u32 = 4;
pub const COM2_LINE: u32 = 3;
/// Interrupt lines of the disks: those that a PC has for a second parallel port and for floppy disks.
pub const DISK_LINES: [u32; 2] = [5, 6];
/// A UART's registers (data sheet of the 16550A, table II): data, the pending interrupt, which
/// interrupts are enabled, the state of the line.
const DATA: u16 = 0;
const INTERRUPT_IDENTIFICATION: u16 = 2;
const INTERRUPT_ENABLE: u8 = 1;
const LINE_STATUS: u8 = 5;
/// Bits of them: no interrupt is pending; a byte was received, as a reason; the line has received a byte.
const NO_INTERRUPT: u8 = 1;
const RECEIVED: u8 = 4;
const DATA_READY: u8 = 1;
/// Bit of the interrupt enable register: received bytes interrupt.
const RECEIVED_ENABLED: u8 = 1;
/// The keyboard controller's status "there is a byte to read", for ever: Linux takes sixteen bytes, concludes that there
/// is no controller, and does not wait for one when it restarts the machine.
const NO_KEYBOARD: u8 = 0x01;
/// Output is written out when the guest pauses, or when this much has gathered.
const GATHERED: usize = 256;

/// An interrupt line. A burst of bytes raises it once: it is armed again by whatever else happens to its device.
struct Line<'a> {
    vm: &'a VmFd,
    number: u32,
    raised: Cell<bool>,
}

impl Trigger for Line<'_> {
    type E = kvm_ioctls::Error;

    fn trigger(&self) -> Result<(), Self::E> {
        if !self.raised.replace(true) {
            // These lines are triggered by their edge.
            self.vm.set_irq_line(self.number, true)?;
            self.vm.set_irq_line(self.number, false)?;
        }
        Ok(())
    }
}

type Uart<'a> = Serial<Line<'a>, NoEvents, Sink>;

fn uart(vm: &VmFd, number: u32, limit: usize) -> Uart<'_> {
    Serial::new(line(vm, number), Sink::new(limit))
}

fn line(vm: &VmFd, number: u32) -> Line<'_> {
    Line {
        vm,
        number,
        raised: Cell::new(false),
    }
}

/// The devices. COM2's output goes to a descriptor of this process.
pub struct Devices<'a> {
    com1: Uart<'a>,
    com2: Uart<'a>,
    clock: ClockChip,
    disks: Vec<(Block, Line<'a>)>,
    output: BorrowedFd<'a>,
    stamps: Recorder,
    program_runs: bool,
}

/// What follows an access, and what it counts as.
pub type Answer = (&'static str, Option<End>);

impl<'a> Devices<'a> {
    /// The devices of a machine that has just been switched on.
    pub fn new(vm: &'a VmFd, output: BorrowedFd<'a>, disks: Vec<Disk>, stamps: Recorder) -> Self {
        let lines = DISK_LINES.map(|number| line(vm, number));
        Self {
            com1: uart(vm, COM1_LINE, LOG_MAX),
            com2: uart(vm, COM2_LINE, usize::MAX),
            clock: ClockChip::default(),
            disks: disks.into_iter().map(Block::new).zip(lines).collect(),
            output,
            stamps,
            program_runs: false,
        }
    }

    /// The guest wrote to a port. `stopped` tells whether the machine is to end, for output that nobody takes.
    pub fn write(&mut self, port: u16, data: &[u8], ram: &Ram, stopped: impl Fn() -> bool) -> Result<Answer, Error> {
        const COM1_LAST: u16 = COM1 + UART_PORTS - 1;
        const COM2_LAST: u16 = COM2 + UART_PORTS - 1;
        let value = data.first().copied().unwrap_or(0);
        Ok(match port {
            COM1..=COM1_LAST => {
                if port - COM1 != DATA {
                    self.com1.interrupt_evt().raised.set(false);
                }
                for byte in data {
                    // A sink takes everything; KVM takes every interrupt of a line that exists.
                    let _ = self.com1.write((port - COM1) as u8, *byte);
                }
                ("write COM1 (kernel log)", None)
            }
            COM2..=COM2_LAST => {
                if port - COM2 != DATA {
                    self.com2.interrupt_evt().raised.set(false);
                }
                for byte in data {
                    let _ = self.com2.write((port - COM2) as u8, *byte);
                }
                if port - COM2 != DATA || self.com2.writer().bytes.len() >= GATHERED {
                    self.flush(stopped)?;
                }
                ("write COM2 (console)", None)
            }
            STRING => {
                if let Ok(string) = data.try_into().map(u32::from_le_bytes) {
                    let mut buffer = [0; PIECE_MAX];
                    let bytes = string_at(string, ram, &mut buffer);
                    self.com2.writer_mut().bytes.extend_from_slice(bytes);
                    self.flush(stopped)?;
                }
                ("string port (console)", None)
            }
            EXIT => {
                self.flush(stopped)?;
                ("exit port", Some(End::Exited(value)))
            }
            PHASE => {
                match value {
                    phase::INIT => self.stamps.ended(stamp::KERNEL_BOOT),
                    phase::PROGRAM => {
                        self.stamps.ended(stamp::INIT);
                        self.program_runs = true;
                    }
                    _ => {}
                }
                ("phase port", None)
            }
            KEYBOARD if value == RESET => {
                self.flush(stopped)?;
                ("reset", Some(End::Reset))
            }
            clock_chip::INDEX => {
                self.clock.select(value);
                ("clock chip", None)
            }
            _ => ("write to a port without a device", None),
        })
    }

    /// The guest reads a port.
    pub fn read(&mut self, port: u16, data: &mut [u8], stopped: impl Fn() -> bool) -> Result<Answer, Error> {
        const COM1_LAST: u16 = COM1 + UART_PORTS - 1;
        const COM2_LAST: u16 = COM2 + UART_PORTS - 1;
        let reason = match port {
            COM1..=COM1_LAST => {
                data.fill_with(|| read_uart(&mut self.com1, port - COM1));
                "read COM1 (kernel log)"
            }
            COM2..=COM2_LAST => {
                self.flush(stopped)?;
                data.fill_with(|| read_uart(&mut self.com2, port - COM2));
                "read COM2 (console)"
            }
            STRING => {
                data.fill(STRING_PRESENT);
                "string port (console)"
            }
            KEYBOARD => {
                data.fill(NO_KEYBOARD);
                "keyboard controller"
            }
            clock_chip::DATA => {
                let now = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .map_or(0, |time| time.as_secs());
                data.fill(self.clock.read(now as i64));
                "clock chip"
            }
            // Nothing drives the bus: all ones.
            _ => {
                data.fill(0xff);
                "read of a port without a device"
            }
        };
        Ok((reason, None))
    }

    /// The guest reads memory that is not RAM.
    pub fn read_memory(&mut self, address: u64, data: &mut [u8]) -> Answer {
        match self.disk_register(address) {
            Some(((disk, _), register)) => {
                disk.read(register, data);
                ("disk", None)
            }
            None => {
                data.fill(0xff);
                ("read of memory without a device", None)
            }
        }
    }

    /// The guest writes to memory that is not RAM.
    pub fn write_memory(&mut self, address: u64, data: &[u8], ram: &Ram, stopped: impl Fn() -> bool) -> Answer {
        match self.disk_register(address) {
            Some(((disk, line), register)) => {
                if disk.write(register, data, ram, stopped) {
                    // Each answer is an edge of its own.
                    line.raised.set(false);
                    let _ = line.trigger();
                }
                ("disk", None)
            }
            None => ("write to memory without a device", None),
        }
    }

    /// The disk whose register is at that address, and the register.
    fn disk_register(&mut self, address: u64) -> Option<(&mut (Block, Line<'a>), u64)> {
        let offset = address.checked_sub(block::ADDRESS)?;
        let disk = self.disks.get_mut(usize::try_from(offset / block::SIZE).ok()?)?;
        Some((disk, offset % block::SIZE))
    }

    /// How many bytes of input COM2 can take now: none before somebody is there to read them.
    pub fn input_room(&self) -> usize {
        if self.program_runs {
            self.com2.fifo_capacity()
        } else {
            0
        }
    }

    /// Gives input to COM2, not more than it has room for.
    pub fn give_input(&mut self, bytes: &[u8]) {
        self.com2.interrupt_evt().raised.set(false);
        // There is room, and KVM takes the interrupt.
        let _ = self.com2.enqueue_raw_bytes(bytes);
    }

    /// Writes the program's output out; waits for a slow reader, but not when the machine is to end.
    fn flush(&mut self, stopped: impl Fn() -> bool) -> Result<(), Error> {
        let gathered = &mut self.com2.writer_mut().bytes;
        if gathered.is_empty() {
            return Ok(());
        }
        let mut bytes = &gathered[..];
        while !bytes.is_empty() {
            match nix::unistd::write(self.output, bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(Errno::EINTR) if stopped() => break,
                Err(Errno::EINTR) => {}
                // The timeout is for a signal that comes just before the call.
                Err(Errno::EAGAIN) if stopped() => break,
                Err(Errno::EAGAIN) => {
                    let mut output = [PollFd::new(self.output, PollFlags::POLLOUT)];
                    let _ = poll(&mut output, PollTimeout::from(100u8));
                }
                Err(errno) => return Err(Error::Output(io::Error::from_raw_os_error(errno as i32))),
            }
        }
        gathered.clear();
        Ok(())
    }

    /// The steps of the start, and what the kernel logged.
    pub fn finish(self) -> (Recorder, String) {
        let log = String::from_utf8_lossy(&self.com1.writer().bytes).into_owned();
        (self.stamps, log)
    }
}

/// Reads a UART's register. A received byte is a reason to interrupt as long as it has not been read; vm-superio names it
/// only once, and a driver that stops reading at some limit would wait for ever for the rest.
fn read_uart(uart: &mut Uart, register: u16) -> u8 {
    uart.interrupt_evt().raised.set(false);
    let value = uart.read(register as u8);
    if register == INTERRUPT_IDENTIFICATION && value & NO_INTERRUPT != 0 {
        let received = uart.read(LINE_STATUS) & DATA_READY != 0;
        let wanted = uart.read(INTERRUPT_ENABLE) & RECEIVED_ENABLED != 0;
        if received && wanted {
            return value & !NO_INTERRUPT | RECEIVED;
        }
    }
    value
}
