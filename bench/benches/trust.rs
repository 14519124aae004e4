//! Whether the harness can be trusted on this host: it is told truths that are known, and must report them.
//!
//! `cargo bench -p isolab --bench trust` on a quiet machine; every line is a claim with what was found, and one that does
//! not hold makes the exit status 1. These claims are about time, so they are no part of `cargo test`.

use bench::error::Error;
use bench::image::Image;
use bench::rounds::{self, Conductor, Plan};
use bench::spawn::Group;
use bench::stats;
use bench::target::Target;
use bench::target::local::{Local, Subject};
use bench::target::microvm::MicroVm;
use bench::target::mock::{Mock, World};
use bench::target::process::Process;
use bench::workload::{self, Workload};
use reports::model::{self, Distribution, Sample};
use std::process::{Command, ExitCode, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    // The micro-VM's monitor is this program, started again.
    bench::target::microvm::monitor::run_if_asked();
    let claims: [(&str, Check); 8] = [
        (
            "a program that computes for 1, 5, 20 ms is reported that much slower, within 3 % or 0.05 ms",
            known_delays,
        ),
        (
            "of 200 comparisons of a program with itself at most 17 find a difference",
            no_false_alarms,
        ),
        (
            "a true difference of 5 % is found with 50 runs in at least 80 % of comparisons",
            no_blindness,
        ),
        ("results do not depend on the order of targets", order),
        ("guest and host clocks agree within 0.1 % over ten seconds", clocks),
        (
            "hyperfine agrees about the same program within 0.15 ms or 10 %",
            hyperfine,
        ),
        ("30 runs of three targets take at most 2 s", whole_comparison),
        ("the lab stays under 30 MiB with 100,000 samples", memory),
    ];
    let mut status = ExitCode::SUCCESS;
    for (claim, check) in claims {
        let (verdict, found) = match check() {
            Ok(Found { holds: true, what }) => ("holds  ", what),
            Ok(Found { holds: false, what }) => ("FAILS  ", what),
            Err(error) => ("ERROR  ", error.to_string()),
        };
        if verdict != "holds  " {
            status = ExitCode::FAILURE;
        }
        println!("{verdict} {claim}: {found}");
    }
    status
}

/// Looks whether a claim holds.
type Check = fn() -> Result<Found, Error>;

/// What a check has found.
struct Found {
    holds: bool,
    what: String,
}

/// A target under another name, so that the same one can be measured twice.
struct Named(String, Local);

impl Target for Named {
    fn name(&self) -> &str {
        &self.0
    }
    fn describe(&self) -> model::Target {
        self.1.describe()
    }
    fn run(&mut self) -> Result<Sample, Error> {
        self.1.run()
    }
    fn system_calls(&mut self) -> Result<u64, String> {
        self.1.system_calls()
    }
    fn memory(&mut self) -> Result<model::Memory, Error> {
        self.1.memory()
    }
}

struct Quiet;

impl Conductor for Quiet {
    fn pause(&mut self, gap: Duration) {
        std::thread::sleep(gap);
    }
    fn stepped(&mut self, _: &str) {}
    fn stopped(&self) -> bool {
        false
    }
}

/// `hello` as a process, which computes for so long before it says so.
fn hello(name: &str, delay_ms: f64) -> Result<Box<dyn Target>, Error> {
    let args = if delay_ms > 0.0 {
        vec![delay_ms.to_string()]
    } else {
        vec![]
    };
    let image = Rc::new(Image::build(&Workload::own("hello", args)?, 0)?);
    let subject = |image| Subject {
        backend: Box::new(Process { group: Group::Own }),
        image,
    };
    let local = Local::new(subject(Rc::clone(&image)), subject(image), Duration::from_secs(10))?;
    Ok(Box::new(Named(name.into(), local)))
}

/// The start-up times of the targets, taken in turns.
fn ready_ms(targets: &mut [Box<dyn Target>], runs: u32, seed: u64) -> Vec<Vec<f64>> {
    let plan = Plan {
        runs,
        warmup: 2,
        memory_runs: 0,
        idle_gap: Duration::ZERO,
        seed,
    };
    let samples = rounds::run(targets, &plan, &mut Quiet).samples;
    let of = |name: &str| -> Vec<f64> {
        let own = samples.iter().filter(|sample| sample.target == name);
        own.filter_map(|sample| sample.ready_ms).collect()
    };
    targets.iter().map(|target| of(target.name())).collect()
}

fn distribution(samples: &[f64]) -> Result<Distribution, Error> {
    stats::distribution(samples, 1).ok_or_else(|| Error::new("there are no samples"))
}

fn known_delays() -> Result<Found, Error> {
    let mut what = String::new();
    let mut holds = true;
    // Both compute: what the lab itself still does after a start then lies beside the computing in both alike.
    const BASE_MS: f64 = 1.0;
    for delay_ms in [1.0, 5.0, 20.0] {
        let samples = ready_ms(
            &mut [hello("base", BASE_MS)?, hello("delayed", BASE_MS + delay_ms)?],
            60,
            1,
        );
        let (plain, delayed) = (distribution(&samples[0])?, distribution(&samples[1])?);
        let found = delayed.median - plain.median;
        let (low, high) = (delayed.ci_low - plain.ci_high, delayed.ci_high - plain.ci_low);
        holds &= (found - delay_ms).abs() <= f64::max(0.03 * delay_ms, 0.05) && low <= delay_ms && delay_ms <= high;
        what.push_str(&format!("{delay_ms} ms as {found:.3} ({low:.3} to {high:.3}); "));
    }
    Ok(Found { holds, what })
}

fn no_false_alarms() -> Result<Found, Error> {
    let mut targets = [hello("one", 0.0)?, hello("other", 0.0)?];
    let mut alarms = 0;
    for seed in 0..200 {
        let samples = ready_ms(&mut targets, 30, seed);
        alarms +=
            usize::from(stats::contrast(&samples[0], &samples[1], seed).is_some_and(|found| found.p_value < 0.05));
    }
    // 10 expected; 17 are exceeded once in a hundred times (binomial, n = 200, p = 0.05).
    Ok(Found {
        holds: alarms <= 17,
        what: format!("{alarms} of 200"),
    })
}

fn no_blindness() -> Result<Found, Error> {
    let mut targets = [hello("five", 5.0)?, hello("five and a quarter", 5.25)?];
    let mut found = 0;
    for seed in 0..40 {
        let samples = ready_ms(&mut targets, 50, seed);
        let contrast = stats::contrast(&samples[1], &samples[0], seed);
        found += usize::from(contrast.is_some_and(|found| found.p_value < 0.05 && found.ratio > 1.0));
    }
    Ok(Found {
        holds: found >= 32,
        what: format!("in {found} of 40"),
    })
}

fn order() -> Result<Found, Error> {
    let mut medians = Vec::new();
    for names in [["a", "b"], ["b", "a"]] {
        let delay = |name: &str| if name == "a" { 0.0 } else { 2.0 };
        let mut targets = [hello(names[0], delay(names[0]))?, hello(names[1], delay(names[1]))?];
        let samples = ready_ms(&mut targets, 100, 5);
        let of = |name: &str| distribution(&samples[usize::from(names[1] == name)]);
        medians.push(of("b")?.median - of("a")?.median);
    }
    let apart = (medians[0] - medians[1]).abs();
    Ok(Found {
        holds: apart < 0.1,
        what: format!("differences of {:.3} and {:.3} ms", medians[0], medians[1]),
    })
}

fn clocks() -> Result<Found, Error> {
    // Some ten seconds of work, which guest and host time both.
    let image = Rc::new(Image::build(&Workload::own("cpu", vec!["4000".into()])?, 0)?);
    let timeout = Duration::from_secs(120);
    let machine = || MicroVm {
        timeout: Some(timeout),
        ..MicroVm::new(None, Group::Own)
    };
    let subject = |image| Subject {
        backend: Box::new(machine()),
        image,
    };
    let mut target = Local::new(subject(Rc::clone(&image)), subject(image), timeout)?;
    let sample = target.run()?;
    let work = sample
        .work
        .ok_or_else(|| Error::new(format!("no work was reported: {:?}", sample.error)))?;
    let outside_ms = work.outside_ms.unwrap_or(f64::NAN);
    let holds = (work.inside_ms / outside_ms - 1.0).abs() < 0.001;
    Ok(Found {
        holds,
        what: format!("{:.3} ms inside, {outside_ms:.3} ms outside", work.inside_ms),
    })
}

fn hyperfine() -> Result<Found, Error> {
    let folder = tempfile::tempdir().map_err(|error| Error::from_cause("cannot make a folder", error))?;
    let program = folder.path().join("hello");
    let json = folder.path().join("hyperfine.json");
    let run = || -> std::io::Result<f64> {
        let mut command = Command::new("hyperfine");
        command
            .args(["-N", "--warmup", "3", "--runs", "60", "--export-json"])
            .arg(&json)
            .arg(&program);
        if !command.stdout(Stdio::null()).stderr(Stdio::null()).status()?.success() {
            return Err(std::io::Error::other("hyperfine failed"));
        }
        let found: serde_json::Value = serde_json::from_slice(&std::fs::read(&json)?)?;
        found["results"][0]["median"]
            .as_f64()
            .map(|s| s * 1e3)
            .ok_or_else(|| std::io::Error::other("no median"))
    };
    let prepare = || -> std::io::Result<()> {
        std::fs::write(&program, workload::own("hello").map_or(&[][..], |own| own.bytes))?;
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755))
    };
    prepare().map_err(|error| Error::from_cause("cannot write the program", error))?;
    let mut target = [hello("hello", 0.0)?];
    let plan = Plan {
        runs: 60,
        warmup: 3,
        memory_runs: 0,
        idle_gap: Duration::ZERO,
        seed: 1,
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    // Side by side: in blocks, one after the other, so that both see the same host.
    for _ in 0..8 {
        let samples = rounds::run(&mut target, &plan, &mut Quiet).samples;
        ours.push(distribution(&samples.iter().map(|sample| sample.exit_ms).collect::<Vec<_>>())?.median);
        theirs.push(run().map_err(|error| Error::from_cause("cannot run hyperfine", error))?);
    }
    let (ours, theirs) = (distribution(&ours)?.median, distribution(&theirs)?.median);
    let holds = (ours - theirs).abs() <= f64::max(0.15, 0.1 * theirs);
    Ok(Found {
        holds,
        what: format!("{ours:.3} ms here, {theirs:.3} ms there"),
    })
}

fn whole_comparison() -> Result<Found, Error> {
    let start = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_isolab"))
        .args(["compare", "--runs", "30", "--json", "-"])
        .output()
        .map_err(|error| Error::from_cause("cannot start isolab", error))?;
    let seconds = start.elapsed().as_secs_f64();
    let results = model::Results::from_json(&String::from_utf8_lossy(&output.stdout))
        .map_err(|error| Error::new(error.to_string()))?;
    let holds = seconds <= 2.0 && results.samples.len() == 90;
    Ok(Found {
        holds,
        what: format!("{} samples in {seconds:.2} s", results.samples.len()),
    })
}

fn memory() -> Result<Found, Error> {
    let world = Rc::new(World::default());
    let mut targets: [Box<dyn Target>; 1] = [Box::new(Mock::noisy("mock", &world, 1, 1.0, 0.1))];
    let before = resident_peak_bytes()?;
    let measured = rounds::run(
        &mut targets,
        &Plan {
            runs: 100_000,
            warmup: 0,
            memory_runs: 0,
            idle_gap: Duration::ZERO,
            seed: 1,
        },
        &mut Quiet,
    );
    let peak = resident_peak_bytes()?;
    let what = format!(
        "{:.1} MiB with {} samples, {:.1} MiB before",
        peak as f64 / 1048576.0,
        measured.samples.len(),
        before as f64 / 1048576.0
    );
    Ok(Found {
        holds: peak < 30 << 20,
        what,
    })
}

/// VmHWM of this process (proc_pid_status(5)).
fn resident_peak_bytes() -> Result<u64, Error> {
    let status = std::fs::read_to_string("/proc/self/status")
        .map_err(|error| Error::from_cause("cannot read /proc/self/status", error))?;
    let kib = status.lines().find_map(|line| {
        line.strip_prefix("VmHWM:")?
            .trim_end_matches("kB")
            .trim()
            .parse::<u64>()
            .ok()
    });
    kib.map(|kib| kib * 1024)
        .ok_or_else(|| Error::new("/proc/self/status has no VmHWM"))
}
