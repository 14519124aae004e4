//! `isolab report`: results files as HTML, charts, tables.

use super::output;
use crate::error::Error;
use crate::files::regular;
use clap::Args;
use reports::Lang;
use reports::model::Message;
use reports::model::Results;
use reports::report::{self, Format};
use std::io::BufReader;
use std::path::{Path, PathBuf};

// What `isolab report` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Results files, as `isolab compare --json FILE` writes them, or folders of them
    #[arg(required = true, value_name = "FILE|DIR")]
    files: Vec<PathBuf>,
    /// What to write: html, svg, png, slides (1920x1080), csv, md, json
    #[arg(long, value_name = "F,F,…", value_delimiter = ',', default_value = "html")]
    format: Vec<Format>,
    /// The folder to write to
    #[arg(long, value_name = "DIR", default_value = "report")]
    out: PathBuf,
}

/// Writes the report.
pub fn run(arguments: Arguments) -> Result<u8, Error> {
    let mut files = Vec::new();
    for given in &arguments.files {
        match given.is_dir() {
            true => files.extend(results_in(given)?),
            false if is_suite(given) => {}
            false => files.push(given.clone()),
        }
    }
    let results = files.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    let files = write(&results, &arguments.format, &arguments.out, output::language())?;
    output::print(format!("{}\n", files.join("\n")).as_bytes())?;
    Ok(0)
}

/// Writes a report, says what there is to say of it, and gives the paths of its files.
pub fn write(results: &[Results], formats: &[Format], folder: &Path, lang: Lang) -> Result<Vec<String>, Error> {
    let written = report::write(results, formats, folder, lang)
        .map_err(|error| Error::new(error.message()).remedy(Message::new("do-other-place")))?;
    for note in &written.notes {
        output::hint(note);
    }
    Ok(written.files.iter().map(|path| path.display().to_string()).collect())
}

/// Whether it is the copy of the suite that lies beside its results.
fn is_suite(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == crate::suite::COPY)
}

/// The results files in a folder, by name.
pub fn results_in(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = std::fs::read_dir(folder).map_err(|error| Error::of_path("cannot-read-folder", folder, error))?;
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json") && !is_suite(path))
        .collect();
    if files.is_empty() {
        return Err(Error::new(
            Message::new("no-results-files").with("path", folder.display().to_string()),
        ));
    }
    files.sort();
    Ok(files)
}

/// The results in a file.
pub fn read(path: &Path) -> Result<Results, Error> {
    let file = regular::open(path)?;
    Results::read(&mut BufReader::new(file)).map_err(|error| Error::of_path("file", path, error))
}
