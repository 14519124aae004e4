//! The parts of the guest kernel that are pure logic, on the host: its readers of archives, command lines and programs,
//! and its book of vmas.

#![allow(dead_code, missing_docs)]

#[path = "../kernel/src/boot/cmdline.rs"]
mod cmdline;
#[path = "../kernel/src/files/cpio.rs"]
mod cpio;
#[path = "../kernel/src/program/elf.rs"]
mod elf;
#[path = "../kernel/src/global.rs"]
mod global;
#[path = "../kernel/src/memory/vma.rs"]
mod vma;

use microvm::kernel::Protocol;
use microvm::{Config, Files, Kernel};
use object::{Object, ObjectSegment};
use proptest::prelude::*;
use std::collections::BTreeMap;
use vma::{Origin, Vma, Vmas};

/// The words of a command line as the kernel reads them.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut buffer, mut all) = (cmdline::Words::new(line.as_bytes()), [0; 4096], Vec::new());
    while let Some(length) = words.next(&mut buffer) {
        all.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
    }
    all
}

#[test]
fn words_are_separated_by_spaces_and_kept_together_by_quotes() {
    assert_eq!(
        words("  a  b=\"c d\" \"\" e\\f \"\\\"\\\\\""),
        ["a", "b=c d", "", "e\\f", "\"\\"]
    );
    assert!(words("   ").is_empty());
}

#[test]
fn a_file_in_an_archive_begins_at_a_page() {
    let mut files = Files::new();
    files.add_file("/bin/a", 0o755, b"first").unwrap();
    files.add_file("bin/b", 0o644, &[7; 5000]).unwrap();
    let bytes = files.to_archive().unwrap();
    assert_eq!(bytes.len() % 4096, 0);
    let entries: Vec<_> = cpio::entries(&bytes).collect::<Result<_, _>>().unwrap();
    let names: Vec<_> = entries
        .iter()
        .map(|entry| String::from_utf8_lossy(entry.name))
        .collect();
    assert_eq!(names, ["bin", "bin/a", "bin/b"]);
    for entry in &entries[1..] {
        assert_eq!((entry.data.as_ptr() as usize - bytes.as_ptr() as usize) % 4096, 0);
    }
    assert_eq!(entries[2].data, [7; 5000]);
}

#[test]
fn what_is_not_an_archive_is_told_from_what_is_compressed() {
    fn first(bytes: &[u8]) -> Option<Result<cpio::Entry<'_>, &'static str>> {
        cpio::entries(bytes).next()
    }
    assert_eq!(
        first(&[0x1f, 0x8b].repeat(100)),
        Some(Err("the initramfs is compressed; unpack it first"))
    );
    assert_eq!(
        first(&[b'x'; 200]),
        Some(Err("the initramfs is not a cpio archive in the newc format"))
    );
    assert_eq!(
        first(b"070701"),
        Some(Err("the initramfs ends in the middle of a header"))
    );
    assert_eq!(first(&[0; 512]), None);
}

#[test]
fn archives_are_read_one_after_the_other() {
    let archive = |name: &str, bytes: &[u8]| {
        let mut files = Files::new();
        files.add_file(name, 0o644, bytes).unwrap();
        files.to_archive().unwrap()
    };
    let bytes = [archive("/a", b""), archive("/b", b"second"), vec![0; 512]].concat();
    let entries: Vec<_> = cpio::entries(&bytes).collect::<Result<_, _>>().unwrap();
    let read: Vec<_> = entries.iter().map(|entry| (entry.name, entry.data)).collect();
    assert_eq!(read, [(&b"a"[..], &b""[..]), (b"b", b"second")]);
    // What one archive says of its hard links has no meaning in another.
    assert!(!entries[0].is_link_of(&entries[1]));
}

#[test]
fn a_program_that_cannot_run_is_refused_with_its_reason() {
    let mut elf = isolab_guest_program::PROGRAM.to_vec();
    assert!(elf::Program::read(&elf).is_ok());
    let truncated = &elf[..elf.len() / 4];
    assert_eq!(
        elf::Program::read(truncated),
        Err("a segment of the program lies outside the file: it is truncated")
    );
    assert_eq!(
        elf::Program::read(b"#!/bin/sh\n".repeat(10).as_slice()),
        Err("the program is a script")
    );
    elf[18] = 183;
    assert_eq!(elf::Program::read(&elf), Err("the program is not for x86-64"));
}

/// Protections by page, the simplest book of vmas.
type Model = BTreeMap<u64, u8>;

fn model_of(vmas: &Vmas) -> Model {
    let pages = |vma: &Vma| {
        (vma.start / 4096..vma.end / 4096)
            .map(|page| (page, vma.protection))
            .collect::<Vec<_>>()
    };
    vmas.all().flat_map(pages).collect()
}

proptest! {
    #[test]
    fn every_argument_reads_back_as_it_was_written(args in prop::collection::vec("[^\0]{0,20}", 0..6), env in "[A-Z]{1,5}=[^\0]{0,20}") {
        let config = Config { args: args.clone(), env: vec![env.clone()], ..Config::new(Kernel::Builtin) };
        let mut expected = vec!["stdio=port".to_string(), "rdinit=/init".to_string(), format!("env:{env}")];
        if !args.is_empty() {
            expected.push("--".into());
            expected.extend(args);
        }
        prop_assert_eq!(words(&config.command_line()), expected);
    }

    #[test]
    fn every_archive_reads_back_as_it_was_written(files in prop::collection::btree_map("[a-z]{1,8}", prop::collection::vec(any::<u8>(), 0..9000), 0..6)) {
        let mut added = Files::new();
        for (name, data) in &files {
            added.add_file(name, 0o640, data).unwrap();
        }
        let bytes = added.to_archive().unwrap();
        let read: Vec<_> = cpio::entries(&bytes).map(|entry| entry.map(|entry| (entry.name, entry.data, entry.mode))).collect::<Result<_, _>>().unwrap();
        let expected: Vec<_> = files.iter().map(|(name, data)| (name.as_bytes(), &data[..], 0o100_640)).collect();
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn no_bytes_make_the_archive_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), at in 0usize..300, flip: u8) {
        cpio::entries(&bytes).for_each(drop);
        let mut files = Files::new();
        files.add_file("/a", 0o644, b"data").unwrap();
        let mut bytes = files.to_archive().unwrap();
        bytes[at] ^= flip;
        cpio::entries(&bytes).for_each(drop);
        cpio::entries(&bytes[..at]).for_each(drop);
    }

    #[test]
    fn no_bytes_make_the_program_reader_panic(at in 0usize..700, value: u8, length in 0usize..2000) {
        let mut elf = isolab_guest_program::PROGRAM.to_vec();
        elf[at] = value;
        for file in [&elf[..], &elf[..length]] {
            if let Ok(program) = elf::Program::read(file) {
                program.segments().for_each(drop);
                program.headers_address();
            }
        }
    }

    #[test]
    fn regions_are_as_if_kept_page_by_page(steps in prop::collection::vec((0u64..40, 1u64..10, 0u8..3, 0u8..8), 1..60)) {
        let (mut vmas, mut model) = (Vmas::new(), Model::new());
        for (first, count, what, protection) in steps {
            let (start, end) = (first * 4096, (first + count) * 4096);
            let pages = first..first + count;
            match what {
                0 if vmas.is_free(start, end) => {
                    prop_assert!(pages.clone().all(|page| !model.contains_key(&page)));
                    let vma = Vma { start, end, protection, origin: Origin::Anonymous };
                    prop_assert_eq!(vmas.insert(vma), Ok(()));
                    model.extend(pages.map(|page| (page, protection)));
                }
                1 => {
                    prop_assert_eq!(vmas.remove(start, end), Ok(()));
                    model.retain(|page, _| !pages.contains(page));
                }
                2 if vmas.is_covered(start, end) => {
                    prop_assert!(pages.clone().all(|page| model.contains_key(&page)));
                    prop_assert_eq!(vmas.protect(start, end, protection), Ok(()));
                    model.extend(pages.map(|page| (page, protection)));
                }
                _ => {}
            }
            prop_assert_eq!(model_of(&vmas), model.clone());
            prop_assert!(vmas.all().is_sorted_by(|a, b| a.end <= b.start));
            if let Some(place) = vmas.find_free(3 * 4096, 0, 64 * 4096) {
                prop_assert!(vmas.is_free(place, place + 3 * 4096));
            }
        }
    }
}

/// A machine's memory as a loader leaves it, as far as it holds the kernel.
struct Loaded(Vec<(u64, &'static [u8])>);

impl Loaded {
    fn builtin() -> Self {
        let kernel = object::File::parse(microvm::kernel::builtin()).unwrap();
        let physical = |address| address & 0x7fff_ffff;
        Self(
            kernel
                .segments()
                .map(|part| (physical(part.address()), part.data().unwrap()))
                .collect(),
        )
    }

    fn bytes<const N: usize>(&self, at: u64) -> [u8; N] {
        let find = |&(start, bytes): &(u64, &'static [u8])| {
            let into = usize::try_from(at.checked_sub(start)?).ok()?;
            bytes.get(into..into + N)
        };
        self.0.iter().find_map(find).unwrap().try_into().unwrap()
    }

    /// The top-level page table: the kernel's first instruction is `mov eax, TABLE`.
    fn page_table(&self) -> u64 {
        let inspection = microvm::kernel::inspect(microvm::kernel::builtin()).unwrap();
        let Protocol::Pvh(entry) = inspection.check_bootable(1 << 30).unwrap().protocol else {
            panic!("the built-in kernel is entered by PVH")
        };
        assert_eq!(self.bytes::<1>(entry), [0xb8]);
        u32::from_le_bytes(self.bytes(entry + 1)).into()
    }

    /// Adds what a table maps from an address on: address, size, entry; NO_EXECUTE from any level on the way.
    fn walk(&self, table: u64, level: u32, base: u64, no_execute: u64, mapped: &mut Vec<(u64, u64, u64)>) {
        for n in 0..512 {
            let entry = u64::from_le_bytes(self.bytes(table + 8 * n));
            let (address, size) = (base + (n << (12 + 9 * level)), 1 << (12 + 9 * level));
            let combined = entry | no_execute;
            match (entry & PRESENT, level, entry & LARGE) {
                (0, _, _) => {}
                (_, 0, _) | (_, 1, LARGE) => mapped.push((address, size, combined)),
                _ => self.walk(entry & 0xf_ffff_f000, level - 1, address, combined & NO_EXECUTE, mapped),
            }
        }
    }

    /// What the kernel maps for good; the identity map in the first entry is dropped before the program starts.
    fn maps(&self) -> Vec<(u64, u64, u64)> {
        let last = self.page_table() + 8 * 511;
        let entry = u64::from_le_bytes(self.bytes(last));
        let mut mapped = Vec::new();
        self.walk(
            entry & 0xf_ffff_f000,
            2,
            0xffff_ff80_0000_0000,
            entry & NO_EXECUTE,
            &mut mapped,
        );
        mapped
    }
}

const PRESENT: u64 = 1;
const WRITABLE: u64 = 2;
const LARGE: u64 = 1 << 7;
const NO_EXECUTE: u64 = 1 << 63;
/// Where the kernel is linked.
const IMAGE: u64 = 0xffff_ffff_8000_0000;

#[test]
fn nothing_that_the_kernel_maps_can_be_both_written_and_executed() {
    let maps = Loaded::builtin().maps();
    assert!(maps.iter().any(|(_, _, entry)| entry & NO_EXECUTE == 0));
    for (address, size, entry) in maps {
        let both = entry & WRITABLE != 0 && entry & NO_EXECUTE == 0;
        assert!(!both, "{size:#x} bytes at {address:#x}");
    }
}

#[test]
fn below_each_stack_of_the_kernel_lies_a_page_that_is_not_mapped() {
    let kernel = Loaded::builtin();
    let image: Vec<_> = kernel
        .maps()
        .into_iter()
        .filter(|(address, ..)| *address >= IMAGE)
        .collect();
    let starts = image.iter().map(|(address, ..)| *address);
    let ends: Vec<_> = image.iter().map(|(address, size, _)| address + size).collect();
    let holes: Vec<_> = starts
        .filter(|start| !ends.contains(start) && ends.contains(&(start - 4096)))
        .collect();
    // Kernel, kernel in ring 3, double fault.
    assert_eq!(holes.len(), 3, "{holes:x?}");
}

#[test]
fn a_double_fault_has_a_stack_of_its_own() {
    let kernel = Loaded::builtin();
    // Gates are 16 bytes, and gate n leads to an address that ends in n * 16 (SDM volume 3, 7.14.1).
    let gate = |at: &[u8], n: u16| at[..2] == (n * 16).to_le_bytes() && at[2..4] == 8u16.to_le_bytes();
    let is_table = |bytes: &&[u8]| {
        (0..32).all(|n| {
            bytes
                .get(usize::from(n) * 16..)
                .is_some_and(|at| at.len() >= 16 && gate(at, n))
        })
    };
    let tables = kernel
        .0
        .iter()
        .flat_map(|(_, bytes)| bytes.chunks(16).enumerate().map(|(n, _)| &bytes[n * 16..]));
    let table = tables
        .filter(|bytes| bytes.len() >= 512)
        .find(is_table)
        .expect("a table of gates");
    let stacks: Vec<_> = (0..32).map(|n| table[n * 16 + 4]).collect();
    assert_eq!(stacks.iter().position(|stack| *stack != 0), Some(8), "{stacks:?}");
}

#[test]
fn a_value_of_the_kernels_is_borrowed_once_at_a_time() {
    static VALUE: global::Global<u8> = global::Global::new(1);
    *VALUE.borrow() = 2;
    let borrow = VALUE.borrow();
    assert_eq!(*borrow, 2);
    // (Both are references to statics; nothing is left half changed.)
    let again = std::panic::catch_unwind(|| drop(VALUE.borrow()));
    assert!(again.is_err());
    drop(borrow);
}
