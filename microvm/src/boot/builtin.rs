//! Loads the built-in kernel. Its code is mapped from this executable's file, where it begins at a page: nothing is copied, and
//! all machines of a host share it in the page cache.

use crate::memory::Ram;
use object::LittleEndian;
use object::elf::{FileHeader64, PF_W, PT_LOAD};
use object::read::elf::{FileHeader, ProgramHeader};
use std::fs::File;
use std::os::unix::fs::FileExt;
use vm_memory::GuestAddress;

/// Bytes of a page.
const PAGE: usize = 4096;

/// Puts its segments into the guest's memory, which is zero.
pub fn load(kernel: &'static [u8], memory: &Ram) -> Result<(), String> {
    let damaged = |error: object::Error| error.to_string();
    let header = FileHeader64::<LittleEndian>::parse(kernel).map_err(damaged)?;
    let own = own_file(kernel);
    for segment in header.program_headers(LittleEndian, kernel).map_err(damaged)? {
        if segment.p_type(LittleEndian) != PT_LOAD {
            continue;
        }
        let bytes = segment
            .data(LittleEndian, kernel)
            .map_err(|()| "a segment lies outside the file")?;
        let at = segment.p_paddr(LittleEndian);
        let mut mapped = 0;
        // What the guest writes would be copied then, one page at a time.
        if let Some((file, offset)) = &own
            && !segment.p_flags(LittleEndian).contains(PF_W)
        {
            let whole = bytes.len() / PAGE * PAGE;
            let offset = offset + segment.p_offset(LittleEndian);
            if memory.map_file(file, offset, whole, GuestAddress(at)).is_ok() {
                mapped = whole;
            }
        }
        let written = memory.write(&bytes[mapped..], GuestAddress(at + mapped as u64));
        written.ok_or("it does not fit")?;
    }
    Ok(())
}

/// This executable's file, and where in it bytes of its memory lie; none where the file cannot be read or is another.
fn own_file(bytes: &'static [u8]) -> Option<(File, u64)> {
    // SAFETY: asks for a number (getauxval(3)).
    let auxiliary = |kind| unsafe { libc::getauxval(kind) };
    let (headers, count) = (auxiliary(libc::AT_PHDR), auxiliary(libc::AT_PHNUM));
    if headers == 0 {
        return None;
    }
    // SAFETY: the kernel has put the executable's program headers there.
    let headers = unsafe { std::slice::from_raw_parts(headers as *const libc::Elf64_Phdr, count as usize) };
    // Headers name addresses before the executable is moved to where it runs.
    let own = headers.iter().find(|header| header.p_type == libc::PT_PHDR);
    let moved = own.map_or(0, |own| (headers.as_ptr() as u64).wrapping_sub(own.p_vaddr));
    let at = (bytes.as_ptr() as u64).wrapping_sub(moved);
    let offset = headers.iter().find_map(|header| {
        let into = at.checked_sub(header.p_vaddr)?;
        let holds = header.p_type == libc::PT_LOAD && into + bytes.len() as u64 <= header.p_filesz;
        holds.then_some(header.p_offset + into)
    })?;
    let file = File::open("/proc/self/exe").ok()?;
    // Where it was started through another program, that one is what the link leads to.
    let mut begin = [0; 64];
    file.read_exact_at(&mut begin, offset).ok()?;
    (bytes.starts_with(&begin) && offset.is_multiple_of(PAGE as u64)).then_some((file, offset))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::builtin;

    #[test]
    fn the_kernels_code_in_the_guest_is_the_executables_own_pages() {
        let memory = Ram::reserve(4 << 20).unwrap();
        load(builtin(), &memory).unwrap();
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let own = std::fs::read_link("/proc/self/exe").unwrap();
        // Elsewhere than where the executable itself lies.
        let again = maps
            .lines()
            .filter(|line| line.ends_with(&own.display().to_string()) && line.contains("rw-p"));
        assert!(again.count() >= 1, "{maps}");
    }

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
}
