//! `isolab run --explain`: the steps of a start, as a table on stderr.

use super::output;
use crate::target::Step;
use std::fmt::Write;

/// Widest call that is not shortened.
const CALL: usize = 44;

/// Shows the steps in the order of their beginnings.
pub fn show(steps: &[Step]) {
    let mut text = String::from("   at µs  cost µs  by       step\n");
    for step in steps {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:8.1} {:8.1}  {:8} {}{}",
            micros(step.began_ns),
            micros(step.cost_ns),
            step.by,
            step.name,
            call(&step.call)
        );
        if !step.purpose.is_empty() {
            let _ = writeln!(text, "{:28}{}", "", step.purpose);
        }
    }
    output::text(&text);
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
