//! Times the operations that a start is made of, on the kernel that it runs on, and writes a line for each: its name, the
//! median in milliticks and the number of times, or `!` and the error number where it cannot be timed.
//!
//! `primitives` times all of them, `primitives guest` those that every kernel has. It is freestanding, so that what it times
//! is not what a C library does before main, that a clone copies next to nothing, and that it is a few KiB.

#![no_std]
#![no_main]

mod clock;
mod report;
mod sys;

use clock::{Clock, ticks};
use core::arch::global_asm;
use core::arch::x86_64::__cpuid;
use core::ffi::{CStr, c_char};
use report::Report;

/// The most that is timed of one operation, and the least where that would take longer than [`ENOUGH_NS`].
const SAMPLES: usize = 9;
const FEWEST_SAMPLES: usize = 3;
/// No operation is timed for much longer, what comes before and after each time included.
const ENOUGH_NS: u64 = 6_000_000;
/// A batch of short operations takes about this long: some thousand times as long as reading the counter.
const BATCH_NS: u64 = 50_000;
/// How many operations are in a batch.
const LEAST: u64 = 4;
const MOST: u64 = 256;

const PAGE: usize = 4096;

// The kernel enters with the stack pointer at the argument count (System V ABI, x86-64 supplement, 3.4.1).
global_asm!(
    ".globl _start",
    "_start:",
    "xor ebp, ebp",
    "mov rdi, rsp",
    "and rsp, -16",
    "call {main}",
    "ud2",
    main = sym main
);

/// # Safety
/// `stack` points to the argument count and the arguments, as the kernel lays them out.
unsafe extern "C" fn main(stack: *const usize) -> ! {
    // SAFETY: the count is followed by as many pointers to strings, and a null pointer.
    let guest = unsafe {
        let argument = stack.add(2).cast::<*const c_char>();
        *stack >= 2 && CStr::from_ptr(*argument).to_bytes() == b"guest"
    };
    let clock = &Clock::start();
    let mut report = Report::new(clock);
    report.add("system-call", batches(clock, |_| Ok(()), system_calls));
    report.add("page-fault", page_faults(clock));
    report.add("cpuid", batches(clock, |_| Ok(()), cpuids));
    if !guest {
        // So that the other side of a context switch is on the same processor, and nothing moves between two times.
        let _ = sys::stay_on_this_cpu();
        report.add("context-switch", context_switches(clock));
        report.add("clone", clones(clock, 0));
        match clones(clock, sys::CLONE_NEWNET) {
            // An ordinary user needs a user namespace for it, as a rootless container does.
            Err(sys::EPERM) => report.add(
                "clone-user-network",
                clones(clock, sys::CLONE_NEWUSER | sys::CLONE_NEWNET),
            ),
            timed => report.add("clone-network", timed),
        }
        report.add("create-vm", virtual_machines(clock));
    }
    let written = report.write();
    sys::exit(if written { 0 } else { 1 })
}

/// Times taken of an operation, in thousandths of a tick.
pub struct Times {
    milliticks: [u64; SAMPLES],
    count: usize,
}

type Timed = Result<Times, i32>;

impl Times {
    const fn none() -> Times {
        Times {
            milliticks: [0; SAMPLES],
            count: 0,
        }
    }

    fn median(&mut self) -> u64 {
        let taken = &mut self.milliticks[..self.count];
        taken.sort_unstable();
        taken.get(taken.len() / 2).copied().unwrap_or(0)
    }
}

/// Times batches of an operation that takes too little time alone. What `prepare` does for a batch is not timed.
fn batches(
    clock: &Clock,
    mut prepare: impl FnMut(u64) -> Result<(), i32>,
    run: impl Fn(u64) -> Result<(), i32>,
) -> Timed {
    let mut one = |count: u64| -> Result<u64, i32> {
        prepare(count)?;
        elapsed(|| run(count))
    };
    one(LEAST)?; // The first ones find cold caches.
    let each = (one(LEAST)? / LEAST).max(1);
    let count = (clock.ticks_of(BATCH_NS) / each).clamp(LEAST, MOST);
    samples(clock, || Ok(one(count)? * 1000 / count))
}

/// Takes times until there are enough.
fn samples(clock: &Clock, mut one: impl FnMut() -> Result<u64, i32>) -> Timed {
    let enough = ticks() + clock.ticks_of(ENOUGH_NS);
    let mut times = Times::none();
    while times.count < SAMPLES && (times.count < FEWEST_SAMPLES || ticks() < enough) {
        times.milliticks[times.count] = one()?;
        times.count += 1;
    }
    Ok(times)
}

/// How many ticks something takes.
fn elapsed(run: impl FnOnce() -> Result<(), i32>) -> Result<u64, i32> {
    let began = ticks();
    run()?;
    Ok(ticks() - began)
}

/// The cheapest call there is: getppid, which no C library answers by itself.
fn system_calls(count: u64) -> Result<(), i32> {
    (0..count).for_each(|_| sys::parent());
    Ok(())
}

/// Leaves the processor for the hypervisor in every virtual machine, and on bare metal does not.
fn cpuids(count: u64) -> Result<(), i32> {
    for _ in 0..count {
        core::hint::black_box(__cpuid(0));
    }
    Ok(())
}

/// First touches of fresh pages, one after the other as programs do.
fn page_faults(clock: &Clock) -> Timed {
    let bytes = MOST as usize * PAGE;
    let area = core::cell::Cell::new(sys::map(bytes)?);
    batches(
        clock,
        |_| {
            sys::unmap(area.get(), bytes)?;
            area.set(sys::map(bytes)?);
            Ok(())
        },
        |count| {
            for page in 0..count as usize {
                // SAFETY: the area has MOST pages, may be written to, and nothing else uses it.
                unsafe { (area.get() as *mut u8).add(page * PAGE).write_volatile(1) };
            }
            Ok(())
        },
    )
}

/// Half a round trip of a byte between two processes on one processor.
fn context_switches(clock: &Clock) -> Timed {
    let ([ask, asked], [answer, answered]) = (sys::pipe()?, sys::pipe()?);
    let child = sys::clone(0)?;
    if child == 0 {
        sys::close(asked);
        while sys::read(ask) && sys::write(answered, b".") {}
        sys::exit(0);
    }
    sys::close(ask);
    let timed = batches(
        clock,
        |_| Ok(()),
        |count| {
            // Two switches a round trip.
            for _ in 0..count.div_ceil(2) {
                if !(sys::write(asked, b".") && sys::read(answer)) {
                    return Err(sys::EPIPE);
                }
            }
            Ok(())
        },
    );
    sys::close(asked);
    sys::wait(child);
    timed
}

/// New processes with the memory of this one, which is small, in new namespaces.
fn clones(clock: &Clock, namespaces: u64) -> Timed {
    samples(clock, || {
        let mut child = 0;
        let taken = elapsed(|| {
            child = sys::clone(namespaces)?;
            if child == 0 {
                sys::exit(0);
            }
            Ok(())
        })?;
        sys::wait(child);
        Ok(taken * 1000)
    })
}

fn virtual_machines(clock: &Clock) -> Timed {
    let kvm = sys::open(c"/dev/kvm")?;
    samples(clock, || {
        let mut machine = 0;
        let taken = elapsed(|| {
            machine = sys::create_vm(kvm)?;
            Ok(())
        })?;
        sys::close(machine);
        Ok(taken * 1000)
    })
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    sys::exit(2)
}
