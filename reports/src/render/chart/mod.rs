//! Charts of results files: what each one shows, in [`startup`], and how it looks, in the layout modules.
//!
//! A [`Chart`] holds figures and texts only. It is laid out into a scene of shapes, which is painted as SVG or PNG.

mod across;
mod axis;
mod bars;
mod curves;
mod fonts;
mod frame;
mod paint;
mod resources;
mod scene;
mod startup;
#[cfg(test)]
mod tests;

pub use fonts::Fonts;

use crate::model::{Interval, Results};
use crate::render::messages::{Lang, Messages};
pub(crate) use across::{differences, labels};
use axis::Unit;

/// Why a chart could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// PNG text is drawn from font files, and there is none.
    #[error(
        "no font was found in the system's font folders, so the text of a PNG cannot be drawn; install one (for example the package fonts-dejavu-core), or use the SVG"
    )]
    NoFont,
    /// The fonts there are lack characters that the chart's text needs.
    #[error(
        "no font of this system has the characters {0:?}, so the text of a PNG cannot be drawn; install one that has (for Korean the package fonts-noto-cjk or fonts-nanum), or use the SVG"
    )]
    Uncovered(String),
    /// The drawing or the encoding library refused.
    #[error("the chart could not be drawn: {0}")]
    Draw(String),
}

/// A chart, not yet in any file format.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// A stable name, usable as a file name: `startup-phases`.
    pub id: String,
    /// The heading.
    pub title: String,
    /// What is drawn, from how many runs.
    pub note: String,
    /// What the figures along the horizontal axis are, without their unit.
    axis_title: String,
    body: Body,
}

/// The figures of a chart.
#[derive(Clone, Debug, PartialEq)]
enum Body {
    Bars(Bars),
    Curves(Curves),
}

/// Horizontal bars, one under the other, each of consecutive parts.
#[derive(Clone, Debug, PartialEq)]
struct Bars {
    unit: Unit,
    /// Names of the parts; a legend is drawn when there are several.
    series: Vec<String>,
    rows: Vec<Bar>,
    /// A figure to compare with, as a vertical line.
    reference: Option<f64>,
}

/// One bar.
#[derive(Clone, Debug, Default, PartialEq)]
struct Bar {
    label: String,
    /// Where the bar begins; zero but in a timeline.
    start: f64,
    /// Index of the series, length.
    parts: Vec<(usize, f64)>,
    /// Of the whole bar, for the intervals.
    spread: Option<Spread>,
    /// At the bar's end.
    value: String,
    /// More to say when the bar is pointed at.
    tip: String,
}

/// A median and the intervals around it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Spread {
    median: f64,
    /// Confidence interval of the median, where there are enough samples for one.
    confidence: Option<Interval>,
    /// 5th to 95th percentile, where it is drawn.
    percentiles: Option<(f64, f64)>,
}

impl Spread {
    /// The highest figure of it.
    fn highest(&self) -> f64 {
        let confidence = self.confidence.map(|interval| interval.high);
        let ends = confidence.into_iter().chain(self.percentiles.map(|(_, high)| high));
        ends.fold(self.median, f64::max)
    }
}

/// Lines over a common axis.
#[derive(Clone, Debug, PartialEq)]
struct Curves {
    x_unit: Unit,
    y_unit: Unit,
    y_title: String,
    log_x: bool,
    curves: Vec<Curve>,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
struct Curve {
    label: String,
    /// From left to right.
    points: Vec<(f64, f64)>,
    /// Intervals around points, with where they stand on the horizontal axis.
    spreads: Vec<(f64, Spread)>,
    /// Whether the line goes from point to point in steps, as the share of a counted set does.
    stepped: bool,
    tip: String,
}

impl Chart {
    /// The chart as an SVG document whose text is real text, shown in the reader's own fonts.
    ///
    /// # Errors
    /// [`ChartError::Draw`] when the drawing library refuses, which it has no reason to.
    pub fn svg(&self) -> Result<String, ChartError> {
        paint::svg(&self.layout(), &self.alternative())
    }

    /// The chart in words, for those who cannot see it.
    fn alternative(&self) -> String {
        let lines: Vec<String> = match &self.body {
            Body::Bars(bars) => bars
                .rows
                .iter()
                .map(|bar| format!("{}: {}", bar.label, bar.value))
                .collect(),
            Body::Curves(curves) => curves
                .curves
                .iter()
                .map(|curve| format!("{} {}", curve.label, curve.tip))
                .collect(),
        };
        format!("{}. {} {}.", self.title, self.note, lines.join("; "))
    }

    /// The chart as a PNG file of twice the SVG's size in pixels, with text from this system's fonts.
    ///
    /// # Errors
    /// [`ChartError::NoFont`] and [`ChartError::Uncovered`] where the text cannot be drawn.
    pub fn png(&self) -> Result<Vec<u8>, ChartError> {
        self.png_with(&Fonts::of_system())
    }

    /// As [`Chart::png`], with fonts that were looked for before.
    ///
    /// # Errors
    /// As [`Chart::png`].
    pub fn png_with(&self, fonts: &Fonts) -> Result<Vec<u8>, ChartError> {
        paint::png(&self.layout(), fonts)
    }

    /// The chart as a table, for those who cannot see it: headings, then rows.
    pub(crate) fn figures(&self) -> (Vec<String>, Vec<Vec<String>>) {
        match &self.body {
            Body::Bars(bars) => bars.figures(&self.axis_title),
            Body::Curves(curves) => curves.figures(&self.axis_title),
        }
    }

    /// Whether there is anything but names to draw.
    fn has_figures(&self) -> bool {
        match &self.body {
            Body::Bars(bars) => bars.rows.iter().any(|bar| !bar.parts.is_empty()),
            Body::Curves(curves) => !curves.curves.is_empty(),
        }
    }

    fn layout(&self) -> scene::Scene {
        match &self.body {
            Body::Bars(bars) => bars::layout(self, bars),
            Body::Curves(curves) => curves::layout(self, curves),
        }
    }
}

impl Bars {
    fn figures(&self, title: &str) -> (Vec<String>, Vec<Vec<String>>) {
        let header = [String::new()]
            .into_iter()
            .chain(self.series.iter().cloned())
            .chain([title.to_owned()]);
        let row = |bar: &Bar| {
            let part = |series: usize| {
                let lengths = bar
                    .parts
                    .iter()
                    .filter(|(index, _)| *index == series)
                    .map(|(_, length)| *length);
                lengths
                    .reduce(|a, b| a + b)
                    .map_or_else(String::new, |length| self.unit.format(length))
            };
            let whole = if bar.tip.is_empty() {
                bar.value.clone()
            } else {
                bar.tip.clone()
            };
            [bar.label.clone()]
                .into_iter()
                .chain((0..self.series.len()).map(part))
                .chain([whole])
                .collect()
        };
        (header.collect(), self.rows.iter().map(row).collect())
    }
}

impl Curves {
    fn figures(&self, title: &str) -> (Vec<String>, Vec<Vec<String>>) {
        if self.curves.iter().all(|curve| curve.stepped) {
            let rows = self
                .curves
                .iter()
                .map(|curve| vec![curve.label.clone(), curve.tip.clone()]);
            return (vec![String::new(), title.to_owned()], rows.collect());
        }
        let rows = self.curves.iter().flat_map(|curve| {
            curve
                .points
                .iter()
                .map(|(x, y)| vec![curve.label.clone(), self.x_unit.format(*x), self.y_unit.format(*y)])
        });
        (
            vec![String::new(), title.to_owned(), self.y_title.clone()],
            rows.collect(),
        )
    }
}

/// Every chart of one results file, the most telling first.
pub(crate) fn of_file(results: &Results, messages: &Messages) -> Vec<Chart> {
    let mut charts = vec![
        startup::phases(results, messages),
        startup::distributions(results, messages),
        resources::memory(results, messages),
        resources::image(results, messages),
    ];
    charts.extend(resources::speeds(results, messages));
    charts.extend(resources::density(results, messages));
    charts.extend(startup::timelines(results, messages));
    charts.retain(Chart::has_figures);
    charts
}

/// Every chart that needs several files.
pub(crate) fn of_files(files: &[Results], messages: &Messages) -> Vec<Chart> {
    let mut charts = across::charts(files, messages);
    charts.extend(resources::memory_by_guest_ram(files, messages));
    charts.retain(Chart::has_figures);
    charts
}

/// Start-up by phase in English: one stacked bar per target.
pub fn startup_phases(results: &Results) -> Chart {
    startup::phases(results, &Messages::new(Lang::En))
}
