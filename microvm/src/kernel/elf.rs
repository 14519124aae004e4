//! What an ELF kernel says of itself.

use super::inspection::Elf;
use object::elf::{EM_X86_64, ET_EXEC, FileHeader64, NoteType, PT_LOAD};
use object::read::ReadRef;
use object::read::elf::{FileHeader, ProgramHeader};
use object::{LittleEndian, Object};
use std::ops::Range;

/// The note by which a PVH kernel gives its 32-bit entry: owner "Xen", XEN_ELFNOTE_PHYS32_ENTRY.
const PVH_NOTE: NoteType = NoteType(18);
/// Kernels are linked to run in this half of the address space.
const UPPER_HALF: u64 = 1 << 63;

/// Reads the headers and notes.
pub fn inspect<'d, R: ReadRef<'d>>(bytes: R) -> Result<Elf, String> {
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
    let (mut load, mut linked_high) = (Vec::<Range<u64>>::new(), false);
    let mut elf = Elf {
        load_start: u64::MAX,
        ..Elf::default()
    };
    for segment in segments {
        if segment.p_type(LittleEndian) == PT_LOAD && segment.p_memsz(LittleEndian) > 0 {
            let (start, size) = (segment.p_paddr(LittleEndian), segment.p_memsz(LittleEndian));
            let in_file = segment.p_filesz(LittleEndian);
            let file_end = segment.p_offset(LittleEndian).checked_add(in_file);
            if file_end.is_none_or(|end| end > length) || in_file > size {
                return Err(damaged("segments"));
            }
            let end = start.checked_add(size).ok_or_else(|| damaged("segments"))?;
            linked_high |= segment.p_vaddr(LittleEndian) >= UPPER_HALF;
            load.push(start..end);
        }
        if let Some(mut notes) = segment.notes(LittleEndian, bytes).map_err(|_| damaged("notes"))? {
            while let Some(note) = notes.next().map_err(|_| damaged("notes"))? {
                let (owner, kind) = (note.name(), note.n_type(LittleEndian));
                elf.linux |= owner == b"Linux";
                if owner == b"Xen" && kind == PVH_NOTE {
                    let entry = note.desc().get(..4).and_then(|entry| entry.try_into().ok());
                    elf.pvh_entry = entry.map(|entry| u32::from_le_bytes(entry).into());
                }
                let owner = String::from_utf8_lossy(owner).into_owned();
                if elf.notes.len() < NOTES_MAX && !elf.notes.contains(&(owner.clone(), kind.0)) {
                    elf.notes.push((owner, kind.0));
                }
            }
        }
    }
    let loads = |address: u64| load.iter().any(|range| range.contains(&address));
    if elf.pvh_entry.is_some_and(|entry| !loads(entry)) {
        return Err("its PVH entry lies outside of what it loads: the file is damaged".into());
    }
    // Linux's entry is a physical address, though it is linked at high ones; an ordinary program's is neither.
    let entry = header.e_entry(LittleEndian);
    elf.entry_64 = (linked_high && loads(entry)).then_some(entry);
    elf.load_start = load
        .iter()
        .map(|range| range.start)
        .min()
        .ok_or("it has nothing to load")?;
    elf.load_end = load.iter().map(|range| range.end).max().unwrap_or(0);
    Ok(elf)
}

/// As many notes are kept; Linux has a dozen and a half.
const NOTES_MAX: usize = 64;

/// The banner that Linux keeps in its read-only data.
pub fn linux_version(bytes: &[u8]) -> Option<String> {
    let data = object::File::parse(bytes).ok().and_then(|file| {
        use object::ObjectSection;
        file.section_by_name(".rodata")?.data().ok()
    })?;
    let banner = b"Linux version ";
    let mut starts = data
        .windows(banner.len())
        .enumerate()
        .filter(|(_, window)| window == banner);
    // Programs have the words, too; a kernel has its number behind them.
    let start = starts.find_map(|(at, _)| {
        data.get(at + banner.len())?
            .is_ascii_digit()
            .then_some(at + banner.len())
    })?;
    let end = data[start..].iter().position(|byte| *byte == b' ' || *byte == 0)?;
    Some(String::from_utf8_lossy(&data[start..start + end]).into_owned())
}
