//! Text in columns of a terminal, where a character may be two columns wide.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A column of a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    /// What stands above it.
    pub title: String,
    /// One a row.
    pub cells: Vec<String>,
    /// Whether its texts begin at the left; figures end at the right.
    pub left: bool,
    /// What is left out first where there is no room: the column of the highest rank. Never one of rank 0.
    pub rank: u32,
}

const GAP: &str = "  ";

impl Column {
    pub(crate) fn width(&self) -> usize {
        let texts = self.cells.iter().chain([&self.title]);
        texts.map(|text| text.width()).max().unwrap_or(0)
    }
}

/// How many columns of the terminal the columns take, the gaps between them included.
pub(crate) fn total(columns: &[Column]) -> usize {
    columns.iter().map(Column::width).sum::<usize>() + GAP.len() * columns.len().saturating_sub(1)
}

/// Leaves out columns until the others fit.
pub(crate) fn fit(columns: &mut Vec<Column>, width: usize) {
    while total(columns) > width {
        let last = columns.iter().enumerate().filter(|(_, column)| column.rank > 0);
        let Some((index, _)) = last.max_by_key(|(_, column)| column.rank) else {
            return;
        };
        columns.remove(index);
    }
}

/// The line of titles, then one line a row. No line ends in spaces.
pub(crate) fn lines(columns: &[Column]) -> Vec<String> {
    let rows = columns.iter().map(|column| column.cells.len()).max().unwrap_or(0);
    let titles = columns.iter().map(|column| column.title.as_str()).collect();
    let row = |index: usize| {
        columns
            .iter()
            .map(|column| column.cells.get(index).map_or("", String::as_str))
            .collect()
    };
    let texts: Vec<Vec<&str>> = std::iter::once(titles).chain((0..rows).map(row)).collect();
    let line = |texts: Vec<&str>| {
        let mut line = String::new();
        for (index, (text, column)) in texts.into_iter().zip(columns).enumerate() {
            let padding = " ".repeat(column.width() - text.width());
            let (before, after) = if column.left { ("", &*padding) } else { (&*padding, "") };
            let gap = if index == 0 { "" } else { GAP };
            line.extend([gap, before, text, after]);
        }
        line.truncate(line.trim_end().len());
        line
    };
    texts.into_iter().map(line).collect()
}

/// `text` in at most `width` columns: what is beyond gives way to an ellipsis.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        if kept.width() + c.width().unwrap_or(0) + 1 > width {
            break;
        }
        kept.push(c);
    }
    format!("{}…", kept.trim_end())
}

/// A bar of so many columns at most, in eighths of one.
pub(crate) fn bar(share: f64, width: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    let eighths = (share * width as f64 * 8.0).round() as usize;
    // What is there at all can be seen.
    let eighths = if share > 0.0 { eighths.max(1) } else { 0 };
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(title: &str, cells: [&str; 2], left: bool, rank: u32) -> Column {
        Column {
            title: title.into(),
            cells: cells.map(str::to_owned).into(),
            left,
            rank,
        }
    }

    #[test]
    fn wide_characters_take_two_columns() {
        let columns = [
            column("환경", ["컨테이너", "VM"], true, 0),
            column("ms", ["1.5", "10.5"], false, 0),
        ];
        assert_eq!(lines(&columns), ["환경        ms", "컨테이너   1.5", "VM        10.5"]);
        assert_eq!(cut("컨테이너", 5), "컨테…");
        assert_eq!(cut("컨테이너", 8), "컨테이너");
    }

    #[test]
    fn the_column_of_the_highest_rank_gives_way_first() {
        let mut columns = vec![
            column("a", ["1", "2"], true, 0),
            column("b", ["1", "2"], false, 2),
            column("c", ["1", "2"], false, 1),
        ];
        fit(&mut columns, 4);
        assert_eq!(
            columns.iter().map(|column| column.title.as_str()).collect::<Vec<_>>(),
            ["a", "c"]
        );
        fit(&mut columns, 0);
        assert_eq!(columns.len(), 1);
    }

    #[test]
    fn a_bar_is_as_long_as_its_share_and_is_seen_however_short() {
        assert_eq!(
            [bar(1.0, 4), bar(0.5, 4), bar(0.53, 4), bar(1e-9, 4), bar(0.0, 4)],
            ["████", "██", "██▏", "▏", ""]
        );
        assert_eq!(bar(f64::NAN, 4), "");
    }
}
