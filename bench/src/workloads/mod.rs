//! The program that runs on every target: one of the lab's own, embedded in this executable, or any other static program.

pub mod elf;
pub mod image;
pub mod layer;
pub mod newc;

use crate::error::Error;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::path::Path;

/// One of the lab's own workloads.
#[derive(Clone, Copy, Debug)]
pub struct Own {
    /// Its name.
    pub name: &'static str,
    /// The executable.
    pub bytes: &'static [u8],
    /// SHA-256 of it in lower-case hex.
    pub sha256: &'static str,
}

/// The lab's own workloads, as `build.rs` compiled them.
pub const OWN: [Own; 3] = [
    Own {
        name: "hello",
        bytes: include_bytes!(concat!(env!("OUT_DIR"), "/hello")),
        sha256: env!("HELLO_SHA256"),
    },
    Own {
        name: "cpu",
        bytes: include_bytes!(concat!(env!("OUT_DIR"), "/cpu")),
        sha256: env!("CPU_SHA256"),
    },
    Own {
        name: "hold",
        bytes: include_bytes!(concat!(env!("OUT_DIR"), "/hold")),
        sha256: env!("HOLD_SHA256"),
    },
];

/// The lab's own workload of that name.
pub fn own(name: &str) -> Option<Own> {
    OWN.into_iter().find(|own| own.name == name)
}

/// A static x86-64 ELF with its arguments.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Name of the lab's own workload, or the path given.
    pub name: String,
    /// The file's name inside an image.
    pub file_name: String,
    /// The executable.
    pub bytes: Cow<'static, [u8]>,
    /// Its SHA-256, where that was taken when the lab was built.
    pub known_sha256: Option<&'static str>,
    /// Arguments after the program's name.
    pub args: Vec<String>,
}

impl Workload {
    /// One of the lab's own.
    pub fn own(name: &str, args: Vec<String>) -> Result<Self, Error> {
        let own = own(name).ok_or_else(|| {
            let known: Vec<&str> = OWN.iter().map(|own| own.name).collect();
            Error::new(format!("there is no workload {name:?}")).remedy(format!(
                "The lab's own are {}. Any other static program: -- PROGRAM ARGS…",
                known.join(", ")
            ))
        })?;
        Ok(Workload {
            name: name.into(),
            file_name: name.into(),
            bytes: own.bytes.into(),
            known_sha256: Some(own.sha256),
            args,
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
        })
    }

    /// What the results file says of it.
    pub fn describe(&self) -> reports::model::Workload {
        reports::model::Workload {
            name: self.name.clone(),
            sha256: sha256(&self.bytes),
            bytes: self.bytes.len() as u64,
            args: self.args.clone(),
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
        for own in OWN {
            assert_eq!(own.sha256, sha256(own.bytes), "{}", own.name);
        }
    }
}
