//! Many machines with the built-in kernel: how many start in a second on all processors, and what those that are alive at
//! once use. Each machine is a process of its own, this program again.
//!
//! `cargo bench -p isolab-microvm --bench many -- [--alive N] [--starts N]`
//!
//! Ends with status 1 where a figure is not what isolab promises: at least 100 starts a second, at most 2 MiB for a
//! machine, of which the monitor at most 1 MiB.

use microvm::{Config, Files, GUEST_RAM, Kernel, Sandbox};
use std::fs::{self, File};
use std::io::{PipeReader, Read};
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Tells this program to be a machine: what the guest's program is to do.
const MACHINE: &str = "ISOLAB_BENCH_MACHINE";
/// The program of all machines.
const PROGRAM: &str = "ISOLAB_BENCH_PROGRAM";

const STARTS_PER_SECOND: f64 = 100.0;
const USS_KIB: f64 = 2048.0;
const MONITOR_KIB: f64 = 1024.0;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    let kept = match std::env::var(MACHINE) {
        Ok(words) => return be_a_machine(&words),
        Err(_) => measure(),
    };
    match kept {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn be_a_machine(words: &str) -> ExitCode {
    let config = || -> Result<Config> {
        let program = File::open(std::env::var_os(PROGRAM).ok_or("no program")?)?;
        let mut files = Files::new();
        files.add_open_file("/program", 0o755, program)?;
        Ok(Config {
            initramfs: files.into_initramfs()?,
            program: "/program".into(),
            args: words.split(' ').map(String::from).collect(),
            timeout: Some(Duration::from_secs(300)),
            sandbox: Sandbox::On(Vec::new()),
            ..Config::new(Kernel::Builtin)
        })
    };
    match config().map(microvm::run) {
        Ok(Ok(outcome)) if outcome.end == microvm::End::Exited(0) => ExitCode::SUCCESS,
        Ok(other) => {
            eprintln!("{other:?}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The machines to start, and how.
struct Machines {
    program: tempfile::NamedTempFile,
    /// Nothing comes from it, and it does not end as long as this program runs.
    input: PipeReader,
}

fn measure() -> Result<bool> {
    let (mut alive, mut starts) = (500, 1000);
    let mut args = std::env::args().skip(1).filter(|word| word != "--bench");
    while let Some(word) = args.next() {
        let value = args.next().ok_or(format!("{word} needs a value"))?.parse()?;
        match word.as_str() {
            "--alive" => alive = value,
            "--starts" => starts = value,
            _ => return Err(format!("{word} is not known").into()),
        }
    }
    let program = tempfile::NamedTempFile::new()?;
    fs::write(program.path(), isolab_guest_program::PROGRAM)?;
    let (input, _writer) = std::io::pipe()?;
    let machines = Machines { program, input };

    let fast = machines.start_and_end(starts)?;
    let small = machines.keep_alive(alive)?;
    Ok(fast && small)
}

impl Machines {
    fn start(&self, words: &str) -> Result<Child> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .env_clear()
            .env(MACHINE, words)
            .env(PROGRAM, self.program.path());
        Ok(command.stdin(self.input.try_clone()?).stdout(Stdio::piped()).spawn()?)
    }

    /// On as many threads as there are processors: start, first byte, end.
    fn start_and_end(&self, starts: usize) -> Result<bool> {
        let threads = thread::available_parallelism()?.get();
        let began = Instant::now();
        thread::scope(|scope| {
            let work = || -> Result<()> {
                for _ in 0..starts / threads {
                    let mut child = self.start("say hello")?;
                    let mut said = String::new();
                    child.stdout.take().ok_or("no pipe")?.read_to_string(&mut said)?;
                    if !child.wait()?.success() || said != "hello\n" {
                        return Err(format!("a machine failed; it said {said:?}").into());
                    }
                }
                Ok(())
            };
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            workers
                .into_iter()
                .try_for_each(|worker| worker.join().map_err(|_| "a thread panicked")?)
        })?;
        let rate = (starts / threads * threads) as f64 / began.elapsed().as_secs_f64();
        println!("{rate:.0} starts a second, to the end of each, on {threads} processors");
        Ok(rate >= STARTS_PER_SECOND)
    }

    /// As many as asked for, each at its first byte and waiting for input.
    fn keep_alive(&self, alive: usize) -> Result<bool> {
        let before = available_kib()?;
        let mut all = Alive(Vec::new());
        let began = Instant::now();
        for _ in 0..alive {
            let mut child = self.start("hold")?;
            let mut output = child.stdout.take().ok_or("no pipe")?;
            let ready = output.read_exact(&mut [0]);
            all.0.push((child, output));
            ready?;
        }
        let took = began.elapsed().as_secs_f64();
        let delta = (before - available_kib()?) / alive as f64;
        let mut used = Vec::new();
        for (child, _) in &all.0 {
            used.push(unique_kib(child.id())?);
        }
        let (total, monitor) = (
            median(used.iter().map(|(guest, monitor)| guest + monitor).collect()),
            median(used.iter().map(|(_, monitor)| *monitor).collect()),
        );
        println!("{alive} alive at once, started one after the other in {took:.1} s");
        println!("unique set of one, median: {total:.0} KiB, of which the monitor {monitor:.0} KiB");
        println!("memory that the host has less, by machine: {delta:.0} KiB");
        Ok(total <= USS_KIB && monitor <= MONITOR_KIB)
    }
}

/// Machines that end when this is dropped.
struct Alive(Vec<(Child, ChildStdout)>);

impl Drop for Alive {
    fn drop(&mut self) {
        for (child, _) in &mut self.0 {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What a process has to itself (proc_pid_smaps(5)): guest RAM, and the rest.
fn unique_kib(process: u32) -> Result<(f64, f64)> {
    let (mut guest, mut rest, mut in_guest) = (0.0, 0.0, false);
    for line in fs::read_to_string(format!("/proc/{process}/smaps"))?.lines() {
        let (first, value) = line.split_once(' ').unwrap_or((line, ""));
        match first {
            "Private_Clean:" | "Private_Dirty:" => {
                let kib: f64 = value.trim().trim_end_matches(" kB").parse()?;
                *(if in_guest { &mut guest } else { &mut rest }) += kib;
            }
            _ => {
                if let Some((start, _)) = first.split_once('-') {
                    in_guest = u64::from_str_radix(start, 16).is_ok_and(|start| GUEST_RAM.contains(&start));
                }
            }
        }
    }
    Ok((guest, rest))
}

fn available_kib() -> Result<f64> {
    let information = fs::read_to_string("/proc/meminfo")?;
    let line = information.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    Ok(line.ok_or("no MemAvailable")?.trim().trim_end_matches(" kB").parse()?)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
