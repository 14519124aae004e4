//! A target whose every start is cold: before it, the files that it reads are dropped from the page cache.

use super::{Output, Target};
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
    name: String,
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
            name: name(target.name(), cold),
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

    fn system_calls(&mut self) -> Result<u64, model::Message> {
        self.target.system_calls()
    }

    fn memory(&mut self) -> Result<model::Instance, Error> {
        self.target.memory()
    }

    fn metrics(&self) -> Vec<model::Definition> {
        self.target.metrics()
    }

    fn output(&self) -> Option<Output> {
        self.target.output()
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
        let mock = || Box::new(Mock::new("process", &world, |_| Outcome::Ready(1.0)));
        assert_eq!(Cold::over(mock(), false).name(), "process");
        let mut cold = Cold::over(mock(), true);
        assert_eq!(
            (cold.name(), cold.describe().name.as_str()),
            ("process-cold", "process-cold")
        );
        assert_eq!(cold.run().unwrap().target.as_str(), "process-cold");
        assert_eq!(cold.warnings(), []);
    }
}
