//! The harness of isolab: what to measure ([`plan`], [`comparison`], [`suite`]), where ([`targets`]) and of what ([`workloads`]), how
//! ([`measure`]), what a reader must be warned of ([`warnings`]), and the command line ([`cli`]). What the figures come to is
//! found out in [`reports::analysis`].

pub mod cli;
pub mod comparison;
pub mod density;
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
