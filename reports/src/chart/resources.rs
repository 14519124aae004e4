//! Charts of what an instance takes besides time: memory, image size, and how fast the program works in it.

use super::axis::Unit;
use super::startup::{Series, distribution, spread};
use super::{Bar, Bars, Body, Chart, Curve, Curves, Spread};
use crate::comparison::{self, median_memory};
use crate::messages::{Messages, clean};
use crate::model::{Memory, Results, Target};
use crate::units;

/// One stacked bar per target: unique memory at the first byte, by what it is for.
pub(crate) fn memory(results: &Results, messages: &Messages) -> Chart {
    let mut series = Series::default();
    let bar = |target: &Target| {
        let mut bar = Bar {
            label: clean(&target.name),
            value: messages.get("chart-no-figure"),
            ..Bar::default()
        };
        let Some(memory) = median_memory(results, &target.name) else {
            return bar;
        };
        let uss = memory.uss_bytes.unwrap_or(0);
        bar.parts = memory_parts(target, &memory, messages)
            .into_iter()
            .map(|(name, bytes)| (series.index(name), bytes))
            .collect();
        bar.value = units::bytes(uss as f64);
        let figures = results
            .summary
            .iter()
            .find(|summary| summary.target == target.name)
            .and_then(|s| s.uss_bytes);
        bar.spread = figures.map(spread);
        bar.tip = figures.map_or_else(String::new, |figures| distribution(figures, Unit::Bytes, messages));
        bar
    };
    let rows: Vec<Bar> = results.targets.iter().map(bar).collect();
    let counts = || results.summary.iter().filter_map(|summary| Some(summary.uss_bytes?.n));
    let n = match (counts().min(), counts().max()) {
        (Some(min), Some(max)) if min != max => format!("{min}–{max}"),
        (_, max) => max.unwrap_or(0).to_string(),
    };
    Chart {
        id: "memory".to_owned(),
        title: messages.with(
            "chart-memory-title",
            &[("workload", clean(&results.workload.name).into())],
        ),
        note: messages.with("chart-memory-note", &[("n", n.into())]),
        axis_title: messages.get("axis-memory"),
        body: Body::Bars(Bars {
            unit: Unit::Bytes,
            series: series.names,
            rows,
            reference: None,
        }),
    }
}

/// The known parts, and what is left beside them. That is the program only where nothing else can be in it: for a plain
/// process, and for a container whose runtime is told apart.
fn memory_parts(target: &Target, memory: &Memory, messages: &Messages) -> Vec<(String, f64)> {
    let known = [
        ("guest-ram", memory.guest_ram_bytes),
        ("monitor", memory.monitor_bytes),
        ("runtime", memory.runtime_bytes),
    ];
    let uss = memory.uss_bytes.unwrap_or(0) as f64;
    let parts: Vec<_> = known
        .into_iter()
        .filter_map(|(name, bytes)| Some((name, bytes? as f64)))
        .collect();
    let rest = uss - parts.iter().map(|(_, bytes)| bytes).sum::<f64>();
    let program = matches!(target.name.as_str(), "process" | "process-cold") || memory.runtime_bytes.is_some();
    let rest = (rest > 0.0).then_some((if program { "program" } else { "not-told-apart" }, rest));
    rest.into_iter()
        .chain(parts)
        .map(|(name, bytes)| (messages.name("memory", name), bytes))
        .collect()
}

/// One stacked bar per target: what has to be shipped, by part.
pub(crate) fn image(results: &Results, messages: &Messages) -> Chart {
    let mut series = Series::default();
    let bar = |target: &Target| {
        let mut bar = Bar {
            label: clean(&target.name),
            value: messages.get("chart-no-figure"),
            ..Bar::default()
        };
        if target.image.is_empty() {
            return bar;
        }
        let shipped = target.image.iter().filter(|part| part.bytes > 0);
        bar.parts = shipped
            .map(|part| (series.index(messages.name("part", &part.part)), part.bytes as f64))
            .collect();
        let bytes: f64 = target.image.iter().map(|part| part.bytes as f64).sum();
        let compressed: f64 = target.image.iter().map(|part| part.compressed_bytes as f64).sum();
        let codec = target
            .image
            .iter()
            .map(|part| clean(&part.codec))
            .find(|codec| !codec.is_empty())
            .unwrap_or_default();
        bar.value = units::bytes(bytes);
        let size = Unit::Bytes.exact(compressed);
        bar.tip = messages.with(
            "tip-image",
            &[
                ("size", Unit::Bytes.exact(bytes).into()),
                ("compressed", size.into()),
                ("codec", codec.into()),
            ],
        );
        bar
    };
    let rows = results.targets.iter().map(bar).collect();
    Chart {
        id: "image-size".to_owned(),
        title: messages.with(
            "chart-image-title",
            &[("workload", clean(&results.workload.name).into())],
        ),
        note: messages.get("chart-image-note"),
        axis_title: messages.get("axis-image"),
        body: Body::Bars(Bars {
            unit: Unit::Bytes,
            series: series.names,
            rows,
            reference: None,
        }),
    }
}

/// Operations per second relative to the baseline target, with intervals; `None` where the program counts none or nothing
/// was compared.
pub(crate) fn work(results: &Results, messages: &Messages) -> Option<Chart> {
    let baseline = results
        .comparisons
        .iter()
        .find(|comparison| comparison.quantity == "ops_per_s")?
        .against
        .clone();
    let bar = |target: &Target| {
        let mut bar = Bar {
            label: clean(&target.name),
            value: messages.get("chart-no-figure"),
            ..Bar::default()
        };
        let figures = results
            .summary
            .iter()
            .find(|summary| summary.target == target.name)
            .and_then(|s| s.ops_per_s);
        let compared = comparison::against_baseline(results, target, "ops_per_s");
        let ratio = if target.name == baseline {
            Some(1.0)
        } else {
            compared.map(|compared| compared.ratio)
        };
        let (Some(figures), Some(ratio)) = (figures, ratio) else {
            return bar;
        };
        bar.parts = vec![(0, ratio.max(0.0))];
        let confidence = compared.and_then(|compared| comparison::ratio_interval(results, compared));
        bar.spread = confidence.map(|interval| Spread {
            median: ratio,
            confidence: Some(interval),
            percentiles: None,
        });
        bar.value = format!("{} ({})", Unit::Ratio.format(ratio), units::per_second(figures.median));
        bar.tip = distribution(figures, Unit::PerSecond, messages);
        if let Some((low, high)) = confidence {
            let (low, high) = (Unit::Ratio.exact(low), Unit::Ratio.exact(high));
            let interval = messages.with("tip-interval", &[("low", low.into()), ("high", high.into())]);
            bar.tip = format!("{}{interval}\n{}", Unit::Ratio.exact(ratio), bar.tip);
        }
        bar
    };
    let rows = results.targets.iter().map(bar).collect();
    let counts = results.summary.iter().filter_map(|summary| Some(summary.ops_per_s?.n));
    let n = counts.min().unwrap_or(0);
    let baseline = clean(&baseline);
    Some(Chart {
        id: "work".to_owned(),
        title: messages.with(
            "chart-work-title",
            &[
                ("workload", clean(&results.workload.name).into()),
                ("baseline", baseline.clone().into()),
            ],
        ),
        note: messages.with(
            "chart-work-note",
            &[("n", n.into()), ("baseline", baseline.clone().into())],
        ),
        axis_title: messages.with("axis-work", &[("baseline", baseline.into())]),
        body: Body::Bars(Bars {
            unit: Unit::Ratio,
            series: Vec::new(),
            rows,
            reference: Some(1.0),
        }),
    })
}

/// What the host lost with so many instances alive at once; `None` where that was measured with one number of instances
/// only, or not at all: one point is no curve.
pub(crate) fn density(results: &Results, messages: &Messages) -> Option<Chart> {
    let curve = |target: &Target| {
        let point = |memory: Memory| {
            let instances = f64::from(memory.instances?);
            Some((instances, memory.host_delta_bytes? as f64 * instances))
        };
        let memories = results.samples.good(&target.name).filter_map(|sample| sample.memory);
        let mut points: Vec<(f64, f64)> = memories.filter_map(point).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let label = clean(&target.name);
        (!points.is_empty()).then(|| Curve {
            label,
            points,
            spreads: Vec::new(),
            stepped: false,
            tip: String::new(),
        })
    };
    let curves: Vec<Curve> = results.targets.iter().filter_map(curve).collect();
    let mut points = curves.iter().flat_map(|curve| &curve.points);
    let (first, _) = points.next()?;
    let varies = points.any(|(instances, _)| instances != first);
    let n: usize = curves.iter().map(|curve| curve.points.len()).sum();
    varies.then(|| Chart {
        id: "density".to_owned(),
        title: messages.with(
            "chart-density-title",
            &[("workload", clean(&results.workload.name).into())],
        ),
        note: messages.with("chart-density-note", &[("n", n.into())]),
        axis_title: messages.get("axis-instances"),
        body: Body::Curves(Curves {
            x_unit: Unit::Count,
            y_unit: Unit::Bytes,
            y_title: messages.get("axis-host-delta"),
            log_x: false,
            curves,
        }),
    })
}

/// Memory against the guest RAM that was given, from files that differ in it; `None` where they do not.
pub(crate) fn memory_by_guest_ram(files: &[Results], messages: &Messages) -> Option<Chart> {
    let mut names: Vec<&str> = Vec::new();
    for target in files
        .iter()
        .flat_map(|file| &file.targets)
        .filter(|target| target.guest_kernel.is_some())
    {
        if !names.contains(&target.name.as_str()) {
            names.push(&target.name);
        }
    }
    let curve = |name: &&str| {
        let figures = |file: &Results| {
            let summary = file.summary.iter().find(|summary| summary.target == *name)?;
            Some((file.config.memory_bytes as f64, summary.uss_bytes?))
        };
        let mut measured: Vec<_> = files.iter().filter_map(figures).collect();
        measured.sort_by(|a, b| a.0.total_cmp(&b.0));
        let several = measured.iter().any(|(ram, _)| *ram != measured[0].0);
        several.then(|| Curve {
            label: clean(name),
            points: measured.iter().map(|(ram, figures)| (*ram, figures.median)).collect(),
            spreads: measured.iter().map(|(ram, figures)| (*ram, spread(*figures))).collect(),
            stepped: false,
            tip: String::new(),
        })
    };
    let curves: Vec<Curve> = names.iter().filter_map(curve).collect();
    let n = files
        .iter()
        .flat_map(|file| &file.summary)
        .filter_map(|summary| Some(summary.uss_bytes?.n))
        .min()
        .unwrap_or(0);
    (!curves.is_empty()).then(|| Chart {
        id: "memory-by-guest-ram".to_owned(),
        title: messages.get("chart-guest-ram-title"),
        note: messages.with("chart-guest-ram-note", &[("n", n.into())]),
        axis_title: messages.get("axis-guest-ram"),
        body: Body::Curves(Curves {
            x_unit: Unit::Bytes,
            y_unit: Unit::Bytes,
            y_title: messages.get("axis-memory"),
            log_x: false,
            curves,
        }),
    })
}
