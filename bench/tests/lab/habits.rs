//! The command line as people's hands know it from other tools: short options, `ls`, help in groups.

use crate::support::{Place, expect, expect_holds, expect_status, isolab, say, test};
use libtest_mimic::{Failed, Trial};
use reports::model::Results;

pub fn tests() -> Vec<Trial> {
    vec![
        test("compare_takes_a_workload_by_name_as_run_does", &[], named_workload),
        test("runs_warmup_and_name_have_short_options", &[], short_options),
        test("lists_are_shown_by_ls_and_by_list", &[], lists),
        test(
            "an_older_name_of_an_option_is_still_taken_and_no_longer_shown",
            &[],
            older_names,
        ),
        test("the_options_of_compare_are_in_groups", &[], groups),
        test("cargo_test_does_not_run_isolab_in_place_of_its_tests", &[], no_own_main),
    ]
}

fn compare(args: &[&str]) -> Result<Results, Failed> {
    let said = isolab(&[&["compare", "--json", "-", "--on", "simulated"], args].concat())?;
    expect_status(&said, 0)?;
    said.results()
}

fn named_workload() -> Result<(), Failed> {
    let results = compare(&["cpu", "--runs", "2", "--", "3"])?;
    let workload = &results.workload;
    expect(workload.name == "cpu" && workload.args == ["3"], || {
        format!("{workload:?}")
    })?;
    let twice = isolab(&["compare", "--on", "simulated", "cpu", "--workload", "hello"])?;
    expect_status(&twice, 2)
}

fn short_options() -> Result<(), Failed> {
    let results = compare(&["-r", "7", "-w", "1", "-n", "mine"])?;
    let found = (
        results.config.runs,
        results.config.warmup,
        results.workload.name.as_str(),
    );
    expect(found == (7, 1, "mine"), || format!("{found:?}"))?;
    expect_status(&isolab(&["compare", "--on", "simulated", "-n", "a\nb"])?, 2)
}

fn lists() -> Result<(), Failed> {
    for command in ["suite", "kernel"] {
        let said = isolab(&[command, "ls"])?;
        expect_status(&said, 0)?;
        let same = isolab(&[command, "list"])?;
        expect(same.stdout == said.stdout && !said.stdout.is_empty(), || {
            same.stdout.clone()
        })?;
    }
    Ok(())
}

fn older_names() -> Result<(), Failed> {
    let place = Place::new();
    let compare = ["compare", "--on", "simulated", "--seed", "1"];
    let then = [&compare[..], &["--json", "then.json"]].concat();
    expect_status(&say(place.isolab(&then))?, 0)?;
    for option in ["--allow-different", "--baseline-differs"] {
        let now = [&compare[..], &["-r", "8", "--baseline", "then.json", option]].concat();
        expect_status(&say(place.isolab(&now))?, 0)?;
    }
    let help = isolab(&["compare", "--help"])?.stdout;
    expect_holds(&help, "--allow-different")?;
    for hidden in ["--baseline-differs", "--workload"] {
        expect(!help.contains(hidden), || help.clone())?;
    }
    Ok(())
}

fn groups() -> Result<(), Failed> {
    let help = isolab(&["compare", "--help"])?.stdout;
    let place = |heading: &str| help.lines().position(|line| line == heading);
    for (heading, option) in [
        ("Measuring:", "  -r, --runs"),
        ("Output:", "      --json"),
        ("Baseline:", "      --fail-on-regression"),
        ("Limits:", "      --memory"),
    ] {
        let heading_at = place(heading).ok_or_else(|| help.clone())?;
        let rest = help.lines().skip(heading_at + 1);
        let mut group = rest.take_while(|line| line.is_empty() || line.starts_with(' '));
        expect(group.any(|line| line.starts_with(option)), || {
            format!("{option} is not below {heading} in {help}")
        })?;
    }
    Ok(())
}

/// A program with a `main` of its own is not replaced by a test harness: cargo would run a whole comparison, which leaves
/// results in the package's folder.
fn no_own_main() -> Result<(), Failed> {
    let manifest: toml::Table = include_str!("../../Cargo.toml").parse()?;
    let programs = manifest["bin"].as_array().ok_or("no programs")?;
    for program in programs {
        let tested = program.get("test").and_then(toml::Value::as_bool);
        expect(tested == Some(false), || format!("{program:?}"))?;
    }
    Ok(())
}
