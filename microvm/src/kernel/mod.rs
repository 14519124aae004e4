//! Guest kernels: the built-in one, and what a kernel file says of itself.

mod bzimage;
mod cache;
mod image;

use crate::Error;
pub(crate) use image::Image;
use object::elf::{EM_X86_64, ET_EXEC, FileHeader64, NoteType, PT_LOAD};
use object::read::ReadRef;
use object::read::elf::{FileHeader, ProgramHeader};
use object::{LittleEndian, Object};
use std::fmt;
use std::path::Path;

/// Version of the built-in guest kernel: that of this library.
pub const BUILTIN_VERSION: &str = env!("CARGO_PKG_VERSION");
/// The note by which a PVH kernel gives its 32-bit entry: owner "Xen", XEN_ELFNOTE_PHYS32_ENTRY.
const PVH_NOTE: u32 = 18;
/// Kernels are loaded from here up; below lie the boot information and what a PC has there.
pub const LOWEST_LOAD: u64 = 1 << 20;

/// A bzImage's real-mode part, which says what it is, is not larger.
const SETUP_MAX: u64 = 65 * 512;

/// The built-in guest kernel, an ELF file with a PVH entry.
pub fn builtin() -> &'static [u8] {
    include_bytes!(env!("ISOLAB_KERNEL"))
}

/// The ELF kernel in a bzImage's bytes.
///
/// # Errors
/// Says what is damaged, or which compressor is not known.
pub fn unpack(bzimage: &[u8]) -> Result<Vec<u8>, String> {
    bzimage::unpack(bzimage)
}

/// The bytes of a kernel file.
pub fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|error| Error::ReadKernel {
        path: path.into(),
        error,
    })
}

/// What a kernel file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// A 64-bit x86-64 ELF file.
    Elf(Elf),
    /// A Linux bzImage: a compressed kernel behind a small real-mode program (Linux, Documentation/arch/x86/boot.rst).
    BzImage {
        /// Version of the boot protocol, major and minor.
        protocol: (u8, u8),
        /// What `uname -rv` will say.
        version: String,
    },
}

/// What an ELF kernel says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elf {
    /// Physical address of the PVH entry, if there is one.
    pub pvh_entry: Option<u64>,
    /// First physical address that is loaded.
    pub load_start: u64,
    /// One past the last physical address that the kernel needs for itself.
    pub load_end: u64,
    /// What `uname -rv` will say, if it is Linux and not stripped of it.
    pub version: Option<String>,
    /// Whether its notes name Linux, so that it is given a PC instead of the bare machine of the built-in kernel.
    pub linux: bool,
}

/// A kernel file, looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Size of the file in bytes.
    pub bytes: u64,
    /// What it is.
    pub format: Format,
}

/// Looks at a kernel's bytes.
///
/// # Errors
/// Says what the bytes are instead, and what to do.
pub fn inspect(bytes: &[u8]) -> Result<Inspection, String> {
    let mut inspection = layout(bytes)?;
    if let Format::Elf(elf) = &mut inspection.format {
        elf.version = linux_version(bytes);
    }
    Ok(inspection)
}

/// What [`inspect`] finds in the headers alone: all that is needed to load a kernel.
pub(crate) fn layout<'d, R: ReadRef<'d>>(data: R) -> Result<Inspection, String> {
    let length = data.len().map_err(|()| "its size cannot be told")?;
    let bytes = data
        .read_bytes_at(0, length.min(SETUP_MAX))
        .map_err(|()| "its beginning cannot be read")?;
    let format = if bytes.starts_with(b"\x7fELF") {
        Format::Elf(inspect_elf(data)?)
    } else if bytes.get(0x202..0x206) == Some(b"HdrS") {
        inspect_bzimage(bytes)?
    } else if bytes.get(0x38..0x3c) == Some(b"ARM\x64") {
        return Err("it is a Linux Image for 64-bit ARM, and this machine is x86-64; take the kernel for amd64".into());
    } else if bytes.starts_with(&[0x1f, 0x8b]) {
        return Err("it is compressed with gzip; unpack it first (gunzip)".into());
    } else if bytes.starts_with(b"!<arch>\ndebian") {
        return Err("it is a Debian package; take the kernel out of it first (dpkg-deb -x FILE DIR)".into());
    } else if bytes.is_empty() {
        return Err("the file is empty".into());
    } else {
        return Err("it is neither an ELF file (vmlinux) nor a bzImage".into());
    };
    Ok(Inspection { bytes: length, format })
}

fn inspect_elf<'d, R: ReadRef<'d>>(bytes: R) -> Result<Elf, String> {
    let damaged = |what: &str| format!("its {what} cannot be read: the file is truncated or damaged");
    let length = bytes.len().map_err(|()| damaged("size"))?;
    if bytes.read_bytes_at(4, 1) == Ok(&[1]) {
        return Err("it is a 32-bit ELF file; only 64-bit kernels are loaded".into());
    }
    let header = FileHeader64::<LittleEndian>::parse(bytes).map_err(|_| damaged("ELF header"))?;
    if header.e_machine(LittleEndian) != EM_X86_64 {
        return Err("it is an ELF file for another processor than x86-64".into());
    }
    if header.e_type(LittleEndian) != ET_EXEC {
        return Err("it is an ELF file, but not an executable with fixed addresses, which a kernel is".into());
    }
    let segments = header
        .program_headers(LittleEndian, bytes)
        .map_err(|_| damaged("program header table"))?;
    let (mut load_start, mut load_end, mut pvh_entry, mut linux) = (u64::MAX, 0, None, false);
    for segment in segments {
        if segment.p_type(LittleEndian) == PT_LOAD && segment.p_memsz(LittleEndian) > 0 {
            let (start, size) = (segment.p_paddr(LittleEndian), segment.p_memsz(LittleEndian));
            let in_file = segment.p_filesz(LittleEndian);
            let file_end = segment.p_offset(LittleEndian).checked_add(in_file);
            if file_end.is_none_or(|end| end > length) || in_file > size {
                return Err(damaged("segments"));
            }
            load_start = load_start.min(start);
            load_end = load_end.max(start.checked_add(size).ok_or_else(|| damaged("segments"))?);
        }
        if let Some(mut notes) = segment.notes(LittleEndian, bytes).map_err(|_| damaged("notes"))? {
            while let Some(note) = notes.next().map_err(|_| damaged("notes"))? {
                linux |= note.name() == b"Linux";
                if note.name() == b"Xen" && note.n_type(LittleEndian) == NoteType(PVH_NOTE) {
                    pvh_entry = note
                        .desc()
                        .get(..4)
                        .map(|entry| u32::from_le_bytes(entry.try_into().unwrap()).into());
                }
            }
        }
    }
    if load_end == 0 {
        return Err("it has nothing to load".into());
    }
    Ok(Elf {
        pvh_entry,
        load_start,
        load_end,
        version: None,
        linux,
    })
}

/// The banner that Linux keeps in its read-only data.
fn linux_version(bytes: &[u8]) -> Option<String> {
    let data = object::File::parse(bytes).ok().and_then(|file| {
        use object::ObjectSection;
        file.section_by_name(".rodata")?.data().ok()
    })?;
    let banner = b"Linux version ";
    let start = data.windows(banner.len()).position(|window| window == banner)? + banner.len();
    let end = data[start..].iter().position(|byte| *byte == b' ' || *byte == 0)?;
    Some(String::from_utf8_lossy(&data[start..start + end]).into_owned())
}

fn inspect_bzimage(bytes: &[u8]) -> Result<Format, String> {
    let protocol = bytes
        .get(0x206..0x208)
        .ok_or("it ends in the header of a bzImage: the file is truncated")?;
    Ok(Format::BzImage {
        protocol: (protocol[1], protocol[0]),
        version: bzimage_version(bytes),
    })
}

/// What a bzImage says `uname -rv` will say.
fn bzimage_version(bytes: &[u8]) -> String {
    let place = bytes
        .get(0x20e..0x210)
        .map_or(0, |place| u16::from_le_bytes([place[0], place[1]]));
    match bytes.get(0x200 + usize::from(place)..) {
        Some(text) if place != 0 => {
            let end = text.iter().take(256).position(|byte| *byte == 0).unwrap_or(0);
            String::from_utf8_lossy(&text[..end]).into_owned()
        }
        _ => "unknown".into(),
    }
}

impl Inspection {
    /// Whether it is Linux.
    pub fn is_linux(&self) -> bool {
        match &self.format {
            Format::Elf(elf) => elf.linux,
            Format::BzImage { .. } => true,
        }
    }

    /// Whether this monitor can boot it in a machine with that much memory.
    ///
    /// # Errors
    /// Says why not, and what to do.
    pub fn check_bootable(&self, memory_bytes: u64) -> Result<&Elf, String> {
        let elf = match &self.format {
            Format::Elf(elf) => elf,
            Format::BzImage { .. } => return Err("it is a bzImage, whose kernel is to be unpacked first".into()),
        };
        if elf.pvh_entry.is_none() {
            return Err("it has no PVH entry; Linux has one when built with CONFIG_PVH=y".into());
        }
        if elf.load_start < LOWEST_LOAD {
            return Err(format!(
                "it wants to be loaded at {:#x}, where the boot information lies; kernels are loaded from 1 MiB up",
                elf.load_start
            ));
        }
        if elf.load_end > memory_bytes.min(crate::memory::GAP_START) {
            return Err(format!(
                "it needs memory up to {} MiB, and the machine has {} MiB; give it more",
                elf.load_end.div_ceil(1 << 20),
                memory_bytes >> 20
            ));
        }
        Ok(elf)
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
            }
            Format::BzImage {
                protocol: (major, minor),
                version,
            } => {
                writeln!(f, "format    bzImage, boot protocol {major}.{minor}")?;
                writeln!(f, "size      {} bytes", self.bytes)?;
                writeln!(f, "version   Linux {version}")?;
            }
        }
        match (&self.format, self.check_bootable(crate::config::DEFAULT_MEMORY_BYTES)) {
            (Format::BzImage { .. }, _) => write!(f, "boots     yes, if what it unpacks to does (by PVH)"),
            (_, Ok(_)) => write!(f, "boots     yes, by PVH"),
            (_, Err(why)) => write!(f, "boots     no: {why}"),
        }
    }
}
