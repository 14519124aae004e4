//! Charts of what an instance takes besides time: memory, image size, and how fast the program works in it.

use super::axis::Unit;
use super::startup::{Series, count, distribution, spread};
use super::{Bar, Bars, Body, Chart, Curve, Curves, Spread};
use crate::metrics::{self, Place};
use crate::model::{Better, Definition, Distribution, Results, Scope, Target};
use crate::render::messages::{Messages, clean};
use crate::render::units;

/// One stacked bar per target: memory of one instance, by what it is for.
pub(crate) fn memory(results: &Results, messages: &Messages) -> Chart {
    let id = metrics::memory(results);
    let mut series = Series::default();
    let bar = |target: &Target| {
        let mut bar = Bar {
            label: messages.name("target", &target.name),
            value: messages.get("chart-no-figure"),
            ..Bar::default()
        };
        let Some(figures) = results.metric_of(&target.name, id) else {
            return bar;
        };
        bar.parts = memory_parts(results, target, id, figures, messages)
            .into_iter()
            .map(|(name, bytes)| (series.index(name), bytes))
            .collect();
        bar.value = units::bytes(figures.value);
        bar.spread = Some(spread(figures));
        bar.tip = distribution(figures, Unit::Bytes, messages);
        bar
    };
    let rows: Vec<Bar> = results.targets.iter().map(bar).collect();
    let n = count(results.summary.iter().filter_map(|summary| Some(summary.metric(id)?.n)));
    Chart {
        id: "memory".to_owned(),
        title: messages.with(
            "chart-memory-title",
            &[("workload", clean(&results.workload.name).into())],
        ),
        note: messages.with(&format!("chart-{}-note", id.replace('_', "-")), &[("n", n.into())]),
        axis_title: messages.get(&format!("axis-{}", id.replace('_', "-"))),
        body: Body::Bars(Bars {
            unit: Unit::Bytes,
            series: series.names,
            rows,
            reference: None,
        }),
    }
}

/// The known parts, and what is left beside them.
fn memory_parts(
    results: &Results,
    target: &Target,
    id: &str,
    whole: Distribution,
    messages: &Messages,
) -> Vec<(String, f64)> {
    let known = metrics::parts(results, id).filter_map(|part| {
        let figures = results.metric_of(&target.name, &part.id)?;
        Some((messages.metric_name(&part.id), figures.value))
    });
    let mut parts: Vec<(String, f64)> = known.filter(|(_, bytes)| *bytes > 0.0).collect();
    let rest = whole.value - parts.iter().map(|(_, bytes)| bytes).sum::<f64>();
    // Medians of parts may miss that of the whole by a page or two.
    if parts.is_empty() || rest > 0.01 * whole.value {
        parts.push((messages.get("memory-not-told-apart"), rest));
    }
    parts
}

/// One stacked bar per target: what has to be shipped, by part.
pub(crate) fn image(results: &Results, messages: &Messages) -> Chart {
    let mut series = Series::default();
    let bar = |target: &Target| {
        let mut bar = Bar {
            label: messages.name("target", &target.name),
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

/// For every metric of the program that is better when higher: each target's relative to the baseline target, with intervals.
pub(crate) fn speeds(results: &Results, messages: &Messages) -> Vec<Chart> {
    let speed = |definition: &&Definition| {
        definition.better == Better::Higher
            && definition.scope == Scope::Run
            && metrics::place(definition) == Place::Table
    };
    let measured = results.metrics.iter().filter(speed);
    measured
        .filter_map(|definition| speed_chart(results, definition, messages))
        .collect()
}

/// `None` where nothing was compared.
fn speed_chart(results: &Results, definition: &Definition, messages: &Messages) -> Option<Chart> {
    let id = &*definition.id;
    let compared = results.comparisons.iter().find(|comparison| comparison.metric == *id)?;
    let baseline = compared.against.clone();
    let bar = |target: &Target| {
        let mut bar = Bar {
            label: messages.name("target", &target.name),
            value: messages.get("chart-no-figure"),
            ..Bar::default()
        };
        let compared = results.comparison_of(&target.name, id);
        let ratio = if target.name == baseline {
            Some(1.0)
        } else {
            compared.map(|compared| compared.ratio)
        };
        let (Some(figures), Some(ratio)) = (results.metric_of(&target.name, id), ratio) else {
            return bar;
        };
        bar.parts = vec![(0, ratio.max(0.0))];
        let confidence = compared.and_then(|compared| compared.interval);
        bar.spread = confidence.map(|interval| Spread {
            median: ratio,
            confidence: Some(interval),
            percentiles: None,
        });
        let absolute = units::format(figures.value, &definition.unit);
        bar.value = format!("{} ({absolute})", Unit::Ratio.format(ratio));
        bar.tip = distribution(figures, Unit::from(&definition.unit), messages);
        if let Some(interval) = confidence {
            let (low, high) = (Unit::Ratio.exact(interval.low), Unit::Ratio.exact(interval.high));
            let interval = messages.with("tip-interval", &[("low", low.into()), ("high", high.into())]);
            bar.tip = format!("{}{interval}\n{}", Unit::Ratio.exact(ratio), bar.tip);
        }
        bar
    };
    let rows = results.targets.iter().map(bar).collect();
    let counts = results.summary.iter().filter_map(|summary| Some(summary.metric(id)?.n));
    let n = counts.min().unwrap_or(0);
    let arguments = [
        ("workload", clean(&results.workload.name).into()),
        ("baseline", messages.name("target", &baseline).into()),
        ("metric", messages.metric_name(&definition.id).into()),
        ("n", n.into()),
    ];
    Some(Chart {
        id: if id == "ops_per_s" {
            "work".to_owned()
        } else {
            format!("work-{}", super::startup::file_name(id))
        },
        title: messages.with("chart-work-title", &arguments),
        note: messages.with("chart-work-note", &arguments),
        axis_title: messages.with("axis-work", &arguments),
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
        let own = results
            .instances
            .iter()
            .filter(|instance| instance.target == target.name);
        let point = own.filter_map(|instance| {
            let alive = f64::from(instance.alive?);
            Some((alive, instance.metrics.get("host_delta_bytes")? * alive))
        });
        let mut points: Vec<(f64, f64)> = point.collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let label = messages.name("target", &target.name);
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
    let id = metrics::memory(files.first()?);
    // Another measure of memory is no point of the same curve.
    let files: Vec<&Results> = files.iter().filter(|file| metrics::memory(file) == id).collect();
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
        let figures = |file: &&Results| {
            let figures = file.metric_of(name, id)?;
            Some((file.config.memory_bytes as f64, figures))
        };
        let mut measured: Vec<_> = files.iter().filter_map(figures).collect();
        measured.sort_by(|a, b| a.0.total_cmp(&b.0));
        let several = measured.iter().any(|(ram, _)| *ram != measured[0].0);
        several.then(|| Curve {
            label: messages.name("target", name),
            points: measured.iter().map(|(ram, figures)| (*ram, figures.value)).collect(),
            spreads: measured.iter().map(|(ram, figures)| (*ram, spread(*figures))).collect(),
            stepped: false,
            tip: String::new(),
        })
    };
    let curves: Vec<Curve> = names.iter().filter_map(curve).collect();
    let n = files
        .iter()
        .flat_map(|file| &file.summary)
        .filter_map(|summary| Some(summary.metric(id)?.n))
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
            y_title: messages.get(&format!("axis-{}", id.replace('_', "-"))),
            log_x: false,
            curves,
        }),
    })
}
