//! The metrics that isolab knows, as data. Tables, charts, CSV, comparisons and diffs all go by this list; the name and the
//! definition of each stand in the message files, as `metric-ID` and `metric-ID-meaning`.
//!
//! To add a metric, add a line here, its two texts in each language, and the code that measures it.

use crate::model::{Aggregate, Better, Definition, Name, Results, Scope, Unit};
use std::collections::BTreeSet;

/// Where a metric is shown first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the table. These are compared between targets, and between files.
    Table,
    /// In the table with all details.
    Details,
    /// Within the cell of the metric that it is a part of.
    Part,
    /// In the data only.
    Data,
}

/// One metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    id: &'static str,
    /// As a file names it.
    unit: &'static str,
    better: Better,
    scope: Scope,
    aggregate: Aggregate,
    part_of: Option<&'static str>,
    method: u32,
    place: Place,
}

const MS: &str = "ms";
const BYTES: &str = "bytes";
const COUNT: &str = "count";
const PER_S: &str = "per_s";

const fn run(id: &'static str, unit: &'static str, better: Better, place: Place) -> Metric {
    Metric {
        id,
        unit,
        better,
        scope: Scope::Run,
        aggregate: Aggregate::Median,
        part_of: None,
        method: 1,
        place,
    }
}

/// Of instances of their own.
const fn instance(id: &'static str, unit: &'static str, place: Place) -> Metric {
    let metric = run(id, unit, Better::Lower, place);
    Metric {
        scope: Scope::Instance,
        ..metric
    }
}

const fn part(id: &'static str, whole: &'static str, aggregate: Aggregate) -> Metric {
    let metric = instance(id, BYTES, Place::Part);
    Metric {
        part_of: Some(whole),
        aggregate,
        ..metric
    }
}

const fn slope(id: &'static str, place: Place) -> Metric {
    let metric = instance(id, BYTES, place);
    Metric {
        aggregate: Aggregate::Slope,
        ..metric
    }
}

const fn image(id: &'static str, place: Place) -> Metric {
    let metric = instance(id, BYTES, place);
    Metric {
        scope: Scope::Image,
        aggregate: Aggregate::Sum,
        ..metric
    }
}

/// All of them, in the order of tables.
const METRICS: [Metric; 31] = [
    // 2: a container is started by a fresh process, as every other target is.
    run("ready_ms", MS, Better::Lower, Place::Table).method(2),
    run("exit_ms", MS, Better::Lower, Place::Table).method(2),
    slope("memory_bytes", Place::Table),
    part("memory_program_bytes", "memory_bytes", Aggregate::Slope),
    part("memory_runtime_bytes", "memory_bytes", Aggregate::Slope),
    part("memory_monitor_bytes", "memory_bytes", Aggregate::Slope),
    part("memory_guest_ram_bytes", "memory_bytes", Aggregate::Slope),
    part("memory_kernel_bytes", "memory_bytes", Aggregate::Slope),
    slope("memory_shared_file_bytes", Place::Details),
    instance("uss_bytes", BYTES, Place::Details),
    part("uss_program_bytes", "uss_bytes", Aggregate::Median),
    part("uss_guest_ram_bytes", "uss_bytes", Aggregate::Median),
    part("uss_monitor_bytes", "uss_bytes", Aggregate::Median),
    part("uss_runtime_bytes", "uss_bytes", Aggregate::Median),
    instance("pss_bytes", BYTES, Place::Data),
    instance("rss_bytes", BYTES, Place::Data),
    instance("cgroup_anon_bytes", BYTES, Place::Data),
    instance("cgroup_peak_bytes", BYTES, Place::Data),
    instance("host_delta_bytes", BYTES, Place::Data),
    image("image_bytes", Place::Table),
    image("image_compressed_bytes", Place::Data),
    run("ops_per_s", PER_S, Better::Higher, Place::Table),
    run("ops", COUNT, Better::Neither, Place::Data),
    run("inside_ms", MS, Better::Neither, Place::Data),
    run("outside_ms", MS, Better::Neither, Place::Data),
    run("cpu_ms", MS, Better::Lower, Place::Details),
    run("page_faults", COUNT, Better::Lower, Place::Details),
    run("major_faults", COUNT, Better::Lower, Place::Data),
    run("context_switches", COUNT, Better::Lower, Place::Details),
    run("involuntary_switches", COUNT, Better::Lower, Place::Data),
    instance("system_calls", COUNT, Place::Details),
];

impl Metric {
    /// The same metric, measured in another way than by the first method: figures of different methods are not compared.
    const fn method(self, method: u32) -> Metric {
        Metric { method, ..self }
    }

    /// As a file holds it.
    fn definition(&self) -> Definition {
        Definition {
            id: self.id.into(),
            unit: Unit::from(self.unit.to_owned()),
            better: self.better,
            scope: self.scope,
            aggregate: self.aggregate,
            part_of: self.part_of.map(Name::from),
            method: self.method,
        }
    }
}

fn known(id: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.id == id)
}

/// The names of all metrics that isolab knows.
pub fn ids() -> impl Iterator<Item = &'static str> {
    METRICS.iter().map(|metric| metric.id)
}

/// Where a metric is shown. One that a program or a newer version has brought along is in the table, unless it is a part.
pub fn place(definition: &Definition) -> Place {
    match (known(&definition.id), &definition.part_of) {
        (Some(metric), _) => metric.place,
        (None, Some(_)) => Place::Part,
        (None, None) => Place::Table,
    }
}

/// What every metric is that the results have figures of, or reasons for having none: known ones in the order of tables,
/// then those that the program defines itself. A figure that nobody defines is a count, of which neither way is better.
pub fn definitions(results: &Results, of_program: &[Definition]) -> Vec<Definition> {
    let mut found: BTreeSet<Name> = BTreeSet::new();
    for sample in &results.samples {
        found.extend(sample.metrics.iter().map(|(id, _)| id.clone()));
        found.extend(sample.missing.into_keys());
    }
    for instance in &results.instances {
        found.extend(instance.metrics.iter().map(|(id, _)| id.clone()));
        found.extend(instance.missing.keys().cloned());
    }
    for summary in &results.summary {
        found.extend(summary.metrics.keys().cloned());
    }
    if results.targets.iter().any(|target| !target.image.is_empty()) {
        found.extend(["image_bytes", "image_compressed_bytes"].map(Name::from));
    }
    let measured = METRICS.iter().filter(|metric| found.contains(metric.id));
    let mut definitions: Vec<Definition> = measured.map(Metric::definition).collect();
    let mut own: Vec<Name> = found.into_iter().filter(|id| known(id).is_none()).collect();
    own.sort_by_cached_key(|id| in_natural_order(id));
    for id in own {
        let defined = of_program.iter().find(|definition| definition.id == id).cloned();
        definitions.push(defined.unwrap_or_else(|| Definition::of_program(&id, "count", Better::Neither)));
    }
    definitions
}

/// What to sort a name by, so that numbers in it count by their value: `step_2` before `step_16`.
fn in_natural_order(name: &str) -> Vec<(String, u64)> {
    let is_digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let mut pieces: Vec<(String, u64)> = Vec::new();
    for piece in name
        .as_bytes()
        .chunk_by(|left, right| left.is_ascii_digit() == right.is_ascii_digit())
    {
        let piece = String::from_utf8_lossy(piece).into_owned();
        match pieces.last_mut() {
            Some(last) if is_digit(&piece) => last.1 = piece.parse().unwrap_or(u64::MAX),
            None if is_digit(&piece) => pieces.push((String::new(), piece.parse().unwrap_or(u64::MAX))),
            _ => pieces.push((piece, 0)),
        }
    }
    pieces
}

/// Metrics that the program has brought along, and that are no parts of others.
pub fn of_program(results: &Results) -> Vec<&Definition> {
    let own = |definition: &&Definition| is_of_program(definition);
    results.metrics.iter().filter(own).collect()
}

/// Whether the program has brought a metric along.
pub fn is_of_program(definition: &Definition) -> bool {
    known(&definition.id).is_none() && definition.part_of.is_none()
}

/// The metric that stands for the memory of one instance in these results: what the host has less, or, in files that do
/// not have it, the unique set size.
pub fn memory(results: &Results) -> &'static str {
    let measured = |id: &str| results.summary.iter().any(|summary| summary.metrics.contains_key(id));
    if measured("memory_bytes") || !measured("uss_bytes") {
        "memory_bytes"
    } else {
        "uss_bytes"
    }
}

/// The parts of a metric that have been defined, in order.
pub fn parts<'a>(results: &'a Results, whole: &'a str) -> impl Iterator<Item = &'a Definition> {
    let is_part = move |definition: &&Definition| definition.part_of.as_deref() == Some(whole);
    results.metrics.iter().filter(is_part)
}
