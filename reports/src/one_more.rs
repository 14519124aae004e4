//! The table's column for the memory that one more instance takes of the host.

use crate::comparison::Cell;
use crate::messages::Messages;
use crate::model::{OneMore, Results, Target};
use crate::units;

/// Whether it was looked for at all; files of before have the unique set size instead.
pub(crate) fn is_known(results: &Results) -> bool {
    let memories = results.samples.iter().filter_map(|sample| sample.memory);
    memories
        .into_iter()
        .any(|memory| memory.one_more.is_some() || memory.missing.contains_key("one_more"))
}

/// The figure, and below it its parts.
pub(crate) fn cell(results: &Results, target: &Target, messages: &Messages) -> Cell {
    let found = results
        .samples
        .good(&target.name)
        .find_map(|sample| sample.memory?.one_more);
    let Some(one_more) = found else {
        return Cell::none();
    };
    let parts: Vec<String> = parts(&one_more)
        .into_iter()
        .filter(|(_, bytes)| *bytes > 0)
        .map(|(id, bytes)| messages.with(id, &[("size", units::bytes(bytes as f64).into())]))
        .collect();
    let bytes = one_more.bytes as f64;
    Cell::new(units::bytes(bytes), parts.join(" + "), bytes)
}

fn parts(one_more: &OneMore) -> [(&'static str, u64); 5] {
    [
        ("cell-program", one_more.program_bytes),
        ("cell-guest-ram", one_more.guest_ram_bytes),
        ("cell-monitor", one_more.monitor_bytes),
        ("cell-runtime", one_more.runtime_bytes),
        ("cell-kernel", one_more.kernel_bytes),
    ]
}
