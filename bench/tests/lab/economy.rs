//! What isolab itself takes, however much it measures.

use crate::support::{Place, Running, expect, full_pipe, test, until};
use libtest_mimic::{Failed, Trial};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// What isolab may take.
const LIMIT_BYTES: u64 = 30 << 20;
const RUNS: usize = 100_000;

pub fn tests() -> Vec<Trial> {
    vec![test(
        "a_hundred_thousand_samples_are_measured_kept_and_reported_in_less_than_30_mib",
        &[],
        hundred_thousand,
    )]
}

fn hundred_thousand() -> Result<(), Failed> {
    let place = Place::new();
    let runs = RUNS.to_string();
    let mut compare = place.isolab(&[
        "compare",
        "--on",
        "simulated",
        "--runs",
        &runs,
        "--json",
        "results.json",
    ]);
    compare.stdout(Stdio::null());
    let measuring = peak_bytes(compare, Command::stderr, &place.path().join("results.json"))?;
    expect(measuring < LIMIT_BYTES, || format!("{measuring} bytes to measure"))?;

    let mut report = place.isolab(&["report", "results.json", "--format", "md"]);
    report.stderr(Stdio::null());
    let reporting = peak_bytes(report, Command::stdout, &place.path().join("report/report.md"))?;
    expect(reporting < LIMIT_BYTES, || format!("{reporting} bytes to report"))?;

    // They were whole samples, like those of a micro-VM, with eight steps each; the summary has its eight medians, too.
    let (mut samples, mut steps) = (0, 0);
    for line in BufReader::new(File::open(place.path().join("results.json"))?).lines() {
        let line = line?;
        samples += usize::from(line.trim_start().starts_with("\"exit_code\": 0"));
        steps += usize::from(line.trim_start().starts_with("\"ms\": "));
    }
    expect(samples == RUNS && steps == 8 * RUNS + 8, || {
        format!("{samples} samples with {steps} steps")
    })
}

/// The most memory that an isolab ever had resident (VmHWM, proc_pid_status(5)), read when its work is done and `made`
/// is there. It cannot end before, as the pipe that it then writes to, with `connect` put in the place of stdout or
/// stderr, is full.
fn peak_bytes(mut lab: Command, connect: fn(&mut Command, Stdio) -> &mut Command, made: &Path) -> Result<u64, Failed> {
    let (reader, writer) = full_pipe()?;
    connect(&mut lab, writer.into());
    let mut started = Running::start(&mut lab)?;
    // The other copy of the writer is the command's.
    drop(lab);
    let done = until("isolab to have done its work", || made.exists().then_some(()));
    let status = std::fs::read_to_string(format!("/proc/{}/status", started.id()))?;
    std::io::copy(&mut File::from(reader), &mut std::io::sink())?;
    let ended = started.wait()?;
    done?;
    expect(ended.success(), || format!("{ended}"))?;
    let kib = status.lines().find_map(|line| {
        line.strip_prefix("VmHWM:")?
            .trim()
            .strip_suffix(" kB")?
            .parse::<u64>()
            .ok()
    });
    Ok(kib.ok_or_else(|| format!("no VmHWM in {status}"))? * 1024)
}
