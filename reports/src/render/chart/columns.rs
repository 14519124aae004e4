//! Several charts of bars in one picture: the targets once, at the left, and a column for each chart.

use super::bars::{Bar, Bars};
use super::canvas::{self, Canvas};
use super::colors::{Color, INK, MUTED, PAPER};
use super::scene::{Anchor, Scene, shorten, text_width};

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    pub title: String,
    pub bars: Bars,
}

pub(super) fn place(columns: &[Column], scene: &mut Scene, canvas: &Canvas, room: Option<i32>) {
    let em = canvas.em;
    let labels: Vec<&str> = columns.first().map_or(Vec::new(), |column| {
        column.bars.all().map(|bar| bar.label.as_str()).collect()
    });
    let widest = labels.iter().map(|label| text_width(label, em)).max().unwrap_or(0);
    let left = canvas.margin + widest.min(canvas.inner() / 5) + em;
    let gap = em;
    let count = columns.len().max(1) as i32;
    let width = (canvas.right() - left - gap * (count - 1)) / count;
    let top = scene.height;
    let parts = key(columns);
    let above = canvas.tenths(22);
    let rows = labels.len().max(1) as i32;
    let row = match room {
        Some(room) => ((room - above - canvas.tenths(40)) / rows).clamp(canvas.tenths(12), canvas.tenths(55)),
        None => canvas.tenths(30),
    };
    let thick = (row * 6 / 10).min(canvas.tenths(28));
    for (index, label) in labels.iter().enumerate() {
        let middle = top + above + row * index as i32 + row / 2;
        let label = shorten(label, em, left - canvas.margin - em / 2);
        scene.text((canvas.margin, middle), Anchor::Left, em, INK, label);
    }
    for (index, column) in columns.iter().enumerate() {
        let x = left + (width + gap) * index as i32;
        let title = shorten(&column.title, em + em / 20, width);
        scene.bold((x, top + canvas.tenths(8)), Anchor::Left, em, INK, title);
        let values = column.bars.all().map(|bar| text_width(&bar.value, em + em / 20)).max();
        let pixels = (width - values.unwrap_or(0) - em / 2).max(10);
        let most = column
            .bars
            .all()
            .map(Bar::length)
            .filter(|end| end.is_finite())
            .fold(0.0, f64::max);
        let axis = super::axis::Axis::from_zero(most, pixels);
        for (index, bar) in column.bars.all().enumerate() {
            let y = top + above + row * index as i32 + (row - thick) / 2;
            let mut position = 0.0;
            for part in &bar.parts {
                let (from, to) = (x + axis.pixel(position), x + axis.pixel(position + part.length));
                position += part.length;
                scene.rect((from, y), ((to - from).max(1), thick), part.color);
                if position < bar.length() * 0.999 && to - from > 3 {
                    scene.line(vec![(to, y), (to, y + thick)], (em as u32 / 12).max(1), PAPER);
                }
            }
            let at = (x + axis.pixel(bar.length()) + em / 2, y + thick / 2);
            let value = shorten(&bar.value, em, x + width - at.0);
            match bar.parts.is_empty() {
                true => scene.text(at, Anchor::Left, em, MUTED, value),
                false => scene.bold(at, Anchor::Left, em, INK, value),
            }
        }
        let bottom = top + above + row * rows;
        scene.line(vec![(x, top + above), (x, bottom)], (em as u32 / 14).max(1), INK);
    }
    let bottom = top + above + row * rows + canvas.tenths(8);
    let entries = parts.iter().map(|(color, name)| (*color, name.as_str()));
    scene.height = bottom + canvas::key(scene, canvas, (canvas.margin, bottom), entries);
}

/// Every colour once, with all names that it has.
fn key(columns: &[Column]) -> Vec<(Color, String)> {
    let mut parts: Vec<(Color, Vec<&str>)> = Vec::new();
    for (color, name) in columns.iter().flat_map(|column| column.bars.key()) {
        match parts.iter_mut().find(|(known, _)| *known == color) {
            Some((_, names)) if !names.contains(&name) => names.push(name),
            Some(_) => {}
            None => parts.push((color, vec![name])),
        }
    }
    parts
        .into_iter()
        .map(|(color, names)| (color, names.join(", ")))
        .collect()
}
