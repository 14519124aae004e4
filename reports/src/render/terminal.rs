//! The comparison on a terminal: one row per target, then what the columns mean and what must be known.

use crate::model::Results;
use crate::render::messages::{Lang, Messages};
use crate::render::notes::{self, Weight};
use crate::render::table::{self, Cell, Column, Content, Row, Table};
use crate::render::{headline, view};
use unicode_width::UnicodeWidthStr;

/// How the table is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableStyle {
    /// Colour by ANSI escape sequences: for a terminal, when NO_COLOR is not set.
    pub color: bool,
    /// Columns to fit into; fewer than 40 are taken as 40.
    pub width: usize,
}

const GAP: &str = "  ";
const LONGEST_WORD: usize = 16;
const BOLD: &str = "1";
const FAINT: &str = "2";
const YELLOW: &str = "33";

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
    }
    page.paragraph("", &view::heading(results, &messages), "");
    page.table(&table::table(results, &messages), |column| !column.wide);
    page.text.push('\n');
    for note in notes::notes(results, &messages) {
        match note.weight {
            Weight::Warning => page.paragraph("! ", &note.text, YELLOW),
            Weight::Remark => page.paragraph("", &note.text, ""),
        }
    }
    page.text
}

/// The columns that the comparison has no room for (intervals, p-values, what the kernel counted), in a language, ending in
/// a newline; then which figures are missing, and why.
pub fn details_in(results: &Results, style: TableStyle, lang: Lang) -> String {
    let messages = Messages::new(lang);
    let mut page = Page::new(style);
    page.table(&table::table(results, &messages), |column| {
        column.wide || column.content == Content::Target
    });
    page.text.push('\n');
    for missing in notes::missing(results) {
        page.paragraph("", &missing.text(&messages), "");
    }
    page.text
}

type Lines = Vec<String>;

/// Text in lines of at most `width` columns of the terminal.
fn wrap(text: &str, width: usize) -> Lines {
    let options = textwrap::Options::new(width).word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::wrap(text, options)
        .into_iter()
        .map(|line| line.into_owned())
        .collect()
}

/// Every column as wide as its widest text; while they are too wide together, the one that can best be wrapped gives way.
fn widths(columns: &[&Column], rows: &[(&Row, Vec<&Cell>)], total: usize) -> Vec<usize> {
    let texts = |index: usize| {
        let cells = rows
            .iter()
            .flat_map(move |(_, cells)| [cells[index].main.as_str(), cells[index].sub.as_str()]);
        cells.chain([columns[index].title.as_str()])
    };
    let mut widths: Vec<usize> = (0..columns.len())
        .map(|index| texts(index).map(str::width).max().unwrap_or(0))
        .collect();
    let words = |index: usize| {
        texts(index)
            .flat_map(|text| text.split(' '))
            .map(str::width)
            .max()
            .unwrap_or(0)
    };
    // A long name of a target must not take the figures' room: it is broken.
    let unbroken: Vec<usize> = (0..columns.len()).map(|index| words(index).min(LONGEST_WORD)).collect();
    let room = total.saturating_sub(GAP.len() * columns.len().saturating_sub(1));
    while widths.iter().sum::<usize>() > room {
        // Between words first; only when no column has two words in a line left, inside words.
        let by_words = (0..widths.len()).filter(|index| widths[*index] > unbroken[*index]);
        let widest = by_words
            .max_by_key(|index| widths[*index])
            .or((0..widths.len()).max_by_key(|index| widths[*index]));
        match widest {
            Some(index) if widths[index] > 3 => widths[index] -= 1,
            _ => break,
        }
    }
    widths
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

    /// The columns that are wanted, and below them what they mean.
    fn table(&mut self, table: &Table, wanted: impl Fn(&Column) -> bool) {
        let shown: Vec<usize> = (0..table.columns.len())
            .filter(|index| wanted(&table.columns[*index]))
            .collect();
        let columns: Vec<&Column> = shown.iter().map(|index| &table.columns[*index]).collect();
        let rows: Vec<(&Row, Vec<&Cell>)> = table
            .rows
            .iter()
            .map(|row| (row, shown.iter().map(|index| &row.cells[*index]).collect()))
            .collect();
        let widths = widths(&columns, &rows, self.width);
        let headings: Vec<Lines> = columns
            .iter()
            .zip(&widths)
            .map(|(column, width)| wrap(&column.title, *width))
            .collect();
        self.cells(&headings, &widths, BOLD);
        for (row, cells) in &rows {
            let lines = |text: fn(&Cell) -> &str| -> Vec<Lines> {
                cells
                    .iter()
                    .zip(&widths)
                    .map(|(cell, width)| wrap(text(cell), *width))
                    .collect()
            };
            self.cells(
                &lines(|cell| &cell.main),
                &widths,
                if row.available { "" } else { YELLOW },
            );
            self.cells(&lines(|cell| &cell.sub), &widths, FAINT);
        }
        self.text.push('\n');
        for column in &columns {
            self.paragraph(&format!("{}: ", column.title), &column.meaning, "");
        }
    }

    fn colored(&mut self, text: &str, code: &str) {
        let text = &view::plain(text);
        if self.style.color && !code.is_empty() && !text.is_empty() {
            self.text.push_str(&format!("\u{1b}[{code}m{text}\u{1b}[0m"));
        } else {
            self.text.push_str(text);
        }
    }

    /// Cells side by side, as many lines as the highest has: the first column from the left, figures from the right.
    fn cells(&mut self, cells: &[Lines], widths: &[usize], code: &str) {
        for line in 0..cells.iter().map(Vec::len).max().unwrap_or(0) {
            let mut text = String::new();
            for (index, (cell, width)) in cells.iter().zip(widths).enumerate() {
                let part = cell.get(line).map_or("", String::as_str);
                let padding = " ".repeat(width.saturating_sub(part.width()));
                let (before, after) = if index == 0 {
                    ("", padding.as_str())
                } else {
                    (padding.as_str(), "")
                };
                text.push_str(if index == 0 { "" } else { GAP });
                text.push_str(before);
                text.push_str(part);
                text.push_str(after);
            }
            let text = text.trim_end();
            if !text.is_empty() {
                self.colored(text, code);
                self.text.push('\n');
            }
        }
    }

    /// Running text after a mark; its further lines are indented.
    fn paragraph(&mut self, mark: &str, text: &str, code: &str) {
        let options = textwrap::Options::new(self.width).subsequent_indent(if mark.is_empty() { "" } else { GAP });
        let options = options.word_splitter(textwrap::WordSplitter::NoHyphenation);
        for line in textwrap::wrap(&format!("{mark}{text}"), options) {
            self.colored(&line, code);
            self.text.push('\n');
        }
    }
}
