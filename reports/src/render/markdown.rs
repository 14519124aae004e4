//! A report as Markdown, for READMEs: the table, what must be known, the charts as pictures.

use crate::render::notes::{Note, Weight};
use crate::render::view::{FileView, Labels, View, plain};
use std::fmt::Write;

/// The document. `pictures` is the file name extension of the charts beside it, or `None` where there are none.
pub(crate) fn render(view: &View, pictures: Option<&str>) -> String {
    let mut page = format!("# {}\n\n", escape(&view.title));
    let picture = |page: &mut String, chart: &crate::render::chart::Chart| {
        if let Some(extension) = pictures {
            let _ = writeln!(page, "![{}]({}.{extension})\n", escape(chart.heading()), chart.id);
        }
    };
    if !view.across.is_empty() {
        let _ = writeln!(page, "## {}\n", escape(&view.labels.across));
        notes(&mut page, &view.notes, &view.labels);
        view.across.iter().for_each(|chart| picture(&mut page, chart));
        performance(&mut page, &view.performance);
    }
    for file in &view.files {
        section(&mut page, file, &view.labels);
        file.charts.iter().for_each(|chart| picture(&mut page, chart));
        let _ = writeln!(page, "### {}\n", escape(&view.labels.method));
        for entry in &file.method {
            let texts: Vec<String> = entry.texts.iter().map(|text| escape(text)).collect();
            let _ = writeln!(page, "- **{}**: {}", escape(&entry.term), texts.join(" "));
        }
        page.push('\n');
    }
    plain(page.trim_end()) + "\n"
}

fn section(page: &mut String, file: &FileView, labels: &Labels) {
    if !file.label.is_empty() {
        let _ = writeln!(page, "## {}\n", escape(&file.label));
    }
    for text in [&file.headline, &file.heading] {
        if !text.is_empty() {
            let _ = writeln!(page, "{}\n", escape(text));
        }
    }
    let columns = &file.table.columns;
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    page.push_str(&line(columns.iter().map(|column| escape(&column.title)).collect()));
    let rule = |index: usize| if index == 0 { ":--" } else { "--:" }.to_owned();
    page.push_str(&line((0..columns.len()).map(rule).collect()));
    for row in &file.table.rows {
        let cell = |cell: &crate::render::table::Cell| match cell.sub.is_empty() {
            true => escape(&cell.main),
            false => format!("{}<br>{}", escape(&cell.main), escape(&cell.sub)),
        };
        page.push_str(&line(row.cells.iter().map(cell).collect()));
    }
    page.push('\n');
    for column in columns {
        let _ = writeln!(page, "- **{}**: {}", escape(&column.title), escape(&column.meaning));
    }
    page.push('\n');
    notes(page, &file.notes, labels);
}

/// What happens in each program.
fn performance(page: &mut String, rows: &[Vec<String>]) {
    for (index, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row.iter().map(|cell| escape(cell)).collect();
        let _ = writeln!(page, "| {} |", cells.join(" | "));
        if index == 0 {
            let _ = writeln!(page, "|{}", " :-- |".repeat(row.len()));
        }
    }
    page.push('\n');
}

fn notes(page: &mut String, notes: &[Note], labels: &Labels) {
    for note in notes {
        let mark = if note.weight != Weight::Remark {
            format!("**{}** ", escape(&labels.warning))
        } else {
            String::new()
        };
        let _ = writeln!(page, "- {mark}{}", escape(&note.text));
    }
    page.push('\n');
}

/// Text with everything that Markdown or the HTML within it would take for markup made plain (CommonMark 0.31.2, 2.4:
/// any ASCII punctuation may be escaped).
fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, c| {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' | '$' => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
        escaped
    })
}
