//! `isolab suite`: many comparisons from one file.

use super::progress::Progress as Bar;
use super::{diff, output};
use crate::error::Error;
use crate::signals;
use crate::suite::file::{OWN, Suite, read};
use crate::suite::shard::Shard;
use crate::suite::{self, Progress, Resume, Step};
use clap::Subcommand;
use reports::model::Message;
use reports::table;
use std::path::{Path, PathBuf};

/// What can be done with suites.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Run a suite; each comparison is saved to a results file as soon as it is done
    #[command(after_long_help = concat!("A suite file:\n\n", include_str!("../suite/format.toml")))]
    Run {
        /// A built-in suite (see `isolab suite ls`), or a TOML file
        #[arg(value_name = "NAME|FILE.toml")]
        suite: String,
        /// Folder for the results; results/NAME by default
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Continue a suite that was stopped: skip what its folder already holds
        #[arg(long)]
        resume: bool,
        /// Run only the I-th of N parts, for several machines that share a suite, with one folder for all results. `auto`: the
        /// part of this job, in a Slurm job array or an Indexed Job of Kubernetes
        #[arg(long, value_name = "I/N|auto", conflicts_with = "baseline")]
        shard: Option<Shard>,
        /// Compare with an earlier run of the suite, in this folder, and show what has changed
        #[arg(long, value_name = "DIR")]
        baseline: Option<PathBuf>,
        /// Exit with status 1 if something is significantly worse than the baseline, by more than this many percent
        #[arg(long, value_name = "PCT", requires = "baseline", value_parser = super::arguments::percent)]
        fail_on_regression: Option<f64>,
    },
    /// Print a suite's file, to be changed and run
    Show {
        /// A built-in suite (see `isolab suite ls`)
        #[arg(value_name = "NAME")]
        suite: String,
    },
    /// List the built-in suites
    #[command(visible_alias = "list")]
    Ls,
}

/// Does it.
pub fn run(command: Command) -> Result<u8, Error> {
    match command {
        Command::Ls => list(),
        Command::Show { suite } => show(&suite),
        Command::Run {
            suite,
            out,
            resume,
            shard,
            baseline,
            fail_on_regression,
        } => {
            let resume = if resume { Resume::Yes } else { Resume::No };
            let (folder, status) = measure(&suite, out, resume, shard, baseline.as_deref())?;
            match baseline {
                // What was stopped half-way cannot tell.
                Some(baseline) if signals::caught().is_none() => {
                    match diff::folders(baseline, folder, fail_on_regression)? {
                        0 => Ok(status),
                        regression => Ok(regression),
                    }
                }
                _ => Ok(status),
            }
        }
    }
}

fn list() -> Result<u8, Error> {
    let mut page = String::new();
    for (name, _) in OWN {
        let suite = read(name)?;
        page.push_str(&format!(
            "{name:10} {} ({} comparisons)\n",
            suite.description,
            suite::steps(&suite)?.len()
        ));
    }
    output::print(page.as_bytes())?;
    Ok(0)
}

fn show(name: &str) -> Result<u8, Error> {
    let (_, text) = OWN.iter().find(|(own, _)| *own == name).ok_or_else(|| {
        let names: Vec<_> = OWN.iter().map(|(name, _)| *name).collect();
        Error::new(Message::new("no-suite").with("name", name))
            .remedy(Message::new("do-built-in-suites").with("names", names.join(", ")))
    })?;
    output::print(text.as_bytes())?;
    Ok(0)
}

/// Runs a suite; gives the folder of its results and the exit status.
fn measure(
    name: &str,
    out: Option<PathBuf>,
    resume: Resume,
    shard: Option<Shard>,
    baseline: Option<&Path>,
) -> Result<(PathBuf, u8), Error> {
    let suite = read(name)?;
    let steps = suite::steps(&suite)?;
    let folder = out.unwrap_or_else(|| Path::new("results").join(Path::new(name).file_stem().unwrap_or_default()));
    let steps = match shard {
        Some(shard) => shard.of(steps),
        None => steps,
    };
    if let Some(baseline) = baseline {
        diff::check_suite(baseline, &folder, &steps)?;
    }
    let status = run_steps(&suite, &steps, &folder, resume, shard)?;
    Ok((folder, status))
}

/// Runs the steps of a suite and shows their tables; gives the exit status.
pub fn run_steps(
    suite: &Suite,
    steps: &[Step],
    folder: &Path,
    resume: Resume,
    shard: Option<Shard>,
) -> Result<u8, Error> {
    let runs = steps.iter().map(|step| step.plan.steps()).sum();
    let mut bar = Bar::new(runs);
    let above = bar.handle();
    let style = output::table_style(&std::io::stdout());
    let mut printed = Ok(());
    let mut status = 0;
    let outcome = suite::run(
        suite,
        steps,
        folder,
        resume,
        shard,
        &mut bar,
        |step, progress, results| {
            let what = match progress {
                Progress::Done => "",
                Progress::Kept => " (kept from before)",
                Progress::Stopped => " (stopped half-way)",
            };
            status = status.max(results.map_or(0, super::compare::status));
            let table = results.map_or(String::new(), |results| {
                table::render_in(results, style, output::language())
            });
            let shown = above.suspend(|| output::print(format!("## {}{what}\n{table}\n", step.name).as_bytes()));
            printed = std::mem::replace(&mut printed, Ok(())).and(shown);
        },
    );
    drop(bar);
    outcome?;
    printed?;
    let files = steps
        .iter()
        .map(|step| super::report::read(&suite::results_path(folder, step)));
    let files: Vec<_> = files.filter_map(Result::ok).collect();
    output::print(table::performance_in(&files, style, output::language()).as_bytes())?;
    output::say(&Message::new("results-are-in").with("path", folder.display().to_string()));
    Ok(status)
}
