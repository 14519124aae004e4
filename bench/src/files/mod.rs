//! Files and folders of isolab: written whole or not at all, for the time of a run, and where the user keeps them.

pub mod regular;
pub mod scratch;
pub mod search_path;
pub mod source;
pub mod store;
pub mod tool;
pub mod xdg;
