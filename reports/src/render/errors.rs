//! What this library says when it cannot read a results file or write a report, in the reader's language. Each text is
//! `reason-ID` in `messages/errors-*.ftl`.

use super::messages::Lang;
use super::{reason, report};
use crate::file::ReadError;
use crate::model::{Message, SCHEMA};
use std::fmt;

impl ReadError {
    /// Why the file cannot be read, and what to do.
    pub fn message(&self) -> Message {
        let about = |id, name: &str, what: &str| Message::new(id).with(name, what);
        match self {
            ReadError::Empty => Message::new("read-empty"),
            ReadError::Truncated { line, column } => Message::new("read-truncated")
                .with("line", *line)
                .with("column", *column),
            ReadError::NotJson(error) if is_of_a_number(error) => about("read-no-number", "error", error),
            ReadError::NotJson(error) => about("read-not-json", "error", error),
            ReadError::NoSchema => about("read-no-schema", "known", SCHEMA),
            ReadError::OtherSchema(schema) => about("read-other-schema", "schema", schema).with("known", SCHEMA),
            ReadError::FutureSchema(schema) => about("read-future-schema", "schema", schema).with("known", SCHEMA),
            ReadError::WrongContent(error) => about("read-wrong-content", "error", error),
            ReadError::WrongFigure(error) => {
                about("read-wrong-figure", "place", &error.place).with("value", error.value.as_str())
            }
            ReadError::Input(error) => about("read-input", "error", error),
        }
    }
}

/// Whether the JSON breaks where a number is expected: many programs write NaN, which JSON has not.
fn is_of_a_number(error: &str) -> bool {
    let starts = [
        "expected value",
        "expected ident",
        "number out of range",
        "invalid number",
    ];
    starts.iter().any(|start| error.starts_with(start))
}

impl report::Error {
    /// Why the report could not be written, and what to do.
    pub fn message(&self) -> Message {
        let of_file = |id, path: &std::path::Path, error: &std::io::Error| {
            let message = Message::new(id).with("path", path.display().to_string());
            message.with("error", error.to_string())
        };
        match self {
            report::Error::NoResults => Message::new("report-of-nothing"),
            report::Error::Folder { path, source } => of_file("report-folder", path, source),
            report::Error::File { path, source } => of_file("report-file", path, source),
            report::Error::Chart(error) => Message::plain(error.to_string()),
            report::Error::Csv(error) => Message::new("report-csv").with("error", error.to_string()),
            report::Error::Json(error) => Message::new("report-json").with("error", error.to_string()),
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&reason(&self.message(), Lang::En))
    }
}

impl fmt::Display for report::Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&reason(&self.message(), Lang::En))
    }
}

impl std::error::Error for ReadError {}

impl std::error::Error for report::Error {}
