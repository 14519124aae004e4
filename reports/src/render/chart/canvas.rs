//! What a chart is drawn on: its size, and the title and the footer around it where it stands alone.

use super::Chart;
use super::colors::{INK, MUTED, PAPER};
use super::scene::{Anchor, Scene, text_width, wrap};

/// A place for charts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Canvas {
    pub width: i32,
    /// Fixed where there is one; else as high as the chart needs.
    pub height: Option<i32>,
    /// Size of labels.
    pub em: i32,
    /// Size of the title; none where the page around the chart has it.
    title: Option<i32>,
    /// Paper at the left and the right.
    pub margin: i32,
}

impl Canvas {
    /// The whole width of a report.
    pub(crate) const PAGE: Canvas = Canvas::inside(944, 15);
    /// Half of that, or all of a phone's screen.
    pub(crate) const HALF: Canvas = Canvas::inside(420, 14);
    /// A phone's screen.
    pub(crate) const PHONE: Canvas = Canvas::inside(358, 14);
    /// A file of its own.
    pub(crate) const FILE: Canvas = Canvas {
        width: 880,
        height: None,
        em: 14,
        title: Some(21),
        margin: 24,
    };
    /// A slide that is read from the last row.
    pub(crate) const SLIDE: Canvas = Canvas {
        width: 1920,
        height: Some(1080),
        em: 32,
        title: Some(56),
        margin: 80,
    };

    const fn inside(width: i32, em: i32) -> Canvas {
        Canvas {
            width,
            height: None,
            em,
            title: None,
            margin: 0,
        }
    }

    /// So many tenths of the size of labels.
    pub(crate) fn tenths(&self, tenths: i32) -> i32 {
        self.em * tenths / 10
    }

    /// Where the paper's margin begins at the right.
    pub(crate) fn right(&self) -> i32 {
        self.width - self.margin
    }

    /// The width between the margins.
    pub(crate) fn inner(&self) -> i32 {
        self.width - 2 * self.margin
    }

    /// Whether labels stand above their rows for want of room beside them.
    pub(crate) fn is_narrow(&self) -> bool {
        self.width < 36 * self.em
    }

    /// Puts a chart on paper. Where the canvas stands alone, title and subtitle are above it, and the footer is below it.
    pub(crate) fn draw(&self, chart: &Chart) -> Scene {
        let mut scene = Scene::new(self.width);
        let Some(title) = self.title else {
            chart.body.place(&mut scene, self, None);
            return scene;
        };
        scene.height = self.margin;
        let paragraph = |scene: &mut Scene, text: &str, size: i32, bold: bool| {
            // Bold letters are wider than the estimate for plain ones.
            let estimated = if bold { size * 21 / 20 } else { size };
            // As many lines as it needs, about as long as each other: a title's last word does not stand alone.
            let count = wrap(text, estimated, self.inner()).len();
            let widths = (10..=20).map(|twentieths| self.inner() * twentieths / 20);
            let lines = widths.map(|width| wrap(text, estimated, width));
            let balanced = lines.into_iter().find(|lines| lines.len() == count && !cut(lines));
            for line in balanced.unwrap_or_else(|| wrap(text, estimated, self.inner())) {
                let at = (self.margin, scene.height + size * 13 / 20);
                match bold {
                    true => scene.bold(at, Anchor::Left, size, INK, line),
                    false => scene.text(at, Anchor::Left, size, MUTED, line),
                }
                scene.height += size * 13 / 10;
            }
        };
        paragraph(&mut scene, chart.heading(), title, true);
        scene.height += self.tenths(2);
        paragraph(&mut scene, &chart.subtitle, self.em, false);
        scene.height += self.tenths(10);
        let mut footer = Scene::new(self.width);
        let small = self.em * 17 / 20;
        for text in [&chart.footer, &chart.source] {
            paragraph(
                &mut footer,
                text,
                small.max(if self.height.is_some() { self.em } else { 0 }),
                false,
            );
        }
        let room = self
            .height
            .map(|height| height - scene.height - footer.height - self.margin - self.tenths(8));
        chart.body.place(&mut scene, self, room);
        let top = match self.height {
            Some(height) => (height - self.margin * 3 / 4 - footer.height).max(scene.height),
            None => scene.height + self.tenths(8),
        };
        scene.append(footer, top);
        scene.height = self.height.unwrap_or(scene.height + self.margin * 3 / 4);
        let paper = super::scene::Shape::Rect {
            x: 0,
            y: 0,
            width: scene.width,
            height: scene.height,
            color: PAPER,
        };
        scene.shapes.insert(0, paper);
        scene
    }
}

/// Whether a word was too long for its line.
fn cut(lines: &[String]) -> bool {
    lines.iter().any(|line| line.contains('…'))
}

/// Names with their colours in a line, or as many lines as they need; gives the height.
pub(super) fn key<'a>(
    scene: &mut Scene,
    canvas: &Canvas,
    (left, top): (i32, i32),
    entries: impl Iterator<Item = (super::colors::Color, &'a str)>,
) -> i32 {
    let line = canvas.tenths(15);
    let (mut x, mut y) = (left, top);
    for (color, name) in entries {
        let name = super::scene::shorten(name, canvas.em, canvas.right() - left - canvas.tenths(11));
        let width = canvas.tenths(11) + text_width(&name, canvas.em) + canvas.em;
        if x > left && x + width - canvas.em > canvas.right() {
            (x, y) = (left, y + line);
        }
        let swatch = canvas.tenths(7);
        scene.rect((x, y + (line - swatch) / 2), (swatch, swatch), color);
        scene.text(
            (x + canvas.tenths(11), y + line / 2),
            Anchor::Left,
            canvas.em,
            INK,
            name,
        );
        x += width;
    }
    y + line - top
}
