//! `isolab diff`: old results files against new ones. `compare --baseline` is the same with what was just measured.

use super::output;
use crate::comparison;
use crate::error::Error;
use crate::files::store;
use crate::suite::{self, Step};
use clap::Args;
use reports::analysis::diff;
use reports::model::{Diff, Message, Results};
use reports::{Lang, render};
use serde::Serialize;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The schema name of what `--json` writes.
const SCHEMA: &str = "isolab-diff/2";

// What `isolab diff` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Results files or folders of them: first the old ones, then as many new ones. The first old file is compared with the
    /// first new one, and so on; files of folders go by their names
    #[arg(required_unless_present = "old", num_args = 2.., value_name = "OLD… NEW…")]
    files: Vec<PathBuf>,
    /// Several measurements of the same old thing, compared with those of --new as one: measure both by turns, to find
    /// smaller changes than the host's drift hides
    #[arg(long, num_args = 1.., value_name = "FILE", requires = "new", conflicts_with = "files")]
    old: Vec<PathBuf>,
    /// Several measurements of the same new thing
    #[arg(long, num_args = 1.., value_name = "FILE", requires = "old", conflicts_with = "files")]
    new: Vec<PathBuf>,
    /// End with status 1 where something is worse by more than this many percent
    #[arg(long, value_name = "PCT", value_parser = super::arguments::percent)]
    fail_on_regression: Option<f64>,
    /// Compare although workload, host or settings differ
    #[arg(long)]
    allow_different: bool,
    /// Write the changes and their verdicts to FILE, or with - to stdout
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    pairs: Vec<Pair<'a>>,
}

#[derive(Serialize)]
struct Pair<'a> {
    old: Vec<String>,
    new: Vec<String>,
    #[serde(flatten)]
    diff: &'a Diff,
}

/// The old files of one comparison and the new ones.
type Files = (Vec<PathBuf>, Vec<PathBuf>);

/// Refuses an earlier run of a suite that these steps cannot be compared with, before minutes are spent on measuring them.
pub fn check_suite(old: &Path, new: &Path, steps: &[Step]) -> Result<(), Error> {
    let files = super::report::results_in(old)?;
    let step = |name: &OsStr| steps.iter().find(|step| suite::results_path(new, step).ends_with(name));
    for name in shared(&files, old, new, |name| step(name).is_some())? {
        let Some(step) = step(name) else { continue };
        let then = super::report::read(&old.join(name))?;
        check(&[&then], &[&comparison::planned(&step.plan)], output::language())
            .map_err(|error| error.remedy(Message::new("do-new-suite-baseline")))?;
    }
    Ok(())
}

/// Compares the results of two folders by their files' names.
pub fn folders(old: PathBuf, new: PathBuf, fail_on_regression: Option<f64>) -> Result<u8, Error> {
    run(Arguments {
        files: vec![old, new],
        old: Vec::new(),
        new: Vec::new(),
        fail_on_regression,
        allow_different: false,
        json: None,
    })
}

/// Compares as asked.
pub fn run(arguments: Arguments) -> Result<u8, Error> {
    let pairs: Vec<Files> = match arguments.old.as_slice() {
        [] => pairs(&arguments.files)?,
        old => vec![(old.to_vec(), arguments.new.clone())],
    };
    let mut results = Vec::new();
    for (old, new) in &pairs {
        let read = |files: &[PathBuf]| -> Result<Vec<Results>, Error> {
            files.iter().map(|file| super::report::read(file)).collect()
        };
        let (old, new) = (read(old)?, read(new)?);
        if !arguments.allow_different {
            check(&refer(&old), &refer(&new), output::language())
                .map_err(|error| error.remedy(Message::new("do-same-conditions")))?;
        }
        results.push((old, new));
    }
    let borrowed: Vec<_> = results.iter().map(|(old, new)| (refer(old), refer(new))).collect();
    let borrowed: Vec<diff::Pair> = borrowed.iter().map(|(old, new)| (&old[..], &new[..])).collect();
    let diffs = diff::diff(&borrowed, arguments.fail_on_regression);
    let mut page = String::new();
    for (((old, new), diff), (_, results)) in pairs.iter().zip(&diffs).zip(&borrowed) {
        if pairs.len() > 1 {
            // A file's name may hold what drives a terminal.
            let [old, new] = [old, new].map(|files| names(files).join(", "));
            page.push_str(&format!("## {} → {}\n", old.escape_debug(), new.escape_debug()));
        }
        page.push_str(&render::diff(diff, results, output::language()));
    }
    match arguments.json.as_deref() {
        Some(path) => {
            write(path, &document(&pairs, &diffs)?)?;
            output::text(&page);
        }
        None => output::print(page.as_bytes())?,
    }
    gate(&diffs)
}

/// The exit status of a gate: 1 of a regression.
///
/// # Errors
/// None is certain, and something looks like one.
pub fn gate(diffs: &[Diff]) -> Result<u8, Error> {
    if diffs.iter().any(Diff::has_regression) {
        return Ok(1);
    }
    if diffs.iter().any(Diff::is_undecided) {
        return Err(Error::new(Message::new("regression-undecided")).remedy(Message::new("do-decide-regression")));
    }
    Ok(0)
}

/// References to all of them.
pub fn refer(results: &[Results]) -> Vec<&Results> {
    results.iter().collect()
}

/// Refuses results that say something about different things.
pub fn check(old: &[&Results], new: &[&Results], lang: Lang) -> Result<(), Error> {
    for side in [old, new] {
        let disagreements = render::disagreements(side, lang);
        if !disagreements.is_empty() {
            return Err(Error::new(
                Message::new("not-of-one-thing").with("list", disagreements.join("; ")),
            ));
        }
    }
    match render::conditions(old, new, lang).as_slice() {
        [] => Ok(()),
        differences => Err(Error::new(
            Message::new("not-comparable").with("list", differences.join("; ")),
        )),
    }
}

fn names(files: &[PathBuf]) -> Vec<String> {
    files.iter().map(|file| file.to_string_lossy().into_owned()).collect()
}

fn document(pairs: &[Files], diffs: &[Diff]) -> Result<String, Error> {
    let pair = |((old, new), diff): (&Files, _)| Pair {
        old: names(old),
        new: names(new),
        diff,
    };
    let document = Document {
        schema: SCHEMA,
        pairs: pairs.iter().zip(diffs).map(pair).collect(),
    };
    let text = serde_json::to_string_pretty(&document)
        .map_err(|error| Error::from_cause(Message::new("cannot-write-json"), error))?;
    Ok(text + "\n")
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    match path == Path::new("-") {
        true => output::print_with(|stdout| stdout.write_all(text.as_bytes())),
        false => store::write(path, text.as_bytes()),
    }
}

/// What is said of a pair that does not fit.
fn two(id: &str, old: &Path, new: &Path) -> Message {
    Message::new(id)
        .with("old", old.display().to_string())
        .with("new", new.display().to_string())
}

/// The old files and the new ones, each with its partner.
fn pairs(given: &[PathBuf]) -> Result<Vec<Files>, Error> {
    let odd = || Error::new(Message::new("no-halves").with("count", given.len())).remedy(Message::new("do-halves"));
    let (old, new) = given.split_at(given.len() / 2);
    if old.len() != new.len() {
        return Err(odd());
    }
    let mut pairs = Vec::new();
    for (old, new) in old.iter().zip(new) {
        match (old.is_dir(), new.is_dir()) {
            (false, false) => pairs.push((vec![old.clone()], vec![new.clone()])),
            (true, true) => pairs.extend(of_folders(old, new)?),
            _ => {
                return Err(Error::new(two("file-and-folder", old, new)));
            }
        }
    }
    Ok(pairs)
}

/// The results files that both folders have, by name.
fn of_folders(old: &Path, new: &Path) -> Result<Vec<Files>, Error> {
    let files = super::report::results_in(old)?;
    let names = shared(&files, old, new, |name| new.join(name).is_file())?;
    Ok(names
        .into_iter()
        .map(|name| (vec![old.join(name)], vec![new.join(name)]))
        .collect())
}

/// The names of the old folder's files. The new one `has` all of them.
fn shared<'a>(
    files: &'a [PathBuf],
    old: &Path,
    new: &Path,
    has: impl Fn(&OsStr) -> bool,
) -> Result<Vec<&'a OsStr>, Error> {
    let names: Vec<_> = files.iter().filter_map(|path| path.file_name()).collect();
    if let Some(name) = names.iter().find(|name| !has(name))
        && names.iter().any(|name| has(name))
    {
        let problem = two("lacks-file", old, new).with("file", Path::new(name).display().to_string());
        return Err(Error::new(problem).remedy(Message::new("do-finish-suite")));
    }
    match names.iter().all(|name| !has(name)) {
        true => Err(Error::new(two("no-same-name", old, new))),
        false => Ok(names),
    }
}
