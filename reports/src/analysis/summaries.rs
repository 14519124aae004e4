//! One summary per target: every metric in a few figures, and the run that stands for all.

use super::statistics;
use crate::model::{Distribution, Instance, Name, Nearest, Results, Sample, Summary, Target};
use std::collections::BTreeMap;

/// A summary of every target that has samples.
pub fn summaries(results: &Results) -> Vec<Summary> {
    results
        .targets
        .iter()
        .filter_map(|target| summary(results, target))
        .collect()
}

fn summary(results: &Results, target: &Target) -> Option<Summary> {
    let (mut runs, mut failed) = (0, 0);
    let mut columns = Columns::default();
    for sample in results.samples.of(&target.name) {
        if sample.error.is_some() {
            failed += 1;
        } else {
            runs += 1;
            sample.metrics.iter().for_each(|(id, figure)| columns.add(id, figure));
        }
    }
    if runs + failed == 0 {
        return None;
    }
    let seed = results.config.seed;
    let mut metrics = columns.sum_up(seed);
    metrics.extend(of_instances(&results.instances, &target.name, seed));
    metrics.extend(image(target));
    let ready = metrics.get("ready_ms").copied();
    Some(Summary {
        target: target.name.clone(),
        runs,
        failed,
        nearest: ready.and_then(|ready| nearest(results.samples.good(&target.name), ready.value)),
        metrics,
    })
}

/// Figures by metric.
#[derive(Default)]
struct Columns(BTreeMap<Name, Vec<f64>>);

impl Columns {
    fn add(&mut self, id: &Name, figure: f64) {
        match self.0.get_mut(id) {
            Some(column) => column.push(figure),
            None => drop(self.0.insert(id.clone(), vec![figure])),
        }
    }

    fn sum_up(self, seed: u64) -> BTreeMap<Name, Distribution> {
        let columns = self.0.into_iter();
        columns
            .filter_map(|(id, column)| Some((id, statistics::distribution(&column, seed)?)))
            .collect()
    }
}

/// What was taken of a target apart from its runs, summed up.
pub(crate) fn of_instances(instances: &[Instance], target: &str, seed: u64) -> BTreeMap<Name, Distribution> {
    let mut columns = Columns::default();
    let mut slopes: BTreeMap<Name, Distribution> = BTreeMap::new();
    for instance in instances.iter().filter(|instance| instance.target == *target) {
        for (id, figure) in instance.metrics.iter() {
            match instance.intervals.get(id) {
                Some(interval) => {
                    let slope = Distribution {
                        n: instance.alive.unwrap_or(1),
                        value: figure,
                        interval: Some(*interval),
                        ..Distribution::default()
                    };
                    slopes.insert(id.clone(), slope);
                }
                None => columns.add(id, figure),
            }
        }
    }
    let mut metrics = columns.sum_up(seed);
    metrics.extend(slopes);
    metrics
}

/// What a target has to ship, summed up.
pub(crate) fn image(target: &Target) -> impl Iterator<Item = (Name, Distribution)> {
    let sum = |bytes: fn(&crate::model::ImagePart) -> u64| target.image.iter().map(|part| bytes(part) as f64).sum();
    let sums: [(&str, f64); 2] = [
        ("image_bytes", sum(|part| part.bytes)),
        ("image_compressed_bytes", sum(|part| part.compressed_bytes)),
    ];
    let there = sums.into_iter().filter(|_| !target.image.is_empty());
    there.map(|(id, value)| {
        let figures = Distribution {
            n: 1,
            value,
            ..Distribution::default()
        };
        (id.into(), figures)
    })
}

/// The first run whose start-up is nearest to the median.
pub(crate) fn nearest(samples: impl Iterator<Item = Sample>, median: f64) -> Option<Nearest> {
    let ready = samples.filter_map(|sample| Some((sample.ready_ms()?, sample)));
    let (ready_ms, sample) = ready.min_by(|a, b| (a.0 - median).abs().total_cmp(&(b.0 - median).abs()))?;
    Some(Nearest {
        run: sample.run,
        ready_ms,
        phases: sample.phases,
    })
}
