//! Everything that shows results: the terminal table ([`terminal`]), charts ([`chart`]), and whole reports ([`report`]), in
//! the reader's language.

pub mod chart;
mod csv;
mod density;
mod diff;
mod environment;
mod errors;
pub mod finding;
mod headline;
mod html;
pub mod inspection;
mod json;
#[cfg(test)]
mod language;
mod lines;
mod markdown;
mod messages;
mod method;
mod notes;
mod performance;
mod primitives;
mod reference;
pub mod report;
mod scale;
mod table;
pub mod terminal;
mod units;
mod view;

pub use density::text as density;
pub use diff::{conditions, disagreements, text as diff};
pub use messages::{Lang, UnknownLang};

use crate::model::Message;
use messages::Messages;

/// What a reason says, in a language.
pub fn reason(message: &Message, lang: Lang) -> String {
    Messages::new(lang).say("reason", message)
}

/// What a warning says, in a language.
pub fn warning(message: &Message, lang: Lang) -> String {
    Messages::new(lang).say("warning", message)
}
