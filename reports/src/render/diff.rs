//! What has changed between results files, in words: one line a change.

use super::messages::{Lang, Messages, clean};
use super::units;
use crate::analysis;
use crate::model::{Change, Definition, Diff, Message, Results, Unit, Verdict};
use unicode_width::UnicodeWidthStr;

/// The changes as lines of text in columns, then what else must be known, ending in a newline. `new` has the names and units
/// of the metrics.
pub fn text(diff: &Diff, new: &Results, lang: Lang) -> String {
    let messages = Messages::new(lang);
    let lines: Vec<[String; 6]> = diff.changes.iter().map(|change| line(change, new, &messages)).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].width()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    let mut page = String::new();
    for line in &lines {
        let mut text = String::new();
        for (column, (cell, width)) in line.iter().zip(widths).enumerate() {
            let padding = " ".repeat(width - cell.width());
            // Names from the left, figures from the right.
            let (before, after) = if (2..5).contains(&column) {
                (&*padding, "")
            } else {
                ("", &*padding)
            };
            text.push_str(&format!("{before}{cell}{after}  "));
        }
        page.push_str(text.trim_end());
        page.push('\n');
    }
    if lines.is_empty() {
        page.push_str(&messages.get("diff-nothing"));
        page.push('\n');
    }
    if diff.tests > 1 {
        page.push_str(&messages.with("diff-corrected", &[("tests", diff.tests.into())]));
        page.push('\n');
    }
    for note in &diff.notes {
        page.push_str(&messages.say("differs", note));
        page.push('\n');
    }
    super::view::plain(&page)
}

fn line(change: &Change, new: &Results, messages: &Messages) -> [String; 6] {
    let definition = new.definition(&change.metric);
    let unit = definition.map_or(Unit::Count, |definition| definition.unit.clone());
    let name = definition.map_or_else(|| clean(&change.metric), |definition| name(definition, messages));
    let figures = format!(
        "{} → {}",
        units::format(change.old, &unit),
        units::format(change.new, &unit)
    );
    let interval = change.interval.map_or_else(String::new, |interval| {
        let (low, high) = (units::percent(interval.low - 1.0), units::percent(interval.high - 1.0));
        messages.with("diff-interval", &[("low", low.into()), ("high", high.into())])
    });
    let verdict = match (change.regression, change.verdict) {
        (true, _) => "diff-regression",
        (_, Verdict::Better) => "diff-better",
        (_, Verdict::Worse) => "diff-worse",
        (_, Verdict::Changed) => "diff-changed",
        (_, Verdict::NoDifference) => "diff-no-difference",
        (_, Verdict::TooFew) => "diff-too-few",
    };
    [
        messages.name("target", &change.target),
        name,
        figures,
        units::percent(change.ratio - 1.0),
        interval,
        messages.get(verdict),
    ]
}

fn name(definition: &Definition, messages: &Messages) -> String {
    messages
        .metric(&definition.id, &[])
        .map_or_else(|| clean(&definition.id), |(name, _)| name)
}

/// Why results cannot be compared, one reason a line; nothing where they can.
pub fn conditions(old: &Results, new: &Results, lang: Lang) -> Vec<String> {
    let messages = Messages::new(lang);
    let found: Vec<Message> = analysis::conditions::differences(old, new);
    found.iter().map(|message| messages.say("differs", message)).collect()
}
