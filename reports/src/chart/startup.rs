//! Charts of start-up: by phase, as a timeline, as a distribution.

use super::axis::Unit;
use super::{Bar, Bars, Body, Chart, Spread};
use crate::comparison;
use crate::messages::{Messages, clean};
use crate::model::{Distribution, Phase, Results, Summary};
use crate::units;

/// One stacked bar per target: the medians of its phases, with the median and the intervals of the whole.
pub(crate) fn phases(results: &Results, messages: &Messages) -> Chart {
    let mut series: Vec<String> = Vec::new();
    let rows = results.targets.iter().map(|target| {
        let summary = results.summary.iter().find(|summary| summary.target == target.name);
        let mut bar = Bar {
            label: clean(&target.name),
            ..Bar::default()
        };
        match summary.and_then(|summary| Some((summary, summary.ready_ms?))) {
            Some((summary, ready)) => fill(&mut bar, summary, ready, &mut series, messages),
            None => bar.value = messages.get("chart-no-figure"),
        }
        bar
    });
    let rows = rows.collect();
    Chart {
        id: "startup-phases".to_owned(),
        title: messages.with(
            "chart-phases-title",
            &[("workload", clean(&results.workload.name).into())],
        ),
        note: messages.with("chart-phases-note", &[("n", runs(results).into())]),
        axis_title: messages.get("axis-startup"),
        body: Body::Bars(Bars {
            unit: Unit::Milliseconds,
            series,
            rows,
            reference: None,
        }),
    }
}

fn fill(bar: &mut Bar, summary: &Summary, ready: Distribution, series: &mut Vec<String>, messages: &Messages) {
    for phase in &summary.phases {
        let name = messages.name("phase", &phase.name);
        let index = series.iter().position(|known| *known == name).unwrap_or_else(|| {
            series.push(name);
            series.len() - 1
        });
        bar.parts.push((index, phase.ms.max(0.0)));
    }
    if bar.parts.is_empty() {
        // A tool whose phases are not known is one part.
        let all = Phase {
            name: "start-up".to_owned(),
            ms: ready.median,
        };
        let whole = Summary {
            phases: vec![all],
            ..Summary::default()
        };
        return fill(bar, &whole, ready, series, messages);
    }
    bar.spread = Some(spread(ready));
    bar.value = units::milliseconds(ready.median);
    let mut tip = vec![distribution(ready, Unit::Milliseconds, messages)];
    tip.extend(summary.phases.iter().map(|phase| {
        format!(
            "{}: {}",
            messages.name("phase", &phase.name),
            units::milliseconds(phase.ms)
        )
    }));
    bar.tip = tip.join("\n");
}

pub(crate) fn spread(figures: Distribution) -> Spread {
    Spread {
        median: figures.median,
        confidence: comparison::confidence(figures),
        percentiles: (figures.n > 1).then_some((figures.p5, figures.p95)),
    }
}

/// A distribution in words, for tooltips.
pub(crate) fn distribution(figures: Distribution, unit: Unit, messages: &Messages) -> String {
    let text = |value: f64| unit.format(value);
    let mut words = messages.with(
        "tip-median",
        &[("median", text(figures.median).into()), ("n", figures.n.into())],
    );
    let mut add = |id: &str, (low, high): (f64, f64)| {
        words.push_str(&messages.with(id, &[("low", text(low).into()), ("high", text(high).into())]));
    };
    let spread = spread(figures);
    spread
        .confidence
        .into_iter()
        .for_each(|interval| add("tip-interval", interval));
    spread
        .percentiles
        .into_iter()
        .for_each(|interval| add("tip-percentiles", interval));
    words
}

/// How many runs the figures are of: `30`, or `28–30` when targets differ.
pub(crate) fn runs(results: &Results) -> String {
    let counts = || results.summary.iter().filter_map(|summary| Some(summary.ready_ms?.n));
    match (counts().min(), counts().max()) {
        (Some(min), Some(max)) if min != max => format!("{min}–{max}"),
        (_, max) => max.unwrap_or(0).to_string(),
    }
}
