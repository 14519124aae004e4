//! What came out, as one sentence.

use super::messages::Messages;
use super::units;
use crate::analysis::headline::{Clause, Finding, headline};
use crate::model::Results;

/// A sentence of more targets is none; the others are in the table.
const MOST: usize = 3;

/// `A container takes 2.6× as long to start as a process, a micro-VM 12.4×.` `None` where nothing has started.
pub(crate) fn sentence(results: &Results, messages: &Messages) -> Option<String> {
    let found = headline(results)?;
    let noun = |name: &str| messages.name("noun", name);
    let baseline = noun(&found.baseline);
    if found.others.is_empty() {
        let ready = units::milliseconds(found.ready_ms);
        let arguments = [("target", baseline.into()), ("ready", ready.into())];
        return Some(capital(&messages.with("headline-alone", &arguments)));
    }
    let clause = |(index, clause): (usize, &Clause)| {
        let place = if index == 0 { "first" } else { "next" };
        let finding = match clause.finding {
            Finding::Different => "different",
            Finding::NoDifference => "no-difference",
            Finding::TooFew => "too-few",
        };
        let arguments = [
            ("target", noun(&clause.target).into()),
            ("baseline", baseline.clone().into()),
            ("ratio", units::times(clause.ratio).into()),
        ];
        messages.with(&format!("headline-{finding}-{place}"), &arguments)
    };
    let clauses: Vec<String> = found.others.iter().take(MOST).enumerate().map(clause).collect();
    let list = clauses.join(&messages.get("headline-between"));
    let arguments = [("list", list.into()), ("baseline", baseline.into())];
    Some(capital(&messages.with("headline", &arguments)))
}

/// With a capital letter, where the script has them.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
