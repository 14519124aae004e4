//! What the rows of a table or chart are compared with: the first target, or, of two versions of a program, version A on the same
//! target.

use super::messages::Messages;
use crate::model::{Results, Version};

/// What the figures of a metric are compared with, by its name; `None` where nothing is compared.
pub(crate) fn name(results: &Results, id: &str, kind: &str, messages: &Messages) -> Option<String> {
    let compared = results.comparisons.iter().find(|each| each.metric == *id)?;
    Some(match results.against {
        Some(_) => Version::A.to_string(),
        None => messages.name(kind, &compared.against),
    })
}

/// Whether another row is compared with this one.
pub(crate) fn is(results: &Results, id: &str, row: &str) -> bool {
    let mut compared = results.comparisons.iter().filter(|each| each.metric == *id);
    compared.any(|each| each.against == row)
}
