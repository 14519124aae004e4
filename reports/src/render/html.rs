//! A report as one HTML file: no network, no other files, charts inline as SVG with real text.
//!
//! It reads without its script, which only sorts tables. Everything from a results file goes through maud's escaping or the
//! SVG writer's; a content security policy forbids whatever could slip through to load anything.

use crate::render::chart::{Chart, ChartError};
use crate::render::notes::{Note, Weight};
use crate::render::table::{Cell, Row, Table};
use crate::render::view::{FileView, Labels, View};
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/sort.js");
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The whole document.
pub(crate) fn render(view: &View) -> Result<String, ChartError> {
    let labels = &view.labels;
    let across = charts(&view.across, labels)?;
    let files = view
        .files
        .iter()
        .enumerate()
        .map(|(index, file)| file_section(file, index + 1, labels));
    let files = files.collect::<Result<Vec<Markup>, ChartError>>()?;
    let document = html! {
        (DOCTYPE)
        html lang=(view.lang.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="color-scheme" content="light dark";
                title { (view.title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header { h1 { (view.title) } }
                main {
                    @if view.files.len() > 1 {
                        nav aria-label=(labels.contents) {
                            ul {
                                li { a href="#across" { (labels.across) } }
                                @for (index, file) in view.files.iter().enumerate() {
                                    li { a href={ "#file-" (index + 1) } { (file.label) } }
                                }
                            }
                        }
                        section id="across" {
                            h2 { (labels.across) }
                            (notes(&view.notes, labels))
                            (across)
                        }
                    }
                    @for file in &files { (file) }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    Ok(document.into_string())
}

fn file_section(file: &FileView, number: usize, labels: &Labels) -> Result<Markup, ChartError> {
    let charts = charts(&file.charts, labels)?;
    Ok(html! {
        section id={ "file-" (number) } {
            @if !file.label.is_empty() { h2 { (file.label) } }
            p { (file.heading) }
            (table(&file.table, labels))
            h3 { (labels.notes) }
            (notes(&file.notes, labels))
            h3 { (labels.charts) }
            (charts)
            h3 { (labels.method) }
            dl {
                @for entry in &file.method {
                    dt { (entry.term) }
                    @for text in &entry.texts { dd { (text) } }
                }
            }
        }
    })
}

fn table(table: &Table, labels: &Labels) -> Markup {
    html! {
        div.scroll role="region" aria-label=(labels.comparison) tabindex="0" {
            table.comparison {
                caption { (labels.comparison) }
                thead {
                    tr {
                        @for column in &table.columns {
                            th scope="col" { button type="button" title=(labels.sort) { (column.title) } }
                        }
                    }
                }
                tbody { @for row in &table.rows { (table_row(row)) } }
            }
        }
        details open {
            summary { (labels.columns) }
            dl { @for column in &table.columns { dt { (column.title) } dd { (column.meaning) } } }
        }
    }
}

fn table_row(row: &Row) -> Markup {
    // A browser would break an interval at its dash; word joiners (U+2060) forbid that.
    let joined = |text: &str| text.replace('–', "\u{2060}–\u{2060}");
    let content =
        |cell: &Cell| html! { span.main { (cell.main) } @if !cell.sub.is_empty() { span.sub { (joined(&cell.sub)) } } };
    html! {
        tr.unavailable[!row.available] {
            @for (index, cell) in row.cells.iter().enumerate() {
                @if index == 0 {
                    th scope="row" { (content(cell)) }
                } @else {
                    // Rust prints a float so that it reads back the same, and JavaScript reads that form.
                    td data-order=[cell.order.filter(|order| order.is_finite())] { (content(cell)) }
                }
            }
        }
    }
}

fn notes(notes: &[Note], labels: &Labels) -> Markup {
    html! {
        ul.notes {
            @for note in notes {
                @if note.weight != Weight::Remark {
                    li.warning { strong { (labels.warning) } " " (note.text) }
                } @else {
                    li { (note.text) }
                }
            }
        }
    }
}

fn charts(charts: &[Chart], labels: &Labels) -> Result<Markup, ChartError> {
    let figures = charts.iter().map(|chart| {
        let svg = chart.svg()?;
        let (header, rows) = chart.figures();
        Ok(html! {
            figure id=(chart.id) {
                div.scroll role="region" aria-label=(chart.title) tabindex="0" { (PreEscaped(svg)) }
                details {
                    summary { (labels.figures) }
                    div.scroll role="region" aria-label=(labels.figures) tabindex="0" {
                        table {
                            thead { tr { @for text in &header { th scope="col" { (text) } } } }
                            tbody {
                                @for row in &rows {
                                    tr { @for text in row { td { (text) } } }
                                }
                            }
                        }
                    }
                }
            }
        })
    });
    let figures = figures.collect::<Result<Vec<Markup>, ChartError>>()?;
    Ok(html! { @for figure in &figures { (figure) } })
}
