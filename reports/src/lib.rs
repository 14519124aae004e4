//! What an isolab results file says ([`model`]) and everything that renders it.

pub mod model;
