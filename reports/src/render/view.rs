//! The one model that every format renders: what a report on some results files says, in a language, without any markup.

use crate::analysis::headline;
use crate::metrics;
use crate::model::Results;
use crate::render::chart::{self, Chart, TargetColors};
use crate::render::density;
use crate::render::headline::sentence;
use crate::render::messages::{Lang, Messages, clean};
use crate::render::method::{self, Entry};
use crate::render::notes::{self, Note, Weight};
use crate::render::performance;
use crate::render::reference;
use crate::render::table::{self, Table};
use crate::render::units::{self, NO_BREAK};

/// A report.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct View {
    pub lang: Lang,
    pub title: String,
    pub files: Vec<FileView>,
    /// Over all files; empty when there is one.
    pub across: Vec<Chart>,
    /// Programs against the baseline, with what happens in each: titles, then one row a program; empty where there are no such programs.
    pub performance: Vec<Vec<String>>,
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
    /// What came out; empty where nothing did.
    pub headline: String,
    /// What was measured, how often, where.
    pub heading: String,
    pub caveat: Option<Caveat>,
    pub cards: Vec<Card>,
    pub table: Table,
    pub notes: Vec<Note>,
    pub charts: Vec<Chart>,
    pub method: Vec<Entry>,
}

/// What a reader must know first, in a sentence, and how many other notes there are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Caveat {
    pub text: String,
    pub more: String,
}

/// A metric's figures in large type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Card {
    pub title: String,
    /// What the figures are compared with; empty where they are not.
    pub compared: String,
    /// Figure, target.
    pub figures: Vec<(String, String)>,
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
        let colors = TargetColors::new(files);
        let labels = if several {
            chart::labels(&files.iter().collect::<Vec<_>>(), &messages)
        } else {
            vec![String::new(); files.len()]
        };
        let file_view = |(index, (file, label)): (usize, (&Results, String))| {
            let source = chart::Source {
                results: file,
                messages: &messages,
                colors: &colors,
            };
            let mut charts = chart::of_file(&source);
            let notes = notes::notes(file, &messages);
            if several {
                // Ids are file names: every file's charts have their own.
                charts = charts
                    .into_iter()
                    .map(|chart| chart.under(&(index + 1).to_string()))
                    .collect();
            }
            FileView {
                label: if several {
                    format!("{}. {label}", index + 1)
                } else {
                    label
                },
                headline: sentence(file, &messages)
                    .or_else(|| density::sentence(file, &messages))
                    .unwrap_or_default(),
                heading: heading(file, &messages),
                caveat: caveat(&notes, &messages),
                cards: cards(file, &messages),
                table: table::table(file, &messages),
                notes,
                charts,
                method: method::entries(file, &messages),
            }
        };
        View {
            lang,
            title: title(files, &messages),
            across: if several {
                chart::of_files(files, &messages, &colors)
            } else {
                Vec::new()
            },
            performance: performance::performance(files, &messages)
                .map_or_else(Vec::new, |found| found.table(&messages)),
            notes: if several {
                differences(files, &messages)
            } else {
                Vec::new()
            },
            labels: Labels::new(&messages),
            files: files.iter().zip(labels).enumerate().map(file_view).collect(),
        }
    }

    /// Every chart, in the order of the report; before those of each file, its first three in one.
    pub(crate) fn charts(&self) -> Vec<Chart> {
        let mut charts = self.across.clone();
        for (index, file) in self.files.iter().enumerate() {
            charts.extend(chart::overview(&file.charts).map(|overview| match self.files.len() {
                1 => overview,
                _ => overview.under(&(index + 1).to_string()),
            }));
            charts.extend(file.charts.iter().cloned());
        }
        charts
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

/// More programs than this are counted in the title, not named.
const MOST_NAMES: usize = 4;

fn title(files: &[Results], messages: &Messages) -> String {
    let mut names: Vec<String> = files.iter().map(|file| clean(&file.workload.name)).collect();
    names.dedup();
    if names.len() > MOST_NAMES {
        return messages.with("report-title-many", &[("count", names.len().into())]);
    }
    messages.with("report-title", &[("workload", names.join(", ").into())])
}

/// The most weighty note in a sentence.
fn caveat(notes: &[Note], messages: &Messages) -> Option<Caveat> {
    let weighty: Vec<&Note> = notes.iter().filter(|note| note.weight != Weight::Remark).collect();
    let first = weighty.first()?;
    let more = weighty.len() - 1;
    Some(Caveat {
        text: first.short().to_owned(),
        more: match more {
            0 if first.short().len() + 1 >= first.text.len() => String::new(),
            0 => messages.get("table-more-here"),
            more => messages.with("caveat-more", &[("count", more.into())]),
        },
    })
}

/// Start-up, memory and image in large type: how many times the baseline's each is, of the first two other targets; or the
/// figure itself where there is one target.
fn cards(results: &Results, messages: &Messages) -> Vec<Card> {
    let card = |id: &str| {
        let title = messages.metric_name(id);
        let clauses = headline::clauses(results, id);
        let compared = reference::name(results, id, "noun", messages);
        if let Some(baseline) = compared.filter(|_| !clauses.is_empty()) {
            let figure =
                |clause: &headline::Clause| (units::ratio(clause.ratio), messages.name("target", &clause.target));
            return Some(Card {
                title,
                compared: messages.with("label-compared", &[("baseline", baseline.into())]),
                figures: clauses.iter().take(2).map(figure).collect(),
            });
        }
        let definition = results.definition(id)?;
        let scale = table::scale(results, definition);
        let own = |target: &crate::model::Target| {
            let figures = results.metric_of(&target.name, id)?;
            Some((
                scale.format_with_unit(figures.value),
                messages.name("target", &target.name),
            ))
        };
        Some(Card {
            title,
            compared: String::new(),
            figures: vec![results.targets.iter().find_map(own)?],
        })
    };
    ["ready_ms", metrics::memory(results), "image_bytes"]
        .into_iter()
        .filter_map(card)
        .collect()
}

/// What was measured, how often, where.
pub(crate) fn heading(results: &Results, messages: &Messages) -> String {
    let workload = match &results.against {
        Some(against) => {
            let names = [
                ("a", clean(&against.name).into()),
                ("b", clean(&results.workload.name).into()),
            ];
            messages.with("heading-versions", &names)
        }
        None => clean(&results.workload.name),
    };
    let arguments = [
        ("workload", workload.into()),
        ("runs", results.config.runs.into()),
        ("warmup", results.config.warmup.into()),
        ("cpu", clean(&results.host.cpu_model).into()),
        ("kernel", clean(&results.host.kernel).into()),
    ];
    let id = match results.density.is_empty() {
        true => "table-heading",
        false => "heading-density",
    };
    let heading = messages.with(id, &arguments);
    let given = method::given(&results.workload, messages);
    [heading].into_iter().chain(given).collect::<Vec<_>>().join(". ")
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
