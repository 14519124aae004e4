//! Lines over two axes, each named at its end: memory against guest RAM, memory of many instances.

use super::axis::Axis;
use super::canvas::Canvas;
use super::colors::{Color, GRID, INK, MUTED};
use super::scene::{Anchor, Scene, shorten, text_width};
use crate::render::scale::Scale;

/// Lines.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lines {
    pub x_title: String,
    pub x_scale: Scale,
    pub y_scale: Scale,
    pub lines: Vec<Line>,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub label: String,
    pub color: Color,
    /// From left to right.
    pub points: Vec<(f64, f64)>,
    /// Intervals of points, with where they stand on the horizontal axis.
    pub intervals: Vec<(f64, (f64, f64))>,
}

impl Lines {
    pub(super) fn place(&self, scene: &mut Scene, canvas: &Canvas, room: Option<i32>) {
        let em = canvas.em;
        let height = room.map_or(canvas.tenths(180), |room| room - canvas.tenths(45));
        let top = scene.height + em;
        let bottom = top + height;
        let intervals = self
            .lines
            .iter()
            .flat_map(|line| &line.intervals)
            .map(|(_, (_, high))| *high);
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let most = |values: &mut dyn Iterator<Item = f64>| values.filter(|value| value.is_finite()).fold(0.0, f64::max);
        let y_axis = Axis::from_zero(most(&mut points().map(|(_, y)| *y).chain(intervals)), height);
        let marks = y_axis.ticks(&self.y_scale, 5);
        let left = canvas.margin + marks.iter().map(|(_, text)| text_width(text, em)).max().unwrap_or(0) + em / 2;
        let names = self
            .lines
            .iter()
            .map(|line| text_width(&line.label, em))
            .max()
            .unwrap_or(0);
        let right = names.min(canvas.inner() * 3 / 10) + em;
        let x_axis = Axis::from_zero(most(&mut points().map(|(x, _)| *x)), canvas.right() - right - left);
        for (pixel, text) in marks {
            let y = bottom - pixel;
            scene.line(
                vec![(left, y), (left + x_axis.pixels(), y)],
                (em as u32 / 16).max(1),
                GRID,
            );
            scene.text((left - em / 2, y), Anchor::Right, em, MUTED, text);
        }
        let place = |x: f64, y: f64| (left + x_axis.pixel(x), bottom - y_axis.pixel(y));
        for line in &self.lines {
            for (x, (low, high)) in &line.intervals {
                scene.line(
                    vec![place(*x, *low), place(*x, *high)],
                    (em as u32 / 7).max(1),
                    line.color,
                );
            }
            let points = line.points.iter().map(|(x, y)| place(*x, *y)).collect();
            scene.line(points, (em as u32 / 6).max(1), line.color);
            for (x, y) in &line.points {
                let (center, radius) = (place(*x, *y), em / 3);
                scene.ringed_dot(center, radius, line.color);
                let tip = format!(
                    "{}\n{} → {}",
                    line.label,
                    self.x_scale.format_with_unit(*x),
                    self.y_scale.format_with_unit(*y)
                );
                scene.tip((center.0 - radius, center.1 - radius), (2 * radius, 2 * radius), tip);
            }
        }
        self.names(scene, canvas, right - em / 2, place);
        let mut free_from = i32::MIN;
        for (pixel, text) in x_axis.ticks(&self.x_scale, x_axis.pixels() / (6 * em)) {
            let half = text_width(&text, em) / 2;
            if left + pixel - half >= free_from {
                scene.text((left + pixel, bottom + em), Anchor::Center, em, MUTED, text);
                free_from = left + pixel + half + em / 2;
            }
        }
        let title = shorten(&self.x_title, em, canvas.inner());
        scene.text(
            (canvas.right(), bottom + canvas.tenths(25)),
            Anchor::Right,
            em,
            INK,
            title,
        );
        scene.height = bottom + canvas.tenths(33);
    }

    /// Each line's name beside its end, moved down where two would lie over each other.
    fn names(&self, scene: &mut Scene, canvas: &Canvas, room: i32, place: impl Fn(f64, f64) -> (i32, i32)) {
        let ends = self.lines.iter().filter_map(|line| {
            let (x, y) = line.points.last()?;
            Some((place(*x, *y), line))
        });
        let mut ends: Vec<((i32, i32), &Line)> = ends.collect();
        ends.sort_by_key(|((_, y), _)| *y);
        let mut free_from = i32::MIN;
        for ((x, y), line) in ends {
            let middle = y.max(free_from);
            free_from = middle + canvas.tenths(13);
            let label = shorten(&line.label, canvas.em, room);
            scene.text((x + canvas.tenths(6), middle), Anchor::Left, canvas.em, INK, label);
        }
    }

    pub(super) fn figures(&self, title: &str) -> (Vec<String>, Vec<Vec<String>>) {
        let row = |line: &Line, (x, y): &(f64, f64)| {
            vec![
                line.label.clone(),
                self.x_scale.format_with_unit(*x),
                self.y_scale.format_with_unit(*y),
            ]
        };
        let rows = self
            .lines
            .iter()
            .flat_map(|line| line.points.iter().map(move |point| row(line, point)));
        (
            vec![String::new(), self.x_title.clone(), title.to_owned()],
            rows.collect(),
        )
    }
}
