//! What came out, as one sentence.

use super::messages::Messages;
use super::{diff, units};
use crate::analysis::headline::{self, Clause, Finding};
use crate::model::{Change, Results};

/// A sentence of more targets is none; the others are in the table.
const MOST: usize = 3;

/// `A container takes 2.6× as long to start as a process, a micro-VM 12.4×.` `None` where nothing has started.
pub(crate) fn sentence(results: &Results, messages: &Messages) -> Option<String> {
    if results.against.is_some() {
        return versions(results, messages);
    }
    let found = headline::headline(results)?;
    if found.others.is_empty() {
        let ready = units::milliseconds(found.ready_ms);
        let target = messages.name("noun", &found.baseline);
        let arguments = [("target", target.into()), ("ready", ready.into())];
        return Some(capital(&messages.with("headline-alone", &arguments)));
    }
    Some(compared("ready", &found.baseline, &found.others, messages))
}

/// `Version B against A: process +4.9 % (worse), container +0.3 % (no difference).` `None` where they were not compared.
fn versions(results: &Results, messages: &Messages) -> Option<String> {
    let changes = results.diff.iter().flat_map(|diff| &diff.changes);
    let clause = |change: &Change| {
        let arguments = [
            ("target", messages.name("target", &change.target).into()),
            ("change", units::percent(change.ratio - 1.0).into()),
            ("verdict", diff::verdict(change, messages).into()),
        ];
        messages.with("headline-versions-clause", &arguments)
    };
    let clauses: Vec<String> = changes
        .filter(|change| change.metric == *"ready_ms")
        .map(clause)
        .collect();
    let list = clauses.join(&messages.get("headline-between"));
    (!clauses.is_empty()).then(|| messages.with("headline-versions", &[("list", list.into())]))
}

/// The same of another metric; `None` where no target is compared with another, or the language has no sentence for it.
pub(crate) fn of_metric(results: &Results, id: &str, messages: &Messages) -> Option<String> {
    if results.against.is_some() {
        return None;
    }
    let kind = match id {
        "memory_bytes" | "uss_bytes" => "memory",
        "image_bytes" => "image",
        "ops_per_s" => "speed",
        _ => return None,
    };
    let baseline = &results.comparisons.iter().find(|each| each.metric == *id)?.against;
    let others = headline::clauses(results, id);
    Some(compared(kind, baseline, &others, messages))
}

fn compared(kind: &str, baseline: &str, others: &[Clause], messages: &Messages) -> String {
    let noun = |name: &str| messages.name("noun", name);
    let clause = |(index, clause): (usize, &Clause)| {
        let place = if index == 0 { "first" } else { "next" };
        let finding = match clause.finding {
            Finding::Different => "different",
            Finding::NoDifference => "no-difference",
            Finding::TooFew => "too-few",
        };
        let arguments = [
            ("target", noun(&clause.target).into()),
            ("baseline", noun(baseline).into()),
            ("ratio", units::times(clause.ratio).into()),
            ("percent", units::times(clause.ratio * 100.0).into()),
        ];
        messages.with(&format!("headline-{kind}-{finding}-{place}"), &arguments)
    };
    let clauses: Vec<String> = others.iter().take(MOST).enumerate().map(clause).collect();
    let list = clauses.join(&messages.get("headline-between"));
    let arguments = [("list", list.into()), ("baseline", noun(baseline).into())];
    capital(&messages.with(&format!("headline-{kind}"), &arguments))
}

/// With a capital letter, where the script has them.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
