//! Compiles the workloads: each file in `workloads/src/bin` becomes one static executable that `isolab` embeds, and the folder
//! `speed` one that does what it is called. A workload is described by the first line of its file. They are listed in the
//! generated file `workloads.rs`.
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
    let executables = executables();
    // Side by side: optimising the standard library into each takes seconds.
    let (workloads, primitives) = std::thread::scope(|scope| {
        let workloads: Vec<_> = executables
            .iter()
            .map(|executable| scope.spawn(|| list(executable, &out)))
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
    let (mut bytes, mut rows) = (String::new(), String::new());
    let mut reasons: Vec<String> = primitives.err().into_iter().collect();
    for listed in workloads {
        match listed {
            Ok(listed) => {
                bytes += &listed.bytes;
                rows += &listed.rows;
            }
            Err(reason) => reasons.push(reason),
        }
    }
    for line in reasons.iter().flat_map(|reason| reason.lines()) {
        println!("cargo::error={line}");
    }
    let text = format!("{{\n{bytes}    &[\n{rows}    ]\n}}\n");
    std::fs::write(out.join("workloads.rs"), text).expect("OUT_DIR can be written to");
}

/// An executable, and the workloads in it.
struct Executable {
    /// What is compiled.
    source: PathBuf,
    /// The files that say what its workloads are.
    workloads: Vec<PathBuf>,
}

/// The executables, by name.
fn executables() -> Vec<Executable> {
    let mut executables: Vec<Executable> = files(Path::new(SOURCES))
        .into_iter()
        .map(|source| match source.is_dir() {
            true => Executable {
                workloads: files(&source).into_iter().filter(|file| is_workload(file)).collect(),
                source: source.join("main.rs"),
            },
            false => Executable {
                workloads: vec![source.clone()],
                source,
            },
        })
        .collect();
    executables.sort_by(|one, other| one.source.cmp(&other.source));
    executables
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the workloads are in this package");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("a folder that is there can be read").path())
        .collect();
    files.sort();
    files
}

/// Whether a file of a folder is a workload of it, and not a part that they share.
fn is_workload(file: &Path) -> bool {
    std::fs::read_to_string(file).is_ok_and(|text| text.contains("pub const WORKLOAD: "))
}

/// What the generated file has of an executable.
struct Listed {
    /// Its bytes, once, however many workloads are in it.
    bytes: String,
    rows: String,
}

/// Compiles an executable.
fn list(executable: &Executable, out: &Path) -> Result<Listed, String> {
    let stem = |path: &Path| Some(path.file_stem()?.to_str()?.to_owned());
    let source = &executable.source;
    let name = match source.ends_with("main.rs") {
        true => source.parent().and_then(stem),
        false => stem(source),
    };
    let name = name.ok_or("a workload's name is not UTF-8")?;
    let compiled = out.join(&name);
    let sha256 = compile(&name, source, &[], &compiled)?;
    let bytes = name.to_uppercase();
    let row = |workload: &PathBuf| {
        let text = std::fs::read_to_string(workload).map_err(|error| format!("{}: {error}", workload.display()))?;
        let about = text.lines().next().and_then(|line| line.strip_prefix("//! "));
        let about = about.ok_or_else(|| {
            format!(
                "{} does not begin with a line that says what it does",
                workload.display()
            )
        })?;
        let name = stem(workload)
            .ok_or("a workload's name is not UTF-8")?
            .replace('_', "-");
        Ok::<_, String>(format!(
            "        BuiltIn {{ name: {name:?}, about: {about:?}, bytes: {bytes}, sha256: {sha256:?} }},\n"
        ))
    };
    Ok(Listed {
        bytes: format!("    static {bytes}: &[u8] = include_bytes!({compiled:?});\n"),
        rows: executable.workloads.iter().map(row).collect::<Result<_, String>>()?,
    })
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
