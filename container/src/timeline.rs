//! The start as a timeline: phases for a chart, steps for an explanation.

use crate::report::{Entry, Log, Report};
use crate::steps::Step;

/// A moment of the start. Consecutive stamps are consecutive phases: the phase `name` ended at `at_ns`, and began
/// where the one before it ended. The first begins with the call of [`start`](crate::start), or of the runtime; after the last,
/// `exec`, the program itself runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Which phase ended.
    pub name: &'static str,
    /// When, in ns of CLOCK_MONOTONIC.
    pub at_ns: u64,
}

/// One step of the start, explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedStep {
    /// Its name.
    pub name: &'static str,
    /// The kernel call; empty when there is none.
    pub call: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// Who made it: `isolab`, `pid 1`, `program`. Steps of different makers overlap.
    pub by: &'static str,
    /// When it began, in ns after the start was asked for.
    pub began_ns: u64,
    /// What it cost, in ns.
    pub cost_ns: u64,
}

/// The steps on the way from the call to the program, in order: isolab's until pid 1 is there, pid 1's until the program's
/// process is, and that process's.
fn path(report: &Report) -> Vec<Entry> {
    let entries = |log: &Log| log.entries().collect::<Vec<Entry>>();
    let (pid1, program) = (entries(&report.pid1), entries(&report.program));
    let before_pid1 = report.starter.entries().filter(|entry| entry.0 != Step::IdMaps);
    // What follows is beside the program's process.
    let clone = pid1
        .iter()
        .position(|entry| entry.0 == Step::CloneProgram)
        .map(|clone| clone + 1);
    let network = pid1.iter().position(|entry| entry.0 == Step::Network);
    let end = clone.or(network).unwrap_or(pid1.len());
    let mut before_program: Vec<Entry> = pid1.into_iter().take(end).collect();
    if let (Some(clone), Some(first)) = (before_program.last_mut(), program.first()) {
        // The program's process runs before pid 1 knows that it is there.
        clone.2 = clone.2.min(first.1).max(clone.1);
    }
    before_pid1.chain(before_program).chain(program).collect()
}

/// The phases on the way from the call to the program.
pub fn stamps(report: &Report) -> Vec<Stamp> {
    let mut stamps: Vec<Stamp> = Vec::new();
    for (step, _, at_ns) in path(report) {
        let name = step.describe().phase;
        match stamps.last_mut().filter(|last| last.name == name) {
            Some(last) => last.at_ns = at_ns,
            None => stamps.push(Stamp { name, at_ns }),
        }
    }
    stamps
}

/// All steps, in order of their beginnings.
pub fn explain(report: &Report) -> Vec<ExplainedStep> {
    let start = report.starter.entries().next().map_or(0, |(_, began, _)| began);
    let explain = |log: &Log| {
        let steps = log.entries().map(move |(step, began, end)| {
            let about = step.describe();
            ExplainedStep {
                name: about.name,
                call: about.call,
                purpose: about.purpose,
                by: about.actor.name(),
                began_ns: began.saturating_sub(start),
                cost_ns: end.saturating_sub(began),
            }
        });
        steps.collect::<Vec<_>>()
    };
    let mut steps: Vec<_> = [&report.starter, &report.pid1, &report.program]
        .into_iter()
        .flat_map(explain)
        .collect();
    steps.sort_by_key(|step| step.began_ns);
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_one_phase_become_one_stamp() {
        let report = Report::new(0);
        report.starter.end(Step::Plan);
        for step in [Step::Clone, Step::DeathSignal, Step::CloneProgram] {
            report.pid1.end(step);
        }
        report.program.begin();
        report.program.end(Step::Stage);
        report.program.end(Step::Overlay);
        let names: Vec<_> = stamps(&report).iter().map(|stamp| stamp.name).collect();
        assert_eq!(names, ["plan", "clone", "root file system"]);
        assert!(stamps(&report).windows(2).all(|pair| pair[0].at_ns <= pair[1].at_ns));
    }

    #[test]
    fn steps_beside_the_way_to_the_program_are_explained_where_they_began() {
        let report = Report::new(crate::sys::now_ns());
        report.starter.end(Step::Plan);
        report.pid1.begin();
        report.pid1.end(Step::CloneProgram);
        report.program.begin();
        report.program.end(Step::Stage);
        report.pid1.end(Step::Network);
        assert!(!stamps(&report).iter().any(|stamp| stamp.name == "network"));
        let by: Vec<_> = explain(&report).iter().map(|step| (step.name, step.by)).collect();
        assert_eq!(by.len(), 4);
        assert_eq!(by[0], ("plan", "isolab"));
        assert!(by.contains(&("network namespace", "pid 1")));
    }
}
