//! The program's stack as it finds it.

use crate::cpu;
use crate::program::elf::Program;
use crate::errno::Errno;
use crate::memory::layout::{PAGE, STACK_SIZE, STACK_TOP, page_floor};
use crate::memory::Memory;
use crate::boot::prepare::Error;
use crate::cpu::random;
use crate::memory::vma::{Origin, READ, Vma, WRITE};
use crate::boot::request::Request;

/// Pages of the stack that are there from the start.
const STACK_PAGES: u64 = 2;

/// Lays out the stack as the System V ABI has it at a program's entry (AMD64 supplement, 3.4.1 "Initial stack").
pub fn make(request: &Request, memory: &mut Memory, program: &Program, base: u64) -> Result<u64, Error> {
    let vma = Vma {
        start: STACK_TOP - STACK_SIZE,
        end: STACK_TOP,
        protection: READ | WRITE,
        origin: Origin::Anonymous,
    };
    memory.vmas.insert(vma).map_err(Errno::from)?;

    // The strings at the top, then the "random" bytes and the platform's name, then the vectors, 16-byte aligned.
    let strings = STACK_TOP - 16 - request.strings().len() as u64;
    let platform = strings - 8;
    let random = (platform & !15) - 16;
    let vectors = 1 + request.arguments + 1 + request.variables + 1 + 2 * AUXILIARY;
    let stack = (random - 8 * vectors as u64) & !15;

    let lowest = page_floor(stack) - STACK_PAGES * PAGE;
    for page in (lowest..STACK_TOP).step_by(PAGE as usize) {
        memory.populate(page, READ | WRITE)?;
    }
    let mut write = Writer { at: strings };
    write.bytes(request.strings());
    write.at = platform;
    write.bytes(b"x86_64\0");
    write.at = random;
    write.bytes(&random::word().to_le_bytes());
    write.bytes(&random::word().to_le_bytes());

    write.at = stack;
    write.word(request.arguments as u64);
    let mut string = strings;
    let mut rest = request.strings();
    for count in [request.arguments, request.variables] {
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
        (16, u64::from(cpu::features().edx)),                                  // AT_HWCAP
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
