//! Which texts are taken for results files, and what is said about the others.

mod fixtures;

use proptest::prelude::*;
use reports::file::ReadError;
use reports::model::{Results, Unit};
use serde_json::{Value, json};

fn changed(change: impl FnOnce(&mut Value)) -> String {
    let mut value: Value = serde_json::from_str(&fixtures::text("three")).expect("the fixture is JSON");
    change(&mut value);
    value.to_string()
}

fn error(text: &str) -> ReadError {
    Results::from_json(text).expect_err("this is no results file")
}

/// Regenerate with `ISOLAB_BLESS=1 cargo test -p isolab-reports --test file`.
#[test]
fn the_schema_file_is_the_models() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/isolab-results-2.json");
    if std::env::var_os("ISOLAB_BLESS").is_some() {
        std::fs::write(path, reports::schema::json()).expect("the schema can be written");
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    let same = committed == reports::schema::json();
    assert!(
        same,
        "the model changed; regenerate: ISOLAB_BLESS=1 cargo test -p isolab-reports --test file"
    );
}

#[test]
fn what_is_written_reads_back_the_same() {
    for name in fixtures::NAMES {
        let results = fixtures::results(name);
        let text = results.to_json().expect("its figures are sound");
        assert_eq!(Results::from_json(&text).expect("it was just written"), results);
    }
}

#[test]
fn fields_of_a_later_minor_version_are_ignored() {
    let text = changed(|value| {
        value["new"] = json!({"a": [1, 2]});
        value["samples"][0]["new_ms"] = json!(3.5);
    });
    assert_eq!(Results::from_json(&text).expect("it reads"), fixtures::results("three"));
}

/// Files of version 1, which the fixtures are, hold one memory, and it is the unique set size.
#[test]
fn a_file_of_version_1_becomes_one_of_version_2_with_all_its_figures() {
    let text = fixtures::text("three");
    assert!(text.contains("\"isolab-results/1\""));
    let old: Value = serde_json::from_str(&text).expect("the fixture is JSON");
    let new: Value = serde_json::from_str(&fixtures::results("three").to_json().expect("its figures are sound"))
        .expect("it was just written");
    assert_eq!(new["schema"], "isolab-results/2");
    for (index, sample) in old["samples"].as_array().expect("an array").iter().enumerate() {
        let metrics = &new["samples"][index]["metrics"];
        assert_eq!(metrics["ready_ms"], sample["ready_ms"]);
        assert_eq!(metrics["exit_ms"], sample["exit_ms"]);
        assert_eq!(new["samples"][index].get("memory"), None);
    }
    let looks = new["instances"].as_array().expect("an array");
    let uss = |look: &&Value| look["metrics"].get("uss_bytes").is_some();
    let memories = old["samples"]
        .as_array()
        .expect("an array")
        .iter()
        .filter(|sample| !sample["memory"].is_null());
    assert_eq!(looks.iter().filter(uss).count(), memories.count());
    assert!(!text.contains("memory_bytes\": {"), "there is no such metric in it");
    let ids: Vec<&str> = new["metrics"]
        .as_array()
        .expect("an array")
        .iter()
        .filter_map(|m| m["id"].as_str())
        .collect();
    assert!(ids.contains(&"uss_bytes") && !ids.contains(&"memory_bytes"), "{ids:?}");
    assert_eq!(
        new["summary"][0]["metrics"]["ready_ms"]["value"],
        old["summary"][0]["ready_ms"]["median"]
    );
    // Four looks carry no interval, whatever the old file says.
    assert_eq!(new["summary"][0]["metrics"]["uss_bytes"]["n"], 4);
    assert!(new["summary"][0]["metrics"]["uss_bytes"]["interval"].is_null());
    assert_eq!(
        new["comparisons"][0]["interval"]["low"],
        old["comparisons"][0]["ratio_ci_low"]
    );
}

#[test]
fn a_metric_of_a_newer_version_is_kept_with_its_definition() {
    let mut value: Value = serde_json::from_str(&fixtures::results("three").to_json().expect("its figures are sound"))
        .expect("it was just written");
    value["metrics"].as_array_mut().expect("an array").push(json!({
        "id": "joules", "unit": "J", "better": "lower", "scope": "run", "method": 3, "colour": "red"
    }));
    value["samples"][0]["metrics"]["joules"] = json!(1.5);
    value["warnings"][0] = json!({"id": "solar-flare", "args": {"class": "X"}});
    let results = Results::from_json(&value.to_string()).expect("it reads");
    let definition = results.definition("joules").expect("the file has it");
    assert_eq!(
        (definition.method, definition.unit.clone()),
        (3, Unit::Other("J".into()))
    );
    assert_eq!(
        results.samples.get(0).and_then(|sample| sample.metric("joules")),
        Some(1.5)
    );
    let again = Results::from_json(&results.to_json().expect("its figures are sound")).expect("it reads");
    assert_eq!(again, results);
}

#[test]
fn one_cpu_and_none_of_older_files_read_as_a_list() {
    for (written, cpus) in [
        (json!(null), vec![]),
        (json!(3), vec![3]),
        (json!([0, 2, 3]), vec![0, 2, 3]),
    ] {
        let text = changed(|value| value["config"]["pinned_to"] = written);
        assert_eq!(Results::from_json(&text).expect("it reads").config.pinned_to, cpus);
    }
    let text = changed(|value| value["config"]["pinned_to"] = json!("first"));
    assert!(Results::from_json(&text).is_err());
}

#[test]
fn nothing_is_said_to_be_empty() {
    for text in ["", " \n", "\u{feff}"] {
        assert_eq!(error(text), ReadError::Empty);
    }
}

#[test]
fn another_kind_of_file_is_said_to_be_no_json() {
    for text in ["hello", "<html></html>", "\u{7f}ELF", "{\"schema\": nul}", "[1,]"] {
        assert!(matches!(error(text), ReadError::NotJson(_)), "{text}");
    }
}

#[test]
fn json_without_a_schema_is_said_to_be_no_results_file() {
    for text in ["{}", "[]", "3", "null", "\"isolab-results/1\"", "{\"schema\": 1}"] {
        assert_eq!(error(text), ReadError::NoSchema, "{text}");
    }
}

#[test]
fn another_schema_is_named() {
    for schema in ["other/1", "isolab-results/0", "isolab-results", "isolab-results/x"] {
        let text = changed(|value| value["schema"] = json!(schema));
        assert_eq!(error(&text), ReadError::OtherSchema(schema.to_owned()));
    }
}

#[test]
fn a_schema_from_the_future_asks_for_an_update() {
    for text in [
        "{\"schema\": \"isolab-results/3\"}".to_owned(),
        changed(|value| value["schema"] = json!("isolab-results/12")),
    ] {
        let error = error(&text);
        assert!(
            matches!(error, ReadError::FutureSchema(_)) && error.to_string().contains("newer"),
            "{error}"
        );
    }
}

#[test]
fn a_missing_part_is_named() {
    let message = error(&changed(|value| {
        value.as_object_mut().expect("it is an object").remove("targets");
    }))
    .to_string();
    assert!(message.contains("targets"), "{message}");
}

#[test]
fn a_file_cut_off_anywhere_is_said_to_break_off() {
    let text = fixtures::text("one");
    let text = text.trim_end();
    for end in (1..text.len()).filter(|end| text.is_char_boundary(*end)) {
        let error = error(&text[..end]);
        assert!(matches!(error, ReadError::Truncated { .. }), "cut at {end}: {error}");
    }
}

#[test]
fn a_figure_that_is_no_number_is_refused_with_a_word_on_json() {
    for figure in ["NaN", "Infinity", "-Infinity", "1e999"] {
        let text = fixtures::text("one").replacen("\"exit_ms\": 0.", &format!("\"exit_ms\": {figure}, \"old\": 0."), 1);
        let message = error(&text).to_string();
        assert!(message.contains("NaN"), "{figure}: {message}");
    }
}

#[test]
fn a_time_below_zero_is_refused_with_its_place() {
    let text = changed(|value| value["samples"][3]["ready_ms"] = json!(-1.0));
    assert!(error(&text).to_string().contains("samples[3].ready_ms is -1"));
    let text = changed(|value| value["summary"][0]["ready_ms"]["p95"] = json!(-0.5));
    assert!(error(&text).to_string().contains("summary of process: ready_ms"));
}

#[test]
fn targets_that_only_samples_name_are_added() {
    let results = Results::from_json(&changed(|value| value["targets"] = json!([]))).expect("it reads");
    let names: Vec<&str> = results.targets.iter().map(|target| target.name.as_str()).collect();
    assert_eq!(names, ["process", "container", "microvm"]);
}

#[test]
fn a_nan_is_never_written() {
    let mut results = fixtures::results("cpu");
    results.samples.change(1, |sample| {
        sample.metrics.set("ops_per_s", f64::NAN);
    });
    assert!(
        results
            .to_json()
            .expect_err("a NaN is no figure")
            .to_string()
            .contains("samples[1].ops_per_s is NaN")
    );
}

proptest! {
    #[test]
    fn no_text_makes_reading_panic(text in "\\PC{0,200}") {
        prop_assert!(Results::from_json(&text).is_err());
    }

    #[test]
    fn no_damaged_byte_makes_reading_panic(at in 0usize..2000, byte in 0x20u8..0x7f) {
        let mut bytes = fixtures::text("one").into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = Results::from_json(&String::from_utf8_lossy(&bytes));
    }
}
