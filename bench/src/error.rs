//! What isolab says when it cannot do something: what was tried and why it failed, and what to do about it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A failure with its remedy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    /// What was tried and what the answer was.
    pub message: String,
    /// What the user can do; several lines are several ways.
    pub remedy: Option<String>,
    /// The exit status that `isolab run` gives for it, as `docker run` does: 125 isolab failed, 126 the program cannot
    /// be executed, 127 it is not there.
    pub run_status: u8,
}

impl Error {
    /// A failure that explains itself.
    pub fn new(message: impl Into<String>) -> Self {
        Error {
            message: message.into(),
            remedy: None,
            run_status: 125,
        }
    }

    /// The same failure, with what to do about it.
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// The same failure, with the exit status that `isolab run` gives for it.
    pub fn run_status(mut self, status: u8) -> Self {
        self.run_status = status;
        self
    }

    /// `tried` failed because of `cause`.
    pub fn from_cause(tried: impl fmt::Display, cause: impl fmt::Display) -> Self {
        Error::new(format!("{tried}: {cause}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.remedy {
            Some(remedy) => remedy.lines().try_for_each(|line| write!(f, "\n  hint: {line}")),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
