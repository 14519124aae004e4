//! How the machine ends or rests, and what it tells the monitor on the way.

use crate::abi::port;
use crate::counts;
use crate::cpu;

/// Tells the monitor that a step of the start is reached ([`crate::abi::phase`]).
pub fn phase(step: u8) {
    cpu::out8(port::PHASE, step);
}

/// Offers the monitor to let time pass. A monitor that does not know the port returns at once.
pub fn sleep(microseconds: u32) {
    cpu::out32(port::SLEEP, microseconds);
    core::hint::spin_loop();
}

/// The same, until there is input.
pub fn wait_for_input(microseconds: u32) {
    cpu::out32(port::WAIT_FOR_INPUT, microseconds);
    core::hint::spin_loop();
}

/// Ends the machine with an exit status: by the exit port, and where there is none by a reset. Firecracker and Cloud Hypervisor
/// have the keyboard controller for that, QEMU's `microvm` has a triple fault.
pub fn exit(status: u8) -> ! {
    counts::tell();
    cpu::out8(port::EXIT, status);
    cpu::out8(port::KEYBOARD, port::RESET);
    cpu::triple_fault()
}
