//! The group of a container that is there: what it has used, and its end.

use std::path::PathBuf;

use super::removal::remove;
use super::{Version, statistics};
use crate::error::Error;
use crate::statistics::Statistics;

/// The group of one container: a directory, or with v1 one for each controller.
#[derive(Debug)]
pub struct Group {
    pub(super) directories: Vec<Directory>,
}

/// One directory of a group.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) version: Version,
    pub(super) path: PathBuf,
}

impl Group {
    /// What it has used.
    pub fn statistics(&self) -> Statistics {
        let mut statistics = Statistics::default();
        for directory in &self.directories {
            match directory.version {
                Version::V1(controller) => statistics::read_v1(controller, &directory.path, &mut statistics),
                Version::V2 => statistics::read_v2(&directory.path, &mut statistics),
            }
        }
        statistics
    }

    /// Removes it. Its processes must have ended.
    pub fn remove(mut self) -> Result<(), Error> {
        let directories = std::mem::take(&mut self.directories);
        directories
            .iter()
            .map(|directory| remove(&directory.path))
            .fold(Ok(()), Result::and)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for directory in &self.directories {
            // Nobody is left to tell: `sweep` finds what could not be removed.
            let _ = remove(&directory.path);
        }
    }
}
