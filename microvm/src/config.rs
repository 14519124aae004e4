//! What to run, and in what machine.

use crate::{Console, Error, Features, Sandbox};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::Duration;

/// A guest kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// The one that this library embeds.
    Builtin,
    /// A file that holds another one: an ELF file (vmlinux) or a bzImage, for x86-64.
    File(PathBuf),
}

/// A disk of a Linux guest, raw bytes of a whole number of sectors. What the guest writes goes to the overlay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// The file that is only read.
    pub base: PathBuf,
    /// The file that is written, made if it is not there; without one the disk is read-only.
    pub overlay: Option<PathBuf>,
}

/// Where the initramfs comes from.
#[derive(Debug)]
pub enum Initramfs {
    /// Bytes, as [`crate::Files::to_archive`] makes them; they are copied into the guest's memory.
    Bytes(Vec<u8>),
    /// An archive around a file, as [`crate::Files::into_initramfs`] makes it. The guest shares the file's pages with the page
    /// cache until it writes to them.
    Shared {
        /// What comes before the file; where that has bytes, it ends at a multiple of 4096.
        head: Vec<u8>,
        /// The file.
        file: File,
        /// Its size.
        bytes: u64,
        /// What comes after it.
        tail: Vec<u8>,
    },
}

impl Initramfs {
    /// All of its bytes.
    ///
    /// # Errors
    /// Says why the file in it cannot be read.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        match self {
            Initramfs::Bytes(bytes) => Ok(bytes.clone()),
            Initramfs::Shared {
                head,
                file,
                bytes,
                tail,
            } => {
                let mut archive = head.clone();
                archive.resize(head.len() + *bytes as usize, 0);
                file.read_exact_at(&mut archive[head.len()..], 0)
                    .map_err(Error::ReadInitramfs)?;
                archive.extend_from_slice(tail);
                Ok(archive)
            }
        }
    }
}

/// A machine to run.
#[derive(Debug)]
pub struct Config {
    /// The kernel to boot.
    pub kernel: Kernel,
    /// The files it finds.
    pub initramfs: Initramfs,
    /// Path of the program in its root.
    pub program: String,
    /// The program's arguments after its name.
    pub args: Vec<String>,
    /// The program's environment, as `KEY=VALUE`.
    pub env: Vec<String>,
    /// Guest RAM in bytes, a multiple of 4096.
    pub memory_bytes: u64,
    /// A machine that runs longer is ended.
    pub timeout: Option<Duration>,
    /// Words to add to the kernel's command line.
    pub kernel_parameters: Vec<String>,
    /// Count what the program costs the guest kernel, if that is the built-in one, and take KVM's statistics of the processor.
    /// A CPUID instruction that is counted takes about a tenth of a millisecond more where ring 0 is emulated.
    pub counts: bool,
    /// What processor KVM can offer, where that is known already; otherwise it is asked.
    pub features: Option<Features>,
    /// What a Linux guest has besides. A kernel that is not Linux refuses all but what [`Linux::default`] has.
    pub linux: Linux,
    /// Where its output goes, and its input comes from.
    pub console: Console,
    /// What the process gives up before the guest's first instruction; nothing unless it is told to.
    pub sandbox: Sandbox,
}

/// What a Linux guest has besides its kernel, files and memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linux {
    /// A disk image, as [`crate::Files::write_disk`] makes it, that is the root of a Linux guest's program; there is usually no
    /// initramfs then. It is only read: where the kernel has overlayfs, what the guest writes stays in its memory, otherwise
    /// the root is read-only. The kernel needs virtio-mmio, virtio-blk and EROFS, and the image, for a root that is read-only,
    /// the directories dev, proc, sys and tmp.
    pub root_disk: Option<PathBuf>,
    /// Processors, at most 32.
    pub cpus: u8,
    /// Kernel modules that it loads before the program runs: files on the host, also compressed ones
    /// ([`crate::kernel::unpack_module`]). One that needs another is tried again after that.
    pub modules: Vec<PathBuf>,
    /// A disk, `/dev/vda` where the kernel has virtio-mmio and virtio-blk, `/dev/vdb` beside a root disk; mounted on `/disk` if
    /// it holds a file system that the kernel knows and a root that is read-only has that directory.
    pub disk: Option<Disk>,
    /// Whether it writes its whole kernel log, which costs time; without, only what ends it.
    pub kernel_log: bool,
}

impl Default for Linux {
    fn default() -> Self {
        Self {
            root_disk: None,
            cpus: 1,
            modules: Vec::new(),
            disk: None,
            kernel_log: false,
        }
    }
}

impl Linux {
    /// What was asked for that only Linux has.
    pub(crate) fn given(&self) -> Option<&'static str> {
        let given = [
            (self.cpus != 1, "several processors"),
            (self.root_disk.is_some() || self.disk.is_some(), "disks"),
            (!self.modules.is_empty(), "modules"),
            (self.kernel_log, "log options"),
        ];
        given.into_iter().find_map(|(given, what)| given.then_some(what))
    }
}

/// Guest RAM of [`Config::new`].
pub const DEFAULT_MEMORY_BYTES: u64 = 128 << 20;

impl Config {
    /// A machine with that kernel, 128 MiB, and nothing to run yet.
    pub fn new(kernel: Kernel) -> Self {
        Self {
            kernel,
            initramfs: Initramfs::Bytes(Vec::new()),
            program: "/init".into(),
            args: Vec::new(),
            env: Vec::new(),
            memory_bytes: DEFAULT_MEMORY_BYTES,
            timeout: None,
            kernel_parameters: Vec::new(),
            counts: false,
            features: None,
            linux: Linux::default(),
            console: Console::Standard,
            sandbox: Sandbox::Off,
        }
    }

    /// The kernel's command line: the program, its environment, and after `--` its arguments, quoted so that the built-in
    /// kernel reads each as it is (`kernel/src/boot/cmdline.rs`).
    pub fn command_line(&self) -> String {
        let mut words = self.kernel_parameters.clone();
        if self.kernel == Kernel::Builtin {
            words.push("stdio=port".into());
            words.extend(self.counts.then(|| "counts".into()));
        }
        words.push(quote(&format!("rdinit={}", self.program)));
        words.extend(self.env.iter().map(|variable| quote(&format!("env:{variable}"))));
        if !self.args.is_empty() {
            words.push("--".into());
            words.extend(self.args.iter().map(|argument| quote(argument)));
        }
        words.join(" ")
    }
}

/// A word that reads back as `word`: in double quotes where it needs them, a backslash before quotes and backslashes.
fn quote(word: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && c != '"' && c != '\\';
    if !word.is_empty() && word != "--" && word.chars().all(plain) {
        return word.into();
    }
    let mut quoted = String::from("\"");
    for c in word.chars() {
        if c == '"' || c == '\\' {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}
