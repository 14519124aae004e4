//! isolab's clock beside others: the guest's, hyperfine's, and that of whoever waits for a comparison.

use crate::Found;
use crate::statistics::median;
use crate::targets::{image, samples, target, warm_up};
use bench::error::Error;
use bench::workloads::Workload;
use reports::model::Results;
use std::process::{Command, Stdio};
use std::time::Instant;

/// A guest that works for some ten seconds, which it times itself and isolab from outside. What isolab adds is the time
/// until it reads the first and the last byte, which is well below a thousandth of that.
pub fn guest() -> Result<Found, Error> {
    const WANTED_MS: f64 = 10_500.0;
    const TRIAL_MILLIONS: f64 = 200.0;
    let (trial_ms, _) = guest_work(TRIAL_MILLIONS)?;
    let (inside_ms, outside_ms) = guest_work((TRIAL_MILLIONS * WANTED_MS / trial_ms).ceil())?;
    Ok(Found {
        holds: inside_ms > 9_000.0 && (inside_ms / outside_ms - 1.0).abs() < 0.001,
        what: format!("{inside_ms:.3} ms inside, {outside_ms:.3} ms outside"),
    })
}

/// How long it took by the workload's clock, and by isolab's.
fn guest_work(millions: f64) -> Result<(f64, f64), Error> {
    let mut machine = [target("microvm", "microvm", &image("cpu", Some(millions))?)?];
    let sample = machine[0].run()?;
    let clocks = sample.metric("inside_ms").zip(sample.metric("outside_ms"));
    clocks.ok_or_else(|| Error::new(format!("no work was reported: {:?}", sample.error)))
}

/// Both take the same program from its start to its end, in blocks by turns; each pair of blocks has seen the same host.
pub fn hyperfine() -> Result<Found, Error> {
    const BLOCKS: u64 = 30;
    const RUNS: u32 = 30;
    let failed = |error: std::io::Error| Error::new(format!("cannot run hyperfine: {error}"));
    let folder = tempfile::tempdir().map_err(failed)?;
    let (program, json) = (folder.path().join("hello"), folder.path().join("hyperfine.json"));
    let hello = Workload::own("hello", vec![])?;
    std::fs::write(&program, &hello.bytes).map_err(failed)?;
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).map_err(failed)?;
    let theirs = || -> std::io::Result<f64> {
        let runs = RUNS.to_string();
        let status = Command::new("hyperfine")
            .args(["-N", "--output=pipe", "--warmup=2", "--runs", &runs, "--export-json"])
            .args([&json, &program])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        if !status.success() {
            return Err(std::io::Error::other(format!("hyperfine: {status}")));
        }
        let found: serde_json::Value = serde_json::from_slice(&std::fs::read(&json)?)?;
        let seconds = found["results"][0]["median"].as_f64();
        seconds
            .map(|seconds| seconds * 1e3)
            .ok_or_else(|| std::io::Error::other("hyperfine gives no median"))
    };
    let mut ours = [target("process", "hello", &image("hello", None)?)?];
    warm_up(&mut ours)?;
    let (mut own, mut other, mut apart) = (Vec::new(), Vec::new(), Vec::new());
    for seed in 0..BLOCKS {
        let samples = samples(&mut ours, RUNS, seed)?;
        let exits: Vec<f64> = samples.iter().filter_map(|sample| sample.exit_ms()).collect();
        let (here, there) = (median(&exits)?, theirs().map_err(failed)?);
        own.push(here);
        other.push(there);
        apart.push(here - there);
    }
    let (own, other, apart) = (median(&own)?, median(&other)?, median(&apart)?);
    Ok(Found {
        holds: apart.abs() <= f64::max(0.15, 0.1 * other),
        what: format!("{own:.3} ms here, {other:.3} ms there, {apart:+.3} ms apart in the middle pair of blocks"),
    })
}

/// The whole command, as it is typed.
pub fn comparison() -> Result<Found, Error> {
    let start = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_isolab"))
        .args(["compare", "--runs", "30", "--json", "-"])
        .output()
        .map_err(|error| Error::new(format!("cannot start isolab: {error}")))?;
    let seconds = start.elapsed().as_secs_f64();
    let results =
        Results::from_json(&String::from_utf8_lossy(&output.stdout)).map_err(|error| Error::new(error.to_string()))?;
    let good = results.samples.iter().filter(|sample| sample.error.is_none()).count();
    Ok(Found {
        holds: seconds <= 2.0 && good == 90,
        what: format!("{good} runs in {seconds:.2} s"),
    })
}
