//! Builds the guest kernel with the compiler that builds the lab, and hands its path to `src/kernel.rs`.
//!
//! The kernel is freestanding Rust (`kernel/src`) that must not use SSE registers: it does not save the program's, and
//! some hypervisors cannot execute such instructions in ring 0. It is compiled for the same target as the lab without
//! those features; link-time optimization compiles the parts of `core` that it uses anew, also without them.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

fn main() {
    let kernel = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("kernel");
    let output = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("isolab-kernel.elf");
    println!("cargo::rerun-if-changed=kernel");
    println!("cargo::rerun-if-env-changed=RUSTC");

    let mut rustc = Command::new(env::var("RUSTC").expect("cargo sets it"));
    rustc.args([
        "--edition",
        "2024",
        "--crate-name",
        "isolab_kernel",
        "--crate-type",
        "bin",
    ]);
    rustc.args(["--target", "x86_64-unknown-linux-gnu"]);
    let codegen = [
        "target-feature=-sse,-sse2",
        "code-model=kernel",
        "relocation-model=static",
        "no-redzone=yes",
        "panic=abort",
        "force-unwind-tables=no",
        "opt-level=2",
        "lto=fat",
        "codegen-units=1",
        "strip=symbols",
        "link-arg=-nostdlib",
        "link-arg=-static",
        "link-arg=-no-pie",
        "link-arg=-Wl,-z,max-page-size=4096",
        "link-arg=-Wl,--build-id=none",
    ];
    rustc.args(codegen.iter().flat_map(|option| ["-C", option]));
    rustc
        .arg("-C")
        .arg(format!("link-arg=-Wl,-T,{}", kernel.join("kernel.ld").display()));
    rustc.env(
        "ISOLAB_KERNEL_VERSION",
        env::var("CARGO_PKG_VERSION").expect("cargo sets it"),
    );
    rustc.arg(kernel.join("src/main.rs")).arg("-o").arg(&output);

    let result = rustc
        .output()
        .unwrap_or_else(|error| panic!("cannot run {rustc:?}: {error}"));
    let messages = String::from_utf8_lossy(&result.stderr);
    assert!(
        result.status.success(),
        "the guest kernel does not compile ({}):\n{messages}",
        result.status
    );
    // The compiler warns that x86-64 without SSE is not a supported way to call functions that take floating-point
    // arguments. The kernel has none.
    for line in messages
        .lines()
        .filter(|line| line.starts_with("warning: "))
        .filter(|line| !is_expected(line))
    {
        println!("cargo::warning=guest kernel: {line}");
    }
    fs::metadata(&output).expect("the compiler wrote the guest kernel");
    println!("cargo::rustc-env=ISOLAB_KERNEL={}", output.display());
}

/// The warning about SSE, and the count of warnings at the end.
fn is_expected(line: &str) -> bool {
    line.contains("target feature `sse2`") || line.ends_with(" emitted")
}
