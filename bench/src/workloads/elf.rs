//! Checks that a program is one that every target can run: a static x86-64 ELF executable.
//!
//! The check comes before any target is asked to start, so that a wrong program is refused in the same words everywhere.
//! Field names are those of the System V ABI's object file chapters (gabi, elf(5)).

use crate::error::Error;
use object::LittleEndian;
use object::elf;
use object::read::elf::{FileHeader, ProgramHeader};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Why a file cannot be the workload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing there.
    #[error("there is no such file")]
    Missing,
    /// A directory.
    #[error("it is a directory")]
    Directory,
    /// A socket, a device, a pipe.
    #[error("it is not a regular file")]
    Special,
    /// It could not be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// No bytes.
    #[error("it is empty")]
    Empty,
    /// Begins with `#!`.
    #[error("it is a script for {interpreter}, not a program of its own")]
    Script {
        /// What stands after `#!`.
        interpreter: String,
    },
    /// No ELF magic.
    #[error("it is not an ELF file (it begins with {0})")]
    NotElf(String),
    /// ELFCLASS32.
    #[error("it is a 32-bit ELF for {0}")]
    Bits32(String),
    /// `e_machine` or byte order of another processor.
    #[error("it is an ELF for {0}, not for x86-64")]
    OtherMachine(String),
    /// Not ET_EXEC or ET_DYN.
    #[error("it is an ELF, but {0}, not an executable")]
    NotExecutable(&'static str),
    /// PT_INTERP, or a shared object.
    #[error("it is dynamically linked ({0})")]
    Dynamic(String),
    /// A header or a segment points past the end of the file.
    #[error("it is a truncated ELF: {0}")]
    Truncated(String),
    /// Headers that contradict each other.
    #[error("it is a damaged ELF: {0}")]
    Damaged(&'static str),
}

impl Refusal {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Refusal::Missing => {
                "Check the path; a built-in workload is named before the --, as in: isolab compare hello"
            }
            Refusal::Directory | Refusal::Special => "Name the program file itself.",
            Refusal::Unreadable(_) => "Make it readable for this user (chmod +r).",
            Refusal::Empty | Refusal::Truncated(_) | Refusal::Damaged(_) => {
                "The file is incomplete: build or copy it again."
            }
            Refusal::Script { .. } => {
                "A script needs its interpreter in every target: give the interpreter as the program, as one static \
                 executable, and the script's work as its arguments."
            }
            Refusal::NotElf(_) | Refusal::NotExecutable(_) => "Give a static x86-64 Linux executable.",
            Refusal::Bits32(_) | Refusal::OtherMachine(_) => {
                "Build it for x86-64 (Rust: --target x86_64-unknown-linux-gnu, C: -m64, Go: GOARCH=amd64)."
            }
            Refusal::Dynamic(_) => {
                "Link it statically (Rust: RUSTFLAGS='-C target-feature=+crt-static', C: -static, Go: CGO_ENABLED=0)."
            }
        }
    }

    /// The error for a program at `path`.
    pub fn at(self, path: &Path) -> Error {
        let run_status = if self == Refusal::Missing { 127 } else { 126 };
        Error::new(format!("{} cannot be the workload: {self}", path.display()))
            .remedy(self.remedy())
            .run_status(run_status)
    }
}

/// Reads the program at `path` and checks it.
pub fn read(path: &Path) -> Result<Vec<u8>, Refusal> {
    let unreadable = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Refusal::Missing,
        _ => Refusal::Unreadable(error.to_string()),
    };
    let kind = std::fs::metadata(path).map_err(unreadable)?.file_type();
    if kind.is_dir() {
        return Err(Refusal::Directory);
    }
    if !kind.is_file() {
        return Err(Refusal::Special);
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    check(&bytes)?;
    Ok(bytes)
}

/// The dynamic linker that an executable asks for; `None` where it asks for none, or is no such file.
pub fn interpreter(bytes: &[u8]) -> Option<PathBuf> {
    let header = file_header(bytes).ok()?;
    let segments = header.program_headers(LittleEndian, bytes).ok()?;
    let asks = |segment: &&elf::ProgramHeader64<LittleEndian>| segment.p_type(LittleEndian) == elf::PT_INTERP;
    let path = segments.iter().find(asks)?.data(LittleEndian, bytes).ok()?;
    Some(String::from_utf8_lossy(path).trim_end_matches('\0').into())
}

/// Checks that `bytes` are a whole, static x86-64 ELF executable.
pub fn check(bytes: &[u8]) -> Result<(), Refusal> {
    let header = file_header(bytes)?;
    let endian = LittleEndian;
    let what = match header.e_type(endian) {
        elf::ET_EXEC | elf::ET_DYN => None,
        elf::ET_REL => Some("an object file that is still to be linked"),
        elf::ET_CORE => Some("a core dump"),
        _ => Some("of an unknown type"),
    };
    if let Some(what) = what {
        return Err(Refusal::NotExecutable(what));
    }
    let segments = header
        .program_headers(endian, bytes)
        .map_err(|_| Refusal::Truncated("the program headers lie past its end".into()))?;
    if segments.is_empty() {
        return Err(Refusal::Damaged("it has no program headers"));
    }
    for segment in segments {
        let (offset, length) = segment.file_range(endian);
        match offset.checked_add(length) {
            None => return Err(Refusal::Damaged("a segment's offset and size overflow")),
            Some(end) if end > bytes.len() as u64 => {
                return Err(Refusal::Truncated(format!(
                    "it has {} bytes of at least {end}",
                    bytes.len()
                )));
            }
            Some(_) => {}
        }
        if segment.p_type(endian) == elf::PT_INTERP {
            let interpreter = &bytes[offset as usize..(offset + length) as usize];
            return Err(Refusal::Dynamic(format!("it asks for {}", printable(interpreter))));
        }
    }
    if header.e_type(endian) == elf::ET_DYN && !is_static_pie(segments, bytes) {
        return Err(Refusal::Dynamic("it is a shared library".into()));
    }
    let entry = header.e_entry(endian);
    let entered = segments.iter().any(|segment| {
        let start = segment.p_vaddr(endian);
        segment.p_type(endian) == elf::PT_LOAD
            && segment.p_flags(endian).contains(elf::PF_X)
            && (start..start.saturating_add(segment.p_memsz(endian))).contains(&entry)
    });
    if entered {
        Ok(())
    } else {
        Err(Refusal::Damaged("its entry point lies in no executable segment"))
    }
}

fn file_header(bytes: &[u8]) -> Result<&elf::FileHeader64<LittleEndian>, Refusal> {
    if bytes.is_empty() {
        return Err(Refusal::Empty);
    }
    if let Some(rest) = bytes.strip_prefix(b"#!") {
        let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        return Err(Refusal::Script {
            interpreter: printable(line.trim_ascii()),
        });
    }
    if !bytes.starts_with(&elf::ELFMAG) {
        let start: Vec<String> = bytes.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let known = match bytes {
            [b'M', b'Z', ..] => ", a Windows or EFI program",
            [0x1f, 0x8b, ..] => ", gzip data",
            [b'P', b'K', ..] => ", a zip archive",
            _ => "",
        };
        return Err(Refusal::NotElf(format!("{}{known}", start.join(" "))));
    }
    let short = || Refusal::Truncated(format!("{} bytes are less than the file header", bytes.len()));
    // e_ident[EI_CLASS] and e_ident[EI_DATA]; e_machine stands at the same place in both classes.
    let (class, data) = (*bytes.get(4).ok_or_else(short)?, *bytes.get(5).ok_or_else(short)?);
    let machine: [u8; 2] = bytes
        .get(18..20)
        .and_then(|field| field.try_into().ok())
        .ok_or_else(short)?;
    let big_endian = data == elf::ELFDATA2MSB.0;
    let machine = if big_endian {
        u16::from_be_bytes(machine)
    } else {
        u16::from_le_bytes(machine)
    };
    if class == elf::ELFCLASS32.0 {
        return Err(Refusal::Bits32(machine_name(machine)));
    }
    if machine != elf::EM_X86_64.0 || big_endian {
        return Err(Refusal::OtherMachine(machine_name(machine)));
    }
    if bytes.len() < size_of::<elf::FileHeader64<LittleEndian>>() {
        return Err(short());
    }
    elf::FileHeader64::<LittleEndian>::parse(bytes).map_err(|_| Refusal::Damaged("its file header is not valid"))
}

/// A shared object that is a program says so with DF_1_PIE in DT_FLAGS_1.
fn is_static_pie(segments: &[elf::ProgramHeader64<LittleEndian>], bytes: &[u8]) -> bool {
    let endian = LittleEndian;
    segments
        .iter()
        .filter_map(|segment| segment.dynamic(endian, bytes).ok().flatten())
        .flatten()
        .any(|entry| entry.d_tag.get(endian) == elf::DT_FLAGS_1 && entry.d_val.get(endian) & elf::DF_1_PIE.0 != 0)
}

fn machine_name(machine: u16) -> String {
    match object::elf::Machine(machine) {
        elf::EM_386 => "x86 (i386)".into(),
        elf::EM_X86_64 => "x86-64".into(),
        elf::EM_ARM => "ARM".into(),
        elf::EM_AARCH64 => "ARM64 (aarch64)".into(),
        elf::EM_RISCV => "RISC-V".into(),
        elf::EM_PPC64 => "64-bit PowerPC".into(),
        elf::EM_S390 => "IBM Z (s390)".into(),
        elf::EM_MIPS => "MIPS".into(),
        elf::EM_BPF => "the BPF virtual machine".into(),
        other => format!("machine number {}", other.0),
    }
}

fn printable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .trim_end_matches('\0')
        .chars()
        .take(100)
        .flat_map(char::escape_debug)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workloads;
    use proptest::prelude::*;

    fn hello() -> Vec<u8> {
        workloads::built_in("hello").unwrap().bytes.to_vec()
    }

    fn changed(change: impl FnOnce(&mut Vec<u8>)) -> Result<(), Refusal> {
        let mut bytes = hello();
        change(&mut bytes);
        check(&bytes)
    }

    #[test]
    fn the_built_in_workloads_pass() {
        for own in workloads::BUILT_IN {
            assert_eq!(check(own.bytes), Ok(()), "{}", own.name);
        }
    }

    #[test]
    fn what_is_no_elf_is_named() {
        assert_eq!(check(b""), Err(Refusal::Empty));
        assert_eq!(
            check(b"#!/bin/sh\necho\n"),
            Err(Refusal::Script {
                interpreter: "/bin/sh".into()
            })
        );
        assert!(matches!(check(b"MZ\x90\x00"), Err(Refusal::NotElf(text)) if text.contains("Windows")));
        assert!(matches!(check(b"hello, world"), Err(Refusal::NotElf(_))));
    }

    #[test]
    fn an_elf_of_another_machine_is_named() {
        let arm64 = changed(|bytes| bytes[18] = 183);
        assert_eq!(arm64, Err(Refusal::OtherMachine("ARM64 (aarch64)".into())));
        let arm = changed(|bytes| (bytes[4], bytes[18]) = (1, 40));
        assert_eq!(arm, Err(Refusal::Bits32("ARM".into())));
        let big_endian = changed(|bytes| (bytes[5], bytes[18], bytes[19]) = (2, 0, 22));
        assert_eq!(big_endian, Err(Refusal::OtherMachine("IBM Z (s390)".into())));
    }

    #[test]
    fn an_object_file_and_a_core_dump_are_no_programs() {
        assert!(matches!(changed(|bytes| bytes[16] = 1), Err(Refusal::NotExecutable(_))));
        assert!(matches!(changed(|bytes| bytes[16] = 4), Err(Refusal::NotExecutable(_))));
    }

    #[test]
    fn every_cut_of_the_file_is_refused_until_the_last_segment_is_whole() {
        let whole = hello();
        for length in [3, 4, 5, 19, 63, 64, 65, 200, 4096, whole.len() / 2] {
            let refusal = check(&whole[..length]).unwrap_err();
            assert!(
                matches!(refusal, Refusal::Truncated(_) | Refusal::NotElf(_)),
                "{length}: {refusal}"
            );
        }
    }

    #[test]
    fn a_dynamic_program_says_which_linker_it_asks_for() {
        let path = Path::new("/bin/sh");
        match read(path) {
            Err(Refusal::Dynamic(why)) => assert!(why.contains("/lib"), "{why}"),
            other => panic!("{path:?}: {:?}", other.map(|bytes| bytes.len())),
        }
    }

    #[test]
    fn a_path_that_is_no_program_is_named() {
        assert_eq!(read(Path::new("/nonexistent")), Err(Refusal::Missing));
        assert_eq!(read(Path::new("/dev/null/x")), Err(Refusal::Missing));
        assert_eq!(read(Path::new("/")), Err(Refusal::Directory));
        assert_eq!(read(Path::new("/dev/null")), Err(Refusal::Special));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_judged_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = check(&bytes);
        }

        #[test]
        fn a_damaged_header_is_judged_without_a_panic(
            damage in prop::collection::vec((0..400_usize, any::<u8>()), 1..12),
            length in 0..2000_usize,
        ) {
            let mut bytes = hello();
            for (index, value) in damage {
                bytes[index] = value;
            }
            let _ = check(&bytes);
            bytes.truncate(length);
            let _ = check(&bytes);
        }
    }
}
