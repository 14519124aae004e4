//! Gates: two versions of a program, measured by turns (`compare --against`), and a suite judged by its earlier run.

use crate::programs::{calling, elf, file};
use crate::support::{Place, expect, expect_holds, expect_status, say, test};
use libtest_mimic::{Failed, Trial};
use reports::model::{Results, Verdict};

pub fn tests() -> Vec<Trial> {
    vec![
        test(
            "of_two_versions_by_turns_the_slower_one_is_told_and_fails_the_gate",
            &[],
            slower,
        ),
        test(
            "a_suite_is_judged_by_its_earlier_run_of_another_version_of_the_program",
            &[],
            suite,
        ),
        test("several_sizes_make_a_comparison_each_and_a_report_over_all", &[], sweep),
        test("a_version_that_is_not_there_is_said_to_be_missing", &[], missing),
        test("a_gate_of_fewer_runs_than_can_tell_is_refused", &[], few),
    ]
}

fn few() -> Result<(), Failed> {
    let words = [
        "compare",
        "--against",
        "./fast",
        "--runs",
        "3",
        "--fail-on-regression",
        "5",
        "--",
        "./slow",
    ];
    let said = say(Place::new().isolab(&words))?;
    expect_status(&said, 2)?;
    expect_holds(&said.stderr, "it takes 6 or more")
}

fn slower() -> Result<(), Failed> {
    let place = Place::new();
    file(place.path(), "fast", &elf(&calling(1)));
    file(place.path(), "slow", &elf(&calling(100_000)));
    let compare = |against: &str, program: &str| {
        let words = [
            "compare",
            "--on",
            "process",
            "--runs",
            "12",
            "--json",
            "r.json",
            "--fail-on-regression",
            "50",
        ];
        say(place.isolab(&[&words[..], &["--against", against, "--report", "report", "--", program]].concat()))
    };
    let said = compare("./fast", "./slow")?;
    expect_status(&said, 1)?;
    for text in [
        "Start-up of B against A: process +",
        "process A",
        "process B",
        "A: ./fast, B: ./slow",
    ] {
        expect_holds(&said.stdout, text)?;
    }
    expect_holds(&said.stderr, "REGRESSION")?;
    // Both rows, both programs, and no word that programs must not differ.
    let results = Results::from_json(&std::fs::read_to_string(place.path().join("r.json"))?)?;
    let rows: Vec<&str> = results.targets.iter().map(|target| target.name.as_str()).collect();
    expect(rows == ["process@A", "process@B"], || format!("{rows:?}"))?;
    let against = results.against.as_ref().ok_or("no other version")?;
    let given = results.targets.iter().map(|target| &target.workload_sha256);
    expect(given.eq([&against.sha256, &results.workload.sha256]), || {
        format!("{:?}", results.targets)
    })?;
    expect(against.sha256 != results.workload.sha256, || "one program".into())?;
    expect(
        results.warnings.iter().all(|warning| warning.id != "programs-differ"),
        || format!("{:?}", results.warnings),
    )?;
    let diff = results.diff.as_ref().ok_or("no diff")?;
    let change = diff
        .changes
        .iter()
        .find(|change| change.metric == *"ready_ms")
        .ok_or("no start-up")?;
    expect(
        change.target == "process" && change.verdict == Verdict::Worse && change.regression,
        || format!("{change:?}"),
    )?;
    let report = std::fs::read_to_string(place.path().join("report/report.html"))?;
    expect_holds(&report, "B to A")
}

fn suite() -> Result<(), Failed> {
    let place = Place::new();
    let case = "[[case]]\nname = \"one\"\nprogram = \"program\"\ntargets = [\"process\"]\nruns = 12\n";
    std::fs::write(place.path().join("suite.toml"), case)?;
    let run = |calls: u32, more: &[&str]| {
        file(place.path(), "program", &elf(&calling(calls)));
        say(place.isolab(&[&["suite", "run", "suite.toml", "--out"], more].concat()))
    };
    expect_status(&run(1, &["old"])?, 0)?;
    let gate = ["--baseline", "old", "--fail-on-regression", "50"];
    let slower = run(100_000, &[&["slower"], &gate[..]].concat())?;
    expect_status(&slower, 1)?;
    expect_holds(&slower.stdout, "The program itself has changed")?;
    expect_holds(&slower.stdout, "REGRESSION")?;
    // Before anything is measured.
    std::fs::write(
        place.path().join("suite.toml"),
        case.replace("runs = 12", "runs = 12\nargs = [\"1\"]"),
    )?;
    for (more, why) in [
        (&["--baseline", "nowhere"][..], "nowhere"),
        (&gate, "isolab diff --allow-different"),
        (&["--baseline", "old", "--shard", "1/1"], "cannot be used with"),
    ] {
        let refused = run(1, &[&["refused"], more].concat())?;
        expect_status(&refused, 2)?;
        expect_holds(&refused.stderr, why)?;
        expect(!place.path().join("refused").exists(), || format!("{more:?}"))?;
    }
    Ok(())
}

fn sweep() -> Result<(), Failed> {
    let place = Place::new();
    let words = [
        "compare",
        "--on",
        "simulated",
        "-r",
        "6",
        "--memory",
        "32M,64M",
        "--cpus",
        "0.5,1",
    ];
    let said = say(place.isolab(&[&words[..], &["--report", "report"]].concat()))?;
    expect_status(&said, 0)?;
    let names = [
        "01-hello-32MiB-0.5cpus",
        "02-hello-32MiB-1cpus",
        "03-hello-64MiB-0.5cpus",
        "04-hello-64MiB-1cpus",
    ];
    for name in names {
        expect_holds(&said.stdout, &format!("## {name}"))?;
    }
    let report = std::fs::read_to_string(place.path().join("report/report.html"))?;
    for label in ["32 MiB", "64 MiB"] {
        expect_holds(&report.replace('\u{a0}', " "), label)?;
    }
    // What takes one value says so before anything runs.
    let refused = say(place.isolab(&[&words[..], &["--json", "-"]].concat()))?;
    expect_status(&refused, 2)?;
    expect_holds(&refused.stderr, "--json")?;
    let run = say(place.isolab(&["run", "--on", "container", "--memory", "32M,64M", "hello"]))?;
    expect_holds(&run.stderr, "one value")
}

fn missing() -> Result<(), Failed> {
    let said = say(Place::new().isolab(&["compare", "--against", "./nothing", "hello"]))?;
    expect_status(&said, 2)?;
    expect_holds(&said.stderr, "./nothing")
}
