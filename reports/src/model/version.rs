//! Two versions of one program, measured by turns (`compare --against`): each target has a row for A, the version to compare with,
//! and one for B, the program itself. The rows of `container` are named `container@A` and `container@B`.

use super::{Results, Sample, Workload};
use std::fmt;
use std::ops::Deref;

/// Ends the target's name in a row's. No target has it in its own name.
const MARK: char = '@';

/// One of the two versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// The one to compare with.
    A,
    /// The program itself.
    B,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl Version {
    /// The name of the row in which this version runs on `target`.
    pub fn row(self, target: &str) -> String {
        format!("{target}{MARK}{self}")
    }

    /// The target of a row and the version that runs there; `None` of a row without versions.
    pub fn of(row: &str) -> Option<(&str, Version)> {
        let (target, version) = row.rsplit_once(MARK)?;
        let all = [Version::A, Version::B];
        let version = all.into_iter().find(|each| each.to_string() == version)?;
        Some((target, version))
    }
}

impl Results {
    /// The rows of one version alone, under the names of their targets, as if its program had been the only one.
    pub fn of_version(&self, version: Version) -> Results {
        let target = |row: &str| Version::of(row).and_then(|(target, of)| (of == version).then(|| target.to_owned()));
        let mut half = self.clone();
        half.workload = self.program_of(&version.row("")).clone();
        half.against = None;
        half.comparisons.clear();
        half.samples.clear();
        for sample in &self.samples {
            if let Some(target) = target(&sample.target).map(Into::into) {
                half.samples.push(Sample { target, ..sample });
            }
        }
        half.targets.retain_mut(|each| rename(&mut each.name, target));
        half.summary.retain_mut(|each| rename(&mut each.target, target));
        half.instances.retain_mut(|each| rename(&mut each.target, target));
        half
    }

    /// The program that ran in a row.
    pub fn program_of(&self, row: &str) -> &Workload {
        match (Version::of(row), &self.against) {
            (Some((_, Version::A)), Some(against)) => against,
            _ => &self.workload,
        }
    }
}

/// Gives a row its target's name, where `target` has one for it.
fn rename<T: Deref<Target = str> + From<String>>(row: &mut T, target: impl Fn(&str) -> Option<String>) -> bool {
    target(row).map(|name| *row = name.into()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_tells_its_target_and_its_version() {
        assert_eq!(Version::B.row("container-cold"), "container-cold@B");
        assert_eq!(Version::of("container-cold@B"), Some(("container-cold", Version::B)));
        assert_eq!(Version::of("container"), None);
        assert_eq!(Version::of("container@C"), None);
    }

    #[test]
    fn the_rows_of_a_version_are_those_of_its_program_alone() {
        let mut results = Results::from_json(include_str!("../../tests/fixtures/three.json")).expect("a results file");
        let sample = |row: &str, round| Sample {
            target: row.into(),
            round,
            ..Sample::default()
        };
        results.samples = [sample("process@A", 0), sample("process@B", 0), sample("process@A", 1)]
            .into_iter()
            .collect();
        results.against = Some(Workload {
            name: "old".into(),
            ..Workload::default()
        });
        for (row, target) in results
            .targets
            .iter_mut()
            .zip(["process@A", "process@B", "container@A"])
        {
            row.name = target.into();
        }
        let a = results.of_version(Version::A);
        let names: Vec<&str> = a.targets.iter().map(|target| target.name.as_str()).collect();
        assert_eq!((names, a.workload.name.as_str()), (vec!["process", "container"], "old"));
        assert!(a.samples.iter().map(|sample| sample.round).eq([0, 1]));
        let b = results.of_version(Version::B);
        assert_eq!((b.samples.len(), &b.workload), (1, &results.workload));
    }
}
