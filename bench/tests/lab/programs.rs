//! Programs for tests, made byte by byte: the smallest static ELF, and files that are none.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const LOAD_ADDRESS: u64 = 0x40_0000;
const HEADERS_BYTES: u64 = 64 + 56;

/// `ud2`: an illegal instruction, SIGILL.
pub const ILLEGAL: &[u8] = &[0x0f, 0x0b];

/// A static x86-64 executable of these instructions (elf(5): an ELF64 header, one program header, the code).
pub fn elf(code: &[u8]) -> Vec<u8> {
    let bytes = HEADERS_BYTES + code.len() as u64;
    let mut file = Vec::new();
    // e_ident: magic, ELFCLASS64, ELFDATA2LSB, EV_CURRENT.
    file.extend([0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    // e_type ET_EXEC, e_machine EM_X86_64, e_version.
    file.extend([2, 0, 62, 0, 1, 0, 0, 0]);
    file.extend((LOAD_ADDRESS + HEADERS_BYTES).to_le_bytes()); // e_entry
    file.extend(64_u64.to_le_bytes()); // e_phoff
    file.extend(0_u64.to_le_bytes()); // e_shoff
    file.extend(0_u32.to_le_bytes()); // e_flags
    for half in [64_u16, 56, 1, 0, 0, 0] {
        file.extend(half.to_le_bytes()); // e_ehsize, e_phentsize, e_phnum, e_shentsize, e_shnum, e_shstrndx
    }
    for word in [1_u32, 5] {
        file.extend(word.to_le_bytes()); // p_type PT_LOAD, p_flags PF_R | PF_X
    }
    for long in [0, LOAD_ADDRESS, LOAD_ADDRESS, bytes, bytes, 4096] {
        file.extend(long.to_le_bytes()); // p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_align
    }
    file.extend(code);
    file
}

/// An executable file with these bytes.
pub fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("a file");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("permissions");
    path
}
