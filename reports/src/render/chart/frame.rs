//! What all charts have in common: paper, heading, note, legend, and the axis under the plot.

use super::Chart;
use super::axis::Axis;
use super::scene::{Anchor, Color, GRID, INK, MUTED, PAPER, Scene, Shape, text_width, wrap};

/// Width of every chart: an A4 page's text width at 120 pixels an inch, half a slide.
pub(crate) const WIDTH: i32 = 760;
/// Paper around everything.
pub(crate) const MARGIN: i32 = 16;
/// Size of labels.
pub(crate) const LABEL: i32 = 12;
const TITLE: i32 = 17;

/// Begins a scene with heading, note and legend. Its height is that of these, and grows with what follows.
pub(crate) fn begin(chart: &Chart, legend: &[(Color, String)]) -> Scene {
    let paper = Shape::Rect {
        x: 0,
        y: 0,
        width: WIDTH,
        height: 0,
        color: PAPER,
    };
    let mut scene = Scene {
        width: WIDTH,
        height: MARGIN,
        shapes: vec![paper],
        tips: Vec::new(),
    };
    // Bold letters are wider than the estimate for plain ones.
    for line in wrap(&chart.title, TITLE + 1, WIDTH - 2 * MARGIN) {
        let middle = scene.height + 10;
        let (anchor, color) = (Anchor::Left, INK);
        scene.shapes.push(Shape::Text {
            x: MARGIN,
            middle,
            anchor,
            size: TITLE,
            bold: true,
            color,
            text: line,
        });
        scene.height += 24;
    }
    for line in wrap(&chart.note, LABEL, WIDTH - 2 * MARGIN) {
        let middle = scene.height + 8;
        scene.text((MARGIN, middle), Anchor::Left, LABEL, MUTED, line);
        scene.height += 17;
    }
    scene.height += 8;
    if legend.len() > 1 {
        place_legend(&mut scene, legend);
    }
    scene
}

/// Numbered names in rows, as many to a row as fit.
fn place_legend(scene: &mut Scene, entries: &[(Color, String)]) {
    let (mut x, mut middle) = (MARGIN, scene.height + 10);
    for (index, (color, name)) in entries.iter().enumerate() {
        let name = super::scene::shorten(name, LABEL, WIDTH - 2 * MARGIN - 20);
        let width = 20 + text_width(&name, LABEL) + 16;
        if x > MARGIN && x + width > WIDTH - MARGIN {
            (x, middle) = (MARGIN, middle + 20);
        }
        scene.numbered_dot((x + 8, middle), *color, index + 1);
        scene.text((x + 20, middle), Anchor::Left, LABEL, INK, name);
        x += width;
    }
    scene.height = middle + 18;
}

/// Vertical lines at the axis' round figures, from `top` to `bottom`, with the figures and the axis' title below.
pub(crate) fn horizontal_axis(
    scene: &mut Scene,
    axis: &Axis,
    title: &str,
    (left, width): (i32, i32),
    (top, bottom): (i32, i32),
) {
    let mut free_from = i32::MIN;
    for (pixel, text) in axis.ticks(width / 70) {
        let x = left + pixel;
        scene.line(vec![(x, top), (x, bottom + 4)], 1, GRID);
        let half = text_width(&text, LABEL) / 2;
        if x - half >= free_from {
            scene.text((x, bottom + 14), Anchor::Center, LABEL, MUTED, text);
            free_from = x + half + 6;
        }
    }
    let title = axis_title(title, axis);
    let mut middle = bottom + 34;
    for line in wrap(&title, LABEL, WIDTH - 2 * MARGIN) {
        // Centered under the plot, but never over the edge of the paper.
        let half = text_width(&line, LABEL) / 2;
        let center = (left + width / 2).clamp(MARGIN + half, (WIDTH - MARGIN - half).max(MARGIN + half));
        scene.text((center, middle), Anchor::Center, LABEL, INK, line);
        middle += 16;
    }
    scene.height = middle;
}

/// What an axis shows, with the unit that its marks count in.
pub(crate) fn axis_title(title: &str, axis: &Axis) -> String {
    let unit = axis.unit_name();
    if unit.is_empty() {
        title.to_owned()
    } else {
        format!("{title} ({unit})")
    }
}

/// Gives the paper its final height.
pub(crate) fn finish(mut scene: Scene) -> Scene {
    scene.height += MARGIN / 2;
    if let Some(Shape::Rect { height, .. }) = scene.shapes.first_mut() {
        *height = scene.height;
    }
    scene
}
