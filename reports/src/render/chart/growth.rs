//! How memory grows with the RAM that a guest is given.

use super::colors::TargetColors;
use super::lines::{Line, Lines};
use super::startup::{count, yes};
use super::{Body, Chart};
use crate::metrics;
use crate::model::{Distribution, Results, Unit};
use crate::render::messages::Messages;
use crate::render::scale::Scale;

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
