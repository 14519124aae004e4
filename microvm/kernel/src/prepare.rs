//! In ring 3, before the program: reads what the boot loader left, and builds the program's memory.
//!
//! The kernel's memory is open to ring 3 meanwhile. Nothing here needs privilege: page tables are only memory.

use crate::boot_info::{BootInfo, Range};
use crate::cmdline::Words;
use crate::cpu;
use crate::elf::{Program, Segment};
use crate::entry::kernel_end;
use crate::errno::Errno;
use crate::files::FILES;
use crate::global::Global;
use crate::layout::{HELPER, KERNEL_BASE, PAGE, PIE_BASE, STACK_SIZE, STACK_TOP, direct, page_ceil, page_floor};
use crate::memory::{MEMORY, Memory};
use crate::page_table;
use crate::regions::{EXECUTE, Origin, READ, Region, WRITE};
use crate::{console, light, random, user};
use core::fmt;

/// Exit status when there is no program to run, or it cannot be run: as a shell answers.
pub const CANNOT_START: u8 = 126;
/// The program that runs when the command line names none, as in Linux.
const DEFAULT_PROGRAM: &[u8] = b"/init";
/// Longest word of the command line, and longest path.
pub const WORD: usize = 4096;
/// Most bytes of arguments, environment and what else begins on the stack.
const STRINGS: usize = 64 << 10;
/// Most arguments and environment variables.
const VECTOR: usize = 1024;
/// Pages of the stack that are there from the start.
const STACK_PAGES: u64 = 4;
/// Pages of zeroed data that are there from the start.
const FIRST_PAGES: u64 = 16;

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

static RESULT: Global<Option<Result<Start, Error>>> = Global::new(None);
static RUNNING: Global<bool> = Global::new(true);

static SYSCALL_STAYS: Global<bool> = Global::new(false);

/// Whether SYSCALL leaves ring 3 as it is, as was found out in `prepare`.
pub fn syscall_stays_in_ring_3() -> bool {
    // SAFETY: a single read.
    unsafe { *SYSCALL_STAYS.borrow() }
}

/// Whether the program has not been started yet.
pub fn is_running() -> bool {
    // SAFETY: a single read.
    unsafe { *RUNNING.borrow() }
}

/// What `prepare` came to; it is over now.
pub fn take_result() -> Result<Start, Error> {
    // SAFETY: two single accesses.
    unsafe {
        *RUNNING.borrow() = false;
        RESULT.borrow().take().unwrap_or(Err(Error::Message("not prepared")))
    }
}

/// Called once by [`crate::entry`], in ring 3.
pub extern "C" fn prepare(start_info: u64) {
    let result = run(start_info);
    // SAFETY: a single assignment.
    unsafe { *RESULT.borrow() = Some(result) }
}

/// What the command line asks for, as bytes that will lie on the program's stack.
struct Request {
    path: [u8; WORD],
    path_bytes: usize,
    strings: [u8; STRINGS],
    strings_bytes: usize,
    arguments: usize,
    variables: usize,
}

static REQUEST: Global<Request> = Global::new(Request {
    path: [0; WORD],
    path_bytes: 0,
    strings: [0; STRINGS],
    strings_bytes: 0,
    arguments: 0,
    variables: 0,
});

fn run(start_info: u64) -> Result<Start, Error> {
    let info = BootInfo::read(start_info)?;
    page_table::drop_identity_map();
    // SAFETY: nothing below borrows MEMORY, REQUEST or FILES again.
    let (memory, request, files) = unsafe { (MEMORY.borrow(), REQUEST.borrow(), FILES.borrow()) };

    take_ram(memory, &info)?;
    request.read(info.command_line())?;
    if info.initramfs == Range::default() {
        return Err("there is no initramfs to take the program from".into());
    }
    files.read_initramfs(info.initramfs, &mut memory.frames)?;

    let request: &'static Request = request;
    let path = &request.path[..request.path_bytes];
    let complain = |message| Error::Program(message, path);
    let file = files.program(path).map_err(complain)?;
    let program = Program::read(file).map_err(complain)?;
    let base = if program.relocatable { PIE_BASE } else { 0 };
    let mut end = 0;
    for segment in program.segments() {
        let segment = segment.map_err(complain)?;
        if base + segment.address < crate::layout::USER_START || base + segment.address + segment.memory_bytes > PIE_END
        {
            return Err(complain(
                "a segment of the program lies outside the addresses that it may use",
            ));
        }
        load(memory, file, base, &segment)?;
        end = end.max(page_ceil(base + segment.address + segment.memory_bytes));
    }
    memory.start_heap(end)?;

    memory.map_frames(HELPER, user::helper_frame(), PAGE, READ | EXECUTE)?;
    memory.map_shared(HELPER + PAGE, user::helper_frame() + PAGE)?;
    // SAFETY: a single assignment.
    unsafe { *SYSCALL_STAYS.borrow() = light::syscall_stays_in_ring_3() }
    let stack = request.make_stack(memory, &program, base)?;
    Ok(Start {
        entry: base + program.entry,
        stack,
    })
}

/// Segments end below here, so that heap and mappings find room.
const PIE_END: u64 = crate::layout::MAPPINGS_BOTTOM - (1 << 40);

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
    memory.frames.ready();
    page_table::extend_direct_map(end, &mut memory.frames).ok_or(Error::Memory)?;
    memory.ram_bytes = memory.frames.fresh_bytes();
    Ok(())
}

/// Makes one segment's regions and pages. What is only read stays in the initramfs; what may be written is copied.
fn load(memory: &mut Memory, file: &[u8], base: u64, segment: &Segment) -> Result<(), Error> {
    if segment.memory_bytes == 0 {
        return Ok(());
    }
    let flag = |bit: u32, protection| if segment.flags & bit != 0 { protection } else { 0 };
    let protection = flag(4, READ) | flag(2, WRITE) | flag(1, EXECUTE);
    let start = page_floor(base + segment.address);
    let file_end = base + segment.address + segment.file_bytes;
    let end = page_ceil(base + segment.address + segment.memory_bytes);
    if end - start > memory.ram_bytes {
        return Err(Error::Memory);
    }
    let skew = segment.address % PAGE;
    let data = file.as_ptr() as u64 + segment.offset - skew;
    let physical = data - crate::layout::DIRECT_MAP;

    let region = Region {
        start,
        end,
        protection,
        origin: Origin::Anonymous,
    };
    let shared = protection & WRITE == 0 && data.is_multiple_of(PAGE) && segment.memory_bytes == segment.file_bytes;
    if shared {
        let origin = Origin::File {
            data: physical,
            bytes: end - start,
        };
        memory
            .regions
            .insert(Region { origin, ..region })
            .map_err(Errno::from)?;
        return Ok(memory.map_frames(start, physical, end - start, protection)?);
    }
    memory.regions.insert(region).map_err(Errno::from)?;
    let with_data = page_ceil(file_end).min(end);
    let populated = (with_data + FIRST_PAGES * PAGE).min(end);
    for page in (start..populated).step_by(PAGE as usize) {
        let frame = memory.populate(page, protection)?;
        let from = page.max(base + segment.address);
        let to = (page + PAGE).min(file_end);
        if from < to {
            // SAFETY: within the file, which the segment was checked against, and within the frame.
            unsafe {
                direct(frame + (from - page))
                    .copy_from_nonoverlapping((data + (from - start)) as *const u8, (to - from) as usize);
            }
        }
    }
    Ok(())
}

impl Request {
    /// Takes the command line apart.
    fn read(&mut self, line: &[u8]) -> Result<(), Error> {
        // argv[0] is the path, known only when all words are read: arguments and variables are gathered in two passes.
        let mut word = [0; WORD];
        let mut words = Words::new(line);
        self.set_path(DEFAULT_PROGRAM);
        while let Some(length) = words.next(&mut word) {
            match &word[..length] {
                b"--" => break,
                [b'r', b'd', b'i', b'n', b'i', b't', b'=', path @ ..] => self.set_path(path),
                b"stdio=ttyS0" => console::use_com1(),
                b"stdio=port" => console::use_strings(),
                _ => {}
            }
        }
        let path = self.path;
        self.add_string(&path[..self.path_bytes])?;
        while let Some(length) = words.next(&mut word) {
            self.add_string(&word[..length])?;
            self.arguments += 1;
        }
        self.arguments += 1;

        let mut words = Words::new(line);
        while let Some(length) = words.next(&mut word) {
            let word = &word[..length];
            if word == b"--" {
                break;
            }
            if is_variable(word) {
                self.add_string(word)?;
                self.variables += 1;
            }
        }
        if self.arguments + self.variables > VECTOR {
            return Err("too many arguments and environment variables".into());
        }
        Ok(())
    }

    fn set_path(&mut self, path: &[u8]) {
        self.path[..path.len()].copy_from_slice(path);
        self.path_bytes = path.len();
    }

    fn add_string(&mut self, string: &[u8]) -> Result<(), Error> {
        let end = self.strings_bytes + string.len();
        if end >= STRINGS {
            return Err("the arguments and environment variables are longer than 64 KiB".into());
        }
        self.strings[self.strings_bytes..end].copy_from_slice(string);
        self.strings_bytes = end + 1;
        Ok(())
    }

    /// Lays out the stack as the System V ABI has it at a program's entry (AMD64 supplement, 3.4.1 "Initial stack").
    fn make_stack(&self, memory: &mut Memory, program: &Program, base: u64) -> Result<u64, Error> {
        let region = Region {
            start: STACK_TOP - STACK_SIZE,
            end: STACK_TOP,
            protection: READ | WRITE,
            origin: Origin::Anonymous,
        };
        memory.regions.insert(region).map_err(Errno::from)?;

        // The strings at the top, then the "random" bytes and the platform's name, then the vectors, 16-byte aligned.
        let strings = STACK_TOP - 16 - self.strings_bytes as u64;
        let platform = strings - 8;
        let random = (platform & !15) - 16;
        let vectors = 1 + self.arguments + 1 + self.variables + 1 + 2 * AUXILIARY;
        let stack = (random - 8 * vectors as u64) & !15;

        let lowest = page_floor(stack) - STACK_PAGES * PAGE;
        for page in (lowest..STACK_TOP).step_by(PAGE as usize) {
            memory.populate(page, READ | WRITE)?;
        }
        let mut write = Writer { at: strings };
        write.bytes(&self.strings[..self.strings_bytes]);
        write.at = platform;
        write.bytes(b"x86_64\0");
        write.at = random;
        write.bytes(&random::word().to_le_bytes());
        write.bytes(&random::word().to_le_bytes());

        write.at = stack;
        write.word(self.arguments as u64);
        let mut string = strings;
        let mut rest = &self.strings[..self.strings_bytes];
        for count in [self.arguments, self.variables] {
            for _ in 0..count {
                write.word(string);
                let length = rest.iter().position(|byte| *byte == 0).unwrap_or(0) + 1;
                string += length as u64;
                rest = &rest[length..];
            }
            write.word(0);
        }
        for (kind, value) in auxiliary_vector(program, base, random, strings, platform) {
            write.word(kind);
            write.word(value);
        }
        Ok(stack)
    }
}

/// Number of entries of [`auxiliary_vector`].
const AUXILIARY: usize = 19;

/// What the kernel tells a program at its start (getauxval(3)).
fn auxiliary_vector(program: &Program, base: u64, random: u64, path: u64, platform: u64) -> [(u64, u64); AUXILIARY] {
    const AT_SIGNAL_STACK: u64 = 51;
    [
        (3, base * u64::from(program.relocatable) + program.headers_address()), // AT_PHDR
        (4, 56),                                                                // AT_PHENT
        (5, program.header_count()),                                            // AT_PHNUM
        (6, PAGE),                                                              // AT_PAGESZ
        (7, 0),                                                                 // AT_BASE: no interpreter
        (8, 0),                                                                 // AT_FLAGS
        (9, base + program.entry),                                              // AT_ENTRY
        (11, 0),                                                                // AT_UID
        (12, 0),                                                                // AT_EUID
        (13, 0),                                                                // AT_GID
        (14, 0),                                                                // AT_EGID
        (15, platform),                                                         // AT_PLATFORM
        (16, u64::from(cpu::cpuid(1, 0).edx)),                                  // AT_HWCAP
        (17, 100),                                                              // AT_CLKTCK
        (23, 0),                                                                // AT_SECURE
        (25, random),                                                           // AT_RANDOM
        (31, path),                                                             // AT_EXECFN
        (AT_SIGNAL_STACK, 2048),
        (0, 0), // AT_NULL
    ]
}

/// Writes to the program's memory, which ring 3 sees where the program will see it.
struct Writer {
    at: u64,
}

impl Writer {
    fn bytes(&mut self, bytes: &[u8]) {
        // SAFETY: the stack's pages from `lowest` up were populated and are writable.
        unsafe { (self.at as *mut u8).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) }
        self.at += bytes.len() as u64;
    }

    fn word(&mut self, value: u64) {
        self.bytes(&value.to_le_bytes());
    }
}

/// Whether a word of the command line is a variable for the program: `KEY=VALUE`, where the key is no parameter of the
/// kernel's or of a kernel's module.
fn is_variable(word: &[u8]) -> bool {
    let Some(equals) = word.iter().position(|byte| *byte == b'=') else {
        return false;
    };
    let key = &word[..equals];
    let known: [&[u8]; 4] = [b"rdinit", b"stdio", b"console", b"root"];
    !key.is_empty() && !key.contains(&b'.') && !known.contains(&key)
}
