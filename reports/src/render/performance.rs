//! How fast many programs work on each target, relative to the first, and what the kernel or the processor does in each.

use super::chart::speed::{self, WORK};
use super::chart::{Chart, TargetColors, labels};
use super::messages::Messages;
use super::units;
use crate::model::{Comparison, KvmKind, Results, Target};

/// Results of at least two programs that say how much work they have done.
pub(crate) struct Performance<'a> {
    files: Vec<(String, &'a Results)>,
    /// What the other targets are compared with.
    pub baseline: String,
    /// The other targets.
    pub targets: Vec<String>,
    /// One a program.
    pub rows: Vec<Row>,
}

/// One program.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub name: String,
    /// One a target: how many times the baseline's work it does, with its interval.
    pub cells: Vec<String>,
    /// What kernel and processor do; empty for a program that isolab does not know.
    pub why: String,
    /// Why a target has no figure.
    pub missing: Vec<String>,
}

/// `None` where there are not two such programs.
pub(crate) fn performance<'a>(files: &'a [Results], messages: &Messages) -> Option<Performance<'a>> {
    let works = |file: &&Results| why(file, messages).is_some() || file.comparisons.iter().any(of_work);
    let files: Vec<&Results> = files.iter().filter(works).collect();
    let mut programs: Vec<&str> = files.iter().map(|file| file.workload.name.as_str()).collect();
    programs.dedup();
    if programs.len() < 2 {
        return None;
    }
    let baseline = files
        .iter()
        .flat_map(|file| &file.comparisons)
        .find(|each| of_work(each))?;
    let baseline = baseline.against.clone();
    let mut targets: Vec<String> = Vec::new();
    for target in files.iter().flat_map(|file| &file.targets) {
        if target.name != *baseline && !targets.contains(&target.name.to_string()) {
            targets.push(target.name.to_string());
        }
    }
    let row = |(name, file): (&String, &&Results)| Row {
        name: name.clone(),
        cells: targets.iter().map(|target| cell(file, target)).collect(),
        why: why(file, messages).unwrap_or_default(),
        missing: file
            .targets
            .iter()
            .filter_map(|target| missing(file, target, messages))
            .collect(),
    };
    let names = labels(&files, messages);
    let rows = names.iter().zip(&files).map(row).collect();
    Some(Performance {
        files: names.into_iter().zip(files).collect(),
        baseline: baseline.to_string(),
        targets,
        rows,
    })
}

fn of_work(comparison: &Comparison) -> bool {
    comparison.metric == *WORK
}

/// What kernel and processor do in a program of isolab's; it differs where KVM emulates the guest kernel.
fn why(file: &Results, messages: &Messages) -> Option<String> {
    let kvm = match file.host.kvm_kind {
        KvmKind::EmulatedKernelMode => "emulated",
        KvmKind::Hardware | KvmKind::None => "hardware",
    };
    messages.known(&format!("speed-{}", file.workload.name), &[("kvm", kvm.into())])
}

fn cell(file: &Results, target: &str) -> String {
    let Some(compared) = file.comparison_of(target, WORK) else {
        return "–".to_owned();
    };
    let ratio = units::factor(compared.ratio);
    match compared.interval {
        None => ratio,
        Some(interval) => format!(
            "{ratio} ({}–{})",
            units::factor(interval.low),
            units::factor(interval.high)
        ),
    }
}

/// Why a target has no figure, where it has none.
fn missing(file: &Results, target: &Target, messages: &Messages) -> Option<String> {
    if file.metric_of(&target.name, WORK).is_some() {
        return None;
    }
    let failed = || file.samples.of(&target.name).find_map(|sample| sample.error);
    let reason = target.unavailable.clone().or_else(failed);
    let reason = reason.map_or_else(
        || messages.get("chart-no-figure"),
        |reason| messages.say("reason", &reason),
    );
    Some(format!("{}: {reason}", messages.name("target", &target.name)))
}

impl Performance<'_> {
    pub(crate) fn chart(&self, messages: &Messages, colors: &TargetColors) -> Chart {
        speed::performance(&self.files, &self.baseline, messages, colors)
    }

    /// Titles, then one row a program: its name, one cell a target, and what happens, with the reasons for what is missing.
    pub(crate) fn table(&self, messages: &Messages) -> Vec<Vec<String>> {
        let targets = self.targets.iter().map(|target| messages.name("target", target));
        let (first, last) = (messages.get("performance-program"), messages.get("performance-why"));
        let titles = [first].into_iter().chain(targets).chain([last]).collect();
        let row = |row: &Row| {
            let why = [&row.why].into_iter().chain(&row.missing);
            let why: Vec<&str> = why.map(String::as_str).filter(|text| !text.is_empty()).collect();
            let cells = [row.name.clone()].into_iter().chain(row.cells.iter().cloned());
            cells.chain([why.join(" ")]).collect()
        };
        [titles].into_iter().chain(self.rows.iter().map(row)).collect()
    }
}
