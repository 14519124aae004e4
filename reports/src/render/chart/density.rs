//! Charts of many instances at once: what they take of the host's memory, and how long each takes to start.

use super::lines::{Line, Lines};
use super::{Body, Chart, Source};
use crate::analysis::density::groups;
use crate::model::{Density, Unit};
use crate::render::density;
use crate::render::scale::Scale;

/// About so many points a line.
const POINTS: usize = 20;

/// Memory of all instances against their number; `None` where none were held.
pub(crate) fn memory(source: &Source) -> Option<Chart> {
    let points = |density: &Density| {
        let used = density.used_bytes.iter().enumerate();
        let every = density.used_bytes.len().div_ceil(POINTS);
        let last = density.used_bytes.len();
        used.map(|(index, used)| (index + 1, *used))
            .filter(|(count, _)| count % every == 0 || *count == last)
            .collect()
    };
    let finding = density::sentence(source.results, source.messages).unwrap_or_default();
    chart(source, "memory", finding, Unit::Bytes, &points)
}

/// The time that a start takes against how many there are already, in groups; `None` where none were held.
pub(crate) fn starts(source: &Source) -> Option<Chart> {
    let finding = density::slowness(source.results, source.messages);
    chart(source, "start", finding, Unit::Milliseconds, &|density| {
        groups(&density.start_ms)
    })
}

fn chart(
    source: &Source,
    kind: &str,
    finding: String,
    unit: Unit,
    points: &dyn Fn(&Density) -> Vec<(usize, f64)>,
) -> Option<Chart> {
    let messages = source.messages;
    let line = |(density, _)| {
        let density: &Density = density;
        Line {
            label: messages.name("target", &density.target),
            color: source.colors.of(&density.target),
            points: points(density)
                .into_iter()
                .map(|(count, figure)| (count as f64, figure))
                .collect(),
            intervals: Vec::new(),
        }
    };
    let lines: Vec<Line> = density::all(source.results).map(line).collect();
    let most = lines.iter().flat_map(|line| &line.points).map(|(_, y)| *y);
    let most = most.fold(0.0, f64::max);
    let text = |part: &str| messages.get(&format!("chart-density-{kind}-{part}"));
    (!lines.is_empty()).then(|| Chart {
        id: format!("density-{kind}"),
        title: text("title"),
        finding,
        subtitle: text("subtitle"),
        footer: text("footer"),
        source: String::new(),
        body: Body::Lines(Lines {
            x_title: messages.get("axis-instances"),
            x_scale: Scale::new(&Unit::Count, [].into_iter()),
            y_scale: Scale::new(&unit, [most].into_iter()),
            lines,
        }),
    })
}
