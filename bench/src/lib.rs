
//! The harness of isolab: workloads, targets, measuring, statistics and the command line.
pub mod clock;
pub mod elf;
pub mod error;
pub mod scratch;
pub mod signals;
pub mod spawn;
pub mod stats;
pub mod workload;
