//! Runs a machine: lets the processor execute, and answers each of its exits.

use crate::abi::{
    phase,
    port::{self, COM1, COM2, UART_PORTS},
};
use crate::boot::{self, Payload};
use crate::devices::Devices;
use crate::error::KvmError;
use crate::exits::{self, Dead, Exit, Exits};
use crate::kernel::Image;
use crate::memory::Ram;
use crate::sandbox::Thread;
use crate::vcpu::{self, failed};
use crate::watchdog::Watchdog;
use crate::{Config, Error, Initramfs, Recorder, Stamp, linux, stamp};
use kvm_bindings::{KVM_API_VERSION, kvm_userspace_memory_region};
use kvm_ioctls::{Kvm, VcpuExit, VcpuFd, VmFd};
use std::collections::BTreeMap;
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;
use vm_memory::{GuestMemoryBackend, GuestMemoryRegion};

/// How a machine ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The guest ended it with this status: the program's own, or 128 + N after signal N.
    Exited(u8),
    /// The guest reset the machine, which has no meaning here but the end.
    Reset,
    /// It ran longer than it was given.
    TimedOut,
}

/// What a machine did.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// How often the processor came out to the monitor, by reason, and the time of it.
    pub exits: BTreeMap<&'static str, Exit>,
    /// The steps of the start.
    pub stamps: Vec<Stamp>,
    /// What the guest kernel wrote to its log, at most 64 KiB.
    pub kernel_log: String,
}

/// Runs a machine in the calling thread until it ends. Its console is this process's descriptors 0 and 1.
///
/// # Errors
/// Everything of [`Error`]: the machine cannot be made, or stopped in a way that nobody expects.
pub fn run(mut config: Config) -> Result<Outcome, Error> {
    let mut stamps = Recorder::default();
    stamps.ended(stamp::BEGAN);
    let kvm = open_kvm()?;
    stamps.ended(stamp::OPEN_KVM);
    let vm = kvm
        .create_vm()
        .map_err(failed("make a virtual machine", "The host may be out of memory"))?;
    stamps.ended(stamp::CREATE_VM);

    let kernel = Image::open(&config.kernel)?;
    if kernel.wants_pc() {
        return linux::run(config, kernel, kvm, &vm, stamps);
    }
    if config.root_disk.is_some() || config.disk.is_some() {
        return Err(kernel.bad("it is no Linux, and takes no disks".into()));
    }
    let memory = Ram::reserve(config.memory_bytes)?;
    stamps.ended(stamp::RESERVE_MEMORY);
    give_memory(&vm, &memory)?;
    stamps.ended(stamp::GIVE_MEMORY);
    let payload = Payload {
        kernel,
        initramfs: &config.initramfs,
        second_archive: &[],
        command_line: config.command_line(),
        command_line_max: boot::COMMAND_LINE_MAX,
        acpi_tables: &[],
    };
    let entry = boot::load(payload, &memory, config.memory_bytes)?;
    config.initramfs = Initramfs::Bytes(Vec::new());
    stamps.ended(stamp::LOAD);

    let vcpu = vcpu::make(&kvm, &vm, entry, &mut stamps)?;

    let watchdog = Watchdog::start(config.timeout)?;
    drop((kvm, vm)); // the processor holds what it needs of them
    config.sandbox.shed(&[vcpu.as_raw_fd()])?;
    config.sandbox.enter(Thread::Processor)?;
    stamps.ended(stamp::CONFINE);

    let (input, output) = (std::io::stdin(), std::io::stdout());
    let machine = Machine {
        devices: Devices::new(input.as_fd(), output.as_fd()),
        watchdog,
        vcpu,
        memory,
        exits: Exits::none(),
        stamps,
    };
    machine.run()
}

/// Opens /dev/kvm and makes sure that it is KVM.
pub fn open_kvm() -> Result<Kvm, Error> {
    let kvm = Kvm::new().map_err(|error| KvmError::from_errno(error.errno()))?;
    match kvm.get_api_version() {
        version if version == KVM_API_VERSION as i32 => Ok(kvm),
        version => Err(KvmError::NotKvm(version).into()),
    }
}

/// Makes the reserved memory the machine's RAM.
pub fn give_memory(vm: &VmFd, memory: &Ram) -> Result<(), Error> {
    for (slot, region) in memory.iter().enumerate() {
        let slot = kvm_userspace_memory_region {
            slot: slot as u32,
            flags: 0,
            guest_phys_addr: region.start_addr().0,
            memory_size: region.len(),
            userspace_addr: region.as_ptr() as u64,
        };
        // SAFETY: the mapping lives in `memory`, which the machine keeps as long as the processor runs.
        unsafe { vm.set_user_memory_region(slot) }
            .map_err(failed("give the machine its memory", "The host may be out of memory"))?;
    }
    Ok(())
}

/// A machine that is switched on.
struct Machine<'a> {
    vcpu: VcpuFd,
    memory: Ram,
    devices: Devices<'a>,
    watchdog: Watchdog,
    exits: Exits,
    stamps: Recorder,
}

/// What follows an exit.
enum Next {
    Continue,
    End(End),
    Dead(Dead),
}

impl Machine<'_> {
    fn run(mut self) -> Result<Outcome, Error> {
        let end = loop {
            match self.step()? {
                Next::Continue => {}
                Next::End(end) => break end,
                Next::Dead(dead) => return Err(dead.into_error(&mut self.vcpu, &self.memory)),
            }
            if self.watchdog.expired() {
                break End::TimedOut;
            }
        };
        Ok(Outcome {
            end,
            exits: self.exits.by_reason(),
            stamps: self.stamps.into_stamps(),
            kernel_log: self.devices.into_log(),
        })
    }

    /// Lets the processor execute until its next exit, and answers that.
    fn step(&mut self) -> Result<Next, Error> {
        let exit = self.vcpu.run();
        self.exits.came_out();
        let exit = match exit {
            Ok(exit) => exit,
            // A signal: the watchdog's, or one that the process has a handler for.
            Err(error) if matches!(error.errno(), libc::EINTR | libc::EAGAIN) => {
                self.exits.answered("signal");
                return Ok(Next::Continue);
            }
            Err(error) => {
                return Err(failed("run the processor", "The host may be out of memory")(error));
            }
        };
        const COM1_LAST: u16 = COM1 + UART_PORTS - 1;
        const COM2_LAST: u16 = COM2 + UART_PORTS - 1;
        let (reason, next) = match exit {
            VcpuExit::IoOut(number, data) => match number {
                COM1..=COM1_LAST => {
                    self.devices.write_com1(number - COM1, data);
                    ("write COM1 (kernel log)", Next::Continue)
                }
                COM2..=COM2_LAST => {
                    self.devices.write_com2(number - COM2, data, &self.watchdog)?;
                    ("write COM2 (console)", Next::Continue)
                }
                port::STRING if data.len() == 4 => {
                    let string = u32::from_le_bytes([data[0], data[1], data[2], data[3]]);
                    self.devices.write_string(string, &self.memory, &self.watchdog)?;
                    ("string port (console)", Next::Continue)
                }
                port::EXIT => ("exit port", Next::End(End::Exited(data[0]))),
                port::PHASE => {
                    match data[0] {
                        phase::KERNEL => self.stamps.ended(stamp::KERNEL_ENTRY),
                        phase::PROGRAM => self.stamps.ended(stamp::KERNEL_PREPARE),
                        _ => {}
                    }
                    ("phase port", Next::Continue)
                }
                port::SLEEP => {
                    self.devices.sleep(microseconds(data));
                    ("sleep port", Next::Continue)
                }
                port::WAIT_FOR_INPUT => {
                    self.devices.wait_for_input(microseconds(data));
                    ("port to wait for input", Next::Continue)
                }
                port::KEYBOARD if data[0] == port::RESET => ("reset", Next::End(End::Reset)),
                _ => ("write to a port without a device", Next::Continue),
            },
            VcpuExit::IoIn(port, data) => {
                let reason = match port {
                    COM1..=COM1_LAST => {
                        data.fill_with(|| self.devices.read_com1(port - COM1));
                        "read COM1 (kernel log)"
                    }
                    COM2..=COM2_LAST => {
                        data.fill_with(|| self.devices.read_com2(port - COM2));
                        "read COM2 (console)"
                    }
                    // Nothing drives the bus: all ones.
                    _ => {
                        data.fill(0xff);
                        "read of a port without a device"
                    }
                };
                (reason, Next::Continue)
            }
            VcpuExit::MmioRead(_, data) => {
                data.fill(0xff);
                ("read of memory without a device", Next::Continue)
            }
            VcpuExit::MmioWrite(..) => ("write to memory without a device", Next::Continue),
            VcpuExit::Intr => ("signal", Next::Continue),
            exit => {
                let dead = exits::dead(exit);
                (dead.reason, Next::Dead(dead))
            }
        };
        self.exits.answered(reason);
        Ok(next)
    }
}

/// The time that a guest wrote to a port.
fn microseconds(data: &[u8]) -> Duration {
    let mut number = [0; 4];
    let given = data.len().min(4);
    number[..given].copy_from_slice(&data[..given]);
    Duration::from_micros(u32::from_le_bytes(number).into())
}
