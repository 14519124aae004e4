//! What has changed between results files, in words: one line a change.

use super::lines::{self, Column};
use super::messages::{Lang, Messages};
use super::units;
use crate::analysis;
use crate::model::{Change, Diff, Message, Results, Unit, Verdict};

/// The changes, one a line, then what else must be known, ending in a newline. The new files have the units of the metrics.
pub fn text(diff: &Diff, new: &[&Results], lang: Lang) -> String {
    let messages = Messages::new(lang);
    let cells: Vec<[String; 6]> = diff
        .changes
        .iter()
        .map(|change| cells(change, new, &messages))
        .collect();
    let titles = [
        "column-target",
        "details-metric",
        "diff-figures",
        "diff-change",
        "diff-interval",
        "diff-verdict",
    ];
    let column = |(index, title): (usize, &str)| Column {
        title: messages.get(title),
        cells: cells.iter().map(|row| row[index].clone()).collect(),
        // Names from the left, figures from the right.
        left: !(2..5).contains(&index),
        rank: 0,
    };
    let columns: Vec<Column> = titles.into_iter().enumerate().map(column).collect();
    let mut page = match cells.is_empty() {
        true => vec![messages.get("diff-nothing")],
        false => lines::lines(&columns),
    };
    if diff.tests > 1 {
        page.push(messages.with("diff-corrected", &[("tests", diff.tests.into())]));
    }
    page.extend(diff.notes.iter().map(|note| messages.say("differs", note)));
    super::view::plain(&page.join("\n")) + "\n"
}

fn cells(change: &Change, new: &[&Results], messages: &Messages) -> [String; 6] {
    let definition = new.iter().find_map(|results| results.definition(&change.metric));
    let unit = definition.map_or(Unit::Count, |definition| definition.unit.clone());
    [
        messages.name("target", &change.target),
        messages.metric_name(&change.metric),
        format!(
            "{} → {}",
            units::format(change.old, &unit),
            units::format(change.new, &unit)
        ),
        units::percent(change.ratio - 1.0),
        interval(change, messages),
        verdict(change, messages),
    ]
}

/// The interval of a change; empty where there is none.
pub(crate) fn interval(change: &Change, messages: &Messages) -> String {
    change.interval.map_or_else(String::new, |interval| {
        let (low, high) = (units::percent(interval.low - 1.0), units::percent(interval.high - 1.0));
        messages.with("diff-ends", &[("low", low.into()), ("high", high.into())])
    })
}

/// What a change means.
pub(crate) fn verdict(change: &Change, messages: &Messages) -> String {
    messages.get(match (change.regression, change.verdict) {
        (true, _) => "diff-regression",
        (_, Verdict::Better) => "diff-better",
        (_, Verdict::Worse) => "diff-worse",
        (_, Verdict::Changed) => "diff-changed",
        (_, Verdict::NoDifference) => "diff-no-difference",
        (_, Verdict::TooFew) => "diff-too-few",
    })
}

/// Why results cannot be compared, one reason each; nothing where they can. Each old file is looked at with each new one, as a
/// file may lack a target that others have.
pub fn conditions(old: &[&Results], new: &[&Results], lang: Lang) -> Vec<String> {
    let mut pairs = old.iter().flat_map(|old| new.iter().map(move |new| (*old, *new)));
    let found = pairs.find_map(|(old, new)| {
        let found = analysis::conditions::differences(old, new);
        (!found.is_empty()).then_some(found)
    });
    told(&found.unwrap_or_default(), lang)
}

/// Why results are not measurements of the same thing, one reason each; nothing where they are.
pub fn disagreements(side: &[&Results], lang: Lang) -> Vec<String> {
    told(&analysis::conditions::disagreements(side), lang)
}

fn told(found: &[Message], lang: Lang) -> Vec<String> {
    let messages = Messages::new(lang);
    found.iter().map(|message| messages.say("differs", message)).collect()
}
