//! `isolab kernel` and `isolab image`: what they export works elsewhere, too.

use crate::support::{Need, Place, expect, expect_holds, expect_status, say, test};
use libtest_mimic::{Failed, Trial};
use std::process::Command;

const QEMU: &str = "qemu-system-x86_64";

/// isolab's virtual hardware (COM1 the kernel's log, COM2 the workload's console, isa-debug-exit) as QEMU offers it.
/// The exit port is one byte wide: the phase port is its neighbour.
const MACHINE: [&str; 24] = [
    "-M",
    "microvm,isa-serial=off",
    "-accel",
    "kvm",
    "-cpu",
    "host",
    "-m",
    "128",
    "-nodefaults",
    "-no-user-config",
    "-no-reboot",
    "-nographic",
    "-chardev",
    "file,id=log,path=log",
    "-device",
    "isa-serial,iobase=0x3f8,irq=4,chardev=log",
    "-chardev",
    "stdio,id=console",
    "-device",
    "isa-serial,iobase=0x2f8,irq=3,chardev=console",
    "-device",
    "isa-debug-exit,iobase=0xf4,iosize=0x1",
    "-append",
    "rdinit=/hello",
];

pub fn tests() -> Vec<Trial> {
    let qemu = &[Need::Kvm, Need::Tool(QEMU), Need::Tool("timeout")];
    vec![
        test(
            "the_exported_kernel_and_initramfs_run_hello_under_qemu",
            qemu,
            under_qemu,
        ),
        test(
            "the_exported_kernel_is_one_isolab_itself_boots",
            &[Need::Kvm],
            boots_again,
        ),
        test("a_file_that_is_no_kernel_is_named", &[], no_kernel),
        test("a_kernel_that_was_taken_in_is_known_by_its_name", &[], named),
        test("a_kernel_boots_by_its_name", &[Need::Kvm], named_boots),
    ]
}

fn export(place: &Place) -> Result<(), Failed> {
    expect_status(&say(place.isolab(&["kernel", "export", "builtin", "kernel"]))?, 0)?;
    expect_status(&say(place.isolab(&["image", "export", "--initramfs", "files"]))?, 0)
}

fn under_qemu() -> Result<(), Failed> {
    let place = Place::new();
    export(&place)?;
    let mut command = Command::new("timeout");
    command
        .args(["60", QEMU])
        .args(MACHINE)
        .args(["-kernel", "kernel", "-initrd", "files"]);
    command.current_dir(place.path()).stdin(std::process::Stdio::null());
    let said = say(command)?;
    let log = std::fs::read_to_string(place.path().join("log")).unwrap_or_default();
    expect(said.stdout.contains("{\"workload\":\"hello\"}"), || {
        format!("stdout {:?}, stderr {:?}, kernel log {log:?}", said.stdout, said.stderr)
    })?;
    // isa-debug-exit ends QEMU with twice the written status plus one.
    expect_status(&said, 1)
}

fn boots_again() -> Result<(), Failed> {
    let place = Place::new();
    export(&place)?;
    let said = say(place.isolab(&["run", "--on", "microvm-linux", "--kernel", "kernel", "hello"]))?;
    expect_status(&said, 0)?;
    let inspected = say(place.isolab(&["kernel", "inspect", "kernel"]))?;
    expect_status(&inspected, 0)?;
    expect_holds(&inspected.stdout, "PVH")
}

fn named() -> Result<(), Failed> {
    let place = Place::new();
    export(&place)?;
    let said = say(place.isolab(&["kernel", "add", "kernel"]))?;
    expect_status(&said, 0)?;
    expect_holds(&said.stderr, "--kernel kernel")?;
    // What was taken in is a copy.
    std::fs::rename(place.path().join("kernel"), place.path().join("moved"))?;
    let listed = say(place.isolab(&["kernel", "ls"]))?;
    expect_status(&listed, 0)?;
    for name in ["builtin ", "\nkernel "] {
        expect_holds(&listed.stdout, name)?;
    }
    let inspected = say(place.isolab(&["kernel", "inspect", "kernel"]))?;
    expect_holds(&inspected.stdout, "boots     yes, by PVH")?;
    let unknown = say(place.isolab(&["run", "--on", "microvm-linux", "--kernel", "other", "hello"]))?;
    expect_status(&unknown, 125)?;
    expect_holds(&unknown.stderr, "known by name: kernel")
}

fn named_boots() -> Result<(), Failed> {
    let place = Place::new();
    export(&place)?;
    expect_status(&say(place.isolab(&["kernel", "add", "kernel"]))?, 0)?;
    std::fs::remove_file(place.path().join("kernel"))?;
    let args = ["run", "--on", "microvm-linux", "--kernel", "kernel", "hello"];
    expect_status(&say(place.isolab(&args))?, 0)
}

fn no_kernel() -> Result<(), Failed> {
    let place = Place::new();
    std::fs::write(place.path().join("text"), "hello")?;
    for name in ["text", "nothing"] {
        let said = say(place.isolab(&["kernel", "inspect", name]))?;
        expect_status(&said, 2)?;
        expect_holds(&said.stderr, name)?;
    }
    Ok(())
}
