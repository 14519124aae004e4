//! The bus: which device answers at a port or at an address without RAM, and what an access comes to.
//!
//! A board ([`crate::board`]) is a list of devices on it. The ports by which a guest talks to the monitor itself stand in
//! [`crate::abi`].

use crate::abi::{PIECE_MAX, Piece, port};
use crate::counts::Counts;
use crate::devices::block::Block;
use crate::devices::console::{self, Input, Output};
use crate::devices::rtc::{self, Rtc};
use crate::devices::uart::{self, CARRIER, LINE_STATUS, Line, MODEM_STATUS, Uart};
use crate::memory::{self, Ram};
use crate::stamp::{Recorder, Step};
use crate::vcpu::exits::Reason;
use crate::{End, Error};
use kvm_ioctls::VmFd;
use std::mem::offset_of;
use std::time::Duration;
use vm_memory::{Bytes, GuestAddress};
use vm_superio::Trigger;

/// The keyboard controller's status "there is a byte to read", for ever: Linux takes sixteen bytes, concludes that there
/// is no controller, and does not wait for one when it restarts the machine.
const NO_KEYBOARD: u8 = 0x01;

/// A device.
pub enum Device<'a> {
    /// The kernel's log.
    Com1(Uart<'a>),
    /// The program's console.
    Com2(Uart<'a>),
    /// [`port::STRING`].
    Strings,
    /// [`port::EXIT`].
    Exit,
    /// [`port::PHASE`]; which step each phase ends.
    Phases(&'static [(u8, Step)]),
    /// [`port::SLEEP`].
    Sleep,
    /// [`port::WAIT_FOR_INPUT`].
    WaitForInput,
    /// [`port::COUNTS`].
    Counts(Option<Counts>),
    /// [`port::MEMORY`]: the machine, and the memory that it has not got yet.
    Memory(&'a VmFd, Vec<memory::Slot>),
    /// A keyboard controller without a keyboard.
    Keyboard,
    /// The clock chip.
    Rtc(Rtc),
    /// A disk and its interrupt line.
    Disk(Box<Block>, Line<'a>),
}

/// Where a guest looks for a device: an I/O port, or an address without RAM.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    Port(u16),
    Memory(u64),
}

/// A device, its first place, and how many it has.
pub type Slot<'a> = (Place, u64, Device<'a>);

/// The devices, and what several of them share.
pub struct Bus<'a> {
    devices: Vec<Slot<'a>>,
    shared: Shared<'a>,
}

/// What several devices share.
struct Shared<'a> {
    output: Output<'a>,
    /// The console's input, where it is looked at when the guest looks for it; its end shows as a lost carrier, which is
    /// how a serial line hangs up. Without, bytes are given to the console ([`Bus::give_input`]).
    input: Option<Input<'a>>,
    stamps: Recorder,
    program_runs: bool,
}

/// What follows an access, and what it is counted as.
pub type Answer = (Reason, Option<End>);

/// What an access is made in: the guest's memory, and whether the machine is to end.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub ram: &'a Ram,
    pub stopped: &'a dyn Fn() -> bool,
}

impl<'a> Bus<'a> {
    /// A bus with these devices. With an input, the guest has to look for that itself.
    pub fn new(devices: Vec<Slot<'a>>, output: Output<'a>, input: Option<Input<'a>>, stamps: Recorder) -> Self {
        let shared = Shared {
            output,
            input,
            stamps,
            program_runs: false,
        };
        Self { devices, shared }
    }

    /// The guest writes to a port or to an address without RAM.
    pub fn write(&mut self, place: Place, data: &[u8], context: Context) -> Result<Answer, Error> {
        match find(&mut self.devices, place) {
            Some((device, offset)) => device.write(offset, data, &mut self.shared, context),
            None if matches!(place, Place::Port(_)) => Ok((Reason::WriteNoPort, None)),
            None => Ok((Reason::WriteNoMemory, None)),
        }
    }

    /// The guest reads. Where there is no device nothing drives the bus: all ones.
    pub fn read(&mut self, place: Place, data: &mut [u8], context: Context) -> Result<Answer, Error> {
        data.fill(0xff);
        match find(&mut self.devices, place) {
            Some((device, offset)) => device.read(offset, data, &mut self.shared, context),
            None if matches!(place, Place::Port(_)) => Ok((Reason::ReadNoPort, None)),
            None => Ok((Reason::ReadNoMemory, None)),
        }
    }

    /// Whether the guest looks for its input itself.
    pub fn looks_for_input(&self) -> bool {
        self.shared.input.is_some()
    }

    /// Notes a step of the start.
    pub fn stamp(&mut self, step: Step) {
        self.shared.stamps.ended(step);
    }

    fn com2(&mut self) -> Option<&mut Uart<'a>> {
        self.devices.iter_mut().find_map(|(_, _, device)| match device {
            Device::Com2(uart) => Some(uart),
            _ => None,
        })
    }

    /// How many bytes of input the program can be given now: none before it is there to read them.
    pub fn input_room(&mut self) -> usize {
        let runs = self.shared.program_runs;
        self.com2().filter(|_| runs).map_or(0, |uart| uart.room())
    }

    /// Gives the program input, not more than there is room for.
    pub fn give_input(&mut self, bytes: &[u8]) {
        if let Some(uart) = self.com2() {
            uart.receive(bytes);
        }
    }

    /// The steps of the start, what the kernel logged, and what it counted.
    pub fn finish(self) -> (Recorder, String, Option<Counts>) {
        let (mut log, mut all_counts) = (Vec::new(), None);
        for (_, _, device) in self.devices {
            match device {
                Device::Com1(mut uart) => log = uart.take_sent(),
                Device::Counts(counts) => all_counts = counts,
                _ => {}
            }
        }
        (
            self.shared.stamps,
            String::from_utf8_lossy(&log).into_owned(),
            all_counts,
        )
    }
}

/// The device at a place, and the offset in it.
fn find<'a, 'b>(devices: &'b mut [Slot<'a>], place: Place) -> Option<(&'b mut Device<'a>, u64)> {
    devices.iter_mut().find_map(|(first, size, device)| {
        let offset = match (place, *first) {
            (Place::Port(port), Place::Port(first)) => port.checked_sub(first)?.into(),
            (Place::Memory(address), Place::Memory(first)) => address.checked_sub(first)?,
            _ => return None,
        };
        (offset < *size).then_some((device, offset))
    })
}

impl Device<'_> {
    fn write(&mut self, offset: u64, data: &[u8], shared: &mut Shared, context: Context) -> Result<Answer, Error> {
        let value = data.first().copied().unwrap_or(0);
        let register = offset as u16;
        let mut end = None;
        let reason = match self {
            Device::Com1(uart) => {
                uart.write(register, data);
                Reason::WriteCom1
            }
            Device::Com2(uart) => {
                uart.write(register, data);
                let full = shared.output.gather(&uart.take_sent());
                // A guest that polls may never touch the port again.
                if full || register != uart::DATA || shared.input.is_some() {
                    shared.output.flush(context.stopped)?;
                }
                Reason::WriteCom2
            }
            Device::Strings => {
                if let Ok(string) = data.try_into().map(u32::from_le_bytes) {
                    let mut buffer = [0; PIECE_MAX];
                    shared.output.gather(string_at(string, context.ram, &mut buffer));
                    shared.output.flush(context.stopped)?;
                }
                Reason::StringPort
            }
            Device::Exit => {
                end = Some(End::Exited(value));
                Reason::ExitPort
            }
            Device::Phases(steps) => {
                if let Some((_, step)) = steps.iter().find(|(phase, _)| *phase == value) {
                    shared.stamps.ended(*step);
                }
                shared.program_runs |= value == crate::abi::phase::PROGRAM;
                Reason::PhasePort
            }
            Device::Sleep => {
                console::sleep(microseconds(data));
                Reason::SleepPort
            }
            Device::WaitForInput => {
                match &shared.input {
                    Some(input) => drop(input.wait(microseconds(data))),
                    None => console::sleep(microseconds(data)),
                }
                Reason::InputPort
            }
            Device::Memory(vm, rest) => {
                rest.drain(..).try_for_each(|slot| memory::give(vm, slot))?;
                Reason::MemoryPort
            }
            Device::Counts(counts) => {
                let address = data.try_into().map(u32::from_le_bytes);
                *counts = address.ok().and_then(|address| Counts::read(address, context.ram));
                Reason::CountsPort
            }
            Device::Keyboard if value == port::RESET => {
                end = Some(End::Reset);
                Reason::Reset
            }
            Device::Keyboard => Reason::Keyboard,
            Device::Rtc(clock) => {
                if offset == rtc::INDEX {
                    clock.select(value);
                }
                Reason::Clock
            }
            Device::Disk(disk, line) => {
                if disk.write(offset, data, context.ram, context.stopped) {
                    // Each answer is an edge of its own.
                    line.arm();
                    let _ = line.trigger();
                }
                Reason::Disk
            }
        };
        if end.is_some() {
            shared.output.flush(context.stopped)?;
        }
        Ok((reason, end))
    }

    fn read(&mut self, offset: u64, data: &mut [u8], shared: &mut Shared, context: Context) -> Result<Answer, Error> {
        let register = offset as u16;
        let reason = match self {
            Device::Com1(uart) => {
                data.fill_with(|| uart.read(register));
                Reason::ReadCom1
            }
            Device::Com2(uart) => {
                shared.output.flush(context.stopped)?;
                data.fill_with(|| read_com2(uart, shared.input.as_mut(), register));
                Reason::ReadCom2
            }
            Device::Strings => {
                data.fill(port::STRING_PRESENT);
                Reason::StringPort
            }
            Device::Keyboard => {
                data.fill(NO_KEYBOARD);
                Reason::Keyboard
            }
            Device::Rtc(clock) => {
                if offset == rtc::DATA {
                    data.fill(clock.read_now());
                }
                Reason::Clock
            }
            Device::Disk(disk, _) => {
                disk.read(offset, data);
                Reason::Disk
            }
            // What can only be written.
            Device::Exit
            | Device::Phases(_)
            | Device::Sleep
            | Device::WaitForInput
            | Device::Counts(_)
            | Device::Memory(..) => Reason::ReadNoPort,
        };
        Ok((reason, None))
    }
}

/// Reads a register of the console's port, with input that is looked at now.
fn read_com2(uart: &mut Uart, input: Option<&mut Input>, register: u16) -> u8 {
    let Some(input) = input else {
        return uart.read(register);
    };
    if register == LINE_STATUS && !uart.has_received() {
        let mut buffer = [0; 64];
        let room = uart.room().min(buffer.len());
        let taken = input.take(&mut buffer[..room]);
        if !taken.is_empty() {
            uart.receive(taken);
        }
    }
    let value = uart.read(register);
    if register == MODEM_STATUS && input.has_ended() {
        value & !CARRIER
    } else {
        value
    }
}

/// The [`Piece`] that the guest gave the address of; none where it does not lie in its RAM.
fn string_at<'a>(string: u32, memory: &Ram, buffer: &'a mut [u8; PIECE_MAX]) -> &'a [u8] {
    let word = |offset: usize| memory.read_obj::<u64>(GuestAddress(u64::from(string) + offset as u64));
    let word = |offset| word(offset).unwrap_or(0);
    let (address, bytes) = (word(offset_of!(Piece, address)), word(offset_of!(Piece, bytes)));
    let part = &mut buffer[..usize::try_from(bytes).unwrap_or(PIECE_MAX).min(PIECE_MAX)];
    match memory.read_slice(part, GuestAddress(address)) {
        Ok(()) => part,
        Err(_) => &[],
    }
}

/// The time that a guest wrote to a port.
fn microseconds(data: &[u8]) -> Duration {
    let mut number = [0; 4];
    let given = data.len().min(4);
    number[..given].copy_from_slice(&data[..given]);
    Duration::from_micros(u32::from_le_bytes(number).into())
}
