//! `isolab target` and `isolab workload`: what there is to choose from.

use super::output;
use crate::error::Error;
use crate::targets::registry::TargetKind;
use crate::workloads::BUILT_IN;
use clap::Subcommand;

/// What can be done with targets.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Targets {
    /// List the targets: the built-in ones, and the tools that description files make targets
    #[command(visible_alias = "list")]
    Ls,
}

/// What can be done with workloads.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Workloads {
    /// List the built-in workloads
    #[command(visible_alias = "list")]
    Ls,
}

/// Does it.
pub fn targets(Targets::Ls: &Targets) -> Result<u8, Error> {
    let all = TargetKind::all();
    list(
        all.iter()
            .filter(|kind| kind.runs_here())
            .map(|kind| (kind.name.as_str(), kind.about.as_str())),
    )
}

/// Does it.
pub fn workloads(Workloads::Ls: &Workloads) -> Result<u8, Error> {
    list(BUILT_IN.iter().map(|workload| (workload.name, workload.about)))
}

/// A line each: name, and what it is.
fn list<'a>(rows: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> Result<u8, Error> {
    let width = rows.clone().map(|(name, _)| name.len()).max().unwrap_or(0);
    let page: String = rows.map(|(name, about)| format!("{name:width$}  {about}\n")).collect();
    output::print(page.as_bytes())?;
    Ok(0)
}
