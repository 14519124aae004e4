//! The text of a suite file, to point at the places in it that are wrong.

use crate::error::Error;
use crate::targets::registry::TargetKind;
use crate::units;
use std::ops::Range;
use toml::Spanned;

/// A file's text, to point at places in it.
pub(super) struct Source<'a> {
    /// As it is named in errors.
    pub name: String,
    /// All of it.
    pub text: &'a str,
}

impl Source<'_> {
    /// What is wrong at a place: file, line and column, and the line itself with the place marked.
    pub fn error(&self, at: Range<usize>, what: &str) -> Error {
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
        Error::new(format!(
            "{}:{number}:{column}: {}\n    {line}\n    {mark}",
            self.name,
            what.trim_end()
        ))
    }

    /// An included file's error, with the place that includes it.
    pub fn within(&self, at: Range<usize>, error: Error) -> Error {
        let place = self.error(at, "included here");
        Error {
            message: format!("{}\n{}", error.message, place.message),
            ..error
        }
    }

    /// The error that says `otherwise`, pointing at the value, unless it is as it must be.
    pub fn require<T>(&self, value: &Spanned<T>, otherwise: &str, holds: impl Fn(&T) -> bool) -> Result<(), Error> {
        if holds(value.get_ref()) {
            Ok(())
        } else {
            Err(self.error(value.span(), otherwise))
        }
    }

    /// A list of targets by their names.
    pub fn targets(&self, names: &Spanned<Vec<Spanned<String>>>) -> Result<Spanned<Vec<TargetKind>>, Error> {
        let find = |name: &Spanned<String>| {
            TargetKind::find(name.get_ref()).map_err(|error| self.error(name.span(), &error.message))
        };
        let targets = names.get_ref().iter().map(find).collect::<Result<_, _>>()?;
        let targets: Spanned<Vec<TargetKind>> = Spanned::new(names.span(), targets);
        self.require(&targets, "a case has each target once, and at least one", |targets| {
            !targets.is_empty() && (1..targets.len()).all(|n| !targets[..n].contains(&targets[n]))
        })?;
        Ok(targets)
    }

    /// A list of sizes, where there is one.
    pub fn sizes(&self, written: Option<&Spanned<Vec<String>>>) -> Result<Option<Vec<u64>>, Error> {
        let Some(written) = written else { return Ok(None) };
        let at = written.span();
        if written.get_ref().is_empty() {
            return Err(self.error(at, "there must be at least one size"));
        }
        let size = |text: &String| units::size(text).map_err(|why| self.error(at.clone(), &format!("{text:?}: {why}")));
        written.get_ref().iter().map(size).collect::<Result<_, _>>().map(Some)
    }
}
