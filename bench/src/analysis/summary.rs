//! From samples to the few figures of the results file: one summary per target, and every target against the first.

use crate::analysis::stats;
use reports::model::{Comparison, Counters, Name, Phase, Sample, Samples, Summary};

/// A figure of a sample that is summed up and compared.
struct Quantity {
    name: &'static str,
    of: fn(&Sample) -> Option<f64>,
}

const READY: Quantity = Quantity {
    name: "ready_ms",
    of: |sample| sample.ready_ms,
};
const EXIT: Quantity = Quantity {
    name: "exit_ms",
    of: |sample| Some(sample.exit_ms),
};
const WORK: Quantity = Quantity {
    name: "ops_per_s",
    of: |sample| sample.work.as_ref().map(|work| work.ops_per_s),
};

/// One summary for each of `targets` that has samples.
pub fn summaries(targets: &[String], samples: &Samples, seed: u64) -> Vec<Summary> {
    targets
        .iter()
        .filter_map(|target| summary(target, samples, seed))
        .collect()
}

fn summary(target: &str, samples: &Samples, seed: u64) -> Option<Summary> {
    let (mut all, mut good) = (0, 0);
    let mut columns: [Vec<f64>; FIGURES.len()] = Default::default();
    for sample in samples.of(target) {
        all += 1;
        if sample.error.is_none() {
            good += 1;
            for (column, figure) in columns.iter_mut().zip(FIGURES) {
                column.extend(figure(&sample));
            }
        }
    }
    let mut distributions = columns.into_iter().map(|column| stats::distribution(&column, seed));
    let mut next = || distributions.next().flatten();
    (all > 0).then(|| Summary {
        target: target.into(),
        failed: all - good,
        ready_ms: next(),
        exit_ms: next(),
        ops_per_s: next(),
        uss_bytes: next(),
        page_faults: next(),
        context_switches: next(),
        system_calls: next(),
        phases: phases(target, samples),
    })
}

/// What is summed up of each sample, in the order of [`Summary`]'s fields.
const FIGURES: [fn(&Sample) -> Option<f64>; 7] = [
    READY.of,
    EXIT.of,
    WORK.of,
    |sample| Some(sample.memory.as_ref()?.uss_bytes? as f64),
    |sample| sum(sample, |counters| [counters.minor_faults, counters.major_faults]),
    |sample| {
        sum(sample, |counters| {
            [counters.voluntary_switches, counters.involuntary_switches]
        })
    },
    |sample| sum(sample, |counters| [counters.system_calls]),
];

/// The sum of counts, where all of them were taken.
fn sum<const N: usize>(sample: &Sample, counts: fn(&Counters) -> [Option<u64>; N]) -> Option<f64> {
    let counts = counts(sample.counters.as_ref()?);
    counts.into_iter().map(|count| Some(count? as f64)).sum()
}

/// Every target but the first against the first, for each quantity that both have.
pub fn comparisons(targets: &[String], samples: &Samples, seed: u64) -> Vec<Comparison> {
    let Some((baseline, others)) = targets.split_first() else {
        return Vec::new();
    };
    let mut comparisons = Vec::new();
    for target in others {
        for quantity in [READY, EXIT, WORK] {
            let (own, base) = (
                values(target, samples, quantity.of),
                values(baseline, samples, quantity.of),
            );
            comparisons.extend(stats::contrast(&own, &base, seed).map(|contrast| Comparison {
                target: target.clone(),
                against: baseline.clone(),
                quantity: quantity.name.into(),
                ratio: contrast.ratio,
                ratio_ci_low: contrast.ratio_ci_low,
                ratio_ci_high: contrast.ratio_ci_high,
                p_value: contrast.p_value,
                superiority: Some(contrast.superiority),
            }));
        }
    }
    comparisons
}

/// A figure of every run of the target that did not fail.
fn values(target: &str, samples: &Samples, of: fn(&Sample) -> Option<f64>) -> Vec<f64> {
    samples.good(target).filter_map(|sample| of(&sample)).collect()
}

/// The median of each phase, named as in the sample that has most of them. A phase is known by its name and by how many of
/// that name came before it, since a step can be taken twice in one start. A sample without one, because the workload was
/// ready before that step ended, counts as 0.
fn phases(target: &str, samples: &Samples) -> Vec<Phase> {
    let fullest = samples.good(target).max_by_key(|sample| sample.phases.len());
    let names: Vec<Name> = fullest.map_or(Vec::new(), |sample| {
        sample.phases.into_iter().map(|phase| phase.name).collect()
    });
    let phase = |(place, name): (usize, &Name)| {
        let earlier = names[..place].iter().filter(|other| *other == name).count();
        let ms = |sample: Sample| {
            let mut same = sample.phases.iter().filter(|phase| phase.name == *name);
            same.nth(earlier).map_or(0.0, |phase| phase.ms)
        };
        let mut all: Vec<f64> = samples.good(target).map(ms).collect();
        all.sort_unstable_by(f64::total_cmp);
        Some(Phase {
            name: name.clone(),
            ms: stats::quantile(&all, 0.5)?,
        })
    };
    names.iter().enumerate().filter_map(phase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use reports::model::Work;

    fn sample(target: &str, ready_ms: f64) -> Sample {
        let phase = |name: &str, ms| Phase { name: name.into(), ms };
        let phases = vec![phase("start", ready_ms / 4.0), phase("program", ready_ms * 3.0 / 4.0)];
        Sample {
            target: target.into(),
            ready_ms: Some(ready_ms),
            exit_ms: ready_ms + 1.0,
            phases,
            ..Sample::default()
        }
    }

    fn targets() -> Vec<String> {
        vec!["a".into(), "b".into()]
    }

    #[test]
    fn a_failed_run_is_counted_and_is_in_none_of_the_figures() {
        let failed = Sample {
            error: Some("status 1".into()),
            ..sample("a", 1000.0)
        };
        let samples = Samples::from([sample("a", 1.0), sample("a", 2.0), sample("a", 3.0), failed]);
        let summary = &summaries(&targets(), &samples, 1)[0];
        assert_eq!((summary.failed, summary.ready_ms.unwrap().n), (1, 3));
        assert_eq!(summary.ready_ms.unwrap().median, 2.0);
        assert_eq!(
            summary.phases.iter().map(|phase| phase.ms).collect::<Vec<_>>(),
            [0.5, 1.5]
        );
    }

    #[test]
    fn a_target_without_samples_has_no_summary_and_no_comparison() {
        let samples = Samples::from([sample("a", 1.0)]);
        assert_eq!(summaries(&targets(), &samples, 1).len(), 1);
        assert_eq!(comparisons(&targets(), &samples, 1), []);
    }

    #[test]
    fn every_target_is_compared_with_the_first() {
        let samples: Samples = (1..=20)
            .flat_map(|n| [sample("a", f64::from(n)), sample("b", 3.0 * f64::from(n))])
            .collect();
        let found = comparisons(&targets(), &samples, 1);
        assert_eq!(
            found.iter().map(|c| c.quantity.as_str()).collect::<Vec<_>>(),
            ["ready_ms", "exit_ms"]
        );
        assert_eq!((found[0].target.as_str(), found[0].against.as_str()), ("b", "a"));
        assert!((found[0].ratio - 3.0).abs() < 1e-9);
        assert!(found[0].ratio_ci_low < 3.0 && found[0].ratio_ci_high > 3.0 && found[0].p_value < 0.001);
    }

    #[test]
    fn the_effect_size_is_the_share_of_pairs_in_which_the_target_is_slower() {
        let samples = Samples::from([sample("a", 1.0), sample("a", 4.0), sample("b", 2.0), sample("b", 3.0)]);
        assert_eq!(comparisons(&targets(), &samples, 1)[0].superiority, Some(0.5));
        let samples = Samples::from([sample("a", 1.0), sample("a", 3.0), sample("b", 2.0), sample("b", 4.0)]);
        assert_eq!(comparisons(&targets(), &samples, 1)[0].superiority, Some(0.75));
    }

    #[test]
    fn a_phase_that_comes_twice_is_two_phases() {
        let start = |ms: [f64; 4]| {
            let names = ["clone", "drop privileges", "network", "drop privileges"];
            let phase = |(name, ms): (&str, f64)| Phase { name: name.into(), ms };
            Sample {
                phases: names.into_iter().zip(ms).map(phase).collect(),
                ..sample("a", 10.0)
            }
        };
        let cut = Sample {
            phases: start([1.0, 2.0, 0.0, 0.0]).phases[..2].to_vec(),
            ..sample("a", 3.0)
        };
        let samples = Samples::from([start([1.0, 2.0, 3.0, 40.0]), start([1.0, 4.0, 3.0, 60.0]), cut]);
        let found: Vec<(String, f64)> = summaries(&targets(), &samples, 1)
            .remove(0)
            .phases
            .into_iter()
            .map(|phase| (phase.name.into(), phase.ms))
            .collect();
        let expected = [
            ("clone", 1.0),
            ("drop privileges", 2.0),
            ("network", 3.0),
            ("drop privileges", 40.0),
        ];
        assert_eq!(found, expected.map(|(name, ms)| (name.to_owned(), ms)));
    }

    #[test]
    fn counts_are_summed_up_where_they_were_taken() {
        let counted = |faults, system_calls| Sample {
            counters: Some(reports::model::Counters {
                minor_faults: Some(faults),
                major_faults: Some(1),
                system_calls,
                ..Default::default()
            }),
            ..sample("a", 1.0)
        };
        let samples = Samples::from([counted(9, Some(50)), counted(11, None), counted(10, None)]);
        let summary = summaries(&targets(), &samples, 1).remove(0);
        assert_eq!(
            summary.page_faults.map(|found| (found.n, found.median)),
            Some((3, 11.0))
        );
        assert_eq!(
            summary.system_calls.map(|found| (found.n, found.median)),
            Some((1, 50.0))
        );
        assert_eq!(summary.context_switches, None);
    }

    #[test]
    fn work_is_compared_where_both_targets_report_it() {
        let worked = |target, ops_per_s| Sample {
            work: Some(Work {
                ops_per_s,
                ..Work::default()
            }),
            ..sample(target, 1.0)
        };
        let samples = Samples::from([worked("a", 200.0), worked("b", 100.0)]);
        let found = comparisons(&targets(), &samples, 1);
        assert_eq!(
            found.last().map(|c| (c.quantity.as_str(), c.ratio)),
            Some(("ops_per_s", 0.5))
        );
    }
}
