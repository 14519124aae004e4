//! Charts of what an instance takes besides time: memory and image size.

use super::bars::{Bar, Bars, Group, Part};
use super::colors::Role;
use super::startup::{count, distribution, percentiles, scale_of, yes};
use super::{Body, Chart, Source};
use crate::metrics;
use crate::model::{Distribution, Results, Target};
use crate::render::headline;
use crate::render::messages::{Messages, clean};
use crate::render::reference;

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
