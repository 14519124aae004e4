//! `isolab inspect` and the workload `crash`: what is seen and what is taken down on each target.

use crate::support::{Need, Place, expect, expect_holds, expect_status, isolab, say, test};
use libtest_mimic::{Failed, Trial};

pub fn tests() -> Vec<Trial> {
    let containers = &[Need::Containers];
    let everywhere = &[Need::Containers, Need::Kvm];
    vec![
        test(
            "the_same_program_sees_something_else_on_each_target",
            everywhere,
            inspected,
        ),
        test(
            "a_crash_takes_down_its_own_target_and_nothing_else",
            everywhere,
            crashed,
        ),
        test(
            "limits_of_a_container_stop_what_takes_too_much",
            &[Need::Root, containers[0]],
            limited,
        ),
        test(
            "a_target_that_only_fails_gives_an_exit_status_of_its_own",
            &[],
            only_failures,
        ),
        test(
            "a_place_that_cannot_be_written_to_is_refused_before_anything_is_measured",
            &[],
            unwritable,
        ),
    ]
}

/// The words of a line, behind its name.
fn line(table: &str, name: &str) -> Result<Vec<String>, Failed> {
    let line = table.lines().find_map(|line| line.strip_prefix(name));
    let line = line.ok_or_else(|| format!("no line {name:?} in {table}"))?;
    Ok(line
        .split("  ")
        .map(|cell| cell.trim().to_owned())
        .filter(|cell| !cell.is_empty())
        .collect())
}

fn inspected() -> Result<(), Failed> {
    let said = isolab(&["inspect"])?;
    expect_status(&said, 0)?;
    let [kernels, pids] = [line(&said.stdout, "Kernel ")?, line(&said.stdout, "Process ID")?];
    expect(kernels[0] == kernels[1] && kernels[2].starts_with("isolab "), || {
        said.stdout.clone()
    })?;
    expect(pids[1..3] == ["2", "1"] && pids[0] != "2", || said.stdout.clone())?;
    let said = isolab(&["inspect", "--on", "process,container", "--lang", "ko"])?;
    expect_holds(&said.stdout, "호스트 이름")
}

fn crashed() -> Result<(), Failed> {
    let tries: [(&str, &str, i32, &str); 9] = [
        ("process", "segv", 139, "ended by SIGSEGV"),
        ("container", "segv", 139, "ended by SIGSEGV"),
        (
            "microvm",
            "segv",
            139,
            "ended by SIGSEGV: write at 0x10 by the instruction at",
        ),
        ("process", "oom", 2, "stops by itself here (--memory sets a limit)"),
        ("microvm", "oom", 137, "ended by SIGKILL: out of memory"),
        ("process", "panic", 2, "is not asked to panic"),
        ("container", "panic", 2, "is not asked to panic"),
        ("microvm", "panic", 255, "panic in the kernel"),
        (
            "microvm",
            "fork-bomb",
            0,
            "refused after 0 processes: Function not implemented",
        ),
    ];
    for (target, kind, status, text) in tries {
        let said = isolab(&["run", "--on", target, "crash", "--", kind])?;
        expect_status(&said, status)?;
        expect_holds(&format!("{}{}", said.stdout, said.stderr), text)?;
    }
    Ok(())
}

fn limited() -> Result<(), Failed> {
    let run = |option: &[&str], kind| isolab(&[&["run", "--on", "container"], option, &["crash", "--", kind]].concat());
    let killed = run(&["--memory", "32M"], "oom")?;
    expect_status(&killed, 137)?;
    expect_holds(&killed.stderr, "ended by SIGKILL: the memory limit was reached")?;
    let refused = run(&["--pids", "8"], "fork-bomb")?;
    expect_status(&refused, 0)?;
    expect_holds(
        &refused.stdout,
        "refused after 7 processes: Resource temporarily unavailable",
    )
}

fn only_failures() -> Result<(), Failed> {
    let quick = ["--on", "process", "--runs", "3", "--warmup", "0"];
    let failing = isolab(&[&["compare", "crash", "--json", "-"], &quick[..], &["--", "panic"]].concat())?;
    expect_status(&failing, 3)?;
    expect_holds(&failing.stderr, "ended with status 2")?;
    let ready = isolab(
        &[
            &["compare", "crash", "--json", "-"],
            &quick[..],
            &["--ready", "exit", "--", "fork-bomb"],
        ]
        .concat(),
    )?;
    expect_status(&ready, 0)?;

    let place = Place::new();
    let case = "[[case]]\nname = \"a\"\nworkload = \"crash\"\nargs = [\"panic\"]\ntargets = [\"process\"]\nruns = 3\n";
    std::fs::write(place.path().join("suite.toml"), case)?;
    expect_status(&say(place.isolab(&["suite", "run", "suite.toml", "--out", "out"]))?, 3)
}

fn unwritable() -> Result<(), Failed> {
    for option in [["--json", "/proc/results.json"], ["--report", "/proc/report"]] {
        let said = isolab(&[&["compare", "--on", "simulated"], &option[..]].concat())?;
        expect_status(&said, 2)?;
        expect_holds(&said.stderr, "cannot write /proc/")?;
        expect(said.stdout.is_empty(), || {
            format!("it was measured all the same: {}", said.stdout)
        })?;
    }
    Ok(())
}
