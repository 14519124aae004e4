//! New results against older ones: whether they may be compared at all, and whether anything has become slower.

use crate::analysis::stats::{self, Contrast};
use crate::error::Error;
use reports::model::{Results, Sample, Target};
use std::fmt;

/// A difference counts as significant below this p-value.
const SIGNIFICANT: f64 = 0.05;

/// One quantity of one target, now and then.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The target.
    pub target: String,
    /// `ready_ms`, `exit_ms` or `ops_per_s`.
    pub quantity: &'static str,
    /// Now against then.
    pub contrast: Contrast,
    /// More is worse: times. Less is worse: operations per second.
    more_is_worse: bool,
}

impl Change {
    /// How much worse it is than before, in percent; negative where it is better.
    pub fn worse_percent(&self) -> f64 {
        let ratio = self.contrast.ratio;
        100.0 * if self.more_is_worse { ratio - 1.0 } else { 1.0 - ratio }
    }

    /// Worse by more than the limit, and not by chance.
    pub fn is_regression(&self, limit_percent: f64) -> bool {
        self.worse_percent() > limit_percent && self.contrast.p_value < SIGNIFICANT
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Contrast {
            ratio,
            ratio_ci_low,
            ratio_ci_high,
            p_value,
            superiority,
        } = self.contrast;
        write!(
            f,
            "{} {}: {ratio:.3} times the baseline (95 % interval {ratio_ci_low:.3} to {ratio_ci_high:.3}, p = {p_value:.4}, \
             higher in {:.0} % of pairs)",
            self.target,
            self.quantity,
            superiority * 100.0
        )
    }
}

/// Every quantity that both results have, target by target.
pub fn changes(now: &Results, then: &Results) -> Vec<Change> {
    type Quantity = (&'static str, bool, fn(&Sample) -> Option<f64>);
    const QUANTITIES: [Quantity; 3] = [
        ("ready_ms", true, |sample| sample.ready_ms),
        ("exit_ms", true, |sample| Some(sample.exit_ms)),
        ("ops_per_s", false, |sample| Some(sample.work.as_ref()?.ops_per_s)),
    ];
    let values = |results: &Results, target: &str, of: fn(&Sample) -> Option<f64>| -> Vec<f64> {
        let good = results.samples.good(target);
        good.filter_map(|sample| of(&sample)).collect()
    };
    let mut changes = Vec::new();
    for target in &now.targets {
        for (quantity, more_is_worse, of) in QUANTITIES {
            let (new, old) = (values(now, &target.name, of), values(then, &target.name, of));
            changes.extend(stats::contrast(&new, &old, now.config.seed).map(|contrast| Change {
                target: target.name.clone(),
                quantity,
                contrast,
                more_is_worse,
            }));
        }
    }
    changes
}

/// Refuses results that say something about different things.
pub fn check(now: &Results, then: &Results) -> Result<(), Error> {
    let differences = differences(now, then);
    if differences.is_empty() {
        return Ok(());
    }
    Err(
        Error::new(format!("the baseline is not comparable: {}", differences.join("; ")))
            .remedy("Take a new baseline under the same conditions, or compare anyway with --allow-different."),
    )
}

fn differences(now: &Results, then: &Results) -> Vec<String> {
    let mut found = Vec::new();
    let mut expect_same = |what: &str, now: String, then: String| {
        if now != then {
            found.push(format!("{what} is {now} and was {then}"));
        }
    };
    expect_same("the workload", now.workload.name.clone(), then.workload.name.clone());
    expect_same("its SHA-256", now.workload.sha256.clone(), then.workload.sha256.clone());
    expect_same(
        "its argument list",
        format!("{:?}", now.workload.args),
        format!("{:?}", then.workload.args),
    );
    expect_same("the host's kernel", now.host.kernel.clone(), then.host.kernel.clone());
    expect_same("the processor", now.host.cpu_model.clone(), then.host.cpu_model.clone());
    expect_same(
        "the number of processors",
        now.host.cores.to_string(),
        then.host.cores.to_string(),
    );
    expect_same(
        "KVM",
        format!("{:?}", now.host.kvm_kind),
        format!("{:?}", then.host.kvm_kind),
    );
    expect_same(
        "the cgroup mode",
        now.host.cgroup_mode.clone(),
        then.host.cgroup_mode.clone(),
    );
    expect_same("the list of pinned CPUs", pinned(now), pinned(then));
    expect_same(
        "the size of the image's other files",
        now.config.image_files_bytes.to_string(),
        then.config.image_files_bytes.to_string(),
    );
    expect_same("the root of Linux guests", rootfs(now), rootfs(then));
    let starts = |results: &Results| if results.config.cold { "cold" } else { "warm" }.to_owned();
    expect_same("each start", starts(now), starts(then));
    expect_same("the idle gap", ms(now.config.idle_gap_ms), ms(then.config.idle_gap_ms));
    expect_same(
        "the guest's RAM",
        now.config.memory_bytes.to_string(),
        then.config.memory_bytes.to_string(),
    );
    expect_same(
        "the number of virtual processors",
        now.config.cpus.to_string(),
        then.config.cpus.to_string(),
    );
    expect_same(
        "the limits of containers",
        format!("{:?}", now.config.container_limits),
        format!("{:?}", then.config.container_limits),
    );
    for target in &now.targets {
        if let Some(before) = then.targets.iter().find(|before| before.name == target.name) {
            let kernel = |target: &Target| match (&target.guest_kernel, &target.unavailable) {
                (Some(kernel), _) => Some(kernel.sha256.clone()),
                (None, Some(_)) => None,
                (None, None) => Some("none".to_owned()),
            };
            if let (Some(now), Some(then)) = (kernel(target), kernel(before)) {
                expect_same(&format!("the guest kernel of {}", target.name), now, then);
            }
        }
    }
    found
}

fn pinned(results: &Results) -> String {
    match results.config.pinned_to.as_slice() {
        [] => "none".to_owned(),
        // The first is isolab's own, so that the order matters.
        cpus => format!("{cpus:?}"),
    }
}

/// Older results had no choice.
fn rootfs(results: &Results) -> String {
    results.config.rootfs.clone().unwrap_or_else(|| "initramfs".into())
}

fn ms(ms: f64) -> String {
    format!("{ms} ms")
}

#[cfg(test)]
mod tests {
    use super::*;
    use reports::model::{Config, Host, SCHEMA, Workload};

    fn results(ready_ms: impl Fn(u32) -> f64) -> Results {
        let sample = |run| Sample {
            target: "process".into(),
            run,
            ready_ms: Some(ready_ms(run)),
            exit_ms: ready_ms(run) + 1.0,
            ..Sample::default()
        };
        Results {
            schema: SCHEMA.into(),
            host: Host::default(),
            config: Config::default(),
            workload: Workload {
                name: "hello".into(),
                ..Workload::default()
            },
            targets: vec![Target {
                name: "process".into(),
                ..Target::default()
            }],
            samples: (0..40).map(sample).collect(),
            summary: vec![],
            comparisons: vec![],
            warnings: vec![],
        }
    }

    fn spread(floor: f64) -> Results {
        results(|run| floor + f64::from(run % 8) / 100.0)
    }

    #[test]
    fn a_slowdown_past_the_limit_and_not_by_chance_is_a_regression() {
        let changes = changes(&spread(1.2), &spread(1.0));
        let ready = &changes[0];
        assert_eq!((ready.target.as_str(), ready.quantity), ("process", "ready_ms"));
        assert!(ready.is_regression(10.0) && !ready.is_regression(30.0), "{ready}");
    }

    #[test]
    fn the_same_and_the_faster_are_none() {
        assert!(
            changes(&spread(1.0), &spread(1.0))
                .iter()
                .all(|change| !change.is_regression(0.0))
        );
        assert!(
            changes(&spread(1.0), &spread(1.2))
                .iter()
                .all(|change| !change.is_regression(0.0))
        );
    }

    #[test]
    fn a_difference_that_may_be_chance_is_none_however_large() {
        let few = |ms: f64| {
            let mut results = spread(ms);
            results.samples.truncate(2);
            results
        };
        let changes = changes(&few(5.0), &few(1.0));
        assert!(changes[0].worse_percent() > 100.0 && !changes[0].is_regression(5.0));
    }

    #[test]
    fn fewer_operations_per_second_are_worse() {
        let with_work = |ops_per_s: f64| {
            let mut results = spread(1.0);
            results.samples.change_all(|sample| {
                sample.work = Some(reports::model::Work {
                    ops_per_s: ops_per_s + f64::from(sample.run % 8),
                    ..Default::default()
                });
            });
            results
        };
        let changes = changes(&with_work(800.0), &with_work(1000.0));
        let work = changes.iter().find(|change| change.quantity == "ops_per_s").unwrap();
        assert!(
            work.is_regression(10.0) && (work.worse_percent() - 20.0).abs() < 0.5,
            "{work}"
        );
    }

    #[test]
    fn results_of_something_else_are_refused_and_every_difference_is_named() {
        let mut other = spread(1.0);
        other.workload.sha256 = "x".into();
        other.host.kernel = "Linux 1.0".into();
        other.config.memory_bytes = 1;
        let error = check(&spread(1.0), &other).unwrap_err();
        for part in [
            "its SHA-256",
            "the host's kernel is  and was Linux 1.0",
            "the guest's RAM",
        ] {
            assert!(error.message.contains(part), "{error}");
        }
        assert_eq!(check(&spread(1.0), &spread(2.0)), Ok(()));
    }
}
