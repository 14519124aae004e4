//! Programs for tests, made byte by byte: the smallest static ELF, and files that are none.

use libtest_mimic::Failed;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const LOAD_ADDRESS: u64 = 0x40_0000;
const HEADERS_BYTES: u64 = 64 + 56;

/// `ud2`: an illegal instruction, SIGILL.
pub const ILLEGAL: &[u8] = &[0x0f, 0x0b];

/// io_uring_setup(2), which the built-in guest kernel does not have; then exit_group(0).
pub const UNKNOWN_CALL: &[u8] = &[
    0xb8, 0xa9, 0x01, 0, 0, 0x0f, 0x05, // mov eax, 425; syscall
    0xb8, 0xe7, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05, // mov eax, 231; xor edi, edi; syscall
];

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

/// Instructions that call getpid(2) so often, write one byte and end.
pub fn calling(times: u32) -> Vec<u8> {
    let getpid = [0xb8, 39, 0, 0, 0, 0x0f, 0x05]; // mov eax, 39; syscall
    [repeat(times, &getpid), WRITE_AND_EXIT.into()].concat()
}

/// Instructions that write to so many new pages of 4 KiB, then write one byte and end.
pub fn touching(pages: u32) -> Vec<u8> {
    [touch(pages), WRITE_AND_EXIT.into()].concat()
}

/// Instructions that write to so many new pages, and go on.
fn touch(pages: u32) -> Vec<u8> {
    let length = (pages * 4096).to_le_bytes();
    let mut code = vec![0xb8, 9, 0, 0, 0, 0x31, 0xff, 0xbe]; // mov eax, 9 (mmap); xor edi, edi; mov esi, length
    code.extend(length);
    code.extend([0xba, 3, 0, 0, 0]); // mov edx, PROT_READ | PROT_WRITE
    code.extend([0x41, 0xba, 0x22, 0, 0, 0]); // mov r10d, MAP_PRIVATE | MAP_ANONYMOUS
    code.extend([0x41, 0xb8, 0xff, 0xff, 0xff, 0xff]); // mov r8d, -1
    code.extend([0x45, 0x31, 0xc9, 0x0f, 0x05]); // xor r9d, r9d; syscall
    code.extend([0x49, 0x89, 0xc5, 0x4c, 0x89, 0xef, 0xbe]); // mov r13, rax; mov rdi, r13; mov esi, length
    code.extend(length);
    code.extend([0xba, 15, 0, 0, 0]); // mov edx, MADV_NOHUGEPAGE: one fault for each page
    code.extend([0xb8, 28, 0, 0, 0, 0x0f, 0x05]); // mov eax, 28 (madvise); syscall
    let touch = [0x41, 0xc6, 0x45, 0, 1, 0x49, 0x81, 0xc5, 0, 0x10, 0, 0]; // mov byte [r13], 1; add r13, 4096
    code.extend(repeat(pages, &touch));
    code
}

/// Instructions that write this text and end.
pub fn saying(text: &[u8]) -> Vec<u8> {
    let mut code = WRITE_AND_EXIT[..WRITE_AND_EXIT.len() - 1].to_vec();
    code[18..22].copy_from_slice(&(text.len() as u32).to_le_bytes());
    code.extend(text);
    code
}

/// Instructions that start a thread that never waits, and go on with these.
pub fn with_busy_thread(code: &[u8]) -> Vec<u8> {
    let mut all = vec![0xb8, 56, 0, 0, 0]; // mov eax, 56 (clone)
    all.extend([0xbf, 0, 0x0f, 0x05, 0]); // mov edi, CLONE_VM | _FS | _FILES | _SIGHAND | _THREAD | _SYSVSEM
    all.extend([0x48, 0x8d, 0xb4, 0x24, 0, 0xf0, 0xff, 0xff]); // lea rsi, [rsp - 4096]
    all.extend([0x31, 0xd2, 0x4d, 0x31, 0xd2, 0x4d, 0x31, 0xc0]); // xor edx, edx; xor r10, r10; xor r8, r8
    all.extend([0x0f, 0x05, 0x85, 0xc0, 0x75, 2, 0xeb, 0xfe]); // syscall; test eax, eax; jnz past the loop; jmp to itself
    all.extend(code);
    all
}

/// exit_group(0).
pub const EXIT: &[u8] = &[0x31, 0xff, 0xb8, 231, 0, 0, 0, 0x0f, 0x05]; // xor edi, edi; mov eax, 231; syscall

/// pause(2), for ever.
pub const PAUSE: &[u8] = &[0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7]; // mov eax, 34; syscall; jmp to the start

/// Instructions that write to so many new pages and read a byte of each of the last so many pages of their own file, then write
/// one byte and end; to be followed by these pages.
pub fn touching_and_reading(touched: u32, pages: u32) -> Vec<u8> {
    let mut code = touch(touched);
    code.extend([0x49, 0xbd]); // mov r13, address
    code.extend((LOAD_ADDRESS + 4096).to_le_bytes());
    code.extend(repeat(pages, &[0x41, 0x8a, 0x45, 0, 0x49, 0x81, 0xc5, 0, 0x10, 0, 0])); // mov al, [r13]; add r13, 4096
    code.extend(WRITE_AND_EXIT);
    code.resize(4096 - HEADERS_BYTES as usize, 0);
    code
}

/// `write(1, ".", 1)`, `exit_group(0)`, and the dot.
pub const WRITE_AND_EXIT: [u8; 34] = [
    0xb8, 1, 0, 0, 0, 0xbf, 1, 0, 0, 0, // mov eax, 1; mov edi, 1
    0x48, 0x8d, 0x35, 16, 0, 0, 0, // lea rsi, [rip + 16]
    0xba, 1, 0, 0, 0, 0x0f, 0x05, // mov edx, 1; syscall
    0x31, 0xff, 0xb8, 231, 0, 0, 0, 0x0f, 0x05, b'.', // xor edi, edi; mov eax, 231; syscall
];

/// These instructions so often; they may use every register but r12.
fn repeat(times: u32, body: &[u8]) -> Vec<u8> {
    let length = body.len() as u8;
    let mut code = vec![0x41, 0xbc]; // mov r12d, times
    code.extend(times.to_le_bytes());
    code.extend([0x45, 0x85, 0xe4, 0x74, length + 5]); // test r12d, r12d; jz past the loop
    code.extend(body);
    code.extend([0x41, 0xff, 0xcc, 0xeb, 0_u8.wrapping_sub(length + 10)]); // dec r12d; jmp to the test
    code
}

/// An executable file with these bytes.
pub fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("a file");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("permissions");
    path
}

/// A static executable of C source.
pub fn compiled(folder: &Path, name: &str, source: &str) -> Result<PathBuf, Failed> {
    compiled_with(
        folder,
        &format!("{name}.c"),
        source,
        &["cc", "-static", "-O1", "-w"],
        &[],
    )
}

/// An executable of source in a file of this name, by this compiler, with `more` options behind the file.
pub fn compiled_with(
    folder: &Path,
    file: &str,
    source: &str,
    compiler: &[&str],
    more: &[&str],
) -> Result<PathBuf, Failed> {
    let source_path = folder.join(file);
    let path = source_path.with_extension("");
    std::fs::write(&source_path, source)?;
    let mut command = Command::new(compiler[0]);
    command
        .args(&compiler[1..])
        .arg("-o")
        .arg(&path)
        .arg(&source_path)
        .args(more);
    let output = command.output()?;
    match output.status.success() {
        true => Ok(path),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
    }
}
