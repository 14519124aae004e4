//! `isolab compare --baseline`: what has changed, and whether that is a regression.

use crate::support::{Place, compare_hello, expect, expect_holds, expect_status, say, test};
use libtest_mimic::{Failed, Trial};

pub fn tests() -> Vec<Trial> {
    vec![
        test("a_slowdown_past_the_limit_ends_with_1", &[], slowdown),
        test("the_same_program_is_no_regression", &[], same),
        test(
            "a_baseline_of_something_else_is_refused_unless_told_otherwise",
            &[],
            something_else,
        ),
        test("a_limit_without_a_baseline_is_refused", &[], no_baseline),
        test("several_baselines_are_measurements_of_one_thing", &[], several),
    ]
}

/// A place with a baseline in `then.json`.
fn with_baseline(delay_ms: &str) -> Result<Place, Failed> {
    let place = Place::new();
    expect_status(&compare_hello(&place, "then.json", delay_ms, &[])?, 0)?;
    Ok(place)
}

fn slowdown() -> Result<(), Failed> {
    let place = with_baseline("1")?;
    // The workload's arguments differ, which is what --allow-different is for.
    let limit = [
        "--baseline",
        "then.json",
        "--allow-different",
        "--fail-on-regression",
        "50",
    ];
    let said = compare_hello(&place, "now.json", "300", &limit)?;
    expect_status(&said, 1)?;
    expect_holds(&said.stderr, "process  Start-up ")?;
    expect_holds(&said.stderr, "REGRESSION")
}

fn same() -> Result<(), Failed> {
    let place = with_baseline("5")?;
    let said = compare_hello(
        &place,
        "now.json",
        "5",
        &["--baseline", "then.json", "--fail-on-regression", "400"],
    )?;
    expect_status(&said, 0)
}

fn something_else() -> Result<(), Failed> {
    let place = with_baseline("0")?;
    let said = compare_hello(&place, "now.json", "1", &["--baseline", "then.json"])?;
    expect_status(&said, 2)?;
    expect_holds(&said.stderr, "its argument list is \"1\" and was \"0\"")?;
    expect(!place.path().join("now.json").exists(), || {
        "it was measured all the same".into()
    })?;
    expect_status(
        &compare_hello(
            &place,
            "now.json",
            "1",
            &["--baseline", "then.json", "--allow-different"],
        )?,
        0,
    )
}

fn no_baseline() -> Result<(), Failed> {
    let said = say(Place::new().isolab(&["compare", "--fail-on-regression", "5"]))?;
    expect_status(&said, 2)?;
    expect_holds(&said.stderr, "--baseline")
}

fn several() -> Result<(), Failed> {
    let place = with_baseline("1")?;
    expect_status(&compare_hello(&place, "then2.json", "1", &[])?, 0)?;
    let both = ["--baseline", "then.json", "--baseline", "then2.json"];
    expect_status(&compare_hello(&place, "now.json", "1", &both)?, 0)?;
    let results: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(place.path().join("now.json"))?)?;
    let diff = &results["diff"];
    expect(diff["old_sessions"] == 2 && diff["new_sessions"] == 1, || {
        diff.to_string()
    })
}
