//! The comparison table: what each cell says, the same for the terminal, HTML, Markdown and the JSON summary.

use crate::messages::{Messages, clean};
use crate::model::{Comparison, Distribution, Memory, Results, Sample, Summary, Target};
use crate::one_more;
use crate::units;
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
    pub id: &'static str,
    pub title: String,
    /// One sentence on what stands in it.
    pub meaning: String,
    /// For wide media only: a terminal has no room for it.
    pub wide: bool,
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
    pub(crate) fn none() -> Cell {
        Cell {
            main: NONE.to_owned(),
            ..Cell::default()
        }
    }

    pub(crate) fn new(main: String, sub: String, order: f64) -> Cell {
        Cell {
            main,
            sub,
            order: Some(order),
        }
    }
}

pub(crate) fn table(results: &Results, messages: &Messages) -> Table {
    let compared = baseline(results);
    let arguments = [("baseline", compared.map_or_else(String::new, clean).into())];
    let column = |id: &'static str, wide: bool| Column {
        id,
        title: messages.with(&format!("column-{id}"), &arguments),
        meaning: messages.with(&format!("column-{id}-meaning"), &arguments),
        wide,
    };
    let columns = [
        column("target", false),
        column("ready", false),
        column("ready-interval", true),
        column("exit", false),
        column("ratio", false),
        column("effect", false),
        column("significance", true),
        column("memory", false),
        column("one-more", false),
        column("image", false),
        column("work", false),
        column("page-faults", true),
        column("context-switches", true),
        column("system-calls", true),
    ];
    let has = |of: fn(&Summary) -> Option<Distribution>| results.summary.iter().any(|summary| of(summary).is_some());
    let has_figures = |column: &Column| match column.id {
        "ratio" | "significance" => compared.is_some(),
        "effect" => results.comparisons.iter().any(|each| each.superiority.is_some()),
        "work" => has(|summary| summary.ops_per_s),
        "memory" => !one_more::is_known(results),
        "one-more" => one_more::is_known(results),
        "page-faults" => has(|summary| summary.page_faults),
        "context-switches" => has(|summary| summary.context_switches),
        "system-calls" => has(|summary| summary.system_calls),
        _ => true,
    };
    let columns: Vec<Column> = columns.into_iter().filter(has_figures).collect();
    let rows = results
        .targets
        .iter()
        .map(|target| row(results, target, &columns, messages))
        .collect();
    Table { columns, rows }
}

fn row(results: &Results, target: &Target, columns: &[Column], messages: &Messages) -> Row {
    let summary = results.summary.iter().find(|summary| summary.target == target.name);
    let ready = summary.and_then(|summary| summary.ready_ms);
    let exit = summary.and_then(|summary| summary.exit_ms);
    let comparison = against_baseline(results, target, "ready_ms");
    let cell = |column: &Column| match column.id {
        "target" => name_cell(target, summary, messages),
        "ready" => ready.map_or_else(Cell::none, time_cell),
        "ready-interval" => ready.map_or_else(Cell::none, interval_cell),
        "exit" => exit.map_or_else(Cell::none, time_cell),
        "ratio" => ratio_cell(results, target, comparison, messages),
        "effect" => effect_cell(comparison, messages),
        "significance" => comparison.map_or_else(Cell::none, significance_cell),
        "memory" => memory_cell(results, target, summary, messages),
        "one-more" => one_more::cell(results, target, messages),
        "image" => image_cell(target, messages),
        "page-faults" => count_cell(summary.and_then(|summary| summary.page_faults)),
        "context-switches" => count_cell(summary.and_then(|summary| summary.context_switches)),
        "system-calls" => count_cell(summary.and_then(|summary| summary.system_calls)),
        _ => work_cell(results, target, summary, messages),
    };
    Row {
        cells: columns.iter().map(cell).collect(),
        available: target.unavailable.is_none(),
    }
}

fn name_cell(target: &Target, summary: Option<&Summary>, messages: &Messages) -> Cell {
    let sub = match summary {
        Some(summary) => {
            let n = summary.ready_ms.or(summary.exit_ms).map_or(0, |figures| figures.n);
            messages.with("cell-runs", &[("n", n.into()), ("failed", summary.failed.into())])
        }
        None if target.unavailable.is_some() => messages.get("cell-unavailable"),
        None => messages.get("cell-no-runs"),
    };
    Cell {
        main: clean(&target.name),
        sub,
        order: None,
    }
}

fn time_cell(figures: Distribution) -> Cell {
    // One run has no spread to speak of.
    let spread = if figures.n > 1 {
        units::interval(figures.p5, figures.p95)
    } else {
        String::new()
    };
    Cell::new(units::number(figures.median), spread, figures.median)
}

fn interval_cell(figures: Distribution) -> Cell {
    let Some((low, high)) = confidence(figures) else {
        return Cell::none();
    };
    Cell::new(units::interval(low, high), String::new(), high - low)
}

/// The fewest samples whose median has a 95 % interval at all: with five, even the range from the smallest to the largest
/// covers the median of the population in 93.75 % of cases only (1 − 2 · 0.5⁵).
const FEWEST_FOR_INTERVAL: u32 = 6;

/// The 95 % interval of the median, where there are enough samples for one.
pub(crate) fn confidence(figures: Distribution) -> Option<(f64, f64)> {
    (figures.n >= FEWEST_FOR_INTERVAL).then_some((figures.ci_low, figures.ci_high))
}

/// In how many of a hundred pairs of runs the one here is slower. All and none are said only where it really was all or none.
fn effect_cell(comparison: Option<&Comparison>, messages: &Messages) -> Cell {
    let Some(share) = comparison.and_then(|comparison| comparison.superiority) else {
        return Cell::none();
    };
    let pairs = match (share * 100.0).round() {
        0.0 if share > 0.0 => "<1".to_owned(),
        100.0 if share < 1.0 => ">99".to_owned(),
        pairs => pairs.to_string(),
    };
    Cell::new(
        messages.with("cell-pairs", &[("pairs", pairs.into())]),
        String::new(),
        share,
    )
}

/// A count of events, and its spread where it has one.
fn count_cell(figures: Option<Distribution>) -> Cell {
    figures.map_or_else(Cell::none, |figures| {
        let spread = if figures.p5 < figures.p95 {
            format!("{:.0}–{:.0}", figures.p5, figures.p95)
        } else {
            String::new()
        };
        Cell::new(format!("{:.0}", figures.median), spread, figures.median)
    })
}

fn significance_cell(comparison: &Comparison) -> Cell {
    Cell::new(units::p_value(comparison.p_value), String::new(), comparison.p_value)
}

/// The target that the start-up of the others is compared with.
pub(crate) fn baseline(results: &Results) -> Option<&str> {
    results
        .comparisons
        .iter()
        .find(|comparison| comparison.quantity == "ready_ms")
        .map(|comparison| comparison.against.as_str())
}

pub(crate) fn against_baseline<'a>(results: &'a Results, target: &Target, quantity: &str) -> Option<&'a Comparison> {
    results
        .comparisons
        .iter()
        .find(|comparison| comparison.target == target.name && comparison.quantity == quantity)
}

fn ratio_cell(results: &Results, target: &Target, comparison: Option<&Comparison>, messages: &Messages) -> Cell {
    match comparison {
        Some(figures) => {
            let interval = ratio_interval(results, figures);
            let sub = interval.map_or_else(String::new, |(low, high)| units::interval(low, high));
            Cell::new(units::number(figures.ratio), sub, figures.ratio)
        }
        None if baseline(results) == Some(&target.name) => {
            Cell::new("1".to_owned(), messages.get("cell-baseline"), 1.0)
        }
        None => Cell::none(),
    }
}

/// The 95 % interval of a ratio, where both sides have enough samples for one.
pub(crate) fn ratio_interval(results: &Results, comparison: &Comparison) -> Option<(f64, f64)> {
    let enough = |name: &str| {
        let summary = results.summary.iter().find(|summary| summary.target == name)?;
        let figures = match comparison.quantity.as_str() {
            "ready_ms" => summary.ready_ms,
            "exit_ms" => summary.exit_ms,
            _ => summary.ops_per_s,
        };
        confidence(figures?)
    };
    enough(&comparison.target).and(enough(&comparison.against))?;
    Some((comparison.ratio_ci_low, comparison.ratio_ci_high))
}

/// The memory of the run whose unique set size is the median one: the parts of one run add up, medians of parts do not.
pub(crate) fn median_memory(results: &Results, target: &str) -> Option<Memory> {
    let memories = results.samples.good(target).filter_map(|sample| sample.memory);
    let mut measured: Vec<_> = memories.filter(|memory| memory.uss_bytes.is_some()).collect();
    measured.sort_by_key(|memory| memory.uss_bytes);
    (!measured.is_empty()).then(|| measured.swap_remove((measured.len() - 1) / 2))
}

fn memory_cell(results: &Results, target: &Target, summary: Option<&Summary>, messages: &Messages) -> Cell {
    let median = summary
        .and_then(|summary| summary.uss_bytes)
        .map(|figures| figures.median);
    let memory = median_memory(results, &target.name);
    let uss_bytes = memory.as_ref().and_then(|memory| memory.uss_bytes);
    let Some(uss) = median.or(uss_bytes.map(|bytes| bytes as f64)) else {
        return Cell::none();
    };
    let part = |id: &str, bytes: Option<u64>| Some(messages.with(id, &[("size", units::bytes(bytes? as f64).into())]));
    let parts = memory.into_iter().flat_map(|memory| {
        let guest = part("cell-guest-ram", memory.guest_ram_bytes);
        [
            guest,
            part("cell-monitor", memory.monitor_bytes),
            part("cell-runtime", memory.runtime_bytes),
        ]
    });
    let parts: Vec<String> = parts.flatten().collect();
    Cell::new(units::bytes(uss), parts.join(" + "), uss)
}

fn image_cell(target: &Target, messages: &Messages) -> Cell {
    if target.image.is_empty() {
        return Cell::none();
    }
    let total: f64 = target.image.iter().map(|part| part.bytes as f64).sum();
    let others = target
        .image
        .iter()
        .filter(|part| part.part != "workload" && part.bytes > 0);
    let parts: Vec<String> = others
        .map(|part| {
            format!(
                "{} {}",
                messages.name("part", &part.part),
                units::bytes(part.bytes as f64)
            )
        })
        .collect();
    let sub = if parts.is_empty() {
        String::new()
    } else {
        messages.with("cell-of-which", &[("parts", parts.join(", ").into())])
    };
    Cell::new(units::bytes(total), sub, total)
}

fn work_cell(results: &Results, target: &Target, summary: Option<&Summary>, messages: &Messages) -> Cell {
    let Some(figures) = summary.and_then(|summary| summary.ops_per_s) else {
        return Cell::none();
    };
    let sub = match checksums(results.samples.of(&target.name)).len() {
        0 => String::new(),
        1 if checksums(results.samples.iter()).len() == 1 => messages.get("cell-same-checksum"),
        _ => messages.get("cell-other-checksum"),
    };
    Cell::new(units::per_second(figures.median), sub, figures.median)
}

/// The different checksums that the workload reported. Runs that failed count as well: a wrong result is worth seeing.
pub(crate) fn checksums(samples: impl Iterator<Item = Sample>) -> BTreeSet<String> {
    let checksums = samples.filter_map(|sample| sample.work).map(|work| work.checksum);
    checksums.filter(|checksum| !checksum.is_empty()).collect()
}
