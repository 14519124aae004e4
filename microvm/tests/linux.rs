//! Stock Linux kernels as guests. Needs a /dev/kvm where guest kernels execute natively, and environment variables that name
//! what to boot: `ISOLAB_TEST_KERNEL` a vmlinux or bzImage, `ISOLAB_TEST_BZIMAGE` a bzImage, `ISOLAB_TEST_MODULES` a folder
//! with the first kernel's modules, `ISOLAB_TEST_ADDED` a folder with a kernel and its modules as `isolab kernel add` makes
//! it, `ISOLAB_TEST_MEMTEST` the x64.bin of Memtest86+.

mod support;

use flate2::Compression;
use flate2::write::GzEncoder;
use libtest_mimic::{Failed, Trial};
use microvm::{Config, Files, Initramfs, Kernel, KvmKind};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};
use support::{
    CPUS, DISK, ENDED, FAILED, GUEST_KERNEL, LOADED, MEMORY, OVERLAY, PARAMETER, ROOT_DISK, TIMEOUT, command, expect,
    expect_log, finish, ran, run, start,
};

const KERNEL: &str = "ISOLAB_TEST_KERNEL";
const BZIMAGE: &str = "ISOLAB_TEST_BZIMAGE";
const MODULES: &str = "ISOLAB_TEST_MODULES";
const ADDED: &str = "ISOLAB_TEST_ADDED";
const MEMTEST: &str = "ISOLAB_TEST_MEMTEST";

fn main() -> ExitCode {
    support::main(config, trials)
}

fn trials() -> Vec<Trial> {
    let host = match microvm::probe().kind {
        KvmKind::None(reason) => Some(format!("needs KVM: {reason}")),
        KvmKind::EmulatedKernelMode => Some("guest kernel mode is emulated here, and Linux does not run in it".into()),
        KvmKind::Hardware { .. } => None,
    };
    let missing = |names: &[&str]| {
        let missing = names.iter().find(|name| std::env::var_os(name).is_none());
        host.clone()
            .or_else(|| missing.map(|name| format!("{name} is not set")))
    };
    let (kernel, modules) = (missing(&[KERNEL]), missing(&[KERNEL, MODULES]));
    let (bzimage, memtest, added) = (missing(&[BZIMAGE]), missing(&[MEMTEST]), missing(&[ADDED]));
    let with = |missing: &Option<String>, name, test| support::trial(name, missing.as_ref(), test);
    let trial = |name, test| with(&kernel, name, test);
    vec![
        // The longest first: it waits, while others compute.
        trial("a_program_that_floods_the_console_waits_for_the_reader", flood),
        trial("the_program_gets_its_arguments_and_environment", arguments),
        trial("the_exit_status_is_the_programs", exit_status),
        trial("a_signal_that_ends_the_program_is_128_and_its_number", signal),
        trial("a_program_that_is_missing_or_no_program_is_127_or_126", no_program),
        trial("standard_input_reaches_the_program_and_ends", echo),
        trial("much_output_arrives_whole_and_in_order", much_output),
        trial("random_numbers_are_there_from_the_start", random_numbers),
        trial("a_kernel_panic_resets_the_machine_and_its_log_says_why", panic),
        trial("a_triple_fault_ends_the_machine_and_is_named", triple_fault),
        trial("an_endless_program_ends_at_the_timeout", endless),
        trial("a_machine_that_is_killed_is_gone_at_once", killed),
        trial("two_processors_come_up", two_processors),
        trial("memory_of_any_size_is_all_there", sizes),
        trial("without_a_pvh_entry_it_boots_by_the_64_bit_protocol", no_pvh),
        with(&bzimage, "a_bzimage_boots_as_its_vmlinux_does", bzimage_boots),
        with(
            &bzimage,
            "a_bzimage_that_cannot_be_unpacked_here_unpacks_itself",
            unpacks_itself,
        ),
        with(&memtest, "memtest86_boots", memtest_boots),
        with(&modules, "what_is_written_to_a_disk_goes_to_its_overlay", disk),
        with(&modules, "compressed_modules_are_loaded", compressed_modules),
        with(
            &added,
            "a_root_disk_holds_the_images_files_and_what_is_written_over_it_does_not_reach_it",
            root_disk,
        ),
        with(
            &added,
            "without_overlayfs_a_root_disk_is_read_only",
            read_only_root_disk,
        ),
        with(
            &added,
            "a_root_disk_that_cannot_be_one_ends_with_125_and_a_reason",
            no_root_disk,
        ),
    ]
}

fn files() -> Files {
    let mut files = Files::new();
    files
        .add_file("/bin/program", 0o755, isolab_guest_program::PROGRAM)
        .unwrap();
    files.add_file("/etc/text", 0o755, b"no program").unwrap();
    files
}

/// A machine that runs a program.
fn config(words: Vec<String>) -> Config {
    let mut words = words.into_iter();
    let kernel = std::env::var_os(KERNEL).unwrap_or_default();
    Config {
        initramfs: Initramfs::Bytes(files().to_archive().unwrap()),
        program: words.next().unwrap_or_default(),
        args: words.collect(),
        env: vec!["GREETING=good morning".into()],
        ..Config::new(Kernel::File(kernel.into()))
    }
}

const PROGRAM: &str = "/bin/program";

fn arguments() -> Result<(), Failed> {
    let ran = run(&[
        PROGRAM,
        "arguments",
        "two words",
        "a \"quote\" and a \\",
        "--",
        "",
        "한국어",
    ]);
    let output = concat!(
        "argument \"two words\"\nargument \"a \\\"quote\\\" and a \\\\\"\nargument \"--\"\nargument \"\"\n",
        "argument \"한국어\"\nvariable GREETING=\"good morning\"\nexecutable Some(\"/bin/program\")\n"
    );
    expect(&ran, 0, output)
}

fn exit_status() -> Result<(), Failed> {
    expect(&run(&[PROGRAM, "exit", "3"]), 3, "")
}

fn signal() -> Result<(), Failed> {
    expect(&run(&[PROGRAM, "fault", "null"]), 139, "")
}

fn no_program() -> Result<(), Failed> {
    for (path, status, says) in [
        ("/bin/missing", 127, "cannot execute /bin/missing, error 002"),
        ("/etc/text", 126, "cannot execute /etc/text, error 008"),
    ] {
        let ran = run(&[path]);
        expect(&ran, status, "")?;
        expect_log(&ran, says)?;
    }
    Ok(())
}

fn echo() -> Result<(), Failed> {
    // Larger than the serial port's buffer; every byte that a terminal could change is in it.
    let text = "line one\r\nline\ttwo\x03\x04\x11\x13\x1a\x7f, 한국어\n".repeat(100);
    let mut child = start(&mut command(&[PROGRAM, "echo"]));
    let mut input = child.stdin.take().unwrap();
    input.write_all(text.as_bytes()).unwrap();
    drop(input);
    let ran = ran(child.wait_with_output().unwrap());
    expect(&ran, 0, &format!("{} bytes: {text}\n", text.len()))
}

fn much_output() -> Result<(), Failed> {
    let numbers: String = (0..100_000).map(|n| format!("{n}\n")).collect();
    let ran = run(&[PROGRAM, "count", "100000"]);
    if ran.status != 0 || ran.output != numbers {
        return Err(format!("status {}, {} bytes of {}", ran.status, ran.output.len(), numbers.len()).into());
    }
    Ok(())
}

fn random_numbers() -> Result<(), Failed> {
    expect(&run(&[PROGRAM, "random-now"]), 0, "16\n")
}

fn panic() -> Result<(), Failed> {
    let ran = finish(command(&[PROGRAM]).env(PARAMETER, "rdinit=/missing root=/dev/missing"));
    expect(&ran, ENDED, "")?;
    expect_log(&ran, "Kernel panic - not syncing")?;
    expect_log(&ran, "Reset")
}

/// A panic that is to restart the machine by a triple fault.
fn triple_fault() -> Result<(), Failed> {
    let ran = finish(command(&[PROGRAM]).env(PARAMETER, "rdinit=/missing root=/dev/missing reboot=t"));
    expect(&ran, FAILED, "")?;
    expect_log(&ran, "triple fault")
}

fn endless() -> Result<(), Failed> {
    let started = Instant::now();
    let ran = finish(command(&[PROGRAM, "endless"]).env(TIMEOUT, "2000"));
    expect(&ran, ENDED, "")?;
    expect_log(&ran, "TimedOut")?;
    if started.elapsed() < Duration::from_millis(2000) {
        return Err("it ended before its timeout".into());
    }
    Ok(())
}

/// Nobody reads: the machine fills the pipe, waits, and still ends at its timeout.
fn flood() -> Result<(), Failed> {
    let mut child = start(command(&[PROGRAM, "flood"]).env(TIMEOUT, "40000"));
    let status = child.wait().unwrap();
    let output = child.wait_with_output().unwrap();
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    // A pipe holds 64 KiB unless told otherwise (pipe(7)).
    if status.code() != Some(ENDED) || output.stdout.is_empty() || output.stdout.len() > 64 << 10 {
        return Err(format!("{status}, {} bytes in the pipe, log: {log}", output.stdout.len()).into());
    }
    Ok(())
}

/// Killed from outside in the middle of its work, with a processor executing.
fn killed() -> Result<(), Failed> {
    let mut child = start(&mut command(&[PROGRAM, "flood"]));
    let mut output = child.stdout.take().unwrap();
    output.read_exact(&mut [0; 1]).unwrap();
    child.kill().unwrap();
    let status = child.wait().unwrap();
    match status.signal() {
        Some(9) => Ok(()),
        _ => Err(format!("{status}").into()),
    }
}

fn two_processors() -> Result<(), Failed> {
    let ran = finish(command(&[PROGRAM, "processors"]).env(CPUS, "2"));
    expect(&ran, 0, "2 processors\n")
}

fn bzimage_boots() -> Result<(), Failed> {
    let kernel = std::env::var_os(BZIMAGE).unwrap();
    let ran = finish(command(&[PROGRAM, "exit", "7"]).env(GUEST_KERNEL, kernel));
    expect(&ran, 7, "")
}

/// 3 GiB end at the gap for devices, 5 GiB go on behind it.
fn sizes() -> Result<(), Failed> {
    for mib in [3072, 5120] {
        let ran = finish(command(&[PROGRAM, "total-memory"]).env(MEMORY, mib.to_string()));
        let total = ran.output.trim().parse::<u64>().unwrap_or(0);
        if ran.status != 0 || !(mib * 9 / 10..=mib).contains(&total) {
            return Err(format!("{total} MiB of {mib}, status {}, log:\n{}", ran.status, ran.log).into());
        }
    }
    Ok(())
}

fn no_pvh() -> Result<(), Failed> {
    let mut kernel = fs::read(std::env::var_os(KERNEL).unwrap())?;
    if !kernel.starts_with(b"\x7fELF") {
        kernel = microvm::kernel::unpack(&kernel)?;
    }
    // The note's type and owner.
    let note = [&18u32.to_le_bytes()[..], b"Xen\0"].concat();
    let at = kernel.windows(note.len()).position(|window| window == note);
    kernel[at.ok_or("it has no PVH entry to be without")?] = 0xff;
    boots(&kernel)
}

fn unpacks_itself() -> Result<(), Failed> {
    let mut image = fs::read(std::env::var_os(BZIMAGE).unwrap())?;
    // Where the payload lies and how long it is, which its own unpacking does not ask.
    image[0x248..0x250].fill(0);
    boots(&image)
}

fn boots(kernel: &[u8]) -> Result<(), Failed> {
    let file = tempfile::NamedTempFile::new()?;
    fs::write(file.path(), kernel)?;
    let ran = finish(
        command(&[PROGRAM, "exit", "7"])
            .env(GUEST_KERNEL, file.path())
            .env(MEMORY, "256"),
    );
    expect(&ran, 7, "")
}

/// It tests memory until it is ended, and shows what it does on the serial port.
fn memtest_boots() -> Result<(), Failed> {
    let kernel = std::env::var_os(MEMTEST).unwrap();
    let mut shown = Ok(());
    for timeout in ["5000", "20000", "60000"] {
        let ran = finish(command(&[""]).env(GUEST_KERNEL, &kernel).env(TIMEOUT, timeout));
        expect(&ran, ENDED, "")?;
        shown = expect_log(&ran, "Memtest86+");
        if shown.is_ok() {
            break;
        }
    }
    shown
}

fn disk() -> Result<(), Failed> {
    use_disk(Path::to_owned)
}

fn compressed_modules() -> Result<(), Failed> {
    let folder = tempfile::tempdir().unwrap();
    use_disk(|module| {
        let packed = folder.path().join(module.file_name().unwrap()).with_extension("ko.gz");
        let mut gzip = GzEncoder::new(fs::File::create(&packed).unwrap(), Compression::fast());
        gzip.write_all(&fs::read(module).unwrap()).unwrap();
        gzip.finish().unwrap();
        packed
    })
}

/// Reads and writes a disk, with its modules from the files that `file` gives.
fn use_disk(file: impl Fn(&Path) -> PathBuf) -> Result<(), Failed> {
    let directory = tempfile::tempdir().unwrap();
    let (base, overlay) = (directory.path().join("base"), directory.path().join("overlay"));
    let bytes: Vec<u8> = (0..4u32 << 20).map(|n| (n % 251) as u8).collect();
    fs::write(&base, &bytes).unwrap();
    let modules = ["virtio", "virtio_ring", "virtio_mmio", "virtio_blk"].map(|name| {
        Path::new(&std::env::var_os(MODULES).unwrap())
            .join(name)
            .with_extension("ko")
    });
    let loaded = modules
        .iter()
        .filter(|path| path.exists())
        .map(|path| file(path).to_str().unwrap().to_owned());
    let loaded = loaded.collect::<Vec<_>>().join(":");
    let mut machine = command(&[PROGRAM, "disk"]);
    let ran = finish(machine.env(LOADED, loaded).env(DISK, &base).env(OVERLAY, &overlay));
    let sum = |bytes: &[u8]| bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>();
    let mut written = bytes.clone();
    written[1 << 20..2 << 20].fill(0xaa);
    let output = format!("4194304 bytes, sum {}\nthen sum {}\n", sum(&bytes), sum(&written));
    expect(&ran, 0, &output)?;
    if fs::read(&base).unwrap() != bytes {
        return Err("the base has changed".into());
    }
    let overlay = fs::read(&overlay).unwrap();
    // Behind its header and its map, a page each.
    if overlay[8192..][1 << 20..2 << 20] != written[1 << 20..2 << 20] {
        return Err("the overlay does not hold what was written".into());
    }
    Ok(())
}

/// A disk with the files and the places to mount at.
fn root_disk_image() -> tempfile::NamedTempFile {
    let mut files = files();
    files.add_link("/link", "etc/text").unwrap();
    for place in ["/dev", "/proc", "/sys", "/tmp"] {
        files.add_directory(place, 0o755).unwrap();
    }
    let image = tempfile::NamedTempFile::new().unwrap();
    files.write_disk(image.as_file()).unwrap();
    image
}

/// A machine with that root disk, and those of the kernel's modules that a name among `left_out` is no part of.
fn with_root_disk(words: &[&str], image: &Path, left_out: &[&str]) -> Command {
    let added = PathBuf::from(std::env::var_os(ADDED).unwrap());
    let mut modules: Vec<String> = fs::read_dir(added.join("modules"))
        .unwrap()
        .map(|entry| entry.unwrap().path().to_str().unwrap().to_owned())
        .filter(|path| left_out.iter().all(|name| !path.contains(name)))
        .collect();
    modules.sort();
    let mut machine = command(words);
    machine.env(GUEST_KERNEL, added.join("kernel"));
    machine.env(LOADED, modules.join(":")).env(ROOT_DISK, image);
    machine
}

/// What the program says of the files.
fn root_listing() -> String {
    let sum = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)))
    };
    let program = isolab_guest_program::PROGRAM;
    format!(
        "/ directory 40755\n/bin directory 40755\n/bin/program 100755, {} bytes, sum {}\n/dev with some entries\n\
         /etc directory 40755\n/etc/text 100755, 10 bytes, sum {}\n/link -> etc/text\n/proc with some entries\n\
         /sys with some entries\n/tmp with no entries\n",
        program.len(),
        sum(program),
        sum(b"no program")
    )
}

fn root_disk() -> Result<(), Failed> {
    let image = root_disk_image();
    let before = fs::read(image.path())?;
    let other = tempfile::NamedTempFile::new()?;
    fs::write(other.path(), [7; 4096])?;
    let ran = finish(with_root_disk(&[PROGRAM, "root", "7"], image.path(), &[]).env(DISK, other.path()));
    let written = "write /new: Ok(\"written\")\nwrite /etc/text: Ok(\"written\")\nother disk: Ok([7, 7, 7, 7])\n";
    // The disk beside it would be mounted there.
    let listing = root_listing().replace("/etc directory", "/disk directory 40755\n/etc directory");
    expect(&ran, 7, &(listing + written))?;
    match fs::read(image.path())? == before {
        true => Ok(()),
        false => Err("the disk has changed".into()),
    }
}

fn read_only_root_disk() -> Result<(), Failed> {
    let image = root_disk_image();
    let ran = finish(&mut with_root_disk(&[PROGRAM, "root", "3"], image.path(), &["overlay"]));
    // EROFS, and ENOENT.
    let written = "write /new: Err(Some(30))\nwrite /etc/text: Err(Some(30))\nother disk: Err(Some(2))\n";
    expect(&ran, 3, &(root_listing() + written))
}

fn no_root_disk() -> Result<(), Failed> {
    let whole = fs::read(root_disk_image().path())?;
    let mut flipped = whole.clone();
    flipped[1024 + 0x10] ^= 1; // the number of inodes, which nothing but the checksum tells
    let zeroes = vec![0; whole.len()];
    for (bytes, left_out, says) in [
        (
            &zeroes[..],
            "overlay",
            "as EROFS, error 022: is it a whole EROFS image?",
        ),
        (&flipped, "overlay", "as EROFS, error 074: is it a whole EROFS image?"),
        // The superblock and all inodes, and no more.
        (
            &whole[..4096],
            "overlay",
            "cannot move /proc to the root disk, error 005",
        ),
        (
            &whole,
            "erofs",
            "error 019: the kernel needs EROFS, virtio_mmio and virtio_blk",
        ),
        (
            &whole,
            "virtio_blk",
            "error 002: the kernel needs EROFS, virtio_mmio and virtio_blk",
        ),
    ] {
        let image = tempfile::NamedTempFile::new()?;
        fs::write(image.path(), bytes)?;
        let ran = finish(&mut with_root_disk(&[PROGRAM, "root"], image.path(), &[left_out]));
        expect(&ran, 125, "")?;
        expect_log(&ran, says)?;
    }
    Ok(())
}
