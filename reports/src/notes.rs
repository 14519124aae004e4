//! What a reader must know beside the figures: targets that could not run, warnings, what the KVM here is.

use crate::comparison;
use crate::messages::{Messages, clean};
use crate::model::{KvmKind, Name, Results};
use std::collections::{BTreeMap, BTreeSet};

/// How much a note weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// The figures are not what they seem, or a target is missing.
    Warning,
    /// Good to know.
    Remark,
}

/// One note.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Note {
    pub weight: Weight,
    pub text: String,
}

pub(crate) fn notes(results: &Results, messages: &Messages) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut warn = |text: String| {
        notes.push(Note {
            weight: Weight::Warning,
            text,
        })
    };
    for target in &results.targets {
        if let Some(reason) = &target.unavailable {
            let arguments = [("target", clean(&target.name).into()), ("reason", clean(reason).into())];
            warn(messages.with("note-unavailable", &arguments));
        }
    }
    for summary in results.summary.iter().filter(|summary| summary.failed > 0) {
        let reason = results.samples.of(&summary.target).find_map(|sample| sample.error);
        let reason = reason.as_deref().unwrap_or("–");
        let target = clean(&summary.target);
        warn(messages.with(
            "note-failed",
            &[
                ("target", target.into()),
                ("failed", summary.failed.into()),
                ("reason", clean(reason).into()),
            ],
        ));
    }
    if results.samples.is_empty() {
        warn(messages.get("note-no-samples"));
    }
    let programs: BTreeSet<&str> = results
        .targets
        .iter()
        .map(|t| t.workload_sha256.as_str())
        .filter(|sha| !sha.is_empty())
        .collect();
    if programs.len() > 1 {
        warn(messages.get("note-other-program"));
    }
    let checksums = comparison::checksums(results.samples.iter());
    if checksums.len() > 1 {
        let list: Vec<String> = checksums.iter().map(|checksum| clean(checksum)).collect();
        warn(messages.with("note-checksums", &[("list", list.join(", ").into())]));
    }
    for warning in &results.warnings {
        warn(clean(&warning.text));
    }
    for missing in missing_memory(results) {
        let text = missing.text(messages);
        notes.push(Note {
            weight: Weight::Remark,
            text,
        });
    }
    notes.push(Note {
        weight: Weight::Remark,
        text: messages.get(kvm(results.host.kvm_kind)),
    });
    notes
}

/// Views of a target's memory that could not be had, for one reason.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Missing {
    pub target: String,
    /// Names of the results file's fields.
    pub fields: BTreeSet<String>,
    pub reason: String,
}

impl Missing {
    pub(crate) fn text(&self, messages: &Messages) -> String {
        let names: Vec<String> = self.fields.iter().map(|field| messages.name("field", field)).collect();
        let arguments = [
            ("target", clean(&self.target).into()),
            ("field", names.join(", ").into()),
            ("reason", self.reason.clone().into()),
        ];
        messages.with("note-missing", &arguments)
    }
}

/// Every missing view of memory, in the order of the targets.
pub(crate) fn missing_views(results: &Results) -> Vec<Missing> {
    let mut found: BTreeMap<(Name, String), BTreeSet<String>> = BTreeMap::new();
    for sample in &results.samples {
        let views = sample.memory.into_iter().flat_map(|memory| memory.missing);
        let counts = sample.counters.into_iter().flat_map(|counters| counters.missing);
        for (field, reason) in views.chain(counts) {
            found.entry((sample.target.clone(), reason)).or_default().insert(field);
        }
    }
    let missing = |((target, reason), fields): ((Name, String), BTreeSet<String>)| Missing {
        target: target.into(),
        fields,
        reason: clean(&reason),
    };
    let mut all: Vec<Missing> = found.into_iter().map(missing).collect();
    all.sort_by_key(|missing| results.targets.iter().position(|target| target.name == missing.target));
    all
}

/// The missing views that the table has a place for.
fn missing_memory(results: &Results) -> Vec<Missing> {
    let shown = [
        "one_more",
        "uss_bytes",
        "guest_ram_bytes",
        "monitor_bytes",
        "runtime_bytes",
    ];
    let mut missing = missing_views(results);
    missing
        .iter_mut()
        .for_each(|missing| missing.fields.retain(|field| shown.contains(&field.as_str())));
    missing.retain(|missing| !missing.fields.is_empty());
    missing
}

/// The message that says what a kind of KVM means for the figures.
pub(crate) fn kvm(kind: KvmKind) -> &'static str {
    match kind {
        KvmKind::Hardware => "kvm-hardware",
        KvmKind::EmulatedKernelMode => "kvm-emulated-kernel-mode",
        KvmKind::None => "kvm-none",
    }
}
