//! Compiles the workloads: each file in `workloads/src/bin` becomes one static executable that `isolab` embeds.
//!
//! They are compiled here, by rustc itself, and not as ordinary members of the build, because the bytes that all targets
//! run must not depend on the profile that the lab is built with.

use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::process::Command;

const WORKLOADS: [&str; 3] = ["hello", "cpu", "hold"];

/// A program beside them: what times the host's primitives.
const PRIMITIVES: &str = "primitives";

/// Static and at fixed addresses: no dynamic linker and no relocations stand between the kernel and the program.
const FLAGS: [&str; 8] = [
    "target-feature=+crt-static",
    "relocation-model=static",
    "panic=abort",
    "opt-level=3",
    "lto=fat",
    "codegen-units=1",
    "strip=symbols",
    "link-arg=-Wl,--build-id=none",
];

/// Without a C library, and without what Rust needs of one.
const FREESTANDING: [&str; 5] = [
    "force-unwind-tables=no",
    "link-arg=-nostdlib",
    "link-arg=-nostartfiles",
    "link-arg=-static",
    "link-arg=-no-pie",
];

/// What is compiled.
struct Program {
    name: &'static str,
    source: PathBuf,
    flags: &'static [&'static str],
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={PRIMITIVES}");
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let workloads = WORKLOADS.map(|name| {
        let source = Path::new("workloads/src/bin").join(name).with_extension("rs");
        println!("cargo::rerun-if-changed={}", source.display());
        let flags = &[];
        Program { name, source, flags }
    });
    let primitives = Program {
        name: PRIMITIVES,
        source: Path::new(PRIMITIVES).join("main.rs"),
        flags: &FREESTANDING,
    };
    let programs: Vec<Program> = workloads.into_iter().chain([primitives]).collect();
    // Side by side: optimising the standard library into each takes seconds.
    let outcomes: Vec<Result<String, String>> = std::thread::scope(|scope| {
        let out = &out;
        let start = |program| scope.spawn(move || compile(program, &out.join(program.name)));
        let started: Vec<_> = programs.iter().map(start).collect();
        let outcome = started.into_iter().map(|compiling| compiling.join());
        outcome
            .map(|outcome| outcome.expect("compiling a workload does not panic"))
            .collect()
    });
    for (Program { name, .. }, outcome) in programs.iter().zip(&outcomes) {
        // The image is kept under it, so that no start has to take it.
        if let Ok(sha256) = outcome {
            println!("cargo::rustc-env={}_SHA256={sha256}", name.to_uppercase());
        }
    }
    for reason in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        for line in reason.lines() {
            println!("cargo::error={line}");
        }
    }
}

/// Gives the executable's SHA-256.
fn compile(Program { name, source, flags }: &Program, executable: &Path) -> Result<String, String> {
    let rustc = std::env::var_os("RUSTC").expect("cargo sets RUSTC");
    let mut command = Command::new(&rustc);
    command.args([
        "--edition=2024",
        "--crate-type=bin",
        "--target=x86_64-unknown-linux-gnu",
        "--crate-name",
        name,
    ]);
    command.args(FLAGS.iter().chain(*flags).flat_map(|flag| ["-C", flag]));
    if let Some(linker) = std::env::var_os("RUSTC_LINKER") {
        let mut flag = std::ffi::OsString::from("linker=");
        flag.push(linker);
        command.arg("-C").arg(flag);
    }
    command.arg("-o").arg(executable).arg(source);
    let output = command
        .output()
        .map_err(|error| format!("cannot start {}: {error}", rustc.display()))?;
    if output.status.success() {
        let bytes = std::fs::read(executable).map_err(|error| format!("{}: {error}", executable.display()))?;
        return Ok(Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect());
    }
    let messages = String::from_utf8_lossy(&output.stderr);
    if ["-lc", "-lgcc_eh", "libc.a", "libgcc_eh.a"]
        .iter()
        .any(|library| messages.contains(library))
        && ["cannot find", "unable to find"]
            .iter()
            .any(|missing| messages.contains(missing))
    {
        return Err(format!(
            "the workload {name} must be linked statically, and the C library's static files are not installed.\n\
             Install them: `apt-get install gcc libc6-dev` (Debian, Ubuntu), `dnf install gcc glibc-static` (Fedora).\n\
             {messages}"
        ));
    }
    Err(format!("the workload {name} does not compile:\n{messages}"))
}
