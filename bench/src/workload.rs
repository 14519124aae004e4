//! The program that runs on every target: one of the lab's own, embedded in this executable, or any other static program.

use crate::elf;
use crate::error::Error;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::path::Path;

/// The lab's own workloads by name, as `build.rs` compiled them.
pub const BUILTIN: [(&str, &[u8]); 3] = [
    ("hello", include_bytes!(concat!(env!("OUT_DIR"), "/hello"))),
    ("cpu", include_bytes!(concat!(env!("OUT_DIR"), "/cpu"))),
    ("hold", include_bytes!(concat!(env!("OUT_DIR"), "/hold"))),
];

/// The executable of one of the lab's own workloads.
pub fn builtin(name: &str) -> Option<&'static [u8]> {
    BUILTIN
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, bytes)| *bytes)
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
    /// Arguments after the program's name.
    pub args: Vec<String>,
}

impl Workload {
    /// One of the lab's own.
    pub fn own(name: &str, args: Vec<String>) -> Result<Self, Error> {
        let bytes = builtin(name).ok_or_else(|| {
            let known: Vec<&str> = BUILTIN.iter().map(|(name, _)| *name).collect();
            Error::new(format!("there is no workload {name:?}")).remedy(format!(
                "The lab's own are {}. Any other static program: -- PROGRAM ARGS…",
                known.join(", ")
            ))
        })?;
        Ok(Workload {
            name: name.into(),
            file_name: name.into(),
            bytes: bytes.into(),
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
