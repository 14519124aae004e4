//! Charts of results files: what each one shows, in [`startup`], and how it looks, in the layout modules.
//!
//! A [`Chart`] holds figures and texts only. It is laid out into a scene of shapes, which is painted as SVG or PNG.

mod axis;
mod bars;
mod curves;
mod fonts;
mod frame;
mod paint;
mod scene;
mod startup;
#[cfg(test)]
mod tests;

pub use fonts::Fonts;

use crate::messages::{Lang, Messages};
use crate::model::Results;
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
    confidence: Option<(f64, f64)>,
    /// 5th to 95th percentile, where it is drawn.
    percentiles: Option<(f64, f64)>,
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
        paint::svg(&self.layout(), &format!("{}. {}", self.title, self.note))
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

    fn layout(&self) -> scene::Scene {
        match &self.body {
            Body::Bars(bars) => bars::layout(self, bars),
            Body::Curves(curves) => curves::layout(self, curves),
        }
    }
}

/// Start-up by phase in English: one stacked bar per target.
pub fn startup_phases(results: &Results) -> Chart {
    startup::phases(results, &Messages::new(Lang::En))
}
