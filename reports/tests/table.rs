//! What the terminal table promises to whoever reads it.

mod fixtures;

use fixtures::results;
use reports::Lang;
use reports::model::{Instance, Message, Results, Sample};
use reports::report::{self, Format};
use reports::table::{TableStyle, details_in, legend_in, render, render_in};
use unicode_width::UnicodeWidthStr;

const PLAIN: TableStyle = TableStyle {
    color: false,
    width: 80,
};
const WIDE: TableStyle = TableStyle {
    color: false,
    width: 160,
};

fn target(results: &Results, name: &str) -> usize {
    results
        .targets
        .iter()
        .position(|target| target.name == name)
        .expect("the fixture has this target")
}

fn change_first(results: &mut Results, target: &str, change: impl FnOnce(&mut Sample)) {
    let first = results.samples.iter().position(|sample| sample.target == target);
    results
        .samples
        .change(first.expect("the fixture has samples of it"), change);
}

#[test]
fn what_it_has_no_room_for_is_a_table_of_its_own() {
    let text = details_in(&results("three"), PLAIN, Lang::En);
    for (metric, figure) in [
        ("Page faults", "152"),
        ("Context switches", "6"),
        ("System calls", "71"),
    ] {
        // Each block of targets has a line of the metric.
        let mut lines = text.lines().filter(|line| line.starts_with(metric));
        assert!(
            lines.any(|line| line.split_ascii_whitespace().any(|cell| cell == figure)),
            "{text}"
        );
    }
    let legend = legend_in(&results("three"), PLAIN, Lang::En);
    assert!(legend.contains("System calls: calls to the host kernel"), "{legend}");
    // A file of an older isolab has none of it.
    assert!(!details_in(&results("faster"), PLAIN, Lang::En).contains("System calls"));
}

#[test]
fn the_legend_names_the_mark_that_ended_the_start() {
    let mut results = results("three");
    for (mark, named) in [
        (None, "to the program's first output byte"),
        (Some("exit"), "to the program's end"),
        (Some("port 80"), "to the program's line with \"port 80\""),
    ] {
        results.workload.ready = mark.map(Into::into);
        let legend = legend_in(&results, WIDE, Lang::En);
        let legend = legend.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(legend.contains(named), "{legend}");
    }
}

#[test]
fn missing_counts_are_told_with_the_reason() {
    let mut results = results("three");
    results.instances.push(Instance {
        target: "process".into(),
        missing: [("system_calls".into(), "it is for root".into())].into(),
        ..Instance::default()
    });
    let text = details_in(&results, WIDE, Lang::En);
    assert!(text.contains("process: no System calls: it is for root"), "{text}");
    assert!(details_in(&results, WIDE, Lang::Ko).contains("프로세스: 시스템 호출 없음"));
}

#[test]
fn it_reads_as_it_always_did() {
    for name in fixtures::NAMES {
        for lang in Lang::ALL {
            fixtures::golden(
                &format!("table-{name}-{}.txt", lang.tag()),
                render_in(&results(name), PLAIN, lang).as_bytes(),
            );
        }
    }
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for name in fixtures::NAMES {
        for (lang, width) in Lang::ALL
            .into_iter()
            .flat_map(|lang| [60, 80, 132].map(|width| (lang, width)))
        {
            for line in render_in(&results(name), TableStyle { color: false, width }, lang).lines() {
                assert!(line.width() <= width, "{name} {lang:?} {width}: {line}");
            }
        }
    }
}

#[test]
fn a_target_that_cannot_run_keeps_its_row_and_its_whole_reason() {
    let results = results("no-kvm");
    let text = render(&results, PLAIN);
    assert!(text.lines().any(|line| line.starts_with("micro-VM ")), "{text}");
    let reason = results.targets[target(&results, "microvm")]
        .unavailable
        .clone()
        .and_then(|reason| reason.text)
        .expect("it says why");
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(joined.contains(&reason), "{text}");
}

#[test]
fn it_has_escape_sequences_only_when_asked_for_color() {
    let mut results = results("three");
    results.targets[0].unavailable = Some("of a reason".into());
    let colored = render(&results, TableStyle { color: true, width: 80 });
    assert!(!render(&results, PLAIN).contains('\u{1b}') && colored.contains("\u{1b}[1m"));
    let stripped = colored
        .replace("\u{1b}[1m", "")
        .replace("\u{1b}[2m", "")
        .replace("\u{1b}[33m", "")
        .replace("\u{1b}[0m", "");
    assert_eq!(stripped, render(&results, PLAIN));
}

#[test]
fn a_name_in_the_file_cannot_drive_the_terminal() {
    let mut results = results("three");
    results.targets[0].name = "\u{1b}[2Jgone\nnext".to_owned();
    results.workload.name = "\u{7}bell".to_owned();
    results.warnings[0].text = Some("\u{1b}]0;title\u{7}".to_owned());
    let text = render(&results, PLAIN);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
}

#[test]
fn checksums_that_differ_are_told_at_the_target_and_in_a_note() {
    let mut results = results("cpu");
    assert!(
        !details_in(&results, PLAIN, Lang::En).contains("different result"),
        "the fixture's checksums agree"
    );
    change_first(&mut results, "microvm", |sample| {
        sample.checksum = Some("deadbeef".into());
    });
    let text = render(&results, WIDE);
    assert!(text.contains("different results: c0ffee1234567890, deadbeef"), "{text}");
}

#[test]
fn another_program_on_one_target_is_told() {
    let mut results = results("three");
    results.targets[2].workload_sha256 = "00".repeat(32);
    assert!(render(&results, PLAIN).contains("did not run the same program"));
}

#[test]
fn the_guest_kernel_is_its_own_part_of_the_image() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    report::write(&[results("three")], &[Format::Md], folder.path(), Lang::En).expect("it can be written");
    let text = std::fs::read_to_string(folder.path().join("report.md")).expect("it was written");
    assert!(
        text.contains("guest kernel 108") && text.contains("guest RAM 1,212 + VMM"),
        "{text}"
    );
}

#[test]
fn a_part_of_memory_that_could_not_be_told_apart_is_told_with_the_reason() {
    let mut results = results("three");
    let own = |look: &&mut Instance| look.target == "microvm";
    for look in results.instances.iter_mut().filter(own) {
        for metric in ["uss_guest_ram_bytes", "uss_monitor_bytes"] {
            look.missing.insert(metric.into(), "no names of mappings".into());
        }
    }
    let text = render(&results, WIDE);
    assert!(
        text.contains("micro-VM: no guest RAM, VMM: no names of mappings"),
        "{text}"
    );
}

#[test]
fn failed_runs_are_counted_with_their_reason() {
    let mut results = results("three");
    results.summary[1].failed = 1;
    change_first(&mut results, "container", |sample| {
        sample.error = Some("killed by its timeout".into());
    });
    let text = render(&results, WIDE);
    assert!(
        text.contains("1 run failed") && text.contains("killed by its timeout"),
        "{text}"
    );
}

#[test]
fn results_without_anything_are_said_to_be_empty() {
    let mut results = results("three");
    results.samples.clear();
    results.summary.clear();
    results.comparisons.clear();
    let text = render(&results, PLAIN);
    assert!(
        text.contains("The file holds no runs") && text.contains("process"),
        "{text}"
    );
    results.targets.clear();
    assert!(render(&results, PLAIN).contains("The file holds no runs"));
}

#[test]
fn a_figure_says_how_often_it_was_taken_where_that_is_not_the_number_of_runs() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let results = results("three");
    let looks = results.metric_of("microvm", "uss_bytes").expect("it was looked at").n;
    assert_ne!(Some(looks), results.summary_of("microvm").map(|summary| summary.runs));
    report::write(&[results], &[Format::Md], folder.path(), Lang::En).expect("it can be written");
    let text = std::fs::read_to_string(folder.path().join("report.md")).expect("it was written");
    let row = text
        .lines()
        .find(|line| line.starts_with("| micro-VM"))
        .expect("its row");
    assert!(row.contains(&format!("; n = {looks}")), "{row}");
}

#[test]
fn a_column_has_one_unit_and_the_title_names_it() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    report::write(&[results("three")], &[Format::Md], folder.path(), Lang::En).expect("it can be written");
    let text = std::fs::read_to_string(folder.path().join("report.md")).expect("it was written");
    assert!(text.contains("| USS memory KiB |"), "{text}");
    let rows = text
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| Target"));
    for row in rows {
        assert!(![" KiB", " MiB", " ms"].iter().any(|unit| row.contains(unit)), "{row}");
    }
}

#[test]
fn what_must_be_known_fits_a_line_of_80_columns() {
    for name in fixtures::NAMES {
        for lang in Lang::ALL {
            let mut results = results(name);
            results.warnings.clear();
            for (id, figure) in [("busy-host", "cpus"), ("steal-time", "percent")] {
                results.warnings.push(Message::new(id).with(figure, 12.5));
            }
            let outliers = Message::new("outliers")
                .with("target", "microvm-linux")
                .with("count", 10.0);
            results
                .warnings
                .push(outliers.with("of", 100.0).with("slowest", 1234.56));
            let text = render_in(&results, PLAIN, lang);
            let cut = text.lines().find(|line| line.starts_with("! ") && line.contains('…'));
            assert_eq!(cut, None, "{name}: {text}");
        }
    }
}
