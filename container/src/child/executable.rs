//! Whether the kernel executes a file by itself, with nothing else that the image could choose: a static x86-64 program.
//!
//! All else leads to a second file: `#!` and PT_INTERP name one, and a handler of binfmt_misc is found by the file's first
//! bytes or by what follows the last dot of its name (`Documentation/admin-guide/binfmt-misc.rst`). That file may be
//! /proc/self/exe. The first bytes are checked as a whole, padding and all (elf(5)): handlers for variants of ELF are told by it.

use crate::sys::{Errno, call};

const HEADER_BYTES: usize = 64;
const PROGRAM_HEADER_BYTES: usize = 56;
const PT_INTERP: u32 = 3;

/// The header of an executable file, or another beginning.
pub type Header = [u8; HEADER_BYTES];

/// Whether the open file of that path is one.
pub fn stands_alone(file: i32, path: &[u8]) -> Result<bool, Errno> {
    let mut header: Header = [0; HEADER_BYTES];
    if has_extension(path) || !read_at(file, &mut header, 0)? {
        return Ok(false);
    }
    let Some((table, count)) = program_headers(&header) else {
        return Ok(false);
    };
    for index in 0..u64::from(count) {
        let mut entry = [0; PROGRAM_HEADER_BYTES];
        let Some(place) = table.checked_add(index * PROGRAM_HEADER_BYTES as u64) else {
            return Ok(false);
        };
        if !read_at(file, &mut entry, place)? || entry.starts_with(&PT_INTERP.to_le_bytes()) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn has_extension(path: &[u8]) -> bool {
    path.rsplit(|byte| *byte == b'/')
        .next()
        .is_some_and(|name| name.contains(&b'.'))
}

/// Where a program of the usual kind has its program headers, and how many; `None` for all else.
fn program_headers(header: &Header) -> Option<(u64, u16)> {
    // EI_CLASS: 64 bits. EI_DATA: little-endian. EI_VERSION, EI_OSABI: System V or Linux, no ABI version, no padding used.
    let [b'\x7f', b'E', b'L', b'F', 2, 1, 1, 0 | 3, 0, 0, 0, 0, 0, 0, 0, 0, ..] = header else {
        return None;
    };
    let half = |at: usize| header.get(at..)?.first_chunk().copied().map(u16::from_le_bytes);
    let word = |at: usize| header.get(at..)?.first_chunk().copied().map(u64::from_le_bytes);
    // e_type: ET_EXEC or ET_DYN. e_machine: EM_X86_64. e_phentsize, e_phoff, e_phnum.
    let is_usual = matches!(half(16)?, 2 | 3) && half(18)? == 62 && usize::from(half(54)?) == PROGRAM_HEADER_BYTES;
    is_usual.then_some((word(32)?, half(56)?))
}

/// Whether there are as many bytes there as the buffer takes.
fn read_at(file: i32, buffer: &mut [u8], place: u64) -> Result<bool, Errno> {
    // SAFETY: pointer and length of a live buffer.
    match unsafe { call!(libc::SYS_pread64, file, buffer.as_mut_ptr(), buffer.len(), place) } {
        // A place that no file has.
        Err(libc::EINVAL) => Ok(false),
        read => Ok(read? == buffer.len()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use super::*;

    fn check(bytes: &[u8], path: &str) -> bool {
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, bytes).unwrap();
        stands_alone(file.as_raw_fd(), path.as_bytes()).unwrap()
    }

    /// This executable, which is static.
    fn own() -> Vec<u8> {
        std::fs::read("/proc/self/exe").unwrap()
    }

    fn changed(at: usize, byte: u8) -> Vec<u8> {
        let mut bytes = own();
        bytes[at] = byte;
        bytes
    }

    #[test]
    fn a_static_program_stands_alone() {
        assert!(check(&own(), "/bin/a"));
        assert!(check(&own(), "/bin.d/a"));
    }

    #[test]
    fn what_may_lead_to_another_file_does_not() {
        for (bytes, path) in [
            (b"#!/bin/sh\n".to_vec(), "/script"),
            (Vec::new(), "/empty"),
            (own()[..60].to_vec(), "/short"),
            (own(), "/bin/a.exe"),
            // An AppImage is told by its padding.
            (changed(8, b'A'), "/appimage"),
            (changed(7, 9), "/freebsd"),
            // 32 bits, i386, an object file.
            (changed(4, 1), "/bits"),
            (changed(18, 3), "/i386"),
            (changed(16, 1), "/object"),
            // Program headers past the end, and at the end of the numbers.
            (changed(37, 0xff), "/nowhere"),
            (changed(39, 0xff), "/negative"),
        ] {
            assert!(!check(&bytes, path), "{path}");
        }
        let mut bytes = own();
        let table = u64::from_le_bytes(bytes[32..40].try_into().unwrap()) as usize;
        bytes[table + PROGRAM_HEADER_BYTES] = PT_INTERP as u8;
        assert!(!check(&bytes, "/dynamic"));
    }
}
