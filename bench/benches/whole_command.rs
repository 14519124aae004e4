//! What a user waits for: the whole command, from spawn to exit, of `isolab run` on each target, of the program alone, and
//! of the tools that people use for the same (bubblewrap, runc, crun, QEMU), where they are installed.
//!
//! `cargo bench -p isolab --bench whole_command [-- --runs N] [--idle-gap MS]` on a quiet machine. All run the same
//! program from the same folder and take turns; every line that says `holds` or `FAILS` is a claim, and one that does
//! not hold makes the exit status 1.

use bench::error::Error;
use bench::targets::external::{self, External};
use bench::targets::microvm::initramfs;
use bench::targets::spawn::Group;
use bench::workloads::Workload;
use bench::workloads::image::Image;
use reports::analysis::statistics;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Uncounted runs of each before the others.
const WARMUP: usize = 3;

fn main() -> ExitCode {
    match compare() {
        Ok(status) => status,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// A command to time.
struct Contender {
    name: &'static str,
    words: Vec<String>,
    runs: Vec<Run>,
    failure: Option<String>,
}

/// Milliseconds from just before the command was spawned.
struct Run {
    first_byte_ms: f64,
    exit_ms: f64,
}

impl Contender {
    fn new(name: &'static str, words: &[String]) -> Self {
        Contender {
            name,
            words: words.to_vec(),
            runs: Vec::new(),
            failure: None,
        }
    }

    fn run(&self) -> Result<Run, String> {
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let ms = |since: Instant| since.elapsed().as_secs_f64() * 1e3;
        let begin = Instant::now();
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let mut stdout = child.stdout.take().ok_or("it has no stdout")?;
        let mut said = vec![0; 4096];
        let mut count = stdout.read(&mut said).map_err(|error| error.to_string())?;
        let first_byte_ms = ms(begin);
        // Some write byte by byte.
        while let Ok(more @ 1..) = stdout.read(&mut said[count..]) {
            count += more;
        }
        let status = child.wait().map_err(|error| error.to_string())?;
        let exit_ms = ms(begin);
        // QEMU's isa-debug-exit makes 1 of the guest's 0.
        let ended_well = status.code() == Some(i32::from(self.name.starts_with("QEMU")));
        if ended_well && said[..count].starts_with(b"{\"workload\":\"hello\"}") {
            return Ok(Run { first_byte_ms, exit_ms });
        }
        let mut stderr = String::new();
        // What cannot be read is not shown.
        let _ = child.stderr.take().map(|mut pipe| pipe.read_to_string(&mut stderr));
        Err(format!("{status}; {}", stderr.lines().last().unwrap_or_default()))
    }

    fn first_byte_ms(&self) -> Vec<f64> {
        self.runs.iter().map(|run| run.first_byte_ms).collect()
    }

    fn exit_ms(&self) -> Vec<f64> {
        self.runs.iter().map(|run| run.exit_ms).collect()
    }
}

fn compare() -> Result<ExitCode, Error> {
    let (runs, gap) = (option("--runs", 60)?, Duration::from_millis(option("--idle-gap", 0)?));
    let image = Image::build(&Workload::own("hello", vec![])?, 0)?;
    let folder = tempfile::tempdir().map_err(|error| Error::new(format!("cannot make a folder: {error}")))?;
    let tools = Tools::find()?;
    let mut contenders = contenders(&image, &tools, folder.path())?;
    for contender in &mut contenders {
        contender.failure = (0..WARMUP).find_map(|_| contender.run().err());
    }
    for _ in 0..runs {
        for contender in contenders.iter_mut().filter(|contender| contender.failure.is_none()) {
            std::thread::sleep(gap);
            match contender.run() {
                Ok(run) => contender.runs.push(run),
                Err(why) => contender.failure = Some(why),
            }
        }
    }
    println!("spawn to exit of whole commands on `hello`, {runs} runs in turns; medians (5th to 95th percentile), ms");
    for contender in &contenders {
        match &contender.failure {
            None => println!(
                "  {:24} {}  first byte {}",
                contender.name,
                spread(&contender.exit_ms()),
                spread(&contender.first_byte_ms())
            ),
            Some(why) => println!("  {:24} not measured: {why}", contender.name),
        }
    }
    let failed = claims(&contenders).into_iter().filter(|holds| !holds).count();
    Ok(ExitCode::from(u8::from(failed > 0)))
}

/// The value that follows `name` on the command line.
fn option(name: &str, otherwise: u64) -> Result<u64, Error> {
    let words: Vec<String> = std::env::args().collect();
    match words.iter().position(|word| word == name) {
        None => Ok(otherwise),
        Some(place) => words
            .get(place + 1)
            .and_then(|value| value.parse().ok())
            .ok_or_else(|| Error::new(format!("{name} needs a number"))),
    }
}

fn spread(samples: &[f64]) -> String {
    match statistics::distribution(samples, 1) {
        Some(found) => {
            let end = |end: Option<f64>| end.unwrap_or(found.value);
            format!("{:7.3} ({:.3} to {:.3})", found.value, end(found.p5), end(found.p95))
        }
        None => "no samples".into(),
    }
}

/// The tools that isolab has descriptions of. Their folders live as long as this.
struct Tools {
    bwrap: External,
    runc: External,
}

impl Tools {
    fn find() -> Result<Self, Error> {
        let tool = |name: &str| -> Result<External, Error> {
            let description = external::find(name)?.ok_or_else(|| Error::new(format!("there is no target {name}")))?;
            Ok(External::new(&Arc::new(description), Group::Own))
        };
        Ok(Tools {
            bwrap: tool("bwrap")?,
            runc: tool("runc")?,
        })
    }
}

fn contenders(image: &Image, tools: &Tools, folder: &Path) -> Result<Vec<Contender>, Error> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let isolab = env!("CARGO_BIN_EXE_isolab");
    let failed = |error: std::io::Error| Error::new(format!("cannot prepare the other tools: {error}"));
    let id = format!("isolab-bench-{}", std::process::id());
    let bwrap = tools.bwrap.command(image, &id)?;
    let runc = tools.runc.command(image, &id)?;
    // The same without the file systems that a container has.
    let bare = bwrap
        .iter()
        .filter(|word| !["--proc", "/proc", "--dev", "/dev"].contains(&word.as_str()));
    let bare: Vec<String> = bare.cloned().collect();
    let crun: Vec<String> = ["crun".to_owned()]
        .into_iter()
        .chain(runc[1..].iter().cloned())
        .collect();
    let run = |name, target: &str| Contender::new(name, &[isolab, "run", "--on", target, "hello"].map(String::from));
    let mut contenders = vec![
        Contender::new("the program alone", &[image.executable().to_owned()]),
        run("isolab, process", "process"),
        run("isolab, container", "container"),
        run("isolab, microvm", "microvm"),
        Contender::new("bwrap --unshare-all", &bare),
        Contender::new("bwrap, /proc and /dev", &bwrap),
        Contender::new("runc run", &runc),
        Contender::new("crun run", &crun),
    ];
    let (kernel, files): (PathBuf, PathBuf) = (folder.join("kernel"), folder.join("initramfs"));
    std::fs::write(&kernel, microvm::kernel::builtin()).map_err(failed)?;
    std::fs::write(&files, initramfs(image)?).map_err(failed)?;
    contenders.push(qemu(&text(&kernel), &text(&files)));
    Ok(contenders)
}

/// QEMU with the built-in kernel and files: as README.md says it, with the console on stdout.
fn qemu(kernel: &str, files: &str) -> Contender {
    let words = "qemu-system-x86_64 -M microvm,isa-serial=off -accel kvm -cpu host -m 128 -nodefaults -nographic -no-reboot \
                 -append rdinit=/hello -device isa-debug-exit,iobase=0xf4,iosize=1 \
                 -chardev null,id=log -device isa-serial,iobase=0x3f8,irq=4,chardev=log \
                 -chardev stdio,id=console,signal=off -device isa-serial,iobase=0x2f8,irq=3,chardev=console";
    let words: Vec<String> = words
        .split_ascii_whitespace()
        .chain(["-kernel", kernel, "-initrd", files])
        .map(String::from)
        .collect();
    Contender::new("QEMU microvm", &words)
}

/// Judges what isolab promises, as far as the tools are here.
fn claims(contenders: &[Contender]) -> Vec<bool> {
    let find = |name: &str| {
        contenders
            .iter()
            .find(|contender| contender.name == name && !contender.runs.is_empty())
    };
    let ratio = |name: &str, other: &str, times: fn(&Contender) -> Vec<f64>, most: f64, what: &str| {
        let claim = format!("{name} takes at most {most} times what {other} takes, {what}");
        match (find(name), find(other)) {
            (Some(ours), Some(theirs)) => match ratio_of_medians(&times(ours), &times(theirs)) {
                Some(found) => judge(&claim, found <= most, &format!("{found:.3} times")),
                None => judge(&claim, false, "too few samples"),
            },
            _ => {
                println!("not tried {claim}");
                true
            }
        }
    };
    let exit = "spawn to exit";
    let mut held = vec![
        ratio(
            "isolab, container",
            "bwrap --unshare-all",
            Contender::exit_ms,
            0.6,
            exit,
        ),
        ratio("isolab, container", "runc run", Contender::exit_ms, 0.12, exit),
        ratio("isolab, microvm", "runc run", Contender::exit_ms, 0.25, exit),
        ratio(
            "isolab, microvm",
            "QEMU microvm",
            Contender::first_byte_ms,
            0.15,
            "spawn to first byte",
        ),
    ];
    if let Some(found) = find("isolab, microvm").and_then(|ours| statistics::median(&ours.exit_ms())) {
        let claim = "isolab, microvm takes at most 6 ms, spawn to exit";
        held.push(judge(claim, found <= 6.0, &format!("{found:.3} ms")));
    }
    held
}

fn ratio_of_medians(ours: &[f64], theirs: &[f64]) -> Option<f64> {
    Some(statistics::median(ours)? / statistics::median(theirs)?)
}

fn judge(claim: &str, holds: bool, found: &str) -> bool {
    println!("{} {claim}: {found}", if holds { "holds    " } else { "FAILS    " });
    holds
}
