//! Counts of the host's kernel: known numbers of system calls and page faults are found, and where they cannot be counted
//! the results say why.

use crate::host::NOBODY;
use crate::programs::{self, calling, touching};
use crate::support::{Need, Place, binary, english, expect, expect_holds, expect_status, say, test};
use libtest_mimic::{Failed, Trial};
use reports::model::{Results, Sample};

/// How often the programs do it.
const TIMES: u32 = 2000;

/// How often they are run where the count of one run says little.
const TRIES: u32 = 40;

pub fn tests() -> Vec<Trial> {
    let calls = Need::SystemCalls;
    vec![
        test(
            "a_known_number_of_system_calls_is_counted_in_a_process",
            &[calls],
            || known_calls("process"),
        ),
        test(
            "a_known_number_of_system_calls_is_counted_in_a_container",
            &[calls, Need::Containers],
            || known_calls("container"),
        ),
        test(
            "system_calls_in_a_micro_vm_do_not_reach_the_hosts_kernel",
            &[calls, Need::Kvm],
            guest_calls,
        ),
        test("a_known_number_of_page_faults_is_counted_in_a_process", &[], || {
            known_faults("process")
        }),
        test(
            "a_known_number_of_page_faults_is_counted_in_a_container",
            &[Need::Containers],
            || known_faults("container"),
        ),
        test(
            "who_may_not_count_system_calls_is_told_why",
            &[Need::Root, Need::Tool("setpriv")],
            not_permitted,
        ),
    ]
}

/// The results of a program on a target.
fn results(target: &str, program: &[u8], runs: &str) -> Result<Results, Failed> {
    let place = Place::new();
    programs::file(place.path(), "program", program);
    let args = [
        "compare",
        "--json",
        "-",
        "--on",
        target,
        "--runs",
        runs,
        "--",
        "./program",
    ];
    let said = say(place.isolab(&args))?;
    expect_status(&said, 0)?;
    said.results()
}

/// System calls of a program that calls the kernel so often, beside what every such program does.
fn calls(target: &str, times: u32) -> Result<u64, Failed> {
    let results = results(target, &programs::elf(&calling(times)), "1")?;
    let count = results
        .metric_of(target, "system_calls")
        .map(|calls| calls.value as u64);
    Ok(count.ok_or_else(|| format!("{:?}", results.instances))?)
}

fn known_calls(target: &str) -> Result<(), Failed> {
    // How often the processes of a container's start look whether it is their turn depends on what else runs.
    let tries = if target == "process" { 1 } else { TRIES };
    let (mut none, mut many) = (Vec::new(), Vec::new());
    for _ in 0..tries {
        none.push(calls(target, 0)?);
        many.push(calls(target, TIMES)?);
        if none.iter().any(|none| many.contains(&(none + u64::from(TIMES)))) {
            // write(2) and exit_group(2) are the whole program.
            return expect(target != "process" || none == [2], || format!("{none:?} calls of two"));
        }
    }
    Err(format!("{none:?} calls, and {many:?} with {TIMES} more").into())
}

fn guest_calls() -> Result<(), Failed> {
    let (none, many) = (calls("microvm", 0)?, calls("microvm", TIMES)?);
    expect(none > 0 && many.abs_diff(none) < u64::from(TIMES) / 10, || {
        format!("{none} calls of the monitor, and {many} with {TIMES} more in the guest")
    })
}

/// The fewest page faults in some runs: now and then the kernel takes a fault more, never one less.
fn faults(target: &str, times: u32) -> Result<u64, Failed> {
    let results = results(target, &programs::elf(&touching(times)), "10")?;
    let faults = |sample: Sample| Some(sample.metric("page_faults")? as u64);
    let fewest = results.samples.iter().filter_map(faults).min();
    Ok(fewest.ok_or("no page faults were counted")?)
}

fn known_faults(target: &str) -> Result<(), Failed> {
    let (none, many) = (faults(target, 0)?, faults(target, TIMES)?);
    expect((many - none).abs_diff(u64::from(TIMES)) <= 5, || {
        format!("{none} faults, and {many} with {TIMES} pages more")
    })
}

fn not_permitted() -> Result<(), Failed> {
    let place = Place::new();
    std::fs::copy(binary(), place.path().join("isolab"))?;
    let said = say(place.script(&NOBODY, "./isolab compare --on process --json - --runs 2"))?;
    expect_status(&said, 0)?;
    let results: Results = said.results()?;
    let faults = results.metric_of("process", "page_faults").map(|faults| faults.value);
    expect(
        results.metric_of("process", "system_calls").is_none() && faults > Some(0.0),
        || format!("{:?}", results.summary),
    )?;
    let why = results
        .instances
        .iter()
        .find_map(|look| look.missing.get("system_calls"));
    expect_holds(&why.map(english).unwrap_or_default(), "root")
}
