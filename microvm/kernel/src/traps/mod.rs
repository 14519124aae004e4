//! How the processor comes from the program into the kernel and goes back: its entries ([`entry`]), what is done about
//! exceptions ([`faults`]), the system calls that ring 3 answers itself ([`fast_path`]), and signals.

pub mod entry;
pub mod fast_path;
pub mod faults;
pub mod signals;
