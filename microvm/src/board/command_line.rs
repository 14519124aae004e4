//! Linux's command line for this machine: what there is, and what not to look for (Linux,
//! Documentation/admin-guide/kernel-parameters.rst).

use super::start;
use crate::Config;

/// The longest command line that Linux on x86 reads (COMMAND_LINE_SIZE, arch/x86/include/asm/setup.h).
pub const LONGEST: usize = 2047;

/// Words for every Linux guest, each for its reason.
const WORDS: [&str; 13] = [
    // There is no PCI bus.
    "pci=off",
    // The clock is right from the start: no comparing with timers that are emulated.
    "tsc=reliable",
    "no_timer_check",
    // Two serial ports, no keyboard and no mouse: probing for more takes time.
    "8250.nr_uarts=2",
    "i8042.noaux",
    "i8042.nomux",
    "i8042.dumbkbd",
    // Cryptographic self-tests take tens of milliseconds.
    "cryptomgr.notests",
    // The processor's random numbers count, so that nothing waits for entropy.
    "random.trust_cpu=on",
    // A panic restarts at once, by the keyboard controller, which ends the machine.
    "panic=-1",
    "reboot=k",
    "console=ttyS0",
    // Waiting for a grace period of read-copy-update takes a tick of the clock each time otherwise.
    "rcupdate.rcu_expedited=1",
];

impl Config {
    /// The command line that a Linux kernel gets, to boot it elsewhere in the same way.
    pub fn linux_command_line(&self) -> String {
        make(self)
    }
}

/// The command line.
pub fn make(config: &Config) -> String {
    let mut words: Vec<String> = WORDS.map(String::from).into();
    // Each byte of the log is an exit to the monitor. Emergencies, a panic above all, are always shown.
    words.push(
        if config.linux.kernel_log {
            "loglevel=7"
        } else {
            "quiet loglevel=1"
        }
        .into(),
    );
    words.push(format!("rdinit={}", start::INIT_PATH));
    words.extend(config.kernel_parameters.iter().cloned());
    words.join(" ")
}
