//! How the machine ends, and what it tells the monitor on the way.

use crate::cpu;

/// Phase port: one byte for each step of the start (the monitor notes the time).
const PHASE_PORT: u16 = 0xf5;
/// The kernel's first Rust function was reached.
pub const PHASE_KERNEL: u8 = 1;
/// The program is about to execute its first instruction.
pub const PHASE_PROGRAM: u8 = 2;
/// Exit port: a byte written here ends the machine with that status; QEMU's `isa-debug-exit` does the same.
const EXIT_PORT: u16 = 0xf4;
/// Idle port: the monitor may let this many microseconds pass, or less if input arrives.
const IDLE_PORT: u16 = 0xf6;
/// Keyboard controller: command 0xfe resets the machine, which ends it under monitors without an exit port.
const KEYBOARD_CONTROLLER: u16 = 0x64;

/// Tells the monitor that a step of the start is reached.
pub fn phase(step: u8) {
    cpu::out8(PHASE_PORT, step);
}

/// Offers the monitor to let time pass. A monitor that does not know the port returns at once.
pub fn idle(microseconds: u32) {
    cpu::out32(IDLE_PORT, microseconds);
    core::hint::spin_loop();
}

/// Ends the machine with an exit status.
pub fn exit(status: u8) -> ! {
    cpu::out8(EXIT_PORT, status);
    cpu::out8(KEYBOARD_CONTROLLER, 0xfe);
    cpu::halt()
}
