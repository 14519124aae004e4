//! Builds the guest kernel and the first program of Linux guests with the compiler that builds isolab, and hands their
//! paths to `src/kernel` and `src/linux/start.rs`.
//!
//! The kernel is freestanding Rust (`kernel/src`) that must not use SSE registers: it does not save the program's, and
//! some hypervisors cannot execute such instructions in ring 0. It is compiled for the same target as isolab without
//! those features; link-time optimization compiles the parts of `core` that it uses anew, also without them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn main() {
    let sources = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    println!("cargo::rerun-if-env-changed=RUSTC");

    let kernel = sources.join("kernel");
    println!("cargo::rerun-if-changed=abi.rs");
    println!("cargo::rerun-if-changed=kernel");
    let script = format!("link-arg=-Wl,-T,{}", kernel.join("kernel.ld").display());
    let options = [
        "target-feature=-sse,-sse2",
        "code-model=kernel",
        "no-redzone=yes",
        // Fewer pages of code to touch count for more than faster code.
        "opt-level=s",
        "link-arg=-Wl,-z,max-page-size=4096",
        &script,
    ];
    let built = compile("isolab-kernel", &kernel.join("src/main.rs"), &options);
    println!("cargo::rustc-env=ISOLAB_KERNEL={}", built.display());

    println!("cargo::rerun-if-changed=init");
    let built = compile("isolab-init", &sources.join("init/main.rs"), &["opt-level=s"]);
    println!("cargo::rustc-env=ISOLAB_INIT={}", built.display());
}

/// Compiles a freestanding program; gives its path.
fn compile(name: &str, source: &Path, options: &[&str]) -> PathBuf {
    let output = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join(format!("{name}.elf"));
    let common = [
        "relocation-model=static",
        "panic=abort",
        "force-unwind-tables=no",
        "lto=fat",
        "codegen-units=1",
        "strip=symbols",
        "link-arg=-nostdlib",
        "link-arg=-nostartfiles",
        "link-arg=-static",
        "link-arg=-no-pie",
        "link-arg=-Wl,--build-id=none",
    ];
    let mut rustc = Command::new(env::var("RUSTC").expect("cargo sets it"));
    rustc.args(["--edition", "2024", "--crate-type", "bin"]);
    rustc.args(["--crate-name", &name.replace('-', "_")]);
    rustc.args(["--target", "x86_64-unknown-linux-gnu"]);
    rustc.args(common.iter().chain(options).flat_map(|option| ["-C", option]));
    rustc.env(
        "ISOLAB_KERNEL_VERSION",
        env::var("CARGO_PKG_VERSION").expect("cargo sets it"),
    );
    rustc.arg(source).arg("-o").arg(&output);

    let result = rustc
        .output()
        .unwrap_or_else(|error| panic!("cannot run {rustc:?}: {error}"));
    let messages = String::from_utf8_lossy(&result.stderr);
    assert!(
        result.status.success(),
        "{name} does not compile ({}):\n{messages}",
        result.status
    );
    // The compiler warns that x86-64 without SSE is not a supported way to call functions that take floating-point
    // arguments. The kernel has none.
    for line in messages
        .lines()
        .filter(|line| line.starts_with("warning: "))
        .filter(|line| !is_expected(line))
    {
        println!("cargo::warning={name}: {line}");
    }
    fs::metadata(&output).expect("the compiler wrote the program");
    output
}

/// The warning about SSE, and the count of warnings at the end.
fn is_expected(line: &str) -> bool {
    line.contains("target feature `sse2`") || line.ends_with(" emitted")
}
