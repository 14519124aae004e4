//! What an isolab results file says ([`model`]), reading and writing it ([`file`]), and everything that renders it: the
//! terminal table ([`table`]), charts ([`chart`]) and whole reports ([`report`]).
//!
//! ```
//! use reports::model::Results;
//! use reports::report::Format;
//! use reports::table::TableStyle;
//! use reports::{Lang, report, table};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/three.json");
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let results = Results::from_json(&std::fs::read_to_string(path)?)?;
//! print!("{}", table::render(&results, TableStyle { color: false, width: 80 }));
//! let written = report::write(&[results], &[Format::Html, Format::Svg], folder, Lang::En)?;
//! assert!(written.files.iter().any(|file| file.ends_with("startup-phases.svg")));
//! # Ok(())
//! # }
//! ```

mod any_json;
pub mod chart;
mod comparison;
pub mod file;
pub mod finding;
mod html;
mod markdown;
mod messages;
mod method;
pub mod model;
mod notes;
mod one_more;
pub mod report;
mod samples;
pub mod schema;
mod summary;
pub mod table;
mod units;
mod view;

pub use messages::{Lang, UnknownLang};
