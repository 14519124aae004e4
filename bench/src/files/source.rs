//! The text of a file that people write, to point at the places in it that are wrong.

use crate::error::Error;
use reports::model::Message;
use std::ops::Range;

/// A file's text, to point at places in it.
pub struct Source<'a> {
    /// As it is named in errors.
    pub name: String,
    /// All of it.
    pub text: &'a str,
}

impl Source<'_> {
    /// What is wrong at a place: file, line and column, and the line itself with the place marked.
    pub fn error(&self, at: Range<usize>, what: impl Into<Message>) -> Error {
        let start = (0..=at.start.min(self.text.len()))
            .rev()
            .find(|at| self.text.is_char_boundary(*at))
            .unwrap_or(0);
        let before = &self.text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = self.text[line_start..].lines().next().unwrap_or_default();
        let (number, column) = (
            before.matches('\n').count() + 1,
            before[line_start..].chars().count() + 1,
        );
        let mark = format!("{:>column$}", "^");
        let place = format!("{}:{number}:{column}", self.name);
        let problem = Message::new("at").with("place", place).with("what", what.into());
        Error::new(problem).behind([format!("    {line}"), format!("    {mark}")].map(Message::plain))
    }
}
