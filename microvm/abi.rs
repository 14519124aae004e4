//! What a guest and its monitor agree on. The monitor (`src`), the built-in kernel (`kernel`) and the first program of Linux
//! guests (`init`) each include this file; no number in it stands anywhere else.

// Each of the three uses its part.
#![allow(dead_code)]

/// I/O ports.
pub mod port {
    /// First port of COM1, the kernel's log: a 16550 UART (PC16550D data sheet), as a PC has it.
    pub const COM1: u16 = 0x3f8;
    /// First port of COM2, the program's standard input and output.
    pub const COM2: u16 = 0x2f8;
    /// Ports of a UART.
    pub const UART_PORTS: u16 = 8;
    /// The keyboard controller's command port: [`RESET`] resets the machine.
    pub const KEYBOARD: u16 = 0x64;
    /// The keyboard controller's command that resets the machine.
    pub const RESET: u8 = 0xfe;
    /// A byte written here ends the machine with that status; QEMU's `isa-debug-exit` does the same.
    pub const EXIT: u16 = 0xf4;
    /// A byte written here names a step of the start that was reached ([`super::phase`]).
    pub const PHASE: u16 = 0xf5;
    /// A number of microseconds, 32 bits, written here: the machine sleeps as long.
    pub const SLEEP: u16 = 0xf6;
    /// The physical address, 32 bits, of a [`super::Piece`] written here writes those bytes to the console: one exit to the
    /// monitor for a whole string, where a UART takes one for each byte. Reading it gives [`STRING_PRESENT`].
    pub const STRING: u16 = 0xf7;
    /// What is read from [`STRING`] under a monitor that has it.
    pub const STRING_PRESENT: u8 = 1;
    /// 32 bits written here, whatever they are: the machine gets the memory of [`super::RAM_ON_DEMAND`].
    pub const MEMORY: u16 = 0xf9;
    /// The physical address, 32 bits, of [`super::Counts`] written here, at the end: what a guest has counted, where its
    /// command line says `counts`.
    pub const COUNTS: u16 = 0xf8;
    /// A number of microseconds, 32 bits, written here: the machine sleeps as long, or until the console has input or its
    /// input has ended.
    pub const WAIT_FOR_INPUT: u16 = 0xfb;
}

/// Steps of a start, as the phase port takes them.
pub mod phase {
    /// The built-in kernel's first Rust function was reached.
    pub const KERNEL: u8 = 1;
    /// The program's first instruction is next.
    pub const PROGRAM: u8 = 2;
    /// The first program of a Linux guest has begun.
    pub const INIT: u8 = 3;
}

/// Exit statuses that are not the program's own, as shells and `docker run` use them.
pub mod status {
    /// Something else than the program failed.
    pub const FAILED: u8 = 125;
    /// The program cannot be executed.
    pub const NOT_EXECUTABLE: u8 = 126;
    /// There is no such program.
    pub const NOT_FOUND: u8 = 127;
    /// The program was ended by a signal: this and its number.
    pub const SIGNAL: u8 = 128;
    /// The built-in kernel itself failed.
    pub const KERNEL_FAULT: u8 = 255;
}

/// A string for the string port.
#[repr(C)]
pub struct Piece {
    /// Physical address of its first byte.
    pub address: u64,
    /// Its length, at most [`PIECE_MAX`].
    pub bytes: u64,
}

/// Most bytes of one string.
pub const PIECE_MAX: usize = 4096;

/// Type of the ELF note (owner "isolab") by which the built-in kernel gives its [`Shortcut`].
pub const SHORTCUT_NOTE: u32 = 1;

/// How a monitor that knows this very kernel starts it: in 64-bit mode and ring 3, with the registers set that the kernel's first
/// part sets otherwise (`kernel/src/boot`), the start info of PVH in RDI. Where ring 0 is emulated, those hundred
/// instructions take longer than all that they prepare.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortcut {
    /// The first instruction, in ring 3.
    pub instruction: u64,
    /// Physical address of the top-level page table.
    pub page_table: u64,
    /// Descriptor tables, each with its limit, and the task state segment.
    pub gdt: u64,
    pub gdt_limit: u64,
    pub idt: u64,
    pub idt_limit: u64,
    pub task_state: u64,
    /// MSRs STAR, LSTAR and SFMASK.
    pub star: u64,
    pub lstar: u64,
    pub sfmask: u64,
    /// Bits of XCR0, as far as the processor has them.
    pub xcr0: u64,
    /// What every start touches, as ranges of physical addresses: memory that is there at once costs less than by faults.
    pub touched: [[u64; 2]; 5],
}

/// The built-in kernel hands out memory from the end of the initramfs on, beginning at a multiple of this. A KVM with shadow page
/// tables maps as much around what a guest touches, if the host has mapped all of it from the beginning on
/// (Linux, arch/x86/kvm/mmu, PTE_PREFETCH_NUM).
pub const FRAMES_ALIGNMENT: u64 = 8 * 4096;

/// In the PVH memory map: memory that the machine has when it has asked for it at [`port::MEMORY`]. Until then it costs the host
/// nothing, where each page that a machine may have costs KVM ten bytes.
pub const RAM_ON_DEMAND: u32 = 0xf000_0000;

/// The system call by which a program makes the built-in kernel panic, to see what that takes down. Linux has none of this number.
pub const PANIC_CALL: u64 = 0x6372_7368;

/// System calls are counted up to this number.
pub const COUNTED_CALLS: usize = 512;

/// What the built-in kernel counts of its program.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Counts {
    /// Page faults of the program that gave it memory.
    pub page_faults: u64,
    /// Pages that they gave it.
    pub pages: u64,
    /// CPUID instructions of the program; each is an exit to the hypervisor.
    pub cpuids: u64,
    /// Changes of the top-level page table.
    pub table_switches: u64,
    /// System calls by number that the kernel answered in ring 0.
    pub in_ring_0: [u32; COUNTED_CALLS],
    /// Those that it answered in ring 3, with its memory opened.
    pub in_ring_3: [u32; COUNTED_CALLS],
    /// All that the program made, where those above are not all: without entering the kernel others were answered. Where
    /// the number is the largest there is, they may have been more.
    pub made: [u16; COUNTED_CALLS],
}
