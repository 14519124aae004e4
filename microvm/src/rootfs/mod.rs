//! The files of a guest, and the two ways in which it gets them: in its memory, or on a disk.

pub mod erofs;
pub mod files;
pub mod initramfs;
