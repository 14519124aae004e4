//! Charts of a results file.

use crate::model::Results;

/// Why a chart could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// PNG text is drawn from a font file, and there is none.
    #[error(
        "no font was found in the system's font folders, so the text of a PNG cannot be drawn; install one (for example the package fonts-dejavu-core), or use the SVG"
    )]
    NoFont,
    /// The drawing library refused.
    #[error("the chart could not be drawn: {0}")]
    Draw(String),
}

/// A chart, not yet in any file format.
pub struct Chart {}

impl Chart {
    /// The chart as an SVG document whose text is real text.
    pub fn svg(&self) -> Result<String, ChartError> {
        Err(ChartError::Draw("charts are not written yet".to_owned()))
    }

    /// The chart as a PNG file.
    pub fn png(&self) -> Result<Vec<u8>, ChartError> {
        Err(ChartError::Draw("charts are not written yet".to_owned()))
    }
}

/// Start-up by phase: one stacked bar per target.
pub fn startup_phases(results: &Results) -> Chart {
    let _ = results;
    Chart {}
}
