//! `isolab doctor`: what this host can run, what is missing, and what to do about each.

use super::{Swept, output};
use crate::error::Error;
use crate::host::doctor;
use clap::{Args, ValueEnum};
use reports::finding::{Finding, FindingTexts, Section, Severity};
use reports::model::Host;
use reports::model::Message;
use serde::Serialize;

/// What the JSON document of `--json` is.
const SCHEMA: &str = "isolab-doctor/1";

/// The exit status where a required target cannot run.
const REFUTED: u8 = 1;

// What `isolab doctor` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 the findings were shown, whatever they are; 1 a target of --require cannot run here; \
                        2 isolab could not look, with the reason on stderr."
)]
pub struct Arguments {
    /// Print the findings as JSON: identifiers, parameters and texts
    #[arg(long)]
    json: bool,
    /// Exit with status 1 if one of these targets cannot run here
    #[arg(long, value_name = "T,T,…", value_delimiter = ',')]
    require: Vec<Required>,
}

/// A target that may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Required {
    /// A namespace container
    Container,
    /// A KVM virtual machine
    Microvm,
}

/// The document of `--json`.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'a str,
    host: &'a Host,
    findings: Vec<Entry<'a>>,
}

/// A finding with its texts.
#[derive(Serialize)]
struct Entry<'a> {
    #[serde(flatten)]
    finding: &'a Finding,
    text: String,
    to_do_texts: Vec<String>,
}

/// Tries everything, and prints what was found, and what was cleaned up before.
pub fn run(arguments: &Arguments, swept: &Swept) -> Result<u8, Error> {
    let mut examination = doctor::examine();
    examination.findings.push(left_behind(swept));
    let findings = &examination.findings;
    let texts = FindingTexts::new(output::language());
    if arguments.json {
        let entry = |finding| Entry {
            text: texts.text(finding),
            to_do_texts: texts.to_do(finding),
            finding,
        };
        let document = Document {
            schema: SCHEMA,
            host: &examination.host,
            findings: findings.iter().map(entry).collect(),
        };
        let text = serde_json::to_string_pretty(&document)
            .map_err(|error| Error::from_cause(Message::new("cannot-write-findings-as-json"), error))?;
        output::print(format!("{text}\n").as_bytes())?;
    } else {
        output::print(texts.page(findings).as_bytes())?;
    }
    let missing = |required: &Required| {
        let section = match required {
            Required::Container => Section::Container,
            Required::Microvm => Section::Microvm,
        };
        let found = |finding: &Finding| finding.section == section && finding.severity == Severity::Missing;
        findings.iter().any(found)
    };
    Ok(if arguments.require.iter().any(missing) {
        REFUTED
    } else {
        0
    })
}

fn left_behind(swept: &Swept) -> Finding {
    let finding = |id: &str| Finding::new(Section::LeftBehind, Severity::Ok, id);
    match (swept.directories, swept.control_groups) {
        (0, 0) => finding("left-nothing"),
        (directories, groups) => finding("left-removed")
            .arg("folders", directories)
            .arg("groups", groups),
    }
}
