//! The comparison on a terminal: what came out in one sentence, one line a target, one line a warning. What the columns mean
//! ([`legend_in`]) and every figure there is ([`details_in`]) are for those who ask.

use super::lines::{self, Column};
use super::messages::{Lang, Messages};
use super::notes::{self, Weight};
use super::performance::performance;
use super::scale::Scale;
use super::table::{self, Content};
use super::{diff, headline, method, reference, units, view};
use crate::metrics::{self, Place};
use crate::model::{Definition, Distribution, Results, Target};
use unicode_width::UnicodeWidthStr;

/// How the table is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableStyle {
    /// Colour by ANSI escape sequences: for a terminal, when NO_COLOR is not set.
    pub color: bool,
    /// Columns to fit into; fewer than 40 are taken as 40.
    pub width: usize,
}

/// The longest bar.
const BAR: usize = 20;
/// A shorter one than this says nothing.
const SHORTEST_BAR: usize = 6;
/// More metrics of a program than this are lines of their own, not columns.
const MOST_OWN_COLUMNS: usize = 2;
/// The longest name of a target; a longer one is cut.
const LONGEST_NAME: usize = 20;
const BOLD: &str = "1";
const FAINT: &str = "2";
const YELLOW: &str = "33";
/// What stands where there is no figure.
const NONE: &str = "–";

/// The comparison in English, ending in a newline.
pub fn render(results: &Results, style: TableStyle) -> String {
    render_in(results, style, Lang::En)
}

/// The comparison in a language, ending in a newline.
pub fn render_in(results: &Results, style: TableStyle, lang: Lang) -> String {
    let messages = Messages::new(lang);
    let mut page = Page::new(style);
    if let Some(sentence) = headline::sentence(results, &messages) {
        page.paragraph("", &sentence, BOLD);
        page.text.push('\n');
    }
    let width = page.width;
    page.rows(&columns(results, width, &messages), |row| {
        results.targets[row].unavailable.is_some()
    });
    page.text.push('\n');
    let own = metrics::of_program(results);
    if own.len() > MOST_OWN_COLUMNS {
        let names = own.iter().map(|definition| titled(results, definition, &messages));
        let figures = |target: &Target| {
            own.iter()
                .map(|definition| figure(results, target, definition))
                .collect()
        };
        page.metrics(results, names.collect(), &figures, &messages);
    }
    for note in notes::notes(results, &messages) {
        match note.weight {
            Weight::Failure => page.paragraph("! ", &note.text, YELLOW),
            Weight::Warning => page.line(&note, &messages.get("table-more")),
            Weight::Remark => {}
        }
    }
    page.paragraph("", &view::heading(results, &messages), FAINT);
    page.text
}

/// What the figures are, in a language, ending in a newline.
pub fn legend_in(results: &Results, style: TableStyle, lang: Lang) -> String {
    let messages = Messages::new(lang);
    let mut page = Page::new(style);
    let columns = table::table(results, &messages).columns;
    for column in &columns {
        page.paragraph(&format!("{}: ", column.title), &column.meaning, "");
    }
    let in_table = |definition: &&Definition| {
        columns
            .iter()
            .any(|column| matches!(&column.content, Content::Metric(own, _) if own == *definition))
    };
    for definition in results.metrics.iter().filter(|definition| !in_table(definition)) {
        if let Some((name, meaning)) =
            messages.metric(&definition.id, &[("ready", method::mark(results, &messages).into())])
        {
            page.paragraph(&format!("{name}: "), &meaning, "");
        }
    }
    page.text
}

/// Every figure there is, one line a metric, then all notes in full and which figures are missing, and why; in a language,
/// ending in a newline.
pub fn details_in(results: &Results, style: TableStyle, lang: Lang) -> String {
    let messages = Messages::new(lang);
    let mut page = Page::new(style);
    let figures = |target: &Target| figures(results, target);
    page.metrics(results, details(results, &messages), &figures, &messages);
    for note in notes::notes(results, &messages) {
        page.paragraph(if note.weight == Weight::Remark { "" } else { "! " }, &note.text, "");
    }
    for missing in notes::missing(results) {
        page.paragraph("", &missing.text(&messages), "");
    }
    page.text
}

/// How fast the programs of several files work, relative to the first target, and what happens in each; empty where there are
/// not two such programs.
pub fn performance_in(files: &[Results], style: TableStyle, lang: Lang) -> String {
    let messages = Messages::new(lang);
    let Some(found) = performance(files, &messages) else {
        return String::new();
    };
    let mut page = Page::new(style);
    let baseline = messages.name("noun", &found.baseline);
    let title = messages.with("chart-performance-title", &[("baseline", baseline.into())]);
    page.paragraph("", &title, BOLD);
    page.text.push('\n');
    let rows = found.table(&messages);
    let Some((titles, rows)) = rows.split_first() else {
        return page.text;
    };
    let column = |index: usize| Column {
        title: titles[index].clone(),
        cells: rows.iter().map(|row| row[index].clone()).collect(),
        left: index == 0,
        rank: index as u32,
    };
    let mut columns: Vec<Column> = (0..=found.targets.len()).map(column).collect();
    lines::fit(&mut columns, page.width);
    page.rows(&columns, |_| false);
    page.text.push('\n');
    for row in &found.rows {
        let mark = format!("{}: ", row.name);
        if !row.why.is_empty() {
            page.paragraph(&mark, &row.why, "");
        }
        for missing in &row.missing {
            page.paragraph("! ", &format!("{mark}{missing}"), YELLOW);
        }
    }
    page.text
}

/// The columns that there is room for.
fn columns(results: &Results, width: usize, messages: &Messages) -> Vec<Column> {
    let memory = metrics::memory(results);
    let column = |title: String, rank: u32, cell: &dyn Fn(&Target) -> String| Column {
        title,
        cells: results.targets.iter().map(cell).collect(),
        left: false,
        rank,
    };
    let name = |target: &Target| lines::cut(&messages.name("target", &target.name), LONGEST_NAME);
    let mut columns = vec![Column {
        left: true,
        ..column(messages.get("column-target"), 0, &name)
    }];
    let own = metrics::of_program(results).len();
    for definition in &results.metrics {
        let shown = metrics::place(definition) == Place::Table || *definition.id == *memory;
        let own_line = own > MOST_OWN_COLUMNS && metrics::is_of_program(definition);
        // The total adds the end of an instance to its start-up; it is with the details.
        if !shown || own_line || definition.id == *"exit_ms" {
            continue;
        }
        let figures = |target: &Target| results.metric_of(&target.name, &definition.id);
        let scale = table::scale(results, definition);
        let value = |target: &Target| figures(target).map_or(NONE.to_owned(), |figures| scale.format(figures.value));
        let title = table::with_unit(&messages.metric_name(&definition.id), &scale.unit, messages);
        match &*definition.id {
            "ready_ms" => {
                columns.push(column(title, 0, &value));
                let range = |target: &Target| {
                    let ends = figures(target).and_then(|figures| figures.p5.zip(figures.p95));
                    ends.map_or(String::new(), |(low, high)| scale.range(low, high))
                };
                columns.push(column(messages.get("column-percentiles"), 4, &range));
                if results.against.is_some() {
                    columns.push(column(messages.get("column-verdict"), 1, &|target| {
                        let change = table::change(results, &target.name, "ready_ms");
                        change.map_or(String::new(), |change| {
                            format!(
                                "{} {}",
                                units::percent(change.ratio - 1.0),
                                diff::verdict(change, messages)
                            )
                        })
                    }));
                } else if reference::name(results, "ready_ms", "target", messages).is_some() {
                    columns.push(column(messages.get("column-times"), 1, &|target| {
                        ratio(results, target)
                    }));
                }
            }
            "image_bytes" => columns.push(column(title, 5, &value)),
            id if id == memory => columns.push(column(title, 3, &value)),
            _ => columns.push(column(title, 2, &value)),
        }
    }
    columns.retain(|column| column.rank == 0 || column.cells.iter().any(|cell| !cell.is_empty() && cell != NONE));
    lines::fit(&mut columns, width);
    bars(results, &mut columns, width);
    columns
}

/// Puts bars beside the start-ups, as long as there is room for.
fn bars(results: &Results, columns: &mut Vec<Column>, width: usize) {
    let ready: Vec<f64> = results
        .targets
        .iter()
        .map(|target| {
            results
                .metric_of(&target.name, "ready_ms")
                .map_or(0.0, |ready| ready.value)
        })
        .collect();
    let most = ready.iter().copied().filter(|ms| ms.is_finite()).fold(0.0, f64::max);
    let room = width.saturating_sub(lines::total(columns) + 2).min(BAR);
    let several = ready.iter().filter(|ms| **ms > 0.0).count() > 1;
    if room < SHORTEST_BAR || !several || columns.len() < 2 {
        return;
    }
    let bars = Column {
        title: String::new(),
        cells: ready.iter().map(|ms| lines::bar(ms / most, room)).collect(),
        left: true,
        rank: 1,
    };
    columns.insert(2, bars);
}

fn ratio(results: &Results, target: &Target) -> String {
    match results.comparison_of(&target.name, "ready_ms") {
        Some(comparison) => units::ratio(comparison.ratio),
        None if reference::is(results, "ready_ms", &target.name) => units::ratio(1.0),
        None => NONE.to_owned(),
    }
}

/// The metrics of the details: those of the table, what is derived from the start-up, and all others.
fn details(results: &Results, messages: &Messages) -> Vec<String> {
    let mut names = Vec::new();
    for definition in &results.metrics {
        let indent = if definition.part_of.is_some() { "  " } else { "" };
        names.push(format!("{indent}{}", titled(results, definition, messages)));
        if definition.id == *"ready_ms" {
            let compared = reference::name(results, "ready_ms", "target", messages);
            let arguments = [("baseline", compared.unwrap_or(NONE.to_owned()).into())];
            let derived = ["ready-interval", "ratio", "effect", "significance"];
            names.extend(derived.map(|id| format!("  {}", messages.with(&format!("column-{id}"), &arguments))));
        }
    }
    names
}

/// A target's figures, in the order of [`details`].
fn figures(results: &Results, target: &Target) -> Vec<String> {
    let mut cells = Vec::new();
    for definition in &results.metrics {
        let scale = table::scale(results, definition);
        let figures = results.metric_of(&target.name, &definition.id);
        cells.push(figure(results, target, definition));
        if definition.id == *"ready_ms" {
            let told = |text: Option<String>| text.unwrap_or_else(|| NONE.to_owned());
            let compared = results.comparison_of(&target.name, "ready_ms");
            let interval = figures.and_then(|figures| figures.interval);
            cells.push(told(interval.map(|interval| scale.range(interval.low, interval.high))));
            cells.push(told(compared.map(|compared| {
                let ratio = units::number(compared.ratio);
                compared.interval.map_or(ratio.clone(), |interval| {
                    format!("{ratio} ({})", units::interval(interval))
                })
            })));
            let share = compared.and_then(|compared| compared.superiority);
            cells.push(told(share.map(|share| format!("{}/100", units::pairs(share)))));
            cells.push(told(
                compared.and_then(|compared| Some(units::p_value(compared.p_value?))),
            ));
        }
    }
    cells
}

/// A metric's name with the unit of its figures.
fn titled(results: &Results, definition: &Definition, messages: &Messages) -> String {
    let unit = table::scale(results, definition).unit;
    table::with_unit(&messages.metric_name(&definition.id), &unit, messages)
}

/// A target's figure of a metric.
fn figure(results: &Results, target: &Target, definition: &Definition) -> String {
    let figures = results.metric_of(&target.name, &definition.id);
    figures.map_or(NONE.to_owned(), |figures| {
        with_range(figures, &table::scale(results, definition))
    })
}

/// A figure with its 5th to 95th percentile, where they differ.
fn with_range(figures: Distribution, scale: &Scale) -> String {
    let value = scale.format(figures.value);
    match figures.p5.zip(figures.p95) {
        Some((low, high)) if low < high => format!("{value} ({})", scale.range(low, high)),
        _ => value,
    }
}

struct Page {
    text: String,
    style: TableStyle,
    width: usize,
}

impl Page {
    fn new(style: TableStyle) -> Page {
        Page {
            text: String::new(),
            style,
            width: style.width.max(40),
        }
    }

    fn colored(&mut self, text: &str, code: &str) {
        let text = &view::plain(text);
        if self.style.color && !code.is_empty() && !text.is_empty() {
            self.text.push_str(&format!("\u{1b}[{code}m{text}\u{1b}[0m"));
        } else {
            self.text.push_str(text);
        }
        self.text.push('\n');
    }

    /// Titles, then one line a row.
    fn rows(&mut self, columns: &[Column], warned: impl Fn(usize) -> bool) {
        for (index, line) in lines::lines(columns).iter().enumerate() {
            let code = match index.checked_sub(1) {
                None => FAINT,
                Some(row) if warned(row) => YELLOW,
                Some(_) => "",
            };
            self.colored(&lines::cut(line, self.width), code);
        }
    }

    /// One line a metric, one column a target, and as many targets beside each other as there is room for. A line without any
    /// figure is left out.
    fn metrics(
        &mut self,
        results: &Results,
        names: Vec<String>,
        figures: &dyn Fn(&Target) -> Vec<String>,
        messages: &Messages,
    ) {
        let mut names = Column {
            title: messages.get("details-metric"),
            cells: names,
            left: true,
            rank: 0,
        };
        let column = |target: &Target| Column {
            title: lines::cut(&messages.name("target", &target.name), LONGEST_NAME),
            cells: figures(target),
            left: false,
            rank: 0,
        };
        let mut targets: Vec<Column> = results.targets.iter().map(column).collect();
        let kept: Vec<bool> = (0..names.cells.len())
            .map(|row| targets.iter().any(|target| target.cells[row] != NONE))
            .collect();
        for column in targets.iter_mut().chain([&mut names]) {
            let mut row = kept.iter();
            column.cells.retain(|_| row.next() == Some(&true));
        }
        let mut rest = targets.as_slice();
        while !rest.is_empty() {
            let block = |count: usize| -> Vec<Column> { [&names].into_iter().chain(&rest[..count]).cloned().collect() };
            let fits = |count: &usize| lines::total(&block(*count)) <= self.width;
            let count = (1..=rest.len()).take_while(fits).last().unwrap_or(1);
            self.rows(&block(count), |_| false);
            self.text.push('\n');
            rest = &rest[count..];
        }
    }

    /// A note's first sentence, and where there is more of it.
    fn line(&mut self, note: &notes::Note, more: &str) {
        let short = note.short();
        let whole = short.len() == note.text.trim_end_matches('.').len();
        let room = self.width.saturating_sub(2 + if whole { 0 } else { more.width() + 1 });
        let text = lines::cut(short, room);
        let more = if whole && text == short {
            String::new()
        } else {
            format!(" {more}")
        };
        let room = self.width.saturating_sub(2 + more.width());
        self.colored(&format!("! {}{more}", lines::cut(&text, room)), YELLOW);
    }

    /// Running text after a mark; its further lines are indented.
    fn paragraph(&mut self, mark: &str, text: &str, code: &str) {
        let options = textwrap::Options::new(self.width).subsequent_indent(if mark.is_empty() { "" } else { "  " });
        let options = options.word_splitter(textwrap::WordSplitter::NoHyphenation);
        for line in textwrap::wrap(&format!("{mark}{text}"), options) {
            self.colored(&line, code);
        }
    }
}
