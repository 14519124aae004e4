//! What must hold for the values of a suite file.

use crate::error::Error;
use crate::files::source::Source;
use crate::targets::registry::TargetKind;
use crate::units;
use reports::model::Message;
use std::ops::Range;
use toml::Spanned;

impl Source<'_> {
    /// An included file's error, with the place that includes it.
    pub fn within(&self, at: Range<usize>, error: Error) -> Error {
        let place = self.error(at, Message::new("included-here"));
        error.behind(place.lines())
    }

    /// The error that says `otherwise`, pointing at the value, unless it is as it must be.
    pub fn require<T>(&self, value: &Spanned<T>, otherwise: Message, holds: impl Fn(&T) -> bool) -> Result<(), Error> {
        if holds(value.get_ref()) {
            Ok(())
        } else {
            Err(self.error(value.span(), otherwise))
        }
    }

    /// A list of targets by their names.
    pub fn targets(&self, names: &Spanned<Vec<Spanned<String>>>) -> Result<Spanned<Vec<TargetKind>>, Error> {
        let find = |name: &Spanned<String>| {
            TargetKind::find(name.get_ref()).map_err(|error| self.error(name.span(), error.why().clone()))
        };
        let targets = names.get_ref().iter().map(find).collect::<Result<_, _>>()?;
        let targets: Spanned<Vec<TargetKind>> = Spanned::new(names.span(), targets);
        self.require(&targets, Message::new("case-targets"), |targets| {
            !targets.is_empty() && (1..targets.len()).all(|n| !targets[..n].contains(&targets[n]))
        })?;
        Ok(targets)
    }

    /// A list of sizes, where there is one.
    pub fn sizes(&self, written: Option<&Spanned<Vec<String>>>) -> Result<Option<Vec<u64>>, Error> {
        let Some(written) = written else { return Ok(None) };
        let at = written.span();
        if written.get_ref().is_empty() {
            return Err(self.error(at, Message::new("case-sizes")));
        }
        let size = |text: &String| units::size(text).map_err(|error| self.error(at.clone(), error.why().clone()));
        written.get_ref().iter().map(size).collect::<Result<_, _>>().map(Some)
    }
}
