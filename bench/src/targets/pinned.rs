//! A backend whose instances run on CPUs of their own.

use super::{Backend, Start, Stdio};
use crate::error::Error;
use crate::host::pin::{Moved, Pinning};
use crate::workloads::image::Image;
use reports::model;
use std::path::PathBuf;

/// Starts the instances of another backend on these CPUs.
pub struct Pinned {
    backend: Box<dyn Backend>,
    cpus: Vec<u32>,
}

impl Pinned {
    /// The same backend, with its instances on CPUs of their own where there are some for them.
    pub fn over(backend: Box<dyn Backend>, pinning: &Pinning) -> Box<dyn Backend> {
        match pinning.of_instances() {
            Some(cpus) => Box::new(Pinned {
                backend,
                cpus: cpus.to_vec(),
            }),
            None => backend,
        }
    }
}

impl Backend for Pinned {
    fn name(&self) -> &str {
        self.backend.name()
    }

    fn describe(&self, image: &Image) -> Result<model::Target, Error> {
        self.backend.describe(image)
    }

    fn files(&self, image: &Image) -> Result<Vec<PathBuf>, Error> {
        self.backend.files(image)
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
