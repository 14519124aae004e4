//! Reading and writing a results file, with errors that say what is wrong with it.
//!
//! A file is taken when its `schema` is one this lab knows, its JSON is whole and every figure is a finite number that
//! is not below zero. Everything else is an [`ReadError`] that names the place.

use crate::model::{Results, SCHEMA, Target};
use serde::Deserialize;
use std::collections::BTreeSet;

/// What every results file's `schema` begins with; a number follows.
const SCHEMA_FAMILY: &str = "isolab-results/";

/// Why a text is not a results file that this lab can read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Nothing in it.
    #[error("the file is empty; a results file is written by `isolab compare --json FILE`")]
    Empty,
    /// The JSON breaks off.
    #[error(
        "the file breaks off at line {line}, column {column}: it was not written or copied completely; measure again or copy it again"
    )]
    Truncated {
        /// Counts from 1.
        line: usize,
        /// Counts from 1.
        column: usize,
    },
    /// Not JSON.
    #[error("not a JSON document: {0}{hint}", hint = not_a_number_hint(.0))]
    NotJson(String),
    /// JSON without the field `schema`.
    #[error(
        "JSON, but not a results file of isolab: it has no text field `schema`; expected \"{SCHEMA}\", as `isolab compare --json FILE` writes it"
    )]
    NoSchema,
    /// JSON of something else.
    #[error("the file says that it is \"{0}\"; isolab reads \"{SCHEMA}\"")]
    OtherSchema(String),
    /// A results file of a later lab.
    #[error(
        "the file is \"{0}\", written by a newer isolab; this one reads up to \"{SCHEMA}\": update isolab to read it"
    )]
    FutureSchema(String),
    /// The schema is right and the content is not.
    #[error("a results file with a wrong content: {0}")]
    WrongContent(String),
    /// A figure that cannot have been measured.
    #[error("{0}")]
    WrongFigure(#[from] FigureError),
}

/// The parser's message has no word on the commonest cause: printf of a float that is not a number.
fn not_a_number_hint(message: &str) -> &'static str {
    let starts = [
        "expected value",
        "expected ident",
        "number out of range",
        "invalid number",
    ];
    if starts.iter().any(|start| message.starts_with(start)) {
        "; note that JSON has no NaN and no infinity"
    } else {
        ""
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

impl Results {
    /// Reads a results file's text. Targets that have figures but no description in it are added to `targets`.
    ///
    /// # Errors
    /// Says whether it is empty, no JSON, cut off, something else's JSON, from a newer lab, or holds an impossible figure.
    pub fn from_json(text: &str) -> Result<Results, ReadError> {
        if text
            .trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
            .is_empty()
        {
            return Err(ReadError::Empty);
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let parsed = serde_json::from_str::<Results>(text);
        let known = parsed.as_ref().is_ok_and(|results| results.schema == SCHEMA);
        if !known {
            check_schema(text)?;
        }
        let mut results = parsed.map_err(|error| ReadError::WrongContent(error.to_string()))?;
        results.check_figures()?;
        results.add_undescribed_targets();
        Ok(results)
    }

    /// The results file's text: indented JSON, ending in a newline.
    ///
    /// # Errors
    /// [`FigureError`] where a figure is not finite or below zero: JSON could not hold the one, no clock gives the other.
    pub fn to_json(&self) -> Result<String, FigureError> {
        self.check_figures()?;
        let mut text = serde_json::to_string_pretty(self).map_err(|error| FigureError {
            place: "the results".to_owned(),
            value: error.to_string(),
        })?;
        text.push('\n');
        Ok(text)
    }

    /// Gives every target that has samples or a summary an entry, so that none is missing from tables and charts.
    fn add_undescribed_targets(&mut self) {
        let mut known: BTreeSet<String> = self.targets.iter().map(|target| target.name.clone()).collect();
        let summarized = self.summary.iter().map(|summary| &summary.target);
        for name in summarized.chain(self.samples.iter().map(|sample| &sample.target)) {
            if !known.contains(name) {
                known.insert(name.clone());
                self.targets.push(Target {
                    name: name.clone(),
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
        for (index, sample) in self.samples.iter().enumerate() {
            let place = |field: &str| format!("samples[{index}].{field}");
            check_with(|| place("ready_ms"), sample.ready_ms)?;
            check_with(|| place("exit_ms"), [sample.exit_ms])?;
            check_with(|| place("phases"), sample.phases.iter().map(|phase| phase.ms))?;
            let work = sample.work.iter();
            check_with(
                || place("work"),
                work.flat_map(|work| [work.ops_per_s, work.inside_ms].into_iter().chain(work.outside_ms)),
            )?;
        }
        for summary in &self.summary {
            for (field, figures) in [
                ("ready_ms", summary.ready_ms),
                ("exit_ms", summary.exit_ms),
                ("ops_per_s", summary.ops_per_s),
                ("uss_bytes", summary.uss_bytes),
            ] {
                let figures = figures
                    .iter()
                    .flat_map(|d| [d.median, d.p5, d.p95, d.ci_low, d.ci_high]);
                check_with(|| format!("summary of {}: {field}", summary.target), figures)?;
            }
            check_with(
                || format!("summary of {}: phases", summary.target),
                summary.phases.iter().map(|phase| phase.ms),
            )?;
        }
        for comparison in &self.comparisons {
            check_with(
                || {
                    format!(
                        "comparison of {} with {}: {}",
                        comparison.target, comparison.against, comparison.quantity
                    )
                },
                [
                    comparison.ratio,
                    comparison.ratio_ci_low,
                    comparison.ratio_ci_high,
                    comparison.p_value,
                ],
            )?;
        }
        Ok(())
    }
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

/// Says what a text is that did not parse as results, unless its schema is the right one.
fn check_schema(text: &str) -> Result<(), ReadError> {
    /// Only what tells one document from another.
    #[derive(Deserialize)]
    struct Header {
        #[serde(default)]
        schema: serde_json::Value,
    }
    let whole: serde_json::Value = serde_json::from_str(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Eof => ReadError::Truncated {
            line: error.line(),
            column: error.column(),
        },
        _ => ReadError::NotJson(error.to_string()),
    })?;
    let header = serde_json::from_value::<Header>(whole).map_err(|_| ReadError::NoSchema)?;
    let schema = header.schema.as_str().ok_or(ReadError::NoSchema)?;
    if schema == SCHEMA {
        return Ok(());
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
