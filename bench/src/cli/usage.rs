//! What is wrong with a command line, in the reader's language. English is the parser's own; in other languages its errors are
//! put together from what they are about.

use crate::error::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use reports::model::Message;
use reports::{Lang, render};
use std::error::Error as _;

/// The language that a command line asks for, wherever it does, even where it is wrong.
pub fn language(arguments: impl Iterator<Item = String>) -> Lang {
    let arguments: Vec<String> = arguments.take_while(|word| word != "--").collect();
    let asked = arguments
        .iter()
        .enumerate()
        .find_map(|(index, word)| match word.strip_prefix("--lang") {
            Some("") => arguments.get(index + 1).map(String::as_str),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        });
    asked.and_then(|tag| tag.parse().ok()).unwrap_or_default()
}

/// The parser's error in a language; `None` where it is no error, or English.
pub fn explain(error: &clap::Error, lang: Lang) -> Option<String> {
    if lang == Lang::En || !error.use_stderr() {
        return None;
    }
    let id = match error.kind() {
        ErrorKind::UnknownArgument => "usage-unknown-argument",
        ErrorKind::InvalidSubcommand => "usage-unknown-command",
        ErrorKind::MissingRequiredArgument => "usage-missing",
        ErrorKind::ArgumentConflict => "usage-conflict",
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "usage-no-command",
        ErrorKind::InvalidValue if value(error, ContextKind::InvalidValue).is_empty() => "usage-no-value",
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => "usage-value",
        _ => "usage-other",
    };
    let about = [ContextKind::InvalidArg, ContextKind::InvalidSubcommand].map(|kind| value(error, kind));
    let what = Message::new(id)
        .with("argument", about.concat())
        .with("value", value(error, ContextKind::InvalidValue))
        .with("prior", value(error, ContextKind::PriorArg));
    let known = [
        ContextKind::ValidValue,
        ContextKind::ValidSubcommand,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedValue,
    ];
    let known = known.map(|kind| value(error, kind));
    let known: Vec<&str> = known
        .iter()
        .map(String::as_str)
        .filter(|text| !text.is_empty())
        .collect();
    let mut failed = match error.source() {
        Some(source) => because(what, source),
        None => Error::new(what),
    };
    if !known.is_empty() {
        failed = failed.remedy(Message::new("do-known-commands").with("names", known.join(", ")));
    }
    let usage = value(error, ContextKind::Usage);
    let usage = match usage.trim_start_matches("Usage:").trim() {
        "" => Message::new("usage-help"),
        usage => Message::new("usage").with("usage", usage),
    };
    Some(format!("{}\n{}", failed.text(lang), render::reason(&usage, lang)))
}

/// The error with what a value's own parser says.
fn because(what: Message, said: &(dyn std::error::Error + 'static)) -> Error {
    let text = said.to_string();
    match (said.downcast_ref::<Error>(), text.split_once(" is not in ")) {
        (Some(own), _) => own.clone().about(what),
        // The parser's own check of a range.
        (None, Some((_, range))) => Error::from_cause(what, Message::new("out-of-range").with("range", range)),
        (None, None) => Error::from_cause(what, text),
    }
}

fn value(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        Some(ContextValue::StyledStr(text)) => text.to_string(),
        Some(ContextValue::StyledStrs(texts)) => texts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        _ => String::new(),
    }
}
