//! Charts of start-up: by phase, as a timeline, as a distribution.

use super::axis::Unit;
use super::{Bar, Bars, Body, Chart, Curve, Curves, Spread};
use crate::model::{Distribution, Interval, Results, Summary, Target};
use crate::render::messages::{Messages, clean};
use crate::render::units;

/// One stacked bar per target: the phases of the run nearest the median, with the median and the intervals of all runs.
pub(crate) fn phases(results: &Results, messages: &Messages) -> Chart {
    let mut series = Series::default();
    let bar = |target: &Target| {
        let mut bar = Bar {
            label: messages.name("target", &target.name),
            ..Bar::default()
        };
        match ready(results, &target.name) {
            Some((summary, ready)) => {
                bar.parts = steps(summary, ready, messages)
                    .into_iter()
                    .map(|(name, ms)| (series.index(name), ms))
                    .collect();
                bar.spread = Some(spread(ready));
                bar.value = units::milliseconds(ready.value);
                bar.tip = distribution(ready, Unit::Milliseconds, messages);
            }
            None => bar.value = messages.get("chart-no-figure"),
        }
        bar
    };
    let rows = results.targets.iter().map(bar).collect();
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
            series: series.names,
            rows,
            reference: None,
        }),
    }
}

/// One chart per target, on its own axis: when each phase of the run nearest the median began and ended. A phase has the colour that it
/// has in [`phases`].
pub(crate) fn timelines(results: &Results, messages: &Messages) -> Vec<Chart> {
    let mut series = Series::default();
    let with_figures = results
        .targets
        .iter()
        .filter_map(|target| Some((target, ready(results, &target.name)?)));
    let timeline = |(index, (target, (summary, ready))): (usize, (&Target, (&Summary, Distribution)))| {
        let mut start = 0.0;
        let row = |(name, ms): (String, f64)| {
            let arguments = [
                ("start", Unit::Milliseconds.exact(start).into()),
                ("length", Unit::Milliseconds.exact(ms).into()),
                ("n", ready.n.into()),
            ];
            let tip = messages.with("tip-phase", &arguments);
            let parts = vec![(series.index(name.clone()), ms)];
            let bar = Bar {
                label: name,
                start,
                parts,
                spread: None,
                value: units::milliseconds(ms),
                tip,
            };
            start += ms;
            bar
        };
        let rows = steps(summary, ready, messages).into_iter().map(row).collect();
        let arguments = [
            ("target", messages.name("target", &target.name).into()),
            ("workload", clean(&results.workload.name).into()),
        ];
        Chart {
            id: format!("startup-timeline-{}-{}", index + 1, file_name(&target.name)),
            title: messages.with("chart-timeline-title", &arguments),
            note: messages.with("chart-timeline-note", &[("n", ready.n.into())]),
            axis_title: messages.get("axis-timeline"),
            body: Body::Bars(Bars {
                unit: Unit::Milliseconds,
                series: Vec::new(),
                rows,
                reference: None,
            }),
        }
    };
    with_figures.enumerate().map(timeline).collect()
}

/// The share of runs that were ready by a time, one curve per target.
pub(crate) fn distributions(results: &Results, messages: &Messages) -> Chart {
    let curve = |target: &Target| {
        let mut times: Vec<f64> = results
            .samples
            .good(&target.name)
            .filter_map(|sample| sample.ready_ms())
            .filter(|ms| ms.is_finite())
            .collect();
        times.sort_by(f64::total_cmp);
        let share = |index: usize| (index + 1) as f64 / times.len() as f64;
        let points: Vec<(f64, f64)> = times
            .iter()
            .enumerate()
            .map(|(index, ms)| (*ms, share(index)))
            .collect();
        let tip = match ready(results, &target.name) {
            Some((_, ready)) => distribution(ready, Unit::Milliseconds, messages),
            None => format!("n = {}", times.len()),
        };
        (!points.is_empty()).then(|| Curve {
            label: messages.name("target", &target.name),
            points,
            spreads: Vec::new(),
            stepped: true,
            tip,
        })
    };
    let curves: Vec<Curve> = results.targets.iter().filter_map(curve).collect();
    let ends = || {
        curves
            .iter()
            .flat_map(|curve| [curve.points.first(), curve.points.last()])
            .flatten()
            .map(|(ms, _)| *ms)
    };
    let (least, most) = (ends().fold(f64::INFINITY, f64::min), ends().fold(0.0, f64::max));
    // Where one target is many times slower than another, equal lengths for equal times hide the faster one's curve.
    let log_x = least > 0.0 && most / least > 8.0;
    let axis = if log_x { "axis-startup-log" } else { "axis-startup" };
    Chart {
        id: "startup-distribution".to_owned(),
        title: messages.with(
            "chart-distribution-title",
            &[("workload", clean(&results.workload.name).into())],
        ),
        note: messages.with("chart-distribution-note", &[("n", runs(results).into())]),
        axis_title: messages.get(axis),
        body: Body::Curves(Curves {
            x_unit: Unit::Milliseconds,
            y_unit: Unit::Share,
            y_title: messages.get("axis-share"),
            log_x,
            curves,
        }),
    }
}

/// Names of parts in the order in which they first appear.
#[derive(Default)]
pub(super) struct Series {
    pub names: Vec<String>,
}

impl Series {
    pub fn index(&mut self, name: String) -> usize {
        self.names.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.names.push(name);
            self.names.len() - 1
        })
    }
}

fn ready<'a>(results: &'a Results, target: &str) -> Option<(&'a Summary, Distribution)> {
    let summary = results.summary_of(target)?;
    Some((summary, summary.metric("ready_ms")?))
}

/// The phases of the run nearest the median, with their names translated. A tool whose phases are not known has one.
fn steps(summary: &Summary, ready: Distribution, messages: &Messages) -> Vec<(String, f64)> {
    let phases = summary.nearest.iter().flat_map(|nearest| &nearest.phases);
    let steps: Vec<(String, f64)> = phases
        .map(|phase| (messages.name("phase", &phase.name), phase.ms))
        .collect();
    if steps.is_empty() {
        return vec![(messages.name("phase", "start-up"), ready.value)];
    }
    steps
}

/// The intervals that a distribution has enough samples for.
pub(super) fn spread(figures: Distribution) -> Spread {
    Spread {
        median: figures.value,
        confidence: figures.interval,
        percentiles: figures.p5.zip(figures.p95),
    }
}

/// A distribution in words, for tooltips.
pub(super) fn distribution(figures: Distribution, unit: Unit, messages: &Messages) -> String {
    let text = |value: f64| unit.exact(value);
    let mut words = messages.with(
        "tip-median",
        &[("median", text(figures.value).into()), ("n", figures.n.into())],
    );
    let mut add = |id: &str, low: f64, high: f64| {
        words.push_str(&messages.with(id, &[("low", text(low).into()), ("high", text(high).into())]));
    };
    if let Some(Interval { low, high }) = figures.interval {
        add("tip-interval", low, high);
    }
    if let Some((low, high)) = figures.p5.zip(figures.p95) {
        add("tip-percentiles", low, high);
    }
    words
}

/// How many runs the start-ups are of: `30`, or `28–30` when targets differ.
fn runs(results: &Results) -> String {
    count(
        results
            .summary
            .iter()
            .filter_map(|summary| Some(summary.metric("ready_ms")?.n)),
    )
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
    name.chars().take(40).map(plain).collect()
}
