//! What a reader sees in every chart, on every fixture, in every language.

use super::scene::{Anchor, Scene, Shape, text_width};
use super::*;
use crate::model::{Distribution, Instance, Phase};
use crate::render::messages::Lang;
use std::path::Path;

const FIXTURES: [&str; 6] = ["one", "three", "cpu", "no-kvm", "ten", "faster"];

fn results(name: &str) -> Results {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/{name}.json"));
    let text = std::fs::read_to_string(path).expect("the fixture is there");
    Results::from_json(&text).expect("the fixture is a results file")
}

/// Results whose names and figures are as bad as they can be and still be read.
fn hostile() -> Results {
    let mut results = results("three");
    let names = [
        "<script>alert(1)</script>",
        &"n".repeat(200),
        "\u{1b}[2J\u{0}\u{ffff}&\"'",
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
            .filter(|summary| summary.target == old)
            .for_each(|s| s.target = (*name).to_owned());
        results
            .comparisons
            .iter_mut()
            .filter(|c| c.target == old)
            .for_each(|c| c.target = (*name).to_owned());
    }
    results.workload.name = "]]><script>".to_owned();
    nearest(&mut results, 0)[0].name = "<img src=x onerror=alert(1)>".into();
    let figures = Distribution {
        n: 9,
        value: f64::NAN,
        p5: Some(0.0),
        p95: Some(f64::INFINITY),
        ..Distribution::default()
    };
    results.summary[1].metrics.insert("ready_ms".into(), figures);
    nearest(&mut results, 2)[0].ms = 1e308;
    nearest(&mut results, 2)[1].ms = 1e308;
    results
}

fn nearest(results: &mut Results, summary: usize) -> &mut Vec<Phase> {
    let nearest = results.summary[summary].nearest.as_mut();
    &mut nearest.expect("the fixture has samples").phases
}

fn all_charts(results: &Results) -> Vec<Chart> {
    let mut other = super::tests::results("faster");
    other.config.memory_bytes *= 4;
    // Two looks as a density measurement leaves them.
    let mut results = results.clone();
    for alive in [1, 400] {
        results.instances.push(Instance {
            target: (&results.targets[0].name).into(),
            alive: Some(alive),
            metrics: [("host_delta_bytes", 700_000.0)].into(),
            ..Instance::default()
        });
    }
    let results = &results;
    let files = [results.clone(), other, super::tests::results("ten")];
    let of_lang = |lang| {
        let messages = Messages::new(lang);
        of_file(results, &messages)
            .into_iter()
            .chain(of_files(&files, &messages))
            .collect::<Vec<_>>()
    };
    Lang::ALL.into_iter().flat_map(of_lang).collect()
}

fn every_chart() -> Vec<Chart> {
    FIXTURES
        .into_iter()
        .map(results)
        .chain([hostile()])
        .flat_map(|results| all_charts(&results))
        .collect()
}

/// Left, top, right, bottom of a text.
fn extent(shape: &Shape) -> Option<(i32, i32, i32, i32)> {
    let Shape::Text {
        x,
        middle,
        anchor,
        size,
        text,
        ..
    } = shape
    else {
        return None;
    };
    let width = text_width(text, *size);
    let left = match anchor {
        Anchor::Left => *x,
        Anchor::Center => x - width / 2,
        Anchor::Right => x - width,
    };
    Some((left, middle - size / 2, left + width, middle + size / 2))
}

fn overlapping(scene: &Scene) -> Vec<(String, String)> {
    let texts: Vec<_> = scene
        .shapes
        .iter()
        .filter_map(|shape| Some((extent(shape)?, shape)))
        .collect();
    let mut found = Vec::new();
    for (index, (a, first)) in texts.iter().enumerate() {
        for (b, second) in &texts[index + 1..] {
            if a.0 < b.2 && b.0 < a.2 && a.1 < b.3 && b.1 < a.3 {
                found.push((format!("{first:?}"), format!("{second:?}")));
            }
        }
    }
    found
}

#[test]
fn no_two_texts_overlap() {
    for chart in every_chart() {
        let found = overlapping(&chart.layout());
        assert!(found.is_empty(), "{} ({}): {found:#?}", chart.id, chart.title);
    }
}

#[test]
fn no_text_leaves_the_paper() {
    for chart in every_chart() {
        let scene = chart.layout();
        for (left, top, right, bottom) in scene.shapes.iter().filter_map(extent) {
            let inside = left >= 0 && top >= 0 && right <= scene.width && bottom <= scene.height;
            assert!(
                inside,
                "{} ({}): {:?}",
                chart.id,
                chart.title,
                (left, top, right, bottom)
            );
        }
    }
}

#[test]
fn data_never_becomes_markup() {
    let svgs: Vec<String> = all_charts(&hostile())
        .iter()
        .map(|chart| chart.svg().expect("it can be drawn"))
        .collect();
    assert!(
        svgs.iter().any(|svg| svg.contains("&lt;script&gt;")),
        "the hostile names are in the charts"
    );
    for svg in svgs {
        assert!(!svg.contains("<script") && !svg.contains("<img"), "{svg}");
        assert!(
            svg.chars().all(|c| c == '\n' || !c.is_control()),
            "XML allows no control characters"
        );
    }
}

#[test]
fn an_svg_keeps_real_text_and_states_n() {
    let svg = startup_phases(&results("three")).svg().expect("it can be drawn");
    assert!(
        svg.contains("<text") && svg.contains("n = 10 per target") && svg.contains(">\nmicro-VM\n<"),
        "{svg}"
    );
    assert!(
        svg.contains("<title>micro-VM\nmedian 4.63") && svg.contains("95 % interval"),
        "{svg}"
    );
}

#[test]
fn an_svg_says_its_figures_to_those_who_cannot_see_it() {
    let svg = startup_phases(&results("no-kvm")).svg().expect("it can be drawn");
    let label = svg
        .split("aria-label=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap_or_default();
    assert!(
        label.contains("process: 0.59") && label.contains("micro-VM: not measured"),
        "{label}"
    );
}

#[test]
fn bars_begin_at_zero() {
    for chart in every_chart() {
        let Body::Bars(_) = &chart.body else { continue };
        let svg = chart.svg().expect("it can be drawn");
        assert!(
            svg.contains(">\n0\n<") || svg.contains(">\n0.0"),
            "{}: {svg}",
            chart.title
        );
    }
}

#[test]
fn a_logarithmic_axis_says_so() {
    for lang in Lang::ALL {
        let messages = Messages::new(lang);
        let word = if lang == Lang::En { "logarithmic" } else { "로그 축" };
        for (name, log) in [("ten", true), ("one", false)] {
            let chart = startup::distributions(&results(name), &messages);
            let Body::Curves(curves) = &chart.body else {
                panic!("a distribution is drawn as curves")
            };
            assert_eq!(
                (curves.log_x, chart.svg().expect("it can be drawn").contains(word)),
                (log, log),
                "{name}"
            );
        }
    }
}

#[test]
fn every_kind_of_chart_is_among_those_looked_at() {
    let charts = every_chart();
    let kinds = [
        "startup-phases",
        "startup-distribution",
        "startup-timeline-1-process",
        "memory",
        "image-size",
        "work",
        "density",
        "across-ready-ms",
        "across-uss-bytes",
        "across-ops-per-s",
        "memory-by-guest-ram",
    ];
    for kind in kinds {
        assert!(charts.iter().any(|chart| chart.id == kind), "{kind}");
    }
}

#[test]
fn the_same_results_give_the_same_bytes() {
    let twice = || {
        every_chart()
            .iter()
            .map(|chart| chart.svg().expect("it can be drawn"))
            .collect::<Vec<_>>()
    };
    assert_eq!(twice(), twice());
}

#[test]
fn without_any_font_a_png_says_what_to_install() {
    let nowhere = Fonts::in_folder(Path::new("/nonexistent"));
    let error = startup_phases(&results("three"))
        .png_with(&nowhere)
        .expect_err("there is nothing to write with");
    assert!(
        matches!(error, ChartError::NoFont) && error.to_string().contains("install"),
        "{error}"
    );
}

#[test]
fn a_target_that_cannot_run_keeps_its_bar_s_place() {
    let svg = startup_phases(&results("no-kvm")).svg().expect("it can be drawn");
    assert!(svg.contains("micro-VM") && svg.contains("not measured"), "{svg}");
}
