//! `isolab run --explain`: how an instance was started, as tables on stderr.

use super::output;
use crate::targets::{End, GuestCounts, MachineStory, Step};
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
    if let Some(counts) = &story.counts {
        write_counts(text, counts)?;
    }
    if !story.kvm.is_empty() {
        writeln!(text, "\n      KVM's own count of the processor")?;
        for (name, figure) in &story.kvm {
            writeln!(text, "{figure:8}  {name}")?;
        }
    }
    writeln!(text, "\nthe kernel's command line: {}", story.command_line)
}

/// What the program cost the guest kernel. The calls that entered it come first.
fn write_counts(text: &mut String, counts: &GuestCounts) -> std::fmt::Result {
    writeln!(text, "\n   count  what the program cost the guest kernel")?;
    for (count, what) in [
        (counts.page_faults, "page faults that gave it memory"),
        (counts.pages, "pages given by them"),
        (
            counts.cpuids,
            "CPUID instructions, each an exit to the hypervisor; counting slows them down",
        ),
        (counts.table_switches, "changes of the top-level page table"),
    ] {
        writeln!(text, "{count:8}  {what}")?;
    }
    writeln!(text, "\n  ring 0  ring 3  not entered  system call")?;
    let mut calls: Vec<_> = counts.calls.iter().collect();
    calls.sort_by_key(|call| std::cmp::Reverse((call.in_ring_0, call.in_ring_3, call.not_entered)));
    for call in calls {
        // The guest counts so far in all (`microvm/abi.rs`).
        let all = call.in_ring_0 + call.in_ring_3 + call.not_entered;
        let more = if all == u32::from(u16::MAX) { "≥" } else { "" };
        let not_entered = format!("{more}{}", call.not_entered);
        writeln!(
            text,
            "{:8} {:7} {not_entered:>12}  {}",
            call.in_ring_0, call.in_ring_3, call.name
        )?;
    }
    Ok(())
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
