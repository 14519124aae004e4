//! From the boot loader's first instruction to the program's: in ring 0 what needs privilege ([`entry`], [`start`]), then in
//! ring 3 what does not ([`prepare`]).

pub mod boot_info;
pub mod cmdline;
pub mod entry;
pub mod prepare;
pub mod request;
pub mod start;
