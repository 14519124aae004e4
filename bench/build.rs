//! Compiles the workloads: each file in `workloads/src/bin` becomes one static executable that `isolab` embeds, described by
//! its first line. They are listed in the generated file `workloads.rs`, so that a further workload is one further file.
//!
//! They are compiled here, by rustc itself, and not as ordinary members of the build, because the bytes that all targets
//! run must not depend on the profile that isolab is built with.

use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the workloads' sources.
const SOURCES: &str = "workloads/src/bin";

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

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={SOURCES}");
    println!("cargo::rerun-if-changed={PRIMITIVES}");
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let sources = sources();
    // Side by side: optimising the standard library into each takes seconds.
    let (workloads, primitives) = std::thread::scope(|scope| {
        let workloads: Vec<_> = sources
            .iter()
            .map(|source| scope.spawn(|| workload(source, &out)))
            .collect();
        let primitives = compile(
            PRIMITIVES,
            &Path::new(PRIMITIVES).join("main.rs"),
            &FREESTANDING,
            &out.join(PRIMITIVES),
        );
        let finished = workloads
            .into_iter()
            .map(|compiling| compiling.join().expect("compiling a workload does not panic"));
        (finished.collect::<Vec<_>>(), primitives)
    });
    // The image is kept under it, so that no start has to take it.
    if let Ok(sha256) = &primitives {
        println!("cargo::rustc-env=PRIMITIVES_SHA256={sha256}");
    }
    for reason in workloads
        .iter()
        .chain([&primitives])
        .filter_map(|outcome| outcome.as_ref().err())
    {
        for line in reason.lines() {
            println!("cargo::error={line}");
        }
    }
    let rows: String = workloads.into_iter().flatten().collect();
    std::fs::write(out.join("workloads.rs"), format!("&[\n{rows}]\n")).expect("OUT_DIR can be written to");
}

/// The sources, by name.
fn sources() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(SOURCES).expect("the workloads are in this package");
    let files = folder.map(|entry| entry.expect("a folder that is there can be read").path());
    let mut sources: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    sources.sort();
    sources
}

/// Compiles a workload; gives its row in the list.
fn workload(source: &Path, out: &Path) -> Result<String, String> {
    let name = source
        .file_stem()
        .and_then(|name| name.to_str())
        .ok_or("a workload's name is not UTF-8")?;
    let text = std::fs::read_to_string(source).map_err(|error| format!("{}: {error}", source.display()))?;
    let about = text.lines().next().and_then(|line| line.strip_prefix("//! "));
    let about =
        about.ok_or_else(|| format!("{} does not begin with a line that says what it does", source.display()))?;
    let executable = out.join(name);
    let sha256 = compile(name, source, &[], &executable)?;
    Ok(format!(
        "    BuiltIn {{ name: {name:?}, about: {about:?}, bytes: include_bytes!({executable:?}), sha256: {sha256:?} }},\n"
    ))
}

/// Gives the executable's SHA-256.
fn compile(name: &str, source: &Path, flags: &[&str], executable: &Path) -> Result<String, String> {
    let rustc = std::env::var_os("RUSTC").expect("cargo sets RUSTC");
    let mut command = Command::new(&rustc);
    command.args([
        "--edition=2024",
        "--crate-type=bin",
        "--target=x86_64-unknown-linux-gnu",
        "--crate-name",
        name,
    ]);
    command.args(FLAGS.iter().chain(flags).flat_map(|flag| ["-C", flag]));
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
