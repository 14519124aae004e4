//! Something that is to be said to a reader in their language: a warning, a reason.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is to be said, as the name of a text in the message files and what is to be filled in. In a results file it may
/// also be a plain string, as in files of older versions: then it is shown as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Written", into = "Written")]
#[schemars(with = "Written")]
pub struct Message {
    /// A stable name, kebab-case; empty where there is only a text.
    pub id: String,
    /// What is filled in.
    pub args: BTreeMap<String, Argument>,
    /// The English text of what has no text in the message files, or comes from an older version.
    pub text: Option<String>,
}

/// What is filled in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Argument {
    /// A number.
    Number(f64),
    /// A name, a path, what a program said.
    Text(String),
    /// Another thing to be said: the reason of a warning.
    Message(Message),
}

/// A message as a file may hold it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Written {
    /// A text alone.
    Text(String),
    /// A message.
    Message {
        /// A stable name, kebab-case; empty where there is only a text.
        #[serde(default)]
        id: String,
        /// What is filled in.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        args: BTreeMap<String, Argument>,
        /// The English text of what has no text in the message files, or comes from an older version.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
}

impl From<Written> for Message {
    fn from(written: Written) -> Self {
        match written {
            Written::Text(text) => Message::plain(text),
            Written::Message { id, args, text } => Message { id, args, text },
        }
    }
}

impl From<Message> for Written {
    fn from(message: Message) -> Self {
        let Message { id, args, text } = message;
        match text {
            Some(text) if id.is_empty() && args.is_empty() => Written::Text(text),
            text => Written::Message { id, args, text },
        }
    }
}

impl Message {
    /// The message of this name, nothing filled in.
    pub fn new(id: &str) -> Message {
        Message {
            id: id.into(),
            ..Message::default()
        }
    }

    /// With this filled in.
    pub fn with(mut self, name: &str, argument: impl Into<Argument>) -> Message {
        self.args.insert(name.into(), argument.into());
        self
    }

    /// The same, and what a program said about it on stderr, where it said something.
    pub fn with_said(self, said: &str) -> Message {
        match said.trim() {
            "" => self,
            said => Message::new("said").with("why", self).with("said", said),
        }
    }

    /// The same, and what to do about it.
    pub fn with_advice(self, advice: Message) -> Message {
        Message::new("advice").with("why", self).with("what", advice)
    }

    /// A text that is no message file's: what a kernel or a program said.
    pub fn plain(text: impl Into<String>) -> Message {
        Message {
            text: Some(text.into()),
            ..Message::default()
        }
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Message::plain(text)
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Message::plain(text)
    }
}

impl From<f64> for Argument {
    fn from(number: f64) -> Self {
        Argument::Number(number)
    }
}

impl From<u32> for Argument {
    fn from(number: u32) -> Self {
        Argument::Number(number.into())
    }
}

impl From<usize> for Argument {
    fn from(number: usize) -> Self {
        Argument::Number(number as f64)
    }
}

impl From<&str> for Argument {
    fn from(text: &str) -> Self {
        Argument::Text(text.into())
    }
}

impl From<String> for Argument {
    fn from(text: String) -> Self {
        Argument::Text(text)
    }
}

impl From<Message> for Argument {
    /// A message that is only a text is that text.
    fn from(message: Message) -> Self {
        match message {
            Message {
                id,
                args,
                text: Some(text),
            } if id.is_empty() && args.is_empty() => Argument::Text(text),
            message => Argument::Message(message),
        }
    }
}
