//! A target whose every start is cold: before it, the files that it reads are dropped from the page cache.

use super::Target;
use super::microvm::{Linux, Rootfs};
use crate::error::Error;
use crate::files::xdg;
use crate::host::page_cache::{self, Cached};
use crate::warnings::Warning;
use crate::workloads::image::Image;
use reports::model;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What the names of such targets end in: cold and warm starts are never in one row.
const SUFFIX: &str = "-cold";

/// How the row of a target is called when its starts are cold.
pub fn name(target: &str) -> String {
    format!("{target}{SUFFIX}")
}

/// Starts another target cold.
pub struct Cold {
    target: Box<dyn Target>,
    name: String,
    files: Files,
    /// What stayed in the page cache the last time.
    stayed: BTreeMap<PathBuf, Cached>,
}

impl Cold {
    /// The same target, with these files dropped before each of its starts.
    pub fn new(target: Box<dyn Target>, files: Files) -> Self {
        Cold {
            name: name(target.name()),
            target,
            files,
            stayed: BTreeMap::new(),
        }
    }

    fn drop_files(&mut self) -> Result<(), Error> {
        self.stayed.clear();
        for path in self.files.now() {
            let cached = page_cache::drop_file(&path)?;
            if cached.pages != Some(0) {
                self.stayed.insert(path, cached);
            }
        }
        Ok(())
    }
}

/// The files that a start reads.
#[derive(Clone, Debug, Default)]
pub struct Files {
    known: Vec<PathBuf>,
    /// Where the kernels are that were unpacked from a bzImage. The first start may add one.
    unpacked: Option<PathBuf>,
}

impl Files {
    /// Those of the image, of a Linux guest, and, where a runtime is started, its executable, which also holds the built-in
    /// guest kernel.
    pub fn new(image: &Image, linux: Option<&Linux>, has_runtime: bool) -> Result<Self, Error> {
        let mut known = vec![PathBuf::from(image.executable())];
        known.extend(image.other_file().map(|(_, path)| path));
        if let Some(linux) = linux {
            known.push(linux.kernel.clone());
            known.extend(linux.modules.iter().cloned());
            known.extend(linux.disk.as_ref().map(|disk| disk.base.clone()));
            if linux.rootfs == Rootfs::Disk {
                known.push(image.disk()?.path().to_owned());
            }
        }
        if has_runtime {
            let failed = |error| Error::from_cause("cannot find the executable of isolab", error);
            known.push(std::env::current_exe().map_err(failed)?);
        }
        let unpacked = linux.and_then(|_| Some(xdg::cache()?.join("kernels")));
        Ok(Files { known, unpacked })
    }

    fn now(&self) -> Vec<PathBuf> {
        let unpacked = self.unpacked.iter().flat_map(std::fs::read_dir).flatten().flatten();
        let kernels = unpacked
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|end| end == "elf"));
        self.known.iter().cloned().chain(kernels).collect()
    }
}

impl Target for Cold {
    fn name(&self) -> &str {
        &self.name
    }

    fn describe(&self) -> model::Target {
        model::Target {
            name: self.name.clone(),
            ..self.target.describe()
        }
    }

    fn run(&mut self) -> Result<model::Sample, Error> {
        self.drop_files()?;
        let sample = self.target.run()?;
        Ok(model::Sample {
            target: self.name.as_str().into(),
            ..sample
        })
    }

    fn system_calls(&mut self) -> Result<u64, String> {
        self.target.system_calls()
    }

    fn memory(&mut self) -> Result<model::Memory, Error> {
        self.target.memory()
    }

    fn warnings(&self) -> Vec<Warning> {
        let stayed = self.stayed.iter().map(|(path, stayed)| Warning::NotCold {
            target: self.name.clone(),
            file: path.display().to_string(),
            stayed: *stayed,
        });
        self.target.warnings().into_iter().chain(stayed).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::mock::{Mock, Outcome, World};
    use std::rc::Rc;

    #[test]
    fn a_cold_target_has_a_name_of_its_own_and_so_have_its_samples() {
        let world = Rc::new(World::default());
        let mut cold = Cold::new(
            Box::new(Mock::new("process", &world, |_| Outcome::Ready(1.0))),
            Files::default(),
        );
        assert_eq!(
            (cold.name(), cold.describe().name.as_str()),
            ("process-cold", "process-cold")
        );
        assert_eq!(cold.run().unwrap().target.as_str(), "process-cold");
        assert_eq!(cold.warnings(), []);
    }

    #[test]
    fn a_file_that_is_not_there_is_an_error_that_names_it() {
        let world = Rc::new(World::default());
        let mock = Mock::new("process", &world, |_| Outcome::Ready(1.0));
        let files = Files {
            known: vec!["/nonexistent/file".into()],
            unpacked: None,
        };
        let mut cold = Cold::new(Box::new(mock), files);
        let error = cold.run().unwrap_err();
        assert!(error.message.starts_with("cannot open /nonexistent/file: "), "{error}");
    }
}
