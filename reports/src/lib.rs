//! What an isolab results file says ([`model`]), reading and writing it ([`file`]), and everything that renders it: the
//! terminal table ([`table`]) and the charts ([`chart`]).

pub mod chart;
pub mod file;
pub mod model;
pub mod table;
