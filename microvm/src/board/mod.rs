//! What stands around a guest's processor and memory: a list of devices on its bus, and what the guest is told of them.
//!
//! The built-in kernel needs a processor, RAM and ports: the bare board. Linux also expects a PC's interrupt controllers
//! and timer, which KVM has, tables of what there is ([`acpi`]), a clock chip and serial ports with interrupts, disks, a
//! command line that keeps it from looking for what is not there ([`command_line`]), and a first program ([`start`]).

mod acpi;
mod command_line;
mod start;

use crate::abi::{phase, port};
use crate::boot::{self, Loaded, Payload};
use crate::bus::{Bus, Device, Place};
use crate::devices::block::{self, Block};
use crate::devices::console::{Console, Input, Output};
use crate::devices::disk::Disk;
use crate::devices::rtc::{self, Rtc};
use crate::devices::uart::{Line, Uart};
use crate::kernel::Image;
use crate::memory::{Ram, Slot};
use crate::stamp::{self, Recorder, Step};
use crate::{Config, Error, KvmCall};
use kvm_bindings::{KVM_CAP_SPLIT_IRQCHIP, KVM_PIT_SPEAKER_DUMMY, kvm_enable_cap, kvm_pit_config};
use kvm_ioctls::VmFd;

/// The most processors of a machine: enough for any host this is meant for.
pub const CPUS_MAX: u8 = 32;
/// The kernel's log keeps this much.
const LOG_MAX: usize = 64 << 10;
/// Interrupt lines of a PC's serial ports.
const COM1_LINE: u32 = 4;
const COM2_LINE: u32 = 3;
/// Interrupt lines of the disks: those that a PC has for a second parallel port and for floppy disks.
const DISK_LINES: [u32; 2] = [5, 6];
/// Four pages that KVM on Intel processors needs for real mode and page tables, in the gap below 4 GiB that no RAM or
/// device uses (Linux, Documentation/virt/kvm/api.rst, KVM_SET_TSS_ADDR and KVM_SET_IDENTITY_MAP_ADDR).
const IDENTITY_MAP: u64 = 0xfeff_c000;
const TASK_STATE: usize = 0xfeff_d000;

/// The steps that the built-in kernel's phases end, and those that Linux's do.
const BARE_STEPS: &[(u8, Step)] = &[
    (phase::KERNEL, stamp::KERNEL_ENTRY),
    (phase::PROGRAM, stamp::KERNEL_PREPARE),
];
const PC_STEPS: &[(u8, Step)] = &[(phase::INIT, stamp::KERNEL_BOOT), (phase::PROGRAM, stamp::INIT)];

/// A board.
pub enum Board {
    /// Ports, and nothing else.
    Bare,
    /// A small PC, with these disks: the root disk, where there is one, and then the other; in this order the guest names
    /// them.
    Pc(Vec<Disk>),
}

impl Board {
    /// The board that a kernel wants, with what it is given.
    pub fn of(kernel: &Image, config: &Config) -> Result<Self, Error> {
        let linux = &config.linux;
        if !kernel.wants_pc() {
            return match linux.given() {
                Some(what) => Err(kernel.bad(format!("it is not a Linux kernel; {what} unsupported"))),
                None => Ok(Board::Bare),
            };
        }
        if linux.cpus == 0 || linux.cpus > CPUS_MAX {
            return Err(Error::Processors {
                asked: linux.cpus,
                most: CPUS_MAX,
            });
        }
        let root = linux.root_disk.clone().map(|base| crate::Disk { base, overlay: None });
        let disks = root.iter().chain(&linux.disk).map(Disk::open);
        Ok(Board::Pc(disks.collect::<Result<_, _>>()?))
    }

    /// Whether it is a PC.
    pub fn is_pc(&self) -> bool {
        matches!(self, Board::Pc(_))
    }

    /// The disks.
    pub fn disks(&self) -> &[Disk] {
        match self {
            Board::Bare => &[],
            Board::Pc(disks) => disks,
        }
    }

    /// Adds what KVM itself emulates to a machine that has no processor yet. Of a PC: the two interrupt controllers, the I/O
    /// APIC, local APICs, and the timer. The built-in kernel uses none of them, but a processor without a local APIC
    /// costs more: KVM rewrites its own code whenever the first such processor is made or the last is gone (static keys).
    /// (Other kernels without a PC go without: in KVM, one with a local APIC that halts for ever would wait for an interrupt.)
    pub fn make_chips(&self, vm: &VmFd, kernel: &Image) -> Result<(), Error> {
        if matches!(kernel, Image::Builtin(_)) {
            // An older KVM goes without.
            let _ = vm.enable_cap(&kvm_enable_cap {
                cap: KVM_CAP_SPLIT_IRQCHIP,
                ..Default::default()
            });
        }
        if !self.is_pc() {
            return Ok(());
        }
        vm.set_identity_map_address(IDENTITY_MAP)
            .map_err(KvmCall::PlacePageTable.failed())?;
        vm.set_tss_address(TASK_STATE)
            .map_err(KvmCall::PlaceTaskState.failed())?;
        vm.create_irq_chip()
            .map_err(KvmCall::CreateInterruptControllers.failed())?;
        // Port 0x61 answers too: Linux measures its clocks against timer 2 through it.
        let timer = kvm_pit_config {
            flags: KVM_PIT_SPEAKER_DUMMY,
            ..Default::default()
        };
        vm.create_pit2(timer).map_err(KvmCall::CreateTimer.failed())
    }

    /// Puts the kernel and all that it is to find into the guest's memory.
    pub fn load(&self, kernel: Image, config: &Config, memory: &Ram) -> Result<Loaded, Error> {
        let (second_archive, command_line, command_line_max, acpi_tables);
        match self {
            Board::Bare => {
                (second_archive, acpi_tables) = (Vec::new(), Vec::new());
                (command_line, command_line_max) = (config.command_line(), boot::COMMAND_LINE_MAX);
            }
            Board::Pc(disks) => {
                second_archive = start::archive(config)?;
                (command_line, command_line_max) = (config.linux_command_line(), command_line::LONGEST);
                let ports = [(port::COM1, COM1_LINE), (port::COM2, COM2_LINE)];
                acpi_tables = acpi::make(config.linux.cpus, ports, &DISK_LINES[..disks.len()]);
            }
        }
        let payload = Payload {
            kernel,
            initramfs: &config.initramfs,
            second_archive: &second_archive,
            command_line,
            command_line_max,
            acpi_tables: &acpi_tables,
        };
        boot::load(payload, memory, config.memory_bytes)
    }

    /// The devices. A PC's have interrupt lines of `vm`, and its input is brought to it.
    pub fn bus<'a>(self, vm: &'a VmFd, rest: Vec<Slot>, console: &'a Console, stamps: Recorder) -> Bus<'a> {
        let is_pc = self.is_pc();
        let line = |number| Line::new(is_pc.then_some((vm, number)));
        let at = |first, count: u16, device| (Place::Port(first), count.into(), device);
        let (com1, com2) = (
            Uart::new(line(COM1_LINE), LOG_MAX),
            Uart::new(line(COM2_LINE), usize::MAX),
        );
        let mut devices = vec![
            at(port::COM1, port::UART_PORTS, Device::Com1(com1)),
            at(port::COM2, port::UART_PORTS, Device::Com2(com2)),
            at(port::STRING, 1, Device::Strings),
            at(port::EXIT, 1, Device::Exit),
            at(port::KEYBOARD, 1, Device::Keyboard),
        ];
        let mut input = None;
        match self {
            Board::Bare => {
                devices.push(at(port::PHASE, 1, Device::Phases(BARE_STEPS)));
                devices.push(at(port::SLEEP, 1, Device::Sleep));
                devices.push(at(port::WAIT_FOR_INPUT, 1, Device::WaitForInput));
                devices.push(at(port::COUNTS, 1, Device::Counts(None)));
                devices.push(at(port::MEMORY, 1, Device::Memory(vm, rest)));
                input = Some(Input::new(console));
            }
            Board::Pc(disks) => {
                devices.push(at(port::PHASE, 1, Device::Phases(PC_STEPS)));
                devices.push(at(rtc::PORT, rtc::PORTS, Device::Rtc(Rtc::default())));
                for ((number, disk), line_number) in (0..).zip(disks).zip(DISK_LINES) {
                    let first = Place::Memory(block::ADDRESS + number * block::SIZE);
                    let disk = Device::Disk(Box::new(Block::new(disk)), line(line_number));
                    devices.push((first, block::SIZE, disk));
                }
            }
        }
        Bus::new(devices, Output::new(console), input, stamps)
    }
}
