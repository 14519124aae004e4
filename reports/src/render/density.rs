//! How many instances were held at once, what they took and why there were not more: a sentence, and a table for a terminal.

use super::lines::{self, Column};
use super::messages::{Lang, Messages};
use super::scale::Scale;
use super::units;
use crate::analysis::density::{Held, SLOW, can_tell, held};
use crate::model::{Density, Message, Results, Target, Unit};

/// What stands where there is no figure.
const NONE: &str = "–";

/// `Held at once: process 1,000 in 124 MiB, …` `None` where nothing was held.
pub(crate) fn sentence(results: &Results, messages: &Messages) -> Option<String> {
    let clause = |(density, held): (&Density, Held)| {
        let arguments = [
            ("target", messages.name("target", &density.target).into()),
            ("count", count(held.instances).into()),
            ("memory", units::bytes(held.used_bytes).into()),
        ];
        messages.with("density-clause", &arguments)
    };
    let clauses: Vec<String> = all(results).map(clause).collect();
    let list = clauses.join(&messages.get("headline-between"));
    (!clauses.is_empty()).then(|| messages.with("density-sentence", &[("list", list.into())]))
}

/// The targets whose instances were held, with what these come to.
pub(crate) fn all(results: &Results) -> impl Iterator<Item = (&Density, Held)> {
    results
        .density
        .iter()
        .filter_map(|density| Some((density, held(density)?)))
}

/// From which instance on starts were slow, target by target, or of which targets none stayed so. Empty where there were too few
/// instances to tell.
pub(crate) fn slowness(results: &Results, messages: &Messages) -> String {
    let name = |density: &Density| messages.name("target", &density.target);
    let clause = |(density, held): (&Density, Held)| {
        let arguments = [
            ("target", name(density).into()),
            ("count", count(held.slow_from?).into()),
        ];
        Some(messages.with("density-slow-clause", &arguments))
    };
    let slow: Vec<String> = all(results).filter_map(clause).collect();
    let looked_at = all(results).filter(|(density, _)| can_tell(&density.start_ms));
    let (id, clauses) = match slow.is_empty() {
        true => (
            "density-not-slow",
            looked_at.map(|(density, _)| name(density)).collect(),
        ),
        false => ("density-slow", slow),
    };
    if clauses.is_empty() {
        return String::new();
    }
    let list = clauses.join(&messages.get("headline-between"));
    messages.with(id, &[("times", units::number(SLOW).into()), ("list", list.into())])
}

/// The sentence, a line for each target, and why no more were started; in a language, ending in a newline.
pub fn text(results: &Results, lang: Lang) -> String {
    let messages = Messages::new(lang);
    let rows: Vec<(&Density, Held)> = all(results).collect();
    let memory = Scale::new(
        &Unit::Bytes,
        rows.iter().filter_map(|(density, _)| density.memory_bytes),
    );
    let starts = rows.iter().flat_map(|(_, held)| [held.first_ms, held.last_ms]);
    let start = Scale::new(&Unit::Milliseconds, starts);
    let column = |title: &str, scale: Option<&Scale>, cell: &dyn Fn(&Density, &Held) -> String| {
        let arguments = scale.map(|scale| ("unit", scale.unit.clone().into()));
        Column {
            title: messages.with(&format!("density-column-{title}"), arguments.as_slice()),
            cells: rows.iter().map(|(density, held)| cell(density, held)).collect(),
            left: title == "target",
            rank: 0,
        }
    };
    let columns = [
        column("target", None, &|density, _| messages.name("target", &density.target)),
        column("instances", None, &|_, held| count(held.instances)),
        column("used", None, &|_, held| units::bytes(held.used_bytes)),
        column("each", Some(&memory), &|density, _| {
            density
                .memory_bytes
                .map_or_else(|| NONE.into(), |bytes| memory.format(bytes))
        }),
        column("first", Some(&start), &|_, held| start.format(held.first_ms)),
        column("last", Some(&start), &|_, held| start.format(held.last_ms)),
        column("slow", None, &|_, held| {
            held.slow_from.map_or_else(|| NONE.into(), count)
        }),
    ];
    let mut page: Vec<String> = Vec::new();
    if let Some(sentence) = sentence(results, &messages) {
        page.extend([sentence, String::new()]);
        page.extend(lines::lines(&columns));
        page.push(String::new());
    }
    page.extend(ends(results, &messages));
    let none = |target: &Target| Some(end(&target.name, target.unavailable.as_ref()?, &messages));
    page.extend(results.targets.iter().filter_map(none));
    super::view::plain(&page.join("\n")) + "\n"
}

/// Why there were not more of each target whose instances were held.
pub(crate) fn ends(results: &Results, messages: &Messages) -> Vec<String> {
    let line = |(density, _): (&Density, Held)| end(&density.target, &density.ended, messages);
    all(results).map(line).collect()
}

fn end(target: &str, why: &Message, messages: &Messages) -> String {
    let arguments = [
        ("target", messages.name("target", target).into()),
        ("why", messages.say("reason", why).into()),
    ];
    messages.with("density-end", &arguments)
}

fn count(number: usize) -> String {
    Scale::new(&Unit::Count, [].into_iter()).format(number as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results() -> Results {
        let mut results =
            Results::from_json(include_str!("../../tests/fixtures/three.json")).expect("the fixture is a results file");
        let density = |target: &str, instances: usize, each: f64| Density {
            target: target.into(),
            used_bytes: (1..=instances).map(|count| each * count as f64).collect(),
            start_ms: (0..instances)
                .map(|count| if 2 * count < instances { 1.0 } else { 4.0 })
                .collect(),
            memory_bytes: Some(each),
            ended: Message::new("density-count").with("count", instances),
        };
        results.density = vec![
            density("process", 1000, 131_072.0),
            density("microvm", 200, 1_048_576.0),
        ];
        results.targets.push(Target {
            name: "other".into(),
            unavailable: Some("it is not here".into()),
            ..Target::default()
        });
        results
    }

    #[test]
    fn each_target_has_its_count_memory_starts_and_where_they_become_slow() {
        let text = text(&results(), Lang::En);
        let line = |start: &str| {
            let found = text
                .lines()
                .rfind(|line| line.starts_with(start) && !line.contains(':'));
            found
                .unwrap_or_else(|| panic!("{text}"))
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(line("process"), "process 1,000 125 MiB 128 1.00 4.00 501");
        assert_eq!(line("micro-VM"), "micro-VM 200 200 MiB 1,024 1.00 4.00 101");
        assert!(
            text.starts_with("Held at once: process 1,000 in 125 MiB, micro-VM 200 in 200 MiB."),
            "{text}"
        );
        assert!(text.contains("other: it is not here"), "{text}");
    }

    #[test]
    fn where_starts_become_slow_is_said_and_that_they_do_not() {
        let mut results = results();
        let messages = Messages::new(Lang::En);
        let found = slowness(&results, &messages);
        assert_eq!(
            found,
            "Starts take more than 1.50× as long as the first ones: process from 501 on, micro-VM from 101 on."
        );
        results
            .density
            .iter_mut()
            .for_each(|density| density.start_ms.fill(1.0));
        assert_eq!(
            slowness(&results, &messages),
            "From no number on do starts stay more than 1.50× as long as the first ones: process, micro-VM."
        );
        // Of so few nothing was looked at.
        results.density[0].start_ms.truncate(12);
        results.density[0].used_bytes.truncate(12);
        assert!(slowness(&results, &messages).ends_with("ones: micro-VM."));
        results.density.pop();
        assert_eq!(slowness(&results, &messages), "");
    }

    #[test]
    fn a_file_without_held_instances_has_no_sentence_of_them() {
        let mut results = results();
        results.density.clear();
        assert_eq!(sentence(&results, &Messages::new(Lang::Ko)), None);
    }
}
