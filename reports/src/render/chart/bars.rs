//! Horizontal bars of named parts: start-up, memory, image, and the steps of a start one after the other.

use super::axis::Axis;
use super::canvas::{self, Canvas};
use super::colors::{Color, INK, MUTED, PAPER};
use super::plot::Plot;
use super::scene::{Anchor, Scene, shorten, text_width};
use crate::render::messages::Messages;
use crate::render::scale::Scale;

/// Bars, one under the other.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bars {
    pub scale: Scale,
    pub groups: Vec<Group>,
    /// A figure that all bars are compared with, as a line.
    pub reference: Option<f64>,
    /// Whether parts are named under their bars.
    pub named: bool,
}

/// Bars under a heading of their own.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Group {
    pub heading: String,
    pub bars: Vec<Bar>,
}

/// One bar.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Bar {
    pub label: String,
    /// Where it begins; zero but for steps.
    pub start: f64,
    pub parts: Vec<Part>,
    /// 5th and 95th percentile.
    pub percentiles: Option<(f64, f64)>,
    /// At the bar's end.
    pub value: String,
    /// More to say when the bar is pointed at.
    pub tip: String,
}

/// A part of a bar.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Part {
    pub name: String,
    pub color: Color,
    pub length: f64,
}

impl Bar {
    /// A target without the figure.
    pub(super) fn without_figure(label: String, messages: &Messages) -> Bar {
        Bar {
            label,
            value: messages.get("chart-no-figure"),
            ..Bar::default()
        }
    }

    pub(super) fn length(&self) -> f64 {
        self.parts.iter().map(|part| part.length).sum()
    }

    /// The farthest figure that is drawn.
    pub(super) fn end(&self) -> f64 {
        let percentile = self.percentiles.map_or(0.0, |(_, high)| high);
        percentile.max(self.start + self.length())
    }
}

/// Heights within a row, from its top.
struct Row {
    thick: i32,
    /// Between a bar and what is named below it, where percentiles are.
    below: i32,
    gap: i32,
}

impl Bars {
    pub(super) fn all(&self) -> impl Iterator<Item = &Bar> {
        self.groups.iter().flat_map(|group| &group.bars)
    }

    pub(super) fn place(&self, scene: &mut Scene, canvas: &Canvas, room: Option<i32>) {
        let values = self.all().map(|bar| text_width(&bar.value, canvas.em + 1)).max();
        let right = values.unwrap_or(0).min(canvas.inner() / 3) + canvas.tenths(6);
        let ends = self.all().map(Bar::end).chain(self.reference);
        let most = ends.filter(|end| end.is_finite()).fold(0.0, f64::max);
        let plot = Plot::new(canvas, self.all().map(|bar| bar.label.as_str()), right, |pixels| {
            Axis::from_zero(most, pixels)
        });
        if !self.named && self.key().count() > 1 {
            let top = scene.height;
            scene.height += canvas::key(scene, canvas, (canvas.margin, top), self.key()) + canvas.tenths(6);
        }
        let room = room.map(|room| room - if self.named { 0 } else { canvas.tenths(21) });
        let ranges = self.all().any(|bar| bar.percentiles.is_some());
        let mut row = Row {
            thick: canvas.tenths(if self.groups.len() > 1 { 11 } else { 17 }),
            below: if ranges { canvas.tenths(7) } else { canvas.tenths(2) },
            gap: canvas.tenths(if self.groups.len() > 1 { 5 } else { 8 }),
        };
        let mut named = self.named;
        if let Some(room) = room {
            let (rows, headings) = (self.all().count().max(1) as i32, self.headings());
            let rest = |row: &Row, named: bool| {
                let names = if named {
                    self.all().map(|bar| self.names(bar, canvas, &plot)).sum()
                } else {
                    0
                };
                let each = plot.above() + row.thick + row.below + row.gap;
                room - canvas.tenths(17) - rows * each - names - headings * canvas.tenths(20)
            };
            named = named && rest(&row, true) >= 0;
            if self.named && !named {
                let top = scene.height;
                scene.height += canvas::key(scene, canvas, (canvas.margin, top), self.key()) + canvas.tenths(6);
            }
            let lines = if self.named && !named { canvas.tenths(21) } else { 0 };
            let each = (rest(&row, named) - lines) / rows;
            row.thick = (row.thick + each / 2).clamp(canvas.tenths(4), canvas.tenths(34));
            row.gap = (row.gap + each / 2).clamp(0, canvas.tenths(22));
        }
        let top = scene.height;
        let mut y = top;
        for group in &self.groups {
            if !group.heading.is_empty() {
                y += canvas.tenths(if y == top { 0 } else { 6 });
                scene.bold(
                    (canvas.margin, y + canvas.tenths(7)),
                    Anchor::Left,
                    canvas.em,
                    INK,
                    &group.heading,
                );
                y += canvas.tenths(17);
            }
            for bar in &group.bars {
                y = self.bar(scene, canvas, &plot, &row, bar, y, named);
            }
        }
        let bottom = y - row.gap + canvas.tenths(2);
        plot.grid(scene, &self.scale, top, bottom);
    }

    fn headings(&self) -> i32 {
        self.groups.iter().filter(|group| !group.heading.is_empty()).count() as i32
    }

    /// Every part once.
    pub(super) fn key(&self) -> impl Iterator<Item = (Color, &str)> {
        let mut seen: Vec<(Color, &str)> = Vec::new();
        for part in self.all().flat_map(|bar| &bar.parts) {
            if !seen.contains(&(part.color, &part.name)) {
                seen.push((part.color, &part.name));
            }
        }
        seen.into_iter()
    }

    /// What is said of the parts of a bar, which is nothing of one that is all of the bar but its name.
    fn texts<'a>(&'a self, bar: &'a Bar) -> impl Iterator<Item = (Color, String)> + 'a {
        let several = bar.parts.len() > 1;
        bar.parts.iter().map(move |part| {
            let text = match several {
                true => format!("{} {}", part.name, self.scale.format(part.length)),
                false => part.name.clone(),
            };
            (part.color, text)
        })
    }

    /// The height of the names under a bar.
    fn names(&self, bar: &Bar, canvas: &Canvas, plot: &Plot) -> i32 {
        let texts: Vec<(Color, String)> = self.texts(bar).collect();
        let mut nowhere = Scene::new(canvas.width);
        let entries = texts.iter().map(|(color, text)| (*color, text.as_str()));
        if texts.is_empty() {
            0
        } else {
            canvas::key(&mut nowhere, canvas, (plot.left, 0), entries)
        }
    }

    /// Places a bar whose row begins at `top`; gives where the next one begins.
    #[allow(clippy::too_many_arguments, reason = "all of them are where things are")]
    fn bar(&self, scene: &mut Scene, canvas: &Canvas, plot: &Plot, row: &Row, bar: &Bar, top: i32, named: bool) -> i32 {
        plot.label(scene, &bar.label, top, row.thick / 2);
        let y = top + plot.above();
        let (x, end) = (plot.x(bar.start), plot.x(bar.end()));
        let mut position = bar.start;
        for part in &bar.parts {
            let (from, to) = (plot.x(position), plot.x(position + part.length));
            position += part.length;
            // A part too short for one pixel still exists: it is drawn one pixel wide.
            let width = if part.length > 0.0 { (to - from).max(1) } else { 0 };
            scene.rect((from, y), (width, row.thick), part.color);
            if bar.parts.len() > 1 && width > 3 && position < bar.start + bar.length() * 0.999 {
                let edge = (canvas.em as u32 / 12).max(1);
                scene.line(vec![(to, y), (to, y + row.thick)], edge, PAPER);
            }
        }
        if let Some((low, high)) = bar.percentiles {
            let (low, high, middle) = (plot.x(low), plot.x(high), y + row.thick + row.below / 2);
            let (reach, width) = (canvas.em / 6, (canvas.em as u32 / 14).max(1));
            scene.line(vec![(low, middle), (high.max(low + 1), middle)], width, INK);
            // Ends that would lie over each other are none.
            for end in [low, high].into_iter().filter(|_| high - low > 2 * reach) {
                scene.line(vec![(end, middle - reach), (end, middle + reach)], width, INK);
            }
        }
        // The percentiles are below the bar, so that the figure stands at its end.
        let (fine, over) = ((canvas.em as u32 / 14).max(1), canvas.tenths(2));
        let upright = |x: i32| vec![(x, y - over), (x, y + row.thick + over)];
        if bar.start == 0.0 {
            scene.line(upright(plot.left), fine, INK);
        }
        if let Some(reference) = self.reference.filter(|reference| *reference < bar.end()) {
            scene.line(upright(plot.x(reference)), fine, MUTED);
        }
        let at = (plot.x(bar.start + bar.length()) + canvas.tenths(5), y + row.thick / 2);
        let value = shorten(&bar.value, canvas.em, canvas.right() - at.0);
        match bar.parts.is_empty() {
            true => scene.text(at, Anchor::Left, canvas.em, MUTED, value),
            false => scene.bold(at, Anchor::Left, canvas.em, INK, value),
        }
        let tip = format!(
            "{}\n{}",
            bar.label,
            if bar.tip.is_empty() { &bar.value } else { &bar.tip }
        );
        scene.tip((x, y), (end - x + canvas.em, row.thick + row.below), tip);
        let mut next = y + row.thick + row.below;
        if named && !bar.parts.is_empty() {
            let texts: Vec<(Color, String)> = self.texts(bar).collect();
            let entries = texts.iter().map(|(color, text)| (*color, text.as_str()));
            next += canvas::key(scene, canvas, (plot.left, next), entries);
        }
        next + row.gap
    }

    /// As a table: the parts, then the whole.
    pub(super) fn figures(&self, title: &str) -> (Vec<String>, Vec<Vec<String>>) {
        let mut names: Vec<&str> = Vec::new();
        for part in self.all().flat_map(|bar| &bar.parts) {
            if self.named && !names.contains(&part.name.as_str()) {
                names.push(&part.name);
            }
        }
        let header = [""].into_iter().chain(names.iter().copied()).chain([title]);
        let row = |group: &Group, bar: &Bar| {
            let part = |name: &&str| {
                let own = bar.parts.iter().filter(|part| part.name == *name);
                let length = own.map(|part| part.length).reduce(|a, b| a + b);
                length.map_or_else(String::new, |length| self.scale.format_with_unit(length))
            };
            let label = match group.heading.is_empty() {
                true => bar.label.clone(),
                false => format!("{}: {}", group.heading, bar.label),
            };
            let whole = if bar.tip.is_empty() { &bar.value } else { &bar.tip };
            [label]
                .into_iter()
                .chain(names.iter().map(part))
                .chain([whole.clone()])
                .collect()
        };
        let rows = self
            .groups
            .iter()
            .flat_map(|group| group.bars.iter().map(move |bar| row(group, bar)));
        (header.map(str::to_owned).collect(), rows.collect())
    }
}
