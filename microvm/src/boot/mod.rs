//! Loads a kernel and its initramfs, and writes what the boot protocol hands over.

mod builtin;
pub mod linux64;
pub mod pvh;

use crate::abi::{FRAMES_ALIGNMENT, Shortcut};
use crate::error::Part;
use crate::kernel::{Image, Protocol};
use crate::memory::{GAP_END, GAP_START, Ram};
use crate::{Error, Initramfs};
use linux_loader::loader::bootparam::setup_header;
use linux_loader::loader::{BzImage, Elf, KernelLoader};
use std::io::{Read, Seek};
use std::ops::Range;
use vm_memory::{GuestAddress, GuestMemoryBackend, ReadVolatile};

/// Where the command line lies.
const COMMAND_LINE: GuestAddress = GuestAddress(0x2_0000);
/// Where ACPI tables lie, the root pointer first: where a PC has its firmware, which is no RAM.
pub const ACPI_TABLES: GuestAddress = GuestAddress(0xe_0000);
/// Longest command line that there is room for.
pub const COMMAND_LINE_MAX: usize = (64 << 10) - 1;
/// The built-in kernel hands out frames from the end of the initramfs on, and so much of them for the page tables, stack,
/// heap and data of any program. Populated at once they cost a fraction of what faults on each of them do.
const FIRST_FRAMES: usize = 112 << 10;
/// End of conventional memory: above is where a PC has its firmware.
const LOW_END: u64 = 0x9_fc00;
/// Memory goes on here.
const HIGH_START: u64 = 1 << 20;

/// What the built-in kernel has without asking for it behind its initramfs: enough for many programs.
const FIRST_MEMORY: u64 = 1 << 20;

/// What goes into the guest's memory.
pub struct Payload<'a> {
    /// The kernel.
    pub kernel: Image,
    /// Its files.
    pub initramfs: &'a Initramfs,
    /// More files, in an archive of their own behind the first, where the kernel takes several.
    pub second_archive: &'a [u8],
    /// The kernel's command line.
    pub command_line: String,
    /// The longest that it reads.
    pub command_line_max: usize,
    /// Tables for [`ACPI_TABLES`], or none.
    pub acpi_tables: &'a [u8],
}

/// How a kernel that was loaded is entered.
pub enum Entry {
    /// As its file says.
    Protocol(Protocol),
    /// As the built-in kernel says to this monitor.
    Shortcut(Shortcut),
}

/// What was loaded.
pub struct Loaded {
    /// How to enter the kernel.
    pub entry: Entry,
    /// Where the memory begins that the guest has to ask for; behind every address, where it has all. (Above the gap below 4 GiB,
    /// addresses are larger than the size of the memory.)
    pub on_demand: u64,
}

/// Where things lie in the guest's memory, by physical address.
pub struct Handover {
    /// The guest's memory in bytes.
    memory_bytes: u64,
    /// As in [`Loaded`].
    on_demand: u64,
    /// The initramfs.
    initramfs: Range<u64>,
    /// The command line without the zero byte at its end.
    command_line: Range<u64>,
    /// The ACPI root pointer, or 0.
    acpi_tables: u64,
}

/// Puts everything into the guest's memory.
pub fn load(payload: Payload, memory: &Ram, memory_bytes: u64) -> Result<Loaded, Error> {
    let Payload {
        mut kernel,
        initramfs,
        second_archive,
        command_line,
        command_line_max,
        acpi_tables,
    } = payload;
    let mib = memory_bytes >> 20;
    let inspected = kernel.layout().map_err(|why| kernel.bad(why))?;
    let place = inspected.check_bootable(memory_bytes).map_err(|why| kernel.bad(why))?;
    let mut entry = Entry::Protocol(place.protocol);
    let loaded = match &mut kernel {
        Image::Builtin(bytes) => builtin::load(bytes, memory).map(|shortcut| {
            entry = Entry::Shortcut(shortcut);
            None
        }),
        Image::File { file, .. } if inspected.is_elf() => load_elf(memory, file),
        Image::File { file, .. } => load_bzimage(memory, file, GuestAddress(place.load.start)),
    };
    let header = loaded.map_err(|why| kernel.bad(why))?;

    let start = place.load.end.next_multiple_of(4096);
    let mut size = put_initramfs(initramfs, memory, GuestAddress(start), mib)?;
    if !second_archive.is_empty() {
        size = size.next_multiple_of(4096);
        let at = GuestAddress(start + size);
        memory.write(second_archive, at).ok_or(Error::DoesNotFit {
            what: Part::Initramfs,
            mib,
        })?;
        size += second_archive.len() as u64;
    }
    let mut on_demand = u64::MAX;
    if matches!(kernel, Image::Builtin(_)) {
        let frames = (start + size).next_multiple_of(FRAMES_ALIGNMENT);
        memory.populate(GuestAddress(frames), FIRST_FRAMES);
        on_demand = (start + size + FIRST_MEMORY)
            .next_multiple_of(2 << 20)
            .min(memory_bytes);
    }
    let mut command_line = command_line.into_bytes();
    if command_line.len() > command_line_max {
        return Err(Error::CommandLine {
            bytes: command_line.len(),
            most: command_line_max,
        });
    }
    let handover = Handover {
        memory_bytes,
        on_demand,
        initramfs: start..start + size,
        command_line: COMMAND_LINE.0..COMMAND_LINE.0 + command_line.len() as u64,
        acpi_tables: if acpi_tables.is_empty() { 0 } else { ACPI_TABLES.0 },
    };
    command_line.push(0);
    memory
        .write(&command_line, COMMAND_LINE)
        .and_then(|()| memory.write(acpi_tables, ACPI_TABLES))
        .and_then(|()| match place.protocol {
            Protocol::Pvh(_) => pvh::write(&handover, memory),
            Protocol::Linux64(_) => linux64::write(&handover, header, memory),
        })
        .ok_or(Error::DoesNotFit {
            what: Part::BootInformation,
            mib,
        })?;
    Ok(Loaded { entry, on_demand })
}

/// Loads the segments.
fn load_elf(memory: &Ram, image: &mut (impl Read + ReadVolatile + Seek)) -> Result<Option<setup_header>, String> {
    let loaded = Elf::load(&**memory, None, image, None).map_err(|error| error.to_string())?;
    Ok(loaded.setup_header)
}

/// Loads all behind the real-mode part; gives the header of that.
fn load_bzimage(
    memory: &Ram,
    image: &mut (impl Read + ReadVolatile + Seek),
    at: GuestAddress,
) -> Result<Option<setup_header>, String> {
    let loaded = BzImage::load(&**memory, Some(at), image, None).map_err(|error| error.to_string())?;
    Ok(loaded.setup_header)
}

/// Puts the initramfs at a page of the guest's memory; gives its size.
fn put_initramfs(initramfs: &Initramfs, memory: &Ram, at: GuestAddress, mib: u64) -> Result<u64, Error> {
    let no_room = Error::DoesNotFit {
        what: Part::Initramfs,
        mib,
    };
    match initramfs {
        Initramfs::Bytes(bytes) => memory.write(bytes, at).map(|()| bytes.len() as u64).ok_or(no_room),
        Initramfs::Shared {
            head,
            file,
            bytes,
            tail,
        } => {
            let file_at = at.0 + head.len() as u64;
            if *bytes > memory.last_addr().0.saturating_sub(file_at) {
                return Err(no_room);
            }
            if *bytes > 0 {
                memory
                    .map_file(file, 0, *bytes as usize, GuestAddress(file_at))
                    .map_err(Error::ReadInitramfs)?;
            }
            let written = memory.write(head, at);
            let written = written.and_then(|()| memory.write(tail, GuestAddress(file_at + bytes)));
            written
                .map(|()| head.len() as u64 + bytes + tail.len() as u64)
                .ok_or(no_room)
        }
    }
}

/// The RAM that the guest is told of.
fn ram_ranges(bytes: u64) -> impl Iterator<Item = Range<u64>> {
    let above = (bytes > GAP_START).then(|| GAP_END..GAP_END + bytes - GAP_START);
    [0..LOW_END, HIGH_START..bytes.min(GAP_START)].into_iter().chain(above)
}
