//! What an isolab results file says ([`model`], of the metrics in [`metrics`] and the phases in [`phases`]), what its samples come
//! to ([`analysis`]), and everything that renders it ([`render`]): the terminal table, charts and whole reports.
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

pub mod analysis;
pub mod metrics;
pub mod model;
pub mod phases;
pub mod render;

pub use model::{file, schema};
pub use render::{Lang, UnknownLang, chart, finding, inspection, report, terminal as table};
