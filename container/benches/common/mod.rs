//! What the benchmarks start: the smallest programs, in assembly, so that nothing of a language's runtime is measured.

use std::path::PathBuf;
use std::process::Command;

use container::{Limits, Spec};
use tempfile::TempDir;

/// The program's path inside.
pub const PROGRAM: &str = "/program";

/// A layer with a program of these instructions.
pub fn layer(instructions: &str) -> TempDir {
    let layer = tempfile::tempdir().expect("a folder for temporary files");
    let source = layer.path().join("program.s");
    std::fs::write(&source, format!(".globl _start\n_start: {instructions}")).expect("write the program's source");
    let compiled = Command::new("cc")
        .args(["-nostdlib", "-static", "-o"])
        .arg(layer.path().join("program"))
        .arg(&source)
        .status()
        .expect("the C linker that Rust needs, too");
    assert!(compiled.success(), "cc failed");
    layer
}

/// All namespaces, a control group with limits on memory, processor and tasks, an overlay root, the filter.
pub fn spec(layer: PathBuf) -> Spec {
    let mut spec = Spec::new(vec![layer], PROGRAM);
    spec.limits = Limits {
        memory_bytes: Some(64 << 20),
        cpus: Some(1.0),
        pids: Some(16),
        ..Limits::default()
    };
    spec
}
