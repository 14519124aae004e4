//! Distributions: a strip of dots for each target, and a curve of their density above it.

use super::axis::Axis;
use super::canvas::Canvas;
use super::colors::{Color, INK};
use super::plot::Plot;
use super::scene::{Anchor, Scene, text_width};
use crate::render::scale::Scale;

/// So many dots show a distribution; more would lie over each other.
pub(crate) const MOST_DOTS: usize = 100;
/// Fewer dots than these have no density.
const FEWEST_FOR_CURVE: usize = 6;

/// Strips, one under the other.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Strips {
    pub scale: Scale,
    /// Equal lengths for equal factors.
    pub log: bool,
    pub strips: Vec<Strip>,
}

/// One strip.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Strip {
    pub label: String,
    pub color: Color,
    /// Ascending; no more than [`MOST_DOTS`].
    pub values: Vec<f64>,
    pub median: f64,
    pub tip: String,
}

impl Strips {
    pub(super) fn place(&self, scene: &mut Scene, canvas: &Canvas, room: Option<i32>) {
        let values = || self.strips.iter().flat_map(|strip| &strip.values).copied();
        let (least, most) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
        let medians = self
            .strips
            .iter()
            .map(|strip| text_width(&self.scale.format_with_unit(strip.median), canvas.em + 1));
        let right = medians.max().unwrap_or(0) + canvas.tenths(10);
        let labels = self.strips.iter().map(|strip| strip.label.as_str());
        let plot = Plot::new(canvas, labels, right, |pixels| match self.log {
            true => Axis::logarithmic(least / 1.1, most * 1.1, pixels),
            false => Axis::from_zero(most * 1.02, pixels),
        });
        let count = self.strips.len().max(1) as i32;
        let row = match room {
            Some(room) => ((room - canvas.tenths(17)) / count).clamp(canvas.tenths(15), canvas.tenths(55)),
            None => canvas.tenths(if count > 5 { 30 } else { 42 }) + plot.above(),
        };
        let top = scene.height;
        for (index, strip) in self.strips.iter().enumerate() {
            let (top, bottom) = (top + row * index as i32, top + row * (index as i32 + 1));
            self.strip(scene, canvas, &plot, strip, (top, bottom));
        }
        plot.grid(scene, &self.scale, top, top + row * count);
    }

    fn strip(&self, scene: &mut Scene, canvas: &Canvas, plot: &Plot, strip: &Strip, (top, bottom): (i32, i32)) {
        let radius = (canvas.em / 4).max(2);
        let height = bottom - top - plot.above();
        // Curve above, dots below.
        let line = top + plot.above() + height * 6 / 10;
        plot.label(scene, &strip.label, top, height * 6 / 10);
        let pixels: Vec<i32> = strip.values.iter().map(|value| plot.axis.pixel(*value)).collect();
        let median = plot.x(strip.median);
        if pixels.len() >= FEWEST_FOR_CURVE {
            let curve = density(&pixels, plot.axis.pixels(), f64::from(height) * 0.52);
            let points: Vec<(i32, i32)> = curve.into_iter().map(|(x, y)| (plot.left + x, line - y)).collect();
            scene.line(points, (canvas.em as u32 / 7).max(1), strip.color);
        }
        let step = radius * 2;
        let depth = ((bottom - line) / step - 1).max(1);
        let mut below = (i32::MIN, 0);
        for pixel in &pixels {
            // Dots that would lie over each other stand below each other, as far as there is room.
            below = if *pixel < below.0 + step {
                (below.0, below.1 + 1)
            } else {
                (*pixel, 0)
            };
            let y = line + radius + 2 + (below.1 % depth) * step;
            scene.dot((plot.left + pixel, y), radius, strip.color);
        }
        scene.line(
            vec![(median, line - height / 8), (median, line + radius)],
            (canvas.em as u32 / 7).max(1),
            INK,
        );
        let text = self.scale.format_with_unit(strip.median);
        scene.bold((canvas.right(), line), Anchor::Right, canvas.em, INK, text);
        scene.tip(
            (plot.left, top + plot.above()),
            (plot.axis.pixels(), height),
            format!("{}\n{}", strip.label, strip.tip),
        );
    }

    pub(super) fn figures(&self, title: &str) -> (Vec<String>, Vec<Vec<String>>) {
        let rows = self
            .strips
            .iter()
            .map(|strip| vec![strip.label.clone(), strip.tip.clone()]);
        (vec![String::new(), title.to_owned()], rows.collect())
    }
}

/// How dense positions are, as a curve of this height: a Gaussian kernel (Silverman, "Density Estimation", 1986, 3.31).
fn density(pixels: &[i32], width: i32, height: f64) -> Vec<(i32, i32)> {
    let n = pixels.len() as f64;
    let at = |share: f64| f64::from(pixels[((n - 1.0) * share).round() as usize]);
    let mean = pixels.iter().map(|pixel| f64::from(*pixel)).sum::<f64>() / n;
    let variance = pixels
        .iter()
        .map(|pixel| (f64::from(*pixel) - mean).powi(2))
        .sum::<f64>()
        / n;
    let spread = variance.sqrt().min((at(0.75) - at(0.25)) / 1.34);
    let bandwidth = (0.9 * spread * n.powf(-0.2)).max(3.0);
    let step = 3;
    let (first, last) = (
        (f64::from(pixels[0]) - 3.0 * bandwidth).max(0.0) as i32,
        (f64::from(pixels[pixels.len() - 1]) + 3.0 * bandwidth).min(f64::from(width)) as i32,
    );
    let positions: Vec<i32> = (first..=last).step_by(step).collect();
    let kernel = |x: i32| {
        pixels
            .iter()
            .map(|pixel| (-0.5 * (f64::from(x - pixel) / bandwidth).powi(2)).exp())
            .sum::<f64>()
    };
    let densities: Vec<f64> = positions.iter().map(|x| kernel(*x)).collect();
    let most = densities.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    positions
        .into_iter()
        .zip(densities)
        .map(|(x, density)| (x, (density / most * height).round() as i32))
        .collect()
}
