//! The comparison table: what each cell says, the same for the terminal, HTML, Markdown and the JSON summary.
//!
//! Its columns are the metrics that the results have, and what is derived from the start-up: ratio, effect, significance.

use super::messages::{Messages, clean};
use super::scale::Scale;
use super::{diff, method, reference, units};
use crate::metrics::{self, Place};
use crate::model::{Change, Comparison, Definition, Distribution, Results, Sample, Scope, Summary, Target, Version};
use std::collections::BTreeSet;

/// A table whose rows are targets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Table {
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
}

/// One column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    pub content: Content,
    pub title: String,
    /// One sentence on what stands in it.
    pub meaning: String,
    /// For wide media only: a terminal has no room for it.
    pub wide: bool,
}

/// What stands in a column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    /// The target's name.
    Target,
    /// Figures of a metric, all in one unit, which the title names.
    Metric(Definition, Scale),
    /// The interval of the start-up.
    ReadyInterval,
    /// The ratio of the start-up to the baseline's.
    Ratio,
    /// How often the start-up is slower than the baseline's.
    Effect,
    /// How surely it differs.
    Significance,
    /// What is made of that, of two versions of a program.
    Verdict,
}

/// One target.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// As many as there are columns.
    pub cells: Vec<Cell>,
    pub available: bool,
}

/// A figure, and below it what belongs to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Cell {
    pub main: String,
    pub sub: String,
    /// To sort by; `None` sorts last.
    pub order: Option<f64>,
}

/// What stands where there is no figure.
const NONE: &str = "–";

impl Cell {
    fn none() -> Cell {
        Cell {
            main: NONE.to_owned(),
            ..Cell::default()
        }
    }

    fn new(main: String, sub: String, order: f64) -> Cell {
        Cell {
            main,
            sub,
            order: Some(order),
        }
    }
}

pub(crate) fn table(results: &Results, messages: &Messages) -> Table {
    let columns = columns(results, messages);
    let row = |target: &Target| Row {
        cells: columns
            .iter()
            .map(|column| cell(column, results, target, messages))
            .collect(),
        available: target.unavailable.is_none(),
    };
    let rows = results.targets.iter().map(row).collect();
    Table { columns, rows }
}

fn columns(results: &Results, messages: &Messages) -> Vec<Column> {
    let compared = reference::name(results, "ready_ms", "target", messages);
    let arguments = [
        ("baseline", compared.clone().unwrap_or_default().into()),
        ("ready", method::mark(results, messages).into()),
    ];
    let derived = |content: Content, id: &str, wide: bool| Column {
        content,
        title: messages.with(&format!("column-{id}"), &arguments),
        meaning: messages.with(&format!("column-{id}-meaning"), &arguments),
        wide,
    };
    let memory = metrics::memory(results);
    let mut columns = vec![derived(Content::Target, "target", false)];
    for definition in &results.metrics {
        let wide = match metrics::place(definition) {
            Place::Table => false,
            Place::Details => definition.id != *memory,
            Place::Part | Place::Data => continue,
        };
        let known = messages.metric(&definition.id, &arguments);
        let (name, meaning) = known.unwrap_or_else(|| unknown(definition, messages));
        let scale = scale(results, definition);
        columns.push(Column {
            title: with_unit(&name, &scale.unit, messages),
            content: Content::Metric(definition.clone(), scale),
            meaning,
            wide,
        });
        match &*definition.id {
            "ready_ms" => columns.push(derived(Content::ReadyInterval, "ready-interval", true)),
            "exit_ms" if compared.is_some() => {
                columns.push(derived(Content::Ratio, "ratio", false));
                if results.comparisons.iter().any(|each| each.superiority.is_some()) {
                    columns.push(derived(Content::Effect, "effect", false));
                }
                columns.push(derived(Content::Significance, "significance", true));
                if results.against.is_some() && results.diff.is_some() {
                    columns.push(derived(Content::Verdict, "verdict", false));
                }
            }
            _ => {}
        }
    }
    columns
}

/// One unit and number of decimals for a metric of all targets.
pub(crate) fn scale(results: &Results, definition: &Definition) -> Scale {
    let figures = results.summary.iter();
    let figures = figures.filter_map(|summary| Some(summary.metric(&definition.id)?.value));
    Scale::new(&definition.unit, figures)
}

/// A title with the unit of what stands below it.
pub(crate) fn with_unit(title: &str, unit: &str, messages: &Messages) -> String {
    if unit.is_empty() {
        return title.to_owned();
    }
    messages.with(
        "title-unit",
        &[("title", title.to_owned().into()), ("unit", unit.to_owned().into())],
    )
}

/// Name and definition of a metric that the workload or a newer version has brought along.
fn unknown(definition: &Definition, messages: &Messages) -> (String, String) {
    let unit = String::from(definition.unit.clone());
    let id = clean(&definition.id);
    let meaning = messages.with(
        "metric-of-program",
        &[("name", id.clone().into()), ("unit", clean(&unit).into())],
    );
    (id, meaning)
}

fn cell(column: &Column, results: &Results, target: &Target, messages: &Messages) -> Cell {
    let comparison = results.comparison_of(&target.name, "ready_ms");
    match &column.content {
        Content::Target => name_cell(target, results.summary_of(&target.name), messages),
        Content::Metric(definition, scale) => metric_cell(results, target, definition, scale, messages),
        Content::ReadyInterval => {
            let interval = results
                .metric_of(&target.name, "ready_ms")
                .and_then(|ready| ready.interval);
            let scale = results
                .definition("ready_ms")
                .map(|definition| scale(results, definition));
            interval.zip(scale).map_or_else(Cell::none, |(interval, scale)| {
                let text = scale.range(interval.low, interval.high);
                Cell::new(text, String::new(), interval.high - interval.low)
            })
        }
        Content::Ratio => ratio_cell(results, target, comparison, messages),
        Content::Effect => effect_cell(comparison, messages),
        Content::Verdict => verdict_cell(results, target, messages),
        Content::Significance => {
            let p_value = comparison.and_then(|comparison| comparison.p_value);
            p_value.map_or_else(Cell::none, |p| Cell::new(units::p_value(p), String::new(), p))
        }
    }
}

fn name_cell(target: &Target, summary: Option<&Summary>, messages: &Messages) -> Cell {
    let sub = match summary {
        Some(summary) => messages.with(
            "cell-runs",
            &[("n", summary.runs.into()), ("failed", summary.failed.into())],
        ),
        None if target.unavailable.is_some() => messages.get("cell-unavailable"),
        None => messages.get("cell-no-runs"),
    };
    Cell {
        main: messages.name("target", &target.name),
        sub,
        order: None,
    }
}

fn metric_cell(
    results: &Results,
    target: &Target,
    definition: &Definition,
    scale: &Scale,
    messages: &Messages,
) -> Cell {
    if definition.scope == Scope::Image {
        return image_cell(target, &definition.id, scale, messages);
    }
    let Some(figures) = results.metric_of(&target.name, &definition.id) else {
        return Cell::none();
    };
    let mut sub = match &*definition.id {
        id if metrics::parts(results, id).next().is_some() => parts(results, &target.name, definition, scale, messages),
        "ops_per_s" => checksum_remark(results, target, messages),
        _ => spread(figures, scale),
    };
    // The runs stand at the target's name; what was looked at more or less often says so itself.
    let runs = results.summary_of(&target.name).map(|summary| summary.runs);
    if runs != Some(figures.n) {
        let n = messages.with("cell-runs", &[("n", figures.n.into()), ("failed", 0.into())]);
        sub = if sub.is_empty() { n } else { format!("{sub}; {n}") };
    }
    Cell::new(scale.format(figures.value), sub, figures.value)
}

/// 5th to 95th percentile, where they differ.
fn spread(figures: Distribution, scale: &Scale) -> String {
    match (figures.p5, figures.p95) {
        (Some(low), Some(high)) if low < high => scale.range(low, high),
        _ => String::new(),
    }
}

/// What a metric is made up of; nothing where one part is all of it.
fn parts(results: &Results, target: &str, whole: &Definition, scale: &Scale, messages: &Messages) -> String {
    let texts = metrics::parts(results, &whole.id).filter_map(|part| {
        let figures = results.metric_of(target, &part.id)?;
        let name = messages.metric_name(&part.id);
        Some(format!("{name} {}", scale.format(figures.value)))
    });
    let texts: Vec<String> = texts.collect();
    if texts.len() > 1 {
        texts.join(" + ")
    } else {
        String::new()
    }
}

/// In how many of a hundred pairs of runs the one here is slower.
fn effect_cell(comparison: Option<&Comparison>, messages: &Messages) -> Cell {
    let Some(share) = comparison.and_then(|comparison| comparison.superiority) else {
        return Cell::none();
    };
    Cell::new(
        messages.with("cell-pairs", &[("pairs", units::pairs(share).into())]),
        String::new(),
        share,
    )
}

/// What version B of the program is to A in a metric, on the target of its row.
pub(crate) fn change<'a>(results: &'a Results, row: &str, id: &str) -> Option<&'a Change> {
    let target = Version::of(row).filter(|(_, version)| *version == Version::B)?.0;
    let mut changes = results.diff.as_ref()?.changes.iter();
    changes.find(|change| change.target == target && change.metric == *id)
}

fn verdict_cell(results: &Results, target: &Target, messages: &Messages) -> Cell {
    change(results, &target.name, "ready_ms").map_or_else(Cell::none, |change| {
        let text = format!(
            "{} {}",
            units::percent(change.ratio - 1.0),
            diff::verdict(change, messages)
        );
        Cell::new(text, diff::interval(change, messages), change.ratio)
    })
}

fn ratio_cell(results: &Results, target: &Target, comparison: Option<&Comparison>, messages: &Messages) -> Cell {
    match comparison {
        Some(figures) => Cell::new(
            units::ratio(figures.ratio),
            figures.interval.map_or_else(String::new, units::interval),
            figures.ratio,
        ),
        None if reference::is(results, "ready_ms", &target.name) => {
            Cell::new(units::ratio(1.0), messages.get("cell-baseline"), 1.0)
        }
        None => Cell::none(),
    }
}

fn image_cell(target: &Target, id: &str, scale: &Scale, messages: &Messages) -> Cell {
    if target.image.is_empty() {
        return Cell::none();
    }
    let bytes = |part: &crate::model::ImagePart| match id {
        "image_compressed_bytes" => part.compressed_bytes,
        _ => part.bytes,
    };
    let total: f64 = target.image.iter().map(|part| bytes(part) as f64).sum();
    let others = target
        .image
        .iter()
        .filter(|part| part.part != "workload" && bytes(part) > 0);
    let parts: Vec<String> = others
        .map(|part| {
            format!(
                "{} {}",
                messages.name("part", &part.part),
                scale.format(bytes(part) as f64)
            )
        })
        .collect();
    let sub = if parts.is_empty() {
        String::new()
    } else {
        messages.with("cell-of-which", &[("parts", parts.join(", ").into())])
    };
    Cell::new(scale.format(total), sub, total)
}

fn checksum_remark(results: &Results, target: &Target, messages: &Messages) -> String {
    match checksums(results.samples.of(&target.name)).len() {
        0 => String::new(),
        1 if checksums(results.samples.iter()).len() == 1 => messages.get("cell-same-checksum"),
        _ => messages.get("cell-other-checksum"),
    }
}

/// The different checksums that the workload reported. Runs that failed count as well: a wrong result is worth seeing.
pub(crate) fn checksums(samples: impl Iterator<Item = Sample>) -> BTreeSet<String> {
    samples.filter_map(|sample| sample.checksum).map(String::from).collect()
}
