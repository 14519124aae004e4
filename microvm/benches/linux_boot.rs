//! How long a stock Linux kernel takes, from asking for the monitor's process to the first byte that a program in the guest
//! writes: in this library's machine, in QEMU's `microvm`, and in Firecracker, with the same kernel, files and command line.
//!
//! `cargo bench -p isolab-microvm --bench linux_boot -- --kernel vmlinux [--kernel bzImage]… [--runs N] [--memory MIB] [--cpus N]`
//!
//! The monitors take turns. QEMU is the program that the environment variable `QEMU` names, or `qemu-system-x86_64` of PATH;
//! likewise `FIRECRACKER`. One that is not there is named, not left out in silence.

use microvm::{Config, Initramfs, Kernel, Linux, Sandbox};
use nix::poll::{PollFd, PollFlags, poll};
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// Tells this program to be a machine with the kernel of that path.
const MACHINE: &str = "ISOLAB_BENCH_MACHINE";
/// Memory in MiB and processors of every machine, for the programs that are machines.
const MEMORY: &str = "ISOLAB_BENCH_MEMORY";
const CPUS: &str = "ISOLAB_BENCH_CPUS";

fn main() -> ExitCode {
    let result = match std::env::var_os(MACHINE) {
        Some(kernel) => return be_a_machine(kernel.into()),
        None => compare(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn compare() -> Result<()> {
    let mut kernels = Vec::new();
    let mut size = Size {
        memory_mib: 128,
        cpus: 1,
    };
    let mut runs = NonZeroUsize::new(10).expect("ten is not zero");
    let mut args = std::env::args().skip(1).filter(|word| word != "--bench");
    while let Some(word) = args.next() {
        let value = args.next().ok_or(format!("{word} needs a value"))?;
        match word.as_str() {
            "--kernel" => kernels.push(PathBuf::from(value)),
            "--runs" => runs = value.parse()?,
            "--memory" => size.memory_mib = value.parse()?,
            "--cpus" => size.cpus = value.parse()?,
            _ => return Err(format!("{word} is not known").into()),
        }
    }
    if kernels.is_empty() {
        println!("Nothing is measured: name a kernel, --kernel vmlinux");
        return Ok(());
    }
    for kernel in kernels {
        measure(&kernel, size, runs)?;
    }
    println!("\nFrom spawning the monitor to the guest program's first byte; ratio: isolab's median by this one's.");
    Ok(())
}

/// Measures all monitors with one kernel.
fn measure(kernel: &Path, size: Size, runs: NonZeroUsize) -> Result<()> {
    let files = Files::write(kernel, size)?;
    // The first start warms up, and shows who can do it.
    let able = |monitor: Monitor| match first_byte((monitor.command)(&files)) {
        Ok(_) => Ok(monitor),
        Err(error) => Err(format!("{}: not measured; {error}", monitor.name).into()),
    };
    let mut monitors = vec![able(isolab()?)?];
    let mut missing = Vec::new();
    for other in [qemu(), firecracker()] {
        match other.and_then(able) {
            Ok(monitor) => monitors.push(monitor),
            Err(why) => missing.push(why),
        }
    }
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); monitors.len()];
    let mut failed = vec![false; monitors.len()];
    for round in 0..runs.get() {
        for turn in 0..monitors.len() {
            let which = (round + turn) % monitors.len();
            let monitor = &monitors[which];
            if failed[which] {
                continue;
            }
            match first_byte((monitor.command)(&files)) {
                Ok(time) => times[which].push(time),
                Err(error) if which == 0 => return Err(error),
                Err(error) => {
                    failed[which] = true;
                    missing.push(format!("{}: not measured from round {round} on; {error}", monitor.name).into());
                }
            }
        }
    }
    println!(
        "\n{}, {} MiB, {} processors",
        kernel.display(),
        size.memory_mib,
        size.cpus
    );
    println!(
        "{:>12} {:>4} {:>10} {:>10} {:>10} {:>8}",
        "monitor", "runs", "median ms", "least ms", "most ms", "ratio"
    );
    let reference = median(&mut times[0]);
    for (monitor, times) in monitors.iter().zip(&mut times).filter(|(_, times)| !times.is_empty()) {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let middle = median(times);
        println!(
            "{:>12} {:>4} {:>10.1} {:>10.1} {:>10.1} {:>8.3}",
            monitor.name,
            times.len(),
            ms(middle),
            ms(times[0]),
            ms(times[times.len() - 1]),
            reference.as_secs_f64() / middle.as_secs_f64()
        );
    }
    missing.iter().for_each(|why| println!("{why}"));
    Ok(())
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    let middle = times.len() / 2;
    (times[middle] + times[(times.len() - 1) / 2]) / 2
}

/// The machine that every monitor makes.
#[derive(Clone, Copy)]
struct Size {
    memory_mib: u64,
    cpus: u8,
}

/// What the monitors boot, as files.
struct Files {
    size: Size,
    kernel: PathBuf,
    initramfs: PathBuf,
    firecracker: PathBuf,
    command_line: String,
    _directory: tempfile::TempDir,
}

impl Files {
    fn write(kernel: &Path, size: Size) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let config = config(kernel.into(), size);
        let files = Self {
            size,
            kernel: std::path::absolute(kernel)?,
            initramfs: directory.path().join("initramfs"),
            firecracker: directory.path().join("firecracker.json"),
            command_line: config.linux_command_line(),
            _directory: directory,
        };
        std::fs::write(&files.initramfs, config.linux_initramfs()?)?;
        // Paths and the command line hold nothing that JSON would want escaped, which `{:?}` would show.
        let description = format!(
            r#"{{"boot-source": {{"kernel_image_path": {:?}, "initrd_path": {:?}, "boot_args": {:?}}},
                "drives": [], "machine-config": {{"vcpu_count": {}, "mem_size_mib": {}}}}}"#,
            files.kernel, files.initramfs, files.command_line, size.cpus, size.memory_mib
        );
        std::fs::write(&files.firecracker, description)?;
        Ok(files)
    }
}

fn config(kernel: PathBuf, size: Size) -> Config {
    let mut files = microvm::Files::new();
    let added = files.add_file("/bin/program", 0o755, isolab_guest_program::PROGRAM);
    added.expect("the first file");
    Config {
        initramfs: Initramfs::Bytes(files.to_archive().expect("it fits into an archive")),
        program: "/bin/program".into(),
        args: vec!["processors".into()],
        memory_bytes: size.memory_mib << 20,
        linux: Linux {
            cpus: size.cpus,
            ..Linux::default()
        },
        sandbox: Sandbox::On(Vec::new()),
        ..Config::new(Kernel::File(kernel))
    }
}

fn be_a_machine(kernel: PathBuf) -> ExitCode {
    let number = |name| std::env::var(name).ok().and_then(|value| value.parse().ok());
    let size = Size {
        memory_mib: number(MEMORY).unwrap_or(128),
        cpus: number(CPUS).unwrap_or(1) as u8,
    };
    match microvm::run(config(kernel, size)) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// A program that makes machines.
struct Monitor {
    name: &'static str,
    command: Box<dyn Fn(&Files) -> Command>,
}

fn isolab() -> Result<Monitor> {
    let program = std::env::current_exe()?;
    let command = move |files: &Files| {
        let mut command = Command::new(&program);
        command.env(MACHINE, &files.kernel);
        command.env(MEMORY, files.size.memory_mib.to_string());
        command.env(CPUS, files.size.cpus.to_string());
        command
    };
    Ok(Monitor {
        name: "isolab",
        command: Box::new(command),
    })
}

/// QEMU with what its documentation of `microvm` advises for a fast start, and the two serial ports of this library's
/// machine.
fn qemu() -> Result<Monitor> {
    let program = program("QEMU", "qemu-system-x86_64")?;
    let command = move |files: &Files| {
        let mut command = Command::new(&program);
        command.args([
            "-M",
            "microvm,accel=kvm,x-option-roms=off,pit=off,pic=off,isa-serial=off,rtc=off",
        ]);
        command.args([
            "-cpu",
            "host",
            "-nodefaults",
            "-no-user-config",
            "-nographic",
            "-no-reboot",
        ]);
        command.args([
            "-m",
            &files.size.memory_mib.to_string(),
            "-smp",
            &files.size.cpus.to_string(),
        ]);
        command.arg("-kernel").arg(&files.kernel);
        command.arg("-initrd").arg(&files.initramfs);
        command.args(["-append", &files.command_line]);
        command.args([
            "-chardev",
            "null,id=log",
            "-device",
            "isa-serial,iobase=0x3f8,irq=4,chardev=log",
        ]);
        command.args([
            "-chardev",
            "stdio,id=console",
            "-device",
            "isa-serial,iobase=0x2f8,irq=3,chardev=console",
        ]);
        command
    };
    Ok(Monitor {
        name: "qemu",
        command: Box::new(command),
    })
}

/// Firecracker, whose one serial port is both the kernel's log, which is quiet here, and the program's.
fn firecracker() -> Result<Monitor> {
    let program = program("FIRECRACKER", "firecracker")?;
    let command = move |files: &Files| {
        let mut command = Command::new(&program);
        command
            .args(["--level", "Error", "--no-api", "--config-file"])
            .arg(&files.firecracker);
        command
    };
    Ok(Monitor {
        name: "firecracker",
        command: Box::new(command),
    })
}

/// The program that the environment variable names, or that of PATH.
fn program(variable: &str, name: &str) -> Result<PathBuf> {
    if let Some(path) = std::env::var_os(variable) {
        return Ok(path.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut programs = std::env::split_paths(&path).map(|directory| directory.join(name));
    programs
        .find(|file| file.is_file())
        .ok_or(format!("{name}: not measured; it is not in PATH, and {variable} does not name it").into())
}

/// A guest that has said nothing by then never will: a minute, several times what a start takes on a simulated processor.
const PATIENCE_MS: u16 = 60_000;

/// How long the program takes to its guest's first byte.
fn first_byte(mut command: Command) -> Result<Duration> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let began = Instant::now();
    let mut child = command.spawn()?;
    let mut byte = [0];
    let mut stdout = child.stdout.take().expect("it is a pipe");
    let waited = poll(&mut [PollFd::new(stdout.as_fd(), PollFlags::POLLIN)], PATIENCE_MS);
    let read = match waited {
        Ok(0) => Err(io::Error::other("it took too long")),
        Ok(_) => stdout.read_exact(&mut byte),
        Err(errno) => Err(errno.into()),
    };
    let took = began.elapsed();
    // It may have ended by itself.
    let _ = child.kill();
    let ended = child.wait_with_output()?;
    match read {
        // The program says how many processors it sees.
        Ok(()) if byte[0].is_ascii_digit() => Ok(took),
        Ok(()) => Err(format!("the first byte is {:?}, and not the guest program's", byte[0] as char).into()),
        Err(error) => {
            let said = String::from_utf8_lossy(&ended.stderr);
            Err(format!("no byte from the guest ({error}): {said}").into())
        }
    }
}
