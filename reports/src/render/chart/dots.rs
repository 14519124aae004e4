//! Dots with intervals on a common axis: differences around a baseline, and the same program under different conditions.

use super::axis::Axis;
use super::canvas::Canvas;
use super::colors::{Color, INK, MUTED};
use super::plot::Plot;
use super::scene::{Anchor, Scene, shorten, text_width};
use crate::render::scale::Scale;

/// Rows of dots.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Dots {
    pub scale: Scale,
    pub reach: Reach,
    /// What is no difference: a line. Without one, dots of the same name are joined.
    pub reference: Option<f64>,
    pub rows: Vec<Row>,
}

/// What the axis covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// As much below zero as there is, and as much above.
    AroundZero,
    /// From zero on.
    FromZero,
    /// What there is, with equal lengths for equal factors.
    Logarithmic,
}

/// One row.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Row {
    pub label: String,
    pub dots: Vec<Dot>,
    /// At the right.
    pub value: String,
}

/// One dot.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Dot {
    /// What it is of. Dots of the same name are joined, and named at the first one; empty where the row says it.
    pub name: String,
    pub color: Color,
    pub value: f64,
    pub interval: Option<(f64, f64)>,
    pub tip: String,
}

impl Dots {
    fn values(&self) -> impl Iterator<Item = f64> {
        let dots = self.rows.iter().flat_map(|row| &row.dots);
        let values = dots.flat_map(|dot| {
            let ends = dot.interval.map(|(low, high)| [low, high]);
            [dot.value].into_iter().chain(ends.into_iter().flatten())
        });
        values.chain(self.reference).filter(|value| value.is_finite())
    }

    fn axis(&self, pixels: i32) -> Axis {
        let (least, most) = (
            self.values().fold(f64::INFINITY, f64::min),
            self.values().fold(f64::NEG_INFINITY, f64::max),
        );
        match self.reach {
            // One percent can always be seen.
            Reach::AroundZero => {
                let (least, most) = (least.min(-0.01), most.max(0.01));
                let pad = (most - least) / 20.0;
                Axis::between(least - pad, most + pad, pixels)
            }
            Reach::FromZero => Axis::from_zero(most, pixels),
            Reach::Logarithmic => Axis::logarithmic(least / 1.15, most * 1.15, pixels),
        }
    }

    pub(super) fn place(&self, scene: &mut Scene, canvas: &Canvas, room: Option<i32>) {
        let values = self.rows.iter().map(|row| text_width(&row.value, canvas.em)).max();
        let right = values.map_or(0, |width| width.min(canvas.inner() / 3)) + canvas.em;
        let plot = Plot::new(
            canvas,
            self.rows.iter().map(|row| row.label.as_str()),
            right,
            |pixels| self.axis(pixels),
        );
        let top = scene.height;
        let names = self.names(scene, canvas, &plot, top);
        let count = self.rows.len().max(1) as i32;
        let row = match room {
            Some(room) => ((room - names - canvas.tenths(17)) / count).clamp(canvas.tenths(11), canvas.tenths(50)),
            None => canvas.tenths(21) + plot.above(),
        };
        let bottom = top + names + row * count;
        let middle = |index: usize| top + names + row * index as i32 + plot.above() + (row - plot.above()) / 2;
        if let Some(reference) = self.reference {
            let x = plot.x(reference);
            scene.line(
                vec![(x, top + names), (x, bottom)],
                (canvas.em as u32 / 8).max(1),
                MUTED,
            );
        }
        // Between rows that have their labels above them, lines would cross the labels.
        if plot.above() == 0 && self.reference.is_none() {
            self.joined(scene, canvas, |index, value| (plot.x(value), middle(index)));
        }
        let radius = canvas.em * 4 / 10;
        for (index, row_of) in self.rows.iter().enumerate() {
            let y = middle(index);
            plot.label(
                scene,
                &row_of.label,
                y - (row - plot.above()) / 2 - plot.above(),
                (row - plot.above()) / 2,
            );
            for dot in &row_of.dots {
                if let Some((low, high)) = dot.interval {
                    scene.line(
                        vec![(plot.x(low), y), (plot.x(high), y)],
                        (canvas.em as u32 / 7).max(1),
                        dot.color,
                    );
                }
            }
            for dot in &row_of.dots {
                let x = plot.x(dot.value);
                scene.ringed_dot((x, y), radius, dot.color);
                let tip = [row_of.label.as_str(), &dot.name, &dot.tip];
                let tip: Vec<&str> = tip.into_iter().filter(|text| !text.is_empty()).collect();
                scene.tip(
                    (x - radius - 2, y - radius - 2),
                    (2 * radius + 4, 2 * radius + 4),
                    tip.join("\n"),
                );
            }
            let value = shorten(&row_of.value, canvas.em, right);
            let color = if row_of.dots.is_empty() { MUTED } else { INK };
            scene.text((canvas.right(), y), Anchor::Right, canvas.em, color, value);
        }
        plot.grid(scene, &self.scale, top + names, bottom);
    }

    /// Lines from row to row between dots of the same name.
    fn joined(&self, scene: &mut Scene, canvas: &Canvas, place: impl Fn(usize, f64) -> (i32, i32)) {
        for (name, color) in self.series() {
            let own = self.rows.iter().enumerate().filter_map(|(index, row)| {
                let dot = row.dots.iter().find(|dot| dot.name == name)?;
                Some(place(index, dot.value))
            });
            let points: Vec<(i32, i32)> = own.collect();
            if points.len() > 1 {
                scene.line(points, (canvas.em as u32 / 14).max(1), color);
            }
        }
    }

    /// Every name once, with its colour.
    fn series(&self) -> Vec<(&str, Color)> {
        let mut series: Vec<(&str, Color)> = Vec::new();
        for dot in self.rows.iter().flat_map(|row| &row.dots) {
            if !dot.name.is_empty() && !series.iter().any(|(name, _)| *name == dot.name) {
                series.push((&dot.name, dot.color));
            }
        }
        series
    }

    /// Names above the first dot of each series, in as many lines as they need; gives their height.
    fn names(&self, scene: &mut Scene, canvas: &Canvas, plot: &Plot, top: i32) -> i32 {
        let first = |name: &str| {
            let dots = self.rows.iter().flat_map(|row| &row.dots);
            dots.into_iter()
                .find(|dot| dot.name == name)
                .map_or(0.0, |dot| dot.value)
        };
        let mut names: Vec<(i32, &str, Color)> = self
            .series()
            .into_iter()
            .map(|(name, color)| (plot.x(first(name)), name, color))
            .collect();
        names.sort_by_key(|(x, ..)| *x);
        let (line, swatch) = (canvas.tenths(15), canvas.tenths(11));
        // Where each line of names ends so far.
        let mut ends: Vec<i32> = Vec::new();
        let mut placed = Vec::new();
        for (x, name, color) in names {
            let name = shorten(name, canvas.em, canvas.inner() / 2);
            let width = swatch + text_width(&name, canvas.em);
            let from = (x - width / 2).clamp(canvas.margin, (canvas.right() - width).max(canvas.margin));
            let free = ends.iter().position(|end| *end + canvas.em / 2 <= from);
            let index = free.unwrap_or_else(|| {
                ends.push(0);
                ends.len() - 1
            });
            ends[index] = from + width;
            placed.push((from, index, name, color));
        }
        for (from, index, name, color) in placed {
            let middle = top + line * index as i32 + line / 2;
            scene.dot((from + swatch / 3, middle), canvas.em * 3 / 10, color);
            scene.text((from + swatch, middle), Anchor::Left, canvas.em, INK, name);
        }
        line * ends.len() as i32
    }

    /// As a table: one column a name, or one of values.
    pub(super) fn figures(&self, title: &str) -> (Vec<String>, Vec<Vec<String>>) {
        let series = self.series();
        if series.is_empty() {
            let tip = |row: &Row| row.dots.first().map_or(row.value.clone(), |dot| dot.tip.clone());
            let rows = self.rows.iter().map(|row| vec![row.label.clone(), tip(row)]);
            return (vec![String::new(), title.to_owned()], rows.collect());
        }
        let header = [String::new()]
            .into_iter()
            .chain(series.iter().map(|(name, _)| (*name).to_owned()));
        let row = |row: &Row| {
            let cell = |(name, _): &(&str, Color)| {
                let dot = row.dots.iter().find(|dot| dot.name == *name);
                dot.map_or_else(|| "–".to_owned(), |dot| self.scale.format_with_unit(dot.value))
            };
            [row.label.clone()].into_iter().chain(series.iter().map(cell)).collect()
        };
        (header.collect(), self.rows.iter().map(row).collect())
    }
}
