//! What a reader sees in every chart, on every fixture, in every language.

use super::scene::{Anchor, Scene, Shape, text_width};
use super::*;
use crate::model::{Density, Distribution, Interval, Phase};
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
    let mut third = other.clone();
    third.config.memory_bytes *= 2;
    let mut results = results.clone();
    results.density = vec![Density {
        target: results.targets[0].name.clone(),
        used_bytes: (1..400).map(|count| 7e5 * f64::from(count)).collect(),
        start_ms: vec![0.5; 400],
        ..Density::default()
    }];
    let files = [results, other, third, super::tests::results("ten")];
    Lang::ALL.into_iter().flat_map(|lang| charts_of(&files, lang)).collect()
}

/// The charts of the first file, and those of all files.
fn charts_of(files: &[Results], lang: Lang) -> Vec<Chart> {
    let (messages, colors) = (Messages::new(lang), TargetColors::new(files));
    let source = Source {
        results: &files[0],
        messages: &messages,
        colors: &colors,
    };
    let mut charts = of_file(&source);
    charts.extend(overview(&charts));
    charts.extend(of_files(files, &messages, &colors));
    charts
}

/// Every chart on every canvas that it is drawn on.
fn every_scene() -> Vec<(String, Scene)> {
    let mut scenes = Vec::new();
    for chart in every_chart() {
        for (name, canvas) in [
            ("page", Canvas::PAGE),
            ("half", Canvas::HALF),
            ("phone", Canvas::PHONE),
            ("file", Canvas::FILE),
        ] {
            // A page shows its three charts one by one.
            if chart.id == "overview" && name != "file" {
                continue;
            }
            scenes.push((
                format!("{} ({}) on {name}", chart.id, chart.heading()),
                canvas.draw(&chart),
            ));
        }
        for slide in chart.slides() {
            let name = format!("{} ({}) on a slide", slide.id, slide.heading());
            scenes.push((name, Canvas::SLIDE.draw(&slide)));
        }
    }
    scenes
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
    for (name, scene) in every_scene() {
        let found = overlapping(&scene);
        assert!(found.is_empty(), "{name}: {found:#?}");
    }
}

#[test]
fn nothing_leaves_the_paper() {
    for (name, scene) in every_scene() {
        for shape in &scene.shapes {
            let (left, top, right, bottom) = match shape {
                Shape::Text { .. } => extent(shape).unwrap_or_default(),
                Shape::Rect {
                    x, y, width, height, ..
                } => (*x, *y, x + width, y + height),
                _ => continue,
            };
            let inside = left >= 0 && top >= 0 && right <= scene.width && bottom <= scene.height;
            assert!(inside, "{name}: {shape:?} on {} x {}", scene.width, scene.height);
        }
    }
}

#[test]
fn a_slide_is_as_large_as_a_projector_s_picture_and_can_be_read_from_the_last_row() {
    for (name, scene) in every_scene().into_iter().filter(|(name, _)| name.ends_with("a slide")) {
        assert_eq!((scene.width, scene.height), (1920, 1080), "{name}");
        for shape in &scene.shapes {
            if let Shape::Text { size, text, .. } = shape {
                assert!(*size >= 32, "{name}: {text}");
            }
        }
        let title = scene.shapes.iter().any(|shape| {
            matches!(
                shape,
                Shape::Text {
                    size: 56,
                    bold: true,
                    ..
                }
            )
        });
        assert!(title, "{name}");
    }
}

#[test]
fn data_never_becomes_markup() {
    let svgs: Vec<String> = all_charts(&hostile()).iter().map(Chart::svg).collect();
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
    let svg = startup_phases(&results("three")).svg();
    assert!(
        svg.contains("<text") && svg.contains("n = 10 per target") && svg.contains(">micro-VM<"),
        "{svg}"
    );
    assert!(
        svg.contains("<title>micro-VM\nmedian 4.63") && svg.contains("95 % interval"),
        "{svg}"
    );
}

#[test]
fn a_chart_that_stands_alone_says_what_came_out_and_where_it_was_measured() {
    let svg = startup_phases(&results("three")).svg();
    let words = svg.replace(['<', '>'], "|");
    assert!(
        words.contains("A container takes 2.6× as long to start as a process"),
        "{svg}"
    );
    assert!(words.contains("hello: 10 runs per target"), "{svg}");
}

/// The median of an even number of runs is no run's: the phases of the nearest one add up to something else.
#[test]
fn the_parts_of_a_start_end_where_its_figure_says() {
    let mut results = results("three");
    let nearest = results.summary[2].nearest.as_mut().expect("the fixture has samples");
    nearest.phases.iter_mut().for_each(|phase| phase.ms *= 0.9);
    let median = results.metric_of("microvm", "ready_ms").expect("it was measured").value;
    let Body::Bars(bars) = startup_phases(&results).body else {
        panic!("it is drawn as bars")
    };
    let bar = bars.all().nth(2).expect("the third target");
    assert!((bar.length() - median).abs() < 1e-9, "{} is not {median}", bar.length());
    assert!(
        bar.parts.len() == 3,
        "isolation, guest kernel, program: {:?}",
        bar.parts
    );
}

#[test]
fn no_chart_uses_a_colour_twice() {
    for chart in every_chart() {
        let mut known: Vec<(colors::Color, String)> = Vec::new();
        let mut add = |color: colors::Color, name: &str| match known.iter().find(|(other, _)| *other == color) {
            Some((_, other)) => assert_eq!(other, name, "{}: two things of one colour", chart.id),
            None => known.push((color, name.to_owned())),
        };
        match &chart.body {
            // Parts of the same kind have the same colour on every target: a container's runtime, a virtual machine's monitor.
            Body::Bars(bars) => bars.all().for_each(|bar| {
                let colors: Vec<_> = bar.parts.iter().map(|part| part.color).collect();
                let different: std::collections::HashSet<_> = colors.iter().collect();
                assert_eq!(colors.len(), different.len(), "{}: {:?}", chart.id, bar.parts);
            }),
            Body::Columns(_) => {}
            Body::Dots(dots) => dots.rows.iter().for_each(|row| {
                row.dots.iter().for_each(|dot| {
                    let name = if dot.name.is_empty() { &row.label } else { &dot.name };
                    add(dot.color, name);
                });
            }),
            Body::Strips(strips) => strips.strips.iter().for_each(|strip| add(strip.color, &strip.label)),
            Body::Lines(lines) => lines.lines.iter().for_each(|line| add(line.color, &line.label)),
        }
    }
}

/// As a suite leaves it: `hold 64` is another program than `hold`.
#[test]
fn memory_against_guest_ram_joins_the_same_program_with_the_same_settings_only() {
    let with = |ram: u64, change: fn(&mut Results)| {
        let mut file = results("three");
        file.config.memory_bytes = ram << 20;
        change(&mut file);
        file
    };
    let files = [
        with(128, |_| {}),
        with(256, |_| {}),
        with(512, |file| file.workload.args = vec!["64".into()]),
        with(1024, |file| file.config.cpus = 2),
    ];
    let messages = Messages::new(Lang::En);
    let chart = growth::memory_by_guest_ram(&files, &messages, &TargetColors::new(&files)).expect("two are the same");
    let Body::Lines(lines) = &chart.body else {
        panic!("it is drawn as lines")
    };
    let ram: Vec<f64> = lines.lines[0].points.iter().map(|(ram, _)| ram / 1_048_576.0).collect();
    assert_eq!(ram, [128.0, 256.0]);
    assert!(
        chart.footer.contains("hello, all other settings the same"),
        "{}",
        chart.footer
    );
    assert_eq!(
        growth::memory_by_guest_ram(&files[1..], &messages, &TargetColors::new(&files)),
        None
    );
}

/// As a suite leaves it: files that differ in a third and a fourth setting, and two of another program.
#[test]
fn files_are_told_apart_and_different_programs_are_on_different_axes() {
    let with = |change: fn(&mut Results)| {
        let mut file = results("three");
        change(&mut file);
        file
    };
    let files = [
        with(|_| {}),
        with(|file| file.config.idle_gap_ms = 20.0),
        with(|file| file.config.container_limits.cpus = Some(0.5)),
        with(|file| (file.config.memory_bytes, file.config.cpus) = (1 << 30, 2)),
        with(|_| {}),
        results("cpu"),
        results("cpu"),
    ];
    let messages = Messages::new(Lang::En);
    let labels = labels(&files.iter().collect::<Vec<_>>(), &messages);
    let different: std::collections::BTreeSet<_> = labels.iter().collect();
    assert_eq!(different.len(), files.len(), "{labels:#?}");
    let charts = across::charts(&files, &messages, &TargetColors::new(&files));
    for chart in &charts {
        let Body::Dots(dots) = &chart.body else {
            panic!("no bars on axes that may be logarithmic")
        };
        let rows = dots.rows.len();
        assert!(
            rows == if chart.title.ends_with("hello") { 5 } else { 2 },
            "{}: {rows}",
            chart.title
        );
        let labels: std::collections::BTreeSet<_> = dots.rows.iter().map(|row| &row.label).collect();
        assert_eq!(labels.len(), rows);
    }
    let ids: std::collections::BTreeSet<_> = charts.iter().map(|chart| &chart.id).collect();
    assert_eq!(ids.len(), charts.len());
}

#[test]
fn no_chart_promises_an_interval_that_it_does_not_draw() {
    let mut results = results("cpu");
    for summary in &mut results.summary {
        summary
            .metrics
            .values_mut()
            .for_each(|figures| (figures.interval, figures.p5, figures.p95) = (None, None, None));
    }
    results
        .comparisons
        .iter_mut()
        .for_each(|comparison| comparison.interval = None);
    for lang in Lang::ALL {
        for chart in charts_of(std::slice::from_ref(&results), lang) {
            let promised = ["percentile", "95 % interval", "백분위수", "95% 신뢰구간"];
            assert!(
                !promised.iter().any(|words| chart.footer.contains(words)),
                "{}: {}",
                chart.id,
                chart.footer
            );
        }
    }
}

#[test]
fn one_percent_of_speed_can_be_seen() {
    let mut results = results("cpu");
    for comparison in results
        .comparisons
        .iter_mut()
        .filter(|each| each.metric == *"ops_per_s")
    {
        (comparison.ratio, comparison.interval) = (
            0.99,
            Some(Interval {
                low: 0.985,
                high: 0.995,
            }),
        );
    }
    let charts = charts_of(&[results], Lang::En);
    let chart = charts.iter().find(|chart| chart.id == "work").expect("it was measured");
    for canvas in [Canvas::PAGE, Canvas::PHONE] {
        let scene = canvas.draw(chart);
        let dots = scene.shapes.iter().filter_map(|shape| match shape {
            Shape::Dot { center, color, .. } if *color != colors::PAPER => Some(center.0),
            _ => None,
        });
        let dots: Vec<i32> = dots.collect();
        assert!(dots[0] - dots[1] >= canvas.width / 8, "{dots:?}");
    }
}

#[test]
fn an_svg_says_its_figures_to_those_who_cannot_see_it() {
    let svg = startup_phases(&results("no-kvm")).svg();
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
        let svg = chart.svg();
        assert!(svg.contains(">0<") || svg.contains(">0.0"), "{}: {svg}", chart.title);
    }
}

#[test]
fn a_logarithmic_axis_says_so() {
    for lang in Lang::ALL {
        let messages = Messages::new(lang);
        let word = if lang == Lang::En { "logarithmic" } else { "로그 축" };
        for (name, log) in [("ten", true), ("one", false)] {
            let results = results(name);
            let source = Source {
                results: &results,
                messages: &messages,
                colors: &TargetColors::new([&results]),
            };
            let chart = startup::distributions(&source);
            let Body::Strips(strips) = &chart.body else {
                panic!("a distribution is drawn as strips")
            };
            assert_eq!((strips.log, chart.svg().contains(word)), (log, log), "{name}");
        }
    }
}

#[test]
fn every_kind_of_chart_is_among_those_looked_at() {
    let charts = every_chart();
    let kinds = [
        "startup-phases",
        "startup-distribution",
        "startup-steps",
        "overview",
        "memory",
        "image-size",
        "work",
        "density-memory",
        "density-start",
        "across-ready-ms",
        "across-uss-bytes",
        "memory-by-guest-ram",
    ];
    for kind in kinds {
        assert!(charts.iter().any(|chart| chart.id == kind), "{kind}");
    }
}

#[test]
fn the_same_results_give_the_same_bytes() {
    let twice = || every_chart().iter().map(Chart::svg).collect::<Vec<_>>();
    assert_eq!(twice(), twice());
}

#[test]
fn without_any_font_a_png_says_what_to_install() {
    let nowhere = Fonts::in_folder(Path::new("/nonexistent"));
    let error = startup_phases(&results("three"))
        .png_on(&Canvas::FILE, &nowhere)
        .expect_err("there is nothing to write with");
    assert!(
        matches!(error, ChartError::NoFont) && error.to_string().contains("install"),
        "{error}"
    );
}

#[test]
fn a_target_that_cannot_run_keeps_its_bar_s_place() {
    let svg = startup_phases(&results("no-kvm")).svg();
    assert!(svg.contains("micro-VM") && svg.contains("not measured"), "{svg}");
}
