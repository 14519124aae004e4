//! The phases of a start, as data: what each one is spent on. Their names are in the message files, as `phase-NAME`.

/// What a phase is spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Setting up what isolates the program: namespaces and their file systems, or the virtual machine.
    Isolation,
    /// The guest's kernel, until it enters the program.
    GuestKernel,
    /// Executing the program, and the program itself with its calls to the kernel.
    Program,
    /// Not told apart.
    Other,
}

impl Group {
    /// In the order of a start.
    pub const ALL: [Group; 4] = [Group::Isolation, Group::GuestKernel, Group::Program, Group::Other];

    /// Of a phase that goes by this name in results files.
    pub fn of(phase: &str) -> Group {
        let known = PHASES.iter().find(|(name, _)| *name == phase);
        known.map_or(Group::Other, |(_, group)| *group)
    }
}

const PHASES: [(&str, Group); 31] = [
    ("plan", Group::Isolation),
    ("start the runtime", Group::Isolation),
    ("id maps", Group::Isolation),
    ("clone", Group::Isolation),
    ("namespaces", Group::Isolation),
    ("network", Group::Isolation),
    ("mounts", Group::Isolation),
    ("root file system", Group::Isolation),
    ("cgroup", Group::Isolation),
    ("drop privileges", Group::Isolation),
    ("seccomp", Group::Isolation),
    ("spawn", Group::Isolation),
    ("start the monitor", Group::Isolation),
    ("confine the monitor", Group::Isolation),
    ("make the machine", Group::Isolation),
    ("kvm setup", Group::Isolation),
    ("load kernel", Group::Isolation),
    ("load kernel and files", Group::Isolation),
    ("make the processor", Group::Isolation),
    ("make the processors", Group::Isolation),
    ("guest kernel", Group::GuestKernel),
    ("guest kernel: entry", Group::GuestKernel),
    ("guest kernel: boot", Group::GuestKernel),
    ("guest init: prepare", Group::GuestKernel),
    ("guest kernel: load the program", Group::GuestKernel),
    ("guest user", Group::Program),
    ("console", Group::Program),
    ("fork and exec", Group::Program),
    ("exec", Group::Program),
    ("program", Group::Program),
    ("program to its first byte", Group::Program),
];
