//! What a written report promises, in every format.

mod fixtures;

use fixtures::results;
use reports::Lang;
use reports::analysis::analyse;
use reports::model::{Better, Definition, Distribution, KvmKind, Results, Sample, Samples, Summary};
use reports::report::{self, Error, Format};
use reports::table::{self, TableStyle};
use std::fs;
use std::path::Path;

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).expect("the report has this file")
}

/// Results whose names and figures are as bad as they can be and still be held in memory.
fn hostile() -> Results {
    let mut results = results("cpu");
    let names = [
        "<script>alert(1)</script>",
        &"ㅁn".repeat(100),
        "\u{1b}[2J|`*&\"' onerror=x \u{202e}",
    ];
    for (index, name) in names.iter().enumerate() {
        let old = std::mem::replace(&mut results.targets[index].name, (*name).to_owned());
        results.samples.change_all(|sample| {
            if sample.target == old {
                sample.target = (*name).into();
            }
        });
        results
            .summary
            .iter_mut()
            .filter(|each| each.target == old)
            .for_each(|each| each.target = (*name).to_owned());
        for comparison in &mut results.comparisons {
            for side in [&mut comparison.target, &mut comparison.against] {
                if *side == old {
                    *side = (*name).to_owned();
                }
            }
        }
    }
    results.workload.name = "</title><script>alert(2)</script>".to_owned();
    results
        .config
        .command
        .push("$(rm -rf /)\n</dd><img src=x onerror=alert(3)>".to_owned());
    results.host.cpu_model = "<svg onload=alert(4)>".to_owned();
    results.warnings[0].text = Some("<iframe src=//example.org></iframe>".to_owned());
    results.targets[0].unavailable = Some("=cmd|' /C calc'!A0 <b>bold</b>".into());
    results.targets[1].image[0].part = "<i>part</i>".to_owned();
    results.targets[1].image[0].bytes = u64::MAX;
    results.targets[1].image[1].bytes = u64::MAX;
    results
        .samples
        .change(0, |sample| sample.error = Some("=1+1<script>".into()));
    let figures = Distribution {
        n: 9,
        value: f64::NAN,
        ..Distribution::default()
    };
    results.summary[1].metrics.insert("ready_ms".into(), figures);
    let nearest = results.summary[2].nearest.as_mut().expect("the fixture has samples");
    nearest.phases[0].ms = 1e308;
    nearest.phases[1].ms = 1e308;
    results.summary.push(Summary {
        target: "nowhere".to_owned(),
        ..Summary::default()
    });
    results
}

#[test]
fn it_reads_as_it_always_did() {
    for lang in Lang::ALL {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let formats = [Format::Html, Format::Svg, Format::Csv, Format::Md, Format::Json];
        report::write(&[results("cpu")], &formats, folder.path(), lang).expect("it can be written");
        let names = [
            "report.html",
            "report.md",
            "summary.json",
            "samples.csv",
            "phases.csv",
            "startup-phases.svg",
            "work.svg",
        ];
        for name in names {
            fixtures::golden(&format!("{}-{name}", lang.tag()), read(folder.path(), name).as_bytes());
        }
    }
}

#[test]
fn the_same_results_give_the_same_bytes() {
    let files = [results("ten"), results("faster")];
    let html = || report::html(&files, Lang::Ko);
    assert!(html() == html());
}

#[test]
fn every_format_is_written_and_listed() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let written = report::write(&[results("three")], &Format::ALL, folder.path(), Lang::En).expect("it can be written");
    let mut listed = written.files.clone();
    let mut there: Vec<_> = fs::read_dir(folder.path())
        .expect("it is a folder")
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    listed.sort();
    there.sort();
    assert_eq!(listed, there, "the list is complete, and nothing unfinished is left");
    let with = |extension: &str| {
        there
            .iter()
            .filter(|path| path.extension().is_some_and(|e| e == extension))
            .count()
    };
    let pngs = with("svg") - written.notes.len();
    let slides = there.iter().filter(|path| path.to_string_lossy().contains("/slide-"));
    assert!(slides.count() > 10);
    assert_eq!(
        (with("html"), with("csv"), with("md"), with("json"), with("png")),
        (1, 4, 1, 1, pngs),
        "{:?}",
        written.notes
    );
}

#[test]
fn nothing_from_the_data_becomes_markup() {
    for lang in Lang::ALL {
        let html = report::html(&[hostile(), results("three")], lang);
        assert_eq!(html.matches("<script").count(), 1, "only the report's own script");
        for markup in ["<img", "<iframe", "<b>", "<i>", "<svg onload", "onerror=alert(3)>"] {
            assert!(!html.contains(markup), "{markup}");
        }
        assert!(
            html.contains("&lt;script&gt;alert(1)"),
            "the hostile name is shown as text"
        );
        assert!(
            html.chars().all(|c| c == '\n' || !c.is_control()),
            "control characters are replaced"
        );
    }
}

#[test]
fn markdown_shows_hostile_names_as_text() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    report::write(&[hostile()], &[Format::Md, Format::Csv], folder.path(), Lang::En).expect("it can be written");
    let markdown = read(folder.path(), "report.md");
    assert!(
        !markdown.contains("<script") && !markdown.contains("<img") && !markdown.contains('\u{1b}'),
        "{markdown}"
    );
    let lines = || markdown.lines().filter(|line| line.starts_with('|'));
    let bars = |line: &str| line.replace("\\|", "").matches('|').count();
    let columns = lines().next().map(bars);
    assert!(
        lines().count() == 5 && lines().all(|line| Some(bars(line)) == columns),
        "{markdown}"
    );
}

#[test]
fn a_spreadsheet_is_given_no_formula() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    report::write(&[hostile()], &[Format::Csv], folder.path(), Lang::En).expect("it can be written");
    let csv = read(folder.path(), "samples.csv");
    assert!(csv.contains(",'=1+1<script>") && !csv.contains(",=1+1"), "{csv}");
}

#[test]
fn csv_has_a_line_for_every_summary_and_names_files_by_what_differs() {
    let (small, mut large) = (results("three"), results("three"));
    large.config.memory_bytes *= 2;
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let figures: usize = small.summary.iter().map(|summary| summary.metrics.len()).sum();
    report::write(&[small, large], &[Format::Csv], folder.path(), Lang::Ko).expect("it can be written");
    for name in ["summaries.csv", "samples.csv"] {
        let csv = read(folder.path(), name);
        let mut lines = csv.lines();
        assert!(
            lines
                .next()
                .is_some_and(|titles| titles.starts_with("file,label,workload,target,")),
            "{csv}"
        );
        let labels: Vec<&str> = lines.filter_map(|line| line.split(',').nth(1)).collect();
        assert!(
            labels[0] != labels[labels.len() - 1] && !labels[0].is_empty(),
            "{name}: {labels:?}"
        );
        assert!(name == "samples.csv" || labels.len() == 2 * figures, "{csv}");
    }
}

#[test]
fn csv_has_every_run_and_every_phase() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let files = [results("three"), results("cpu")];
    report::write(&files, &[Format::Csv], folder.path(), Lang::En).expect("it can be written");
    let samples = || files.iter().flat_map(|file| &file.samples);
    assert_eq!(
        read(folder.path(), "samples.csv").lines().count(),
        1 + samples().count()
    );
    let phases: usize = samples().map(|sample| sample.phases.len()).sum();
    assert_eq!(read(folder.path(), "phases.csv").lines().count(), 1 + phases);
}

#[test]
fn the_html_needs_no_network() {
    let html = report::html(&[results("three"), results("ten")], Lang::En);
    assert!(
        !html.replace("http://www.w3.org/2000/svg", "").contains("://"),
        "it names an address"
    );
    assert!(!html.contains("src=") && !html.contains("@import") && !html.contains("url("));
}

#[test]
fn how_it_was_measured_has_host_versions_hashes_warnings_and_kvm() {
    let results = results("three");
    let html = report::html(std::slice::from_ref(&results), Lang::En);
    let kernel = results.targets[2]
        .guest_kernel
        .clone()
        .expect("the fixture's micro-VM has one");
    let host = &results.host;
    let wanted = [
        &results.workload.sha256,
        &kernel.sha256,
        &kernel.version,
        &host.cpu_model,
        &host.kernel,
        &host.isolab_version,
    ];
    let warning = results.warnings[0].text.as_ref().expect("it is an old one");
    for text in wanted.into_iter().chain([warning]) {
        assert!(html.contains(text.as_str()), "{text}");
    }
    for words in [
        "seed 42",
        "emulates the guest kernel in software",
        "CLOCK_MONOTONIC",
        "Mann-Whitney",
        "isolab compare",
    ] {
        assert!(html.contains(words), "{words}");
    }
}

#[test]
fn each_kind_of_kvm_is_explained() {
    let explained = |kind| {
        let mut results = results("three");
        results.host.kvm_kind = kind;
        report::html(&[results], Lang::En)
    };
    assert!(explained(KvmKind::Hardware).contains("VMX or SVM"));
    assert!(explained(KvmKind::EmulatedKernelMode).contains("emulates the guest kernel"));
    assert!(explained(KvmKind::None).contains("no usable /dev/kvm"));
}

#[test]
fn results_with_little_in_them_give_a_report_all_the_same() {
    let full = results("three");
    let reduced: [fn(&mut Results); 6] = [
        |results| results.samples.clear(),
        |results| results.summary.clear(),
        |results| results.targets.clear(),
        |results| results.comparisons.clear(),
        |results| results.samples.truncate(1),
        |results| {
            results.samples = Samples::from([Sample {
                target: "nowhere".into(),
                ..Sample::default()
            }]);
            results.summary.clear();
            results.targets.clear();
        },
    ];
    for (index, reduce) in reduced.into_iter().enumerate() {
        let mut results = full.clone();
        reduce(&mut results);
        let html = report::html(&[results.clone(), full.clone()], Lang::En);
        assert!(html.contains("isolab: hello"), "case {index}");
        report::html(&[results], Lang::Ko);
    }
    let mut empty = full;
    empty.samples.clear();
    assert!(report::html(&[empty], Lang::En).contains("The file holds no runs"));
}

/// A metric that isolab has never heard of.
#[test]
fn a_metric_of_the_programs_own_is_in_every_format() {
    let mut results = results("three");
    for index in 0..results.samples.len() {
        results.samples.change(index, |sample| {
            let figure = if sample.target == "microvm" { 500.0 } else { 1000.0 };
            sample.metrics.set("requests_per_s", figure + f64::from(sample.run));
        });
    }
    let own = Definition::of_program("requests_per_s", "per_s", Better::Higher);
    analyse(&mut results, &[own]);
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let formats = [Format::Html, Format::Svg, Format::Csv, Format::Md, Format::Json];
    report::write(std::slice::from_ref(&results), &formats, folder.path(), Lang::Ko).expect("it can be written");
    for name in [
        "report.html",
        "report.md",
        "summary.json",
        "samples.csv",
        "work-requests-per-s.svg",
    ] {
        let text = read(folder.path(), name).replace("\\_", "_");
        assert!(text.contains("requests_per_s"), "{name}");
    }
    let style = TableStyle {
        color: false,
        width: 132,
    };
    let text = table::render(&results, style);
    assert!(
        text.contains("requests_per_s k/s") || text.contains("requests_per_s /s"),
        "{text}"
    );
    let across = report::html(&[results.clone(), results], Lang::En);
    assert!(across.contains("id=\"across-requests-per-s\""));
}

#[test]
fn no_interval_is_given_anywhere_of_too_few_runs() {
    let mut results = results("one");
    analyse(&mut results, &[]);
    let folder = tempfile::tempdir().expect("there is room for a folder");
    report::write(&[results], &[Format::Json], folder.path(), Lang::En).expect("it can be written");
    let summary: serde_json::Value = serde_json::from_str(&read(folder.path(), "summary.json")).expect("it is JSON");
    for (id, figures) in summary["files"][0]["targets"][0]["summary"]["metrics"]
        .as_object()
        .expect("an object")
    {
        assert!(figures["interval"].is_null(), "{id}: {figures}");
    }
}

#[test]
fn no_text_is_missing_in_any_language() {
    for lang in Lang::ALL {
        let html = report::html(&[hostile(), results("no-kvm"), results("ten")], lang);
        assert!(
            !html.contains('⟨'),
            "{:?}",
            html.split('⟨')
                .nth(1)
                .map(|rest| rest.chars().take(40).collect::<String>())
        );
    }
}

#[test]
fn before_and_after_are_told_apart_and_machines_by_their_names() {
    let same = report::html(&[results("three"), results("three")], Lang::En);
    assert!(same.contains(">1. before<") && same.contains(">2. after<"));
    assert!(same.contains("same program, machine and settings"));
    let other = report::html(&[results("three"), results("faster")], Lang::En);
    assert!(other.contains("AMD EPYC 7B13") && other.contains("Files differ in: CPU [1] Intel"));
}

#[test]
fn memory_against_guest_ram_is_drawn_when_files_differ_in_it() {
    let mut larger = results("three");
    larger.config.memory_bytes *= 4;
    let title = "Memory as guest RAM grows";
    assert!(report::html(&[results("three"), larger], Lang::En).contains(title));
    assert!(!report::html(&[results("three"), results("three")], Lang::En).contains(title));
}

#[test]
fn ten_thousand_runs_of_eight_targets_fit_into_three_megabytes() {
    let html = report::html(&[fixtures::large(10_000, 8)], Lang::En);
    assert!(html.len() <= 3_000_000, "{} bytes", html.len());
}

#[test]
fn a_folder_that_cannot_be_made_is_named_with_the_remedy() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let file = folder.path().join("file");
    fs::write(&file, "in the way").expect("there is room for a file");
    let error = report::write(&[results("one")], &[Format::Md], &file.join("out"), Lang::En).expect_err("it is a file");
    let message = error.to_string();
    assert!(
        matches!(error, Error::Folder { .. }) && message.contains("file/out") && message.contains("--out"),
        "{message}"
    );
}

#[test]
fn a_file_that_cannot_be_written_is_named_and_nothing_unfinished_stays() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    fs::create_dir(folder.path().join("report.md")).expect("there is room for a folder");
    let error =
        report::write(&[results("one")], &[Format::Md], folder.path(), Lang::En).expect_err("a folder is in the way");
    assert!(error.to_string().contains("report.md could not be written"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).expect("it is a folder").count(), 1);
}

#[test]
fn no_results_files_are_no_report() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let error = report::write(&[], &Format::ALL, folder.path(), Lang::En).expect_err("there is nothing to report on");
    assert!(matches!(error, Error::NoResults));
}

#[test]
fn an_unknown_format_is_refused_with_those_there_are() {
    let message = "pdf"
        .parse::<Format>()
        .expect_err("there is no such format")
        .to_string();
    assert!(
        Format::ALL.iter().all(|format| message.contains(format.name())),
        "{message}"
    );
}
