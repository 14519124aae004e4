//! From samples to the few figures of the results file: one summary per target, and every target against the first.

use crate::stats;
use reports::model::{Comparison, Distribution, Phase, Sample, Summary};

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
const USS: Quantity = Quantity {
    name: "uss_bytes",
    of: |sample| Some(sample.memory.as_ref()?.uss_bytes? as f64),
};

/// One summary for each of `targets` that has samples.
pub fn summaries(targets: &[String], samples: &[Sample], seed: u64) -> Vec<Summary> {
    targets
        .iter()
        .filter_map(|target| summary(target, samples, seed))
        .collect()
}

fn summary(target: &str, samples: &[Sample], seed: u64) -> Option<Summary> {
    let all = samples.iter().filter(|sample| sample.target == target).count();
    let good: Vec<&Sample> = good(target, samples).collect();
    let distribution =
        |quantity: &Quantity| -> Option<Distribution> { stats::distribution(&values(&good, quantity), seed) };
    (all > 0).then(|| Summary {
        target: target.into(),
        failed: (all - good.len()) as u32,
        ready_ms: distribution(&READY),
        exit_ms: distribution(&EXIT),
        ops_per_s: distribution(&WORK),
        uss_bytes: distribution(&USS),
        phases: phases(&good),
    })
}

/// Every target but the first against the first, for each quantity that both have.
pub fn comparisons(targets: &[String], samples: &[Sample], seed: u64) -> Vec<Comparison> {
    let Some((baseline, others)) = targets.split_first() else {
        return Vec::new();
    };
    let of_baseline: Vec<&Sample> = good(baseline, samples).collect();
    let mut comparisons = Vec::new();
    for target in others {
        let of_target: Vec<&Sample> = good(target, samples).collect();
        for quantity in [READY, EXIT, WORK] {
            let contrast = stats::contrast(&values(&of_target, &quantity), &values(&of_baseline, &quantity), seed);
            comparisons.extend(contrast.map(|contrast| Comparison {
                target: target.clone(),
                against: baseline.clone(),
                quantity: quantity.name.into(),
                ratio: contrast.ratio,
                ratio_ci_low: contrast.ratio_ci_low,
                ratio_ci_high: contrast.ratio_ci_high,
                p_value: contrast.p_value,
            }));
        }
    }
    comparisons
}

fn good<'a>(target: &'a str, samples: &'a [Sample]) -> impl Iterator<Item = &'a Sample> {
    samples
        .iter()
        .filter(move |sample| sample.target == target && sample.error.is_none())
}

fn values(samples: &[&Sample], quantity: &Quantity) -> Vec<f64> {
    samples.iter().filter_map(|sample| (quantity.of)(sample)).collect()
}

/// The median of each phase, named as in the sample that has most of them. A sample without one, because the workload was
/// ready before that step ended, counts as 0.
fn phases(samples: &[&Sample]) -> Vec<Phase> {
    let Some(fullest) = samples.iter().max_by_key(|sample| sample.phases.len()) else {
        return Vec::new();
    };
    let ms = |sample: &Sample, name: &str| -> f64 {
        sample
            .phases
            .iter()
            .filter(|phase| phase.name == name)
            .map(|phase| phase.ms)
            .sum()
    };
    let median = |name: &str| {
        let mut all: Vec<f64> = samples.iter().map(|sample| ms(sample, name)).collect();
        all.sort_unstable_by(f64::total_cmp);
        stats::quantile(&all, 0.5)
    };
    let names = fullest.phases.iter().map(|phase| &phase.name);
    names
        .filter_map(|name| {
            Some(Phase {
                name: name.clone(),
                ms: median(name)?,
            })
        })
        .collect()
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
        let samples = [sample("a", 1.0), sample("a", 2.0), sample("a", 3.0), failed];
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
        let samples = [sample("a", 1.0)];
        assert_eq!(summaries(&targets(), &samples, 1).len(), 1);
        assert_eq!(comparisons(&targets(), &samples, 1), []);
    }

    #[test]
    fn every_target_is_compared_with_the_first() {
        let samples: Vec<Sample> = (1..=20)
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
    fn work_is_compared_where_both_targets_report_it() {
        let worked = |target, ops_per_s| Sample {
            work: Some(Work {
                ops_per_s,
                ..Work::default()
            }),
            ..sample(target, 1.0)
        };
        let samples = [worked("a", 200.0), worked("b", 100.0)];
        let found = comparisons(&targets(), &samples, 1);
        assert_eq!(
            found.last().map(|c| (c.quantity.as_str(), c.ratio)),
            Some(("ops_per_s", 0.5))
        );
    }
}
