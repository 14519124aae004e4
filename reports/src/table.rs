//! The terminal table of `isolab compare`.

use crate::model::Results;

/// How the table is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableStyle {
    /// Colour by ANSI escape sequences: for a terminal, when NO_COLOR is not set.
    pub color: bool,
    /// Columns to fit into.
    pub width: usize,
}

/// The comparison as text, ending in a newline.
pub fn render(results: &Results, style: TableStyle) -> String {
    let _ = style;
    results
        .targets
        .iter()
        .map(|target| format!("{}\n", target.name))
        .collect()
}
