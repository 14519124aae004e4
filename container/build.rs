//! Compiles `init/main.rs`, pid 1 of every container, into a freestanding executable that the library embeds.

use std::env;
use std::path::PathBuf;
use std::process::{Command, exit};

fn main() {
    println!("cargo::rerun-if-changed=init/main.rs");
    println!("cargo::rerun-if-changed=build.rs");
    let output = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("init");
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
        "-Crelocation-model=static",
        "-Ctarget-feature=+crt-static",
    ]);
    rustc.args(["-Cstrip=symbols", "-Cforce-unwind-tables=no", "-Clinker-flavor=gcc"]);
    // Headers and code in one page of the file, none of it writable.
    for argument in [
        "-nostdlib",
        "-nostartfiles",
        "-static",
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
        Ok(status) if status.success() => {}
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
