//! The one model that every format renders: what a report on some results files says, in a language, without any markup.

use crate::model::Results;
use crate::render::chart::{self, Chart};
use crate::render::messages::{Lang, Messages, clean};
use crate::render::method::{self, Entry};
use crate::render::notes::{self, Note, Weight};
use crate::render::table::{self, Table};
use crate::render::units::NO_BREAK;

/// A report.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct View {
    pub lang: Lang,
    pub title: String,
    pub files: Vec<FileView>,
    /// Over all files; empty when there is one.
    pub across: Vec<Chart>,
    /// About the files together.
    pub notes: Vec<Note>,
    /// Texts that only formats with structure need.
    pub labels: Labels,
}

/// What a report says about one results file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FileView {
    /// Tells it from the other files; empty when there is one.
    pub label: String,
    pub heading: String,
    pub table: Table,
    pub notes: Vec<Note>,
    pub charts: Vec<Chart>,
    pub method: Vec<Entry>,
}

/// Headings and captions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Labels {
    pub comparison: String,
    pub columns: String,
    pub notes: String,
    pub charts: String,
    pub method: String,
    pub across: String,
    pub figures: String,
    pub sort: String,
    pub contents: String,
    pub warning: String,
}

impl View {
    pub(crate) fn new(files: &[Results], lang: Lang) -> View {
        let messages = Messages::new(lang);
        let several = files.len() > 1;
        let labels = if several {
            chart::labels(files, &messages)
        } else {
            vec![String::new(); files.len()]
        };
        let file_view = |(index, (file, label)): (usize, (&Results, String))| {
            let mut charts = chart::of_file(file, &messages);
            if several {
                // Ids are file names: every file's charts have their own.
                charts
                    .iter_mut()
                    .for_each(|chart| chart.id = format!("{}-{}", index + 1, chart.id));
            }
            FileView {
                label: if several {
                    format!("{}. {label}", index + 1)
                } else {
                    label
                },
                heading: heading(file, &messages),
                table: table::table(file, &messages),
                notes: notes::notes(file, &messages),
                charts,
                method: method::entries(file, &messages),
            }
        };
        View {
            lang,
            title: title(files, &messages),
            across: if several {
                chart::of_files(files, &messages)
            } else {
                Vec::new()
            },
            notes: if several {
                differences(files, &messages)
            } else {
                Vec::new()
            },
            labels: Labels::new(&messages),
            files: files.iter().zip(labels).enumerate().map(file_view).collect(),
        }
    }

    /// Every chart, in the order of the report.
    pub(crate) fn charts(&self) -> impl Iterator<Item = &Chart> {
        self.across
            .iter()
            .chain(self.files.iter().flat_map(|file| &file.charts))
    }
}

impl Labels {
    fn new(messages: &Messages) -> Labels {
        Labels {
            comparison: messages.get("label-comparison"),
            columns: messages.get("label-columns"),
            notes: messages.get("label-notes"),
            charts: messages.get("label-charts"),
            method: messages.get("label-method"),
            across: messages.get("label-across"),
            figures: messages.get("label-figures"),
            sort: messages.get("label-sort"),
            contents: messages.get("label-contents"),
            warning: messages.get("label-warning"),
        }
    }
}

fn title(files: &[Results], messages: &Messages) -> String {
    let mut names: Vec<String> = files.iter().map(|file| clean(&file.workload.name)).collect();
    names.dedup();
    messages.with("report-title", &[("workload", names.join(", ").into())])
}

/// What was measured, how often, where.
pub(crate) fn heading(results: &Results, messages: &Messages) -> String {
    let arguments = [
        ("workload", clean(&results.workload.name).into()),
        ("runs", results.config.runs.into()),
        ("warmup", results.config.warmup.into()),
        ("cpu", clean(&results.host.cpu_model).into()),
        ("kernel", clean(&results.host.kernel).into()),
    ];
    messages.with("table-heading", &arguments)
}

fn differences(files: &[Results], messages: &Messages) -> Vec<Note> {
    let found = chart::differences(files, messages);
    let text = match found.len() {
        0 => messages.get("note-same-conditions"),
        _ => messages.with("note-differences", &[("list", found.join("; ").into())]),
    };
    vec![Note {
        weight: Weight::Remark,
        text,
    }]
}

/// Text for media in which a no-break space would only be in the way of searching.
pub(crate) fn plain(text: &str) -> String {
    text.replace(NO_BREAK, " ")
}
