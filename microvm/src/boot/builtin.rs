//! Puts the built-in kernel where it belongs, and reads how it is started at once ([`Shortcut`]).

use super::load_elf;
use crate::abi::{SHORTCUT_NOTE, Shortcut};
use crate::memory::Ram;
use object::LittleEndian;
use object::elf::FileHeader64;
use object::read::elf::{FileHeader, ProgramHeader};
use std::io::Cursor;
use vm_memory::GuestAddress;

/// Puts its segments into the guest's memory. Its pages are copies: a page of a file that all machines share would be mapped
/// read-only on the host, and a KVM with shadow page tables maps the pages around one that a guest touches only where the
/// host may write to them. A few microseconds of copying save ten visits of the host's.
pub fn load(kernel: &'static [u8], memory: &Ram) -> Result<Shortcut, String> {
    let shortcut = shortcut(kernel).ok_or("it does not say how it is started")?;
    for [start, end] in shortcut.touched {
        memory.populate(GuestAddress(start), end.saturating_sub(start) as usize);
    }
    load_elf(memory, &mut Cursor::new(kernel))?;
    Ok(shortcut)
}

/// The note of that type.
fn shortcut(kernel: &[u8]) -> Option<Shortcut> {
    let header = FileHeader64::<LittleEndian>::parse(kernel).ok()?;
    for segment in header.program_headers(LittleEndian, kernel).ok()? {
        let mut notes = segment.notes(LittleEndian, kernel).ok().flatten();
        while let Some(note) = notes.as_mut().and_then(|notes| notes.next().ok().flatten()) {
            let said = note.desc();
            if note.name() == b"isolab"
                && note.n_type(LittleEndian).0 == SHORTCUT_NOTE
                && said.len() == size_of::<Shortcut>()
            {
                // SAFETY: as many bytes are there, and every pattern of them is a value.
                return Some(unsafe { said.as_ptr().cast::<Shortcut>().read_unaligned() });
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::builtin;

    #[test]
    fn what_is_loaded_is_what_the_file_says() {
        use object::{Object, ObjectSegment};
        use vm_memory::Bytes;
        let memory = Ram::reserve(4 << 20).unwrap();
        load(builtin(), &memory).unwrap();
        let kernel = object::File::parse(builtin()).unwrap();
        for segment in kernel.segments() {
            let bytes = segment.data().unwrap();
            let mut loaded = vec![0; segment.size() as usize];
            let at = segment.address() & 0x7fff_ffff;
            memory.read_slice(&mut loaded, GuestAddress(at)).unwrap();
            let (file, zeroes) = loaded.split_at(bytes.len());
            assert!(file == bytes && zeroes.iter().all(|byte| *byte == 0), "{at:#x}");
        }
    }

    #[test]
    fn what_a_start_touches_lies_in_the_kernel_and_is_little() {
        let shortcut = shortcut(builtin()).unwrap();
        let place = crate::kernel::inspect(builtin())
            .unwrap()
            .check_bootable(64 << 20)
            .unwrap();
        let mut bytes = 0;
        for [start, end] in shortcut.touched {
            assert!(start.is_multiple_of(4096) && start < end, "{start:#x} {end:#x}");
            assert!(
                place.load.start <= start && end <= place.load.end,
                "{start:#x} {end:#x}"
            );
            bytes += end - start;
        }
        assert!(bytes < 192 << 10, "{bytes}");
    }
}
