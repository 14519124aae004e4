//! The program that runs on every target: a built-in one, embedded in this executable, or any other static program.

pub mod elf;
pub mod image;
pub mod inputs;
pub mod layer;
pub mod newc;

use crate::error::Error;
use crate::measure::ready::Ready;
use inputs::{GivenFile, Inputs};
use reports::model::Message;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::path::Path;

/// A built-in workload.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// Its name.
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    /// The executable.
    pub bytes: &'static [u8],
    /// SHA-256 of it in lower-case hex, taken at the build, so that no start has to take it.
    pub sha256: &'static str,
}

/// The built-in workloads, as `build.rs` compiled them: those in `workloads/src/bin`.
pub static BUILT_IN: &[BuiltIn] = include!(concat!(env!("OUT_DIR"), "/workloads.rs"));

/// The built-in workload of that name.
pub fn built_in(name: &str) -> Option<BuiltIn> {
    BUILT_IN.iter().copied().find(|workload| workload.name == name)
}

/// The names of the built-in workloads, for people.
pub fn names() -> String {
    let names: Vec<&str> = BUILT_IN.iter().map(|workload| workload.name).collect();
    names.join(", ")
}

/// A static x86-64 ELF with its arguments.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Name of isolab's own workload, or the path given.
    pub name: String,
    /// The file's name inside an image.
    pub file_name: String,
    /// The executable.
    pub bytes: Cow<'static, [u8]>,
    /// Its SHA-256, where that was taken when isolab was built.
    pub known_sha256: Option<&'static str>,
    /// Arguments after the program's name.
    pub args: Vec<String>,
    /// What it is given besides.
    pub inputs: Inputs,
    /// When it counts as started.
    pub ready: Ready,
}

impl Workload {
    /// One of isolab's own.
    pub fn own(name: &str, args: Vec<String>) -> Result<Self, Error> {
        let own = built_in(name).ok_or_else(|| {
            Error::new(Message::new("no-workload").with("name", name))
                .remedy(Message::new("do-name-workload").with("names", names()))
        })?;
        Ok(Workload {
            name: name.into(),
            file_name: name.into(),
            bytes: own.bytes.into(),
            known_sha256: Some(own.sha256),
            args,
            inputs: Inputs::default(),
            ready: Ready::default(),
        })
    }

    /// The program at `path`, once it has passed the check of [`elf`].
    pub fn program(path: &Path, args: Vec<String>) -> Result<Self, Error> {
        let bytes = elf::read(path).map_err(|refusal| refusal.at(path))?;
        let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        Ok(Workload {
            name: path.display().to_string(),
            file_name: file_name.unwrap_or_else(|| "program".into()),
            bytes: bytes.into(),
            known_sha256: None,
            args,
            inputs: Inputs::default(),
            ready: Ready::default(),
        })
    }

    /// What the results file says of it.
    pub fn describe(&self) -> reports::model::Workload {
        reports::model::Workload {
            name: self.name.clone(),
            sha256: sha256(&self.bytes),
            bytes: self.bytes.len() as u64,
            args: self.args.clone(),
            files: self.inputs.files.iter().map(GivenFile::describe).collect(),
            env: self.inputs.recorded_env.clone(),
            stdin: self.inputs.stdin.as_ref().map(GivenFile::describe),
            ready: (self.ready != Ready::default()).then(|| self.ready.to_string()),
        }
    }
}

/// SHA-256 in lower-case hex.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hashes_that_were_taken_at_the_build_are_those_of_the_workloads() {
        for own in BUILT_IN {
            assert_eq!(own.sha256, sha256(own.bytes), "{}", own.name);
        }
    }
}
