//! A machine that is switched on: its processors execute, each in a thread, and the bus answers their exits, until one of them
//! says how the machine ends or its time is over.
//!
//! The first processor executes in the calling thread, so that a machine with one needs no other. A PC has one more thread,
//! which brings it its input. A thread that is to end is interrupted by a signal, in whatever system call it is.

use crate::bus::{Answer, Bus, Context, Place};
use crate::devices::input;
use crate::memory::Ram;
use crate::sandbox::Thread;
use crate::vcpu::exits::{Exits, Reason, Stop};
use crate::watchdog::{Watchdog, interrupt_thread, watch};
use crate::{Config, End, Error, KvmCall, Outcome, Sandbox, stamp};
use kvm_ioctls::{VcpuExit, VcpuFd};
use nix::sys::timer::Timer;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

/// The threads answer exits; they need little.
const THREAD_STACK: usize = 128 << 10;
/// In place of a thread's number: it has not begun, or it is gone.
const NOT_YET: i32 = 0;
const GONE: i32 = -1;

/// Lets processors execute until the machine ends. The process has given up what it does not need as a whole; its threads
/// do so here, before the guest's first instruction.
pub fn run(processors: Vec<VcpuFd>, memory: &Ram, config: &Config, bus: Bus) -> Result<Outcome, Error> {
    let brings_input = !bus.looks_for_input();
    let _watchdog = Watchdog::start(config.timeout, brings_input || processors.len() > 1)?;
    let shared = Shared {
        memory,
        sandbox: &config.sandbox,
        gate: RwLock::new(()),
        bus: Mutex::new(bus),
        brings_input,
        input_has_room: Condvar::new(),
        deadline: config.timeout.map(|timeout| Instant::now() + timeout),
        stop: AtomicBool::new(false),
        end: Mutex::new(None),
        threads: (0..processors.len() + 1).map(|_| AtomicI32::new(GONE)).collect(),
    };
    let exits = shared.execute_all(processors, config);
    let end = shared.end.into_inner().unwrap_or_else(PoisonError::into_inner);
    let bus = shared.bus.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (stamps, kernel_log, counts) = bus.finish();
    // Nobody has said how it ended: its time was over.
    end.unwrap_or(Ok(End::TimedOut)).map(|end| Outcome {
        end,
        exits: exits.by_name(),
        counts,
        kvm: Vec::new(),
        stamps: stamps.into_stamps(),
        kernel_log,
    })
}

/// What the threads of a machine share.
pub struct Shared<'a> {
    memory: &'a Ram,
    sandbox: &'a Sandbox,
    /// Closed until every thread is confined: the guest's first instruction comes after that.
    gate: RwLock<()>,
    bus: Mutex<Bus<'a>>,
    /// Whether a thread brings the guest its input.
    brings_input: bool,
    input_has_room: Condvar,
    deadline: Option<Instant>,
    stop: AtomicBool,
    end: Mutex<Option<Result<End, Error>>>,
    /// The calling thread, those of the other processors, and that of the input.
    threads: Vec<AtomicI32>,
}

impl<'a> Shared<'a> {
    /// Executes every processor in a thread, the first in this one, until the machine ends and all are gone.
    fn execute_all(&self, processors: Vec<VcpuFd>, config: &Config) -> Exits {
        thread::scope(|scope| {
            let stop = StopOthers(self);
            let gate = self.gate.write();
            let mut processors = processors.into_iter();
            let first = processors.next();
            let (mut handles, mut spawned) = (Vec::new(), Ok(()));
            let mut keep = |handle| handles.push(handle);
            for (number, vcpu) in (1..).zip(processors) {
                let work = move || self.be(number, Thread::Processor, || self.execute(vcpu));
                spawned = spawned.and_then(|()| self.spawn(scope, number, work).map(&mut keep));
            }
            if self.brings_input {
                let pass_on = || {
                    input::pass_on(config.console.input(), self);
                    Exits::none()
                };
                let number = self.threads.len() - 1;
                let work = move || self.be(number, Thread::Input, pass_on);
                spawned = spawned.and_then(|()| self.spawn(scope, number, work).map(&mut keep));
            }
            let ready = spawned
                .map_err(Error::Thread)
                .and_then(|()| self.confine(Thread::Processor));
            let _timer = ready.unwrap_or_else(|error| {
                self.end(Err(error));
                None
            });
            self.bus().stamp(stamp::CONFINE);
            self.threads[0].store(this_thread(), Ordering::Release);
            drop(gate);
            let here = Here(self, 0);
            let mut exits = first.map_or_else(Exits::none, |vcpu| self.execute(vcpu));
            drop(here);
            drop(stop);
            // Each is joined, or a panic of it would go on in this thread. One that panicked has no counts.
            for others in handles.into_iter().filter_map(|handle| handle.join().ok().flatten()) {
                exits.merge(others);
            }
            exits
        })
    }

    fn spawn<'scope, T: Send + 'scope>(
        &'scope self,
        scope: &'scope thread::Scope<'scope, '_>,
        number: usize,
        work: impl FnOnce() -> T + Send + 'scope,
    ) -> std::io::Result<thread::ScopedJoinHandle<'scope, T>> {
        self.threads[number].store(NOT_YET, Ordering::Release);
        let spawned = thread::Builder::new()
            .stack_size(THREAD_STACK)
            .spawn_scoped(scope, work);
        if spawned.is_err() {
            self.threads[number].store(GONE, Ordering::Release);
        }
        spawned
    }

    /// Does a thread's work, confined, when all threads are; nothing when the machine is not to run.
    fn be<T>(&self, number: usize, thread: Thread, work: impl FnOnce() -> T) -> Option<T> {
        self.threads[number].store(this_thread(), Ordering::Release);
        let _here = Here(self, number);
        let _timer = self.confine(thread).unwrap_or_else(|error| {
            self.end(Err(error));
            None
        });
        drop(self.gate.read());
        (!self.stopped()).then(work)
    }

    /// Makes the calling thread's timer, and then confines the thread.
    fn confine(&self, thread: Thread) -> Result<Option<Timer>, Error> {
        let timer = match thread {
            Thread::Processor => watch(self.deadline)?,
            // It looks at the time by itself.
            Thread::Input => None,
        };
        self.sandbox.enter(thread).map(|()| timer)
    }

    /// Lets a processor execute until the machine ends.
    fn execute(&self, mut vcpu: VcpuFd) -> Exits {
        let mut exits = Exits::none();
        while !self.stopped() {
            match self.step(&mut vcpu, &mut exits) {
                Ok(None) => {}
                Ok(Some(end)) => self.end(Ok(end)),
                Err(error) => self.end(Err(error)),
            }
        }
        exits
    }

    /// Lets a processor execute until its next exit, and answers that.
    fn step(&self, vcpu: &mut VcpuFd, exits: &mut Exits) -> Result<Option<End>, Error> {
        let exit = vcpu.run();
        exits.came_out();
        let exit = match exit {
            Ok(exit) => exit,
            // A signal, or a processor that waits to be started was woken for nothing.
            Err(error) if matches!(error.errno(), libc::EINTR | libc::EAGAIN) => {
                exits.answered(Reason::Signal);
                return Ok(None);
            }
            Err(error) => return Err(KvmCall::Run.failed()(error)),
        };
        let (reason, end) = match exit {
            VcpuExit::IoOut(port, data) => self.access(|bus, context| bus.write(Place::Port(port), data, context))?,
            VcpuExit::IoIn(port, data) => self.access(|bus, context| bus.read(Place::Port(port), data, context))?,
            VcpuExit::MmioRead(at, data) => self.access(|bus, context| bus.read(Place::Memory(at), data, context))?,
            VcpuExit::MmioWrite(at, data) => self.access(|bus, context| bus.write(Place::Memory(at), data, context))?,
            VcpuExit::Intr => (Reason::Signal, None),
            exit => {
                let stop = Stop::of(exit);
                exits.answered(stop.reason());
                return Err(stop.into_error(vcpu, self.memory));
            }
        };
        exits.answered(reason);
        Ok(end)
    }

    fn access(&self, access: impl FnOnce(&mut Bus, Context) -> Result<Answer, Error>) -> Result<Answer, Error> {
        let stopped = || self.stopped();
        let context = Context {
            ram: self.memory,
            stopped: &stopped,
        };
        let mut bus = self.bus();
        let answer = access(&mut bus, context)?;
        if self.brings_input && bus.input_room() > 0 {
            self.input_has_room.notify_one();
        }
        Ok(answer)
    }

    fn bus(&self) -> MutexGuard<'_, Bus<'a>> {
        self.bus.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the machine is to end.
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire) || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Gives input to the guest as it makes room; false when the machine is to end.
    pub fn give_input(&self, mut bytes: &[u8]) -> bool {
        let mut bus = self.bus();
        while !bytes.is_empty() {
            if self.stopped() {
                return false;
            }
            let room = bus.input_room().min(bytes.len());
            if room == 0 {
                let waited = self.input_has_room.wait_timeout(bus, Duration::from_millis(100));
                bus = waited.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            bus.give_input(&bytes[..room]);
            bytes = &bytes[room..];
        }
        true
    }

    /// Says how the machine ends; the first one counts.
    fn end(&self, end: Result<End, Error>) {
        let mut slot = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        slot.get_or_insert(end);
        self.stop.store(true, Ordering::Release);
    }

    /// Interrupts threads until they have seen that the machine is to end.
    fn interrupt(&self, threads: &[AtomicI32]) {
        self.stop.store(true, Ordering::Release);
        let mut pause = Duration::from_micros(20);
        loop {
            self.input_has_room.notify_all();
            let mut left = false;
            for thread in threads {
                match thread.load(Ordering::Acquire) {
                    GONE => continue,
                    NOT_YET => {}
                    id => interrupt_thread(id),
                }
                left = true;
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

/// A thread is at work. When it is gone, however that came, the machine ends, and the first thread hears of it.
struct Here<'a, 'b>(&'a Shared<'b>, usize);

impl Drop for Here<'_, '_> {
    fn drop(&mut self) {
        let Here(shared, number) = *self;
        if thread::panicking() {
            shared.end(Err(Error::Panicked));
        }
        if number != 0 && shared.stopped() {
            shared.interrupt(&shared.threads[..1]);
        }
        shared.threads[number].store(GONE, Ordering::Release);
    }
}

/// The machine has ended for its first thread: the others are to end, too.
struct StopOthers<'a, 'b>(&'a Shared<'b>);

impl Drop for StopOthers<'_, '_> {
    fn drop(&mut self) {
        self.0.interrupt(&self.0.threads[1..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{Piece, port};
    use crate::bus::Device;
    use crate::devices::console::{Console, Output};
    use crate::{Kernel, Recorder};
    use std::io::Write;
    use vm_memory::{Bytes, GuestAddress};

    /// A machine whose processors are these, numbered from 0, in place of what executes.
    fn run(work: impl Fn(&Shared, usize) + Sync) -> Option<Result<End, Error>> {
        run_with(&Console::Standard, None, work)
    }

    /// The same, with that console and that time.
    fn run_with(
        console: &Console,
        timeout: Option<Duration>,
        work: impl Fn(&Shared, usize) + Sync,
    ) -> Option<Result<End, Error>> {
        let (memory, config) = (Ram::reserve(2 << 20).unwrap(), Config::new(Kernel::Builtin));
        let output = Output::new(console);
        let devices = vec![
            (Place::Port(port::EXIT), 1, Device::Exit),
            (Place::Port(port::STRING), 1, Device::Strings),
        ];
        let shared = Shared {
            memory: &memory,
            sandbox: &config.sandbox,
            gate: RwLock::new(()),
            bus: Mutex::new(Bus::new(devices, output, None, Recorder::default())),
            brings_input: true,
            input_has_room: Condvar::new(),
            deadline: timeout.map(|timeout| Instant::now() + timeout),
            stop: AtomicBool::new(false),
            end: Mutex::new(None),
            threads: (0..3).map(|_| AtomicI32::new(GONE)).collect(),
        };
        let _watchdog = Watchdog::start(timeout, true).unwrap();
        shared.threads[0].store(this_thread(), Ordering::Release);
        thread::scope(|scope| {
            let stop = StopOthers(&shared);
            let _timer = shared.confine(Thread::Processor).unwrap();
            let spawned = [1, 2].map(|number| {
                let (shared, work) = (&shared, &work);
                let work = move || shared.be(number, Thread::Processor, || work(shared, number));
                shared.spawn(scope, number, work).unwrap()
            });
            let here = Here(&shared, 0);
            work(&shared, 0);
            drop(here);
            drop(stop);
            spawned.map(|thread| thread.join().is_ok())
        });
        shared.end.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(shared: &Shared) {
        while !shared.stopped() {
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn the_first_end_counts_whichever_processor_says_it() {
        for first in 0..3 {
            let end = run(|shared, number| {
                if number == first {
                    shared.end(Ok(End::Exited(number as u8)));
                    shared.end(Ok(End::Reset));
                }
                wait(shared);
            });
            assert!(matches!(end, Some(Ok(End::Exited(status))) if usize::from(status) == first));
        }
    }

    #[test]
    fn a_thread_that_panics_ends_the_machine() {
        let end = run(|shared, number| {
            assert_ne!(number, 2, "what this test is about");
            wait(shared);
        });
        assert!(matches!(end, Some(Err(Error::Panicked))));
    }

    /// A console whose output is a pipe that is full and blocks, and the pipe's other end.
    fn full_console() -> (Console, std::io::PipeReader) {
        let (reader, mut writer) = std::io::pipe().unwrap();
        // SAFETY: a number for a number.
        let room = unsafe { libc::fcntl(std::os::fd::AsRawFd::as_raw_fd(&writer), libc::F_GETPIPE_SZ) };
        writer.write_all(&vec![0; room as usize]).unwrap();
        let input = std::fs::File::open("/dev/null").unwrap().into();
        let output = writer.into();
        (Console::Files { input, output }, reader)
    }

    #[test]
    fn a_full_output_of_one_processor_does_not_hold_off_the_timeout_of_the_others() {
        let (console, _reader) = full_console();
        let (sender, ended) = std::sync::mpsc::channel();
        // In a thread of its own, so that what never ends fails.
        thread::spawn(move || {
            let end = run_with(&console, Some(Duration::from_millis(50)), |shared, number| {
                let piece = Piece {
                    address: 0,
                    bytes: 4096,
                };
                let bytes = [piece.address.to_le_bytes(), piece.bytes.to_le_bytes()].concat();
                shared.memory.write_slice(&bytes, GuestAddress(0x1000)).unwrap();
                // The first waits for the bus while the others write.
                if number == 0 {
                    while shared.bus.try_lock().is_ok() {
                        thread::yield_now();
                    }
                }
                while !shared.stopped() {
                    let write = |bus: &mut Bus, context: Context| {
                        bus.write(Place::Port(port::STRING), &0x1000u32.to_le_bytes(), context)
                    };
                    shared.access(write).unwrap();
                }
            });
            sender.send(end.is_none()).unwrap();
        });
        let timed_out = ended.recv_timeout(Duration::from_secs(60));
        assert_eq!(timed_out, Ok(true), "the machine goes on");
    }
}
