//! A KVM virtual machine monitor for x86-64, and the built-in guest kernel that it embeds.
//!
//! One call runs one machine, in the calling thread, until it ends:
//!
//! ```no_run
//! use microvm::{Config, Files, Kernel};
//!
//! let mut files = Files::new();
//! files.add_file("/hello", 0o755, &std::fs::read("hello").unwrap()).unwrap();
//! let initramfs = files.into_initramfs().unwrap();
//! let config = Config { initramfs, program: "/hello".into(), ..Config::new(Kernel::Builtin) };
//! let outcome = microvm::run(config).unwrap();
//! println!("{:?} after {} exits to the monitor", outcome.end, outcome.exits.values().map(|exit| exit.count).sum::<u64>());
//! ```
//!
//! [`Files`] are given to a guest in its memory, as an initramfs, or on a disk.
//!
//! In the order of a run: [`memory`] is reserved, [`boot`] loads kernel and initramfs into it and writes what the boot
//! protocol wants, [`vcpu`] makes the processor, [`machine`] lets it execute and answers its exits with the
//! [`devices`]. Before the guest's first instruction the process gives up what it does not need ([`sandbox`]), for good: a
//! process that runs a machine does little else. [`watchdog`] ends a machine that takes too long. The guest kernel is a program of its own, in
//! `microvm/kernel`; [`kernel`] holds the built one.

#[path = "../abi.rs"]
mod abi;
mod boot;
mod config;
mod devices;
mod erofs;
mod error;
mod exits;
mod files;
mod initramfs;
pub mod kernel;
mod linux;
mod machine;
mod memory;
mod probe;
mod sandbox;
mod stamp;
mod vcpu;
mod watchdog;

pub use config::{Config, DEFAULT_MEMORY_BYTES, Disk, Initramfs, Kernel};
pub use erofs::Written;
pub use error::Error;
pub use exits::Exit;
pub use files::Files;
pub use machine::{End, Outcome, run};
pub use memory::GUEST_RAM;
pub use probe::{Finding, KvmKind, Probe, examine, probe};
pub use sandbox::Sandbox;
pub use stamp::{Recorder, Stamp, Step, phases};
