//! A report as one HTML file: no network, no other files, charts inline as SVG with real text.
//!
//! What came out stands first, then the figures and charts that show it; the whole table and how it was measured are folded
//! below, and open in print. It reads without its script, which sorts tables and opens what is folded for printers. Everything from
//! a results file goes through maud's escaping; a content security policy forbids whatever could slip through to load anything.

use crate::render::chart::{Canvas, Chart};
use crate::render::notes::{Note, Weight};
use crate::render::table::{Cell, Row, Table};
use crate::render::view::{Card, Caveat, FileView, Labels, View};
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/report.js");
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The whole document.
pub(crate) fn render(view: &View) -> String {
    let labels = &view.labels;
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
                @if let [file] = view.files.as_slice() {
                    main { section { (file_section(file, 1, labels)) } }
                } @else {
                    header { h1 { (view.title) } }
                    main {
                        nav aria-label=(labels.contents) {
                            ul {
                                @for (index, file) in view.files.iter().enumerate() {
                                    li { a href={ "#file-" (index + 1) } { (file.label) } p { (unbroken(&file.headline)) } }
                                }
                            }
                        }
                        section id="across" {
                            h2 { (labels.across) }
                            (notes(&view.notes, labels))
                            @for chart in &view.across {
                                (figure(chart, chart.heading(), Room::Whole, labels))
                                @if chart.id == "performance" { (performance(&view.performance)) }
                            }
                        }
                        @for (index, file) in view.files.iter().enumerate() {
                            section id={ "file-" (index + 1) } { (file_section(file, index + 1, labels)) }
                        }
                    }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    document.into_string()
}

fn file_section(file: &FileView, number: usize, labels: &Labels) -> Markup {
    let first = |id: &str| {
        let own = |chart: &&Chart| chart.id == id || chart.id == format!("{number}-{id}");
        file.charts.iter().find(own)
    };
    let start = first("startup-phases").or_else(|| first("density-memory"));
    let (memory, image) = (first("memory"), first("image-size"));
    let shown = [start, memory, image];
    let others = || file.charts.iter().filter(|chart| !shown.contains(&Some(chart)));
    let headline = if file.headline.is_empty() {
        &file.heading
    } else {
        &file.headline
    };
    html! {
        @if file.label.is_empty() {
            h1 { (unbroken(headline)) }
        } @else {
            h2 { (file.label) }
            p.headline { (unbroken(headline)) }
        }
        @if let Some(caveat) = &file.caveat { (caveat_line(caveat, number, labels)) }
        (cards(&file.cards))
        // The headline is what came out of this one.
        @if let Some(chart) = start { (figure(chart, &chart.title, Room::Whole, labels)) }
        div.pair {
            @for chart in [memory, image].into_iter().flatten() { (figure(chart, chart.heading(), Room::Half, labels)) }
        }
        @if others().next().is_some() {
            h3 { (labels.charts) }
            @for chart in others() { (figure(chart, chart.heading(), Room::Whole, labels)) }
        }
        h3 id={ "notes-" (number) } { (labels.notes) }
        (notes(&file.notes, labels))
        details {
            summary { (labels.comparison) }
            (table(&file.table, labels))
        }
        details {
            summary { (labels.columns) }
            dl { @for column in &file.table.columns { dt { (column.title) } dd { (column.meaning) } } }
        }
        details {
            summary { (labels.method) }
            p { (file.heading) }
            dl {
                @for entry in &file.method {
                    dt { (entry.term) }
                    @for text in &entry.texts { dd { (text) } }
                }
            }
        }
    }
}

fn caveat_line(caveat: &Caveat, number: usize, labels: &Labels) -> Markup {
    html! {
        p.caveat {
            strong { (labels.warning) } " " (caveat.text)
            @if !caveat.more.is_empty() { " " a href={ "#notes-" (number) } { (caveat.more) } }
        }
    }
}

fn cards(cards: &[Card]) -> Markup {
    html! {
        div.cards {
            @for card in cards {
                div.card {
                    h3 { (card.title) }
                    div.figures {
                        @for (figure, name) in &card.figures { p { span.large { (figure) } " " span.name { (unbroken(name)) } } }
                    }
                }
            }
        }
        @if let Some(card) = cards.iter().find(|card| !card.compared.is_empty()) { p.compared { (card.compared) } }
    }
}

fn table(table: &Table, labels: &Labels) -> Markup {
    html! {
        div.scroll role="region" aria-label=(labels.comparison) tabindex="0" {
            table.comparison {
                thead {
                    tr {
                        @for column in &table.columns {
                            th scope="col" { button type="button" title=(labels.sort) { (column.title) } }
                        }
                    }
                }
                tbody { @for row in &table.rows { (table_row(table, row)) } }
            }
        }
    }
}

/// A browser would break an interval at its dash, and `micro-VM` at its hyphen; word joiners (U+2060) forbid that.
fn unbroken(text: &str) -> String {
    text.replace('–', "\u{2060}–\u{2060}").replace('-', "-\u{2060}")
}

/// What happens in each program. Its last column is prose.
fn performance(rows: &[Vec<String>]) -> Markup {
    let (titles, rows) = rows
        .split_first()
        .map_or((&[][..], rows), |(titles, rows)| (titles, rows));
    html! {
        div.scroll {
            table.performance {
                thead { tr { @for title in titles { th scope="col" { (unbroken(title)) } } } }
                tbody {
                    @for row in rows {
                        tr { @for (text, title) in row.iter().zip(titles) { td data-title=(title) { (text) } } }
                    }
                }
            }
        }
    }
}

fn table_row(table: &Table, row: &Row) -> Markup {
    let content = |cell: &Cell| html! { span.main { (cell.main) } @if !cell.sub.is_empty() { span.sub { (unbroken(&cell.sub)) } } };
    html! {
        tr.unavailable[!row.available] {
            @for (index, (cell, column)) in row.cells.iter().zip(&table.columns).enumerate() {
                @if index == 0 {
                    th scope="row" { (content(cell)) }
                } @else {
                    // Rust prints a float so that it reads back the same, and JavaScript reads that form. On a phone, where
                    // there is no line of titles, each cell has its own.
                    td data-order=[cell.order.filter(|order| order.is_finite())] data-title=(column.title) { (content(cell)) }
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

/// How much of the page's width a chart has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    Whole,
    Half,
}

/// A chart with its texts around it. One over the whole width is drawn twice, and the page shows what fits the screen.
fn figure(chart: &Chart, heading: &str, room: Room, labels: &Labels) -> Markup {
    let (header, rows) = chart.figures();
    html! {
        figure id=(chart.id) {
            figcaption {
                h3 { (unbroken(heading)) }
                p { (chart.subtitle) }
            }
            @if room == Room::Whole {
                div.wide { (PreEscaped(chart.svg_on(&Canvas::PAGE))) }
                div.narrow { (PreEscaped(chart.svg_on(&Canvas::PHONE))) }
            } @else {
                (PreEscaped(chart.svg_on(&Canvas::HALF)))
            }
            p.footer { (chart.footer) }
            details.data {
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
    }
}
