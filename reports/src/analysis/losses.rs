//! What there is no change of, or one of fewer sessions than there are files. It is said, as a change that is not looked at must
//! not look like one that is none.

use super::diff::{definitions, targets};
use super::evidence::Figures;
use crate::model::{Diff, Message, Results, Scope};
use std::collections::BTreeMap;

/// What the runs of the old results gave and those of the new ones do not: a figure of the table, or as many good runs. Looks
/// at memory are left out: a busy host is reason enough for one that gives no figure.
pub(super) fn gone(old: &[&Results], new: &[&Results]) -> Vec<Message> {
    let mut gone = Vec::new();
    let has =
        |side: &[&Results], target: &str, id: &str| side.iter().any(|results| results.metric_of(target, id).is_some());
    for target in targets(old) {
        let lost = definitions(old).into_iter().filter(|definition| {
            let id = &*definition.id;
            definition.scope == Scope::Run && has(old, target, id) && !has(new, target, id)
        });
        let lost: Vec<&str> = lost.map(|definition| &*definition.id).collect();
        if !lost.is_empty() {
            let message = Message::new(Diff::GONE).with("target", target);
            gone.push(message.with("metrics", lost.join(", ")));
        }
        // Failed runs, and the sessions that had runs to fail.
        let failed = |side: &[&Results]| -> (u32, usize) {
            let each = side.iter().filter_map(|results| results.summary_of(target));
            (each.clone().map(|summary| summary.failed).sum(), each.count())
        };
        let ((before, of_old), (after, of_new)) = (failed(old), failed(new));
        if after as usize * of_old > before as usize * of_new {
            let message = Message::new(Diff::MORE_FAILED).with("target", target);
            gone.push(message.with("old", before).with("new", after));
        }
    }
    gone
}

/// The figures that both sides have, but not all files of them, or not such that there is a factor.
pub(super) fn partial(found: &[Figures], old_files: usize, new_files: usize) -> Vec<Message> {
    let mut without_factor: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    // By target, note, and how many of how many files.
    let mut fewer: BTreeMap<(&str, &str, u32, usize), Vec<&str>> = BTreeMap::new();
    for figures in found {
        let (target, id) = (figures.target, &*figures.definition.id);
        let (old, new) = (&figures.old, &figures.new);
        if old.count() == 0 || new.count() == 0 {
            if old.present > 0 && new.present > 0 && (old.nonzero || new.nonzero) {
                without_factor.entry(target).or_default().push(id);
            }
            continue;
        }
        for (note, side, files) in [(Diff::FEWER_OLD, old, old_files), (Diff::FEWER_NEW, new, new_files)] {
            if (side.count() as usize) < files {
                fewer.entry((target, note, side.count(), files)).or_default().push(id);
            }
        }
    }
    let fewer = fewer.into_iter().map(|((target, note, used, files), metrics)| {
        let message = Message::new(note).with("target", target);
        let message = message.with("used", used).with("files", files as u32);
        message.with("metrics", metrics.join(", "))
    });
    let without_factor = without_factor.into_iter().map(|(target, metrics)| {
        let message = Message::new(Diff::NO_FACTOR).with("target", target);
        message.with("metrics", metrics.join(", "))
    });
    fewer.chain(without_factor).collect()
}
