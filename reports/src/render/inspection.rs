//! What the same program sees on each target, side by side on a terminal.

use super::lines::{self, Column};
use super::messages::{Lang, Messages, clean};
use super::terminal::TableStyle;

/// What is shown where a target does not tell a thing, or could not run.
const NONE: &str = "–";
/// No column is narrower than this, however many targets there are.
const NARROWEST: usize = 12;
/// The gaps between columns.
const GAP: usize = 2;

/// What the program saw on one target.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inspection {
    /// The target.
    pub target: String,
    /// What it saw, by names.
    pub seen: Vec<(String, String)>,
}

/// One line for each thing that was seen, one column for each target, ending in a newline.
pub fn side_by_side(inspections: &[Inspection], style: TableStyle, lang: Lang) -> String {
    let messages = Messages::new(lang);
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in inspections.iter().flat_map(|inspection| &inspection.seen) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let first = Column {
        title: String::new(),
        cells: names.iter().map(|name| messages.name("inspect", name)).collect(),
        left: true,
        rank: 0,
    };
    let room = style.width.saturating_sub(first.width()) / inspections.len().max(1);
    let width = room.saturating_sub(GAP).max(NARROWEST);
    let column = |inspection: &Inspection| {
        let cell = |name: &&str| {
            let seen = inspection.seen.iter().find(|(own, _)| own == name);
            lines::cut(&seen.map_or_else(|| NONE.to_owned(), |(_, value)| clean(value)), width)
        };
        Column {
            title: lines::cut(&messages.name("target", &inspection.target), width),
            cells: names.iter().map(cell).collect(),
            left: true,
            rank: 0,
        }
    };
    let columns: Vec<Column> = std::iter::once(first).chain(inspections.iter().map(column)).collect();
    lines::lines(&columns).into_iter().map(|line| line + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_target_does_not_tell_is_a_dash_and_what_has_no_room_is_cut() {
        let inspection = |target: &str, seen: &[(&str, &str)]| Inspection {
            target: target.into(),
            seen: seen
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
        };
        let inspections = [
            inspection("process", &[("pid", "4711"), ("root", "bin boot dev … (26)")]),
            inspection("container", &[("pid", "2")]),
        ];
        let style = TableStyle {
            color: false,
            width: 40,
        };
        let shown = side_by_side(&inspections, style, Lang::En);
        let lines: Vec<&str> = shown.lines().collect();
        assert!(
            lines[0].contains("process") && lines[0].contains("container"),
            "{shown}"
        );
        assert!(lines[1].starts_with("Process ID") && lines[1].ends_with('2'), "{shown}");
        assert!(lines[2].contains("bin boot de…") && lines[2].ends_with('–'), "{shown}");
        assert!(lines.iter().all(|line| line.chars().count() <= 40), "{shown}");
    }
}
