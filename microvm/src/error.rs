//! What can go wrong: what was tried, what the kernel answered, why that usually is, and what to do.

use crate::kvm_call::KvmCall;
use crate::vcpu::exits::Stop;
use std::path::PathBuf;
use thiserror::Error;

/// Why a machine could not be run, or had to be ended.
#[derive(Debug, Error)]
pub enum Error {
    /// /dev/kvm cannot be used.
    #[error("{0}")]
    Kvm(#[from] KvmError),
    /// A call to KVM failed.
    #[error("KVM refused to {call}: {error}{}", call.hint())]
    Ioctl {
        /// What the call was for.
        call: KvmCall,
        /// What the kernel answered.
        error: kvm_ioctls::Error,
    },
    /// The guest's memory cannot be had.
    #[error(
        "cannot reserve {mib} MiB of memory for the guest: {reason}. Give the machine less memory, or raise the limit (ulimit -v)"
    )]
    Memory {
        /// How much was asked for.
        mib: u64,
        /// What the kernel answered.
        reason: String,
    },
    /// The memory asked for makes no sense.
    #[error("a guest cannot have {bytes} bytes of memory: {why}")]
    MemorySize {
        /// What was asked for.
        bytes: u64,
        /// Why it cannot be.
        why: WrongSize,
    },
    /// The kernel file cannot be read.
    #[error("cannot read the guest kernel {}: {error}", path.display())]
    ReadKernel {
        /// The file.
        path: PathBuf,
        /// What the kernel answered.
        error: std::io::Error,
    },
    /// A kernel module cannot be read or unpacked.
    #[error("cannot read the kernel module {}: {error}", path.display())]
    ReadModule {
        /// The file.
        path: PathBuf,
        /// What the kernel answered, or how the file is damaged.
        error: std::io::Error,
    },
    /// The kernel file is not one that can be booted here.
    #[error("cannot boot {kernel}: {why}")]
    BadKernel {
        /// The file's name.
        kernel: String,
        /// Why, and what to do.
        why: String,
    },
    /// The kernel would not read all of its command line.
    #[error(
        "the kernel's command line has {bytes} bytes, and it reads {most}: shorten the program's arguments, its environment or the kernel parameters"
    )]
    CommandLine {
        /// Its length.
        bytes: usize,
        /// The longest.
        most: usize,
    },
    /// The disk's file cannot be used.
    #[error("cannot use {} as the guest's disk: {error}", path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// So many processors cannot be.
    #[error("a machine cannot have {asked} processors: between 1 and {most} are possible")]
    Processors {
        /// What was asked for.
        asked: u8,
        /// The most.
        most: u8,
    },
    /// No thread for a processor.
    #[error(
        "cannot start a thread for a virtual processor: {0}. The limit of processes may be reached (ulimit -u, pids.max)"
    )]
    Thread(std::io::Error),
    /// A thread of the monitor panicked.
    #[error("a thread of the monitor failed, and its guest was ended; this is a bug, and what is on stderr says where")]
    Panicked,
    /// Kernel, initramfs and what they need do not fit.
    #[error("{what} does not fit into {mib} MiB of guest memory; give the machine more")]
    DoesNotFit {
        /// What does not fit.
        what: Part,
        /// The guest's memory.
        mib: u64,
    },
    /// The file that holds the initramfs cannot be mapped.
    #[error("cannot read the initramfs: {0}")]
    ReadInitramfs(std::io::Error),
    /// A guest cannot have such a file.
    #[error("a guest cannot have the file {name:?}: {why}")]
    GuestFile {
        /// The file's path.
        name: String,
        /// Why.
        why: &'static str,
    },
    /// A file of the guest cannot be read.
    #[error("cannot read what is to be the guest's file {name:?}: {error}")]
    ReadGuestFile {
        /// The file's path in the guest.
        name: String,
        /// What the kernel answered.
        error: std::io::Error,
    },
    /// The initramfs cannot be made.
    #[error("cannot put {name} into the initramfs: {why}")]
    Initramfs {
        /// The file's path.
        name: String,
        /// Why.
        why: &'static str,
    },
    /// The disk image cannot be written.
    #[error("cannot write the disk image: {0}")]
    WriteDiskImage(std::io::Error),
    /// The disk image cannot hold that file.
    #[error("cannot put {name} on the disk: {why}")]
    DiskImage {
        /// The file's path.
        name: String,
        /// Why.
        why: &'static str,
    },
    /// The machine stopped in a way that nobody expects.
    #[error("the guest stopped: {stop}; it was at {rip:#x}, where the bytes are {bytes}.{}", stop.hint())]
    UnexpectedExit {
        /// Why.
        stop: Stop,
        /// Instruction pointer.
        rip: u64,
        /// The instruction's bytes, in hexadecimal.
        bytes: String,
    },
    /// The console's output has nowhere to go.
    #[error("cannot write the guest's output: {0}")]
    Output(std::io::Error),
    /// The monitor cannot give up what it does not need.
    #[error(
        "the monitor cannot {what}: {errno}. A kernel without seccomp, or one that forbids it to this process (a container's own filter), cannot confine a monitor; where the guest is trusted, run it without (Sandbox::Off)"
    )]
    Sandbox {
        /// What it tried.
        what: Renounce,
        /// What the kernel answered.
        errno: nix::errno::Errno,
    },
    /// The watchdog cannot be set up.
    #[error("cannot set up the timer that ends the guest at its timeout: {0}")]
    Timer(nix::Error),
}

/// Why a guest cannot have so much memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WrongSize {
    /// Not a number of pages.
    #[error("it is not a multiple of the page size, 4096")]
    NotPages,
    /// Less than a kernel needs.
    #[error("a machine needs at least 2 MiB")]
    TooSmall,
    /// More than this is meant for.
    #[error("the most is 1 TiB")]
    TooLarge,
}

/// What a guest's memory holds at its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Part {
    /// Its files.
    #[error("the initramfs")]
    Initramfs,
    /// What the boot protocol hands over.
    #[error("the boot information")]
    BootInformation,
    /// What [`crate::examine`] times.
    #[error("a loop")]
    Loop,
}

/// What a confined monitor gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Renounce {
    /// The way to new privileges.
    #[error("renounce new privileges (prctl)")]
    Privileges,
    /// Capabilities.
    #[error("drop its capabilities (capset)")]
    Capabilities,
    /// All system calls but its own.
    #[error("load its filter of system calls (seccomp)")]
    SystemCalls,
}

impl Error {
    /// What becomes of an error in reading the guest's file of that name.
    pub(crate) fn read_file(name: &str) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let name = name.to_owned();
        |error| Self::ReadGuestFile { name, error }
    }
}

/// Why /dev/kvm cannot be used.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum KvmError {
    /// ENOENT.
    #[error(
        "cannot open /dev/kvm: it does not exist (ENOENT). The kvm module is not loaded, or this machine offers no virtualization. Load it (modprobe kvm_intel or kvm_amd), turn virtualization on in the firmware, or, inside a container or VM, have the device passed in"
    )]
    Missing,
    /// ENODEV or ENXIO.
    #[error(
        "cannot open /dev/kvm: there is a node but no device behind it (ENODEV). The processor or the outer hypervisor offers no virtualization: turn it on in the firmware, or turn nested virtualization on outside"
    )]
    NoDevice,
    /// EACCES or EPERM.
    #[error(
        "cannot open /dev/kvm: permission denied (EACCES). Members of the group kvm may use it: sudo usermod -aG kvm $USER, then log in again"
    )]
    Forbidden,
    /// EBUSY.
    #[error(
        "KVM is busy (EBUSY): another hypervisor (VirtualBox, VMware) uses the processor's virtualization; end its machines"
    )]
    Busy,
    /// It opened, and is not KVM.
    #[error(
        "/dev/kvm does not answer as KVM does (KVM_GET_API_VERSION: {0}, expected 12). Something else lies at that path"
    )]
    NotKvm(i32),
    /// Any other error.
    #[error("cannot open /dev/kvm: {0}")]
    Other(std::io::ErrorKind, i32),
}

impl KvmError {
    /// The reason behind an error number of open(2) on /dev/kvm.
    pub fn from_errno(errno: i32) -> Self {
        match errno {
            libc::ENOENT => Self::Missing,
            libc::ENODEV | libc::ENXIO => Self::NoDevice,
            libc::EACCES | libc::EPERM => Self::Forbidden,
            libc::EBUSY => Self::Busy,
            errno => Self::Other(std::io::Error::from_raw_os_error(errno).kind(), errno),
        }
    }
}
