//! A backend whose instances run on CPUs of their own.

use super::{Backend, Start, Stdio};
use crate::error::Error;
use crate::host::pin::Moved;
use crate::workloads::image::Image;
use reports::model;

/// Starts the instances of another backend on these CPUs.
pub struct Pinned {
    /// How they are started.
    pub backend: Box<dyn Backend>,
    /// Where they run.
    pub cpus: Vec<u32>,
}

impl Backend for Pinned {
    fn name(&self) -> &str {
        self.backend.name()
    }

    fn describe(&self, image: &Image) -> Result<model::Target, Error> {
        self.backend.describe(image)
    }

    /// Isolab goes to the instance's CPUs before the clock starts, the instance inherits them, and isolab goes back to its own
    /// as soon as the instance is started.
    fn prepare(&self, image: &Image, args: &[String], stdio: Stdio) -> Result<Start, Error> {
        let start = self.backend.prepare(image, args, stdio)?;
        let moved = Moved::to(&self.cpus)?;
        Ok(Box::new(move || {
            let started = start();
            drop(moved);
            started
        }))
    }
}
