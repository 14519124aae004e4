//! Layout of lines over a common axis: distributions, memory against guest RAM.

use super::axis::{Axis, Unit};
use super::frame::{self, LABEL, MARGIN, WIDTH};
use super::scene::{Anchor, GRID, INK, MUTED, Scene, Shape, series_color, text_width};
use super::{Chart, Curve, Curves, Spread};

const PLOT: i32 = 300;

pub(super) fn layout(chart: &Chart, curves: &Curves) -> Scene {
    let legend: Vec<_> = curves
        .curves
        .iter()
        .enumerate()
        .map(|(i, c)| (series_color(i), c.label.clone()))
        .collect();
    let mut scene = frame::begin(chart, &legend);

    let top = scene.height + 26;
    let bottom = top + PLOT;
    let y_axis = vertical_axis(curves);
    let y_title = frame::axis_title(&curves.y_title, &y_axis);
    scene.text((MARGIN, top - 18), Anchor::Left, LABEL, INK, y_title);
    let marks = y_axis.ticks(5);
    let left = MARGIN + marks.iter().map(|(_, text)| text_width(text, LABEL)).max().unwrap_or(0) + 8;
    let width = WIDTH - MARGIN - 14 - left;
    let x_axis = across_axis(curves, width);
    for (pixel, text) in marks {
        scene.line(
            vec![(left - 4, bottom - pixel), (left + width, bottom - pixel)],
            1,
            GRID,
        );
        scene.text((left - 8, bottom - pixel), Anchor::Right, LABEL, MUTED, text);
    }
    frame::horizontal_axis(&mut scene, &x_axis, &chart.axis_title, (left, width), (top, bottom));
    scene.line(vec![(left, top), (left, bottom), (left + width, bottom)], 1, INK);
    let place = |(x, y): (f64, f64)| (left + x_axis.pixel(x), bottom - y_axis.pixel(y));
    for (index, curve) in curves.curves.iter().enumerate() {
        scene.line(path(curve, place), 2, series_color(index));
        for (x, spread) in &curve.spreads {
            place_intervals(&mut scene, *spread, |y| place((*x, y)));
        }
    }
    // The marks lie over all lines. Each curve has its own at another height, so that they do not meet.
    let count = curves.curves.len();
    for (index, curve) in curves.curves.iter().enumerate() {
        if !curve.stepped {
            for point in &curve.points {
                let (x, y) = place(*point);
                scene.shapes.push(Shape::Dot {
                    center: (x, y),
                    radius: 4,
                    color: series_color(index),
                });
                let text = format!(
                    "{}\n{} → {}",
                    curve.label,
                    curves.x_unit.exact(point.0),
                    curves.y_unit.exact(point.1)
                );
                scene.tip((x - 7, y - 7), (14, 14), text);
            }
            continue;
        }
        let height = (index as f64 + 1.0) / (count as f64 + 1.0);
        if let Some(point) = curve.points.iter().find(|(_, share)| *share >= height) {
            let center = place((point.0, height));
            if count > 1 {
                scene.numbered_dot(center, series_color(index), index + 1);
            }
            scene.tip(
                (center.0 - 10, center.1 - 10),
                (20, 20),
                format!("{}\n{}", curve.label, curve.tip),
            );
        }
    }
    frame::finish(scene)
}

/// Percentiles thin, the confidence interval thick, upright through their point.
fn place_intervals(scene: &mut Scene, spread: Spread, place: impl Fn(f64) -> (i32, i32)) {
    for ((low, high), width) in spread
        .percentiles
        .map(|ends| (ends, 1))
        .into_iter()
        .chain(spread.confidence.map(|interval| ((interval.low, interval.high), 3)))
    {
        scene.line(vec![place(low), place(high)], width, INK);
    }
}

fn vertical_axis(curves: &Curves) -> Axis {
    let points = curves.curves.iter().flat_map(|curve| &curve.points).map(|(_, y)| *y);
    let spreads = curves
        .curves
        .iter()
        .flat_map(|curve| &curve.spreads)
        .map(|(_, spread)| spread.highest());
    let values = points.chain(spreads);
    let max = if curves.y_unit == Unit::Share {
        1.0
    } else {
        values.fold(0.0, f64::max)
    };
    Axis::from_zero(curves.y_unit, max, PLOT)
}

fn across_axis(curves: &Curves, width: i32) -> Axis {
    let values = || {
        curves
            .curves
            .iter()
            .flat_map(|curve| &curve.points)
            .map(|(x, _)| *x)
            .filter(|x| x.is_finite())
    };
    let max = values().fold(0.0, f64::max);
    if curves.log_x {
        let min = values().filter(|x| *x > 0.0).fold(f64::INFINITY, f64::min);
        Axis::logarithmic(curves.x_unit, min / 1.1, max * 1.1, width)
    } else {
        Axis::from_zero(curves.x_unit, max, width)
    }
}

/// The curve in pixels, without points that fall on the pixel of their neighbours: thousands of runs make no larger file.
fn path(curve: &Curve, place: impl Fn((f64, f64)) -> (i32, i32)) -> Vec<(i32, i32)> {
    let mut pixels: Vec<(i32, i32)> = Vec::new();
    let mut last = if curve.stepped {
        curve.points.first().map(|(x, _)| (*x, 0.0))
    } else {
        None
    };
    if let Some(start) = last {
        pixels.push(place(start));
    }
    for point in &curve.points {
        if let Some((_, y)) = last.filter(|_| curve.stepped) {
            pixels.push(place((point.0, y)));
        }
        pixels.push(place(*point));
        last = Some(*point);
    }
    pixels.dedup();
    // Of three in a row on a straight horizontal or vertical line the middle one says nothing.
    let mut kept: Vec<(i32, i32)> = Vec::new();
    for pixel in pixels {
        if let [.., a, b] = kept[..]
            && ((a.0 == b.0 && b.0 == pixel.0) || (a.1 == b.1 && b.1 == pixel.1))
        {
            kept.pop();
        }
        kept.push(pixel);
    }
    kept
}
