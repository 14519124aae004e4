//! Compiles the freestanding executables that the library embeds: `init/main.rs` twice, as the helper that executes some
//! programs and, moved to another place in memory, as pid 1 of every container; and `runtime/main.rs`, which carries out a start.

use std::any::type_name_of_val;
use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};

/// What all are compiled with: for fixed places, without a C library.
const FLAGS: [&str; 8] = [
    "--edition=2024",
    "--target=x86_64-unknown-linux-gnu",
    "-Cpanic=abort",
    "-Ctarget-feature=+crt-static",
    "-Cstrip=symbols",
    "-Cforce-unwind-tables=no",
    "-Clinker-flavor=gcc",
    "-Ccodegen-units=1",
];

/// Headers and code in one page of the file.
const LINK: [&str; 9] = [
    "-nostdlib",
    "-nostartfiles",
    "-static",
    "-no-pie",
    "-Wl,-z,noseparate-code",
    "-Wl,--build-id=none",
    "-Wl,-z,norelro",
    "-Wl,-z,noexecstack",
    "-Wl,--no-eh-frame-hdr",
];

fn main() {
    for input in ["init", "runtime", "src", "build.rs"] {
        println!("cargo::rerun-if-changed={input}");
    }
    let output = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let helper = output.join("helper");
    // None of it writable: there is no data segment.
    compile(
        "init/main.rs",
        "bin",
        &helper,
        &["-Copt-level=s", "-Crelocation-model=pic"],
    );
    move_up(&helper, &output.join("init"));

    let constants = output.join("libc.rs");
    fs::write(&constants, stand_in()).expect("cargo's folder for output can be written to");
    let libc = output.join("liblibc.rlib");
    compile(&constants, "rlib", &libc, &["-Crelocation-model=static"]);
    let given = format!("--extern=libc={}", libc.display());
    let flags = ["-Copt-level=2", "-Clto=fat", "-Crelocation-model=static", &given];
    compile("runtime/main.rs", "bin", &output.join("runtime"), &flags);
}

fn compile(source: impl AsRef<Path>, kind: &str, output: &Path, flags: &[&str]) {
    let source = source.as_ref();
    let mut rustc = Command::new(env::var_os("RUSTC").expect("cargo sets RUSTC"));
    rustc.args(FLAGS).args(flags).arg(format!("--crate-type={kind}"));
    let name = if kind == "rlib" { "libc" } else { "executable" };
    rustc.arg(format!("--crate-name={name}"));
    rustc.args(LINK.map(|argument| format!("-Clink-arg={argument}")));
    rustc.arg("-o").arg(output).arg(source);
    match rustc.status() {
        Ok(status) if status.success() => {}
        Ok(status) => {
            let source = source.display();
            eprintln!(
                "compiling {source} failed ({status}); it needs the same Rust toolchain and C linker as the rest"
            );
            exit(1);
        }
        Err(error) => {
            eprintln!("{rustc:?} did not start: {error}");
            exit(1);
        }
    }
}

macro_rules! constants {
    ($($name:ident)*) => {
        /// Name, type and value of each.
        fn constants() -> Vec<(&'static str, &'static str, i128)> {
            vec![$((stringify!($name), type_name_of_val(&libc::$name), libc::$name as i128)),*]
        }
    };
}
include!("runtime/constants.rs");

/// What stands in for the libc crate in the runtime, which cargo does not build for it.
fn stand_in() -> String {
    let mut text = String::from(
        "#![no_std]\n#![allow(non_camel_case_types, non_upper_case_globals)]\npub use core::ffi::c_char;\n\
         #[derive(Clone, Copy)] #[repr(C)] pub struct sock_filter { pub code: u16, pub jt: u8, pub jf: u8, pub k: u32 }\n\
         #[repr(C)] pub struct sock_fprog { pub len: u16, pub filter: *mut sock_filter }\n\
         #[repr(C)] pub struct pollfd { pub fd: i32, pub events: i16, pub revents: i16 }\n\
         pub const fn makedev(major: u32, minor: u32) -> u64 {\n\
         let (major, minor) = (major as u64, minor as u64);\n\
         (major & 0xffff_f000) << 32 | (major & 0xfff) << 8 | (minor & 0xffff_ff00) << 12 | minor & 0xff\n}\n",
    );
    for (name, kind, value) in constants() {
        let _ = writeln!(text, "pub const {name}: {kind} = {value}_i128 as {kind};");
    }
    text
}

/// Where the executable is to lie: in the last 2 MiB of the address space, where a process without address-space
/// randomisation has its stack, and far enough below that. One page table then serves both, which saves 12 KiB in every
/// waiting pid 1.
const PLACE: u64 = 0x7fff_ffe1_0000;

/// Writes a copy of the executable that is loaded there. Its code does not depend on its place, and linkers differ in how they are told another.
fn move_up(from: &Path, to: &Path) {
    // Fields of Elf64_Ehdr and Elf64_Phdr (elf(5)).
    const ENTRY: usize = 24;
    const HEADERS: usize = 32;
    const COUNT: usize = 56;
    const HEADER_BYTES: usize = 56;
    const PT_LOAD: [u8; 4] = [1, 0, 0, 0];
    const VIRTUAL_ADDRESS: usize = 16;
    const PHYSICAL_ADDRESS: usize = 24;
    let mut file = fs::read(from).expect("the executable just made");
    let word = |file: &[u8], at: usize| u64::from_le_bytes(file[at..at + 8].try_into().expect("8 bytes"));
    let first = word(&file, HEADERS) as usize;
    let headers: Vec<usize> = (0..usize::from(file[COUNT]))
        .map(|index| first + index * HEADER_BYTES)
        .collect();
    let loaded = headers.iter().filter(|&&header| file[header..header + 4] == PT_LOAD);
    let lowest = loaded.map(|header| word(&file, header + VIRTUAL_ADDRESS)).min();
    let distance = PLACE - lowest.expect("a segment to load");
    let addresses = headers
        .iter()
        .flat_map(|header| [header + VIRTUAL_ADDRESS, header + PHYSICAL_ADDRESS]);
    for at in addresses.chain([ENTRY]) {
        let moved = word(&file, at).wrapping_add(distance);
        file[at..at + 8].copy_from_slice(&moved.to_le_bytes());
    }
    fs::write(to, file).expect("the executable just made");
}
