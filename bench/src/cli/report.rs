//! `isolab report`: results files as HTML, charts, tables.

use super::output;
use crate::error::Error;
use clap::Args;
use reports::Lang;
use reports::model::Results;
use reports::report::{self, Format};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

// What `isolab report` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Results files, as `isolab compare --json FILE` writes them
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What to write: html, svg, png, slides (1920x1080), csv, md, json
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
    let files = write(&results, &arguments.format, &arguments.out, arguments.lang)?;
    output::print(format!("{}\n", files.join("\n")).as_bytes())?;
    Ok(0)
}

/// Writes a report, says what there is to say of it, and gives the paths of its files.
pub fn write(results: &[Results], formats: &[Format], folder: &Path, lang: Lang) -> Result<Vec<String>, Error> {
    let written = report::write(results, formats, folder, lang)
        .map_err(|error| Error::new(error.to_string()).remedy("Name another folder."))?;
    for note in &written.notes {
        output::hint(note);
    }
    Ok(written.files.iter().map(|path| path.display().to_string()).collect())
}

/// The results in a file.
pub fn read(path: &Path) -> Result<Results, Error> {
    let file =
        File::open(path).map_err(|error| Error::from_cause(format_args!("cannot read {}", path.display()), error))?;
    Results::read(&mut BufReader::new(file)).map_err(|error| Error::from_cause(path.display(), error))
}
