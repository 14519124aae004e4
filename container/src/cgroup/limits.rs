//! Limits as what has to be written for them: what makes sense, which controllers it takes, and in which units.

use super::Controller;
use crate::error::Error;
use crate::spec::Limits;
use crate::validate::wrong;

/// The least memory a container starts with, as with Docker.
const MEMORY_MIN: u64 = 6 << 20;

/// Refuses what no kernel would take, and what no container could start with.
pub fn check(limits: &Limits) -> Result<(), Error> {
    let wrong = |tried, hint| Err(wrong(tried, hint));
    match limits {
        Limits {
            memory_bytes: Some(bytes),
            ..
        } if *bytes < MEMORY_MIN => wrong(
            format!("memory limit {bytes} bytes"),
            "a container needs at least 6 MiB",
        ),
        Limits { cpus: Some(cpus), .. } if !(*cpus > 0.0 && cpus.is_finite()) => wrong(
            format!("{cpus} processors"),
            "give a number above 0: 0.5 is half of one",
        ),
        Limits { pids: Some(0), .. } => wrong("0 tasks".into(), "the program itself is one"),
        Limits {
            cpu_weight: Some(weight),
            ..
        } if !(1..=10_000).contains(weight) => wrong(
            format!("processor weight {weight}"),
            "give 1 to 10000; 100 is the usual share",
        ),
        Limits {
            io_weight: Some(weight),
            ..
        } if !(1..=10_000).contains(weight) => wrong(
            format!("disk weight {weight}"),
            "give 1 to 10000; 100 is the usual share",
        ),
        _ => Ok(()),
    }
}

/// The controllers that the limits need.
pub fn wanted(limits: &Limits) -> Vec<Controller> {
    let chosen = [
        (
            limits.memory_bytes.is_some() || limits.swap_bytes.is_some(),
            Controller::Memory,
        ),
        (limits.cpus.is_some() || limits.cpu_weight.is_some(), Controller::Cpu),
        (limits.pids.is_some(), Controller::Pids),
        (limits.cpuset.is_some(), Controller::Cpuset),
        (limits.io_weight.is_some(), Controller::Io),
    ];
    chosen
        .into_iter()
        .filter(|(wanted, _)| *wanted)
        .map(|(_, controller)| controller)
        .collect()
}

/// The period of the processor quota, in µs: the kernel's and Docker's default.
pub const PERIOD_US: u64 = 100_000;

/// The quota for that many processors, in µs a period. The kernel takes no less than 1 ms.
pub fn quota_us(cpus: f64) -> u64 {
    ((cpus * PERIOD_US as f64).round() as u64).max(1000)
}

/// The limit with pid 1 of the container, which is not the program's.
pub fn tasks_with_pid1(pids: u32) -> u64 {
    u64::from(pids) + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorStep;

    #[test]
    fn a_quota_is_a_share_of_the_period() {
        assert_eq!(quota_us(0.5), 50_000);
        assert_eq!(quota_us(2.0), 200_000);
        assert_eq!(quota_us(0.000_1), 1000);
    }

    #[test]
    fn limits_that_nothing_could_start_with_are_refused() {
        let refused = [
            Limits {
                memory_bytes: Some(1 << 20),
                ..Limits::default()
            },
            Limits {
                cpus: Some(f64::NAN),
                ..Limits::default()
            },
            Limits {
                cpus: Some(0.0),
                ..Limits::default()
            },
            Limits {
                pids: Some(0),
                ..Limits::default()
            },
            Limits {
                cpu_weight: Some(0),
                ..Limits::default()
            },
            Limits {
                io_weight: Some(20_000),
                ..Limits::default()
            },
        ];
        for limits in refused {
            assert_eq!(
                check(&limits).map_err(|error| error.step),
                Err(ErrorStep::Spec),
                "{limits:?}"
            );
        }
        assert_eq!(
            check(&Limits {
                memory_bytes: Some(u64::MAX),
                cpus: Some(0.01),
                ..Limits::default()
            }),
            Ok(())
        );
    }

    #[test]
    fn controllers_follow_from_the_limits() {
        assert_eq!(wanted(&Limits::default()), []);
        let limits = Limits {
            cpus: Some(0.5),
            pids: Some(3),
            ..Limits::default()
        };
        assert_eq!(wanted(&limits), [Controller::Cpu, Controller::Pids]);
    }
}
