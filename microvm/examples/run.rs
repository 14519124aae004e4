//! Runs one static program in a machine, and tells what the start cost and what the processor came out for:
//! `cargo run -p isolab-microvm --example run -- [--kernel FILE] [--module FILE]… [--cpus N] [--memory MIB] [--disk FILE] [--root-disk] [--timeout S] [--parameter WORD]… [--log] [--counts] PROGRAM ARGS…`

use microvm::{Config, Disk, Files, Initramfs, Kernel, Sandbox};
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut config = Config::new(Kernel::Builtin);
    config.timeout = Some(Duration::from_secs(60));
    // This process does nothing else.
    config.sandbox = Sandbox::On(Vec::new());
    let mut root_disk = None;
    let mut args = std::env::args().skip(1);
    let program = loop {
        let word = args.next().ok_or("usage: run [OPTIONS] PROGRAM [ARGS…]")?;
        let mut value = || args.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--kernel" => config.kernel = Kernel::File(value()?.into()),
            "--module" => config.linux.modules.push(value()?.into()),
            "--cpus" => config.linux.cpus = value()?.parse()?,
            "--memory" => config.memory_bytes = value()?.parse::<u64>()? << 20,
            "--disk" => {
                let base = std::path::PathBuf::from(value()?);
                let overlay = Some(base.with_extension("overlay"));
                config.linux.disk = Some(Disk { base, overlay });
            }
            "--root-disk" => root_disk = Some(tempfile::NamedTempFile::new()?),
            "--timeout" => config.timeout = Some(Duration::from_secs(value()?.parse()?)),
            "--parameter" => config.kernel_parameters.push(value()?),
            "--log" => config.linux.kernel_log = true,
            "--counts" => config.counts = true,
            _ => break word,
        }
    };
    let mut files = Files::new();
    config.program = format!("/bin/{}", program.rsplit('/').next().unwrap_or_default());
    files.add_file(&config.program, 0o755, &std::fs::read(program)?)?;
    match &root_disk {
        Some(image) => {
            files.write_disk(image.as_file())?;
            config.linux.root_disk = Some(image.path().into());
        }
        None => config.initramfs = Initramfs::Bytes(files.to_archive()?),
    }
    config.args = args.collect();

    let outcome = microvm::run(config)?;
    eprint!("{}", outcome.kernel_log);
    eprintln!("{:?}", outcome.end);
    for (reason, exit) in &outcome.exits {
        let (guest, monitor) = (exit.in_guest.as_secs_f64() * 1e3, exit.in_monitor.as_secs_f64() * 1e3);
        eprintln!(
            "{:8} exits after {guest:9.3} ms in the guest, {monitor:9.3} ms in the monitor: {reason}",
            exit.count
        );
    }
    if let Some(counts) = &outcome.counts {
        eprintln!("{counts:#?}");
    }
    for (name, figure) in &outcome.kvm {
        eprintln!("{figure:12} {name}");
    }
    for pair in outcome.stamps.windows(2) {
        let time = (pair[1].at_ns - pair[0].at_ns) as f64 / 1e6;
        let step = pair[1].step;
        eprintln!("{time:25.3} ms  {}: {}", step.phase, step.call);
    }
    Ok(())
}
