//! Compiles `program.rs` and its modules statically.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=program.rs");
    println!("cargo::rerun-if-changed=hostile.rs");
    println!("cargo::rerun-if-changed=random_calls.rs");
    println!("cargo::rerun-if-changed=semantics.rs");
    let output = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("guest-program");
    let mut rustc = Command::new(env::var("RUSTC").expect("cargo sets it"));
    rustc.args([
        "--edition",
        "2024",
        "--crate-name",
        "guest_program",
        "--target",
        "x86_64-unknown-linux-gnu",
    ]);
    for option in [
        "target-feature=+crt-static",
        "relocation-model=static",
        "panic=abort",
        "opt-level=2",
        "strip=symbols",
    ] {
        rustc.args(["-C", option]);
    }
    let status = rustc
        .arg("program.rs")
        .arg("-o")
        .arg(&output)
        .status()
        .expect("the compiler can be run");
    assert!(status.success(), "the test program does not compile: {status}");
    println!("cargo::rustc-env=GUEST_PROGRAM={}", output.display());
}
