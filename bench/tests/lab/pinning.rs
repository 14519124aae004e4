//! `--pin`: where isolab and the instances run.

use crate::support::{Need, Place, Running, descendants, expect, expect_holds, expect_status, isolab, test, until};
use bench::host::{cpu_list, pin};
use libtest_mimic::{Failed, Trial};

pub fn tests() -> Vec<Trial> {
    vec![
        test(
            "with_two_cpus_isolab_and_the_instances_of_every_target_run_apart",
            &[Need::Cpus(2), Need::Kvm, Need::Containers],
            apart,
        ),
        test(
            "the_cpus_are_kept_with_the_results_as_they_were_asked_for",
            &[Need::Cpus(2)],
            kept,
        ),
        test(
            "a_cpu_that_may_not_be_used_is_refused_with_those_that_may",
            &[],
            refused,
        ),
    ]
}

fn apart() -> Result<(), Failed> {
    let allowed = pin::allowed()?;
    let (own, other) = (allowed[1].to_string(), allowed[0].to_string());
    for target in ["process", "container", "microvm"] {
        let place = Place::new();
        let list = format!("{own},{other}");
        let args = ["compare", "--on", target, "--pin", &list, "-w", "0", "-r", "1"];
        // Long enough to be looked at, wherever it runs.
        let mut command = place.isolab(&[&args[..], &["hello", "--", "60000"]].concat());
        let mut isolab = Running::start(&mut command)?;
        // Before the run isolab may try what this host can do, with containers that end at once.
        until("isolab on its CPU and the instance on the other", || {
            let found: Vec<String> = descendants(isolab.id()).into_iter().filter_map(cpus).collect();
            let apart = !found.is_empty() && found.iter().all(|cpus| *cpus == other);
            (apart && cpus(isolab.id())? == own).then_some(())
        })?;
        isolab.kill()?;
        isolab.wait()?;
    }
    Ok(())
}

/// Where a process may run, as the kernel lists it.
fn cpus(pid: u32) -> Option<String> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    line.map(|list| list.trim().to_owned())
}

fn kept() -> Result<(), Failed> {
    let allowed = pin::allowed()?;
    let asked = [allowed[1], allowed[0]];
    let list = format!("{},{}", asked[0], asked[1]);
    let said = isolab(&["compare", "--on", "simulated", "--json", "-", "--pin", &list])?;
    expect_status(&said, 0)?;
    let results = said.results()?;
    expect(results.config.pinned_to == asked && results.host.cores == 2, || {
        format!("{:?} {}", results.config.pinned_to, results.host.cores)
    })
}

fn refused() -> Result<(), Failed> {
    let said = isolab(&["compare", "--on", "simulated", "--pin", "0,8000"])?;
    expect_status(&said, 2)?;
    expect_holds(&said.stderr, "cannot pin to CPU 8000")?;
    expect_holds(&said.stderr, &cpu_list::format(&pin::allowed()?))?;
    for wrong in ["x", "", "1-", "1,1"] {
        let said = isolab(&["compare", "--on", "simulated", "--pin", wrong])?;
        expect_status(&said, 2)?;
        expect_holds(&said.stderr, "--pin")?;
    }
    Ok(())
}
