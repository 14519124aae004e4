//! What a guest finds behind its ports and in the gap that has no RAM.

pub mod block;
pub mod console;
pub mod disk;
pub mod input;
pub mod overlay;
pub mod rtc;
pub mod uart;
