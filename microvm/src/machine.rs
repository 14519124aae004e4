//! Runs a machine: lets the processor execute, and answers each of its exits.

use crate::devices::{self, COM1, COM2, Devices, UART_PORTS};
use crate::error::KvmError;
use crate::memory::Ram;
use crate::vcpu::{self, failed};
use crate::watchdog::Watchdog;
use crate::{Config, Error, Recorder, Stamp, boot};
use kvm_bindings::{KVM_API_VERSION, kvm_userspace_memory_region};
use kvm_ioctls::{Kvm, VcpuExit, VcpuFd, VmFd};
use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::time::Duration;
use vm_memory::{Bytes, GuestAddress, GuestMemoryBackend, GuestMemoryRegion};

/// Phase byte: the guest kernel's first instructions are done.
const PHASE_KERNEL: u8 = 1;
/// Phase byte: the program's first instruction is next.
const PHASE_PROGRAM: u8 = 2;

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
    /// How often the processor came out to the monitor, by reason.
    pub exits: BTreeMap<&'static str, u64>,
    /// The steps of the start.
    pub stamps: Vec<Stamp>,
    /// What the guest kernel wrote to its log, at most 64 KiB.
    pub kernel_log: String,
}

/// Runs a machine in the calling thread until it ends. Its console is this process's descriptors 0 and 1.
///
/// # Errors
/// Everything of [`Error`]: the machine cannot be made, or stopped in a way that nobody expects.
pub fn run(config: &Config) -> Result<Outcome, Error> {
    let mut stamps = Recorder::default();
    stamps.ended("start the monitor");
    let kvm = open_kvm()?;
    let vm = kvm
        .create_vm()
        .map_err(failed("make a virtual machine", "The host may be out of memory"))?;
    stamps.ended("make the machine");

    let memory = Ram::reserve(config.memory_bytes)?;
    give_memory(&vm, &memory)?;
    let entry = boot::load(config, &memory)?;
    stamps.ended("load kernel and files");

    let vcpu = vcpu::make(&kvm, &vm, entry)?;
    stamps.ended("make the processor");

    let (input, output) = (std::io::stdin(), std::io::stdout());
    let machine = Machine {
        devices: Devices::new(input.as_fd(), output.as_fd()),
        watchdog: Watchdog::start(config.timeout)?,
        vcpu,
        memory,
        exits: BTreeMap::new(),
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
fn give_memory(vm: &VmFd, memory: &Ram) -> Result<(), Error> {
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
    exits: BTreeMap<&'static str, u64>,
    stamps: Recorder,
}

/// What follows an exit.
enum Next {
    Continue,
    End(End),
    Unexpected(String, &'static str),
}

impl Machine<'_> {
    fn run(mut self) -> Result<Outcome, Error> {
        let end = loop {
            match self.step()? {
                Next::Continue => {}
                Next::End(end) => break end,
                Next::Unexpected(exit, hint) => return Err(self.unexpected(exit, hint)),
            }
            if self.watchdog.expired() {
                break End::TimedOut;
            }
        };
        Ok(Outcome {
            end,
            exits: self.exits,
            stamps: self.stamps.into_stamps(),
            kernel_log: self.devices.into_log(),
        })
    }

    /// Lets the processor execute until its next exit, and answers that.
    fn step(&mut self) -> Result<Next, Error> {
        let exit = match self.vcpu.run() {
            Ok(exit) => exit,
            // A signal: the watchdog's, or one that the process has a handler for.
            Err(error) if matches!(error.errno(), libc::EINTR | libc::EAGAIN) => {
                *self.exits.entry("signal").or_default() += 1;
                return Ok(Next::Continue);
            }
            Err(error) => {
                return Err(failed("run the processor", "The host may be out of memory")(error));
            }
        };
        const COM1_LAST: u16 = COM1 + UART_PORTS - 1;
        const COM2_LAST: u16 = COM2 + UART_PORTS - 1;
        let (reason, next) = match exit {
            VcpuExit::IoOut(port, data) => match port {
                COM1..=COM1_LAST => {
                    self.devices.write_com1(port - COM1, data);
                    ("write COM1 (kernel log)", Next::Continue)
                }
                COM2..=COM2_LAST => {
                    self.devices.write_com2(port - COM2, data, &self.watchdog)?;
                    ("write COM2 (console)", Next::Continue)
                }
                devices::STRING if data.len() == 4 => {
                    let string = u32::from_le_bytes([data[0], data[1], data[2], data[3]]);
                    self.devices.write_string(string, &self.memory, &self.watchdog)?;
                    ("string port (console)", Next::Continue)
                }
                devices::EXIT => ("exit port", Next::End(End::Exited(data[0]))),
                devices::PHASE => {
                    match data[0] {
                        PHASE_KERNEL => self.stamps.ended("guest kernel: entry"),
                        PHASE_PROGRAM => self.stamps.ended("guest kernel: load the program"),
                        _ => {}
                    }
                    ("phase port", Next::Continue)
                }
                devices::IDLE => {
                    let mut microseconds = [0; 4];
                    let given = data.len().min(4);
                    microseconds[..given].copy_from_slice(&data[..given]);
                    self.devices
                        .idle(Duration::from_micros(u32::from_le_bytes(microseconds).into()));
                    ("idle port", Next::Continue)
                }
                devices::KEYBOARD if data[0] == 0xfe => ("reset", Next::End(End::Reset)),
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
            VcpuExit::Hlt => {
                let hint = " Nothing can wake it: its kernel gave up, and its log may say why";
                (
                    "halt",
                    Next::Unexpected("halted with interrupts off (KVM_EXIT_HLT)".into(), hint),
                )
            }
            VcpuExit::Shutdown => {
                let hint = " A fault in its handler of a double fault ends a processor: its kernel lost its way";
                (
                    "triple fault",
                    Next::Unexpected("triple fault (KVM_EXIT_SHUTDOWN)".into(), hint),
                )
            }
            VcpuExit::FailEntry(reason, cpu) => {
                let exit = format!("the processor did not start (KVM_EXIT_FAIL_ENTRY, reason {reason:#x}, cpu {cpu})");
                ("entry failure", Next::Unexpected(exit, ""))
            }
            VcpuExit::InternalError => ("internal error", Next::Unexpected(String::new(), "")),
            other => ("other", Next::Unexpected(format!("{other:?}"), "")),
        };
        *self.exits.entry(reason).or_default() += 1;
        if let Next::Unexpected(exit, _) = &next
            && exit.is_empty()
        {
            return Ok(self.internal_error());
        }
        Ok(next)
    }

    /// What KVM says of an exit that it could not deal with itself.
    fn internal_error(&mut self) -> Next {
        // SAFETY: KVM has filled this member of the union for this exit.
        let internal = unsafe { self.vcpu.get_kvm_run().__bindgen_anon_1.internal };
        let (what, hint) = match internal.suberror {
            1 => (
                "KVM cannot emulate an instruction",
                " Where guest kernel mode is emulated (see `isolab doctor`) only guest kernels that avoid such instructions run; the built-in one does",
            ),
            2 => ("two exceptions at once", ""),
            3 => ("an exception during an exit", ""),
            4 => ("an exit that KVM does not know", ""),
            _ => ("KVM failed", ""),
        };
        Next::Unexpected(
            format!("{what} (KVM_EXIT_INTERNAL_ERROR, suberror {})", internal.suberror),
            hint,
        )
    }

    /// An error that says where the processor was.
    fn unexpected(&self, exit: String, hint: &'static str) -> Error {
        let rip = self.vcpu.get_regs().map_or(0, |regs| regs.rip);
        let physical = self
            .vcpu
            .translate_gva(rip)
            .ok()
            .filter(|translation| translation.valid != 0);
        let mut bytes = [0; 16];
        let read = physical.and_then(|physical| {
            self.memory
                .read_slice(&mut bytes, GuestAddress(physical.physical_address))
                .ok()
        });
        let bytes = match read {
            Some(()) => bytes.map(|byte| format!("{byte:02x}")).join(" "),
            None => "not to be read".into(),
        };
        Error::UnexpectedExit { exit, rip, bytes, hint }
    }
}
