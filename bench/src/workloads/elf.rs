//! Checks that a program is one that every target can run: a static x86-64 ELF executable.
//!
//! The check comes before any target is asked to start, so that a wrong program is refused in the same words everywhere.
//! Field names are those of the System V ABI's object file chapters (gabi, elf(5)).

use crate::error::{Cause, Error};
use object::LittleEndian;
use object::elf;
use object::read::elf::{FileHeader, ProgramHeader};
use reports::model::{Argument, Message};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Why a file cannot be the workload.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// Nothing there.
    Missing,
    /// A directory.
    Directory,
    /// A socket, a device, a pipe.
    Special,
    /// It could not be read.
    Unreadable(Message),
    /// No bytes.
    Empty,
    /// Begins with `#!`.
    Script {
        /// What stands after `#!`.
        interpreter: String,
    },
    /// No ELF magic; how it begins.
    NotElf(Message),
    /// ELFCLASS32.
    Bits32(String),
    /// `e_machine` or byte order of another processor.
    OtherMachine(String),
    /// Not ET_EXEC or ET_DYN.
    NotExecutable(Message),
    /// PT_INTERP, or a shared object.
    Dynamic(Message),
    /// A header or a segment points past the end of the file.
    Truncated(Message),
    /// Headers that contradict each other.
    Damaged(Message),
}

impl Refusal {
    /// What the file is.
    pub fn message(&self) -> Message {
        let named = |id, name: &str, what: Argument| Message::new(id).with(name, what);
        match self.clone() {
            Refusal::Missing => Message::new("elf-missing"),
            Refusal::Directory => Message::new("is-folder"),
            Refusal::Special => Message::new("elf-special"),
            Refusal::Unreadable(why) => named("elf-unreadable", "answer", why.into()),
            Refusal::Empty => Message::new("elf-empty"),
            Refusal::Script { interpreter } => named("elf-script", "interpreter", interpreter.into()),
            Refusal::NotElf(start) => named("elf-not", "start", start.into()),
            Refusal::Bits32(machine) => named("elf-32-bits", "machine", machine.into()),
            Refusal::OtherMachine(machine) => named("elf-other-machine", "machine", machine.into()),
            Refusal::NotExecutable(what) => named("elf-not-executable", "what", what.into()),
            Refusal::Dynamic(why) => named("elf-dynamic", "why", why.into()),
            Refusal::Truncated(why) => named("elf-truncated", "why", why.into()),
            Refusal::Damaged(why) => named("elf-damaged", "why", why.into()),
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> Message {
        Message::new(match self {
            Refusal::Missing => "do-check-path",
            Refusal::Directory | Refusal::Special => "do-name-program",
            Refusal::Unreadable(_) => "do-make-readable",
            Refusal::Empty | Refusal::Truncated(_) | Refusal::Damaged(_) => "do-build-again",
            Refusal::Script { .. } => "do-give-interpreter",
            Refusal::NotElf(_) | Refusal::NotExecutable(_) => "do-static-executable",
            Refusal::Bits32(_) | Refusal::OtherMachine(_) => "do-build-for-x86-64",
            Refusal::Dynamic(_) => "do-link-statically",
        })
    }

    /// The error for a program at `path`.
    pub fn at(self, path: &Path) -> Error {
        let run_status = if self == Refusal::Missing { 127 } else { 126 };
        let why = Message::new("cannot-be-workload")
            .with("path", path.display().to_string())
            .with("why", self.message());
        Error::new(why).remedy(self.remedy()).run_status(run_status)
    }
}

/// Reads the program at `path` and checks it.
pub fn read(path: &Path) -> Result<Vec<u8>, Refusal> {
    let unreadable = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Refusal::Missing,
        _ => Refusal::Unreadable(error.message()),
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
        elf::ET_REL => Some("elf-object"),
        elf::ET_CORE => Some("elf-core"),
        _ => Some("elf-unknown-type"),
    };
    if let Some(what) = what {
        return Err(Refusal::NotExecutable(Message::new(what)));
    }
    let segments = header
        .program_headers(endian, bytes)
        .map_err(|_| Refusal::Truncated(Message::new("elf-headers-past-end")))?;
    if segments.is_empty() {
        return Err(Refusal::Damaged(Message::new("elf-no-headers")));
    }
    for segment in segments {
        let (offset, length) = segment.file_range(endian);
        match offset.checked_add(length) {
            None => return Err(Refusal::Damaged(Message::new("elf-overflow"))),
            Some(end) if end > bytes.len() as u64 => {
                return Err(Refusal::Truncated(
                    Message::new("elf-short")
                        .with("bytes", bytes.len())
                        .with("least", end as f64),
                ));
            }
            Some(_) => {}
        }
        if segment.p_type(endian) == elf::PT_INTERP {
            let interpreter = &bytes[offset as usize..(offset + length) as usize];
            return Err(Refusal::Dynamic(
                Message::new("elf-asks-for").with("path", printable(interpreter)),
            ));
        }
    }
    if header.e_type(endian) == elf::ET_DYN && !is_static_pie(segments, bytes) {
        return Err(Refusal::Dynamic(Message::new("elf-shared-library")));
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
        Err(Refusal::Damaged(Message::new("elf-entry")))
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
            [b'M', b'Z', ..] => "elf-begins-windows",
            [0x1f, 0x8b, ..] => "elf-begins-gzip",
            [b'P', b'K', ..] => "elf-begins-zip",
            _ => "elf-begins",
        };
        return Err(Refusal::NotElf(Message::new(known).with("bytes", start.join(" "))));
    }
    let short = || Refusal::Truncated(Message::new("elf-shorter-than-header").with("bytes", bytes.len()));
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
    elf::FileHeader64::<LittleEndian>::parse(bytes).map_err(|_| Refusal::Damaged(Message::new("elf-header")))
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
        elf::EM_BPF => "BPF".into(),
        other => format!("e_machine {}", other.0),
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
        assert!(matches!(check(b"MZ\x90\x00"), Err(Refusal::NotElf(text)) if text.id.contains("windows")));
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
                "{length}: {refusal:?}"
            );
        }
    }

    #[test]
    fn a_dynamic_program_says_which_linker_it_asks_for() {
        let path = Path::new("/bin/sh");
        match read(path) {
            Err(Refusal::Dynamic(why)) => assert!(format!("{why:?}").contains("/lib"), "{why:?}"),
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
