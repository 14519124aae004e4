//! The harness of isolab: what to measure ([`plan`], [`comparison`], [`suite`]), where ([`targets`]) and of what ([`workloads`]), how
//! ([`measure`]), what comes out ([`analysis`], [`warnings`]), and the command line ([`cli`]).

pub mod analysis;
pub mod cli;
pub mod comparison;
pub mod error;
pub mod files;
pub mod host;
pub mod kernels;
pub mod measure;
pub mod plan;
pub mod signals;
pub mod suite;
pub mod targets;
pub mod units;
pub mod warnings;
pub mod workloads;
