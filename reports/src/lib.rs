//! What an isolab results file says ([`model`]), reading and writing it ([`file`]), and everything that renders it: the
//! terminal table ([`table`]) and the charts ([`chart`]).

pub mod chart;
mod comparison;
pub mod file;
mod messages;
pub mod model;
mod notes;
pub mod schema;
pub mod table;
mod units;

pub use messages::{Lang, UnknownLang};
