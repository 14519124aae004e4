//! Reading and writing a results file, with errors that say what is wrong with it.
//!
//! A file is taken when its `schema` is one this version knows, its JSON is whole and every figure is a finite number that
//! is not below zero. Everything else is an [`ReadError`] that names the place.

use super::any_json::AnyJson;
use super::v1::{OldResults, SCHEMA_1};
use super::{Interval, Results, SCHEMA, Target};
use serde::Deserialize;
use serde_json::Value;
use serde_json::error::Category;
use std::collections::BTreeSet;
use std::io::{self, BufRead, Cursor, Seek, SeekFrom, Write};

/// What every results file's `schema` begins with; a number follows.
const SCHEMA_FAMILY: &str = "isolab-results/";

/// Why a text is not a results file that this isolab can read.
#[derive(Debug, PartialEq, Eq)]
pub enum ReadError {
    /// Nothing in it.
    Empty,
    /// The JSON breaks off.
    Truncated {
        /// Counts from 1.
        line: usize,
        /// Counts from 1.
        column: usize,
    },
    /// Not JSON.
    NotJson(String),
    /// JSON without the field `schema`.
    NoSchema,
    /// JSON of something else.
    OtherSchema(String),
    /// A results file of a later version.
    FutureSchema(String),
    /// The schema is right and the content is not.
    WrongContent(String),
    /// A figure that cannot have been measured.
    WrongFigure(FigureError),
    /// The file itself cannot be read.
    Input(String),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        ReadError::Input(error.to_string())
    }
}

/// Why results could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A figure that cannot have been measured.
    #[error("{0}")]
    Figure(#[from] FigureError),
    /// Where they were to go cannot be written to.
    #[error(transparent)]
    Output(#[from] io::Error),
}

impl From<FigureError> for ReadError {
    fn from(error: FigureError) -> Self {
        ReadError::WrongFigure(error)
    }
}

impl From<WriteError> for io::Error {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Output(error) => error,
            WriteError::Figure(_) => io::Error::other(error),
        }
    }
}

/// A figure that no measurement can give.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place} is {value}: figures are finite numbers and not below zero")]
pub struct FigureError {
    /// Where, as a path of field names.
    pub place: String,
    /// The figure as text.
    pub value: String,
}

/// Where a results file is read from: it is looked at again where it turns out to be something else.
pub trait Source: BufRead + Seek {}

impl<T: BufRead + Seek> Source for T {}

impl Results {
    /// Reads a results file's text; see [`Results::read`].
    ///
    /// # Errors
    /// The same.
    pub fn from_json(text: &str) -> Result<Results, ReadError> {
        Results::read(&mut Cursor::new(text))
    }

    /// Reads a results file, without holding its text in memory. Targets that have figures but no description in it are
    /// added to `targets`.
    ///
    /// # Errors
    /// Says whether it is empty, no JSON, cut off, something else's JSON, from a newer version, or holds an impossible figure.
    pub fn read(file: &mut dyn Source) -> Result<Results, ReadError> {
        let begin = skip_mark(file)?;
        let mut parsed = serde_json::from_reader::<_, Results>(&mut *file);
        let known = parsed.as_ref().is_ok_and(|results| results.schema == SCHEMA);
        if !known && check_schema(file, begin)? == SCHEMA_1 {
            file.seek(SeekFrom::Start(begin))?;
            parsed = serde_json::from_reader::<_, OldResults>(&mut *file).map(Results::from);
        }
        let mut results = parsed.map_err(|error| match error.classify() {
            Category::Syntax => ReadError::NotJson(error.to_string()),
            _ => ReadError::WrongContent(error.to_string()),
        })?;
        results.check_figures()?;
        results.add_undescribed_targets();
        Ok(results)
    }

    /// Writes a results file: indented JSON, ending in a newline.
    ///
    /// # Errors
    /// [`WriteError::Figure`], before anything is written, where a figure is not finite or below zero: JSON could not hold
    /// the one, no clock gives the other. [`WriteError::Output`] where `output` cannot be written to.
    pub fn write(&self, output: &mut dyn Write) -> Result<(), WriteError> {
        self.check_figures()?;
        // An error of a serializer whose data is sound is one of its output.
        serde_json::to_writer_pretty(&mut *output, self).map_err(io::Error::from)?;
        Ok(output.write_all(b"\n")?)
    }

    /// The results file's text; see [`Results::write`].
    ///
    /// # Errors
    /// [`WriteError::Figure`].
    pub fn to_json(&self) -> Result<String, WriteError> {
        let mut text = Vec::new();
        self.write(&mut text)?;
        Ok(String::from_utf8(text).expect("JSON is UTF-8"))
    }

    /// Gives every target that has samples or a summary an entry, so that none is missing from tables and charts.
    fn add_undescribed_targets(&mut self) {
        let mut known: BTreeSet<String> = self.targets.iter().map(|target| target.name.clone()).collect();
        let summarized = self.summary.iter().map(|summary| summary.target.clone());
        let sampled = self.samples.targets().into_iter().map(String::from);
        let held = self.density.iter().map(|density| density.target.clone());
        for name in summarized.chain(sampled).chain(held) {
            if known.insert(name.clone()) {
                self.targets.push(Target {
                    name,
                    ..Target::default()
                });
            }
        }
    }

    /// Looks for a figure that no measurement can give, such as a NaN from a division by zero.
    ///
    /// # Errors
    /// The first such figure and its place.
    pub fn check_figures(&self) -> Result<(), FigureError> {
        check("config.idle_gap_ms", self.config.idle_gap_ms)?;
        check("config.timeout_s", self.config.timeout_s)?;
        check_with(|| "host.cpu_mhz".to_owned(), self.host.cpu_mhz)?;
        check_with(|| "host.load_1min".to_owned(), self.host.load_1min)?;
        for (index, sample) in self.samples.iter().enumerate() {
            for (id, figure) in sample.metrics.iter() {
                check_with(|| format!("samples[{index}].{id}"), [figure])?;
            }
            let phases = sample.phases.iter().map(|phase| phase.ms);
            check_with(|| format!("samples[{index}].phases"), phases)?;
        }
        for (index, instance) in self.instances.iter().enumerate() {
            for (id, figure) in instance.metrics.iter() {
                let ends = instance.intervals.get(id.as_str()).copied();
                check_with(
                    || format!("instances[{index}].{id}"),
                    [figure].into_iter().chain(both(ends)),
                )?;
            }
        }
        for density in &self.density {
            let figures = density
                .used_bytes
                .iter()
                .chain(&density.start_ms)
                .chain(&density.memory_bytes);
            check_with(|| format!("density of {}", density.target), figures.copied())?;
        }
        for summary in &self.summary {
            for (id, figures) in &summary.metrics {
                let figures = [Some(figures.value), figures.p5, figures.p95]
                    .into_iter()
                    .flatten()
                    .chain(both(figures.interval));
                check_with(|| format!("summary of {}: {id}", summary.target), figures)?;
            }
            let nearest = summary.nearest.iter().flat_map(|nearest| &nearest.phases);
            check_with(
                || format!("summary of {}: phases", summary.target),
                nearest.map(|phase| phase.ms),
            )?;
        }
        for comparison in &self.comparisons {
            let place = || {
                format!(
                    "comparison of {} with {}: {}",
                    comparison.target, comparison.against, comparison.metric
                )
            };
            let figures = [Some(comparison.ratio), comparison.p_value, comparison.superiority];
            check_with(place, figures.into_iter().flatten().chain(both(comparison.interval)))?;
        }
        Ok(())
    }
}

/// The ends of an interval, as far as they must be figures: the lower end of a slope's may lie below zero.
fn both(interval: Option<Interval>) -> impl Iterator<Item = f64> {
    let from_zero = |low: f64| if low < 0.0 { 0.0 } else { low };
    interval
        .into_iter()
        .flat_map(move |interval| [from_zero(interval.low), interval.high])
}

fn check(place: &str, figure: f64) -> Result<(), FigureError> {
    check_with(|| place.to_owned(), [figure])
}

fn check_with(place: impl FnOnce() -> String, figures: impl IntoIterator<Item = f64>) -> Result<(), FigureError> {
    match figures
        .into_iter()
        .find(|figure| !(figure.is_finite() && *figure >= 0.0))
    {
        Some(figure) => Err(FigureError {
            place: place(),
            value: figure.to_string(),
        }),
        None => Ok(()),
    }
}

/// Leaves out a byte order mark, and gives the place where the document begins.
fn skip_mark(file: &mut dyn Source) -> Result<u64, ReadError> {
    const MARK: &[u8] = "\u{feff}".as_bytes();
    let length = if file.fill_buf()?.starts_with(MARK) {
        MARK.len()
    } else {
        0
    };
    file.consume(length);
    Ok(file.stream_position()?)
}

/// The schema of a document that did not parse as results, where it is one that can be read.
fn check_schema(file: &mut dyn Source, begin: u64) -> Result<String, ReadError> {
    /// Only what tells one document from another.
    #[derive(Deserialize)]
    struct Header {
        #[serde(default)]
        schema: Value,
    }
    file.seek(SeekFrom::Start(begin))?;
    if let Err(error) = serde_json::from_reader::<_, AnyJson>(&mut *file) {
        return Err(match error.classify() {
            Category::Eof if is_blank(file, begin)? => ReadError::Empty,
            Category::Eof => ReadError::Truncated {
                line: error.line(),
                column: error.column(),
            },
            Category::Io => ReadError::Input(error.to_string()),
            _ => ReadError::NotJson(error.to_string()),
        });
    }
    file.seek(SeekFrom::Start(begin))?;
    let is_object = first_byte(file)? == Some(b'{');
    let header = serde_json::from_reader::<_, Header>(file).ok().filter(|_| is_object);
    let schema = header.ok_or(ReadError::NoSchema)?.schema;
    let schema = schema.as_str().ok_or(ReadError::NoSchema)?;
    if schema == SCHEMA || schema == SCHEMA_1 {
        return Ok(schema.to_owned());
    }
    let number = |schema: &str| {
        schema
            .strip_prefix(SCHEMA_FAMILY)
            .and_then(|number| number.parse::<u32>().ok())
    };
    if number(schema) > number(SCHEMA) {
        return Err(ReadError::FutureSchema(schema.to_owned()));
    }
    Err(ReadError::OtherSchema(schema.chars().take(80).collect()))
}

/// Whether nothing but white space follows.
fn is_blank(file: &mut dyn Source, begin: u64) -> io::Result<bool> {
    file.seek(SeekFrom::Start(begin))?;
    Ok(first_byte(file)?.is_none())
}

/// The first byte that is not white space.
fn first_byte(file: &mut dyn Source) -> io::Result<Option<u8>> {
    loop {
        let buffer = file.fill_buf()?;
        if buffer.is_empty() {
            return Ok(None);
        }
        if let Some(byte) = buffer.iter().find(|byte| !byte.is_ascii_whitespace()) {
            return Ok(Some(*byte));
        }
        let length = buffer.len();
        file.consume(length);
    }
}
