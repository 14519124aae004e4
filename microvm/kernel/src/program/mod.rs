//! Makes a program ready to run: reads its file, puts its segments where it wants them, and lays out its stack.

pub mod elf;
pub mod load;
pub mod stack;
