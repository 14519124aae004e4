//! Charts of start-up: what it is spent on, step by step, and how it varies from run to run.

use super::bars::{Bar, Bars, Group as BarGroup, Part};
use super::colors::Role;
use super::strips::{MOST_DOTS, Strip, Strips};
use super::{Body, Chart, Source};
use crate::model::{Definition, Distribution, Phase, Results, Summary, Target};
use crate::phases::Group;
use crate::render::headline;
use crate::render::messages::{Messages, clean};
use crate::render::method;
use crate::render::scale::Scale;
use crate::render::units;

/// One bar per target, as long as the median: what the start is spent on, in the shares of the run nearest the median.
pub(crate) fn phases(source: &Source) -> Chart {
    let (results, messages) = (source.results, source.messages);
    let scale = scale(results);
    let bar = |target: &Target| {
        let label = messages.name("target", &target.name);
        let Some((summary, ready)) = ready(results, &target.name) else {
            return Bar::without_figure(label, messages);
        };
        Bar {
            label,
            start: 0.0,
            parts: groups(summary, ready.value, messages),
            percentiles: percentiles(ready),
            value: scale.format_with_unit(ready.value),
            tip: distribution(ready, &scale, messages),
        }
    };
    let bars: Vec<Bar> = results.targets.iter().map(bar).collect();
    let ranges = bars.iter().any(|bar| bar.percentiles.is_some());
    Chart {
        id: "startup-phases".to_owned(),
        title: messages.get("chart-phases-title"),
        finding: headline::sentence(results, messages).unwrap_or_default(),
        subtitle: messages.with(
            "chart-phases-subtitle",
            &[("ready", method::mark(results, messages).into())],
        ),
        footer: messages.with(
            "chart-phases-footer",
            &[("n", runs(results).into()), ("ranges", yes(ranges).into())],
        ),
        source: String::new(),
        body: Body::Bars(Bars {
            scale,
            groups: vec![BarGroup {
                heading: String::new(),
                bars,
            }],
            reference: None,
            named: true,
        }),
    }
}

/// What the start is spent on: the phases of the run nearest the median by group, stretched to the median, so that they end
/// where the figure says. The median of an even number of runs is no run's.
fn groups(summary: &Summary, median: f64, messages: &Messages) -> Vec<Part> {
    let phases: &[Phase] = summary.nearest.as_ref().map_or(&[], |nearest| &nearest.phases);
    let sum: f64 = phases.iter().map(|phase| phase.ms).sum();
    let part = |group: Group, length: f64| Part {
        name: messages.get(name(group)),
        color: role(group).color(),
        length,
    };
    if !(sum > 0.0 && sum.is_finite()) {
        return vec![part(Group::Other, median)];
    }
    let of = |group: Group| -> f64 {
        let own = phases.iter().filter(|phase| group_of(phase, phases) == group);
        own.map(|phase| phase.ms).sum::<f64>() / sum * median
    };
    let parts = Group::ALL.into_iter().map(|group| part(group, of(group)));
    parts.filter(|part| part.length > 0.0).collect()
}

/// What a phase among all phases of a start is spent on. In older files every start has a first process; where nothing isolates it
/// afterwards, it is the program.
fn group_of(phase: &Phase, phases: &[Phase]) -> Group {
    let isolates = |other: &Phase| other.name != *"spawn" && Group::of(&other.name) == Group::Isolation;
    match phase.name == *"spawn" && !phases.iter().any(isolates) {
        true => Group::Program,
        false => Group::of(&phase.name),
    }
}

fn role(group: Group) -> Role {
    match group {
        Group::Isolation => Role::Isolation,
        Group::GuestKernel => Role::GuestKernel,
        Group::Program => Role::Program,
        Group::Other => Role::Other,
    }
}

fn name(group: Group) -> &'static str {
    match group {
        Group::Isolation => "group-isolation",
        Group::GuestKernel => "group-guest-kernel",
        Group::Program => "group-program",
        Group::Other => "group-other",
    }
}

/// When each phase of the run nearest the median began and ended, target by target on one axis. A phase has the colour of its group in
/// [`phases`].
pub(crate) fn steps(source: &Source) -> Chart {
    let (results, messages) = (source.results, source.messages);
    let scale = scale(results);
    let group = |target: &Target| {
        let (summary, _) = ready(results, &target.name)?;
        let nearest = summary.nearest.as_ref().filter(|nearest| nearest.phases.len() > 1)?;
        let mut start = 0.0;
        let mut bars: Vec<Bar> = Vec::new();
        for phase in &nearest.phases {
            let length = scale.format_with_unit(phase.ms);
            // What takes no time that the figures have digits for is no step to be seen.
            if scale.format(phase.ms) != scale.format(0.0) {
                bars.push(step(
                    (phase, group_of(phase, &nearest.phases)),
                    start,
                    length,
                    &bars,
                    messages,
                ));
            }
            start += phase.ms;
        }
        Some(BarGroup {
            heading: messages.name("target", &target.name),
            bars,
        })
    };
    Chart {
        id: "startup-steps".to_owned(),
        title: messages.get("chart-steps-title"),
        finding: String::new(),
        subtitle: messages.get("chart-steps-subtitle"),
        footer: messages.with("chart-steps-footer", &[("n", runs(results).into())]),
        source: String::new(),
        body: Body::Bars(Bars {
            scale: scale.clone(),
            groups: results.targets.iter().filter_map(group).collect(),
            reference: None,
            named: false,
        }),
    }
}

/// A phase as a bar. The second of a name has a number.
fn step((phase, group): (&Phase, Group), start: f64, value: String, before: &[Bar], messages: &Messages) -> Bar {
    let name = messages.name("phase", &phase.name);
    let same = before
        .iter()
        .filter(|bar| bar.label == name || bar.label.starts_with(&format!("{name} (")));
    let label = match same.count() {
        0 => name,
        count => format!("{name} ({})", count + 1),
    };
    let arguments = [
        ("start", units::milliseconds(start).into()),
        ("length", value.clone().into()),
    ];
    Bar {
        label,
        start,
        parts: vec![Part {
            name: messages.get(self::name(group)),
            color: role(group).color(),
            length: phase.ms,
        }],
        percentiles: None,
        tip: messages.with("tip-phase", &arguments),
        value,
    }
}

/// Every run's start-up as a dot, or one dot for each hundredth of the runs.
pub(crate) fn distributions(source: &Source) -> Chart {
    let (results, messages) = (source.results, source.messages);
    let scale = scale(results);
    let mut thinned = false;
    let mut strip = |target: &Target| {
        let good = results.samples.good(&target.name);
        let times = good.filter_map(|sample| sample.ready_ms());
        let mut times: Vec<f64> = times.filter(|ms| ms.is_finite() && *ms > 0.0).collect();
        times.sort_by(f64::total_cmp);
        let (_, ready) = ready(results, &target.name).filter(|_| !times.is_empty())?;
        if times.len() > MOST_DOTS {
            thinned = true;
            let quantile = |index: usize| times[(2 * index + 1) * times.len() / (2 * MOST_DOTS)];
            times = (0..MOST_DOTS).map(quantile).collect();
        }
        Some(Strip {
            label: messages.name("target", &target.name),
            color: source.colors.of(&target.name),
            values: times,
            median: ready.value,
            tip: distribution(ready, &scale, messages),
        })
    };
    let strips: Vec<Strip> = results.targets.iter().filter_map(&mut strip).collect();
    let ends = || {
        strips
            .iter()
            .flat_map(|strip| [strip.values.first(), strip.values.last()])
            .flatten()
    };
    let (least, most) = (
        ends().copied().fold(f64::INFINITY, f64::min),
        ends().copied().fold(0.0, f64::max),
    );
    // Where one target is many times slower than another, equal lengths for equal times hide the faster one's spread.
    let log = least > 0.0 && most / least > 8.0;
    Chart {
        id: "startup-distribution".to_owned(),
        title: messages.get("chart-distribution-title"),
        finding: String::new(),
        subtitle: messages.with("chart-distribution-subtitle", &[("log", yes(log).into())]),
        footer: messages.with(
            "chart-distribution-footer",
            &[("n", runs(results).into()), ("thinned", yes(thinned).into())],
        ),
        source: String::new(),
        body: Body::Strips(Strips { scale, log, strips }),
    }
}

/// How a message is told of something that is there or not.
pub(super) fn yes(there: bool) -> &'static str {
    if there { "yes" } else { "no" }
}

fn ready<'a>(results: &'a Results, target: &str) -> Option<(&'a Summary, Distribution)> {
    let summary = results.summary_of(target)?;
    let ready = summary.metric("ready_ms").filter(|ready| ready.value.is_finite())?;
    Some((summary, ready))
}

/// One unit and number of decimals for all start-ups.
fn scale(results: &Results) -> Scale {
    scale_of(results, "ready_ms")
}

/// One unit and number of decimals for a metric of all targets.
pub(super) fn scale_of(results: &Results, id: &str) -> Scale {
    let unit = results
        .definition(id)
        .map(|definition: &Definition| definition.unit.clone());
    let figures = results
        .summary
        .iter()
        .filter_map(|summary| Some(summary.metric(id)?.value));
    Scale::new(&unit.unwrap_or_else(|| "ms".to_owned().into()), figures)
}

/// 5th and 95th percentile, where they differ.
pub(super) fn percentiles(figures: Distribution) -> Option<(f64, f64)> {
    let both = figures.p5.zip(figures.p95);
    both.filter(|(low, high)| low < high && high.is_finite())
}

/// A distribution in words, for tooltips and tables.
pub(super) fn distribution(figures: Distribution, scale: &Scale, messages: &Messages) -> String {
    let mut words = messages.with(
        "tip-median",
        &[
            ("median", scale.format_with_unit(figures.value).into()),
            ("n", figures.n.into()),
        ],
    );
    let mut add = |id: &str, low: f64, high: f64| {
        let ends = [
            ("low", scale.format(low).into()),
            ("high", scale.format_with_unit(high).into()),
        ];
        words.push_str(&messages.with(id, &ends));
    };
    if let Some(interval) = figures.interval {
        add("tip-interval", interval.low, interval.high);
    }
    if let Some((low, high)) = percentiles(figures) {
        add("tip-percentiles", low, high);
    }
    words
}

/// How many runs the start-ups are of: `30`, or `28–30` when targets differ.
pub(super) fn runs(results: &Results) -> String {
    let counts = results
        .summary
        .iter()
        .filter_map(|summary| Some(summary.metric("ready_ms")?.n));
    count(counts)
}

/// A number that may differ between targets: `30`, or `28–30`.
pub(super) fn count(counts: impl Iterator<Item = u32> + Clone) -> String {
    match (counts.clone().min(), counts.max()) {
        (Some(min), Some(max)) if min != max => format!("{min}–{max}"),
        (_, max) => max.unwrap_or(0).to_string(),
    }
}

/// A name as part of a file name: letters, digits and hyphens, not too many.
pub(super) fn file_name(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    clean(name).chars().take(40).map(plain).collect()
}
