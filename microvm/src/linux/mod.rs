//! Linux guests: a small PC around a stock kernel.
//!
//! The built-in kernel needs a processor, RAM and ports. Linux also expects a PC's interrupt controllers and timer, which
//! KVM has ([`board`]), tables of what there is ([`acpi`]), a clock chip and serial ports with interrupts
//! ([`devices`]), disks ([`block`]), a command line that keeps it from looking for what is not there ([`command_line`]),
//! and a first program ([`start`]). [`machine`] runs it with a thread for each processor.

mod acpi;
mod block;
mod board;
mod clock_chip;
mod command_line;
mod devices;
mod disk;
mod input;
mod machine;
mod overlay;
mod processor;
mod start;

pub use machine::run;

/// The most processors of a machine: enough for any host this is meant for.
pub const CPUS_MAX: u8 = 32;
