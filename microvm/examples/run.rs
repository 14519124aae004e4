//! Boots the built-in kernel with one static program: `cargo run -p isolab-microvm --example run -- PROGRAM ARGS…`

use microvm::{Config, Initramfs, Kernel, initramfs::Archive};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let program = args.next().ok_or("usage: run PROGRAM [ARGS…]")?;
    let mut files = Archive::new();
    files.add_file("/program", 0o755, &std::fs::read(program)?)?;
    let config = Config {
        initramfs: Initramfs::Bytes(files.finish()),
        program: "/program".into(),
        args: args.collect(),
        timeout: Some(std::time::Duration::from_secs(60)),
        ..Config::new(std::env::var("K").map_or(Kernel::Builtin, |k| Kernel::File(k.into())))
    };
    let outcome = microvm::run(&config)?;
    eprint!("{}", outcome.kernel_log);
    eprintln!("{:?} {:?}", outcome.end, outcome.exits);
    for pair in outcome.stamps.windows(2) {
        eprintln!(
            "{:8.3} ms  {}",
            (pair[1].at_ns - pair[0].at_ns) as f64 / 1e6,
            pair[1].name
        );
    }
    Ok(())
}
