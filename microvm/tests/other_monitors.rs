//! The built-in kernel under another monitor: QEMU's `microvm`, with what Firecracker and Cloud Hypervisor have, too: one serial
//! port, and no port by which a guest gives its status. QEMU's own processor executes, so no KVM is needed; where QEMU is not
//! installed, the test is ignored. (With the ports that QEMU can be given besides, `bench/tests/lab/exporting.rs` runs it.)

mod support;

use libtest_mimic::{Arguments, Failed, Trial};
use microvm::Files;
use std::process::{Command, ExitCode, Stdio};

const QEMU: &str = "qemu-system-x86_64";

fn main() -> ExitCode {
    let version = Command::new(QEMU).arg("--version").stdout(Stdio::null()).status();
    let missing = version.is_err().then(|| format!("needs {QEMU}"));
    let trial = |name, test| support::trial(name, missing.as_ref(), test);
    let trials: Vec<Trial> = vec![trial("the_program_shares_the_only_serial_port_with_the_log", one_port)];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Runs the guest's program with those serial ports; gives what came out of the process.
fn run(serial: &[&str], words: &str) -> Result<String, Failed> {
    let folder = tempfile::tempdir()?;
    let mut files = Files::new();
    files.add_file("/program", 0o755, isolab_guest_program::PROGRAM)?;
    let (kernel, archive) = (folder.path().join("kernel"), folder.path().join("archive"));
    std::fs::write(&kernel, microvm::kernel::builtin())?;
    std::fs::write(&archive, files.to_archive()?)?;
    let mut qemu = Command::new("timeout");
    qemu.args([
        "100",
        QEMU,
        "-M",
        "microvm,isa-serial=off",
        "-accel",
        "tcg",
        "-cpu",
        "max",
        "-m",
        "128",
    ]);
    qemu.args(["-nodefaults", "-display", "none", "-no-reboot", "-append"]);
    qemu.arg(format!("rdinit=/program -- {words}")).args(serial);
    let output = qemu
        .arg("-kernel")
        .arg(kernel)
        .arg("-initrd")
        .arg(archive)
        .stdin(Stdio::null())
        .output()?;
    match output.status.code() {
        Some(0) => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        status => Err(format!("{status:?}: {output:?}").into()),
    }
}

fn one_port() -> Result<(), Failed> {
    let serial = [
        "-chardev",
        "stdio,id=console",
        "-device",
        "isa-serial,iobase=0x3f8,chardev=console",
    ];
    let output = run(&serial, "say hello")?;
    let logged = run(&serial, "unknown")?;
    match output == "hello\n" && logged.contains("unknown system call") {
        true => Ok(()),
        false => Err(format!("{output:?}, {logged:?}").into()),
    }
}
