//! Charts of results files: what each one shows, in [`startup`], [`resources`], [`speed`], [`density`], [`growth`] and
//! [`across`], and how it looks, in one module
//! for each kind ([`bars`], [`columns`], [`dots`], [`strips`], [`lines`]).
//!
//! A [`Chart`] holds figures and texts only. It is drawn on a [`canvas`] as a scene of shapes, which is written as SVG or PNG.

mod across;
mod axis;
mod bars;
mod canvas;
mod colors;
mod columns;
mod density;
mod dots;
mod fonts;
mod growth;
mod lines;
mod plot;
mod png;
mod resources;
mod scene;
pub(crate) mod speed;
mod startup;
mod strips;
mod svg;
#[cfg(test)]
mod tests;

pub use fonts::Fonts;

use crate::model::Results;
use crate::render::messages::{Lang, Messages};
use crate::render::performance::performance;
pub(crate) use across::{differences, labels};
pub(crate) use canvas::Canvas;
pub(crate) use colors::TargetColors;

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
    /// What is drawn.
    pub title: String,
    /// What came out, in a sentence; empty where none says it.
    pub finding: String,
    /// What the figures are, and their unit.
    pub subtitle: String,
    /// Of how many runs the figures are, and how marks are to be read.
    pub footer: String,
    /// What was measured, and where.
    pub source: String,
    body: Body,
}

/// The figures of a chart.
#[derive(Clone, Debug, PartialEq)]
enum Body {
    Bars(bars::Bars),
    Columns(Vec<columns::Column>),
    Dots(dots::Dots),
    Strips(strips::Strips),
    Lines(lines::Lines),
}

impl Body {
    /// Puts the figures on a scene, below what is there; `room` is the height that there is for them, where it is limited.
    fn place(&self, scene: &mut scene::Scene, canvas: &Canvas, room: Option<i32>) {
        match self {
            Body::Bars(bars) => bars.place(scene, canvas, room),
            Body::Columns(columns) => columns::place(columns, scene, canvas, room),
            Body::Dots(dots) => dots.place(scene, canvas, room),
            Body::Strips(strips) => strips.place(scene, canvas, room),
            Body::Lines(lines) => lines.place(scene, canvas, room),
        }
    }
}

impl Chart {
    /// The chart as an SVG document whose text is real text, shown in the reader's own fonts.
    pub fn svg(&self) -> String {
        self.svg_on(&Canvas::FILE)
    }

    pub(crate) fn svg_on(&self, canvas: &Canvas) -> String {
        svg::document(&canvas.draw(self), &self.alternative())
    }

    /// The chart with `name` before its id.
    pub(crate) fn under(mut self, name: &str) -> Chart {
        self.id = format!("{name}-{}", self.id);
        self
    }

    /// The finding, or what is drawn where there is none.
    pub fn heading(&self) -> &str {
        if self.finding.is_empty() {
            &self.title
        } else {
            &self.finding
        }
    }

    /// The chart in words, for those who cannot see it.
    fn alternative(&self) -> String {
        let lines: Vec<String> = match &self.body {
            Body::Bars(bars) => bars.all().map(|bar| format!("{}: {}", bar.label, bar.value)).collect(),
            Body::Columns(columns) => columns
                .iter()
                .flat_map(|column| column.bars.all())
                .map(|bar| format!("{}: {}", bar.label, bar.value))
                .collect(),
            _ => self.figures().1.into_iter().map(|row| row.join(" ")).collect(),
        };
        format!("{}. {} {}.", self.heading(), self.subtitle, lines.join("; "))
    }

    /// The chart as a PNG file of twice the SVG's size in pixels, with text from this system's fonts.
    ///
    /// # Errors
    /// [`ChartError::NoFont`] and [`ChartError::Uncovered`] where the text cannot be drawn.
    pub fn png(&self) -> Result<Vec<u8>, ChartError> {
        self.png_on(&Canvas::FILE, &Fonts::of_system())
    }

    /// A slide is as large as a projector's picture, and what is no slide twice its size: charts are shown on dense screens.
    pub(crate) fn png_on(&self, canvas: &Canvas, fonts: &Fonts) -> Result<Vec<u8>, ChartError> {
        let scale = if canvas.height.is_some() { 1 } else { 2 };
        png::file(&canvas.draw(self), fonts, scale)
    }

    /// The chart as a table, for those who cannot see it: headings, then rows.
    pub(crate) fn figures(&self) -> (Vec<String>, Vec<Vec<String>>) {
        match &self.body {
            Body::Bars(bars) => bars.figures(&self.title),
            Body::Columns(columns) => columns
                .first()
                .map_or_else(Default::default, |column| column.bars.figures(&column.title)),
            Body::Dots(dots) => dots.figures(&self.title),
            Body::Strips(strips) => strips.figures(&self.title),
            Body::Lines(lines) => lines.figures(&self.title),
        }
    }

    /// Whether there is anything but names to draw.
    fn has_figures(&self) -> bool {
        match &self.body {
            Body::Bars(bars) => bars.all().any(|bar| !bar.parts.is_empty()),
            Body::Columns(columns) => !columns.is_empty(),
            Body::Dots(dots) => dots.rows.iter().any(|row| !row.dots.is_empty()),
            Body::Strips(strips) => !strips.strips.is_empty(),
            Body::Lines(lines) => !lines.lines.is_empty(),
        }
    }

    /// The chart as slides: steps of many targets are one slide a target, so that each can be read.
    pub(crate) fn slides(&self) -> Vec<Chart> {
        match &self.body {
            Body::Bars(bars) if bars.groups.len() > 1 => {
                let slide = |(index, group): (usize, &bars::Group)| Chart {
                    id: format!("{}-{}", self.id, index + 1),
                    body: Body::Bars(bars::Bars {
                        groups: vec![group.clone()],
                        ..bars.clone()
                    }),
                    ..self.clone()
                };
                bars.groups.iter().enumerate().map(slide).collect()
            }
            _ => vec![self.clone()],
        }
    }
}

/// What every chart of a file is made from.
pub(crate) struct Source<'a> {
    pub results: &'a Results,
    pub messages: &'a Messages,
    pub colors: &'a TargetColors,
}

/// Every chart of one results file, the most telling first: start-up, memory and image, then the others.
pub(crate) fn of_file(source: &Source) -> Vec<Chart> {
    let mut charts = vec![
        startup::phases(source),
        resources::memory(source),
        resources::image(source),
        startup::steps(source),
    ];
    charts.extend(speed::speeds(source));
    charts.push(startup::distributions(source));
    charts.extend(density::memory(source));
    charts.extend(density::starts(source));
    charts.retain(Chart::has_figures);
    let told = crate::render::view::heading(source.results, source.messages);
    charts.iter_mut().for_each(|chart| chart.source.clone_from(&told));
    charts
}

/// Start-up, memory and image in one picture, where a file has at least two of them.
pub(crate) fn overview(charts: &[Chart]) -> Option<Chart> {
    let column = |chart: &Chart| match &chart.body {
        Body::Bars(bars) if bars.named => Some(columns::Column {
            title: chart.title.clone(),
            bars: bars.clone(),
        }),
        _ => None,
    };
    let columns: Vec<columns::Column> = charts.iter().filter_map(column).collect();
    let first = charts.first().filter(|_| columns.len() > 1)?;
    Some(Chart {
        id: "overview".to_owned(),
        subtitle: String::new(),
        footer: String::new(),
        body: Body::Columns(columns),
        ..first.clone()
    })
}

/// Every chart that needs several files.
pub(crate) fn of_files(files: &[Results], messages: &Messages, colors: &TargetColors) -> Vec<Chart> {
    let mut charts: Vec<Chart> = performance(files, messages)
        .map(|found| found.chart(messages, colors))
        .into_iter()
        .collect();
    charts.extend(across::charts(files, messages, colors));
    charts.extend(growth::memory_by_guest_ram(files, messages, colors));
    charts.retain(Chart::has_figures);
    charts
}

/// Start-up by phase in English: one stacked bar per target.
pub fn startup_phases(results: &Results) -> Chart {
    let (messages, colors) = (Messages::new(Lang::En), TargetColors::new([results]));
    let source = Source {
        results,
        messages: &messages,
        colors: &colors,
    };
    Chart {
        source: crate::render::view::heading(results, &messages),
        ..startup::phases(&source)
    }
}
