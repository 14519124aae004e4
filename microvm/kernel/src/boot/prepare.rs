//! In ring 3, before the program: reads what the boot loader left, and builds the program's memory.
//!
//! The kernel's memory is open to ring 3 meanwhile. Nothing here needs privilege: page tables are only memory.

use crate::boot::boot_info::{BootInfo, Range};
use crate::program::elf::Program;
use crate::boot::entry::{kernel_end, set_gate};
use crate::counts;
use crate::cpu::clock;
use crate::errno::Errno;
use crate::files::FILES;
use crate::global::Value;
use crate::memory::layout::{CLOCK, HELPER, KERNEL_BASE, MAPPINGS_BOTTOM, PAGE, PIE_BASE, USER_END, USER_START, page_ceil};
use crate::memory::{MEMORY, Memory};
use crate::memory::vma::{EXECUTE, READ};
use crate::boot::request::{REQUEST, Request};
use crate::program::stack;
use crate::traps::entry::{page_fault_or_system_call, undefined_or_request};
use crate::traps::fast_path;
use crate::traps::faults::{PAGE_FAULT, UNDEFINED};
use crate::program::load;
use crate::memory::page_table;
use crate::memory::user_access;
use core::fmt;

/// Where the program begins.
#[derive(Clone, Copy)]
pub struct Start {
    /// Its first instruction.
    pub entry: u64,
    /// Its stack pointer.
    pub stack: u64,
}

/// Why the program cannot be started.
#[derive(Clone, Copy)]
pub enum Error {
    /// What is wrong.
    Message(&'static str),
    /// Something is wrong with the program of this path.
    Program(&'static str, &'static [u8]),
    /// There is not enough memory.
    Memory,
}

impl From<&'static str> for Error {
    fn from(message: &'static str) -> Self {
        Self::Message(message)
    }
}

impl From<Errno> for Error {
    fn from(_: Errno) -> Self {
        Self::Memory
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Message(message) => f.write_str(message),
            Self::Program(message, path) => {
                write!(
                    f,
                    "{}: {message}",
                    core::str::from_utf8(path).unwrap_or("(its path is not UTF-8)")
                )
            }
            Self::Memory => f.write_str("the program needs more memory than this machine has"),
        }
    }
}

static RESULT: Value<Option<Result<Start, Error>>> = Value::new(None);
static RUNNING: Value<bool> = Value::new(true);
static SYSCALL_STAYS: Value<bool> = Value::new(false);

/// Whether SYSCALL leaves ring 3 as it is, as was found out in `prepare`.
pub fn syscall_stays_in_ring_3() -> bool {
    SYSCALL_STAYS.get()
}

/// Whether the program has not been started yet.
pub fn is_running() -> bool {
    RUNNING.get()
}

/// What `prepare` came to; it is over now.
pub fn take_result() -> Result<Start, Error> {
    RUNNING.set(false);
    RESULT.replace(None).unwrap_or(Err(Error::Message("not prepared")))
}

/// Where the program begins, for [`crate::traps::entry`]: in registers. No entry: something is left for ring 0.
#[repr(C)]
pub struct Registers {
    entry: u64,
    stack: u64,
}

/// Where SYSCALL stays in ring 3, some faults are system calls and requests of the kernel's.
pub fn listen_to_ring_3() {
    set_gate(PAGE_FAULT as usize, page_fault_or_system_call);
    set_gate(UNDEFINED as usize, undefined_or_request);
}

/// Called once by [`crate::traps::entry`], in ring 3.
pub extern "C" fn prepare(start_info: u64) -> Registers {
    let result = run(start_info);
    match result {
        Ok(Start { entry, stack }) if syscall_stays_in_ring_3() && !counts::are_on() => {
            listen_to_ring_3();
            RUNNING.set(false);
            Registers { entry, stack }
        }
        _ => {
            RESULT.set(Some(result));
            Registers { entry: 0, stack: 0 }
        }
    }
}

fn run(start_info: u64) -> Result<Start, Error> {
    let info = BootInfo::read(start_info)?;
    page_table::drop_identity_map();
    let (mut memory, request, mut files) = (MEMORY.borrow(), REQUEST.take(), FILES.borrow());
    let memory = &mut *memory;

    take_ram(memory, &info)?;
    request.read(info.command_line())?;
    if info.initramfs == Range::default() {
        return Err("there is no initramfs to take the program from".into());
    }
    files.read_initramfs(info.initramfs, &mut memory.frames)?;

    let request: &'static Request = request;
    let path = request.path();
    let complain = |message| Error::Program(message, path);
    let file = files.program(path).map_err(complain)?;
    let program = Program::read(file).map_err(complain)?;
    let base = if program.relocatable { PIE_BASE } else { 0 };
    let mut end = 0;
    for segment in program.segments() {
        let segment = segment.map_err(complain)?;
        let start = base.saturating_add(segment.address);
        if start < USER_START || start.saturating_add(segment.memory_bytes) > PIE_END {
            return Err(complain(
                "a segment of the program lies outside the addresses that it may use",
            ));
        }
        load::load(memory, file, base, &segment)?;
        end = end.max(page_ceil(base + segment.address + segment.memory_bytes));
    }
    let entry = base.saturating_add(program.entry);
    // Zero stands for none in `Registers`, and nothing can be mapped there.
    if !(USER_START..USER_END).contains(&entry) {
        return Err(complain("the program's entry lies outside the addresses that it may use"));
    }
    memory.start_heap(end)?;

    memory.map_frames(HELPER, user_access::helper_frame(), PAGE, READ | EXECUTE)?;
    memory.map_shared(HELPER + PAGE, user_access::helper_frame() + PAGE)?;
    memory.map_frames(CLOCK, clock::frame(), PAGE, READ)?;
    SYSCALL_STAYS.set(fast_path::syscall_stays_in_ring_3());
    fast_path::prepare();
    let stack = stack::make(request, memory, &program, base)?;
    Ok(Start {
        entry,
        stack,
    })
}

/// Segments end below here, so that heap and mappings find room.
const PIE_END: u64 = MAPPINGS_BOTTOM - (1 << 40);

/// Adds all RAM above 1 MiB that nobody needs to the free frames.
fn take_ram(memory: &mut Memory, info: &BootInfo) -> Result<(), Error> {
    let low = Range { start: 0, end: 1 << 20 };
    let kernel = Range {
        start: low.end,
        end: (&raw const kernel_end) as u64 - KERNEL_BASE,
    };
    let mut reserved = [low; 6];
    reserved[1] = kernel;
    reserved[2..].copy_from_slice(&info.reserved);
    let mut end = 0;
    for ram in info.ram() {
        memory.frames.add(ram, &reserved);
        end = end.max(ram.end);
    }
    for ram in info.ram_on_demand() {
        memory.frames.add_on_demand(ram);
        end = end.max(ram.end);
    }
    memory.frames.ready();
    page_table::extend_direct_map(end, &mut memory.frames).ok_or(Error::Memory)?;
    memory.ram_bytes = memory.frames.free_bytes();
    Ok(())
}
