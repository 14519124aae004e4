//! The suite file: TOML, with cases that name a workload, targets and parameters. Lists of parameters unfold into every
//! combination. Errors point at the line.
//!
//! The whole of it, as the manual has it: [`FORMAT`].

use super::case::Case;
use crate::error::Error;
use crate::files::regular;
use crate::files::source::Source;
use crate::measure::ready::Ready;
use crate::plan::{MOST_RUNS, RUNS, TIMEOUT, WARMUP, default_targets};
use crate::targets::microvm::Rootfs;
use crate::workloads;
use crate::workloads::inputs::InputRequest;
use reports::model::Message;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// The suites that isolab brings along.
pub const OWN: [(&str, &str); 3] = [
    ("quick", include_str!("../../suites/quick.toml")),
    ("classroom", include_str!("../../suites/classroom.toml")),
    ("full", include_str!("../../suites/full.toml")),
];

/// An example with every key and what it means.
pub const FORMAT: &str = include_str!("format.toml");

/// Includes deeper than this are taken for a circle.
const DEEPEST_INCLUDE: usize = 8;
/// More files than this are, too.
const MOST_FILES: usize = 100;
/// More steps than this are taken for a mistake.
const MOST_STEPS: usize = 10_000;

/// A suite, read and checked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Suite {
    /// The name of one of isolab's own, or the file's path.
    pub name: String,
    /// What it shows.
    pub description: String,
    /// Seed of the order of targets in each round of each case.
    pub seed: u64,
    /// Its cases, those of included files first.
    pub cases: Vec<Case>,
}

/// Reads the suite of that name, or else the file.
pub fn read(name: &str) -> Result<Suite, Error> {
    let mut cases = Vec::new();
    let mut files = 0;
    let description = collect(name, Path::new(""), 0, &mut cases, &mut files)?;
    let steps = cases.iter().fold(0_usize, |sum, case| sum.saturating_add(case.steps()));
    match steps {
        0 => Err(Error::new(Message::new("suite-empty").with("name", name)).remedy(Message::new("do-begin-case"))),
        _ if steps > MOST_STEPS => Err(Error::new(
            Message::new("suite-too-large")
                .with("name", name)
                .with("steps", steps)
                .with("most", MOST_STEPS),
        )
        .remedy(Message::new("do-fewer-values"))),
        _ => Ok(Suite {
            name: name.into(),
            description,
            seed: 1,
            cases,
        }),
    }
}

/// Adds the cases of the suite `name`, a file relative to `folder`, with those it includes. Gives its description.
fn collect(name: &str, folder: &Path, depth: usize, cases: &mut Vec<Case>, files: &mut usize) -> Result<String, Error> {
    *files += 1;
    if *files > MOST_FILES {
        return Err(Error::new(
            Message::new("suite-many-files")
                .with("name", name)
                .with("most", MOST_FILES),
        ));
    }
    if depth > DEEPEST_INCLUDE {
        return Err(Error::new(
            Message::new("suite-deep").with("name", name).with("depth", depth),
        ));
    }
    let own = OWN.iter().find(|(own, _)| *own == name);
    let path = folder.join(name);
    let text = match own {
        Some((_, text)) => (*text).to_owned(),
        None => regular::check(&path)
            .and_then(|()| std::fs::read_to_string(&path))
            .map_err(|error| {
                let own: Vec<&str> = OWN.iter().map(|(own, _)| *own).collect();
                Error::of_path("cannot-read-suite", &path, error)
                    .remedy(Message::new("do-built-in-suites").with("names", own.join(", ")))
            })?,
    };
    let source = Source {
        name: if own.is_some() {
            name.into()
        } else {
            path.display().to_string()
        },
        text: &text,
    };
    let written: Written = toml::from_str(&text).map_err(|error| {
        let at = error.span().unwrap_or(0..0);
        source.error(at, error.message().trim_end())
    })?;
    let below = path.parent().unwrap_or(Path::new(""));
    for include in &written.include {
        collect(include.get_ref(), below, depth + 1, cases, files).map_err(|error| {
            if depth == 0 {
                source.within(include.span(), error)
            } else {
                error
            }
        })?;
    }
    for case in &written.case {
        let checked = case.get_ref().check(case.span(), &written.defaults, &source)?;
        if cases.iter().any(|other| other.name == checked.name) {
            let at = case.get_ref().name.as_ref().map_or(case.span(), Spanned::span);
            return Err(source.error(at, Message::new("case-twice").with("name", checked.name.as_str())));
        }
        cases.push(checked);
    }
    Ok(written.description)
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    description: String,
    #[serde(default)]
    include: Vec<Spanned<String>>,
    #[serde(default)]
    defaults: WrittenCase,
    #[serde(default)]
    case: Vec<Spanned<WrittenCase>>,
}

/// A case, or what holds for all of them.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCase {
    name: Option<Spanned<String>>,
    workload: Option<Spanned<String>>,
    program: Option<PathBuf>,
    args: Option<Vec<String>>,
    targets: Option<Spanned<Vec<Spanned<String>>>>,
    runs: Option<Spanned<u32>>,
    warmup: Option<u32>,
    timeout_s: Option<Spanned<f64>>,
    idle_gap_ms: Option<Spanned<Vec<f64>>>,
    cold: Option<bool>,
    file: Option<Vec<String>>,
    env: Option<Vec<String>>,
    stdin: Option<PathBuf>,
    ready: Option<Spanned<String>>,
    memory: Option<Spanned<Vec<String>>>,
    cpus: Option<Spanned<Vec<f64>>>,
    pids: Option<Spanned<u32>>,
    jail: Option<bool>,
    kernel: Option<String>,
    rootfs: Option<Rootfs>,
    image_files: Option<Spanned<Vec<String>>>,
}

impl WrittenCase {
    /// The case with the file's defaults, and then isolab's, where it says nothing itself.
    fn check(&self, at: Range<usize>, defaults: &WrittenCase, source: &Source) -> Result<Case, Error> {
        let name = self
            .name
            .as_ref()
            .ok_or_else(|| source.error(at.clone(), Message::new("case-without-name")))?;
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        source.require(name, Message::new("case-name"), |name| {
            !name.is_empty() && name.chars().all(fits)
        })?;
        let program = self.program.clone().or_else(|| defaults.program.clone());
        let workload = self.workload.as_ref().or(defaults.workload.as_ref());
        let workload = match (workload, &program) {
            (Some(workload), None) => {
                let known = Message::new("case-workload").with("names", workloads::names());
                source.require(workload, known, |name| workloads::built_in(name).is_some())?;
                workload.get_ref().clone()
            }
            (None, Some(_)) => String::new(),
            (None, None) => return Err(source.error(at, Message::new("case-without-program"))),
            (Some(workload), Some(_)) => {
                return Err(source.error(workload.span(), Message::new("case-two-programs")));
            }
        };
        let targets = self.targets.as_ref().or(defaults.targets.as_ref());
        let targets = targets.map(|names| source.targets(names)).transpose()?;
        let runs = self.runs.as_ref().or(defaults.runs.as_ref());
        let timeout_s = self.timeout_s.as_ref().or(defaults.timeout_s.as_ref());
        let idle_gap_ms = self.idle_gap_ms.as_ref().or(defaults.idle_gap_ms.as_ref());
        if let Some(runs) = runs {
            source.require(runs, Message::new("case-runs").with("most", MOST_RUNS), |runs| {
                (1..=MOST_RUNS).contains(runs)
            })?;
        }
        let in_reason = |number: &f64| (0.0..=86_400_000.0).contains(number);
        if let Some(timeout_s) = timeout_s {
            source.require(timeout_s, Message::new("case-timeout"), |s| in_reason(s) && *s > 0.0)?;
        }
        if let Some(gaps) = idle_gap_ms {
            source.require(gaps, Message::new("case-gaps"), |gaps| {
                !gaps.is_empty() && gaps.iter().all(in_reason)
            })?;
        }
        let cpus = self.cpus.as_ref().or(defaults.cpus.as_ref());
        if let Some(cpus) = cpus {
            source.require(cpus, Message::new("case-cpus"), |cpus| {
                !cpus.is_empty() && cpus.iter().all(|cpus| *cpus > 0.0 && *cpus <= 1024.0)
            })?;
        }
        let pids = self.pids.as_ref().or(defaults.pids.as_ref());
        if let Some(pids) = pids {
            source.require(pids, Message::new("case-pids"), |pids| *pids > 0)?;
        }
        let kernel = self.kernel.clone().or_else(|| defaults.kernel.clone());
        if let Some(targets) = targets.as_ref().filter(|_| kernel.is_none()) {
            source.require(targets, Message::new("case-kernel"), |targets| {
                targets.iter().all(|target| !target.takes.kernel)
            })?;
        }
        let ready = self.ready.as_ref().or(defaults.ready.as_ref());
        if let Some(ready) = ready {
            source.require(ready, Message::new("case-ready"), |text| text.parse::<Ready>().is_ok())?;
        }
        let memory = source.sizes(self.memory.as_ref().or(defaults.memory.as_ref()))?;
        let image_files = source.sizes(self.image_files.as_ref().or(defaults.image_files.as_ref()))?;
        Ok(Case {
            name: name.get_ref().clone(),
            workload,
            program,
            args: self.args.clone().or_else(|| defaults.args.clone()).unwrap_or_default(),
            targets: targets.map_or_else(
                || default_targets(kernel.is_some()),
                |targets| targets.get_ref().clone(),
            ),
            runs: runs.map_or(RUNS, |runs| *runs.get_ref()),
            warmup: self.warmup.or(defaults.warmup).unwrap_or(WARMUP),
            timeout_s: timeout_s.map_or(TIMEOUT.as_secs_f64(), |timeout_s| *timeout_s.get_ref()),
            cold: self.cold.or(defaults.cold).unwrap_or(false),
            pids: pids.map(|pids| *pids.get_ref()),
            jail: self.jail.or(defaults.jail).unwrap_or(false),
            inputs: InputRequest {
                files: self.file.clone().or_else(|| defaults.file.clone()).unwrap_or_default(),
                env: self.env.clone().or_else(|| defaults.env.clone()).unwrap_or_default(),
                stdin: self.stdin.clone().or_else(|| defaults.stdin.clone()),
            },
            ready: ready.map(|ready| ready.get_ref().clone()),
            idle_gap_ms: idle_gap_ms.map_or(vec![0.0], |gaps| gaps.get_ref().clone()),
            kernel,
            rootfs: self.rootfs.or(defaults.rootfs).unwrap_or_default(),
            memory_bytes: listed(memory),
            cpus: listed(cpus.map(|cpus| cpus.get_ref().clone())),
            image_files_bytes: image_files.unwrap_or(vec![0]),
        })
    }
}

/// Every value of a list; where there is none, the one case of nothing said.
fn listed<T>(values: Option<Vec<T>>) -> Vec<Option<T>> {
    values.map_or_else(|| vec![None], |values| values.into_iter().map(Some).collect())
}

#[cfg(test)]
mod tests {
    use super::super::case::Varies;
    use super::*;
    use proptest::prelude::*;

    fn suite(text: &str) -> Result<Suite, Error> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("suite.toml");
        std::fs::write(&path, text).unwrap();
        read(path.to_str().unwrap())
    }

    fn wrong(text: &str) -> String {
        let message = suite(text).unwrap_err().to_string();
        message
            .split_once("suite.toml:")
            .map_or(message.clone(), |(_, rest)| rest.to_owned())
    }

    #[test]
    fn the_built_in_suites_are_right() {
        for (name, _) in OWN {
            let suite = read(name).unwrap();
            assert!(!suite.description.is_empty() && !suite.cases.is_empty(), "{name}");
        }
    }

    #[test]
    fn parameters_unfold_into_every_combination_and_defaults_fill_in() {
        let text = "[defaults]\nruns = 7\ntargets = [\"process\"]\nrootfs = \"disk\"\ncold = true\n\
                    [[case]]\nname = \"a\"\nworkload = \"hold\"\nmemory = [\"64M\", \"1G\"]\nidle_gap_ms = [0, 2.5]\n\
                    [[case]]\nname = \"b\"\nworkload = \"cpu\"\nargs = [\"3\"]\nruns = 2\ncold = false\n";
        let suite = suite(text).unwrap();
        let first = suite.cases[0].unfold();
        assert_eq!(first.len(), suite.cases[0].steps());
        let pairs: Vec<(u64, f64)> = first
            .iter()
            .map(|step| (step.memory_bytes.unwrap_or(0) >> 20, step.idle_gap_ms))
            .collect();
        assert_eq!(pairs, [(64, 0.0), (64, 2.5), (1024, 0.0), (1024, 2.5)]);
        assert!(first.iter().all(|step| step.rootfs == Rootfs::Disk && step.cold));
        assert!(
            first
                .iter()
                .all(|step| step.runs == 7 && step.targets[0].name == "process")
        );
        let second = &suite.cases[1].unfold()[0];
        assert!(!second.cold);
        assert_eq!((second.runs, second.args.as_slice()), (2, ["3".to_owned()].as_slice()));
        assert_eq!(
            suite.cases[0].varies(),
            Varies {
                memory: true,
                cpus: false,
                idle_gap: true,
                image_files: false
            }
        );
    }

    /// The keys that serde names where there is another one.
    fn keys(otherwise: &str) -> Vec<String> {
        let error = toml::from_str::<Written>(otherwise).map(drop).unwrap_err();
        let (_, listed) = error.message().split_once("expected one of").unwrap();
        listed.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn the_manual_has_every_key_that_a_file_may_have_and_can_be_read_itself() {
        let keys = [keys("nonsense = 1"), keys("[[case]]\nnonsense = 1")].concat();
        assert!(keys.len() > 20, "{keys:?}");
        let has = |key: &String| {
            FORMAT
                .lines()
                .any(|line| line.starts_with(&format!("{key} = ")) || line.starts_with(&format!("[{key}]")))
        };
        let listed = |key: &String| {
            has(key) || FORMAT.contains(&format!("[[{key}]]")) || FORMAT.contains(&format!("or: {key} = "))
        };
        let missing: Vec<&String> = keys.iter().filter(|key| !listed(key)).collect();
        assert!(missing.is_empty(), "{missing:?}");
        let suite = suite(FORMAT).unwrap();
        let case = suite.cases.last().unwrap();
        assert!(case.jail && case.pids == Some(64) && case.steps() == 16, "{case:?}");
    }

    #[test]
    fn included_cases_come_first() {
        let folder = tempfile::tempdir().unwrap();
        let case = |name: &str| format!("[[case]]\nname = \"{name}\"\nworkload = \"hello\"\n");
        std::fs::write(folder.path().join("one.toml"), case("one")).unwrap();
        let two = folder.path().join("two.toml");
        std::fs::write(&two, format!("include = [\"one.toml\", \"quick\"]\n{}", case("two"))).unwrap();
        let names: Vec<String> = read(two.to_str().unwrap())
            .unwrap()
            .cases
            .into_iter()
            .map(|case| case.name)
            .collect();
        assert_eq!(names[..3], ["one", "start-up", "cpu"]);
        assert_eq!(names.last().map(String::as_str), Some("two"));
    }

    #[test]
    fn errors_point_at_the_line() {
        let case = "[[case]]\nname = \"a\"\n";
        assert!(
            wrong("runs = 3\n").starts_with("1:1: unknown field `runs`"),
            "{}",
            wrong("runs = 3\n")
        );
        assert!(wrong("[[case]\n").starts_with("1:"));
        assert!(wrong(case).starts_with("1:1: this case has neither"), "{}", wrong(case));
        assert!(
            wrong(&format!("{case}workload = \"nonsense\"\n"))
                .starts_with("3:12: there is no such workload; built in are ")
        );
        assert!(wrong(&format!("{case}workload = \"hello\"\nruns = 0\n")).starts_with("4:8: a case has 1 to"));
        assert!(wrong(&format!("{case}workload = \"hello\"\nmemory = [\"1X\"]\n")).starts_with("4:10: \"1X\": "));
        let unknown = wrong(&format!("{case}workload = \"hello\"\ntargets = [\"vm\"]\n"));
        assert!(unknown.starts_with("4:12: there is no target"), "{unknown}");
        assert!(
            wrong(&format!("{case}workload = \"hello\"\n{case}workload = \"hello\"\n"))
                .starts_with("5:8: there is already")
        );
        assert!(wrong(&format!("{case}workload = \"hello\"\ncpus = [0]\n")).starts_with("4:8: processors are more"));
        assert!(
            wrong(&format!("{case}workload = \"hello\"\ntargets = [\"microvm-linux\"]\n"))
                .starts_with("4:11: the target microvm-linux needs a kernel"),
        );
        assert!(
            wrong(&format!("{case}workload = \"hello\"\nrootfs = \"tape\"\n")).starts_with("4:10: unknown variant")
        );
        assert!(wrong("").contains("has no cases"));
    }

    #[test]
    fn files_that_include_each_other_are_found_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("circle.toml");
        std::fs::write(&path, "include = [\"circle.toml\"]\n").unwrap();
        assert!(
            read(path.to_str().unwrap())
                .unwrap_err()
                .to_string()
                .contains("include each other")
        );
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_a_panic(
            text in "((\\[\\[case\\]\\]|\\[defaults\\]|name = \"é\"|workload = \"hello\"|runs = [0-9-]{1,5}|memory = \\[\"1M\"\\]|\\PC{0,9})\n){0,8}"
        ) {
            let _ = suite(&text);
        }
    }
}
