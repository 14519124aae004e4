//! A KVM virtual machine monitor for x86-64, and the built-in guest kernel that it embeds.
//!
//! One call runs one machine until it ends:
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
//! In the order of a run ([`machine`]): [`memory`] is reserved, [`boot`] loads kernel and initramfs into it and writes what
//! the boot protocol wants, [`vcpu`] makes the processors, [`running`] lets them execute, and the devices on the [`bus`] answer
//! their exits; which devices, the [`board`] says. A process that does nothing else can give up what it does not need
//! before the guest's first instruction, for good ([`Sandbox`]). [`watchdog`] ends a machine that takes too long. The guest
//! kernel is a program of its own, in `microvm/kernel`; [`kernel`] holds the built one.

#[path = "../abi.rs"]
mod abi;
mod board;
mod boot;
mod bus;
mod config;
mod counts;
mod devices;
mod error;
pub mod kernel;
mod kvm_call;
mod machine;
mod memory;
mod probe;
mod rootfs;
mod running;
mod sandbox;
mod stamp;
#[path = "../kernel/src/syscall/names.rs"]
mod system_calls;
mod vcpu;
mod watchdog;

pub use config::{Config, DEFAULT_MEMORY_BYTES, Disk, Initramfs, Kernel, Linux};
pub use counts::{Calls, Counts};
pub use devices::console::Console;
pub use error::{Error, KvmError, Part, Renounce, WrongSize};
pub use kvm_call::KvmCall;
pub use machine::{End, Outcome, run};
pub use memory::GUEST_RAM;
pub use probe::{Finding, KvmKind, Probe, examine, probe};
pub use rootfs::erofs::Written;
pub use rootfs::files::Files;
pub use sandbox::Sandbox;
pub use stamp::{Recorder, Stamp, Step, phases};
pub use vcpu::exits::{Exit, Stop};
pub use vcpu::features::Features;
