//! Writing a report: one view of the results files, in the formats asked for, into a folder.
//!
//! Every file is written beside its place and then moved there, so that a full disk or a signal leaves no half file under
//! a good name.

use crate::model::Results;
use crate::render::chart::{Canvas, Chart, ChartError, Fonts};
use crate::render::messages::{Lang, Messages};
use crate::render::view::View;
use crate::render::{csv, html, json, markdown};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A format of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// `report.html`: everything, in one file.
    Html,
    /// One SVG file per chart.
    Svg,
    /// One PNG file per chart.
    Png,
    /// One SVG and one PNG file per chart, of 1920 by 1080 pixels, with what came out as its title.
    Slides,
    /// `samples.csv` and `phases.csv`: every run; `instances.csv`: every look at instances.
    Csv,
    /// `report.md`.
    Md,
    /// `summary.json`.
    Json,
}

impl Format {
    /// Every format, in the order of a help text.
    pub const ALL: [Format; 7] = [
        Format::Html,
        Format::Svg,
        Format::Png,
        Format::Slides,
        Format::Csv,
        Format::Md,
        Format::Json,
    ];

    /// The name by which it is asked for.
    pub fn name(self) -> &'static str {
        match self {
            Format::Html => "html",
            Format::Svg => "svg",
            Format::Png => "png",
            Format::Slides => "slides",
            Format::Csv => "csv",
            Format::Md => "md",
            Format::Json => "json",
        }
    }
}

/// The format asked for is none of [`Format::ALL`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no report format is called {0:?}; there are html, svg, png, slides, csv, md and json")]
pub struct UnknownFormat(String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Format, UnknownFormat> {
        Format::ALL
            .into_iter()
            .find(|format| format.name() == name)
            .ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

/// What [`write`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The files, in the order of writing.
    pub files: Vec<PathBuf>,
    /// What the user should know, in the report's language: a PNG in English for want of a font, or not written at all.
    pub notes: Vec<String>,
}

/// Why a report could not be written.
#[derive(Debug)]
pub enum Error {
    /// There is nothing to report on.
    NoResults,
    /// The folder for the report could not be made.
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the kernel answered.
        source: io::Error,
    },
    /// A file could not be written.
    File {
        /// The file.
        path: PathBuf,
        /// What the kernel answered.
        source: io::Error,
    },
    /// A chart could not be drawn.
    Chart(ChartError),
    /// The samples could not be put into CSV.
    Csv(::csv::Error),
    /// The summary could not be put into JSON.
    Json(serde_json::Error),
}

/// Writes a report on one or several results files into `folder`, which is made if need be. Files that are there under
/// the same names are replaced. The same results give the same bytes; PNG text alone depends on this system's fonts.
///
/// # Errors
/// See [`Error`]. A missing font is none: it is told in [`Written::notes`].
pub fn write(results: &[Results], formats: &[Format], folder: &Path, lang: Lang) -> Result<Written, Error> {
    if results.is_empty() {
        return Err(Error::NoResults);
    }
    fs::create_dir_all(folder).map_err(|source| Error::Folder {
        path: folder.to_owned(),
        source,
    })?;
    let view = View::new(results, lang);
    let mut out = Out {
        folder,
        written: Written::default(),
    };
    for format in Format::ALL.into_iter().filter(|format| formats.contains(format)) {
        match format {
            Format::Html => out.file("report.html", html::render(&view).as_bytes())?,
            Format::Svg => {
                for chart in view.charts() {
                    out.file(&format!("{}.svg", chart.id), chart.svg().as_bytes())?;
                }
            }
            Format::Png => pngs(
                &mut out,
                results,
                &view,
                View::charts,
                &Canvas::FILE,
                &Fonts::of_system(),
            )?,
            Format::Slides => {
                for slide in slides(&view) {
                    out.file(&format!("{}.svg", slide.id), slide.svg_on(&Canvas::SLIDE).as_bytes())?;
                }
                pngs(&mut out, results, &view, slides, &Canvas::SLIDE, &Fonts::of_system())?;
            }
            Format::Csv => {
                out.file("samples.csv", &csv::runs(results).map_err(Error::Csv)?)?;
                out.file("summaries.csv", &csv::summaries(results).map_err(Error::Csv)?)?;
                out.file("phases.csv", &csv::phases(results).map_err(Error::Csv)?)?;
                out.file("instances.csv", &csv::instances(results).map_err(Error::Csv)?)?;
            }
            Format::Md => out.file("report.md", markdown::render(&view, pictures(formats)).as_bytes())?,
            Format::Json => out.file(
                "summary.json",
                json::render(results, &view).map_err(Error::Json)?.as_bytes(),
            )?,
        }
    }
    Ok(out.written)
}

/// The HTML report alone, as text.
pub fn html(results: &[Results], lang: Lang) -> String {
    html::render(&View::new(results, lang))
}

/// Every chart as a slide, numbered in the order of a talk.
fn slides(view: &View) -> Vec<Chart> {
    let slides = view.charts().into_iter().flat_map(|chart| chart.slides());
    let numbered = slides.enumerate();
    numbered
        .map(|(index, chart)| chart.under(&format!("slide-{:02}", index + 1)))
        .collect()
}

/// Which pictures a Markdown file can show.
fn pictures(formats: &[Format]) -> Option<&'static str> {
    [Format::Svg, Format::Png]
        .into_iter()
        .find(|format| formats.contains(format))
        .map(Format::name)
}

/// Charts as PNG: in the report's language where a font covers it, else in English with a note, else none with a note.
fn pngs(
    out: &mut Out,
    results: &[Results],
    view: &View,
    charts: fn(&View) -> Vec<Chart>,
    canvas: &Canvas,
    fonts: &Fonts,
) -> Result<(), Error> {
    let messages = Messages::new(view.lang);
    let draw = |view: &View| -> Vec<(String, Result<Vec<u8>, ChartError>)> {
        let drawn = charts(view).into_iter().map(|chart| {
            let png = chart.png_on(canvas, fonts);
            (chart.id, png)
        });
        drawn.collect()
    };
    let mut drawn = draw(view);
    let uncovered = |(_, png): &(String, Result<Vec<u8>, ChartError>)| matches!(png, Err(ChartError::Uncovered(_)));
    if view.lang != Lang::En && drawn.iter().any(uncovered) {
        drawn = draw(&View::new(results, Lang::En));
        out.written.note(messages.get("note-png-english"));
    }
    for (id, png) in drawn {
        match png {
            Ok(png) => out.file(&format!("{id}.png"), &png)?,
            Err(reason @ (ChartError::NoFont | ChartError::Uncovered(_))) => {
                let arguments = [("chart", id.into()), ("reason", reason.to_string().into())];
                out.written.note(messages.with("note-png-none", &arguments));
            }
            Err(error) => return Err(Error::Chart(error)),
        }
    }
    Ok(())
}

impl Written {
    /// Adds a note that is not there yet.
    fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

struct Out<'a> {
    folder: &'a Path,
    written: Written,
}

impl Out<'_> {
    fn file(&mut self, name: &str, content: &[u8]) -> Result<(), Error> {
        let path = self.folder.join(name);
        let unfinished = self.folder.join(format!(".{name}.unfinished"));
        let written = fs::write(&unfinished, content).and_then(|()| fs::rename(&unfinished, &path));
        if let Err(source) = written {
            // It may not even be there; the error to report is the first one.
            let _ = fs::remove_file(&unfinished);
            return Err(Error::File { path, source });
        }
        self.written.files.push(path);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results() -> Vec<Results> {
        vec![
            Results::from_json(include_str!("../../tests/fixtures/three.json")).expect("the fixture is a results file"),
        ]
    }

    /// Writes the PNGs of a Korean report with the fonts of `tests/fixtures/fonts` below `fonts`.
    fn korean_pngs(fonts: &str) -> (Written, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let fonts = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fixtures/fonts")
            .join(fonts);
        let results = results();
        let mut out = Out {
            folder: folder.path(),
            written: Written::default(),
        };
        pngs(
            &mut out,
            &results,
            &View::new(&results, Lang::Ko),
            View::charts,
            &Canvas::FILE,
            &Fonts::in_folder(&fonts),
        )
        .expect("it can be written");
        (out.written, folder)
    }

    fn charts() -> usize {
        View::new(&results(), Lang::Ko).charts().len()
    }

    #[test]
    fn png_text_is_korean_where_fonts_cover_it() {
        let (written, _folder) = korean_pngs(".");
        assert_eq!((written.files.len(), written.notes), (charts(), Vec::new()));
    }

    #[test]
    fn without_a_korean_font_png_text_is_english_with_a_note() {
        let (written, _folder) = korean_pngs("latin");
        assert_eq!(written.files.len(), charts());
        assert!(
            matches!(&written.notes[..], [note] if note.contains("영어")),
            "{:?}",
            written.notes
        );
        let view = View::new(&results(), Lang::En);
        let chart = view.charts().remove(0);
        let fonts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fonts/latin");
        let english = chart
            .png_on(&Canvas::FILE, &Fonts::in_folder(&fonts))
            .expect("the font covers English");
        assert!(
            fs::read(&written.files[0]).expect("it was written") == english,
            "the picture is not the English one"
        );
    }

    #[test]
    fn characters_that_no_font_has_give_no_picture_of_empty_boxes() {
        let (written, _folder) = korean_pngs("hangul");
        assert_eq!(written.files, Vec::<PathBuf>::new());
        assert_eq!(written.notes.len(), 1 + charts(), "{:?}", written.notes);
    }

    #[test]
    fn without_any_font_every_picture_that_is_missing_is_told() {
        let (written, _folder) = korean_pngs("nonexistent");
        assert_eq!((written.files.len(), written.notes.len()), (0, charts()));
        assert!(written.notes[0].contains("install"), "{:?}", written.notes);
    }

    #[test]
    fn the_same_fonts_give_the_same_pictures() {
        let bytes = |(written, _folder): (Written, tempfile::TempDir)| -> Vec<Vec<u8>> {
            written
                .files
                .iter()
                .map(|file| fs::read(file).expect("it was written"))
                .collect()
        };
        assert!(bytes(korean_pngs(".")) == bytes(korean_pngs(".")));
    }
}
