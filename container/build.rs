//! Compiles `init/main.rs` into a freestanding executable that the library embeds twice: as the helper that executes some
//! programs, and, moved to another place in memory, as pid 1 of every container.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};

fn main() {
    for input in ["init", "src/sys/raw.rs", "src/sys/credentials.rs"] {
        println!("cargo::rerun-if-changed={input}");
    }
    println!("cargo::rerun-if-changed=build.rs");
    let output = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("helper");
    let mut rustc = Command::new(env::var_os("RUSTC").expect("cargo sets RUSTC"));
    rustc.args([
        "--edition=2024",
        "--crate-type=bin",
        "--crate-name=init",
        "--target=x86_64-unknown-linux-gnu",
    ]);
    rustc.args([
        "-Copt-level=s",
        "-Cpanic=abort",
        "-Crelocation-model=pic",
        "-Ctarget-feature=+crt-static",
    ]);
    rustc.args(["-Cstrip=symbols", "-Cforce-unwind-tables=no", "-Clinker-flavor=gcc"]);
    // Headers and code in one page of the file, none of it writable.
    for argument in [
        "-nostdlib",
        "-nostartfiles",
        "-static",
        "-no-pie",
        "-Wl,-z,noseparate-code",
        "-Wl,--build-id=none",
        "-Wl,-z,norelro",
        "-Wl,-z,noexecstack",
        "-Wl,--no-eh-frame-hdr",
    ] {
        rustc.arg(format!("-Clink-arg={argument}"));
    }
    rustc.arg("-o").arg(&output).arg("init/main.rs");
    match rustc.status() {
        Ok(status) if status.success() => move_up(&output, &output.with_file_name("init")),
        Ok(status) => {
            eprintln!(
                "compiling init/main.rs failed ({status}); it needs the same Rust toolchain and C linker as the rest"
            );
            exit(1);
        }
        Err(error) => {
            eprintln!("{rustc:?} did not start: {error}");
            exit(1);
        }
    }
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
