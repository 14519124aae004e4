//! The raw figures as CSV (RFC 4180), for spreadsheets and statistics programs: one line per run, one per phase, and one per
//! figure of instances apart from the runs.

use crate::model::{Name, Results, Sample, Scope};
use crate::render::chart::labels as labels_of;
use crate::render::messages::{Lang, Messages};
use ::csv::{Error, Writer};

/// One line per run. Empty fields are figures that were not taken.
pub(crate) fn runs(files: &[Results]) -> Result<Vec<u8>, Error> {
    let metrics = metrics(files);
    let mut writer = Writer::from_writer(Vec::new());
    let before = ["file", "label", "workload", "target", "run", "round"].map(str::to_owned);
    let after = ["exit_code", "checksum", "vm_exits", "error"].map(str::to_owned);
    let named = metrics.iter().map(|id| text(id));
    writer.write_record(before.into_iter().chain(named).chain(after))?;
    let english = Messages::new(Lang::En);
    for ((index, file), label) in files.iter().enumerate().zip(&labels(files)) {
        for sample in &file.samples {
            let of = [(index + 1).to_string(), text(label), text(&file.workload.name)];
            writer.write_record(run(of, &sample, &metrics, &english))?;
        }
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// Every metric of the files' runs, each once, in the order of the first file that has it.
fn metrics(files: &[Results]) -> Vec<Name> {
    let mut metrics: Vec<Name> = Vec::new();
    for definition in files.iter().flat_map(|file| &file.metrics) {
        if definition.scope == Scope::Run && !metrics.contains(&definition.id) {
            metrics.push(definition.id.clone());
        }
    }
    metrics
}

/// A run's line, which begins with what it is `of`: the file, what tells that from others, the workload.
fn run(of: [String; 3], sample: &Sample, metrics: &[Name], english: &Messages) -> Vec<String> {
    let exits = sample
        .vm_exits
        .iter()
        .map(|(reason, count)| format!("{reason}={count}"));
    let error = sample.error.as_ref().map(|error| english.say("reason", error));
    let own = [text(&sample.target), sample.run.to_string(), sample.round.to_string()];
    let after = [
        sample.exit_code.to_string(),
        text(sample.checksum.as_deref().unwrap_or_default()),
        text(&exits.collect::<Vec<_>>().join(";")),
        text(error.as_deref().unwrap_or_default()),
    ];
    let figures = metrics.iter().map(|id| optional(sample.metric(id)));
    of.into_iter().chain(own).chain(figures).chain(after).collect()
}

/// One line per figure that was taken apart from the runs, or is missing.
pub(crate) fn instances(files: &[Results]) -> Result<Vec<u8>, Error> {
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record([
        "file", "workload", "target", "look", "alive", "metric", "figure", "low", "high", "missing",
    ])?;
    let english = Messages::new(Lang::En);
    for (index, file) in files.iter().enumerate() {
        for (look, instance) in file.instances.iter().enumerate() {
            let mut line = |id: &Name, figure: Option<f64>, missing: &str| {
                let interval = instance.intervals.get(id);
                writer.write_record([
                    (index + 1).to_string(),
                    text(&file.workload.name),
                    text(&instance.target),
                    look.to_string(),
                    optional(instance.alive),
                    text(id),
                    optional(figure),
                    optional(interval.map(|interval| interval.low)),
                    optional(interval.map(|interval| interval.high)),
                    text(missing),
                ])
            };
            instance
                .metrics
                .iter()
                .try_for_each(|(id, figure)| line(id, Some(figure), ""))?;
            let mut missing = instance.missing.iter();
            missing.try_for_each(|(id, why)| line(id, None, &english.say("reason", why)))?;
        }
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// One line per metric of each target in each file: its summary, and how it compares with its baseline.
pub(crate) fn summaries(files: &[Results]) -> Result<Vec<u8>, Error> {
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record([
        "file",
        "label",
        "workload",
        "target",
        "metric",
        "unit",
        "n",
        "value",
        "p5",
        "p95",
        "low",
        "high",
        "against",
        "ratio",
        "ratio_low",
        "ratio_high",
        "p_value",
    ])?;
    let labels = labels(files);
    for (index, (file, label)) in files.iter().zip(&labels).enumerate() {
        for summary in &file.summary {
            for (id, figures) in &summary.metrics {
                let unit = file
                    .definition(id)
                    .map(|definition| String::from(definition.unit.clone()));
                let compared = file.comparison_of(&summary.target, id);
                let (own, ratio) = (figures.interval, compared.and_then(|compared| compared.interval));
                writer.write_record([
                    (index + 1).to_string(),
                    text(label),
                    text(&file.workload.name),
                    text(&summary.target),
                    text(id),
                    text(&unit.unwrap_or_default()),
                    figures.n.to_string(),
                    figures.value.to_string(),
                    optional(figures.p5),
                    optional(figures.p95),
                    optional(own.map(|interval| interval.low)),
                    optional(own.map(|interval| interval.high)),
                    text(compared.map_or("", |compared| &compared.against)),
                    optional(compared.map(|compared| compared.ratio)),
                    optional(ratio.map(|interval| interval.low)),
                    optional(ratio.map(|interval| interval.high)),
                    optional(compared.and_then(|compared| compared.p_value)),
                ])?;
            }
        }
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// What tells each file from the others, in English; nothing where there is one.
fn labels(files: &[Results]) -> Vec<String> {
    match files {
        [_] => vec![String::new()],
        files => labels_of(&files.iter().collect::<Vec<_>>(), &Messages::new(Lang::En)),
    }
}

/// One line per phase of every run, in order.
pub(crate) fn phases(files: &[Results]) -> Result<Vec<u8>, Error> {
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record(["file", "target", "run", "step", "phase", "ms"])?;
    for (index, file) in files.iter().enumerate() {
        for sample in &file.samples {
            for (step, phase) in sample.phases.iter().enumerate() {
                let (target, name) = (text(&sample.target), text(&phase.name));
                let numbers = [
                    (index + 1).to_string(),
                    sample.run.to_string(),
                    step.to_string(),
                    phase.ms.to_string(),
                ];
                let [file, run, step, ms] = &numbers;
                writer.write_record([file, &target, run, step, &name, ms])?;
            }
        }
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

fn optional<T: ToString>(figure: Option<T>) -> String {
    figure.map_or_else(String::new, |figure| figure.to_string())
}

/// Text that a spreadsheet takes for text: it would compute what begins like a formula (OWASP, "CSV Injection").
fn text(value: &str) -> String {
    let formula = value.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if formula { format!("'{value}") } else { value.to_owned() }
}
