//! The figures of a report as JSON, for other programs: the summaries of the results files without their samples.

use crate::analysis::headline::{Headline, headline};
use crate::model::{self, Comparison, Definition, Diff, Host, ImagePart, Message, Results, Summary};
use crate::render::notes::{Note, Weight};
use crate::render::view::{View, plain};
use serde::Serialize;

/// The schema name of the document.
const SCHEMA: &str = "isolab-summary/2";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    title: String,
    files: Vec<File<'a>>,
}

#[derive(Serialize)]
struct File<'a> {
    workload: &'a str,
    workload_sha256: &'a str,
    host: &'a Host,
    runs: u32,
    warmup: u32,
    /// The parts of the sentence that says what came out.
    headline: Option<Headline>,
    metrics: &'a [Definition],
    targets: Vec<Target<'a>>,
    comparisons: &'a [Comparison],
    diff: Option<&'a Diff>,
    warnings: &'a [Message],
    /// In the report's language.
    notes: Vec<Text>,
}

#[derive(Serialize)]
struct Target<'a> {
    name: &'a str,
    version: &'a str,
    unavailable: Option<&'a Message>,
    image: &'a [ImagePart],
    summary: Option<&'a Summary>,
}

#[derive(Serialize)]
struct Text {
    warning: bool,
    text: String,
}

pub(crate) fn render(files: &[Results], view: &View) -> Result<String, serde_json::Error> {
    let files = files
        .iter()
        .zip(&view.files)
        .map(|(results, shown)| file(results, &shown.notes))
        .collect();
    let document = Document {
        schema: SCHEMA,
        title: plain(&view.title),
        files,
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn file<'a>(results: &'a Results, notes: &[Note]) -> File<'a> {
    let text = |note: &Note| Text {
        warning: note.weight != Weight::Remark,
        text: plain(&note.text),
    };
    File {
        workload: &results.workload.name,
        workload_sha256: &results.workload.sha256,
        host: &results.host,
        runs: results.config.runs,
        warmup: results.config.warmup,
        headline: headline(results),
        metrics: &results.metrics,
        targets: results.targets.iter().map(|each| target(results, each)).collect(),
        comparisons: &results.comparisons,
        diff: results.diff.as_ref(),
        warnings: &results.warnings,
        notes: notes.iter().map(text).collect(),
    }
}

fn target<'a>(results: &'a Results, target: &'a model::Target) -> Target<'a> {
    Target {
        name: &target.name,
        version: &target.version,
        unavailable: target.unavailable.as_ref(),
        image: &target.image,
        summary: results.summary_of(&target.name),
    }
}
