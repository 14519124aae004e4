//! How it is measured: when which target runs, the stopwatch of one run, and what is looked at besides.

pub mod clock;
pub mod memory;
pub mod ready;
pub mod scheduler;
pub mod stopwatch;
pub mod system_calls;
pub mod work;
