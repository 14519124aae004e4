//! Charts of what an instance takes besides time: memory, image size, and how fast the program works in it.

use super::bars::{Bar, Bars, Group, Part};
use super::colors::{Role, TargetColors};
use super::dots::{Dot, Dots, Reach, Row};
use super::lines::{Line, Lines};
use super::startup::{count, distribution, file_name, percentiles, scale_of, yes};
use super::{Body, Chart, Source};
use crate::metrics::{self, Place};
use crate::model::{Better, Definition, Distribution, Results, Scope, Target, Unit};
use crate::render::headline;
use crate::render::messages::{Messages, clean};
use crate::render::reference;
use crate::render::scale::Scale;

/// One bar per target: memory of one instance, by what it is for.
pub(crate) fn memory(source: &Source) -> Chart {
    let (results, messages) = (source.results, source.messages);
    let id = metrics::memory(results);
    let scale = scale_of(results, id);
    let bar = |target: &Target| {
        let label = messages.name("target", &target.name);
        let Some(figures) = results
            .metric_of(&target.name, id)
            .filter(|figures| figures.value.is_finite())
        else {
            return Bar::without_figure(label, messages);
        };
        Bar {
            label,
            start: 0.0,
            parts: memory_parts(results, target, id, figures, messages),
            percentiles: percentiles(figures),
            value: scale.format_with_unit(figures.value),
            tip: distribution(figures, &scale, messages),
        }
    };
    let bars: Vec<Bar> = results.targets.iter().map(bar).collect();
    let n = count(results.summary.iter().filter_map(|summary| Some(summary.metric(id)?.n)));
    let ranges = bars.iter().any(|bar| bar.percentiles.is_some());
    let kind = id.replace('_', "-");
    let reference = reference(results, id);
    let arguments = [
        ("n", n.into()),
        ("ranges", yes(ranges).into()),
        ("baseline", baseline_name(results, id, messages).into()),
        ("reference", yes(reference.is_some()).into()),
    ];
    Chart {
        id: "memory".to_owned(),
        title: messages.get("chart-memory-title"),
        finding: headline::of_metric(results, id, messages).unwrap_or_default(),
        subtitle: messages.get(&format!("chart-{kind}-subtitle")),
        footer: messages.with(&format!("chart-{kind}-footer"), &arguments),
        source: String::new(),
        body: Body::Bars(Bars {
            scale,
            groups: vec![Group {
                heading: String::new(),
                bars,
            }],
            reference,
            named: true,
        }),
    }
}

/// The figure of the target that all others are compared with, where there are others.
fn reference(results: &Results, id: &str) -> Option<f64> {
    let compared = results.comparisons.iter().find(|comparison| comparison.metric == *id)?;
    // Of two versions of a program, each target has its own.
    if results.against.is_some() {
        return None;
    }
    Some(results.metric_of(&compared.against, id)?.value).filter(|value| value.is_finite())
}

fn baseline_name(results: &Results, id: &str, messages: &Messages) -> String {
    reference::name(results, id, "target", messages).unwrap_or_default()
}

/// The known parts, and what is left beside them. The program comes first, so that it begins every bar that has it apart.
fn memory_parts(results: &Results, target: &Target, id: &str, whole: Distribution, messages: &Messages) -> Vec<Part> {
    let known = metrics::parts(results, id).filter_map(|part| {
        let figures = results.metric_of(&target.name, &part.id)?;
        let role = match part.id.strip_prefix(id.trim_end_matches("bytes")).unwrap_or_default() {
            "program_bytes" => Role::Program,
            "runtime_bytes" | "monitor_bytes" => Role::Isolation,
            "guest_ram_bytes" => Role::GuestKernel,
            "kernel_bytes" => Role::HostKernel,
            _ => Role::Other,
        };
        Some((
            role,
            Part {
                name: messages.metric_name(&part.id),
                color: role.color(),
                length: figures.value,
            },
        ))
    });
    let mut parts: Vec<(Role, Part)> = known.filter(|(_, part)| part.length > 0.0).collect();
    let rest = whole.value - parts.iter().map(|(_, part)| part.length).sum::<f64>();
    // Medians of parts may miss that of the whole by a page or two.
    if parts.is_empty() || rest > 0.01 * whole.value {
        let name = messages.get("group-other");
        let color = Role::Other.color();
        parts.push((
            Role::Other,
            Part {
                name,
                color,
                length: rest.max(0.0),
            },
        ));
    }
    parts.sort_by_key(|(role, _)| *role);
    parts.into_iter().map(|(_, part)| part).collect()
}

/// One bar per target: what has to be shipped, by part.
pub(crate) fn image(source: &Source) -> Chart {
    let (results, messages) = (source.results, source.messages);
    let scale = scale_of(results, "image_bytes");
    let bar = |target: &Target| {
        let label = messages.name("target", &target.name);
        if target.image.is_empty() {
            return Bar::without_figure(label, messages);
        }
        let shipped = target.image.iter().filter(|part| part.bytes > 0);
        let part = |part: &crate::model::ImagePart| Part {
            name: messages.name("part", &part.part),
            color: image_role(&part.part).color(),
            length: part.bytes as f64,
        };
        let bytes: f64 = target.image.iter().map(|part| part.bytes as f64).sum();
        let compressed: f64 = target.image.iter().map(|part| part.compressed_bytes as f64).sum();
        let codecs = target.image.iter().map(|part| clean(&part.codec));
        let codec = codecs.filter(|codec| !codec.is_empty()).take(1).collect::<String>();
        let arguments = [
            ("size", scale.format_with_unit(bytes).into()),
            ("compressed", scale.format_with_unit(compressed).into()),
            ("codec", codec.into()),
        ];
        Bar {
            label,
            start: 0.0,
            parts: shipped.map(part).collect(),
            percentiles: None,
            value: scale.format_with_unit(bytes),
            tip: messages.with("tip-image", &arguments),
        }
    };
    Chart {
        id: "image-size".to_owned(),
        title: messages.get("chart-image-title"),
        finding: headline::of_metric(results, "image_bytes", messages).unwrap_or_default(),
        subtitle: messages.get("chart-image-subtitle"),
        footer: messages.get("chart-image-footer"),
        source: String::new(),
        body: Body::Bars(Bars {
            groups: vec![Group {
                heading: String::new(),
                bars: results.targets.iter().map(bar).collect(),
            }],
            scale: scale.clone(),
            reference: reference(results, "image_bytes"),
            named: true,
        }),
    }
}

fn image_role(part: &str) -> Role {
    match part {
        "workload" => Role::Program,
        "guest kernel" => Role::GuestKernel,
        "guest init" => Role::Isolation,
        "files" | "disk image" => Role::Files,
        _ => Role::Other,
    }
}

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
            "ops_per_s" => "work".to_owned(),
            id => format!("work-{}", file_name(id)),
        },
        title: messages.with("chart-work-title", &arguments),
        finding: match id {
            "ops_per_s" => headline::of_metric(results, id, messages).unwrap_or_default(),
            _ => String::new(),
        },
        subtitle: messages.with("chart-work-subtitle", &arguments),
        footer: messages.with("chart-work-footer", &arguments),
        source: String::new(),
        body: Body::Dots(Dots {
            scale: percent.clone(),
            reach: Reach::AroundZero,
            rows,
        }),
    })
}

/// What must be the same for two files to be points of one line: everything but the guest RAM.
fn but_for_guest_ram(file: &Results) -> String {
    let mut config = file.config.clone();
    (config.memory_bytes, config.seed, config.runs, config.warmup) = (0, 0, 0, 0);
    config.command.clear();
    // A suite gives container and guest the same memory.
    config.container_limits.memory_bytes = None;
    let host = (&file.host.kernel, &file.host.cpu_model, file.host.kvm_kind);
    let workload = (&file.workload.name, &file.workload.args, &file.workload.sha256);
    format!("{config:?} {host:?} {workload:?}")
}

/// Memory against the guest RAM that was given, from files that differ in nothing else; `None` where there are none.
pub(crate) fn memory_by_guest_ram(files: &[Results], messages: &Messages, colors: &TargetColors) -> Option<Chart> {
    let id = metrics::memory(files.first()?);
    // Another measure of memory is no point of the same line.
    let files: Vec<&Results> = files.iter().filter(|file| metrics::memory(file) == id).collect();
    let mut conditions: Vec<(String, Vec<&Results>)> = Vec::new();
    for file in files {
        let condition = but_for_guest_ram(file);
        match conditions.iter_mut().find(|(known, _)| *known == condition) {
            Some((_, files)) => files.push(file),
            None => conditions.push((condition, vec![file])),
        }
    }
    // The one of most files; other programs would be lines of another kind.
    let (_, files) = conditions.into_iter().rev().max_by_key(|(_, files)| files.len())?;
    let mut names: Vec<&str> = Vec::new();
    let targets = files.iter().flat_map(|file| &file.targets);
    for target in targets.filter(|target| target.guest_kernel.is_some()) {
        if !names.contains(&target.name.as_str()) {
            names.push(&target.name);
        }
    }
    let mut counts = Vec::new();
    let mut line = |name: &&str| {
        let figures = |file: &&Results| Some((file.config.memory_bytes as f64, file.metric_of(name, id)?));
        let mut measured: Vec<(f64, Distribution)> = files.iter().filter_map(figures).collect();
        measured.sort_by(|a, b| a.0.total_cmp(&b.0));
        let several = measured.iter().any(|(ram, _)| *ram != measured[0].0);
        counts.extend(measured.iter().filter(|_| several).map(|(_, figures)| figures.n));
        let interval = |(ram, figures): &(f64, Distribution)| {
            let interval = figures.interval.map(|interval| (interval.low, interval.high));
            Some((*ram, interval?))
        };
        several.then(|| Line {
            label: messages.name("target", name),
            color: colors.of(name),
            points: measured.iter().map(|(ram, figures)| (*ram, figures.value)).collect(),
            intervals: measured.iter().filter_map(interval).collect(),
        })
    };
    let lines: Vec<Line> = names.iter().filter_map(&mut line).collect();
    let intervals = lines.iter().any(|line| !line.intervals.is_empty());
    let program = super::across::program(files.first()?);
    let least = lines.iter().flat_map(|line| &line.points).map(|(x, _)| *x);
    let arguments = [
        ("n", count(counts.iter().copied()).into()),
        ("intervals", yes(intervals).into()),
        ("workload", program.into()),
    ];
    let points = lines.iter().flat_map(|line| &line.points);
    let chart = Chart {
        id: "memory-by-guest-ram".to_owned(),
        title: messages.get("chart-guest-ram-title"),
        finding: String::new(),
        subtitle: messages.get("chart-guest-ram-subtitle"),
        footer: messages.with("chart-guest-ram-footer", &arguments),
        source: String::new(),
        body: Body::Lines(Lines {
            x_title: messages.get("axis-guest-ram"),
            x_scale: Scale::new(&Unit::Bytes, least),
            y_scale: Scale::new(&Unit::Bytes, points.map(|(_, y)| *y)),
            lines: lines.clone(),
        }),
    };
    (!lines.is_empty()).then_some(chart)
}
