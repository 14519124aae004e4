//! Charts of how fast programs work: one program on every target, and many programs against the baseline.

use super::colors::TargetColors;
use super::dots::{Dot, Dots, Reach, Row};
use super::startup::{count, distribution, file_name, scale_of, yes};
use super::{Body, Chart, Source};
use crate::metrics::{self, Place};
use crate::model::{Better, Definition, Results, Scope, Target, Unit};
use crate::render::headline;
use crate::render::messages::Messages;
use crate::render::reference;
use crate::render::scale::Scale;

/// The metric of work done.
pub(crate) const WORK: &str = "ops_per_s";

/// For every metric of the program that is better when higher: how much each target differs from the baseline target, with
/// intervals, on an axis on which one percent can be seen.
pub(crate) fn speeds(source: &Source) -> Vec<Chart> {
    let speed = |definition: &&Definition| {
        definition.better == Better::Higher
            && definition.scope == Scope::Run
            && metrics::place(definition) == Place::Table
    };
    let measured = source.results.metrics.iter().filter(speed);
    measured
        .filter_map(|definition| speed_chart(source, definition))
        .collect()
}

/// `None` where nothing was compared.
fn speed_chart(source: &Source, definition: &Definition) -> Option<Chart> {
    let (results, messages) = (source.results, source.messages);
    let id = &*definition.id;
    let baseline = reference::name(results, id, "target", messages)?;
    let is_baseline = |target: &Target| reference::is(results, id, &target.name);
    let (absolute, percent) = (scale_of(results, id), Scale::percent());
    let row = |target: &Target| {
        let label = messages.name("target", &target.name);
        let compared = results.comparison_of(&target.name, id);
        let ratio = match is_baseline(target) {
            true => Some(1.0),
            false => compared.map(|compared| compared.ratio),
        };
        let figures = results.metric_of(&target.name, id);
        let Some((figures, ratio)) = figures.zip(ratio.filter(|ratio| ratio.is_finite())) else {
            let value = messages.get("chart-no-figure");
            return Row {
                label,
                value,
                dots: Vec::new(),
            };
        };
        let interval = compared.and_then(|compared| compared.interval);
        let interval = interval.map(|interval| (interval.low - 1.0, interval.high - 1.0));
        let mut tip = distribution(figures, &absolute, messages);
        if let Some((low, high)) = interval {
            let ends = [
                ("low", percent.format(low).into()),
                ("high", percent.format_with_unit(high).into()),
            ];
            let change = percent.format_with_unit(ratio - 1.0);
            tip = format!("{change}{}\n{tip}", messages.with("tip-interval", &ends));
        }
        let value = match is_baseline(target) {
            true => absolute.format_with_unit(figures.value),
            false => percent.format_with_unit(ratio - 1.0),
        };
        let dot = Dot {
            name: String::new(),
            color: source.colors.of(&target.name),
            value: ratio - 1.0,
            interval,
            tip,
        };
        Row {
            label,
            value,
            dots: vec![dot],
        }
    };
    let counts = results.summary.iter().filter_map(|summary| Some(summary.metric(id)?.n));
    let rows: Vec<Row> = results.targets.iter().map(row).collect();
    let intervals = rows.iter().flat_map(|row| &row.dots).any(|dot| dot.interval.is_some());
    let arguments = [
        ("baseline", baseline.into()),
        ("metric", messages.metric_name(&definition.id).into()),
        ("n", count(counts).into()),
        ("intervals", yes(intervals).into()),
    ];
    Some(Chart {
        id: match id {
            WORK => "work".to_owned(),
            id => format!("work-{}", file_name(id)),
        },
        title: messages.with("chart-work-title", &arguments),
        finding: match id {
            WORK => headline::of_metric(results, id, messages).unwrap_or_default(),
            _ => String::new(),
        },
        subtitle: messages.with("chart-work-subtitle", &arguments),
        footer: messages.with("chart-work-footer", &arguments),
        source: String::new(),
        body: Body::Dots(Dots {
            scale: percent.clone(),
            reach: Reach::AroundZero,
            reference: Some(0.0),
            rows,
        }),
    })
}

/// One row a program, labelled: the work of each target relative to the baseline's.
pub(crate) fn performance(
    files: &[(String, &Results)],
    baseline: &str,
    messages: &Messages,
    colors: &TargetColors,
) -> Chart {
    let ratios = || {
        let all = files.iter().flat_map(|(_, file)| &file.comparisons);
        all.filter(|compared| compared.metric == *WORK)
            .map(|compared| compared.ratio)
    };
    let scale = Scale::new(&Unit::Other("×".into()), ratios());
    let row = |(label, file): &(String, &Results)| {
        let dots = file.targets.iter().filter_map(|target| {
            let compared = file.comparison_of(&target.name, WORK)?;
            let figures = file.metric_of(&target.name, WORK)?;
            (compared.ratio.is_finite() && compared.ratio > 0.0).then(|| Dot {
                name: messages.name("target", &target.name),
                color: colors.of(&target.name),
                value: compared.ratio,
                interval: compared.interval.map(|interval| (interval.low, interval.high)),
                tip: distribution(figures, &scale_of(file, WORK), messages),
            })
        });
        let dots: Vec<Dot> = dots.collect();
        let value = if dots.is_empty() {
            messages.get("chart-no-figure")
        } else {
            String::new()
        };
        Row {
            label: label.clone(),
            value,
            dots,
        }
    };
    let rows: Vec<Row> = files.iter().map(row).collect();
    let intervals = rows.iter().flat_map(|row| &row.dots).any(|dot| dot.interval.is_some());
    let counts = files.iter().flat_map(|(_, file)| &file.summary);
    let counts = counts.filter_map(|summary| Some(summary.metric(WORK)?.n));
    let arguments = [
        ("baseline", messages.name("target", baseline).into()),
        ("n", count(counts).into()),
        ("intervals", yes(intervals).into()),
    ];
    Chart {
        id: "performance".to_owned(),
        title: messages.with("chart-performance-title", &arguments),
        finding: String::new(),
        subtitle: messages.with("chart-performance-subtitle", &arguments),
        footer: messages.with("chart-performance-footer", &arguments),
        source: String::new(),
        body: Body::Dots(Dots {
            scale,
            reach: Reach::Logarithmic,
            reference: Some(1.0),
            rows,
        }),
    }
}
