//! `isolab diff`: old results files against new ones, as `compare --baseline` does with what it has just measured.

use crate::support::{Place, Said, compare_hello, expect, expect_holds, expect_status, say, test};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;

pub fn tests() -> Vec<Trial> {
    vec![
        test(
            "a_diff_finds_what_has_become_slower_and_ends_with_1_past_the_limit",
            &[],
            slowdown,
        ),
        test("a_diff_of_a_file_with_itself_finds_nothing", &[], nothing),
        test(
            "a_baseline_and_a_diff_of_the_same_two_files_say_the_same",
            &[],
            baseline_and_diff,
        ),
        test("a_diff_of_two_folders_pairs_their_files_by_name", &[], folders),
        test("a_diff_speaks_korean_throughout", &[], korean),
        test("a_diff_without_two_halves_is_refused", &[], halves),
        test("a_diff_of_several_sessions_a_side_takes_them_as_one", &[], sessions),
        test(
            "a_metric_that_the_program_reports_itself_reaches_table_csv_and_diff",
            &[],
            own_metric,
        ),
    ]
}

/// Measures `hello` with this delay.
fn compare(place: &Place, file: &str, delay_ms: &str, more: &[&str]) -> Result<Said, Failed> {
    let said = compare_hello(place, file, delay_ms, more)?;
    expect_status(&said, 0)?;
    Ok(said)
}

/// A place with a `new.json` beside `old.json` that is so much slower that no other load on the host hides it.
fn slower() -> Result<Place, Failed> {
    let place = Place::new();
    compare(&place, "old.json", "1", &[])?;
    compare(&place, "new.json", "300", &[])?;
    Ok(place)
}

fn slowdown() -> Result<(), Failed> {
    let place = slower()?;
    let refused = say(place.isolab(&["diff", "old.json", "new.json"]))?;
    expect_status(&refused, 2)?;
    expect_holds(&refused.stderr, "its argument list is \"300\" and was \"1\"")?;

    let args = [
        "diff",
        "old.json",
        "new.json",
        "--allow-different",
        "--fail-on-regression",
        "50",
        "--json",
        "-",
    ];
    let said = say(place.isolab(&args))?;
    expect_status(&said, 1)?;
    expect_holds(&said.stderr, "REGRESSION")?;
    let document: Value = serde_json::from_str(&said.stdout)?;
    let changes = document["pairs"][0]["changes"].as_array().ok_or("no changes")?;
    let ready = changes
        .iter()
        .find(|change| change["metric"] == "ready_ms")
        .ok_or("no start-up")?;
    expect(ready["verdict"] == "worse" && ready["regression"] == true, || {
        ready.to_string()
    })?;
    expect(ready["interval"]["low"].as_f64() > Some(1.5), || ready.to_string())
}

fn nothing() -> Result<(), Failed> {
    let place = Place::new();
    compare(&place, "one.json", "1", &[])?;
    let said = say(place.isolab(&["diff", "one.json", "one.json", "--fail-on-regression", "0"]))?;
    expect_status(&said, 0)?;
    expect_holds(&said.stdout, "no difference")?;
    expect(
        !said.stdout.contains("worse") && !said.stdout.contains("REGRESSION"),
        || said.stdout.clone(),
    )
}

fn baseline_and_diff() -> Result<(), Failed> {
    let place = Place::new();
    compare(&place, "old.json", "1", &[])?;
    let measured = compare(&place, "new.json", "1", &["--baseline", "old.json"])?;
    let read = say(place.isolab(&["diff", "old.json", "new.json"]))?;
    expect_status(&read, 0)?;
    expect_holds(&measured.stderr, read.stdout.trim_end())?;
    let results: Value = serde_json::from_str(&std::fs::read_to_string(place.path().join("new.json"))?)?;
    expect(results["diff"]["changes"][0]["verdict"].is_string(), || {
        results["diff"].to_string()
    })
}

fn folders() -> Result<(), Failed> {
    let place = Place::new();
    compare(&place, "old/a.json", "1", &[])?;
    for file in ["old/b.json", "new/b.json", "new/a.json", "new/c.json"] {
        std::fs::create_dir_all(place.path().join("new"))?;
        std::fs::copy(place.path().join("old/a.json"), place.path().join(file))?;
    }
    let said = say(place.isolab(&["diff", "old", "new"]))?;
    expect_status(&said, 0)?;
    expect_holds(&said.stdout, "## old/a.json → new/a.json")?;
    expect_holds(&said.stdout, "## old/b.json → new/b.json")?;
    expect(!said.stdout.contains("c.json"), || said.stdout.clone())
}

fn korean() -> Result<(), Failed> {
    let place = slower()?;
    let said = say(place.isolab(&["diff", "old.json", "new.json", "--allow-different", "--lang", "ko"]))?;
    expect_status(&said, 0)?;
    for word in ["프로세스", "시작 시간", "나빠짐"] {
        expect_holds(&said.stdout, word)?;
    }
    for word in ["process", "worse", "Start-up", "interval"] {
        expect(!said.stdout.contains(word), || format!("{word}: {}", said.stdout))?;
    }
    Ok(())
}

fn halves() -> Result<(), Failed> {
    let place = Place::new();
    let said = say(place.isolab(&["diff", "a.json", "b.json", "c.json"]))?;
    expect_status(&said, 2)?;
    expect_holds(&said.stderr, "as many new files as old ones")?;
    let said = say(place.isolab(&["diff", "a.json", "b.json"]))?;
    expect_status(&said, 2)?;
    expect_holds(&said.stderr, "a.json")
}

fn sessions() -> Result<(), Failed> {
    let place = slower()?;
    for file in ["old2.json", "old3.json"] {
        compare(&place, file, "1", &[])?;
    }
    let old = [
        "diff",
        "--old",
        "old.json",
        "old2.json",
        "old3.json",
        "--new",
        "new.json",
    ];
    let said = say(place.isolab(&[&old[..], &["--allow-different", "--json", "-"]].concat()))?;
    expect_status(&said, 0)?;
    let document: Value = serde_json::from_str(&said.stdout)?;
    let pair = &document["pairs"][0];
    expect(
        pair["old"].as_array().map(Vec::len) == Some(3) && pair["old_sessions"] == 3 && pair["new_sessions"] == 1,
        || pair.to_string(),
    )?;
    expect(pair["changes"][0]["ratio"].as_f64() > Some(1.0), || pair.to_string())?;
    // Sessions of two programs are no sessions of one thing.
    let mixed = say(place.isolab(&["diff", "--old", "old.json", "new.json", "--new", "old2.json"]))?;
    expect_status(&mixed, 2)?;
    expect_holds(
        &mixed.stderr,
        "not measurements of the same thing: its argument list is \"300\"",
    )?;
    expect_status(&say(place.isolab(&["diff", "--old", "old.json"]))?, 2)
}

/// A program that writes one line of JSON and ends.
fn own_metric() -> Result<(), Failed> {
    let place = Place::new();
    let line = br#"{"metrics": [{"name": "requests_per_s", "value": 5210.5, "unit": "per_s", "better": "higher"}]}"#;
    crate::programs::file(
        place.path(),
        "program",
        &crate::programs::elf(&crate::programs::saying(line)),
    );
    let args = [
        "compare",
        "--on",
        "process",
        "--runs",
        "8",
        "--json",
        "r.json",
        "--",
        "./program",
    ];
    let said = say(place.isolab(&args))?;
    expect_status(&said, 0)?;
    expect_holds(&said.stdout, "requests_per_s k/s")?;
    expect_holds(&said.stdout, "5.21")?;
    let said = say(place.isolab(&["diff", "r.json", "r.json"]))?;
    expect_holds(&said.stdout, "requests_per_s")?;
    expect_status(&say(place.isolab(&["report", "r.json", "--format", "csv"]))?, 0)?;
    let csv = std::fs::read_to_string(place.path().join("report/samples.csv"))?;
    expect(
        csv.lines()
            .next()
            .is_some_and(|titles| titles.contains(",requests_per_s,")),
        || csv.clone(),
    )?;
    expect_holds(&csv, "5210.5")
}
