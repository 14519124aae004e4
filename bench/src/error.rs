//! What isolab says when it cannot do something: what was tried and why it failed, and what to do about it.

use reports::finding::Finding;
use reports::model::Message;
use reports::{Lang, render};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A failure with its remedy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Error {
    /// What was tried and what the answer was.
    pub message: String,
    /// What the user can do; several lines are several ways.
    pub remedy: Option<String>,
    /// The exit status that `isolab run` gives for it, as `docker run` does: 125 isolab failed, 126 the program cannot
    /// be executed, 127 it is not there.
    pub run_status: u8,
    /// The same as `message` and `remedy`, for a results file, which is read in any language; where there is such a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) told: Option<Box<Message>>,
}

impl Error {
    /// A failure that explains itself.
    pub fn new(message: impl Into<String>) -> Self {
        Error {
            message: message.into(),
            remedy: None,
            run_status: 125,
            told: None,
        }
    }

    /// A failure whose text stands in the message files of `reports`, as `reason-ID`.
    pub fn said(why: Message) -> Self {
        Error {
            told: Some(Box::new(why.clone())),
            ..Error::new(render::reason(&why, Lang::En))
        }
    }

    /// The same failure, with what to do about it, of which the text stands there, too.
    pub fn advice(self, what: Message) -> Self {
        let told = self.told.map(|why| Box::new(why.with_advice(what.clone())));
        let more = render::reason(&what, Lang::En);
        Error {
            remedy: Some(
                self.remedy
                    .map_or_else(|| more.clone(), |first| format!("{first}\n{more}")),
            ),
            told,
            ..self
        }
    }

    /// What `isolab doctor` finds, as a failure.
    pub fn found(finding: &Finding) -> Self {
        finding.advice().fold(Error::said(finding.reason()), Error::advice)
    }

    /// Whether its text stands in the message files.
    pub fn is_told(&self) -> bool {
        self.told.is_some()
    }

    /// Why, for a results file.
    pub fn reason(&self) -> Message {
        let plain = || match &self.remedy {
            Some(remedy) => format!("{}. {remedy}", self.message.trim_end_matches('.')),
            None => self.message.clone(),
        };
        self.told.as_deref().cloned().unwrap_or_else(|| Message::plain(plain()))
    }

    /// The same failure, with what to do about it.
    pub fn remedy(self, remedy: impl Into<String>) -> Self {
        let remedy = remedy.into();
        let told = self.told.map(|why| Box::new(why.with_advice(Message::plain(&remedy))));
        Error {
            remedy: Some(remedy),
            told,
            ..self
        }
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
