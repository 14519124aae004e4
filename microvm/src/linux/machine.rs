//! Runs a Linux guest: a thread for each processor, one for the input, and the calling thread, which waits for the end.

use super::devices::{COM1_LINE, COM2_LINE, DISK_LINES, Devices};
use super::disk::Disk;
use super::{CPUS_MAX, acpi, board, command_line, input, processor, start};
use crate::abi::port::{COM1, COM2};
use crate::boot::{self, Payload};
use crate::exits::{self, Exits};
use crate::kernel::{Image, Protocol};
use crate::memory::Ram;
use crate::sandbox::Thread;
use crate::stamp::Recorder;
use crate::vcpu::failed;
use crate::{Config, End, Error, Initramfs, Outcome, Sandbox, machine, stamp, watchdog};
use kvm_ioctls::{Kvm, VcpuExit, VcpuFd, VmFd};
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

/// Runs the machine until it ends.
pub fn run(mut config: Config, kernel: Image, kvm: Kvm, vm: &VmFd, mut stamps: Recorder) -> Result<Outcome, Error> {
    if config.cpus == 0 || config.cpus > CPUS_MAX {
        return Err(Error::Processors {
            asked: config.cpus,
            most: CPUS_MAX,
        });
    }
    stamps.ended(stamp::OPEN_KERNEL);
    let disks = open_disks(&config)?;
    let mut own: Vec<RawFd> = disks.iter().flat_map(Disk::descriptors).collect();
    if !disks.is_empty() {
        stamps.ended(stamp::OPEN_DISKS);
    }
    board::make(vm)?;
    stamps.ended(stamp::BOARD);
    let memory = Ram::reserve(config.memory_bytes)?;
    memory.prefer_huge_pages();
    stamps.ended(stamp::RESERVE_MEMORY);
    machine::give_memory(vm, &memory)?;
    stamps.ended(stamp::GIVE_MEMORY);
    let entry = load(kernel, &config, disks.len(), &memory)?;
    config.initramfs = Initramfs::Bytes(Vec::new());
    stamps.ended(stamp::LOAD);

    let features = processor::features(&kvm, vm)?;
    let processors = (0..config.cpus)
        .map(|id| processor::make(vm, &features, id, config.cpus, entry))
        .collect::<Result<Vec<_>, _>>()?;
    stamps.ended(stamp::PROCESSORS);

    watchdog::catch_signal()?;
    drop(kvm);
    own.extend(processors.iter().map(AsRawFd::as_raw_fd).chain([vm.as_raw_fd()]));
    config.sandbox.shed(&own)?;
    let (input, output) = (std::io::stdin(), std::io::stdout());
    let shared = Shared {
        memory: &memory,
        sandbox: &config.sandbox,
        gate: RwLock::new(()),
        devices: Mutex::new(Devices::new(vm, output.as_fd(), disks, stamps)),
        input_has_room: Condvar::new(),
        stop: AtomicBool::new(false),
        end: Mutex::new(None),
        ended: Condvar::new(),
    };
    let threads: Vec<AtomicI32> = (0..=processors.len()).map(|_| AtomicI32::new(0)).collect();
    let (end, exits) = thread::scope(|scope| {
        let gate = shared.gate.write();
        let mut handles = Vec::new();
        let spawned = processors.into_iter().zip(&threads[1..]).try_for_each(|(vcpu, id)| {
            let work = || execute(vcpu, &shared, id);
            let thread = thread::Builder::new().stack_size(THREAD_STACK);
            handles.push(thread.spawn_scoped(scope, work)?);
            Ok(())
        });
        let spawned = spawned.and_then(|()| {
            let work = || {
                threads[0].store(this_thread(), Ordering::Release);
                if shared.confine(Thread::Input) {
                    input::pass_on(input.as_fd(), &shared);
                }
                threads[0].store(GONE, Ordering::Release);
            };
            thread::Builder::new()
                .stack_size(THREAD_STACK)
                .spawn_scoped(scope, work)
                .map(drop)
        });
        if let Err(error) = spawned {
            threads[0].store(GONE, Ordering::Release);
            shared.fail(Error::Thread(error));
        } else if let Err(error) = config.sandbox.enter(Thread::Main) {
            shared.fail(error);
        }
        drop(gate);
        let end = shared.wait_for_end(config.timeout);
        shared.stop(&threads[..=handles.len()]);
        let mut exits = Exits::none();
        for handle in handles {
            // A thread that panicked has no counts; there is none that is known to.
            if let Ok(processor) = handle.join() {
                exits.merge(processor);
            }
        }
        (end, exits)
    });
    let devices = shared.devices.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (stamps, kernel_log) = devices.finish();
    end.map(|end| Outcome {
        end,
        exits: exits.by_reason(),
        stamps: stamps.into_stamps(),
        kernel_log,
    })
}

/// The root disk, where there is one, and then the other: in this order the guest names them.
fn open_disks(config: &Config) -> Result<Vec<Disk>, Error> {
    let root = config.root_disk.clone().map(|base| crate::Disk { base, overlay: None });
    root.iter().chain(&config.disk).map(Disk::open).collect()
}

/// Puts the kernel and all that it is to find into the guest's memory. What that is made of is needed no longer then.
fn load(kernel: Image, config: &Config, disks: usize, memory: &Ram) -> Result<Protocol, Error> {
    let payload = Payload {
        kernel,
        initramfs: &config.initramfs,
        second_archive: &start::archive(config)?,
        command_line: command_line::make(config),
        command_line_max: command_line::LONGEST,
        acpi_tables: &acpi::make(
            config.cpus,
            [(COM1, COM1_LINE), (COM2, COM2_LINE)],
            &DISK_LINES[..disks],
        ),
    };
    boot::load(payload, memory, config.memory_bytes)
}

/// The threads answer exits; they need little.
const THREAD_STACK: usize = 128 << 10;
/// In place of a thread's number: it has not begun, or it is gone.
const GONE: i32 = -1;

/// What the threads of a machine share.
pub struct Shared<'a> {
    memory: &'a Ram,
    sandbox: &'a Sandbox,
    /// Closed until every thread is confined: the guest's first instruction comes after that.
    gate: RwLock<()>,
    devices: Mutex<Devices<'a>>,
    input_has_room: Condvar,
    stop: AtomicBool,
    end: Mutex<Option<Result<End, Error>>>,
    ended: Condvar,
}

impl<'a> Shared<'a> {
    /// Whether the machine is to end.
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Gives input to the guest as it makes room; false when the machine is to end.
    pub fn give_input(&self, mut bytes: &[u8]) -> bool {
        let mut devices = self.devices();
        while !bytes.is_empty() {
            if self.stopped() {
                return false;
            }
            let room = devices.input_room().min(bytes.len());
            if room == 0 {
                let waited = self.input_has_room.wait_timeout(devices, Duration::from_millis(100));
                devices = waited.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            devices.give_input(&bytes[..room]);
            bytes = &bytes[room..];
        }
        true
    }

    fn tell_room(&self, devices: &Devices) {
        if devices.input_room() > 0 {
            self.input_has_room.notify_one();
        }
    }

    fn devices(&self) -> MutexGuard<'_, Devices<'a>> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Confines the calling thread and waits until the others are; false when the machine is not to run.
    fn confine(&self, thread: Thread) -> bool {
        if let Err(error) = self.sandbox.enter(thread) {
            self.fail(error);
        }
        drop(self.gate.read());
        !self.stopped()
    }

    /// The machine cannot run.
    fn fail(&self, error: Error) {
        self.stop.store(true, Ordering::Release);
        self.end(Err(error));
    }

    /// Says how the machine ended; the first one counts.
    fn end(&self, end: Result<End, Error>) {
        let mut slot = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        slot.get_or_insert(end);
        self.ended.notify_all();
    }

    fn wait_for_end(&self, timeout: Option<Duration>) -> Result<End, Error> {
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        let mut slot = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(end) = slot.take() {
                return end;
            }
            slot = match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                None => self.ended.wait(slot).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => return Ok(End::TimedOut),
                Some(left) => {
                    let waited = self.ended.wait_timeout(slot, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Interrupts the threads until all of them have seen that the machine is to end.
    fn stop(&self, threads: &[AtomicI32]) {
        self.stop.store(true, Ordering::Release);
        let mut pause = Duration::from_micros(20);
        loop {
            self.input_has_room.notify_all();
            let mut left = false;
            for thread in threads {
                match thread.load(Ordering::Acquire) {
                    GONE => {}
                    0 => left = true,
                    id => {
                        left = true;
                        watchdog::interrupt_thread(id);
                    }
                }
            }
            if !left {
                return;
            }
            // A signal that comes just before a thread enters a system call is lost: again.
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(5));
        }
    }
}

fn this_thread() -> i32 {
    nix::unistd::gettid().as_raw()
}

/// Lets a processor execute until the machine ends.
fn execute(mut vcpu: VcpuFd, shared: &Shared, id: &AtomicI32) -> Exits {
    id.store(this_thread(), Ordering::Release);
    shared.confine(Thread::Processor);
    let mut exits = Exits::none();
    while !shared.stopped() {
        match step(&mut vcpu, shared, &mut exits) {
            Ok(None) => {}
            Ok(Some(end)) => {
                shared.end(Ok(end));
                break;
            }
            Err(error) => {
                shared.end(Err(error));
                break;
            }
        }
    }
    id.store(GONE, Ordering::Release);
    exits
}

/// Lets a processor execute until its next exit, and answers that.
fn step(vcpu: &mut VcpuFd, shared: &Shared, exits: &mut Exits) -> Result<Option<End>, Error> {
    let exit = vcpu.run();
    exits.came_out();
    let exit = match exit {
        Ok(exit) => exit,
        // A signal, or a processor that waits to be started was woken for nothing.
        Err(error) if matches!(error.errno(), libc::EINTR | libc::EAGAIN) => {
            exits.answered("signal");
            return Ok(None);
        }
        Err(error) => return Err(failed("run the processor", "The host may be out of memory")(error)),
    };
    let stopped = || shared.stopped();
    let (reason, end) = match exit {
        VcpuExit::IoOut(port, data) => {
            let mut devices = shared.devices();
            let answer = devices.write(port, data, shared.memory, stopped)?;
            shared.tell_room(&devices);
            answer
        }
        VcpuExit::IoIn(port, data) => {
            let mut devices = shared.devices();
            let answer = devices.read(port, data, stopped)?;
            shared.tell_room(&devices);
            answer
        }
        VcpuExit::MmioRead(address, data) => shared.devices().read_memory(address, data),
        VcpuExit::MmioWrite(address, data) => shared.devices().write_memory(address, data, shared.memory, stopped),
        VcpuExit::Intr => ("signal", None),
        exit => {
            let dead = exits::dead(exit);
            exits.answered(dead.reason);
            return Err(dead.into_error(vcpu, shared.memory));
        }
    };
    exits.answered(reason);
    Ok(end)
}
