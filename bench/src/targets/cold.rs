//! A target whose every start is cold: before it, the files that it reads are dropped from the page cache.

use super::{Target, Wrote};
use crate::error::Error;
use crate::host::page_cache::{self, Cached};
use crate::warnings::Warning;
use reports::model;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What the names of such targets end in: cold and warm starts are never in one row.
const SUFFIX: &str = "-cold";

/// How the row of a target is called when its starts are cold, or not.
pub fn name(target: &str, cold: bool) -> String {
    format!("{target}{}", if cold { SUFFIX } else { "" })
}

/// Starts another target cold.
pub struct Cold {
    target: Box<dyn Target>,
    /// What stayed in the page cache the last time.
    stayed: BTreeMap<PathBuf, Cached>,
}

impl Cold {
    /// The same target, with cold starts where they are asked for.
    pub fn over(target: Box<dyn Target>, cold: bool) -> Box<dyn Target> {
        if !cold {
            return target;
        }
        Box::new(Cold {
            target,
            stayed: BTreeMap::new(),
        })
    }

    fn drop_files(&mut self) -> Result<(), Error> {
        self.stayed.clear();
        for path in self.target.files()? {
            let cached = page_cache::drop_file(&path)?;
            if cached.pages != Some(0) {
                self.stayed.insert(path, cached);
            }
        }
        Ok(())
    }
}

impl Target for Cold {
    fn name(&self) -> &str {
        self.target.name()
    }

    fn describe(&self) -> model::Target {
        self.target.describe()
    }

    fn run(&mut self) -> Result<model::Sample, Error> {
        self.drop_files()?;
        self.target.run()
    }

    fn system_calls(&mut self) -> Result<u64, model::Message> {
        self.target.system_calls()
    }

    fn memory(&mut self) -> Result<model::Instance, Error> {
        self.target.memory()
    }

    fn metrics(&self) -> Vec<model::Definition> {
        self.target.metrics()
    }

    fn wrote(&self) -> &Wrote {
        self.target.wrote()
    }

    fn warnings(&self) -> Vec<Warning> {
        let stayed = self.stayed.iter().map(|(path, stayed)| Warning::NotCold {
            target: self.name().to_owned(),
            file: path.display().to_string(),
            stayed: *stayed,
        });
        self.target.warnings().into_iter().chain(stayed).collect()
    }
}
