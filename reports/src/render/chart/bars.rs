//! Layout of horizontal bars: stacked parts, timelines, plain bars with intervals.

use super::axis::Axis;
use super::frame::{self, LABEL, MARGIN, WIDTH};
use super::scene::{Anchor, INK, MUTED, PAPER, Scene, Shape, series_color, shorten, text_width};
use super::{Bar, Bars, Chart, Spread};
use crate::model::Interval;

const BAR: i32 = 20;
const ROW: i32 = 34;

/// Where the rows are.
struct Plot {
    left: i32,
    axis: Axis,
}

impl Plot {
    fn x(&self, value: f64) -> i32 {
        self.left + self.axis.pixel(value)
    }
}

pub(super) fn layout(chart: &Chart, bars: &Bars) -> Scene {
    let legend: Vec<_> = bars
        .series
        .iter()
        .enumerate()
        .map(|(i, name)| (series_color(i), name.clone()))
        .collect();
    let mut scene = frame::begin(chart, &legend);
    let plot = plot_area(bars);
    let top = scene.height;
    let bottom = top + ROW * bars.rows.len() as i32;
    let width = plot.axis.pixels();
    frame::horizontal_axis(
        &mut scene,
        &plot.axis,
        &chart.axis_title,
        (plot.left, width),
        (top, bottom),
    );
    if let Some(reference) = bars.reference {
        let x = plot.x(reference);
        scene.line(vec![(x, top), (x, bottom)], 2, MUTED);
    }
    let numbered = bars.series.len() > 1;
    for (index, bar) in bars.rows.iter().enumerate() {
        place_bar(&mut scene, &plot, bar, top + ROW * index as i32 + ROW / 2, numbered);
    }
    scene.line(vec![(plot.left, top), (plot.left, bottom)], 1, INK);
    frame::finish(scene)
}

/// The names take what they need at the left, up to a quarter of the chart; the figures at the bars' ends what they need
/// at the right; the bars the rest.
fn plot_area(bars: &Bars) -> Plot {
    let widest = |text: fn(&Bar) -> &str| {
        bars.rows
            .iter()
            .map(|bar| text_width(text(bar), LABEL))
            .max()
            .unwrap_or(0)
    };
    let left = MARGIN + widest(|bar| &bar.label).clamp(20, WIDTH / 4) + 8;
    let right = MARGIN + widest(|bar| &bar.value).clamp(30, WIDTH / 3) + 10;
    let end = bars
        .rows
        .iter()
        .map(Bar::end)
        .chain(bars.reference)
        .filter(|end| end.is_finite())
        .fold(0.0, f64::max);
    Plot {
        left,
        axis: Axis::from_zero(bars.unit, end, WIDTH - left - right),
    }
}

impl Bar {
    fn length(&self) -> f64 {
        self.parts.iter().map(|(_, length)| length).sum()
    }

    /// The farthest figure that is drawn.
    fn end(&self) -> f64 {
        let spread = self.spread.map_or(0.0, |spread| spread.highest());
        spread.max(self.start + self.length())
    }
}

fn place_bar(scene: &mut Scene, plot: &Plot, bar: &Bar, middle: i32, numbered: bool) {
    let label = shorten(&bar.label, LABEL, plot.left - MARGIN - 8);
    scene.text((plot.left - 8, middle), Anchor::Right, LABEL, INK, label);
    let (x, y) = (plot.x(bar.start), middle - BAR / 2);
    let mut position = bar.start;
    for (series, length) in &bar.parts {
        let (from, to) = (plot.x(position), plot.x(position + length));
        position += length;
        // A part too short for one pixel still exists: it is drawn one pixel wide.
        let width = if *length > 0.0 { (to - from).max(1) } else { 0 };
        let color = series_color(*series);
        scene.shapes.push(Shape::Rect {
            x: from,
            y,
            width,
            height: BAR,
            color,
        });
        if numbered && width > 3 && bar.parts.len() > 1 {
            scene.line(vec![(from + width, y), (from + width, y + BAR)], 1, PAPER);
        }
        let number = (series + 1).to_string();
        if numbered && width >= text_width(&number, 10) + 4 {
            scene.text(
                (from + width / 2, middle),
                Anchor::Center,
                10,
                color.contrasting(),
                number,
            );
        }
    }
    if let Some(spread) = bar.spread {
        place_intervals(scene, plot, spread, middle + BAR / 2 + 3);
    }
    let end = plot.x(bar.end()) + 8;
    let color = if bar.parts.is_empty() { MUTED } else { INK };
    scene.text(
        (end, middle),
        Anchor::Left,
        LABEL,
        color,
        shorten(&bar.value, LABEL, WIDTH - MARGIN - end),
    );
    let tip = if bar.tip.is_empty() {
        format!("{}: {}", bar.label, bar.value)
    } else {
        format!("{}\n{}", bar.label, bar.tip)
    };
    scene.tip((MARGIN, middle - ROW / 2), (plot.left - MARGIN, ROW), &tip);
    scene.tip((x, middle - ROW / 2), (plot.x(bar.end()) - x + 8, ROW), tip);
}

/// Intervals lie under their bar, where they show whatever the bar's colours: percentiles thin with ends, the confidence
/// interval thick.
fn place_intervals(scene: &mut Scene, plot: &Plot, spread: Spread, y: i32) {
    if let Some((low, high)) = spread.percentiles {
        scene.line(vec![(plot.x(low), y), (plot.x(high), y)], 1, INK);
        for end in [low, high] {
            scene.line(vec![(plot.x(end), y - 2), (plot.x(end), y + 2)], 1, INK);
        }
    }
    if let Some(Interval { low, high }) = spread.confidence {
        scene.line(vec![(plot.x(low), y), (plot.x(high).max(plot.x(low) + 1), y)], 3, INK);
    }
}
