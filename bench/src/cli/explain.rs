//! `isolab run --explain`: how an instance was started, as tables on stderr.

use super::output;
use crate::targets::{End, MachineStory, Step};
use std::fmt::Write;

/// Widest call that is not shortened.
const CALL: usize = 44;

/// Shows the steps in the order of their beginnings, and what a virtual machine tells besides.
pub fn show(end: &End) {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_steps(&mut text, &end.steps);
    if let Some(story) = &end.machine {
        let _ = write_story(&mut text, story);
    }
    output::text(&text);
}

fn write_steps(text: &mut String, steps: &[Step]) -> std::fmt::Result {
    writeln!(text, "   at µs  cost µs  by       step")?;
    for step in steps {
        writeln!(
            text,
            "{:8.1} {:8.1}  {:8} {}{}",
            micros(step.began_ns),
            micros(step.cost_ns),
            step.by,
            step.name,
            call(&step.call)
        )?;
        if !step.purpose.is_empty() {
            writeln!(text, "{:28}{}", "", step.purpose)?;
        }
    }
    Ok(())
}

fn write_story(text: &mut String, story: &MachineStory) -> std::fmt::Result {
    writeln!(
        text,
        "\n   exits  in guest µs  in monitor µs  why the processor came out"
    )?;
    let mut exits: Vec<_> = story.exits.iter().collect();
    exits.sort_by_key(|exit| std::cmp::Reverse(exit.guest_ns + exit.monitor_ns));
    for exit in &exits {
        writeln!(
            text,
            "{:8} {:12.1} {:14.1}  {}",
            exit.count,
            micros(exit.guest_ns),
            micros(exit.monitor_ns),
            exit.reason
        )?;
    }
    let sum = |of: fn(&crate::targets::VmExits) -> u64| exits.iter().map(|exit| of(exit)).sum::<u64>();
    writeln!(
        text,
        "{:8} {:12.1} {:14.1}  in all",
        sum(|exit| exit.count),
        micros(sum(|exit| exit.guest_ns)),
        micros(sum(|exit| exit.monitor_ns))
    )?;
    writeln!(text, "\nthe kernel's command line: {}", story.command_line)
}

fn micros(ns: u64) -> f64 {
    ns as f64 / 1e3
}

fn call(call: &str) -> String {
    match call.chars().count() {
        0 => String::new(),
        1..=CALL => format!(": {call}"),
        _ => format!(": {}…", call.chars().take(CALL).collect::<String>()),
    }
}
