//! What a kernel file is, and whether and how it boots.

use super::{LOWEST_LOAD, bzimage, elf};
use object::read::ReadRef;
use std::fmt;
use std::ops::Range;

/// A bzImage's real-mode part, which says what it is, is not larger.
const SETUP_MAX: u64 = 65 * 512;

/// A kernel file, looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Size of the file in bytes.
    pub bytes: u64,
    /// What it is.
    pub format: Format,
}

/// What a kernel file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// A 64-bit x86-64 ELF file.
    Elf(Elf),
    /// A kernel behind a small real-mode program, as boot loaders take it (Linux, Documentation/arch/x86/boot.rst).
    BzImage(BzImage),
}

/// What an ELF kernel says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elf {
    /// Physical address of the PVH entry, if there is one.
    pub pvh_entry: Option<u64>,
    /// Physical address of the entry of Linux's 64-bit protocol, if it can have one.
    pub entry_64: Option<u64>,
    /// First physical address that is loaded.
    pub load_start: u64,
    /// One past the last physical address that the kernel needs for itself.
    pub load_end: u64,
    /// What `uname -r` will say, if it is Linux and not stripped of it.
    pub version: Option<String>,
    /// Whether its notes name Linux.
    pub linux: bool,
    /// Owner and type of its notes, each once.
    pub notes: Vec<(String, u32)>,
}

/// What a bzImage's setup header says (its fields: Documentation/arch/x86/boot.rst).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BzImage {
    /// Version of the boot protocol, major and minor.
    pub protocol: (u8, u8),
    /// What `uname -rv` will say.
    pub version: String,
    /// What its kernel is compressed with, and how many bytes that are; none where it holds no compressed kernel, or
    /// one whose compressor is not known.
    pub compressed: Option<(&'static str, u64)>,
    /// Whether it has a 64-bit entry (`xloadflags`, XLF_KERNEL_64).
    pub entry_64: bool,
    /// Where it is loaded, and how far from there it needs memory before it knows what there is (`pref_address`,
    /// `init_size`).
    pub load: Range<u64>,
}

/// How a kernel is entered: by which protocol, and at which physical address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// PVH, in 32-bit protected mode.
    Pvh(u64),
    /// Linux's 64-bit protocol, in long mode.
    Linux64(u64),
}

/// Where a kernel goes, and how it is entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The physical addresses that it needs.
    pub load: Range<u64>,
    /// Its entry.
    pub protocol: Protocol,
}

/// What the headers alone tell: all that is needed to load a kernel.
pub fn layout<'d, R: ReadRef<'d>>(data: R) -> Result<Inspection, String> {
    let length = data.len().map_err(|()| "its size cannot be told")?;
    let bytes = data
        .read_bytes_at(0, length.min(SETUP_MAX))
        .map_err(|()| "its beginning cannot be read")?;
    let format = if bytes.starts_with(b"\x7fELF") {
        Format::Elf(elf::inspect(data)?)
    } else if bytes.get(0x202..0x206) == Some(b"HdrS") {
        Format::BzImage(bzimage::inspect(data, bytes)?)
    } else if bytes.get(0x38..0x3c) == Some(b"ARM\x64") {
        return Err("it is a Linux Image for 64-bit ARM, and this machine is x86-64; take the kernel for amd64".into());
    } else if bytes.starts_with(&[0x1f, 0x8b]) {
        return Err("it is compressed with gzip; unpack it first (a kernel by gunzip; of an Alpine package, *.apk, take the kernel out: tar -xzf FILE boot)".into());
    } else if bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        return Err("it is compressed with zstd; unpack it first (a kernel by unzstd; of an Arch Linux package, *.pkg.tar.zst, take the kernel out: tar -xf FILE usr/lib/modules)".into());
    } else if bytes.starts_with(&[0xed, 0xab, 0xee, 0xdb]) {
        return Err("it is an RPM package; take the kernel out of it first (rpm2cpio FILE | cpio -id './lib/modules/*/vmlinuz')".into());
    } else if bytes.starts_with(b"!<arch>\ndebian") {
        return Err("it is a Debian package; take the kernel out of it first (dpkg-deb -x FILE DIR)".into());
    } else if bytes.is_empty() {
        return Err("the file is empty".into());
    } else {
        return Err("it is neither an ELF file (vmlinux) nor a bzImage".into());
    };
    Ok(Inspection { bytes: length, format })
}

impl Inspection {
    /// The version that the kernel tells: what `uname -r` will say, in a bzImage with more behind it; none where it tells
    /// none.
    pub fn version(&self) -> Option<&str> {
        match &self.format {
            Format::Elf(elf) => elf.version.as_deref(),
            Format::BzImage(image) => Some(image.version.as_str()).filter(|version| !version.is_empty()),
        }
    }

    /// Whether it is given a PC, as Linux expects it, instead of the bare machine of the built-in kernel.
    pub fn wants_pc(&self) -> bool {
        match &self.format {
            Format::Elf(elf) => elf.linux || elf.pvh_entry.is_none(),
            Format::BzImage(_) => true,
        }
    }

    /// Whether it is an ELF file.
    pub fn is_elf(&self) -> bool {
        matches!(self.format, Format::Elf(_))
    }

    /// Whether and how this monitor can boot it, as it is, in a machine with that much memory. Of a bzImage this is about
    /// its own entry, which is used where its kernel cannot be unpacked.
    ///
    /// # Errors
    /// Says why not, and what to do.
    pub fn check_bootable(&self, memory_bytes: u64) -> Result<Place, String> {
        let place = match &self.format {
            Format::Elf(elf) => elf.place()?,
            Format::BzImage(image) => image.place()?,
        };
        let (start, end) = (place.load.start, place.load.end);
        if start < LOWEST_LOAD {
            return Err(format!(
                "it wants to be loaded at {start:#x}, where the boot information lies; kernels are loaded from 1 MiB up"
            ));
        }
        if end > memory_bytes.min(crate::memory::GAP_START) {
            return Err(format!(
                "it needs memory up to {} MiB, and the machine has {} MiB; give it more",
                end.div_ceil(1 << 20),
                memory_bytes >> 20
            ));
        }
        Ok(place)
    }
}

impl Elf {
    fn place(&self) -> Result<Place, String> {
        let protocol = match (self.pvh_entry, self.entry_64) {
            (Some(entry), _) => Protocol::Pvh(entry),
            (None, Some(entry)) => Protocol::Linux64(entry),
            (None, None) => {
                return Err(
                    "it has neither a PVH entry (Linux has one when built with CONFIG_PVH=y) nor an entry as Linux's 64-bit boot protocol wants it. Is it a program and not a kernel?"
                        .into(),
                );
            }
        };
        Ok(Place {
            load: self.load_start..self.load_end,
            protocol,
        })
    }
}

impl BzImage {
    fn place(&self) -> Result<Place, String> {
        /// Where the 64-bit entry lies.
        const ENTRY: u64 = 0x200;
        if !self.entry_64 {
            return Err(format!(
                "it has no 64-bit entry: {} is a 32-bit kernel, and only 64-bit kernels are booted",
                self.version
            ));
        }
        Ok(Place {
            load: self.load.clone(),
            protocol: Protocol::Linux64(self.load.start + ENTRY),
        })
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Pvh(_) => f.write_str("PVH"),
            Self::Linux64(_) => f.write_str("Linux's 64-bit protocol"),
        }
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match &self.format {
            Format::Elf(elf) => {
                writeln!(f, "format    ELF, 64-bit, x86-64 (vmlinux)")?;
                writeln!(f, "size      {} bytes", self.bytes)?;
                if let Some(version) = &elf.version {
                    writeln!(f, "version   Linux {version}")?;
                }
                writeln!(f, "loads     {:#x} to {:#x} (physical)", elf.load_start, elf.load_end)?;
                match elf.pvh_entry {
                    Some(entry) => writeln!(f, "PVH entry {entry:#x}")?,
                    None => writeln!(f, "PVH entry none")?,
                }
                if !elf.notes.is_empty() {
                    let notes = elf.notes.iter().map(|(owner, kind)| format!("{owner} {kind}"));
                    writeln!(f, "notes     {}", notes.collect::<Vec<_>>().join(", "))?;
                }
            }
            Format::BzImage(image) => {
                let (major, minor) = image.protocol;
                writeln!(f, "format    bzImage, boot protocol {major}.{minor}")?;
                writeln!(f, "size      {} bytes", self.bytes)?;
                writeln!(f, "version   {}", image.version)?;
                if let Some((compressor, bytes)) = image.compressed {
                    writeln!(f, "holds     {bytes} bytes of kernel, compressed with {compressor}")?;
                    return write!(f, "boots     yes, if what it unpacks to does");
                }
            }
        }
        match self.check_bootable(crate::config::DEFAULT_MEMORY_BYTES) {
            Ok(place) => write!(f, "boots     yes, by {}", place.protocol),
            Err(why) => write!(f, "boots     no: {why}"),
        }
    }
}
