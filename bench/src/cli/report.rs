//! `isolab report`: results files as HTML, charts, tables.

use super::output;
use crate::error::Error;
use clap::Args;
use reports::Lang;
use reports::model::Results;
use reports::report::{self, Format};
use std::path::{Path, PathBuf};

/// What `isolab report` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Results files, as `isolab compare --json FILE` writes them
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What to write: html, svg, png, csv, md, json
    #[arg(long, value_name = "F,F,…", value_delimiter = ',', default_value = "html")]
    format: Vec<Format>,
    /// The folder to write to
    #[arg(long, value_name = "DIR", default_value = "report")]
    out: PathBuf,
    /// The report's language: en, ko
    #[arg(long, default_value = "en")]
    lang: Lang,
}

/// Writes the report.
pub fn run(arguments: Arguments) -> Result<u8, Error> {
    let results = arguments
        .files
        .iter()
        .map(|path| read(path))
        .collect::<Result<Vec<_>, _>>()?;
    let written = report::write(&results, &arguments.format, &arguments.out, arguments.lang)
        .map_err(|error| Error::new(error.to_string()).remedy("Name another folder with --out."))?;
    for note in &written.notes {
        output::hint(note);
    }
    let files: String = written
        .files
        .iter()
        .map(|path| format!("{}\n", path.display()))
        .collect();
    output::print(files.as_bytes())?;
    Ok(0)
}

/// The results in a file.
pub fn read(path: &Path) -> Result<Results, Error> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::from_cause(format_args!("cannot read {}", path.display()), error))?;
    Results::from_json(&text).map_err(|error| Error::from_cause(path.display(), error))
}
