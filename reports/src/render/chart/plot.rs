//! What charts of rows have in common: labels beside or above the rows, and one axis below all of them.

use super::axis::Axis;
use super::canvas::Canvas;
use super::colors::{GRID, INK, MUTED};
use super::scene::{Anchor, Scene, shorten, text_width};
use crate::render::scale::Scale;

/// Where figures are.
pub(super) struct Plot {
    pub left: i32,
    pub axis: Axis,
    canvas: Canvas,
    /// Labels stand above their rows where there is no room beside them.
    stacked: bool,
}

impl Plot {
    /// The labels take what they need at the left, up to three tenths, or stand above their rows; `right` is kept free at the
    /// right; the figures have the rest, on the axis that `axis` makes of so many pixels.
    pub(super) fn new<'a>(
        canvas: &Canvas,
        labels: impl Iterator<Item = &'a str>,
        right: i32,
        axis: impl FnOnce(i32) -> Axis,
    ) -> Plot {
        let widest = labels.map(|label| text_width(label, canvas.em)).max().unwrap_or(0);
        let most = canvas.inner() * 3 / 10;
        // A slide has no height for it.
        let stacked = canvas.is_narrow() || (widest > most && canvas.height.is_none());
        let beside = if stacked { 0 } else { widest.min(most) + canvas.em };
        let left = canvas.margin + beside;
        Plot {
            left,
            axis: axis((canvas.right() - right - left).max(10)),
            canvas: *canvas,
            stacked,
        }
    }

    pub(super) fn x(&self, value: f64) -> i32 {
        self.left + self.axis.pixel(value)
    }

    /// The height that a label takes above its row.
    pub(super) fn above(&self) -> i32 {
        if self.stacked { self.canvas.tenths(15) } else { 0 }
    }

    /// Places the label of a row that begins at `top` and whose middle is so far below its label.
    pub(super) fn label(&self, scene: &mut Scene, text: &str, top: i32, middle: i32) {
        let canvas = &self.canvas;
        let (middle, room) = match self.stacked {
            true => (top + canvas.tenths(7), canvas.inner()),
            false => (top + middle, self.left - canvas.margin - canvas.em / 2),
        };
        let text = shorten(text, canvas.em, room);
        scene.text((canvas.margin, middle), Anchor::Left, canvas.em, INK, text);
    }

    /// Upright lines at round figures from `top` to `bottom`, and the figures below them, with the unit at the last.
    pub(super) fn grid(&self, scene: &mut Scene, scale: &Scale, top: i32, bottom: i32) {
        let em = self.canvas.em;
        let mut free_from = i32::MIN;
        let ticks = self.axis.ticks(scale, self.axis.pixels() / (em * 6));
        let mut lines = Vec::new();
        for (pixel, text) in ticks {
            let x = self.left + pixel;
            lines.push(x);
            // The last one may end beyond the axis, but not beyond the paper.
            let half = text_width(&text, em) / 2 + 1;
            let center = x.clamp(half, (scene.width - half).max(half));
            if center - half >= free_from {
                scene.text((center, bottom + em), Anchor::Center, em, MUTED, text);
                free_from = center + half + em / 2;
            }
        }
        let grid = lines.into_iter().map(|x| super::scene::Shape::Line {
            points: vec![(x, top), (x, bottom + em / 4)],
            width: (em as u32 / 16).max(1),
            color: GRID,
        });
        // Behind everything that is there.
        scene.shapes.splice(0..0, grid);
        scene.height = bottom + self.canvas.tenths(17);
    }
}
