//! The built-in guest kernel: the shortest honest answer to "what is a guest kernel?".
//!
//! It is handed a machine by the PVH boot protocol (one processor in 32-bit protected mode, a list of RAM, a command
//! line, an initramfs), loads one static Linux program from that initramfs, runs it in ring 3, and answers its system
//! calls until it exits. It is not Linux and says so in `uname`; it speaks enough of Linux's system call interface for
//! a static glibc or musl program without threads.
//!
//! In the order in which things happen:
//! 1. [`boot`]: from 32-bit mode to 64-bit mode, descriptor tables, the first Rust function; everything that needs privilege
//!    (isolab's own monitor has set all that already, and begins behind it: [`abi::Shortcut`]), then down to ring 3, with the kernel's memory opened to it: reads what the boot loader left. Nothing of that needs
//!    privilege, and where a hypervisor emulates ring 0 (see below) it runs hundreds of times faster there.
//! 2. [`memory`], [`files`], [`program`]: the pages that there are, the initramfs, the program, its address space and stack.
//! 3. [`traps`]: back in ring 0 for good, by an exception. The kernel's memory is closed to ring 3, the program starts.
//! 4. [`syscall`] and [`traps`]: the program's system calls and page faults, until [`power::exit`].
//!
//! Two kinds of processor are served by the same code. On hardware virtualization all of this executes natively. A
//! hypervisor without it may run ring 3 natively and emulate ring 0 instruction by instruction, at about half a
//! microsecond each; there every instruction saved on the way to the program counts. So bulk work is left to ring 3
//! ([`memory::user_access`]), calls that concern nobody but the program are answered there at once ([`traps::fast_path`]),
//! and most others are made there too, by the same code as in ring 0, with a top-level page table that opens the kernel's
//! memory to ring 3 for as long ([`traps::entry`], [`memory::page_table`]). The program itself never executes under that
//! table.

#![no_std]
#![no_main]

#[path = "../../abi.rs"]
mod abi;
mod boot;
mod console;
mod counts;
mod cpu;
mod errno;
mod files;
mod global;
mod memory;
mod power;
mod program;
mod string;
mod syscall;
mod traps;
